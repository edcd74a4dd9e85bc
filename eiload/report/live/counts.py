"""Times counted in buckets, as many as come, in memory that does not grow with their number.

What it knows: buckets (`record.buckets`). What it must not know: targets, phases, when.
"""

from collections.abc import Iterable

import numpy as np

from eiload.record.buckets import BUCKETS, Ints, bucket_mid_ns

__all__ = ["Counts", "quantile_ns"]

SPARE = 512
"""Buckets more than asked for at either end, so that the array is not made anew each time."""


def quantile_ns(buckets: Ints, counts: Ints, failed: int, q: float) -> float:
    """Return the time that a share `q` of requests did not exceed, ns.

    The value of rank ``ceil(q * all)``; infinity when that request failed; NaN of none.

    Args:
        buckets: ascending.
        counts: how many requests each has, all of them OK.
        failed: requests beside them, which are slower than everything.
        q: in (0, 1).
    """
    reached = np.cumsum(counts)
    good = int(reached[-1]) if len(reached) else 0
    if not good + failed:
        return float("nan")
    rank = max(1, int(np.ceil(q * (good + failed) - 1e-9)))
    if rank > good:
        return float("inf")
    return float(bucket_mid_ns(buckets[np.searchsorted(reached, [rank])])[0])


class Counts:
    """The requests of one target over some phases: those that ended OK by time, and the others."""

    def __init__(self) -> None:
        self.failed = 0
        """Requests that did not end OK."""
        self.good = 0
        """Those counted in the buckets."""
        self._first = 0
        self._counts: Ints = np.zeros(0, np.int64)

    @property
    def total(self) -> int:
        """Return how many requests there are."""
        return self.good + self.failed

    def add(self, buckets: Ints, counts: Ints) -> None:
        """Count requests that ended OK, in any order."""
        if not len(buckets):
            return
        self._reach(int(buckets.min()), int(buckets.max()))
        np.add.at(self._counts, buckets - self._first, counts)
        self.good += int(counts.sum())

    def quantile_ns(self, q: float) -> float:
        """Return a quantile of all requests, ns (`quantile_ns`)."""
        buckets = np.arange(self._first, self._first + len(self._counts))
        return quantile_ns(buckets, self._counts, self.failed, q)

    def quantiles_ns(self, qs: Iterable[float]) -> list[float]:
        """Return several of them."""
        return [self.quantile_ns(q) for q in qs]

    def mean_ns(self) -> float:
        """Return the mean of those that ended OK, ns, within 0.05 %; NaN of none."""
        if not self.good:
            return float("nan")
        buckets = np.arange(self._first, self._first + len(self._counts))
        return float(bucket_mid_ns(buckets) @ self._counts) / self.good

    def max_ns(self) -> float:
        """Return the slowest of those that ended OK, ns, within 0.05 %; NaN of none."""
        if not self.good:
            return float("nan")
        last = self._first + int(np.flatnonzero(self._counts)[-1])
        return float(bucket_mid_ns(np.array([last]))[0])

    def share_over(self, limit_ns: float) -> float:
        """Return the share of all requests that took longer than a limit or failed; NaN of none."""
        if not self.total:
            return float("nan")
        buckets = np.arange(self._first, self._first + len(self._counts))
        over = int(self._counts[bucket_mid_ns(buckets) > limit_ns].sum())
        return (over + self.failed) / self.total

    def _reach(self, low: int, high: int) -> None:
        """Have room for buckets from `low` to `high`."""
        end = self._first + len(self._counts)
        if len(self._counts) and self._first <= low and high < end:
            return
        if len(self._counts):
            low, high = min(low, self._first), max(high, end - 1)
        first, last = max(0, low - SPARE), min(BUCKETS - 1, high + SPARE)
        counts = np.zeros(last - first + 1, np.int64)
        if len(self._counts):
            at = self._first - first
            counts[at : at + len(self._counts)] = self._counts
        self._first, self._counts = first, counts
