"""What was measured so far of each objective, as a number beside its limit; no verdict.

What it knows: objectives and totals. What it must not know: what the numbers are called elsewhere.
A quantile that so few requests cannot support is no number, nor is anything of no request. One
that failed requests reach is infinite.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from eiload.base.clock import NS_PER_S
from eiload.base.status import Status
from eiload.export.totals import Cell, Totals
from eiload.judging.statistics.blocks import reportable
from eiload.record.facts import Answers
from eiload.record.intervals import Kind
from eiload.report.live.counts import Counts
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
from eiload.scenario.watched import Watched

__all__ = ["Observed", "observed"]


@dataclass(frozen=True, slots=True)
class Observed:
    """An objective on one target."""

    objective: Objective
    target: str
    unit: str
    """Of value and limit: ``seconds``, ``ratio`` (a share of 1) or ``per_second``."""
    value: float
    """NaN where there is none."""
    limit: float


def observed(
    scenario: Scenario, totals: Totals, elapsed_s: float, answers: Mapping[str, Answers]
) -> Iterator[Observed]:
    """Yield what was measured of each objective that is a number.

    Args:
        scenario: whose objectives.
        totals: what was counted.
        elapsed_s: up to when, s from the start of the load.
        answers: sampled ones, by target's name.
    """
    for objective in scenario.objectives:
        for index, name in enumerate(scenario.targets):
            metric = objective.metric
            if isinstance(metric, Versions | Watched) or not scenario.concerns(objective, name):
                continue
            if isinstance(metric, Agreement):
                value = _share(answers.get(name, Answers()))
                yield Observed(objective, name, "ratio", value, metric.at_least)
                continue
            part = _Part(scenario, totals, objective, index)
            yield Observed(objective, name, *_measured(metric, part, elapsed_s))


def _share(answers: Answers) -> float:
    return answers.agreed / answers.compared if answers.compared else math.nan


class _Part:
    """The requests that an objective is on, of one target."""

    def __init__(
        self, scenario: Scenario, totals: Totals, objective: Objective, target: int
    ) -> None:
        self._scenario = scenario
        self._totals = totals
        self._target = target
        self._phase = objective.phase
        self._phases = scenario.judged(objective.phase)
        self._class = (
            None
            if objective.of_class is None
            else scenario.payload.classes.index(objective.of_class)
        )
        self.statuses: dict[Status, int] = {}
        for cell, statuses in totals.statuses():
            if self._has(cell):
                for status, number in statuses.items():
                    self.statuses[status] = self.statuses.get(status, 0) + number

    def _has(self, cell: Cell) -> bool:
        of_class = self._class in {None, cell.of_class}
        return cell.target == self._target and cell.phase in self._phases and of_class

    @property
    def total(self) -> int:
        """Return how many requests have ended."""
        return sum(self.statuses.values())

    @property
    def good(self) -> int:
        """Return how many of them OK."""
        return self.statuses.get(Status.OK, 0)

    def times(self, of: str) -> Counts:
        """Return their response or service times."""
        found = Counts()
        kind = Kind.SERVICE if of == "service" else Kind.RESPONSE
        for cell, times in self._totals.times(kind):
            if self._has(cell):
                found.add(*times.counts.held())
        found.failed = self.total - self.good
        return found

    def seconds(self, elapsed_s: float) -> float:
        """Return for how long their phases have been on."""
        return self._scenario.judged_s(elapsed_s, self._phase)


def _measured(
    metric: Quantile | Mean | Max | Share | Throughput, part: _Part, elapsed_s: float
) -> tuple[str, float, float]:
    """Return unit, value and limit."""
    match metric:
        case Quantile(q, of, limit_ns):
            value_ns = part.times(of).quantile_ns(q) if reportable(q, part.total) else math.nan
        case Mean(of, limit_ns):
            value_ns = part.times(of).mean_ns()
        case Max(of, limit_ns):
            value_ns = part.times(of).max_ns()
        case Share(of, limit):
            bad = part.total - part.good
            number = part.statuses.get(Status.DROPPED, 0) if of == "dropped" else bad
            return "ratio", number / part.total if part.total else math.nan, limit
        case Throughput(at_least):
            seconds = part.seconds(elapsed_s)
            return "per_second", part.good / seconds if seconds else math.nan, at_least
    return "seconds", value_ns / NS_PER_S, limit_ns / NS_PER_S
