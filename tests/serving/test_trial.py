"""The first Predict: timed, decoded and checked, of real servers over real sockets."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import grpc
import pytest

from eiload.base.clock import NS_PER_MS
from eiload.base.errors import TargetError
from eiload.scenario import Expect
from eiload.serving.expectations import Expectations
from eiload.serving.preflight import Preflight
from eiload.serving.tfserving import PREDICT
from eiload.serving.trial import first_inference
from tests.grpc_servers import Handler, closed_port, grpc_server
from tests.serving.model_server import REQUEST, ModelServer, preflight

Outcome = Callable[[Preflight], Any]


def first(handlers: Mapping[str, Handler], ask: Outcome, **settings: Any) -> Any:
    """Return what `ask` makes of a server with these handlers."""
    with grpc_server(handlers) as port, preflight(f"127.0.0.1:{port}", **settings) as asking:
        return ask(asking)


def test_first_inference() -> None:
    """The first inference is timed, and its answer decoded and checked."""

    def slow(data: bytes, context: grpc.ServicerContext) -> bytes:
        time.sleep(0.05)
        return ModelServer().predict(data, context)

    found = first(
        {PREDICT: slow},
        lambda asking: first_inference(asking, REQUEST, Expectations(Expect(labels=("dog",)))),
    )
    assert found.service_ns >= 50 * NS_PER_MS
    assert found.problem is None
    assert found.outputs["detection_classes"].tolist() == [[18]]


def test_row_16_bad_first_answer() -> None:
    """A bad answer is told, not raised: an expected label missing, or nothing in it."""
    expect = Expect(labels=("cat",))
    good = ModelServer().handlers(PREDICT)
    found = first(good, lambda asking: first_inference(asking, REQUEST, Expectations(expect)))
    assert found.problem == "expected 'cat' with a score of 0.5 or more, found dog 1.00"
    empty = {PREDICT: lambda data, context: b""}
    found = first(empty, lambda asking: first_inference(asking, REQUEST, Expectations(None)))
    assert found.problem == "the answer has no outputs"


def test_row_25_undecodable_first_answer() -> None:
    """An answer that cannot be decoded is a bad answer."""
    garbage = {PREDICT: lambda data, context: b"\xff"}
    found = first(garbage, lambda asking: first_inference(asking, REQUEST, Expectations(None)))
    assert found.problem == "1 bytes that are not a PredictResponse"
    assert found.outputs == {}


def test_row_19_first_inference_over_its_deadline() -> None:
    """A first inference that does not end in time names the deadline as the thing to change."""
    over = threading.Event()

    def slow(data: bytes, context: grpc.ServicerContext) -> bytes:
        over.wait(10)
        return b""

    def ask(asking: Preflight) -> str:
        with pytest.raises(TargetError) as caught:
            first_inference(asking, REQUEST, Expectations(None))
        over.set()
        return str(caught.value)

    text = first({PREDICT: slow}, ask, deadline="200 ms")
    assert "DEADLINE_EXCEEDED" in text
    assert text.endswith(
        "a first inference may load the model into the accelerator: raise `deadline:` (200 ms)"
    )


def test_refused_first_inference() -> None:
    """A server that has gone meanwhile is looked at like any other."""
    with (
        preflight(f"127.0.0.1:{closed_port()}") as asking,
        pytest.raises(TargetError, match="connection refused: nothing listens there"),
    ):
        first_inference(asking, REQUEST, Expectations(None))
