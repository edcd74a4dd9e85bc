"""What a scenario would do, and what a run of its length cannot decide: said before anyone waits.

Pure: a scenario in, lines out. It knows how many requests are expected and the least that each
objective takes (`shares.least_requests`, `blocks`); real runs need more, because requests that
queue are not independent. Units: ns for times inside, requests and minutes in the lines.
"""

import math
from collections.abc import Iterable, Sequence

from eiload.base import wording
from eiload.base.clock import NS_PER_S
from eiload.base.units import format_percentile, format_rate
from eiload.judging.statistics import blocks, needs, shares
from eiload.judging.statistics.needs import Need
from eiload.report import looking, words
from eiload.scenario import (
    Agreement,
    Compare,
    Max,
    Objective,
    Quantile,
    Scenario,
    Share,
    Target,
    Versions,
)
from eiload.scenario.arrivals import ClosedPhase, OpenPhase, Phase, Replay
from eiload.scenario.watched import Watched

__all__ = [
    "compared",
    "least_share",
    "measured",
    "needed",
    "open_requests",
    "outlook",
    "rate",
    "share_of",
    "why_uncompared",
    "why_undecided",
]


def outlook(scenario: Scenario) -> list[str]:
    """Return what the scenario would do in one line, then a line for each thing left undecided."""
    return [
        _summary(scenario),
        *looking.outlook(scenario),
        *_searched(scenario),
        *_undecidable(scenario),
    ]


def _searched(scenario: Scenario) -> Iterable[str]:
    if find := scenario.find:
        low, high = (format_rate(each) for each in (find.from_per_s, find.to_per_s))
        budget = wording.span(find.budget_ns / NS_PER_S)
        yield (
            f"'eiload capacity' looks for the highest rate that holds, from {low} to {high},"
            f" within {budget}, and so does the web UI's form; an ordinary run does not"
        )


def _summary(scenario: Scenario) -> str:
    phases, judged = scenario.traffic, measured(scenario)
    replays = [phase.rate for phase in phases if isinstance(phase, OpenPhase)]
    one = any(isinstance(each, Replay) and "target" in each.kinds for each in replays)
    to = "in all, each to the target that a trace names" if one else "to each target"
    requests = f"{_expected(phases)} {to}"
    if len(judged) < len(phases):
        requests += f" (measured: {_expected(judged)})"
    parts = [
        _listed("target", [_target(name, target) for name, target in scenario.targets.items()]),
        _listed("phase", [words.safe(phase.name) for phase in phases]),
        wording.length(scenario.duration_ns / NS_PER_S),
        requests,
        wording.count(len(scenario.objectives), "objective"),
    ]
    if compare := scenario.compare:
        parts.append(
            f"compares {words.safe(compare.candidate)} with {words.safe(compare.baseline)}"
        )
        if _same_server(scenario, compare):
            parts.append("which are the same server (an A/A run)")
    return ", ".join(parts)


def _same_server(scenario: Scenario, compare: Compare) -> bool:
    servers = [scenario.targets[name].server for name in (compare.baseline, compare.candidate)]
    return servers[0] is not None and servers[0] == servers[1]


def _target(name: str, target: Target) -> str:
    if target.server is not None:
        where = words.safe(target.server)
    else:
        real = target.stand_in is not None and not target.stand_in.emulated
        where = "real model" if real else "emulated"
    return f"{words.safe(name)} {where}"


def _listed(noun: str, names: Sequence[str]) -> str:
    return f"{wording.count(len(names), noun)} ({', '.join(names)})"


def _expected(phases: Sequence[Phase]) -> str:
    """Return how many requests the phases send, in words."""
    number = round(open_requests(phases))
    closed = any(isinstance(phase, ClosedPhase) for phase in phases)
    if closed and not number:
        return "as many requests as its users get answered"
    return f"about {wording.count(number)} requests{' and those of its users' if closed else ''}"


def open_requests(phases: Iterable[Phase]) -> float:
    """Return how many requests are expected of the open ones among these phases."""
    return sum(phase.expected() for phase in phases if isinstance(phase, OpenPhase))


def share_of(
    scenario: Scenario, phases: Sequence[Phase], of_class: str | None, target: str | None
) -> float:
    """Return the share of the arrivals of some phases that are a class's and a target's.

    By weight, or as the trace that a phase replays chooses. Of closed loops nobody knows how many
    requests there will be, so there a class's weight is its share.

    Args:
        scenario: the scenario.
        phases: some of its.
        of_class: a class of its mix; None: all.
        target: one of its; None: any.
    """
    by_weight = scenario.payload.share(of_class)
    opened = [phase for phase in phases if isinstance(phase, OpenPhase)]
    if len(opened) < len(phases) or not (whole := open_requests(opened)):
        return by_weight
    named = {"class": of_class, "target": target}
    wanted = {kind: name for kind, name in named.items() if name is not None}
    found = 0.0
    for phase in opened:
        chosen = phase.rate if isinstance(phase.rate, Replay) else None
        share = chosen.share_of(wanted) if chosen else 1.0
        if not chosen or "class" not in chosen.kinds:
            share *= by_weight
        found += share * phase.expected()
    return found / whole


