"""InvokeEndpoint by AWS's own client, botocore, over real sockets."""

import asyncio
import functools
import json
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from eiload.base.clock import NS_PER_S, SystemClock
from eiload.server.backend import Shared
from eiload.server.http import endpoint as module
from eiload.server.http.endpoint import Endpoint, Variant
from eiload.server.http.exchange import Answer, Asked, Ended, Handler
from eiload.server.http.sigv4 import Keys
from tests.server.http.served import asked, posted, serving

KEYS = Keys("AKIDEXAMPLE", "secret", "token")

PATH = "/endpoints/ssd/invocations"

HELD: list[tuple[asyncio.AbstractEventLoop, Ended]] = []
"""Requests that a test will answer."""


def container(name: str) -> Handler:
    """Return a container that says what reached it, or does what its body says."""

    def answer(request: Asked, ended: Ended) -> None:
        if request.body == b"hang":
            return
        if request.body == b"hold":
            HELD.append((asyncio.get_running_loop(), ended))
            return
        if request.body.isdigit():
            ended(Answer(int(request.body), b"the container's words", server_ns=5))
            return
        seen = {**request.headers, "path": request.path, "by": name}
        ended(Answer(200, json.dumps(seen).encode(), server_ns=5))

    return answer


def variants() -> list[Variant]:
    """Return two, of which one takes no more than two requests at a time."""
    return [
        Variant("blue", container("blue"), weight=3.0, kind="emulated blue"),
        Variant("green", container("green"), throttle=2),
    ]


@contextmanager
def served(**settings: Any) -> Iterator[str]:
    """Serve an endpoint, by default with the right time."""

    async def make(_shared: Shared) -> Endpoint:
        return Endpoint("ssd", variants(), **{"wall_ns": SystemClock().wall_ns, **settings})

    with serving(make) as address:
        yield address


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Serve one that looks at signatures."""
    with served(keys=KEYS, region="us-east-1") as address:
        yield address


@functools.cache
def client(address: str, region: str = "us-east-1", secret: str = KEYS.secret_key) -> Any:
    """Return botocore's client for it."""
    pytest.importorskip("botocore", reason="no botocore: pip install 'eiload[aws]'")
    from botocore.config import Config
    from botocore.session import Session

    return Session().create_client(
        "sagemaker-runtime",
        region_name=region,
        endpoint_url=f"http://{address}",
        aws_access_key_id=KEYS.access_key,
        aws_secret_access_key=secret,
        aws_session_token=KEYS.token,
        config=Config(retries={"total_max_attempts": 1}, read_timeout=120),
    )


def failed(call: Any, **given: Any) -> tuple[str, dict[str, Any]]:
    """Return the code and the whole of the error that botocore raises."""
    from botocore.exceptions import ClientError

    with pytest.raises(ClientError) as raised:
        call(**{"EndpointName": "ssd", "Body": b"x"} | given)
    response: dict[str, Any] = dict(raised.value.response)
    return str(response["Error"]["Code"]), response


def test_it_is_answered_by_the_variant_that_was_asked_for(address: str) -> None:
    """Its name is told; only three headers reach the container."""
    answer = client(address).invoke_endpoint(
        EndpointName="ssd",
        Body=b"x" * 900_000,
        ContentType="application/x-npy",
        Accept="text/csv",
        TargetVariant="green",
        CustomAttributes="tfs-model-name=a",
        InferenceId="1",
    )
    assert answer["InvokedProductionVariant"] == "green"
    assert json.loads(answer["Body"].read()) == {
        "content-type": "application/x-npy",
        "accept": "text/csv",
        "x-amzn-sagemaker-custom-attributes": "tfs-model-name=a",
        "path": "/invocations",
        "by": "green",
    }
    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    assert headers["x-eiload-server-time-ns"] == "5"
    assert headers["x-eiload-stand-in"] == "emulated test"
    assert len(answer["ResponseMetadata"]["RequestId"]) == 36


def test_variants_answer_by_weight(address: str) -> None:
    """Three to one; each says by itself what it is from."""
    invoke = client(address).invoke_endpoint
    answers = [invoke(EndpointName="ssd", Body=b"x") for _ in range(40)]
    counts = Counter(each["InvokedProductionVariant"] for each in answers)
    assert counts["blue"] > counts["green"] > 0
    kinds = {
        (
            each["InvokedProductionVariant"],
            each["ResponseMetadata"]["HTTPHeaders"]["x-eiload-stand-in"],
        )
        for each in answers
    }
    assert kinds == {("blue", "emulated blue"), ("green", "emulated test")}


