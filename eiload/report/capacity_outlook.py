"""What a capacity search could not prove, however its trials go: said before an hour is spent.

Pure: what trials are like and the search's bounds in, sentences out. An objective of a tail takes
so many requests to be proved to hold (`outlook.needed`), and a trial at a low rate, of a length
that the bounds allow, may not have them. That it fails takes less.
"""

from collections.abc import Iterator

from eiload.base import wording
from eiload.base.clock import NS_PER_S
from eiload.judging.capacity.bounds import Bounds
from eiload.judging.statistics.needs import Need
from eiload.report import outlook
from eiload.scenario import Objective, Quantile, Scenario, Share
from eiload.scenario.trial import Model
from eiload.scenario.until import Until
from eiload.scenario.until_field import Length

__all__ = ["notes"]

ENDS = 2
"""A target's time goes to two trials that prove, as one for each end, and to those that explore."""


def notes(model: Model, bounds: Bounds) -> tuple[str, ...]:
    """Return what a reader must know of a search: what its trials leave out, and cannot prove."""
    return (*model.notes, *dict.fromkeys(_beyond(model, bounds)))


def _beyond(model: Model, bounds: Bounds) -> Iterator[str]:
    scenario = model.scenario
    mine_s = bounds.budget_s / len(scenario.targets)
    longest_s = min(bounds.at_most_s, max(mine_s / ENDS - bounds.overhead_s, bounds.at_least_s))
    more = "longer trials ('trial')" if longest_s >= bounds.at_most_s else "a larger budget"
    for target in scenario.targets:
        trials = {
            rate: _trial(model, bounds, target, rate, longest_s)
            for rate in (bounds.low_per_s, bounds.high_per_s)
        }
        for objective in model.objectives(target):
            low, high = (_need(trials[rate], objective) for rate in trials)
            if low is None or high is None or low.seconds <= longest_s:
                continue
            span = wording.span(longest_s)
            if high.seconds > longest_s:
                takes = f"{wording.span(high.seconds)} at {wording.rate(bounds.high_per_s)}"
                yield (
                    f"no trial can prove that {objective.said} holds: it takes at least {takes},"
                    f" and trials are of about {span} at most; expected {more}"
                )
            else:
                takes = wording.count(low.requests, "request")
                rate = wording.rate(low.requests / longest_s)
                yield (
                    f"{objective.said} cannot be proved to hold under about {rate}: it takes at"
                    f" least {takes}, and trials are of about {span} at most; for lower rates"
                    f" expected {more}"
                )


def _trial(
    model: Model, bounds: Bounds, target: str, rate_per_s: float, longest_s: float
) -> Scenario:
    until = Until(at_least_ns=round(bounds.at_least_s * NS_PER_S), error=bounds.error_rate / 4)
    return model.trial(0, target, rate_per_s, 0, Length(round(longest_s * NS_PER_S), until))


def _need(trial: Scenario, objective: Objective) -> Need | None:
    """Return what it takes at least; None where that is no number of requests."""
    if not isinstance(objective.metric, Quantile | Share):
        return None
    phases = outlook.measured(trial, objective.phase)
    share = outlook.least_share(trial, objective, phases)
    need = outlook.needed(objective, phases, share=share)
    return need if need.requests else None
