"""A run that goes on until everything is decided, judged by all of its looks together.

What it knows: when a run is looked at, how sure each look must be, which look's word counts. What
it must not know: how one look is judged (`sla`, `compare`), who waits for the next one.

The looks are those that were planned and are within the run, whether it ended at the last of them
or was stopped before. Each is of the run up to it (`record.looks.up_to`), at levels of its own
(`statistics.spending`), so that all looks together err as often as the one at a fixed run's end.
Of an objective a miss at any look counts before a pass at any: both kinds of errors stay bounded,
and no pass stands beside a later proof of the contrary. What is known exactly (a maximum, versions,
agreement) and what was over before the first look is of the whole run and judged once.

The boundaries are those of the phase that goes on. An objective of more phases has seen more at
each look, so that its looks resemble each other more and err together less (Slepian's inequality).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from eiload.base import wording
from eiload.base.clock import NS_PER_S
from eiload.judging import health, sla
from eiload.judging.compare import compare
from eiload.judging.compare.comparison import Comparison
from eiload.judging.sla import Verdict, Word
from eiload.judging.statistics import spending
from eiload.judging.statistics.levels import FIXED, Levels, erring
from eiload.record import looks
from eiload.record.looks import Plan
from eiload.record.run import Run
from eiload.scenario import Compare, Mean, Objective, Quantile, Share, Throughput

__all__ = [
    "SHORT_S",
    "Seen",
    "Stage",
    "comparison",
    "levels_at_end",
    "levels_of",
    "look",
    "stages",
    "verdicts",
]

SHORT_S = 15 * 60
"""Plans up to this length spend their errors like O'Brien & Fleming: linearly, the first looks of
three at 300, 600 and 900 s let a system at its limit pass in up to 6.2 % of runs
(docs/statistics.md, "Until decided")."""

SUREST = 1 - 2.0**-50
"""An early look by O'Brien & Fleming may be asked to be so sure that a float calls it certain, and
no data make anything certain. What this adds to the errors is beyond the fifteenth decimal."""

Sequential = Quantile | Mean | Share | Throughput
"""Metrics of which one look says something of the next, and not only of itself."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One look that was taken."""

    run: Run
    """Up to it."""
    after_s: int
    """How long into the phase."""
    levels: Levels
    last: bool
    """Whether it is the planned end."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look has shown while the run goes on."""

    verdicts: tuple[Verdict, ...]
    """By all looks so far, in the scenario's order."""
    comparison: Comparison | None
    open: tuple[str, ...]
    """What is not decided, in words; nothing more is waited for when this is empty."""
    hopeless: bool
    """Whether the rest would hardly decide any of it; False where nobody asks."""
    in_vain: bool = False
    """Whether nothing can be decided any more: the run is invalid for good (`health.for_good`)."""


def levels_of(plan: Plan) -> tuple[Levels, ...]:
    """Return how sure each look of a plan must be."""
    times = [plan.after_s(second) for second in plan.seconds]
    fractions = tuple(each / times[-1] for each in times)
    way: spending.Spending = "O'Brien-Fleming" if times[-1] <= SHORT_S else "linear"
    together = erring(plan.until.error) if plan.until.error else FIXED
    return tuple(
        together.each(partial(_sure, fractions, way, index)) for index in range(len(fractions))
    )


def _sure(fractions: tuple[float, ...], way: spending.Spending, index: int, of_one: float) -> float:
    """Return how sure a look must be, so that all are as sure together as one is by itself."""
    return min(1 - spending.levels(fractions, 1 - of_one, way)[index], SUREST)


def stages(run: Run, plan: Plan) -> list[Stage]:
    """Return the looks within a run, in order."""
    whole = run.ended_ns >= run.scenario.duration_ns
    found = []
    for second, sure in zip(plan.seconds, levels_of(plan), strict=True):
        last = second == plan.seconds[-1]
        if whole or (not last and second * NS_PER_S <= run.ended_ns):
            part = run if last else looks.up_to(run, second)
            found.append(Stage(part, plan.after_s(second), sure, last))
    return found


# -- objectives ------------------------------------------------------------------------------------


def verdicts(run: Run, levels: Levels = FIXED) -> tuple[Verdict, ...]:
    """Return the verdicts on a run by all of its looks, in the scenario's order.

    Args:
        run: the run.
        levels: how sure the words on a run must be that is judged once.
    """
    plan = looks.planned(run.scenario)
    if plan is None:
        return sla.judge(run, levels)
    at_end = sla.judge(run)
    seen = stages(run, plan)
    rows = [sla.judge(stage.run, stage.levels) for stage in seen]
    return tuple(
        _of_looks(plan, each, [row[index] for row in rows], seen)
        if _is_sequential(each.objective, plan)
        else each
        for index, each in enumerate(at_end)
    )


def _is_sequential(objective: Objective, plan: Plan) -> bool:
    return isinstance(objective.metric, Sequential) and objective.phase in {None, plan.phase}


