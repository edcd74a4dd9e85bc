"""What is said of the looks at a run that goes on until everything is decided, before and in it.

Pure. What it knows: the planned looks, how sure each must be, how far an objective is from its
boundary. What it must not know: how anything is judged. There is no verdict word before a look.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from eiload.base import wording
from eiload.base.clock import NS_PER_S
from eiload.judging.looks import levels_of
from eiload.judging.statistics.blocks import clopper_pearson
from eiload.judging.statistics.levels import FIXED, Levels
from eiload.record import looks
from eiload.record.looks import Plan
from eiload.record.run import Run
from eiload.report import words
from eiload.report.section import Column, Foreign, Line, Row, Section
from eiload.scenario import Metric, Quantile, Scenario, Share
from eiload.scenario.arrivals import OpenPhase, Phase

__all__ = ["at_end", "boundary", "outlook", "section", "taken", "when"]

GIVING_UP = (
    "give_up: hopeless: a look also ends it when the rest would hardly decide what is open; the"
    " price: of p95 with 1.25 x room 70 % pass instead of 92 % (after 989 s instead of 1699 s)"
)
"""The price, by simulation of six systems (docs/statistics.md, "Until decided")."""


def when(plan: Plan) -> str:
    """Return when a run is looked at: ``5, 10, 20, 40 and 60 min``."""
    return _listed([_time(plan.after_s(second)) for second in plan.seconds])


def outlook(scenario: Scenario) -> list[str]:
    """Return a line or two on the looks of a scenario; none if it just ends."""
    plan = looks.planned(scenario)
    if plan is None:
        return []
    line = (
        f"goes on until decided: looked at after {when(plan)} of {words.safe(plan.phase)}, the last"
        " look is the end; all looks together err as often as one"
    )
    return [line, *([GIVING_UP] if plan.until.give_up else [])]


def taken(run: Run) -> list[Line]:
    """Return a line for each look that was taken while a run went on."""
    plan = looks.planned(run.scenario)
    if plan is None:
        return []
    lines: list[Line] = []
    for each in run.looks:
        after = f"  look after {_time(plan.after_s(each.second))}: "
        lines.append(
            (after, Foreign(f"open: {', '.join(each.open)}" if each.open else "none open"))
        )
    return lines


def at_end(phases: Iterable[Phase]) -> Levels:
    """Return how sure what is judged at the end of these phases must be: at the last look, if any.

    Args:
        phases: those that are judged.
    """
    for phase in phases:
        if isinstance(phase, OpenPhase) and phase.until is not None:
            seconds = [-(-each // NS_PER_S) for each in phase.until.looks_ns(phase.duration_ns)]
            return levels_of(Plan(phase.until, phase.name, 0, tuple(seconds)))[-1]
    return FIXED


def section(scenario: Scenario) -> Section | None:
    """Return how sure each look must be, as a table; None if a scenario just ends."""
    plan = looks.planned(scenario)
    if plan is None:
        return None
    columns = (
        Column("look after", right=False),
        Column("quantile\npasses at"),
        Column("errors, rate\npass at"),
        Column("anything\nfails at"),
        Column("comparison\nat"),
    )
    rows = [
        Row(
            (
                _time(plan.after_s(second)),
                _sure(each.quantile_passes),
                _sure(each.passes),
                _sure(each.fails),
                _sure(2 * each.ratio - 1),
            )
        )
        for second, each in zip(plan.seconds, levels_of(plan), strict=True)
    ]
    lines: list[Line] = [(line,) for line in outlook(scenario)]
    return Section("looks", "confidence of each, by itself", columns, tuple(rows), tuple(lines))


def _sure(confidence: float) -> str:
    return f"{confidence * 100:.2f} %"


def _time(seconds: float) -> str:
    """Return a time as it would be written: ``90 s``, ``10 min``."""
    return f"{seconds // 60:.0f} min" if seconds >= 120 and seconds % 60 == 0 else f"{seconds:g} s"


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def boundary(metric: Metric, sure: Levels, requests: int) -> str:
    """Return what a share must be at a look to decide, if no request depended on another.

    Empty where it is no matter of a share, or so few requests cannot decide anything.

    Args:
        metric: of the objective.
        sure: the look's levels.
        requests: that it will have seen by then.
    """
    match metric:
        case Quantile(q):
            allowed, passes = 1 - q, sure.quantile_passes
        case Share(limit=limit):
            allowed, passes = limit, sure.passes
        case _:
            return ""
    if not requests or not 0 < allowed < 1:
        return ""
    counts = range(requests + 1)
    # Ascending in the count: False while it passes, and while it does not fail.
    most = bisect_left(
        counts, True, key=lambda n: clopper_pearson(n, requests, passes)[1] >= allowed
    )
    least = bisect_left(
        counts, True, key=lambda n: clopper_pearson(n, requests, sure.fails)[0] > allowed
    )
    parts = []
    if most:
        parts.append(f"under {wording.share(most / requests)}")
    if least <= requests:
        parts.append(f"over {wording.share(least / requests)}")
    return f"{' or '.join(parts)} at least" if parts else ""
