"""alarm: it rings once, never much too early, on the kernel's timer and on the loop's own."""

import asyncio
import ctypes
import sys
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import uvloop

from eiload.base import alarm
from eiload.base.alarm import alarm_of
from eiload.base.clock import NS_PER_MS, NS_PER_S, SystemClock

now_ns = SystemClock().now_ns
PATIENCE_S = 20.0
A_WHILE_S = 0.05
EARLY_NS = 50 * NS_PER_MS
"""The loop's timer comes a ms or two early, and more on a busy machine: it goes by a time that the
loop looked up when it woke."""

Run = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture(params=["timerfd", "loop timer"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run a test with each kind of alarm."""
    if request.param == "timerfd" and sys.platform != "linux":
        pytest.skip("this system has no timerfd")
    if request.param == "loop timer":
        monkeypatch.setattr(sys, "platform", "darwin")
    return str(request.param)


@pytest.fixture(params=[asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """Run a test in each kind of loop."""
    made: Run = request.param
    return made


class Bell:
    """An alarm, and the instants at which it rang."""

    def __init__(self) -> None:
        self.rung_ns: list[int] = []
        self._rang = asyncio.Event()
        self.alarm = alarm_of(asyncio.get_running_loop(), self._ring)

    def _ring(self) -> None:
        self.rung_ns.append(now_ns())
        self._rang.set()

    async def wait(self) -> int:
        """Wait until it rings, and return when it did."""
        await asyncio.wait_for(self._rang.wait(), PATIENCE_S)
        self._rang.clear()
        return self.rung_ns[-1]


def test_each_system_has_one(kind: str, run: Run) -> None:
    """Linux has the kernel's, others the loop's."""

    async def look() -> None:
        bell = Bell()
        assert type(bell.alarm).__name__ == {"timerfd": "_TimerFd"}.get(kind, "_LoopTimer")
        bell.alarm.close()

    run(look())


@pytest.mark.parametrize("error", [OSError, AttributeError])
def test_without_a_timerfd_there_is_the_loops_timer(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    """A Linux that has none to give, or a C library that does not know it, is no obstacle."""

    def fail(*_args: object, **_kwargs: object) -> None:
        raise error

    monkeypatch.setattr(ctypes, "PyDLL", fail)

    async def look() -> None:
        bell = Bell()
        assert isinstance(bell.alarm, alarm._LoopTimer)
        bell.alarm.set(now_ns() + 2 * NS_PER_MS)
        await bell.wait()

    run(look())


def test_it_rings_once_and_not_much_too_early(kind: str, run: Run) -> None:
    """However far away the instant is; the kernel's never rings early."""

    async def ring() -> None:
        for after_ns in (1, 300_000, NS_PER_MS, 2_345_678, 200 * NS_PER_MS):
            bell = Bell()
            at_ns = now_ns() + after_ns
            bell.alarm.set(at_ns)
            rung_ns = await bell.wait()
            assert rung_ns >= at_ns - (0 if kind == "timerfd" else EARLY_NS)
            await asyncio.sleep(A_WHILE_S)
            assert len(bell.rung_ns) == 1
            bell.alarm.close()

    run(ring())


@pytest.mark.usefixtures("kind")
def test_what_is_past_rings_at_once_and_again_when_it_is_set_again(run: Run) -> None:
    """An instant that came too soon for somebody is set again: that polls."""

    async def ring() -> None:
        bell = Bell()
        at_ns = now_ns() - NS_PER_MS
        for _ in range(3):
            bell.alarm.set(at_ns)
            await bell.wait()
        assert len(bell.rung_ns) == 3
        bell.alarm.close()

    run(ring())


@pytest.mark.usefixtures("kind")
def test_setting_it_replaces_what_was_set(run: Run) -> None:
    """By something earlier or later."""

    async def ring() -> None:
        bell = Bell()
        start_ns = now_ns()
        bell.alarm.set(start_ns + 3600 * NS_PER_S)
        bell.alarm.set(start_ns + 5 * NS_PER_MS)
        bell.alarm.set(start_ns + 200 * NS_PER_MS)
        rung_ns = await bell.wait()
        assert rung_ns >= start_ns + 200 * NS_PER_MS - EARLY_NS
        assert len(bell.rung_ns) == 1
        bell.alarm.close()

    run(ring())


@pytest.mark.usefixtures("kind")
def test_it_can_be_set_while_it_rings(run: Run) -> None:
    """As everybody does who has more to come."""

    async def ring() -> None:
        left = [3]
        done = asyncio.Event()

        def again() -> None:
            left[0] -= 1
            if left[0]:
                bell.set(now_ns() + NS_PER_MS)
            else:
                done.set()

        bell = alarm_of(asyncio.get_running_loop(), again)
        bell.set(now_ns())
        await asyncio.wait_for(done.wait(), PATIENCE_S)
        await asyncio.sleep(A_WHILE_S)
        assert left == [0]
        bell.close()

    run(ring())


@pytest.mark.usefixtures("kind")
def test_a_defect_of_who_is_called_does_not_ring_for_ever(run: Run) -> None:
    """The loop hears of it once."""
    heard: list[object] = []

    def fail() -> None:
        raise LookupError("a defect")

    async def ring() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, context: heard.append(context["exception"]))
        bell = alarm_of(loop, fail)
        bell.set(now_ns())
        await asyncio.sleep(A_WHILE_S)
        bell.close()

    run(ring())
    assert [str(one) for one in heard] == ["a defect"]


@pytest.mark.usefixtures("kind")
def test_it_may_be_closed_before_and_while_it_rings(run: Run) -> None:
    """After that it is silent."""

    async def ring() -> None:
        early, ringing = Bell(), list[int]()
        early.alarm.set(now_ns() + NS_PER_MS)
        early.alarm.close()

        def end() -> None:
            ringing.append(now_ns())
            late.close()

        late = alarm_of(asyncio.get_running_loop(), end)
        late.set(now_ns())
        await asyncio.sleep(A_WHILE_S)
        assert (len(early.rung_ns), len(ringing)) == (0, 1)

    run(ring())
