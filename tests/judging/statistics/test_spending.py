"""Boundaries of several looks, against published ones and against a simulation."""

import math

import numpy as np
import pytest
from scipy.special import ndtri

from eiload.judging.statistics import spending
from eiload.judging.statistics.spending import Spending

HOUR = (1 / 12, 1 / 6, 1 / 3, 2 / 3, 1.0)
"""Looks at 300, 600, 1200, 2400 and 3600 s."""


def test_one_look_is_a_fixed_run() -> None:
    """Who looks once, at the end, spends it all there."""
    assert spending.levels((1.0,), 0.01, "linear") == pytest.approx((0.01,), rel=1e-9)


def test_an_hour_in_five_looks() -> None:
    """What passes and fails take at each look is what an independent simulation found."""
    passes = spending.levels(HOUR, 0.01, "linear")
    assert [1 - each for each in passes] == pytest.approx(
        [0.9992, 0.9990, 0.9981, 0.9961, 0.9949], abs=1e-4
    )
    fails = spending.levels(HOUR, 0.025, "linear")
    assert [1 - each for each in fails] == pytest.approx(
        [0.9979, 0.9975, 0.9950, 0.9897, 0.9864], abs=2e-4
    )


def test_published_boundaries() -> None:
    """O'Brien & Fleming's spending in five equal looks, two-sided 5 %: as of R's ldbounds."""
    found = spending.levels((0.2, 0.4, 0.6, 0.8, 1.0), 0.025, "O'Brien-Fleming")
    z = [-ndtri(each) for each in found]
    assert z == pytest.approx([4.877, 3.357, 2.680, 2.290, 2.031], abs=2e-3)


@pytest.mark.parametrize("way", ["linear", "O'Brien-Fleming"])
def test_all_looks_together_err_as_often_as_one(way: Spending) -> None:
    """Of Brownian paths without drift, as many cross any boundary as may err."""
    paths, error = 100_000, 0.05
    at = np.array(HOUR)
    steps = np.sqrt(np.diff(at, prepend=0.0))
    noise = np.random.default_rng(1).standard_normal((paths, len(at)))
    z = np.cumsum(noise * steps, axis=1) / np.sqrt(at)
    found = np.array(spending.levels(HOUR, error, way))
    crossed = z > -ndtri(found)
    share = float(crossed.any(axis=1).mean())
    assert share == pytest.approx(error, abs=4 * math.sqrt(error / paths))
    # And looked at with the same confidence each time, more than twice as many.
    assert float((z > 1.645).any(axis=1).mean()) > 2 * error


@pytest.mark.parametrize("error", [1e-5, 0.01, 0.025, 0.05])
@pytest.mark.parametrize("way", ["linear", "O'Brien-Fleming"])
def test_no_look_is_less_sure_than_one(error: float, way: Spending) -> None:
    """Each look errs by itself, but less often than all of them may."""
    for fractions in (HOUR, (0.25, 0.5, 1.0), tuple((i + 1) / 20 for i in range(20))):
        found = spending.levels(fractions, error, way)
        assert all(0 < each <= error for each in found)
        assert sum(found) >= error * (1 - 1e-6)  # Bonferroni is the other end


def test_spent() -> None:
    """All of it at the end and after it, nothing before the beginning."""
    for way in ("linear", "O'Brien-Fleming"):
        assert spending.spent(0, 0.01, way) == 0
        assert spending.spent(1, 0.01, way) == spending.spent(1.1, 0.01, way) == 0.01
    assert spending.spent(0.5, 0.01, "linear") == 0.005
    assert spending.spent(0.5, 0.01, "O'Brien-Fleming") < 0.001
