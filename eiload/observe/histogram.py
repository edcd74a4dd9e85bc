"""Histograms of servers: an exact mean, and quantiles as what they are, between two limits.

What it knows: cumulative buckets, differences between readings. What it must not know: what was
measured. Pure.

TensorFlow Serving's buckets are a factor 1.8 wide: a p99 "of 95 ms" made from them by interpolation
would be anything from 67 to 121 ms. So a quantile here is an interval, never a point. The mean is
the sum over the count, and exact.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from eiload.observe.growth import Growth, Window
from eiload.record.observed import Floats, Series

__all__ = ["Bounds", "Histogram", "difference", "histogram", "totals"]


@dataclass(frozen=True, slots=True)
class Bounds:
    """Between what a number lies."""

    low: float
    high: float

    def times(self, factor: float) -> "Bounds":
        """Return both multiplied."""
        return Bounds(self.low * factor, self.high * factor)


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """Values by bucket."""

    limits: Floats
    """Upper limits, ascending, the last one infinite; shape (buckets,)."""
    counts: Floats
    """Values in each bucket alone, shape (buckets,)."""
    sum: float

    @property
    def count(self) -> float:
        """Return the number of values."""
        return float(self.counts.sum())

    @property
    def mean(self) -> float:
        """Return the exact mean; NaN of no values."""
        return self.sum / self.count if self.count else math.nan

    def quantile(self, q: float) -> Bounds:
        """Return between what the value of rank ``ceil(q * count)`` lies; NaN of no values."""
        if not self.count:
            return Bounds(math.nan, math.nan)
        rank = max(1.0, math.ceil(q * self.count - 1e-9))
        at = int(np.searchsorted(np.cumsum(self.counts), rank - 1e-6))
        at = min(at, len(self.limits) - 1)
        return Bounds(float(self.limits[at - 1]) if at else 0.0, float(self.limits[at]))

    def surely_over(self, limit: float) -> float:
        """Return how many values are certainly not below a limit."""
        lower = np.concatenate([[0.0], self.limits[:-1]])
        return float(self.counts[lower >= limit].sum())

    def perhaps_over(self, limit: float) -> float:
        """Return how many values are not certainly below a limit."""
        return float(self.counts[self.limits > limit].sum())

    def plus(self, other: "Histogram") -> "Histogram":
        """Return both together.

        Raises:
            ValueError: their buckets differ: they are of different versions of a server.
        """
        if not np.array_equal(self.limits, other.limits):
            raise ValueError("histograms with different buckets: different versions of the server")
        return Histogram(self.limits, self.counts + other.counts, self.sum + other.sum)


def histogram(
    growth: Growth, name: str, windows: Sequence[Window], **labels: str
) -> Histogram | None:
    """Return what came to a source's histogram in some windows; None where it has no such one.

    Series that differ in further labels are added up.

    Raises:
        ValueError: it contradicts itself: a bucket fell, or the count is not that of all buckets.
    """
    source = growth.source
    buckets = source.named(f"{name}_bucket", **labels)
    if not buckets:
        return None
    by_limit: dict[float, float] = {}
    for each in buckets:
        limit = float(each.label("le").replace("Inf", "inf"))
        by_limit[limit] = by_limit.get(limit, 0.0) + _grown(growth, [each], windows)
    limits = np.array(sorted(by_limit))
    cumulative = np.array([by_limit[limit] for limit in limits])
    counts = np.diff(cumulative, prepend=0.0)
    total = _grown(growth, source.named(f"{name}_count", **labels), windows)
    if (counts < -0.5).any() or (len(limits) and abs(cumulative[-1] - total) > 0.5):
        raise ValueError(f"{name}: the buckets do not add up to the count")
    summed = _grown(growth, source.named(f"{name}_sum", **labels), windows)
    return Histogram(limits, np.maximum(counts, 0.0), summed)


def totals(growth: Growth, name: str, windows: Sequence[Window], **labels: str) -> Histogram | None:
    """Return the same as one bucket, for who wants no more than the mean; it takes a tenth."""
    counts = growth.source.named(f"{name}_count", **labels)
    if not counts:
        return None
    counted = np.array([_grown(growth, counts, windows)])
    summed = _grown(growth, growth.source.named(f"{name}_sum", **labels), windows)
    return Histogram(np.array([math.inf]), counted, summed)


def _grown(growth: Growth, series: Iterable[Series], windows: Sequence[Window]) -> float:
    return sum(growth.grown(each, window) for each in series for window in windows)


def difference(
    whole: Sequence[Bounds], part: Sequence[Bounds], qs: Sequence[float], q: float
) -> Bounds:
    """Return between what the quantile `q` of a difference lies, if nobody knows how both go along.

    With nothing but the quantiles of a time and of a part of it, the rest's quantiles are bounded,
    and no better bounds exist (Makarov, *Estimates for the distribution function of a sum of two
    random variables when the marginal distributions are fixed*, Theory of Probability and its
    Applications 26, 1982; Williamson & Downs, *Probabilistic arithmetic*, 1990). A part is never
    longer than its whole, so the rest is not below zero.

    Args:
        whole: quantiles of the time, in the order of `qs`.
        part: of the part of it likewise.
        qs: which quantiles, ascending; the more of them, the closer the bounds.
        q: the one that is asked for; one of `qs`.
    """
    high, low = math.inf, 0.0
    for u, of_whole in zip(qs, whole, strict=True):
        for v, of_part in zip(qs, part, strict=True):
            if u >= q and v <= u - q + 1e-12:
                high = min(high, of_whole.high - of_part.low)
            if u <= q and v > 1 + u - q + 1e-12:
                low = max(low, of_whole.low - of_part.high)
    return Bounds(low, max(low, high))