def _of_looks(
    plan: Plan, at_end: Verdict, each: Sequence[Verdict], seen: Sequence[Stage]
) -> Verdict:
    """Return the verdict on one objective of one target.

    Args:
        plan: of the looks.
        at_end: by all that was measured, as if there had been no look.
        each: by each look that was taken.
        seen: these looks.
    """
    for word in (Word.FAIL, Word.PASS):
        for verdict, stage in zip(each, seen, strict=True):
            if verdict.word is word:
                return verdict if stage.last else _said(verdict, stage)
    if not each:
        first = wording.span(plan.after_s(plan.seconds[0]))
        reason = f"the run ended before the first look, which is after {first}"
        return replace(at_end, word=Word.UNDECIDED, reason=reason)
    if seen[-1].last:
        return each[-1]
    return replace(each[-1], reason=f"{each[-1].reason}; {_left(plan, seen)}")


def _said(verdict: Verdict, stage: Stage) -> Verdict:
    at = f"at the look after {wording.span(stage.after_s)}"
    return replace(verdict, reason=f"{verdict.reason}; decided {at}")


def _left(plan: Plan, seen: Sequence[Stage]) -> str:
    """Return which looks a run that ended before its plan has not had."""
    last, end = wording.span(seen[-1].after_s), wording.span(plan.after_s(plan.seconds[-1]))
    return f"by the look after {last}, it might have gone on for {end}"


def levels_at_end(run: Run) -> Levels:
    """Return how sure words on a whole run must be, by the look that it ended at.

    A run may have ended because of what was seen. Intervals of all looks at the levels of each hold
    together what one interval promises (Jennison & Turnbull, J. Royal Statistical Society B 51,
    1989), so the one of the last look does so whatever ended the run.
    """
    plan = looks.planned(run.scenario)
    seen = stages(run, plan) if plan else []
    return seen[-1].levels if seen else FIXED


# -- the comparison --------------------------------------------------------------------------------


def comparison(run: Run, levels: Levels = FIXED, how: Compare | None = None) -> Comparison:
    """Return the comparison of a run's targets by all of its looks.

    Args:
        run: the run.
        levels: as of `verdicts`.
        how: how to compare, if not as the scenario says.
    """
    plan = looks.planned(run.scenario)
    if plan is None:
        return compare(run, how, levels)
    seen = stages(run, plan)
    if not seen:
        first = wording.span(plan.after_s(plan.seconds[0]))
        return compare(run, how).without_verdict(
            f"the run ended before the first look, which is after {first}"
        )
    each = [compare(stage.run, how, stage.levels) for stage in seen]
    for good in (False, True):
        for found, stage in zip(each, seen, strict=True):
            if found.word is not None and (found.word.good if good else found.word.bad):
                return found if stage.last else _stated(found, stage)
    if seen[-1].last:
        return each[-1]
    return replace(each[-1], statement=f"{each[-1].statement}; {_left(plan, seen)}")


def _stated(found: Comparison, stage: Stage) -> Comparison:
    at = f"at the look after {wording.span(stage.after_s)}"
    return replace(found, statement=f"{found.statement}; decided {at}")


# -- while the run goes on -------------------------------------------------------------------------


def look(run: Run) -> Seen:
    """Return what all looks within a run that goes on have shown.

    Args:
        run: up to the present look; of a scenario that goes on until all is decided.
    """
    plan = looks.planned(run.scenario)
    assert plan is not None
    found = verdicts(run)
    compared = comparison(run) if run.scenario.compare else None
    validity = health.check(run)
    # Of an invalid run no word is said. It may become valid: what was late is a smaller share then,
    # unless it is too much of all that is planned.
    waiting = tuple(_open(found, compared, plan)) if validity.valid else validity.reasons
    asked = plan.until.give_up and validity.valid and bool(waiting)
    hopeless = asked and _is_hopeless(run, found, compared, plan)
    in_vain = not validity.valid and health.for_good(run)
    return Seen(found, compared, waiting, hopeless, in_vain)


def _open(found: Sequence[Verdict], compared: Comparison | None, plan: Plan) -> Iterator[str]:
    for each in found:
        if each.word is Word.UNDECIDED and _is_sequential(each.objective, plan):
            yield f"{each.objective.said} of {each.target}"
    if compared is not None and not _is_decided(compared):
        yield f"{compared.candidate.name} against {compared.baseline.name}"


def _is_decided(compared: Comparison) -> bool:
    return compared.word is not None and (compared.word.good or compared.word.bad)


def _is_hopeless(
    run: Run, found: Sequence[Verdict], compared: Comparison | None, plan: Plan
) -> bool:
    """Tell whether nothing that is open would be decided at the end, if it stayed as it is.

    Conditional on what was seen so far and at the last look's levels (stochastic curtailment:
    Lan, Simon & Halperin, Communications in Statistics C 1, 1982). It makes no word, so it can
    only make errors fewer, and passes too.
    """
    at_end = levels_of(plan)[-1]
    left = plan.after_s(plan.seconds[-1]) / plan.after_s(run.ended_ns // NS_PER_S)
    for each, then in zip(found, sla.judge(run, at_end), strict=True):
        waits = each.word is Word.UNDECIDED and _is_sequential(each.objective, plan)
        if waits and (then.longer is None or then.longer <= left):
            return False
    if compared is None or _is_decided(compared):
        return True
    longer = compare(run, levels=at_end).longer
    return longer is not None and longer > left
