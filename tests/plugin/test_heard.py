"""A worker's patience with its master does not depend on who sets the clock."""

import inspect
from typing import Any

from locust.runners import WorkerRunner

from eiload.plugin.heard import NAME, keep_time


class Clocks:
    """A wall clock that can be set, and one that cannot."""

    def __init__(self) -> None:
        self.wall = 1_000_000.0
        self.monotonic = 50.0

    def wait(self, seconds: float) -> None:
        """Have time go by."""
        self.wall += seconds
        self.monotonic += seconds


def silence_s(heard_s: float | None) -> Any:
    """Return a runner that has last heard then, its clocks, and how long it thinks that is ago."""

    class Runner:
        last_heartbeat_timestamp: float | None = None

    runner, clocks = Runner(), Clocks()
    runner.last_heartbeat_timestamp = heard_s
    keep_time(runner, lambda: clocks.wall, lambda: clocks.monotonic)
    return runner, clocks


def test_row_41_the_clock_is_set() -> None:
    """By an hour, forward or back: the master was heard as long ago as before."""
    for step_s in (3600, -3600):
        runner, clocks = silence_s(1_000_000.0)
        clocks.wait(2)
        clocks.wall += step_s
        assert clocks.wall - runner.last_heartbeat_timestamp == 2
        runner.last_heartbeat_timestamp = clocks.wall
        clocks.wait(61)
        assert runner.last_heartbeat_timestamp < clocks.wall - 60


def test_a_master_that_was_never_heard() -> None:
    """Nothing is waited for."""
    runner, clocks = silence_s(None)
    clocks.wait(100)
    assert runner.last_heartbeat_timestamp is None


def test_locust_holds_it_against_the_wall_clock() -> None:
    """What this is made for: when Locust reads another clock, it is not needed any more."""
    source = inspect.getsource(WorkerRunner)
    assert f"self.{NAME} < time.time() - MASTER_HEARTBEAT_TIMEOUT" in source
    assert f"self.{NAME} = time.time()" in source
