"""Times in buckets, and back.

What it knows: arithmetic. What it must not know: what the times are of.

Buckets are log-linear in ns: 1,024 per power of two, hence at most 1/1024 wide relative to their
lower edge; a bucket's midpoint is within 0.049 % of any value in it (HdrHistogram's layout with
the half-filled first decade left out: Tene, *HdrHistogram*, class AbstractHistogram).
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["BUCKETS", "Ints", "bucket_edges_ns", "bucket_mid_ns", "bucket_of", "coarse"]

Ints = NDArray[np.int64]

_STEPS_BITS = 10  # 1,024 buckets per power of two
_MAX_EXPONENT = 53  # values up to 2**53 ns = 104 days are exact as float64
BUCKETS = (_MAX_EXPONENT + 1) << _STEPS_BITS
"""How many buckets there are: bucket indices are in [0, BUCKETS)."""


def bucket_of(values_ns: Ints) -> Ints:
    """Return the bucket of each value; negative values count as 0, beyond 2**53 ns as the last."""
    clipped = np.clip(values_ns, 0, (1 << _MAX_EXPONENT) - 1).astype(np.float64)
    mantissa, exponent = np.frexp(clipped)  # value = mantissa * 2**exponent, mantissa in [0.5, 1)
    within = ((mantissa - 0.5) * (2 << _STEPS_BITS)).astype(np.int64)
    # frexp(0) is (0, 0): its `within` is negative, and zero belongs into the first bucket.
    buckets = (exponent.astype(np.int64) << _STEPS_BITS) + within
    return np.asarray(np.maximum(buckets, 0), np.int64)


def coarse(buckets: Ints) -> Ints:
    """Return the middle one of each sixteen buckets for all of them: values within 0.8 %."""
    return (buckets & ~15) | 8


def bucket_edges_ns(buckets: Ints) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the lower (inclusive) and upper (exclusive) edge of each bucket, ns."""
    steps = 1 << _STEPS_BITS
    scale = np.ldexp(1.0, (buckets >> _STEPS_BITS) - _STEPS_BITS - 1)
    within = (buckets & (steps - 1)) + steps
    return within * scale, (within + 1) * scale


def bucket_mid_ns(buckets: Ints) -> NDArray[np.float64]:
    """Return the value that stands for each bucket: its middle, ns."""
    low, high = bucket_edges_ns(buckets)
    return (low + high) / 2
