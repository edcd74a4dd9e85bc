"""clock: time goes forward, waiting ends in time, and a manual clock waits for nobody."""

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eiload.base.clock import NS_PER_MS, NS_PER_S, Clock, ManualClock, SystemClock, boot_id


def test_the_system_clock_never_goes_back() -> None:
    """A later reading is never smaller."""
    clock = SystemClock()
    readings = [clock.now_ns() for _ in range(10_000)]
    assert readings == sorted(readings)


def test_the_system_clock_is_the_one_that_all_processes_share() -> None:
    """Its instants are those of the system's monotonic clock, which gRPC and Locust read too."""
    before = time.monotonic_ns()
    now = SystemClock().now_ns()
    assert before <= now <= time.monotonic_ns()


def test_the_wall_clock_is_a_label() -> None:
    """It counts from the Unix epoch."""
    assert SystemClock().wall_ns() == pytest.approx(time.time() * NS_PER_S, abs=10 * NS_PER_S)


def test_sleep_until_does_not_return_early() -> None:
    """Whatever the system's timers do, the instant has come when the wait ends."""
    clock = SystemClock()
    for _ in range(5):
        instant_ns = clock.now_ns() + 2 * NS_PER_MS
        clock.sleep_until(instant_ns)
        assert clock.now_ns() >= instant_ns


def test_sleep_until_the_past_returns_at_once() -> None:
    """An instant that has passed is not waited for."""
    clock = SystemClock()
    thread = threading.Thread(target=clock.sleep_until, args=(clock.now_ns() - NS_PER_S,))
    thread.start()
    thread.join(timeout=60)
    assert not thread.is_alive()


@given(st.integers(0, 2**62), st.lists(st.integers(0, 2**62)))
def test_a_manual_clock_waits_in_no_time(start_ns: int, instants_ns: list[int]) -> None:
    """Sleeping moves it to the instant, never back."""
    clock: Clock = ManualClock(start_ns)
    for instant_ns in instants_ns:
        before_ns = clock.now_ns()
        clock.sleep_until(instant_ns)
        assert clock.now_ns() == max(before_ns, instant_ns) == clock.wall_ns()


def test_a_manual_clock_moves_when_told() -> None:
    """It stands still until it is told to advance, and refuses to go back."""
    clock = ManualClock(5)
    assert clock.now_ns() == clock.now_ns() == 5
    clock.advance(10)
    assert clock.now_ns() == 15
    with pytest.raises(ValueError, match=r"^`by_ns` must be >= 0, got -1$"):
        clock.advance(-1)
    assert clock.now_ns() == 15


def test_the_boot_id_is_one_per_boot() -> None:
    """Two readings agree; a system that has none says None."""
    first = boot_id()
    assert first == boot_id()
    assert first is None or (len(first) == 36 and first.strip() == first)
