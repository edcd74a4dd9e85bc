"""The emulated model on a manual clock: what is released when, and that lateness adds nothing."""

import gc
import heapq
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from eiload.base.clock import NS_PER_MS, ManualClock
from eiload.base.status import Status
from eiload.scenario.standin import StandIn
from eiload.server.emulated import EmulatedModel, EmulatedRepository
from eiload.server.metrics import Metrics
from eiload.server.model import CheckedRequest, Input
from eiload.server.service import REMEMBERED, Served, Service
from eiload.serving.tfserving import decode_response
from tests.server.stand_ins import picture, request


class Calendar:
    """Releases for a manual clock: called when the test says that it is later."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.due: list[tuple[int, int, Callable[[], None]]] = []
        self._order = itertools.count()  # of those at one instant

    def at(self, instant_ns: int, callback: Callable[[], None]) -> None:
        """Call `callback` at `instant_ns`; at once if that is past."""
        if instant_ns <= self.clock.now_ns():
            callback()
        else:
            heapq.heappush(self.due, (instant_ns, next(self._order), callback))

    def go(self, to_ns: int) -> None:
        """Sleep until `to_ns`, then call all that has become due meanwhile."""
        self.clock.sleep_until(to_ns)
        while self.due and self.due[0][0] <= to_ns:
            heapq.heappop(self.due)[2]()


class Bench:
    """A service in front of an emulated model, on a manual clock."""

    def __init__(self, **settings: Any) -> None:
        self.clock = ManualClock(10**9)
        self.calendar = Calendar(self.clock)
        self.metrics = Metrics()
        releases: Any = self.calendar
        model = EmulatedModel(StandIn.of(**settings), releases, self.metrics, self.clock)
        self.service = Service(EmulatedRepository("ssd", model, {}), self.metrics)
        self.replies: list[Served] = []

    def arrive(self, at_ms: float, data: bytes | None = None) -> None:
        """Let a request arrive."""
        at_ns = 10**9 + int(at_ms * NS_PER_MS)
        self.calendar.go(at_ns)
        self.service.predict(data or request(), at_ns, None, self.replies.append)

    def until(self, at_ms: float) -> list[float]:
        """Go on to an instant; return the server's time of each reply so far, ms."""
        self.calendar.go(10**9 + int(at_ms * NS_PER_MS))
        return [reply.server_ns / NS_PER_MS for reply in self.replies]


def test_answers_are_released_at_their_instants() -> None:
    """Not before; each with the time that it was in the server."""
    bench = Bench(compute="10 ms")
    for at_ms in (0, 2, 30):
        bench.arrive(at_ms)
    assert bench.until(39.9) == [10, 18]
    assert bench.until(40) == [10, 18, 10]
    assert {reply.status for reply in bench.replies} == {Status.OK}


def test_a_refusal_takes_no_time_on_the_accelerator() -> None:
    """It is answered at once, and the next request does not wait for it."""
    bench = Bench(compute="10 ms")
    bench.arrive(0, request(picture()[0]))
    bench.arrive(0)
    assert bench.until(10) == [0, 10]
    assert [reply.status for reply in bench.replies] == [Status.INVALID_ARGUMENT, Status.OK]


def test_a_request_that_is_remembered_is_served_as_the_first_was() -> None:
    """Answered and counted each time, or refused each time; also after others in great number."""
    bench = Bench(compute="0 s", concurrency=1)
    good, bad = request(), request(picture()[0])
    others = [request(picture(seed=seed)) for seed in range(2, REMEMBERED + 3)]
    for data in (good, bad, good, bad, *others, good):
        bench.arrive(0, data)
    first, refused, second, again, *_, last = bench.replies
    assert first.response == second.response == last.response != b""
    assert (refused.status, refused.text) == (again.status, again.text)
    assert refused.status is Status.INVALID_ARGUMENT
    name = ":tensorflow:serving:request_count"
    served = len(bench.replies) - 2
    assert f'{name}{{model_name="ssd",status="OK"}} {served}\n' in bench.metrics.text()
    assert f'{name}{{model_name="ssd",status="INVALID_ARGUMENT"}} 2\n' in bench.metrics.text()


def test_images_of_a_batch_have_the_answers_that_they_have_alone() -> None:
    """In one request or in several."""
    bench = Bench(compute="1 ms")
    both = picture(count=2)
    for each in (both, both[:1], both[1:]):
        bench.arrive(0, request(each))
    bench.until(100)
    together, first, second = (decode_response(reply.response) for reply in bench.replies)
    for alias in together:
        np.testing.assert_array_equal(together[alias][0], first[alias][0])
        np.testing.assert_array_equal(together[alias][1], second[alias][0])


def test_batches_are_released_together() -> None:
    """The first runs alone; the two that wait for it are one run and end together."""
    bench = Bench(compute="10 ms", further_image=0.5, batching={"max_batch_size": 4})
    for at_ms in (0, 1, 2):
        bench.arrive(at_ms)
    assert bench.until(24.9) == [10]
    assert bench.until(25) == [10, 24, 23]
    text = bench.metrics.text()
    assert ":tensorflow:core:graph_runs{} 2\n" in text
    assert ":tensorflow:core:graph_run_time_usecs{} 25000\n" in text
    labels = '{model_name="ssd",API="Predict",runtime="TF1"}'
    # A batching session's run begins when the request joins the queue.
    assert f":tensorflow:serving:runtime_latency_sum{labels} 57000\n" in text


@pytest.mark.parametrize("batches", [1, 2000])
def test_being_late_does_not_add_up(batches: int) -> None:
    """A process that stood still for seconds has thousands of batches to catch up with."""
    bench = Bench(compute="1 ms", batching={"max_batch_size": 1, "max_enqueued_batches": 100_000})
    for _ in range(batches):
        bench.arrive(0)
    times = bench.until(60_000)
    assert times == [float(number) for number in range(1, batches + 1)]


def test_a_queue_of_batches_that_is_full_turns_away() -> None:
    """UNAVAILABLE, at once."""
    bench = Bench(compute="10 ms", batching={"max_batch_size": 1, "max_enqueued_batches": 1})
    for _ in range(3):
        bench.arrive(0)
    assert [(reply.status, reply.server_ns) for reply in bench.replies] == [(Status.UNAVAILABLE, 0)]
    assert bench.until(20) == [0, 10, 20]


def test_a_hanging_batch_is_never_answered() -> None:
    """Nor are the requests in it; the thread is free again for the next."""
    bench = Bench(compute="10 ms", hang="100 %", batching={})
    for at_ms in (0, 30):
        bench.arrive(at_ms)
    assert bench.until(1000) == []


def test_pixels_do_not_wait_with_their_requests() -> None:
    """What is kept of a request that waits is not its image."""

    def kept() -> int:
        gc.collect()
        return sum(isinstance(each, CheckedRequest | Input) for each in gc.get_objects())

    before = kept()
    bench = Bench(compute="1 h", concurrency=100)
    queued = Bench(compute="1 h", batching={"max_batch_size": 1})
    for _ in range(10):
        bench.arrive(0)
        queued.arrive(0)
    assert kept() == before
