"""A comparison once more, phase by phase: where a mean over all of them would mislead.

What it knows: two targets in the phases that are compared. What it must not know: verdicts. There
is none on a phase by itself: whoever reads ten intervals at 95 % sees a change that is not there in
40 % of equal pairs.

Phases differ when their traffic does. Where the intervals at the headline lie apart, that is said:
at a rate that one target stands and the other does not, the change over all phases is neither's.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

from eiload.base import wording
from eiload.base.units import format_percentile
from eiload.judging.compare.comparison import Comparison, PhaseChange
from eiload.judging.compare.pair import Compared, Pair
from eiload.judging.statistics import shift
from eiload.judging.statistics.shift import Interval
from eiload.scenario.arrivals import ClosedPhase, OpenPhase

__all__ = ["AT_MOST", "by_phase", "differing", "with_phases"]

AT_MOST = 12
"""Phases that are compared one by one; a reader of more of them reads luck."""


def with_phases(found: Comparison, pair: Pair) -> Comparison:
    """Return the comparison of a pair with each phase in it, and a note where they differ."""
    phases = by_phase(pair)
    note = differing(phases, found.headline)
    return replace(found, phases=phases, notes=(*found.notes, *([note] if note else [])))


def by_phase(pair: Pair) -> tuple[PhaseChange, ...]:
    """Return the shift function of each compared phase; empty if they are one or all alike."""
    first, second = pair.parts
    spans = [
        (one, other)
        for one, other in zip(first.spans, second.spans, strict=False)
        if one.name == other.name and one.seconds and other.seconds
    ]
    traffic = first.run.scenario.traffic
    if len({_sends(traffic[span.index]) for span, _ in spans}) < 2:
        return ()
    return tuple(
        _change(one.name, pair, first.over([one]), second.over([other]))
        for one, other in spans[:AT_MOST]
    )


def _change(name: str, pair: Pair, baseline: Compared, candidate: Compared) -> PhaseChange:
    """Return the shift functions of one phase."""
    quantiles = sorted({*pair.how.quantiles, pair.how.headline})
    paired = baseline.run is candidate.run
    response, service = (
        tuple(shift.shift(one, other, quantiles, paired=paired, confidence=pair.confidence)[0])
        for one, other in (
            (baseline.cut, candidate.cut),
            (baseline.served(), candidate.served()),
        )
    )
    return PhaseChange(name, response, service)


def _sends(phase: OpenPhase | ClosedPhase) -> str:
    """Return what tells a phase's traffic from another's: all but its name and length."""
    if isinstance(phase, ClosedPhase):
        return repr((phase.users, phase.think))
    return repr((phase.rate, phase.process))


def differing(phases: Sequence[PhaseChange], headline: float) -> str:
    """Return between which phases the change at the headline surely differs; empty if it does not.

    Two intervals at 95 % that do not touch: between two equals that is rarer than one in 100.
    """
    known = [
        (phase.name, row.ratio)
        for phase in phases
        for row in phase.response
        if row.q == headline and row.ratio is not None and not math.isnan(row.ratio.value)
    ]
    apart = [
        (one, other)
        for one, other in combinations(known, 2)
        if one[1].high < other[1].low or other[1].high < one[1].low
    ]
    if not apart:
        return ""
    one, other = max(apart, key=lambda two: abs(_log(two[0][1]) - _log(two[1][1])))
    said = ", ".join(
        f"{wording.change(ratio.low)} to {wording.change(ratio.high)} in {name}"
        for name, ratio in (one, other)
    )
    return f"the change at {format_percentile(headline)} is not one number: {said}"


def _log(ratio: Interval) -> float:
    return math.log(ratio.value) if 0 < ratio.value < math.inf else math.copysign(99, ratio.value)
