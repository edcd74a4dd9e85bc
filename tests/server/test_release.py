"""Releasing at instants: never early, in order, on the kernel's timer and by polling."""

import asyncio
import sys
import time
from functools import partial

import pytest

from eiload.base.clock import NS_PER_MS, SystemClock
from eiload.server.release import Releases


@pytest.fixture(params=["timerfd", "polling"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run a test with each kind of alarm."""
    if request.param == "polling":
        monkeypatch.setattr(sys, "platform", "darwin")
    return str(request.param)


@pytest.mark.usefixtures("kind")
def test_callbacks_come_in_the_order_of_their_instants_and_never_early() -> None:
    """Whatever the order in which they are asked for."""

    async def run() -> None:
        releases = Releases(asyncio.get_running_loop(), SystemClock())
        begin_ns = time.monotonic_ns()
        called: list[tuple[int, int]] = []
        done = asyncio.get_running_loop().create_future()

        def call(after_ms: int) -> None:
            called.append((after_ms, time.monotonic_ns()))
            if len(called) == 5:
                done.set_result(None)

        for after_ms in (30, 5, 12, 6, 20):
            releases.at(begin_ns + after_ms * NS_PER_MS, partial(call, after_ms))
        await asyncio.wait_for(done, 20)
        releases.close()
        assert [after_ms for after_ms, _ in called] == [5, 6, 12, 20, 30]
        for after_ms, at_ns in called:
            assert at_ns >= begin_ns + after_ms * NS_PER_MS

    asyncio.run(run())


@pytest.mark.usefixtures("kind")
def test_what_is_due_is_called_at_once() -> None:
    """Before `at` returns."""

    async def run() -> None:
        releases = Releases(asyncio.get_running_loop(), SystemClock())
        called: list[str] = []
        releases.at(time.monotonic_ns(), lambda: called.append("now"))
        assert called == ["now"]
        releases.close()

    asyncio.run(run())


@pytest.mark.usefixtures("kind")
def test_what_is_not_due_when_it_closes_is_forgotten() -> None:
    """No callback comes after `close`."""

    async def run() -> None:
        releases = Releases(asyncio.get_running_loop(), SystemClock())
        called: list[str] = []
        releases.at(time.monotonic_ns() + 5 * NS_PER_MS, lambda: called.append("late"))
        releases.close()
        await asyncio.sleep(0.02)
        assert called == []

    asyncio.run(run())


@pytest.mark.usefixtures("kind")
def test_a_callback_may_ask_for_another() -> None:
    """As the batching queue does."""

    async def run() -> None:
        releases = Releases(asyncio.get_running_loop(), SystemClock())
        done = asyncio.get_running_loop().create_future()
        left = [3]

        def again() -> None:
            left[0] -= 1
            if left[0]:
                releases.at(time.monotonic_ns() + NS_PER_MS, again)
            else:
                done.set_result(None)

        releases.at(time.monotonic_ns() + NS_PER_MS, again)
        await asyncio.wait_for(done, 20)
        releases.close()

    asyncio.run(run())
