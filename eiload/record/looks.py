"""The looks at a run that goes on until everything is decided: when, and the run as it was then.

What it knows: a scenario's planned looks in whole seconds of its run, and a run's counts up to one.
What it must not know: what is judged at a look, and who waits for it.

A look is of what was due before it, whenever the answers came: so it is the same whether it is
taken while the run goes on, once all of that has ended, or a year later from the run's file.
"""

from dataclasses import dataclass, replace

from eiload.base.clock import NS_PER_S
from eiload.record.recorder import step_s_for
from eiload.record.run import Run
from eiload.scenario import Scenario
from eiload.scenario.arrivals import OpenPhase
from eiload.scenario.until import Until

__all__ = ["Plan", "planned", "up_to"]


@dataclass(frozen=True, slots=True)
class Plan:
    """When a run is looked at."""

    until: Until
    phase: str
    """The one that goes on; the last."""
    start_s: int
    """When it begins, in whole seconds of the run."""
    seconds: tuple[int, ...]
    """Up to which second of the run each look is, ascending; the last is the planned end."""

    def after_s(self, second: int) -> int:
        """Return how long into the phase a look is."""
        return second - self.start_s

    def next_s(self, now_s: float) -> int | None:
        """Return the second of the look after an instant of the run, s; None if there is none."""
        return next((each for each in self.seconds if each > now_s), None)


def planned(scenario: Scenario) -> Plan | None:
    """Return when a run of a scenario is looked at; None if it just ends.

    Looks lie where a step of times begins (`recorder.step_s_for`), at their instant or after it.
    """
    phase = scenario.traffic[-1]
    if not isinstance(phase, OpenPhase) or phase.until is None:
        return None
    start_ns = scenario.duration_ns - phase.duration_ns
    step_ns = step_s_for(scenario.duration_ns) * NS_PER_S
    end = -(-scenario.duration_ns // NS_PER_S)
    looks = {
        -(-(start_ns + look_ns) // step_ns) * step_ns // NS_PER_S
        for look_ns in phase.until.looks_ns(phase.duration_ns)[:-1]
    }
    early = sorted(look for look in looks if look < end)
    return Plan(phase.until, phase.name, start_ns // NS_PER_S, (*early, end))


def up_to(run: Run, second: int) -> Run:
    """Return a run as if it had been stopped at a second: what was due before, however it ended."""
    if second * NS_PER_S >= run.ended_ns:
        return run
    counts = run.by_class if run.scenario.payload.mix else run.intervals
    stopped = run.stopped or "a look"  # what was planned for later is not missing
    return replace(run, ended_ns=second * NS_PER_S, stopped=stopped).counted(counts.before(second))
