"""Times in buckets: near what they were, in their order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eiload.record.buckets import BUCKETS, bucket_edges_ns, bucket_mid_ns, bucket_of


@given(st.integers(0, 2**53 - 1))
def test_a_value_lies_in_its_bucket(value_ns: int) -> None:
    """Edges bracket, and a bucket is at most 1/1024 of its lower edge wide."""
    bucket = bucket_of(np.array([value_ns]))
    low, high = bucket_edges_ns(bucket)
    assert 0 <= bucket[0] < BUCKETS
    if value_ns >= 1:
        assert low[0] <= value_ns < high[0]
        assert high[0] - low[0] <= low[0] / 1024
        assert abs(bucket_mid_ns(bucket)[0] - value_ns) <= 0.0005 * value_ns


def test_buckets_keep_the_order_of_values() -> None:
    """A longer time never falls into a lower bucket."""
    values = np.unique(np.geomspace(1, 2**52, 20_000).astype(np.int64))
    assert (np.diff(bucket_of(values)) >= 0).all()


@pytest.mark.parametrize(("value_ns", "like"), [(-5, 0), (2**60, 2**53 - 1)])
def test_values_beyond_the_ends_fall_into_the_end_buckets(value_ns: int, like: int) -> None:
    """Negative times count as 0, absurd ones as the longest."""
    assert bucket_of(np.array([value_ns])) == bucket_of(np.array([like]))
