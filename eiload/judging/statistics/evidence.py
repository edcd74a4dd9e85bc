"""How many independent requests an observed share is worth, and so between which limits it lies.

What it knows: counts per block. What it must not know: what was counted, verdicts. How long runs
come by their worth is `shares`'; that of short ones is here (docs/statistics.md, "Short runs").
"""

import math
from typing import NamedTuple

import numpy as np

from eiload.judging.statistics import blocks, independent
from eiload.judging.statistics.cut import MIN_BLOCK_S, Floats, coarse
from eiload.judging.statistics.levels import Levels

__all__ = ["Evidence", "needed", "short"]

LEAST_SHORT_S, SECONDS_WORTH = 10, 5
"""From the first on a second of a short run may count as an observation, below only so many."""

MAX_TIMES_LONGER = 200.0
"""A run this many times longer is no advice: the share is as good as at the limit."""


def short(
    events: Floats, totals: Floats, lengths_s: Floats, sure: float, levels: Levels
) -> "Evidence":
    """Return the evidence of blocks that cannot pass anything; they may fail."""
    events, totals, lengths_s = (coarse(each) for each in (events, totals, lengths_s))
    n, occupied = float(totals.sum()), int(np.count_nonzero(totals))
    effect = independent.design_effect(events, totals) * independent.serial_factor(events, totals)
    widening = independent.t_widening(occupied, levels.fails) if occupied > 1 else 1.0
    # Long blocks that happen to be empty make no seconds of evidence: each counts as one.
    fine = lengths_s < MIN_BLOCK_S
    seconds = float(lengths_s[fine & (totals > 0)].sum()) + float(np.sum(~fine & (totals > 0)))
    long_enough = lengths_s.sum() >= LEAST_SHORT_S
    worth = seconds if long_enough else max(1.0, seconds // SECONDS_WORTH)
    to_fail = min(n / (effect * widening), worth) if n else 0.0
    share = float(events.sum()) / n if n else 0.0
    return Evidence(share, to_fail, n, levels.short_fails if long_enough else levels.fails, sure)


class Evidence(NamedTuple):
    """An observed share, and how many independent requests it is worth."""

    share: float
    to_fail: float
    to_pass: float
    sure_low: float
    sure: float

    def lower(self, times: float = 1.0) -> float:
        """Return the share's lower limit, for failing, as if the run had been `times` as long."""
        fails = self.to_fail * times
        return blocks.clopper_pearson(self.share * fails, fails, self.sure_low)[0]

    def upper(self, times: float = 1.0) -> float:
        """Return the share's upper limit, for passing, as if the run had been `times` as long."""
        passes = self.to_pass * times
        return blocks.clopper_pearson(self.share * passes, passes, self.sure)[1]


def needed(evidence: Evidence, n: int, allowed: float) -> int | None:
    """Return how many requests would decide it if the share stayed as observed; None if too many.

    Optimistic by half: the share will not stay as observed.
    """
    times = 1.0
    while times < MAX_TIMES_LONGER:
        times *= 1.1
        if evidence.upper(times) < allowed or evidence.lower(times) > allowed:
            return math.ceil(n * times)
    return None
