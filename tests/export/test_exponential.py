"""Our buckets in others' forms: nothing is lost, and each value is where it belongs."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from eiload.base.clock import NS_PER_S
from eiload.export.exponential import BOUNDS_S, SCALE, classic, exponential
from eiload.record.buckets import Ints, bucket_of

times = st.lists(st.integers(0, 1 << 50), max_size=50)


def held(values_ns: list[int]) -> tuple[Ints, Ints]:
    """Return the buckets of values, ascending, and how many each has."""
    buckets, counts = np.unique(bucket_of(np.array(values_ns, np.int64)), return_counts=True)
    return buckets, counts.astype(np.int64)


@given(times)
def test_nothing_is_lost(values_ns: list[int]) -> None:
    """Both forms have as many as there are, and zeros apart."""
    buckets, counts = held(values_ns)
    found = exponential(buckets, counts)
    assert found.zero == values_ns.count(0)
    assert found.zero + sum(found.counts) == len(values_ns)
    assert sum(classic(buckets, counts)) == len(values_ns)


@given(st.integers(1, 1 << 50))
def test_a_value_is_in_its_bucket(value_ns: int) -> None:
    """(b**i, b**(i + 1)] holds it, within the 0.1 % that ours are wide."""
    found = exponential(*held([value_ns]))
    assert found.counts == (1,)
    base = 2 ** (2**-SCALE)
    low, high = base**found.offset, base ** (found.offset + 1)
    assert low * 0.999 < value_ns / NS_PER_S < high * 1.001


def test_classic_bounds() -> None:
    """Values between two bounds are of the upper one; what is above all comes last."""
    values_ns = [int(bound * NS_PER_S * 0.99) for bound in BOUNDS_S] + [70 * NS_PER_S]
    assert classic(*held(values_ns)) == (1,) * (len(BOUNDS_S) + 1)


def test_of_nothing() -> None:
    """There may be none."""
    assert exponential(*held([])) == (0, 0, ())
    assert classic(*held([])) == (0,) * (len(BOUNDS_S) + 1)
