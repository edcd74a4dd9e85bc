"""Our buckets as others have them: exponential ones, and classic ones with fixed bounds.

What it knows: arithmetic. What it must not know: what the times are of.

Exponential buckets are OpenTelemetry's (specification, metrics/data-model, "ExponentialHistogram")
and Prometheus' native ones, which are the same but for how they are numbered: bucket i of scale s
has the values in (b**i, b**(i + 1)], with b = 2**(2**-s). Ours are 0.1 % wide, theirs 2.2 % at
scale 5, so each of ours goes as a whole where its middle belongs: a value within 0.05 % of a bound
may count on its other side. Values are seconds.
"""

from typing import NamedTuple

import numpy as np

from eiload.base.clock import NS_PER_S
from eiload.record.buckets import Ints, bucket_mid_ns

__all__ = ["BOUNDS_S", "SCALE", "Exponential", "classic", "exponential"]

SCALE = 5
"""Buckets are 2.2 % wide: 1 ms to 60 s are 508 of them."""

BOUNDS_S = (
    *(0.0005, 0.001, 0.0025),
    *(0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0),
    *(25.0, 60.0),
)
"""Upper bounds of the classic buckets: those that OpenTelemetry advises for
``rpc.client.call.duration`` (semantic conventions, rpc-metrics), with some for lag below and for
cold accelerators above."""

_ZERO = 1024
"""The first bucket that is not of 0 ns."""


class Exponential(NamedTuple):
    """Counts in exponential buckets of scale `SCALE`."""

    zero: int
    """How many are 0."""
    offset: int
    """The number of the first bucket, as OpenTelemetry counts them."""
    counts: tuple[int, ...]
    """Of the first bucket and those after it, each."""


def exponential(buckets: Ints, counts: Ints) -> Exponential:
    """Return counts by our buckets, each bucket once and ascending, in exponential ones."""
    zero = int(counts[buckets < _ZERO].sum())
    buckets, counts = buckets[buckets >= _ZERO], counts[buckets >= _ZERO]
    if not len(buckets):
        return Exponential(zero, 0, ())
    index = np.ceil(np.log2(bucket_mid_ns(buckets) / NS_PER_S) * (1 << SCALE)).astype(np.int64) - 1
    offset = int(index[0])
    dense = np.bincount(index - offset, counts).astype(np.int64)
    return Exponential(zero, offset, tuple(dense.tolist()))


def classic(buckets: Ints, counts: Ints) -> tuple[int, ...]:
    """Return them by `BOUNDS_S`: how many are up to each bound and above the one before.

    The last are those above all.
    """
    place = np.searchsorted(BOUNDS_S, bucket_mid_ns(buckets) / NS_PER_S)
    sums = np.bincount(place, counts, minlength=len(BOUNDS_S) + 1)
    return tuple(sums.astype(np.int64).tolist())
