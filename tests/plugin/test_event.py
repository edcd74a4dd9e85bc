"""event: what Locust is told of one request."""

from typing import Any

import pytest
from locust.event import EventHook

from eiload.base.status import Status
from eiload.plugin import event


def told(instants: event.Times, status: Status, detail: str = "") -> dict[str, Any]:
    """Return what a listener of Locust's own event hears of a request."""
    heard: dict[str, Any] = {}
    hook = EventHook()
    hook.add_listener(lambda **keywords: heard.update(keywords))
    event.fire(
        hook.fire, "gpu Predict", instants, 1000.0, status=status, detail=detail,
        response_bytes=7, response=None, context={"phase": "steady"},
    )  # fmt: skip
    return heard


def test_an_answer_is_told_in_locusts_units() -> None:
    """Response time in ms from the intended instant, the start in seconds since the epoch."""
    heard = told(event.Times(2_000_000_000, 2_001_000_000, 2_031_000_000), Status.OK)
    assert heard == {
        "request_type": "grpc", "name": "gpu Predict", "response_time": 31.0,
        "response_length": 7, "response": None, "exception": None, "start_time": 1002.0,
        "context": {"phase": "steady", "lag_ms": 1.0, "service_time_ms": 30.0},
    }  # fmt: skip


def test_a_failure_is_a_sentence() -> None:
    """Locust groups failures by the exception's text."""
    heard = told(event.Times(0, 1, 2), Status.UNAVAILABLE, "connection refused")
    assert isinstance(heard["exception"], event.RequestFailed)
    assert str(heard["exception"]) == "UNAVAILABLE: connection refused"
    assert str(event.failure(Status.UNAVAILABLE, "")) == "UNAVAILABLE"


@pytest.mark.parametrize(
    ("instants", "known"),
    [
        (event.Times(5, 0, 0), {}),
        (event.Times(5, 1_000_005, 0), {"lag_ms": 1.0}),
    ],
)
def test_what_is_not_known_is_left_out(instants: event.Times, known: dict[str, float]) -> None:
    """A request that was never sent has no lag, one without an end no service time."""
    heard = told(instants, Status.DROPPED)
    assert heard["context"] == {"phase": "steady", **known}
    assert heard["response_time"] is None
