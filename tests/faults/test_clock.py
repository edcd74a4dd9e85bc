"""Somebody sets the machine's clock during a run (row 41 of README.md)."""

import pytest

from eiload.base.clock import NS_PER_S, SystemClock
from eiload.control.messages import Go, Order
from eiload.record.stopping import CLOCK
from tests.control.script import Script, a_scenario


class Stepping(SystemClock):
    """A clock that somebody sets."""

    step_ns = 0

    def wall_ns(self) -> int:
        """Return what it says now."""
        return super().wall_ns() + self.step_ns


@pytest.mark.parametrize("hours", [1, -1])
def test_row_41_the_clock_is_set(hours: int) -> None:
    """The run goes its way, whole and as long as it was planned, and says so."""
    script = Script(a_scenario())
    clock = Stepping()
    vars(script.coordinator)["_clock"] = clock

    def step(name: str, order: Order) -> None:
        clock.step_ns = hours * 3600 * NS_PER_S
        script.everything(name, order)

    script.answers[Go] = step
    run = script.run()
    assert not run.problems
    assert run.ended_ns == run.scenario.duration_ns
    assert "jumped" in run.environment[CLOCK]
