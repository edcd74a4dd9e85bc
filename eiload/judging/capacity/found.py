"""What a search has found: between which rates each target's capacity is, and what follows.

Pure, of the trials alone. The capacity is the largest rate at which the objectives hold. It is not
under the largest rate at which a trial has proved that they hold, and not over the smallest at
which one has proved that they fail; both together are wrong in at most the search's error rate
(`search`), if more load never makes it better. An end that nothing has proved is open: 0 or
infinite, and why.

A rate that the generator could not offer says nothing of the target, and where it was undecided,
nothing is known.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from eiload.judging.capacity.bounds import Bounds
from eiload.judging.capacity.estimate import estimate
from eiload.judging.capacity.trial import Purpose, Trial, TrialWord

__all__ = [
    "Between",
    "Bracket",
    "Open",
    "bracket",
    "ceiling",
    "per_million",
    "per_million_ratio",
    "ratio",
    "undecided",
]

S_PER_H, MILLION = 3600, 1_000_000

TWICE = 2
"""How often the generator must not manage a rate, for this rate to be beyond it: once may be a
moment's trouble of its machine."""

SAME = 1e-6
"""Rates that differ by less are the same."""


class Open(StrEnum):
    """Why nothing is proved on one side of the capacity."""

    HOLDS_EVERYWHERE = "the objectives hold everywhere in the range"
    FAILS_EVERYWHERE = "the objectives fail everywhere in the range"
    LIMITED = "the generator cannot offer more"
    DIED = "the target died"
    UNDECIDED = "trials there stayed undecided"
    BUDGET = "the budget ended before a trial there"


@dataclass(frozen=True, slots=True)
class Between:
    """Something that is at least `low` and at most `high`, but for an error rate."""

    low: float
    high: float
    error_rate: float
    """How often the whole procedure is wrong about it, at most."""


@dataclass(frozen=True, slots=True)
class Bracket:
    """Where a target's capacity is."""

    target: str
    low: float
    """Largest rate proved to hold, per second; 0 if none."""
    high: float
    """Smallest rate proved to fail, per second; infinite if none."""
    error_rate: float
    """Of the whole procedure: how often the capacity is not between the two, at most."""
    estimate: float | None
    """About where it is, by all trials: no claim; 0 or infinite if outside of all trials, None if
    nothing is known."""
    low_open: Open | None = None
    """Why nothing is proved to hold; None if something is."""
    high_open: Open | None = None
    """Why nothing is proved to fail; None if something is."""
    low_at: float | None = None
    """The rate that `low_open` is about, per second."""
    high_at: float | None = None
    contradicted: bool = False
    """Whether a rate was proved to fail under one that was proved to hold: more load made it
    better, or a trial's word is wrong. `low` is under both then."""


def ceiling(trials: Iterable[Trial]) -> float:
    """Return the smallest rate that the generator did not manage; infinite if there is none."""
    times: dict[float, int] = {}
    for trial in trials:
        if trial.word is TrialWord.LIMITED:
            times[trial.rate_per_s] = times.get(trial.rate_per_s, 0) + 1
    return min((rate for rate, n in times.items() if n >= TWICE), default=math.inf)


def bracket(bounds: Bounds, target: str, trials: Sequence[Trial]) -> Bracket:
    """Return where a target's capacity is.

    Args:
        bounds: of the search.
        target: its name.
        trials: of all targets.
    """
    mine = [trial for trial in trials if trial.target == target]
    proofs = [trial for trial in mine if trial.counts]
    fails = [each.rate_per_s for each in proofs if each.word is TrialWord.FAILS]
    holds = [each.rate_per_s for each in proofs if each.word is TrialWord.HOLDS]
    high = min(fails, default=math.inf)
    low = max((rate for rate in holds if rate < high), default=0.0)
    low_open = high_open = low_at = high_at = None
    about = estimate(mine)
    if not low:
        low_open, low_at = _why_low(bounds, mine, high)
    if math.isinf(high):
        high_open, high_at = _why_high(bounds, mine, low)
    return Bracket(
        target, low, high, bounds.error_rate, about, low_open, high_open, low_at, high_at,
        contradicted=any(rate > high for rate in holds),
    )  # fmt: skip


def _why_low(bounds: Bounds, mine: Sequence[Trial], high: float) -> tuple[Open, float | None]:
    if high <= bounds.low_per_s * (1 + SAME):
        return Open.FAILS_EVERYWHERE, high
    if (limit := ceiling(mine)) <= bounds.low_per_s * (1 + SAME):
        return Open.LIMITED, limit
    tried = [rate for rate in undecided(mine) if rate < high]
    return _why(mine, min(tried, default=None))


def _why_high(bounds: Bounds, mine: Sequence[Trial], low: float) -> tuple[Open, float | None]:
    if low >= bounds.high_per_s * (1 - SAME):
        return Open.HOLDS_EVERYWHERE, low
    if (limit := ceiling(mine)) < math.inf:
        return Open.LIMITED, limit
    tried = [rate for rate in undecided(mine) if rate > low]
    return _why(mine, max(tried, default=None))


def undecided(mine: Sequence[Trial]) -> list[float]:
    """Return the rates at which trials of a target were to prove something and did not."""
    return [
        trial.rate_per_s
        for trial in mine
        if trial.purpose is Purpose.CONFIRM and trial.word is TrialWord.UNDECIDED
    ]


def _why(mine: Sequence[Trial], tried: float | None) -> tuple[Open, float | None]:
    for trial in mine:
        if trial.word is TrialWord.DIED:
            return Open.DIED, trial.rate_per_s
    return (Open.BUDGET, None) if tried is None else (Open.UNDECIDED, tried)


def ratio(candidate: Bracket, baseline: Bracket) -> Between:
    """Return how many times the baseline's capacity the candidate's is.

    From 0, or to infinity, where an end of a bracket is open. Wrong only where one of the brackets
    is, so at most as often as both together.
    """
    low = 0.0 if math.isinf(baseline.high) else candidate.low / baseline.high
    high = math.inf if not baseline.low else candidate.high / baseline.low
    return Between(low, high, candidate.error_rate + baseline.error_rate)


def per_million(of: Bracket, usd_per_h: float) -> Between:
    """Return what a million inferences cost on a target at its capacity, USD.

    The dearer end is what was shown: at the largest rate proved to hold; infinite if none is. At
    every rate up to the capacity all but what the objectives allow are good inferences.

    Args:
        of: the target's.
        usd_per_h: its price.
    """

    def at(rate_per_s: float) -> float:
        return usd_per_h / (rate_per_s * S_PER_H) * MILLION if rate_per_s else math.inf

    return Between(at(of.high), at(of.low), of.error_rate)


def per_million_ratio(capacities: Between, candidate_usd_per_h: float, usd_per_h: float) -> Between:
    """Return how many times the baseline's cost per million the candidate's is, each at capacity.

    Args:
        capacities: the candidate's capacity over the baseline's (`ratio`).
        candidate_usd_per_h: the candidate's price.
        usd_per_h: the baseline's, above 0.
    """
    prices = candidate_usd_per_h / usd_per_h
    low = prices / capacities.high
    high = prices / capacities.low if capacities.low else math.inf
    return Between(low, high, capacities.error_rate)
