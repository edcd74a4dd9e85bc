"""An engine with its real sender, driven by a test; and what a test orders."""

import threading
from collections.abc import Callable
from typing import Any, Self

import grpc
import numpy as np
from numpy.typing import NDArray

from eiload.base.clock import NS_PER_MS, NS_PER_S, SystemClock
from eiload.sending.arrays import RESULT_DTYPE
from eiload.sending.endpoint import Endpoint
from eiload.sending.engine import Engine
from eiload.sending.result import SEND

PATIENCE_S = 60
CLOCK = SystemClock()

Serve = Callable[..., Endpoint]
Handler = Callable[[bytes, grpc.ServicerContext], bytes]


def echo(request: bytes, _context: grpc.ServicerContext) -> bytes:
    """Answer with the request."""
    return request


def failing(code: grpc.StatusCode, text: str) -> Any:
    """Return a handler that fails so."""

    def fail(_request: bytes, context: grpc.ServicerContext) -> bytes:
        context.abort(code, text)
        raise AssertionError

    return fail


class Driver:
    """An engine, and everything it says."""

    def __init__(self, *endpoints: Endpoint, **options: Any) -> None:
        self.batches: list[NDArray[np.void]] = []
        self.responses: list[bytes] = []
        self.done = threading.Event()
        self.died = threading.Event()
        self.stop_at_ns = 0
        self.cause = ""
        self.engine = Engine(
            endpoints,
            on_results=self.batches.append,
            on_response=self._response,
            on_done=self._done,
            on_death=self._death,
            **options,
        )

    def _response(self, result: NDArray[np.void], response: bytes) -> None:
        self.batches.append(result)
        self.responses.append(response)

    def _done(self, stop_at_ns: int) -> None:
        self.stop_at_ns = stop_at_ns
        self.done.set()

    def _death(self, cause: str) -> None:
        self.cause = cause
        self.died.set()

    def __enter__(self) -> Self:
        self.engine.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.engine.close()

    def results(self) -> NDArray[np.void]:
        """Return all results so far."""
        return np.concatenate([np.empty(0, RESULT_DTYPE), *self.batches])

    def play(self, sends: bytes, stop_at_ns: int, drain_ns: int = 10 * NS_PER_S) -> Any:
        """Send, drain and return all results."""
        self.engine.send(sends)
        self.engine.stop(stop_at_ns, drain_ns)
        assert self.done.wait(PATIENCE_S)
        return self.results()


def sends(
    count: int, start_ns: int, step_ns: int, *, payload: int = 0, target: int = 0, flags: int = 0
) -> bytes:
    """Return orders for `count` requests, `step_ns` apart."""
    return b"".join(
        SEND.pack(i, start_ns + i * step_ns, payload, target, 3, flags) for i in range(count)
    )


def loop_spec(**changes: Any) -> dict[str, Any]:
    """Return a closed loop of two users over one payload."""
    start_ns = CLOCK.now_ns() + 50 * NS_PER_MS
    return {
        "users": [0, 1], "total_users": 2, "think_ns": 5 * NS_PER_MS, "start_ns": start_ns,
        "end_ns": start_ns + 500 * NS_PER_MS, "target": 0, "targets": 1, "phase": 1,
        "payloads": [0], "sample": 0, **changes,
    }  # fmt: skip