def least_share(scenario: Scenario, objective: Objective, phases: Sequence[Phase]) -> float:
    """Return the share of the requests that an objective is judged on, at the target with least."""
    names = [objective.target] if objective.target else [*scenario.targets]
    return min(share_of(scenario, phases, objective.of_class, name) for name in names)


def measured(scenario: Scenario, name: str | None = None) -> list[Phase]:
    """Return the phases that count for an objective."""
    return [scenario.traffic[index] for index in scenario.judged(name)]


def _undecidable(scenario: Scenario) -> Iterable[str]:
    for objective in scenario.objectives:
        phases = measured(scenario, objective.phase)
        share = least_share(scenario, objective, phases)
        if reason := why_undecided(objective, phases, share=share):
            where = [words.safe(objective.where)] if objective.where else []
            who = [f" of {words.safe(objective.target)}"] if objective.target else []
            yield f"cannot decide {objective.text}{''.join(who + where)}: {reason}"
    if scenario.compare:
        yield from _uncompared(scenario.compare, compared(scenario))


def why_undecided(
    objective: Objective, phases: Sequence[Phase], effect: float = 1.0, share: float = 1.0
) -> str:
    """Return why these phases cannot decide an objective; empty when they may.

    Args:
        objective: the objective.
        phases: those that it is judged on.
        effect: the design effect (see `needed`).
        share: of the requests, that it is judged on: a class's.
    """
    if isinstance(objective.metric, Watched):
        return ""  # takes what is read beside the load
    match objective.metric:
        case Agreement() | Versions():
            return ""  # takes answers, not time
        case Max():
            return _flattered(phases)  # of this run only, which it knows exactly
        case Share(limit=limit) if 0 < limit < 1:
            return _too_little(phases, needed(objective, phases, effect, share), share)
    need = needed(objective, phases, effect, share)
    return _flattered(phases) or _too_little(phases, need, share)


def needed(
    objective: Objective, phases: Sequence[Phase], effect: float = 1.0, share: float = 1.0
) -> Need:
    """Return the least that decides an objective, in phases such as these.

    Args:
        objective: of times, shares or a rate.
        phases: those that it is judged on.
        effect: the design effect: how many requests are worth an independent one.
        share: of the requests, that it is judged on: a class's.
    """
    sure = looking.at_end(phases)
    match objective.metric:
        case Quantile(q=q):
            return needs.least(
                share * rate(phases),
                1 - q,
                expected=blocks.BEYOND,
                sure=sure.quantile_passes,
                effect=effect,
            )
        case Share(limit=limit) if 0 < limit < 1:
            return needs.least(
                share * rate(phases), limit, expected=0, sure=sure.passes, effect=effect
            )
    return Need(0, needs.LEAST_S)


def rate(phases: Sequence[Phase]) -> float:
    """Return the requests per second of these phases; closed loops make nobody knows how many."""
    if any(isinstance(phase, ClosedPhase) for phase in phases):
        return math.inf
    seconds = sum(phase.duration_ns for phase in phases) / NS_PER_S
    return open_requests(phases) / seconds if seconds else 0.0


def _flattered(phases: Iterable[Phase]) -> str:
    """Return why times in these phases can fail but not pass; empty when they can."""
    if any(isinstance(phase, ClosedPhase) for phase in phases):
        return "a closed loop slows down with its server; it can show a miss, never that it holds"
    return ""


def _too_little(phases: Sequence[Phase], need: Need, share: float = 1.0) -> str:
    length_s = sum(phase.duration_ns for phase in phases) / NS_PER_S
    per_s = share * rate(phases)
    if math.isinf(per_s) or not need.requests:  # how many requests there will be, nobody knows
        if length_s >= needs.LEAST_S:
            return ""
        least = wording.span(needs.LEAST_S)
        return f"needs at least {least}, measures {wording.span(length_s)}"
    expected = per_s * length_s
    if length_s >= need.seconds - 1e-6 and expected >= need.requests - 0.5:
        return ""
    has = f"{wording.count(round(expected))} in {wording.span(length_s)}" if expected else "none"
    return f"needs at least {need}; this run expects {has}"


def compared(scenario: Scenario) -> list[Phase]:
    """Return the phases that a comparison is made of.

    Open ones if there are any: only there do both targets get requests at once.
    """
    phases = measured(scenario)
    return [phase for phase in phases if isinstance(phase, OpenPhase)] or phases


def why_uncompared(compare: Compare, phases: Sequence[Phase]) -> str:
    """Return why these phases cannot decide a comparison; empty when they may."""
    return _flattered(phases) or _too_little(
        phases, needs.to_compare(rate(phases), compare.headline)
    )


def _uncompared(compare: Compare, phases: Sequence[Phase]) -> Iterable[str]:
    if reason := why_uncompared(compare, phases):
        yield f"cannot compare at {format_percentile(compare.headline)}, the headline: {reason}"
    expected = open_requests(phases)
    missing = [
        f"{format_percentile(q)} ({wording.count(least)})"
        for q in compare.quantiles
        if q != compare.headline and (least := shares.least_requests(1 - q, deff=0.0)) > expected
    ]
    if missing and expected:
        yield f"cannot compare, for want of requests: {', '.join(missing)}"
