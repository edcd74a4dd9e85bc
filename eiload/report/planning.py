"""A scenario's plan put together: what is due, what each target gets, what can be decided.

Pure: a scenario and the sizes of its requests in, and perhaps a run that it is to be like; a `Plan`
out. `eiload plan` and the web UI's form show the same.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from eiload.base import wording
from eiload.base.clock import NS_PER_S
from eiload.base.units import format_percentile
from eiload.judging.likely import Chance, chance, chance_to_compare
from eiload.judging.statistics import needs
from eiload.judging.statistics.blocks import Blocks
from eiload.judging.statistics.cut import Cut, cut_of
from eiload.record.intervals import Kind
from eiload.record.run import Run
from eiload.report import outlook
from eiload.report.plan import Decision, Load, Plan
from eiload.scenario import Compare, Objective, Quantile, Scenario, Share
from eiload.scenario.arrivals import ClosedPhase, Phase
from eiload.scenario.census import PhaseCensus, census
from eiload.scenario.picks import Picks
from eiload.scenario.schedule import Schedule

__all__ = ["planned"]


def planned(
    scenario: Scenario,
    sizes_bytes: Mapping[str, tuple[tuple[int, ...], ...]],
    *,
    service_ns: int | None = None,
    like: Run | None = None,
    remembered: bool = False,
) -> Plan:
    """Return what a run of a scenario would be.

    Args:
        scenario: the scenario.
        sizes_bytes: of the requests to each target, by its name, by the payload's parts.
        service_ns: how long an answer takes in the mean; None if nobody says.
        like: a run whose service times and dependence between requests are taken.
        remembered: take of traces that are replayed what was seen; no file is looked for.

    Raises:
        TraceError: a trace that is replayed cannot be read.
    """
    parts = len(scenario.payload.parts)
    schedule = Schedule(scenario.traffic, scenario.seed)
    counted = census(
        schedule.remembered() if remembered else schedule,
        Picks(scenario, [1] * parts),
        (len(scenario.targets), parts),
    )
    return Plan(
        scenario,
        counted,
        tuple(
            Load(name, sizes_bytes[name], _service_ns(name, like, service_ns))
            for name in scenario.targets
        ),
        tuple(_decisions(scenario, counted, like)),
        unequal=needs.unequal(_blocks(scenario, counted, outlook.measured(scenario))),
    )


def _service_ns(target: str, like: Run | None, said_ns: int | None) -> float:
    """Return a target's mean service time: as said, or as in a run; NaN if nobody knows."""
    if said_ns is not None:
        return float(said_ns)
    if like is None or target not in [each.name for each in like.targets]:
        return math.nan
    return like.sample(like.target_index(target), kind=Kind.SERVICE).mean_ns()


def _decisions(
    scenario: Scenario, counted: Sequence[PhaseCensus], like: Run | None
) -> Iterator[Decision]:
    for objective in scenario.objectives:
        phases = outlook.measured(scenario, objective.phase)
        names = [objective.target] if objective.target else list(scenario.targets)
        effect = max([1.0, *(_effect(objective, name, like) for name in names)])
        share = outlook.least_share(scenario, objective, phases)
        need = outlook.needed(objective, phases, effect, share)
        found = _decision(
            objective.text + (f" for {objective.of_class}" if objective.of_class else ""),
            " in ".join(each for each in (objective.target, objective.phase) if each),
            phases,
            need if isinstance(objective.metric, Quantile | Share) else None,
            outlook.why_undecided(objective, phases, effect, share)
            or _uneven(scenario, counted, phases, objective),
            share=share,
        )
        yield replace(found, chance=_chance(scenario, objective, phases, like))
    if scenario.compare:
        phases = outlook.compared(scenario)
        per_s = outlook.rate(phases)
        headline = scenario.compare.headline
        found = _decision(
            f"compare at {format_percentile(headline)}",
            f"{scenario.compare.candidate} with {scenario.compare.baseline}",
            phases,
            None if math.isinf(per_s) else needs.to_compare(per_s, headline),
            outlook.why_uncompared(scenario.compare, phases),
        )
        yield replace(found, chance=_chance_to_compare(scenario.compare, phases, like))


