"""Times counted as they come, against the same times all at once."""

import math

import numpy as np
import pytest

from eiload.record.buckets import bucket_of
from eiload.report.live.counts import Counts


def counted(*batches_ms: list[float]) -> Counts:
    """Return the counts of times, given one batch after the other."""
    counts = Counts()
    for batch in batches_ms:
        buckets = bucket_of((np.array(batch) * 1e6).astype(np.int64))
        counts.add(buckets, np.ones(len(batch), np.int64))
    return counts


def test_quantiles_of_batches() -> None:
    """They are those of all times, in whatever order these come."""
    times = np.random.default_rng(1).lognormal(4, 1, 1000)
    counts = counted(*(part.tolist() for part in np.split(times, 20)))
    assert counts.total == counts.good == 1000
    for q in (0.5, 0.95, 0.999):
        exact = np.sort(times)[math.ceil(q * 1000) - 1] * 1e6
        assert counts.quantile_ns(q) == pytest.approx(exact, rel=1e-3)
    assert counts.mean_ns() == pytest.approx(times.mean() * 1e6, rel=1e-3)
    assert counts.max_ns() == pytest.approx(times.max() * 1e6, rel=1e-3)
    assert counts.share_over(100e6) == pytest.approx((times > 100).mean(), abs=0.002)


def test_failures_are_slower_than_everything() -> None:
    """A quantile among them is infinite, and all of them are over every limit."""
    counts = counted([10.0] * 90)
    counts.failed = 10
    assert counts.quantile_ns(0.9) == pytest.approx(10e6, rel=1e-3)
    assert math.isinf(counts.quantile_ns(0.91))
    assert counts.answered_ns(0.99) == pytest.approx(10e6, rel=1e-3)
    assert counts.share_over(1e12) == 0.1


def test_nothing() -> None:
    """Of nothing nothing is known."""
    counts = counted([])
    values = counts.quantile_ns(0.5), counts.mean_ns(), counts.max_ns(), counts.share_over(1)
    assert all(map(math.isnan, values))


def test_any_time() -> None:
    """From no time at all to the longest there is."""
    counts = counted([0.0], [1e9], [50.0])
    assert counts.quantile_ns(0.5) == pytest.approx(50e6, rel=1e-3)
