"""The times of one target's requests over some phases: what statistics are made of."""

from dataclasses import dataclass, replace

import numpy as np

from eiload.record.buckets import Ints, bucket_mid_ns

__all__ = ["BEYOND", "Sample", "supports"]

BEYOND = 20
"""Requests that must be expected beyond a quantile before it is a number: n (1 - q) >= 20."""

SORTED = 1_000
"""Up to so many entries are sorted, a second's in microseconds. Counting, by all buckets that there
are, is linear: sorting a day's worth takes seconds."""


def supports(q: float, n: int) -> bool:
    """Tell whether `n` requests support the quantile `q` as a number: 20 of them lie beyond it."""
    return n * (1 - q) >= BEYOND - 1e-9


@dataclass(frozen=True, slots=True)
class Sample:
    """The requests of one target over some phases, by second of their intended instant.

    Seconds are numbered 0..seconds-1 through the chosen phases, one after the other.
    `second`, `bucket`, `count` are parallel int64 arrays of the requests whose time is known: those
    that ended OK, or, for a lag, all that were sent.
    """

    seconds: int
    second: Ints
    bucket: Ints
    count: Ints
    bad: Ints
    """Per second, shape (seconds,): requests that ended any other way; slower than everything.
    None of a lag."""
    sum_ns: int
    min_ns: int
    max_ns: int
    """Exact sum, minimum and maximum of the OK requests; 0 when there are none."""

    @property
    def good(self) -> int:
        """Return the number of requests that ended OK."""
        return int(self.count.sum())

    @property
    def total(self) -> int:
        """Return the number of requests, however they ended."""
        return self.good + int(self.bad.sum())

    def answered(self) -> "Sample":
        """Return the requests that ended OK, without the others."""
        return replace(self, bad=np.zeros_like(self.bad))

    def quantile_ns(self, q: float) -> float:
        """Return the time that a share `q` of all requests did not exceed, ns.

        The value of rank ``ceil(q * total)``; infinity when that request did not end OK; NaN when
        there are no requests. Within 0.05 % of the exact value.
        """
        if self.total == 0:
            return float("nan")
        rank = max(1, int(np.ceil(q * self.total - 1e-9)))
        if rank > self.good:
            return float("inf")
        value = float(bucket_mid_ns(np.array([self._bucket_of(rank)]))[0])
        return min(max(value, float(self.min_ns)), float(self.max_ns))

    def _bucket_of(self, rank: int) -> int:
        """Return the bucket of the OK request of this rank, from 1 to `good`."""
        if len(self.bucket) < SORTED:
            order = np.argsort(self.bucket)
            return int(self.bucket[order[np.searchsorted(np.cumsum(self.count[order]), rank)]])
        reached = np.cumsum(np.bincount(self.bucket, weights=self.count))
        return int(np.searchsorted(reached, rank))

    def mean_ns(self) -> float:
        """Return the exact mean of the OK requests, ns; NaN when there are none."""
        return self.sum_ns / self.good if self.good else float("nan")

    def per_second(self) -> Ints:
        """Return per second, shape (seconds,), how many requests were due."""
        per_second = np.bincount(self.second, self.count, self.seconds)
        return np.asarray(per_second, np.int64) + self.bad
