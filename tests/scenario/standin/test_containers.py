"""What belongs to which API."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from eiload.base.errors import ScenarioError
from eiload.scenario import build
from eiload.scenario.standin import StandIn

WRONG = [
    ({"handler": True}, "handler: expected only with api: container or sagemaker"),
    ({"api": "container", "throttle": 3}, "throttle: expected only with api: sagemaker"),
    ({"api": "tfs", "keep_alive": "3 s"}, "keep_alive: expected only with api: tf-rest or"),
    ({"api": "tf-rest", "container": "pytorch"}, "container: expected only with api: container"),
    ({"api": "sagemaker", "max_threads": 3}, "max_threads: expected only with api: tfs or ei"),
    (
        {"api": "container", "container": "pytorch", "encoded": True},
        "encoded: expected only without container: pytorch",
    ),
    ({"torchscript": "x"}, "container: expected only with api: container or sagemaker"),
    ({"api": "container", "inference": "x"}, "inference: expected only with torchscript"),
    (
        {"api": "container", "torchscript": "x", "compute": "5 ms"},
        "compute: emulation, not to be had with torchscript",
    ),
    ({"api": "sagemaker", "weight": -1}, "greater than or equal to 0"),
]


@pytest.mark.parametrize(("given", "said"), WRONG, ids=[row[1][:30] for row in WRONG])
def test_what_is_another_apis_is_refused(given: dict[str, object], said: str) -> None:
    """By the name that it has in a file."""
    with pytest.raises(ValidationError) as raised:
        StandIn.of(**given)
    assert said in str(raised.value)


def test_a_profiles_api_is_only_where_none_is_said() -> None:
    """An accelerator of EI's behind an endpoint."""
    assert StandIn.of(profile="eia2.medium").words == "ei"
    endpoint = StandIn.of(profile="eia2.medium", api="sagemaker")
    assert (endpoint.api, endpoint.words, endpoint.attach) == ("sagemaker", "tfs", "network")


def test_connections_are_kept_as_long_as_there() -> None:
    """By nginx for three seconds; elsewhere for ever, unless it is said."""
    assert StandIn.of(api="container").idle_ns == 3_000_000_000
    assert StandIn.of(api="container", container="pytorch").idle_ns is None
    assert StandIn.of(api="sagemaker").idle_ns is None
    assert StandIn.of(api="tf-rest", keep_alive="50 ms").idle_ns == 50_000_000


def test_it_travels_as_json() -> None:
    """All of it, to the server's process."""
    whole = StandIn.of(
        api="sagemaker", container="pytorch", throttle=3, weight=2.5, keep_alive="1 s"
    )
    assert StandIn.model_validate_json(whole.model_dump_json()) == whole


def target(api: str, stand_in: object) -> StandIn:
    """Return the stand-in of a target that is asked by an API."""
    own = {"endpoint": "ssd", "region": "eu-west-1"} if api == "sagemaker" else {"model": "ssd"}
    scenario = build(
        {
            "name": "x",
            "targets": {"a": {"api": api, "stand_in": stand_in, **own}},
            "payload": {"synthetic": "8x8"},
            "traffic": [{"phase": "x", "rate": "1/s", "for": "1 s"}],
        },
        "test",
        Path(),
    )
    found = scenario.targets["a"].stand_in
    assert found is not None
    return found


def test_a_stand_in_is_what_its_target_is_asked_by() -> None:
    """So that it need not be said twice, and its settings are looked at by that."""
    assert target("container", {"container": "pytorch"}).api == "container"
    assert target("sagemaker", {"throttle": 5, "profile": "eia2.medium"}).api == "sagemaker"
    assert target("tf-rest", "eia2.medium").api == "tf-rest"
    assert target("grpc", "eia2.medium").api == "ei"
    with pytest.raises(ScenarioError, match="throttle: expected only with api: sagemaker"):
        target("container", {"throttle": 5})


def test_a_stand_in_of_another_api_is_a_slip() -> None:
    """Nobody could ask it."""
    for api, other in (("container", "tfs"), ("sagemaker", "container")):
        with pytest.raises(ScenarioError, match=f"`api: {other}` is not asked by `api: {api}`"):
            target(api, {"api": other})