def _chance(
    scenario: Scenario, objective: Objective, phases: Sequence[Phase], like: Run | None
) -> Chance | None:
    """Return how likely an objective is decided of the target that is decided least often."""
    seconds, per_s = _length_s(phases), outlook.rate(phases)
    names = [objective.target] if objective.target else list(scenario.targets)
    known = [] if like is None else [each.name for each in like.targets]
    if like is None or not seconds or math.isinf(per_s) or not set(names) <= set(known):
        return None
    of = objective.of_class
    run = like.of_class(of) if of and of in like.scenario.payload.classes else like
    shares = [outlook.share_of(scenario, phases, of, name) for name in names]
    chances = [
        chance(run, like.target_index(name), objective, seconds, share * per_s)
        for name, share in zip(names, shares, strict=True)
    ]
    return min((each for each in chances if each), key=lambda each: each.decided, default=None)


def _chance_to_compare(
    compare: Compare, phases: Sequence[Phase], like: Run | None
) -> Chance | None:
    seconds, per_s = _length_s(phases), outlook.rate(phases)
    known = [] if like is None else [each.name for each in like.targets]
    if like is None or not seconds or math.isinf(per_s):
        return None
    if not {compare.baseline, compare.candidate} <= set(known):
        return None
    return chance_to_compare(like, compare, seconds, per_s)


def _length_s(phases: Sequence[Phase]) -> int:
    return sum(phase.duration_ns for phase in phases) // NS_PER_S


def _decision(
    what: str,
    where: str,
    phases: list[Phase],
    need: needs.Need | None,
    why_not: str,
    *,
    share: float = 1.0,
) -> Decision:
    seconds = sum(phase.duration_ns for phase in phases) / NS_PER_S
    closed = any(isinstance(phase, ClosedPhase) for phase in phases)
    expected = share * outlook.open_requests(phases)
    has = wording.span(seconds) if closed else f"{round(expected):,} in {wording.span(seconds)}"
    times = expected / need.requests if need and need.requests and not closed else math.nan
    least = str(need) if need else "-"
    if need and closed:  # nobody knows its rate
        least = f"{wording.count(need.requests, 'request')}, {wording.span(need.seconds)}"
    return Decision(what, where, has, least, times, why_not)


def _uneven(
    scenario: Scenario,
    counted: Sequence[PhaseCensus],
    phases: Sequence[Phase],
    objective: Objective,
) -> str:
    """Return why requests that come in heaps, with pauses between, carry no verdict on a tail."""
    if not isinstance(objective.metric, Quantile | Share):
        return ""
    if any(isinstance(phase, ClosedPhase) for phase in phases):
        return ""  # nobody knows when its requests will be
    return needs.occupancy(_blocks(scenario, counted, phases))


def _blocks(scenario: Scenario, counted: Sequence[PhaseCensus], phases: Sequence[Phase]) -> Blocks:
    """Return what is due in some phases, in the blocks that it would be judged in."""
    per_second = np.concatenate(
        [
            each.per_second
            for each, phase in zip(counted, scenario.traffic, strict=True)
            if phase in phases
        ]
    )
    return Blocks.counted(Cut.even(len(per_second)), per_second)


def _effect(objective: Objective, target: str, like: Run | None) -> float:
    """Return how many requests were worth an independent one in a run; 1 if nobody knows."""
    if like is None or target not in [each.name for each in like.targets]:
        return 1.0
    of = objective.of_class
    if of is not None and of in like.scenario.payload.classes:
        like = like.of_class(of)
    index, spans = like.target_index(target), like.measured(objective.phase) or like.measured()
    match objective.metric:
        case Quantile(limit_ns=limit_ns, of=of):
            kind = Kind.SERVICE if of == "service" else Kind.RESPONSE
            blocks = Blocks.of(like.sample(index, spans, kind), cut_of(like, spans))
            return blocks.dependence().design_effect(blocks.over(limit_ns))
        case Share():
            blocks = Blocks.of(like.sample(index, spans), cut_of(like, spans))
            return blocks.dependence().design_effect(blocks.totals - blocks.good)
    return 1.0
