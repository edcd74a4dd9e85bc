"""Which request each arrival takes."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from eiload.scenario.mix import TURN, Draw, shares

PARTS = st.lists(st.tuples(st.integers(1, 40), st.integers(1, 100)), min_size=1, max_size=6)


@given(st.integers(1, 200), st.integers(0, 2**32))
def test_without_a_mix(payloads: int, seed: int) -> None:
    """Every payload has its turn, in an order that the seed makes."""
    draw = Draw([payloads], [1.0], seed)
    order = draw.payloads(np.arange(payloads))
    assert sorted(order.tolist()) == list(range(payloads))
    assert np.array_equal(order, draw.payloads(np.arange(payloads) + 3 * payloads))
    assert np.array_equal(order, draw.listed())
    assert not draw.parts(np.arange(payloads)).any()


@given(PARTS, st.integers(0, 2**32))
def test_a_turn_holds_each_class_by_its_weight(parts: list[tuple[int, int]], seed: int) -> None:
    """Of 4,096 arrivals each class has its share to the arrival, whichever turn it is."""
    counts, weights = zip(*parts, strict=True)
    found = np.bincount(
        Draw(counts, weights, seed).parts(5 * TURN + np.arange(TURN)), minlength=len(parts)
    )
    exact = np.array(weights) / sum(weights) * TURN
    assert found.sum() == TURN
    draw = Draw(counts, weights, seed)
    parts_of = np.bincount(draw.parts(np.arange(TURN + 77)), minlength=len(parts))
    assert draw.tally(TURN + 77).tolist() == parts_of.tolist()
    assert (np.abs(found - exact) < 1).all()


@given(PARTS, st.integers(0, 2**32), st.integers(0, 10**9), st.integers(1, 7))
def test_any_slice_can_be_had_without_the_rest(
    parts: list[tuple[int, int]], seed: int, first: int, workers: int
) -> None:
    """Who asks for every seventh arrival gets what who asks for all gets; payloads are of parts."""
    counts, weights = zip(*parts, strict=True)
    numbers = first + np.arange(500)
    whole = Draw(counts, weights, seed)
    of_all = whole.payloads(numbers)
    assert np.array_equal(
        Draw(counts, weights, seed).payloads(numbers[::workers]), of_all[::workers]
    )
    firsts = np.concatenate(([0], np.cumsum(counts)))
    assert np.array_equal(np.searchsorted(firsts, of_all, side="right") - 1, whole.parts(numbers))


@given(PARTS, st.integers(0, 2**32))
def test_payloads_of_a_class_are_used_equally_often(
    parts: list[tuple[int, int]], seed: int
) -> None:
    """None is a second time in use before all have been, and a list for a loop has them all."""
    counts, weights = zip(*parts, strict=True)
    draw = Draw(counts, weights, seed)
    used = np.bincount(draw.payloads(np.arange(2 * TURN)), minlength=sum(counts))
    for of_class in np.split(used, np.cumsum(counts)[:-1]):
        assert of_class.max() - of_class.min() <= 1
    assert len(np.unique(draw.listed())) == sum(counts)


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=15), st.integers(1, 5000))
def test_shares(weights: list[int], places: int) -> None:
    """All places are given, and nobody gets more than one too many or too few."""
    found = shares(weights, places)
    assert found.sum() == places
    assert (np.abs(found - np.array(weights) / sum(weights) * places) < 1).all()


def test_the_seed_makes_the_draw() -> None:
    """Other seeds draw other classes."""
    one, other = (Draw([3, 3], [1, 1], seed).parts(np.arange(100)) for seed in (1, 2))
    assert not np.array_equal(one, other)
