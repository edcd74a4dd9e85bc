"""sagemaker: what an endpoint is asked, and what its refusals mean: one line each, no load."""

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from eiload.base.errors import ScenarioError, TargetError
from eiload.scenario import Target
from eiload.scenario.standin import StandIn
from eiload.server.launch import ACCESS_KEY, SECRET_KEY, TOKEN
from eiload.serving.apis.api import Question
from eiload.serving.apis.choice import api_of
from eiload.serving.apis.sagemaker import signer_of
from eiload.serving.endpoint import endpoint_of
from eiload.serving.expectations import Expectations
from eiload.serving.sagemaker.credentials import STAND_IN
from eiload.serving.trial import FirstInference, first_inference
from tests.serving.apis.servers import Asked, Said, asking, saying
from tests.serving.sagemaker.sigv4 import verified
from tests.stand_in import WarmStandIn

KEY, SECRET, SESSION = "AKIDOFTHETEST", "secret/of+the=test", "token/of+the=test"
ENDPOINT = {"api": "sagemaker", "endpoint": "ssd", "region": "eu-west-1"}
PICTURE = api_of(Target.model_validate({**ENDPOINT, "stand_in": "p2.xlarge"})).request(
    {"inputs": np.zeros((1, 8, 8, 3), np.uint8)}
)


@pytest.fixture(autouse=True)
def _ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have credentials."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_SESSION_TOKEN", SESSION)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """Serve an endpoint of two variants that verifies signatures; return its address."""
    settings = StandIn.of(api="sagemaker", profile="p2.xlarge", compute="1 ms")
    variants = ("--variant", "blue", "--variant", "green: {weight: 0}")
    arguments = ("--endpoint", "ssd", "--region", "eu-west-1", *variants)
    environ = {ACCESS_KEY: KEY, SECRET_KEY: SECRET, TOKEN: SESSION}
    with WarmStandIn(settings, "ssd", arguments=arguments, environ=environ) as process:
        yield process.address


def first(address: str, request: bytes = PICTURE, **said: Any) -> FirstInference:
    """Return the first inference of a target at an address, as preflight makes it."""
    with asking(address, **{**ENDPOINT, **said}) as questions:
        described = questions.check(lambda _line: None)
        assert described.versions == ()
        return first_inference(questions, request, Expectations(None), described)


def test_a_signed_request_is_answered(endpoint: str) -> None:
    """Detections come back, by the variant that was asked for."""
    for variant in (None, "green"):
        found = first(endpoint, variant=variant)
        assert found.problem is None
        assert "detection_boxes" in found.outputs
        assert found.stand_in.startswith("emulated")


