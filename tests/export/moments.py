"""Moments of known runs; for tests of the forms that they are given in."""

from eiload.base.clock import NS_PER_S
from eiload.export.metrics import Moment, State, moment
from eiload.export.totals import Totals
from eiload.record.intervals import Intervals
from eiload.record.run import Run

BEGAN_NS = 1_767_225_600 * NS_PER_S


def state_of(run: Run, totals: Totals | None = None) -> State:
    """Return a run as it is when it has ended."""
    return State(
        scenario=run.scenario,
        number=1,
        totals=totals or Totals.of(run),
        targets=run.targets,
        answers={},
        elapsed_ns=run.ended_ns,
        heard_ns=run.ended_ns,
        in_flight=3,
        workers=len(run.workers),
    )


def moment_of(run: Run, *parts: Intervals, wall_s: int = 310) -> Moment:
    """Return all numbers of a run; with parts, when just these have been reported."""
    totals = Totals()
    for part in parts:
        totals.add(part)
    state = state_of(run, totals if parts else None)
    return moment(state, BEGAN_NS, BEGAN_NS + wall_s * NS_PER_S)
