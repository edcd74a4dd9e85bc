"""Which rates a search tries next at one target: to see about where its capacity is, and to prove.

Pure, of the trials so far. What it must not know: how long a trial may take, whose turn it is.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from eiload.judging.capacity.bounds import Bounds
from eiload.judging.capacity.found import SAME, Bracket, bracket, ceiling, undecided
from eiload.judging.capacity.trial import Purpose, Trial, TrialWord

__all__ = ["Proof", "Rates"]

GRID, APART = 4, 2.0
"""How many rates over the whole range are tried first, at most, and at least how far apart."""

EXPLORE_AT_MOST = 10
"""Trials of a target that explore."""

CLOSE = 1.25
"""Exploring ends when the rates around the estimate are within this factor."""

MIDDLE = 0.25
"""The next rate between two is at least this share of the way from either."""

ENOUGH, LEAST_STEP = 1.1, 0.02
"""A bracket is not narrowed any more where its ends are within the first, as a factor, or one of
them would come nearer by less than the second, as a logarithm."""

LONGER = 2.0
"""So many times as long as a proof took, one takes at least that is half as far from the capacity:
times go with the square of what is to be told apart, and no trial is worth its time that could
only have luck."""

UNDER, OVER, FURTHER = 0.25, 0.12, 1.6
"""The first rates that are to be proved are so far under and over the estimate, as logarithms;
after each trial that stayed undecided the next one is so many times as far. It takes longer to
prove that something holds."""


class Proof(NamedTuple):
    """A rate that is worth a trial that proves something."""

    rate_per_s: float
    least_s: float
    """It is not worth one that may not measure so long."""


@dataclass(frozen=True)
class Rates:
    """One target of a search, by its trials so far."""

    bounds: Bounds
    target: str
    mine: Sequence[Trial]
    """Its trials, by number."""
    found: Bracket
    top_per_s: float
    """No trial at this rate or above; where the generator is not the limit, above it."""
    limited: bool
    """Whether the generator is what limits it."""

    @staticmethod
    def of(bounds: Bounds, target: str, trials: Sequence[Trial]) -> "Rates":
        """Return what the trials of all targets say of one."""
        mine = sorted(
            (trial for trial in trials if trial.target == target), key=lambda each: each.number
        )
        limit = ceiling(mine)
        limited = limit <= bounds.high_per_s * (1 + SAME)
        top = limit if limited else bounds.high_per_s
        return Rates(bounds, target, mine, bracket(bounds, target, trials), top, limited)

    @property
    def died(self) -> bool:
        """Tell whether the target died: nothing more is tried."""
        return any(trial.word is TrialWord.DIED for trial in self.mine)

    @property
    def again(self) -> Trial | None:
        """Return the trial that is repeated, because the generator did not manage it once."""
        last = self.mine[-1] if self.mine else None
        if last is None or last.word is not TrialWord.LIMITED or last.rate_per_s >= self.top_per_s:
            return None
        return last

    @property
    def explored(self) -> list[Trial]:
        """Return the trials that explored."""
        return [trial for trial in self.mine if trial.purpose is Purpose.EXPLORE]

    # -- to see where ------------------------------------------------------------------------------

    def exploring(self) -> float | None:
        """Return the next rate of a trial that explores, per second; None if it is near enough."""
        if len(self.explored) >= EXPLORE_AT_MOST:
            return None
        return self._of_grid() or self._closer()

    def _of_grid(self) -> float | None:
        """Return the next rate of those over the whole range.

        What is over a rate that failed, or under one that held, however briefly, is not asked.
        """
        low, high = self.bounds.low_per_s, self.bounds.high_per_s
        random = Random(f"{self.bounds.seed} {self.target}")  # noqa: S311  # an order, no secret
        count = max(1, min(GRID, round(math.log(high / low, APART))))
        rates = [
            low * (high / low) ** ((k + random.uniform(0.3, 0.7)) / count) for k in range(count)
        ]
        order = rates[:]
        while len(order) > 2 and (order in (rates, rates[::-1]) or order[0] == rates[-1]):
            random.shuffle(order)  # neither up nor down, and not first what may be far too much
        words = {word: [t.rate_per_s for t in self.mine if t.word is word] for word in TrialWord}
        fails = min([*words[TrialWord.FAILS], self.top_per_s * (1 + SAME)])
        holds = max([*words[TrialWord.HOLDS], 0.0])
        tried = [t.rate_per_s for t in self.mine if t.word is not TrialWord.REVIVED]
        return next(
            (
                rate
                for rate in order
                if holds < rate < fails and not any(_same(rate, each) for each in tried)
            ),
            None,
        )

    def _closer(self) -> float | None:
        """Return a rate between the two around the estimate; None where they are close."""
        tried = [trial.rate_per_s for trial in self.mine if trial.word.tells]
        about = self.about()
        below = max([rate for rate in tried if rate <= about], default=self.bounds.low_per_s)
        above = min([rate for rate in tried if rate > about], default=self.top_per_s)
        if above <= below * CLOSE:
            return None
        way = math.log(about / below) / math.log(above / below)
        if not tried or not min(tried) <= about < max(tried):
            way = 0.5
        return below * math.exp(min(max(way, MIDDLE), 1 - MIDDLE) * math.log(above / below))

    def about(self) -> float:
        """Return the estimate, within what is possible and may be tried; if none, the middle."""
        low, top = self.bounds.low_per_s, self.top_per_s
        at = self.found.estimate
        if at is None:
            at = math.sqrt(low * top)
        at = min(max(at, self.found.low, low), self.found.high, top)
        return max(at, low)

    # -- to prove ----------------------------------------------------------------------------------

    def proving(self) -> list[Proof]:
        """Return what is to be proved: nothing, or something of one side or of both.

        The one to be tried first comes first: the upper one, whose trial ends sooner as a rule, but
        for a target that seems to fail everywhere. Once both ends are proved, the bracket is
        narrowed, from the side that is further off.
        """
        if self.found.low and not math.isinf(self.found.high):
            return self._narrowing()
        rates = [self._upper(), self._lower()]
        if self.found.estimate is not None and self.found.estimate <= self.bounds.low_per_s:
            rates.reverse()
        return [Proof(rate, self.bounds.at_least_s) for rate in rates if rate is not None]

    def _lower(self) -> float | None:
        """Return the rate that is to be proved to hold; None if one is, or none can be."""
        least = self.bounds.low_per_s
        if self.found.low or self.found.high <= least * (1 + SAME):
            return None
        if self.limited and self.top_per_s <= least * (1 + SAME):
            return None
        about = self.about()
        tried = [rate for rate in undecided(self.mine) if rate <= about]
        if any(_same(rate, least) for rate in tried):
            return None
        rate = about * math.exp(-UNDER * FURTHER ** len(tried))
        if tried:
            rate = min(rate, min(tried) * math.exp(-UNDER))
        return max(rate, least)

    def _upper(self) -> float | None:
        """Return the rate that is to be proved to fail; None if one is, or none can be."""
        most = self.bounds.high_per_s
        if not math.isinf(self.found.high) or self.found.low >= most * (1 - SAME):
            return None
        about = self.about()
        tried = [rate for rate in undecided(self.mine) if rate > about or _same(rate, most)]
        if any(_same(rate, most) for rate in tried):
            return None
        rate = about * math.exp(OVER * FURTHER ** len(tried))
        if tried:
            rate = max(rate, max(tried) * math.exp(OVER))
        if self.limited:
            return rate if rate < self.top_per_s * (1 - SAME) else None
        return min(rate, most)

    def _narrowing(self) -> list[Proof]:
        """Return rates half as far from the estimate as the ends that are proved."""
        low, high, about = self.found.low, self.found.high, self.about()
        if high <= low * ENOUGH:
            return []
        found = []
        for end in (low, high):
            between = sorted((end, about))
            open_ = any(between[0] <= rate <= between[1] for rate in undecided(self.mine))
            far = abs(math.log(end / about))
            if not open_ and far > 2 * LEAST_STEP:
                seconds = max(trial.seconds for trial in self.mine if _same(trial.rate_per_s, end))
                found.append((far, Proof(math.sqrt(end * about), LONGER * seconds)))
        return [proof for _, proof in sorted(found, reverse=True)]


def _same(one: float, other: float) -> bool:
    return abs(one - other) <= SAME * max(one, other)
