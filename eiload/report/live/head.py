"""What the live page says at a moment, as texts and numbers to be shown.

What it knows: what was watched, what an objective takes. What it must not know: HTTP, HTML. There
is no verdict word in it: numbers, what was asked for, and how much is missing until anything could
be decided (`progress` says why). Texts from outside are fit to be shown; whoever shows them escapes
them.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from eiload.base import wording
from eiload.base.clock import NS_PER_MS, NS_PER_S
from eiload.base.units import format_duration, format_percentile
from eiload.judging import health
from eiload.judging.statistics.blocks import BEYOND, clopper_pearson, reportable
from eiload.record import stopping
from eiload.record.facts import Answers, TargetFacts
from eiload.report import words
from eiload.report.figures import ledger
from eiload.report.live.counts import Counts
from eiload.report.live.watch import WINDOW_S, Now, TargetCounts, Watch
from eiload.scenario import (
    Agreement,
    Max,
    Mean,
    Objective,
    Quantile,
    Scenario,
    Share,
    Throughput,
    Versions,
)
from eiload.scenario.arrivals import ClosedPhase
from eiload.scenario.watched import Watched

__all__ = ["NAME_AT_MOST", "QUANTILES", "aim", "badges", "fixed", "objectives", "targets"]

QUANTILES = (0.5, 0.95, 0.99, 0.999)
NAME_AT_MOST = 60
NOTHING = "nothing yet"
AT_THE_END = "told when the run has ended"
ENOUGH = "nothing, if requests do not depend on each other"
FAILURES_AT_MOST = 4
"""Kinds of failures told of each target."""

LATE_SHARE = 0.01
"""Of requests that may be late (`health`)."""


def fixed(scenario: Scenario) -> dict[str, Any]:
    """Return what does not change while a run is on."""
    phases, start_ns = [], 0
    for phase in scenario.traffic:
        end_ns = start_ns + phase.duration_ns
        closed = isinstance(phase, ClosedPhase)
        name = words.safe(phase.name, NAME_AT_MOST)
        phases.append([name, start_ns / NS_PER_S, end_ns / NS_PER_S, phase.warm_up, closed])
        start_ns = end_ns
    return {
        "name": words.safe(scenario.name, NAME_AT_MOST),
        "targets": [words.safe(name, NAME_AT_MOST) for name in scenario.targets],
        "phases": phases,
        "limits": [
            [words.safe(each.text), each.metric.limit_ns / NS_PER_MS]
            for each in scenario.objectives
            if isinstance(each.metric, Quantile) and each.metric.of == "response"
        ],
        "window_s": WINDOW_S,
    }


def aim(scenario: Scenario, found: Sequence[TargetFacts]) -> str:
    """Return where a run's requests go, in a line.

    Args:
        scenario: what it does.
        found: what is known of its targets; empty before that.
    """
    known = {facts.name: facts for facts in found}
    parts = []
    for name, target in scenario.targets.items():
        facts = known.get(name)
        emulated = target.server is None or (facts is not None and facts.emulated)
        where = "emulated" if emulated else words.safe(target.server or "", NAME_AT_MOST)
        parts.append(f"{words.safe(name, NAME_AT_MOST)} ({where})")
    return words.safe(", ".join(parts), 300)


def targets(
    watch: Watch,
    now: Sequence[Now],
    found: Sequence[TargetFacts],
    failures: Mapping[str, Mapping[str, int]],
) -> list[dict[str, Any]]:
    """Return how each target does, in the last seconds and since the judged time began.

    Args:
        watch: what was watched.
        now: of each target, in the scenario's order.
        found: what is known of them; empty before that.
        failures: by target's name and text.
    """
    rows = []
    for index, name in enumerate(watch.scenario.targets):
        part, recent = watch.part(index), now[index]
        so_far = ledger(watch.totals[index])
        texts = sorted(failures.get(name, {}).items(), key=lambda each: -each[1])
        facts = next((each for each in found if each.name == name), None)
        rows.append(
            {
                "name": words.safe(name, NAME_AT_MOST),
                "where": words.safe(f"{facts.model} at {facts.address}") if facts else "",
                "emulated": bool(facts and facts.emulated),
                "offered": _rate(recent.offered, recent.seconds),
                "sent": _rate(recent.sent, recent.seconds),
                "answered": _rate(recent.answered, recent.seconds),
                "failed": _rate(recent.failed, recent.seconds),
                "in_flight": words.three_digits(recent.in_flight),
                "recent": [_quantile(recent.quantile_ns(q), q, recent.total) for q in QUANTILES],
                "judged": [_of_all(part.response, q) for q in QUANTILES],
                "lag": words.milliseconds(part.lag.quantile_ns(0.99)),
                "requests": wording.count(part.total),
                "errors": wording.share(ledger(part.statuses).error_share),
                "ended": wording.count(so_far.scheduled),
                "failures": [
                    [words.safe(text), wording.count(number)]
                    for text, number in texts[:FAILURES_AT_MOST]
                ],
            }
        )
    return rows


def _rate(number: float | None, seconds: float) -> str:
    return words.NOT_KNOWN if number is None or not seconds else words.per_second(number / seconds)


def _of_all(counts: Counts, q: float) -> str:
    return _quantile(counts.quantile_ns(q), q, counts.total)


def _quantile(value_ns: float, q: float, total: int) -> str:
    """Return a quantile in ms, or how many requests are missing before it is a number."""
    if reportable(q, total):
        return words.milliseconds(value_ns)
    least = math.ceil(BEYOND / (1 - q) - 1e-6)
    return f"needs {wording.count(least - total)} more"


# -- objectives --------------------------------------------------------------------------------


def objectives(watch: Watch, answers: Mapping[str, Answers]) -> list[dict[str, Any]]:
    """Return what was observed so far of each objective, and how much is missing at least.

    Args:
        watch: what was watched.
        answers: sampled ones, by target's name.
    """
    scenario = watch.scenario
    until_s = min(watch.heard_s, watch.due.stopped_s)
    rows = []
    for number, objective in enumerate(scenario.objectives):
        for index, name in enumerate(scenario.targets):
            if not scenario.concerns(objective, name):
                continue
            part = watch.part(index, objective.phase, objective.of_class)
            seconds = scenario.judged_s(until_s, objective.phase)
            rows.append(
                {
                    "objective": _text(objective),
                    "target": words.safe(name, NAME_AT_MOST),
                    "phase": words.safe(objective.phase or "", NAME_AT_MOST),
                    "observed": _observed(objective, part, seconds, answers.get(name, Answers())),
                    "missing": watch.ahead.distance(
                        objective, name, part.total, seconds, watch.heard_s
                    )
                    or _missing(watch, number, part, seconds),
                }
            )
    return rows


def _text(objective: Objective) -> str:
    of_class = f" for {objective.of_class}" if objective.of_class else ""
    return words.safe(f"{objective.text}{of_class}")


def _observed(objective: Objective, part: TargetCounts, seconds: float, answers: Answers) -> str:
    """Return what was measured so far, in words."""
    if isinstance(objective.metric, Agreement):
        if not answers.compared:
            return NOTHING
        agreed = wording.share(answers.agreed / answers.compared)
        return f"{agreed} of {wording.count(answers.compared)} compared"
    if isinstance(objective.metric, Versions | Watched):
        return AT_THE_END
    return _measured(objective.metric, part, seconds) if part.total and seconds else NOTHING


def _measured(
    metric: Quantile | Mean | Max | Share | Throughput, part: TargetCounts, seconds: float
) -> str:
    match metric:
        case Quantile(q, of, limit_ns):
            counts = _times(part, of)
            said = (
                f"{wording.share(counts.share_over(limit_ns))} over {format_duration(limit_ns)},"
                f" {wording.share(1 - q)} may be"
            )
            if reportable(q, counts.total):
                value = wording.time(counts.quantile_ns(q))
                said = f"{format_percentile(q)} {value}; {said}"
        case Mean(of):
            said = f"mean {wording.time(_times(part, of).mean_ns())} of those that ended OK"
        case Max(of):
            failed = " and failures" if part.response.failed else ""
            said = f"max {wording.time(_times(part, of).max_ns())}{failed}"
        case Share(of):
            so_far = ledger(part.statuses)
            number = so_far.dropped if of == "dropped" else so_far.scheduled - so_far.ok
            share = wording.share(number / part.total)
            said = f"{share}: {wording.count(number)} of {wording.count(part.total)}"
        case Throughput():
            said = wording.rate(part.response.good / seconds)
    return said


def _times(part: TargetCounts, of: str) -> Counts:
    return part.service if of == "service" else part.response


def _missing(watch: Watch, number: int, part: TargetCounts, seconds: float) -> str:
    """Return how much more an objective takes at least, before anything can be decided."""
    why, need = watch.needed[number]
    if why:
        return f"this run cannot decide it: {why}"
    if not need.requests and not need.seconds:
        return ""
    more = []
    if need.requests > part.total:
        more.append(wording.count(need.requests - part.total, "request"))
    if math.isfinite(need.seconds) and need.seconds > seconds + 0.5:
        more.append(wording.span(need.seconds - seconds))
    return f"at least {' and '.join(more)} more" if more else ENOUGH


# -- badges ------------------------------------------------------------------------------------


def badges(
    watch: Watch, found: Sequence[TargetFacts], problems: Sequence[str], stopped: str
) -> list[list[str]]:
    """Return what a reader must know beside the numbers: class, word, text.

    Args:
        watch: what was watched.
        found: what is known of the targets.
        problems: what went wrong with the generator.
        stopped: why the run is stopped early; empty if it is not.
    """
    rows = []
    if names := [each.name for each in found if each.emulated]:
        said = f"{words.safe(', '.join(names))}: says nothing of real hardware"
        rows.append(["emulated", "EMULATED", said])
    if stopped:
        early = ["open", "STOPPED EARLY"]
        badge = ["good", "ENDED AS PLANNED"] if stopping.as_planned(stopped) else early
        rows.append([*badge, words.safe(stopped)])
    rows += [["bad", "INVALID", words.safe(each)] for each in problems[:FAILURES_AT_MOST]]
    rows += [["open", "LATE", each] for each in _late(watch)]
    return rows


def _late(watch: Watch) -> Iterator[str]:
    """Yield which targets' requests were sent too late so far (`health`)."""
    for index, name in enumerate(watch.scenario.targets):
        part = watch.part(index)
        late_ns, usual_ns = part.lag.quantile_ns(0.99), part.response.answered_ns(0.5)
        allowed_ns = health.LAG_SHARE * usual_ns if part.response.good else 0.0
        limit_ns = max(health.LAG_NS, allowed_ns)
        late = round(part.lag.share_over(limit_ns) * part.lag.total) if part.lag.total else 0
        if late_ns > limit_ns and clopper_pearson(late, part.lag.total, 0.95)[0] > LATE_SHARE:
            yield (
                f"requests to {words.safe(name, NAME_AT_MOST)}: lag p99 {wording.time(late_ns)} so"
                f" far; a run that ends with more than {wording.time(limit_ns)} is invalid"
            )
