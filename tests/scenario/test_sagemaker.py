"""sagemaker: an endpoint's words, what follows from them, and what does not go together."""

import json
from typing import Any

import pytest

from eiload.scenario import Target
from tests.scenario.test_http import made as target_of
from tests.scenario.test_http import wrong as problems_of

ENDPOINT = {"api": "sagemaker", "endpoint": "ssd-1", "region": "eu-west-1"}


def made(**said: Any) -> Target:
    """Return an endpoint, which has to be right."""
    return target_of(**{**ENDPOINT, "model": None, **said})


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("eu-west-1", "runtime.sagemaker.eu-west-1.amazonaws.com"),
        ("us-gov-west-1", "runtime.sagemaker.us-gov-west-1.amazonaws.com"),
        ("cn-north-1", "runtime.sagemaker.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_where_it_is_follows_from_the_region(region: str, host: str) -> None:
    """Over TLS; the model is called as the endpoint."""
    target = made(region=region, variant="blue")
    assert target.server == f"{host}:443"
    assert target.tls is not None
    assert (target.model, target.variant) == ("ssd-1", "blue")
    written = json.loads(target.model_dump_json(by_alias=True, exclude_none=True))
    assert target_of(**written) == target


def test_another_server_may_stand_there() -> None:
    """A VPC endpoint, or what stands in for the service."""
    plain = made(server="http://127.0.0.1:8080", model="ssd")
    assert (plain.server, plain.tls, plain.model) == ("127.0.0.1:8080", None, "ssd")
    assert made(server="https://vpce-1.example.com").tls is not None
    assert made(stand_in="eia2.medium").server is None


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"endpoint": None}, "no endpoint; expected 'endpoint: NAME'"),
        ({"region": None}, "no region; expected such as 'region: eu-west-1'"),
        ({"region": "Ireland"}, "region: not a region, got 'Ireland'; expected such as"),
        ({"endpoint": "a/b"}, "endpoint: not a name of SageMaker's, got 'a/b'"),
        ({"variant": "-"}, "variant: not a name of SageMaker's"),
        ({"version": 2}, "version: an endpoint has variants, and no versions"),
        ({"metadata": {"x-amz-date": "1"}}, "'x-amz-date' is the signature's"),
        ({"metadata": {"authorization": "1"}}, "'authorization' is the signature's"),
        ({"client": "grpcio"}, "client: HTTP/1.1 has none"),
    ],
)
def test_what_an_endpoint_lacks_or_cannot_have(said: dict[str, Any], problem: str) -> None:
    """One line for each, with what to do."""
    (line,) = problems_of(**{**ENDPOINT, **said})
    assert problem in line


@pytest.mark.parametrize("api", ["grpc", "tf-rest", "container"])
@pytest.mark.parametrize(
    ("said", "where"),
    [
        ({"endpoint": "ssd"}, "endpoint"),
        ({"region": "eu-west-1"}, "region"),
        ({"variant": "A"}, "variant"),
        ({"observe": {"cloudwatch": "3 min"}}, "observe.cloudwatch"),
    ],
)
def test_others_have_none_of_it(api: str, said: dict[str, Any], where: str) -> None:
    """It would be said in vain."""
    (line,) = problems_of(api=api, **said)
    assert line.endswith(f"{where}: expected only beside `api: sagemaker`")


def test_a_stand_in_has_no_account() -> None:
    """Amazon would be asked for it."""
    said = {"stand_in": "p2.xlarge", "server": None, "observe": {"cloudwatch": "1 min"}}
    (line,) = problems_of(**{**ENDPOINT, **said})
    assert "observe.cloudwatch: CloudWatch knows no stand-in" in line


def test_its_account_may_be_asked_for() -> None:
    """And how long it is waited for."""
    target = made(observe={"cloudwatch": "3 min"})
    assert target.observe is not None
    assert target.observe.cloudwatch_ns == 180_000_000_000
