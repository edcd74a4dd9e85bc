"""Which trial is next: explore, then prove both ends of the bracket.

Pure: the same bounds, targets and trials give the same answer, so that a search that was killed
goes on from the journal of its trials. What it must not know: how a trial is run or judged.

Why not bisection. Who halves the range by what one trial has observed, once a rate (MLPerf's
FindPeakPerformance), calls a rate good that is beyond the capacity in 46 to 77 % of searches: near
the capacity an observed quantile is as likely under the limit as over it, and the last words are
spoken there (docs/statistics.md, "The capacity"). So here:

1. Short trials explore, and prove nothing: some over the whole range, in an order that neither
   rises nor falls with time, then closer. `estimate` has about where the capacity is.
2. Trials that go on until decided prove both ends, a little below and above the estimate. Where
   one stays undecided, the next is further off: what is nearer, a trial of that length cannot
   tell. A word that was not expected moves the other end, and the estimate.
3. The errors that the search may make are spent over the trials that prove: a quarter by each of
   the first two, an eighth by each of the next two, and so on. A trial can be wrong in one way
   only, since its rate is either below the capacity or not, so however many there are, all
   together err at most as often (Bonferroni).

Targets take turns: whoever has had the least time is next, so that what changes with the hour
meets all of them. A rate that the generator did not manage twice is not exceeded. A target that
died is left alone.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from eiload.judging.capacity.bounds import Bounds
from eiload.judging.capacity.rates import Proof, Rates
from eiload.judging.capacity.trial import Purpose, Trial

__all__ = ["Ask", "next_trial"]

EXPLORE_SHARE = 0.4
"""Of a target's share of the budget that exploring may take."""

STEP_S = 60.0
"""Trials that prove take at most whole minutes: seconds decide nothing, and lengths that come back
have levels that are known already."""

SPARE = 0.5
"""Of a trial: what is held back for one more when the rest of the budget is divided."""


@dataclass(frozen=True, slots=True)
class Ask:
    """The next trial."""

    number: int
    target: str
    rate_per_s: float
    purpose: Purpose
    at_least_s: float
    """When it is looked at first, of what it measures."""
    at_most_s: float
    """How long it measures at most; `at_least_s` where it is not to be decided."""
    alpha: float
    """How often its word may be wrong, by all of its looks; 0 of one that explores."""


def next_trial(bounds: Bounds, targets: Sequence[str], trials: Sequence[Trial]) -> Ask | None:
    """Return the next trial of a search; None if it has ended.

    Args:
        bounds: of the search.
        targets: their names, each once.
        trials: those that have ended, in any order.
    """
    took_s = {name: _took_s(trials, name) for name in targets}
    each = [Rates.of(bounds, name, trials) for name in targets]
    open_ = [one for one in each if _wants(one)]
    left_s = bounds.budget_s - sum(trial.took_s for trial in trials)
    shared_s = left_s + sum(took_s[one.target] for one in open_)
    random.Random(f"{bounds.seed} {len(trials)}").shuffle(open_)  # noqa: S311  # an order, no secret
    for one in sorted(open_, key=lambda one: took_s[one.target]):
        mine_s = min(left_s, shared_s / len(open_) - took_s[one.target])
        ask = _ask(one, mine_s, shared_s / len(open_), len(trials))
        if ask is not None:
            return ask
    return None


def _took_s(trials: Sequence[Trial], target: str) -> float:
    return sum(trial.took_s for trial in trials if trial.target == target)


def _wants(one: Rates) -> bool:
    """Tell whether there is anything left to find at a target, whatever it takes."""
    return not one.died and bool(one.proving())


def _ask(one: Rates, left_s: float, share_s: float, number: int) -> Ask | None:
    """Return a target's next trial; None if there is no time for one.

    Args:
        one: the target.
        left_s: of the budget, for it.
        share_s: that it had and has in all.
        number: of the trial.
    """
    bounds, again = one.bounds, one.again
    rate = one.exploring()
    if again is not None:
        rate = again.rate_per_s if again.purpose is Purpose.EXPLORE else None
    costs_s = bounds.explore_s + bounds.overhead_s
    explored_s = sum(trial.took_s for trial in one.explored)
    may = not one.explored or explored_s + costs_s <= EXPLORE_SHARE * share_s
    proving = one.proving()
    untried = not any(trial.purpose is Purpose.CONFIRM for trial in one.mine)
    if rate is not None and may and untried and costs_s <= left_s:
        length_s = bounds.explore_s
        return Ask(number, one.target, rate, Purpose.EXPLORE, length_s, length_s, 0.0)
    if again is not None and again.purpose is Purpose.CONFIRM:
        proving = [Proof(again.rate_per_s, bounds.at_least_s), *proving]
    most_s = left_s / (len(proving) + SPARE) - bounds.overhead_s
    most_s = min(max(most_s, bounds.at_least_s), bounds.at_most_s, left_s - bounds.overhead_s)
    if most_s > bounds.at_least_s:
        most_s = max(bounds.at_least_s, most_s - most_s % STEP_S)
    for proof in proving:
        if most_s >= max(proof.least_s, bounds.at_least_s):
            return Ask(
                number, one.target, proof.rate_per_s, Purpose.CONFIRM, bounds.at_least_s, most_s,
                _alpha(bounds, one.mine),
            )  # fmt: skip
    return None


def _alpha(bounds: Bounds, mine: Sequence[Trial]) -> float:
    """Return what the next trial that proves may spend of the error rate."""
    spent = sum(trial.purpose is Purpose.CONFIRM and trial.used is not None for trial in mine)
    return bounds.error_rate / 4 * 0.5 ** (spent // 2)