@pytest.mark.parametrize(
    ("said", "environ", "problem"),
    [
        ({"endpoint": "nobody"}, {}, r"there is no endpoint 'nobody' in eu-west-1; correct `endpo"),
        ({"variant": "red"}, {}, r"has no variant 'red'; correct `variant:`"),
        ({"region": "eu-west-2"}, {}, "not accepted; check key, secret and `region:`"),
        ({"content_type": "image/gif"}, {}, "does not take image/gif; correct `content_type:`"),
        ({}, {"AWS_SECRET_ACCESS_KEY": "another"}, "the AWS credentials are not accepted"),
        ({}, {"AWS_SESSION_TOKEN": "another"}, "the AWS credentials are not accepted"),
    ],
)
def test_what_the_service_refuses(
    endpoint: str,
    monkeypatch: pytest.MonkeyPatch,
    said: dict[str, Any],
    environ: dict[str, str],
    problem: str,
) -> None:
    """Names, regions, types, keys: a line each, with what to correct and no secret in it."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(TargetError, match=problem) as raised:
        first(endpoint, **said)
    line = str(raised.value)
    assert line.startswith(f"target 'rest' at {endpoint}: ")
    assert "\n" not in line
    assert not [each for each in (KEY, SECRET, SESSION) if each in line]
    assert raised.value.exit_status == 4


def refusing(code: int, name: str, words: str) -> str:
    """Return what is said of an endpoint that refuses everything so."""

    def answers(_asked: Asked) -> Said:
        return Said(code, b'{"message": "%b"}' % words.encode(), error=name)

    with saying(answers) as address, pytest.raises(TargetError) as raised:
        first(address)
    return str(raised.value)


def test_a_clock_that_is_wrong() -> None:
    """It says what it is here, and that it has to be set."""
    words = "Signature expired: 20260101T000000Z is now earlier than 20260101T000600Z"
    line = refusing(403, "InvalidSignatureException", words)
    assert "this machine's clock says 20" in line
    assert "set it (NTP)" in line


def test_an_endpoint_that_cannot_answer_now() -> None:
    """What it says itself, and not that something listens there."""
    line = refusing(503, "ServiceUnavailable", "try later")
    assert "endpoint 'ssd' in eu-west-1 is not available" in line
    assert "throttles already" in refusing(400, "ThrottlingException", "Rate exceeded")


def test_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is asked then."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/does/not/exist")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/does/not/exist")
    target = Target.model_validate({**ENDPOINT})
    with pytest.raises(TargetError, match="no AWS credentials in the environment"):
        signer_of(target)
    mine = signer_of(target.model_copy(update={"stand_in": StandIn.of(profile="p2.xlarge")}))
    assert mine is not None  # a run's own stand-in needs nobody's


def test_a_region_that_there_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its host has no address; of another server it is the server that is wrong."""
    api = api_of(Target.model_validate(ENDPOINT))
    assert "`server:`" in api.diagnose("nowhere.invalid:443", 10**10).remedy
    monkeypatch.setattr("eiload.serving.apis.sagemaker.host_of", lambda _region: "nowhere.invalid")
    finding = api.diagnose("nowhere.invalid:443", 10**10)
    assert finding.remedy == "correct `region:`, or check the DNS of this machine"


def test_six_mebibytes_are_told_before_the_load() -> None:
    """As a mistake of the payload."""
    api = api_of(Target.model_validate({**ENDPOINT, "content_type": "image/jpeg"}))
    picture = np.array([b"x" * 6_291_457], object)
    with pytest.raises(ScenarioError, match="over InvokeEndpoint's limit of 6,291,456 bytes"):
        api.request({"inputs": picture})
    assert len(api.request({"inputs": np.array([picture[0][1:]], object)})) == 6_291_456


def test_what_is_signed_is_what_is_sent() -> None:
    """Host, type, variant and the user's own fields; of a stand-in by nobody's key."""
    metadata = {"x-amzn-sagemaker-custom-attributes": "tfs-model-name=ssd"}
    target = Target.model_validate(
        {**ENDPOINT, "variant": "blue", "stand_in": "p2.xlarge", "metadata": metadata}
    )
    where = endpoint_of(target, "127.0.0.1:1")
    assert where.authority == "runtime.sagemaker.eu-west-1.amazonaws.com"
    assert where.answered_by == "x-amzn-invoked-production-variant"
    own = api_of(target).own_fields(Question(where.method, b"body")).decode()
    fields = dict(line.split(": ", 1) for line in own.split("\r\n") if line)
    sent = {"Host": where.authority, **dict(where.headers), **metadata, **fields}
    secrets = {STAND_IN.access_key: STAND_IN.secret_key}
    assert verified("POST", where.method, sent, b"body", secrets) == STAND_IN.access_key
    assert dict(where.headers)["X-Amzn-SageMaker-Target-Variant"] == "blue"
    signer = signer_of(target)
    assert signer is not None
    assert hashlib.sha256(b"body").hexdigest() not in repr(signer)
    assert signer_of(Target.model_validate({"server": "h", "model": "m"})) is None


@pytest.mark.parametrize(
    ("said", "authority"),
    [
        ({}, "runtime.sagemaker.eu-west-1.amazonaws.com"),
        ({"server": "https://vpce-1.example.com"}, "vpce-1.example.com"),
        ({"server": "http://127.0.0.1:8080"}, "127.0.0.1:8080"),
        ({"server": "http://h"}, "h"),
        ({"server": "http://h", "authority": "other"}, "other"),
    ],
)
def test_the_host_that_is_signed(said: dict[str, Any], authority: str) -> None:
    """Without the port that everybody knows."""
    assert endpoint_of(Target.model_validate({**ENDPOINT, **said})).authority == authority
