"""Times counted in buckets, as many as come, in memory that does not grow with their number.

What it knows: buckets (`record.buckets`). What it must not know: targets, phases, when.
"""

import math

import numpy as np

from eiload.record.buckets import BUCKETS, Ints, bucket_mid_ns, bucket_of

__all__ = ["Counts", "quantile_ns", "together"]

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
    return _ranked(np.cumsum(counts), failed, q, buckets)


def _ranked(reached: Ints, failed: int, q: float, buckets: Ints | int) -> float:
    """Return a quantile by how many requests there are up to each bucket.

    `buckets` are these buckets, or the first of them where there is one after the other.
    """
    good = int(reached[-1]) if len(reached) else 0
    if not good + failed:
        return float("nan")
    rank = max(1, math.ceil(q * (good + failed) - 1e-9))
    if rank > good:
        return float("inf")
    at = int(np.searchsorted(reached, rank))
    bucket = buckets + at if isinstance(buckets, int) else int(buckets[at])
    return float(bucket_mid_ns(np.array([bucket]))[0])


def together(buckets: Ints, counts: Ints) -> tuple[Ints, Ints]:
    """Return counts in any order by bucket, ascending, each bucket once."""
    if not len(buckets):
        return buckets, counts
    first = int(buckets.min())
    sums = np.bincount(buckets - first, counts)  # linear; there are not many buckets
    found = np.flatnonzero(sums)
    return found + first, sums[found].astype(np.int64)


class Counts:
    """The requests of one target over some phases: those that ended OK by time, and the others."""

    def __init__(self) -> None:
        self.failed = 0
        """Requests that did not end OK."""
        self.good = 0
        """Those counted in the buckets."""
        self._first = 0
        self._counts: Ints = np.zeros(0, np.int64)
        self._reached: Ints | None = None

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
        self._reached = None
        self.good += int(counts.sum())

    def held(self) -> tuple[Ints, Ints]:
        """Return the buckets of those that ended OK, ascending, and how many each has."""
        found = np.flatnonzero(self._counts)
        return found + self._first, self._counts[found]

    def quantile_ns(self, q: float) -> float:
        """Return a quantile of all requests, ns (`quantile_ns`)."""
        return _ranked(self._up_to(), self.failed, q, self._first)

    def answered_ns(self, q: float) -> float:
        """Return a quantile of those that ended OK alone, ns; NaN of none."""
        return _ranked(self._up_to(), 0, q, self._first)

    def _up_to(self) -> Ints:
        """Return how many requests there are up to each bucket."""
        if self._reached is None:
            self._reached = np.cumsum(self._counts)
        return self._reached

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
        last = int(bucket_of(np.array([limit_ns], np.int64))[0]) - self._first
        if last >= 0 and bucket_mid_ns(np.array([last + self._first]))[0] > limit_ns:
            last -= 1  # a bucket is over a limit when its middle is
        reached = self._up_to()
        under = int(reached[min(last, len(reached) - 1)]) if last >= 0 and len(reached) else 0
        return (self.good - under + self.failed) / self.total

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
