"""What rounds give: medians with ranges, ratios round by round.

Pure. A round measures every contender once, one after the other; what disturbs the machine for
longer than a round disturbs all of them, so the ratio of two figures of one round says more than
the ratio of two means. The figure of a benchmark is the median over the rounds, shown with the
smallest and the largest.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

import numpy as np

T = TypeVar("T")

__all__ = ["Spread", "in_turn", "percentile", "ratios", "spread"]


@dataclass(frozen=True, slots=True)
class Spread:
    """A median and the range around it."""

    median: float
    low: float
    high: float
    rounds: int

    def text(self, digits: int = 2) -> str:
        """Return ``0.61 (0.55 .. 0.70)``, or a dash when there is nothing."""
        if not self.rounds:
            return "-"
        if self.rounds == 1:
            return f"{self.median:,.{digits}f}"
        return f"{self.median:,.{digits}f} ({self.low:,.{digits}f} .. {self.high:,.{digits}f})"


def spread(values: Sequence[float]) -> Spread:
    """Return the median and the range of the values that are numbers."""
    known = [value for value in values if not math.isnan(value)]
    if not known:
        return Spread(math.nan, math.nan, math.nan, 0)
    return Spread(median(known), min(known), max(known), len(known))


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> Spread:
    """Return the spread of ours / theirs, round by round; rounds without both are left out."""
    return spread([a / b if b else math.nan for a, b in zip(ours, theirs, strict=True)])


def in_turn(things: Sequence[T], turn: int) -> list[T]:
    """Return the things in an order that begins with another one each turn: A B C, B C A, ..."""
    if not things:
        return []
    first = turn % len(things)
    return [*things[first:], *things[:first]]


def percentile(values: Sequence[float], q: float) -> float:
    """Return the smallest value that a share `q` of all does not exceed; NaN of nothing."""
    if not len(values):
        return math.nan
    return float(np.quantile(np.asarray(values), q, method="inverted_cdf"))
