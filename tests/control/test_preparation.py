"""What is done before the load: requests and facts, on a real sender and a real server."""

from collections.abc import Iterator
from typing import Any

import grpc
import numpy as np
import pytest

from eiload.base.clock import NS_PER_MS, SystemClock
from eiload.base.errors import TargetError
from eiload.control.preparation import Prepared, RequestsOf, prepare
from eiload.scenario import Scenario
from eiload.sending.engine import Engine
from eiload.serving import payload
from eiload.serving.endpoint import endpoint_of
from eiload.serving.protos import predict_pb2
from eiload.serving.tensors import to_proto
from eiload.serving.tfserving import PREDICT
from tests.control.script import two_targets
from tests.grpc_servers import grpc_server

CLOCK = SystemClock()


def prepared(
    scenario: Scenario, *, first: bool = True, requests_of: RequestsOf | None = None
) -> Prepared:
    """Prepare with a sender of its own."""
    endpoints = [endpoint_of(target, None) for target in scenario.targets.values()]
    with Engine(endpoints, clock=CLOCK) as engine:
        return prepare(
            scenario,
            engine,
            clock=CLOCK,
            addresses={},
            progress=lambda _text: None,
            requests_of=requests_of,
            maker=str,
            first=first,
        )


def test_requests_are_kept_once(server: str) -> None:
    """Targets of one model share the bytes of each image; others have their own."""
    assert prepared(two_targets(server)).requests == {0: [0, 1, 2], 1: [0, 1, 2]}
    targets = {
        "a": {"server": server, "model": "ssd"},
        "b": {"server": server, "model": "ssd", "outputs": ["num_detections"]},
    }
    own = prepared(two_targets(server, targets=targets)).requests
    assert own == {0: [0, 2, 4], 1: [1, 3, 5]}


def test_the_digest_is_of_the_images(server: str) -> None:
    """Other images have another one; how many targets and workers there are is no matter."""
    one = prepared(two_targets(server)).digest
    assert prepared(two_targets(server), first=False).digest == one
    alone = {"a": {"server": server, "model": "ssd"}}
    assert prepared(two_targets(server, targets=alone)).digest == one
    other = {"synthetic": {"width": 8, "height": 8, "count": 2}}
    assert prepared(two_targets(server, payload=other)).digest != one


def test_one_worker_makes_the_first_inference(server: str) -> None:
    """The others leave it to the first."""
    facts = prepared(two_targets(server)).targets
    assert [each.name for each in facts] == ["a", "b"]
    for each in facts:
        assert each.first_inference_ns is not None
        assert each.first_inference_ns > 0
        assert each.emulated.startswith("emulated")  # the server says so, not the scenario
        assert (each.address, each.model) == (server, "ssd")
    others = prepared(two_targets(server), first=False).targets
    assert [each.first_inference_ns for each in others] == [None, None]


def test_a_bad_first_answer_is_noted(server: str) -> None:
    """It is no reason not to begin, but it is said."""
    expect = {"synthetic": "8x8", "expect": {"labels": ["dog", "cat", "bus"], "min_score": 1.0}}
    for each in prepared(two_targets(server, payload=expect)).targets:
        assert any("the first answer is bad: " in note for note in each.notes)


def test_users_requests(server: str) -> None:
    """In a run of Locust's users each target has the requests of its own users."""
    asked: list[str] = []

    def requests_of(scenario: Scenario, name: str) -> Iterator[Any]:
        asked.append(name)
        for _, tensor in list(payload.tensors(scenario.payload))[: len(asked)]:
            yield payload.made_of(scenario.targets[name], {scenario.targets[name].input: tensor})

    found = prepared(two_targets(server), requests_of=requests_of)
    assert asked == ["a", "b"]
    assert found.requests == {0: [0], 1: [1, 2]}


def test_a_target_that_cannot_be_used(server: str) -> None:
    """It is named."""
    targets = {
        "a": {"server": server, "model": "ssd"},
        "b": {"server": server, "model": "other"},
    }
    with pytest.raises(TargetError, match=r"^target 'b' at .*no model 'other'"):
        prepared(two_targets(server, targets=targets))


def test_first_inference_is_the_first_without_metadata() -> None:
    """A server that tells nothing of its models is asked one Predict, and that one is measured."""
    asked: list[int] = []  # one for each target

    def predict(_data: bytes, _context: grpc.ServicerContext) -> bytes:
        asked.append(len(asked))
        if len(asked) == 1:  # cold
            CLOCK.sleep_until(CLOCK.now_ns() + 1500 * NS_PER_MS)
        answer = predict_pb2.PredictResponse()
        answer.outputs["y"].CopyFrom(to_proto(np.array([1.0], np.float32)))
        data: bytes = answer.SerializeToString()
        return data

    with grpc_server({PREDICT: predict}) as port:
        facts = prepared(two_targets(f"127.0.0.1:{port}")).targets
    assert len(asked) == len(facts)
    first_ns = facts[0].first_inference_ns
    assert first_ns is not None
    assert first_ns >= 1500 * NS_PER_MS
