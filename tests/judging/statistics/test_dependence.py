"""dependence: a lag window sees slow noise, a plan is no noise, few episodes are known as few."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eiload.judging.statistics import dependence
from eiload.judging.statistics.cut import Floats
from eiload.judging.statistics.dependence import Dependence

EVEN = np.full(60, 300.0)


def scattered(rng: np.random.Generator, share: float = 0.05) -> Floats:
    """Return events that come one by one."""
    return rng.binomial(300, share, 60).astype(float)


def test_events_that_come_one_by_one_have_an_effect_of_1() -> None:
    """The estimate has no bias: its mean is the binomial variance, for blocks of any size."""
    rng = np.random.default_rng(1)
    for totals in (EVEN, np.tile([20.0, 900.0], 30)):
        depend = Dependence.of(totals)
        found = [
            depend.variance(rng.binomial(totals.astype(int), 0.05).astype(float))
            for _ in range(1500)
        ]
        assert np.mean(found) == pytest.approx(totals.sum() * 0.05 * 0.95, rel=0.06)


def test_degrees_of_freedom_are_those_of_the_estimate() -> None:
    """Its spread over runs is that of a chi-square with as many, within a tenth."""
    rng = np.random.default_rng(2)
    depend = Dependence.of(np.ones(60))
    found = [depend.variance(rng.standard_normal(60)) for _ in range(4000)]
    assert 2 * np.mean(found) ** 2 / np.var(found) == pytest.approx(depend.freedom, rel=0.1)
    assert dependence.freedom(60) == depend.freedom
    assert dependence.freedom(12) < 11


def test_one_block_after_the_other_needs_no_window() -> None:
    """For fewer than 9 blocks the window holds one: the variance of independent blocks."""
    sums = np.array([3.0, 5.0, 4.0, 8.0])
    assert Dependence.of(np.ones(4)).variance(sums) == pytest.approx(4 * np.var(sums, ddof=1))


def test_slow_noise_is_more_than_its_blocks_show() -> None:
    """A wave of ten blocks has several times the effect of the same events in disorder."""
    wave = np.round(15 + 10 * np.sin(np.arange(60) / 10 * 2 * math.pi / 2))
    disorder = np.random.default_rng(3).permutation(wave)
    depend = Dependence.of(EVEN)
    assert depend.design_effect(wave) > 2.5 * depend.design_effect(disorder)


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_what_was_planned_is_no_noise(steps: int) -> None:
    """More slow requests at a higher planned rate, in phases or on a ramp, leave no residual."""
    levels = np.repeat([10.0, 20, 30][:steps], 60 // steps)
    plan = np.linspace(10, 30, 60) if steps == 1 else levels
    totals, share = 15 * plan, 0.001 * plan + 0.0001 * plan**2
    events = totals * share
    assert Dependence.of(totals).design_effect(events) > 3
    assert Dependence.of(totals, plan).design_effect(events) == 1.0
    assert Dependence.of(totals, plan).freedom < Dependence.of(totals).freedom


def test_a_plan_that_does_not_move_changes_nothing() -> None:
    """A rate that differs by rounding is no trend."""
    rng = np.random.default_rng(5)
    events = scattered(rng)
    plan = 20 + 0.01 * rng.standard_normal(60)
    assert Dependence.of(EVEN, plan).variance(events) == Dependence.of(EVEN).variance(events)


def test_few_episodes_are_known_as_few() -> None:
    """Three stalls in an hour leave few degrees of freedom, events one by one all of them."""
    stalls = np.zeros(60)
    stalls[[7, 29, 50]] = 40
    depend = Dependence.of(EVEN)
    known = depend.known(stalls)
    assert known.episodes == pytest.approx(3, abs=0.5)
    assert known.freedom == pytest.approx(depend.freedom / 4, rel=0.2)
    assert known.widened(0.99) > 2 * known.effect * depend.widening(0.99)
    single = depend.known(scattered(np.random.default_rng(6)))
    assert (single.episodes, single.freedom) == (math.inf, depend.freedom)


@settings(deadline=None)
@given(st.lists(st.integers(0, 50), max_size=30), st.booleans())
def test_nothing_is_divided_by_nothing(totals: list[int], planned: bool) -> None:
    """Empty blocks, few blocks, none at all: a number, or no knowledge."""
    blocks = np.array(totals, float)
    plan = np.arange(len(blocks), dtype=float) if planned else None
    depend = Dependence.of(blocks, plan)
    for events in (np.zeros(len(blocks)), blocks, np.floor(blocks / 2)):
        known = depend.known(events)
        assert known.effect >= 1
        assert known.widened(0.99) >= 1
        assert not math.isnan(known.episodes + known.freedom)
