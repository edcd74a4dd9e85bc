"""Histograms: exact means, quantiles between two limits, bounds of a difference that hold."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eiload.observe.growth import Growth, Window
from eiload.observe.histogram import Bounds, Histogram, difference, histogram, totals
from tests.observe.made import LATENCY_US, latencies, series, source

TIMES = st.lists(st.floats(1, 1e9), min_size=1, max_size=60)


def made(*values_us: list[float]) -> Histogram:
    """Return what came after the first reading of TensorFlow Serving's histogram."""
    of = latencies("request_us", list(values_us), model="ssd")
    growth = Growth.of(source(*of, at_s=range(len(values_us))))
    found = histogram(growth, "request_us", [Window(0, len(values_us) - 1)], model="ssd")
    assert found is not None
    return found


@given(TIMES, TIMES, st.sampled_from([0.01, 0.5, 0.9, 0.99, 1.0]))
def test_a_quantile_lies_between_its_bounds(
    before: list[float], values: list[float], q: float
) -> None:
    """The bucket's limits, whatever was counted before; the mean is exact."""
    of = made(before, values)
    exact = sorted(values)[max(0, math.ceil(q * len(values) - 1e-9) - 1)]
    bounds = of.quantile(q)
    assert bounds.low <= exact * (1 + 1e-5)  # limits are written with six digits
    assert exact <= bounds.high * (1 + 1e-5)
    assert of.count == len(values)
    assert of.mean == pytest.approx(sum(values) / len(values), rel=1e-6, abs=1e-3)


def test_a_bucket_is_as_wide_as_it_is() -> None:
    """A p99 "of 95 ms" is something between 67 and 121 ms."""
    of = made([], [95_000.0])
    bounds = of.quantile(0.99)
    assert (round(bounds.low), round(bounds.high)) == (67_466, 121_440)
    assert bounds.times(1_000).low == pytest.approx(67_466e3, rel=1e-4)
    assert (of.surely_over(60_000), of.surely_over(95_000), of.surely_over(200_000)) == (1, 0, 0)
    assert (of.perhaps_over(60_000), of.perhaps_over(95_000), of.perhaps_over(200_000)) == (1, 1, 0)


def test_means_alone() -> None:
    """The same count and mean of one bucket, which need no buckets of the server's."""
    of = source(*latencies("x", [[10.0, 30.0], [20.0] * 5], model="m"), at_s=[0.0, 1.0])
    growth = Growth.of(of)
    window = Window(0, 1)
    whole, alone = (each(growth, "x", [window], model="m") for each in (histogram, totals))
    assert whole is not None
    assert alone is not None
    assert (alone.count, alone.mean) == (whole.count, whole.mean) == (5, 20)
    assert totals(growth, "y", [window]) is None


def test_of_nothing_nothing_is_known() -> None:
    """No value has no mean and no quantile; a histogram that is not there is none."""
    of = made([5.0], [])
    assert math.isnan(of.mean)
    assert math.isnan(of.quantile(0.5).high)
    assert histogram(Growth.of(source(at_s=[0, 1])), "request_us", [Window(0, 1)]) is None


def test_two_replicas_are_one() -> None:
    """Their counts add up, unless their buckets differ: they are of different versions."""
    one, other = made([], [100.0, 200.0]), made([], [300.0])
    assert one.plus(other).mean == pytest.approx(200.0)
    strange = Histogram(np.array([1.0, math.inf]), np.array([1.0, 0.0]), 1.0)
    with pytest.raises(ValueError, match="different versions of the server"):
        one.plus(strange)


@pytest.mark.parametrize("bad", ["bucket", "count"])
def test_what_contradicts_itself_is_refused(bad: str) -> None:
    """A bucket below the one before it, or a count that is not that of all buckets."""
    buckets = [[0.0, 5.0], [0.0, 3.0 if bad == "bucket" else 6.0]]
    limits = zip(buckets, ("10", "+Inf"), strict=True)
    every = [series("x_bucket", values, le=le) for values, le in limits]
    every.append(series("x_count", [0.0, 3.0 if bad == "bucket" else 7.0]))
    with pytest.raises(ValueError, match="do not add up"):
        histogram(Growth.of(source(*every, at_s=[0, 1])), "x", [Window(0, 1)])


@given(st.lists(st.tuples(st.floats(0, 1e5), st.floats(0, 1e5)), min_size=1, max_size=40))
def test_the_bounds_of_a_difference_hold(pairs: list[tuple[float, float]]) -> None:
    """However the part and the rest go along."""
    whole = sorted(part + rest for part, rest in pairs)
    parts, rests = sorted(part for part, _ in pairs), sorted(rest for _, rest in pairs)
    qs = [n / 20 for n in range(21)]

    def exact(of: list[float], q: float) -> Bounds:
        value = of[max(0, math.ceil(q * len(of) - 1e-9) - 1)]
        return Bounds(value, value)

    for q in (0.1, 0.5, 0.9, 0.95):
        bounds = difference([exact(whole, u) for u in qs], [exact(parts, u) for u in qs], qs, q)
        value = exact(rests, q).low
        assert bounds.low <= value + 1e-6
        assert value <= bounds.high + 1e-6


def test_the_bounds_of_a_difference_are_close_where_they_can_be() -> None:
    """Of a part that is always the same, nothing is left open but its bucket."""
    qs = [n / 100 for n in range(101)]
    whole = [Bounds(20.0 + u, 20.0 + u) for u in qs]
    part = [Bounds(10.0, 10.0)] * len(qs)
    bounds = difference(whole, part, qs, 0.5)
    assert (bounds.low, bounds.high) == pytest.approx((10.49, 10.5))


def test_the_limits_are_tensorflow_servings() -> None:
    """10 us times powers of 1.8, 33 of them, and the rest."""
    assert made([], [1.0]).limits.tolist() == [*(float(f"{x:g}") for x in LATENCY_US), math.inf]