@pytest.mark.parametrize("status", [415, 500])
def test_what_a_container_says_badly_is_a_model_error(address: str, status: int) -> None:
    """With the status and the words that it had."""
    code, response = failed(
        client(address).invoke_endpoint, Body=str(status).encode(), TargetVariant="blue"
    )
    assert (code, response["ResponseMetadata"]["HTTPStatusCode"]) == ("ModelError", 424)
    assert response["OriginalStatusCode"] == status
    assert response["OriginalMessage"] == "the container's words"
    whose = "client" if status == 415 else "server"
    assert response["Message"].startswith(f"Received {whose} error ({status}) from blue with")
    assert response["ResponseMetadata"]["HTTPHeaders"]["x-eiload-stand-in"] == "emulated blue"


REFUSED = [
    ({"EndpointName": "other"}, "ValidationError", "Endpoint other of account 000000000000 not"),
    ({"TargetVariant": "red"}, "ValidationError", "Variant red not found for endpoint ssd"),
    ({"Body": bytes(6_291_457)}, "ValidationError", "length less than or equal to 6291456"),
]


@pytest.mark.parametrize(("given", "code", "said"), REFUSED, ids=[row[2][:20] for row in REFUSED])
def test_what_the_service_refuses_itself(
    address: str, given: dict[str, Any], code: str, said: str
) -> None:
    """With 400; no container hears of it."""
    told, response = failed(client(address).invoke_endpoint, **given)
    assert (told, response["ResponseMetadata"]["HTTPStatusCode"]) == (code, 400)
    assert said in response["Error"]["Message"]


def test_a_signature_is_looked_at(address: str) -> None:
    """Of another secret, another region, none at all: 403."""
    for other, code in (
        (client(address, secret="other"), "InvalidSignatureException"),
        (client(address, region="eu-west-1"), "InvalidSignatureException"),
    ):
        told, response = failed(other.invoke_endpoint)
        assert (told, response["ResponseMetadata"]["HTTPStatusCode"]) == (code, 403)
    answer, _ = posted(address, PATH, b"x")
    assert answer.status == 403
    assert answer.headers["x-amzn-ErrorType"] == "MissingAuthenticationTokenException"


def test_a_wrong_clock_takes_no_signature() -> None:
    """By more than five minutes, whoever's it is."""
    wall_ns = SystemClock().wall_ns
    with served(keys=KEYS, wall_ns=lambda: wall_ns() + 400 * NS_PER_S) as address:
        code, response = failed(client(address).invoke_endpoint)
    assert code == "InvalidSignatureException"
    assert response["Error"]["Message"].startswith("Signature expired: ")


def test_without_keys_no_signature_is_asked_for() -> None:
    """So curl will do."""
    with served() as address:
        answer, body = posted(address, PATH, b"x", X_Amzn_SageMaker_Target_Variant="blue")
        assert (answer.status, json.loads(body)["by"]) == (200, "blue")
        assert asked(address, "GET", "/ping")[0].status == 404


def test_more_at_a_time_than_a_variant_takes_is_throttled(address: str) -> None:
    """With 400 and this code, which botocore calls so; room is made when they end."""
    invoke = functools.partial(
        client(address).invoke_endpoint, EndpointName="ssd", TargetVariant="green"
    )
    HELD.clear()
    with ThreadPoolExecutor(2) as pool:
        first = [pool.submit(invoke, Body=b"hold") for _ in range(2)]
        until = time.monotonic() + 120
        while len(HELD) < 2:
            assert time.monotonic() < until
            time.sleep(0.01)
        code, response = failed(invoke)
        for loop, ended in HELD:
            loop.call_soon_threadsafe(ended, Answer(200))
        assert all(each.result()["InvokedProductionVariant"] == "green" for each in first)
    assert (code, response["Error"]["Message"]) == ("ThrottlingException", "Rate exceeded")
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 400
    invoke(Body=b"x")


def test_a_container_that_does_not_answer_is_not_waited_for() -> None:
    """Longer than it may take: then it is a ModelError of status 0."""
    with served(patience_s=0.05) as address:
        code, response = failed(client(address).invoke_endpoint, Body=b"hang")
    assert (code, response["OriginalStatusCode"]) == ("ModelError", 0)
    assert "Your invocation timed out" in response["Message"]
    assert module.PATIENCE_S == 60


def test_its_repr_tells_what_is_under_way() -> None:
    """By variant."""
    endpoint = Endpoint("ssd", variants(), wall_ns=SystemClock().wall_ns)
    assert repr(endpoint) == "<Endpoint 'ssd', under way: blue 0, green 0>"
