"""means: limits of a mean and of a rate, held against laws that are known."""

import numpy as np

from eiload.judging.statistics.levels import FIXED
from eiload.judging.statistics.means import mean_limits, rate_limits

BLOCKS = 60
SURER = FIXED.each(lambda level: 1 - (1 - level) / 100)


def test_what_never_varies_is_known() -> None:
    """The limits of a constant are the constant."""
    totals = np.arange(1.0, BLOCKS + 1)
    np.testing.assert_allclose(mean_limits(7 * totals, totals), (7, 7))
    np.testing.assert_allclose(rate_limits(7 * totals, totals), (7, 7))


def test_a_surer_word_takes_a_wider_interval() -> None:
    """At a hundredth of the error rates both limits lie further from what was measured."""
    chance = np.random.default_rng(1)
    totals = np.full(BLOCKS, 100.0)
    sums = 100 * chance.normal(50, 5, BLOCKS)
    mean = sums.sum() / totals.sum()
    low, high = mean_limits(sums, totals)
    assert low < mean < high
    lower, higher = mean_limits(sums, totals, SURER)
    assert lower < low
    assert higher > high
    low, high = rate_limits(sums, totals)
    lower, higher = rate_limits(sums, totals, SURER)
    assert lower < low < mean < high < higher


def test_the_limits_hold_what_they_say() -> None:
    """Of runs with independent blocks at most a share of the error rate says a false word.

    400 runs of a rate at 2.5 % each way: 10 are expected to miss on each side, and more than 24
    have a chance of 1 in 20,000 (binomial); the seed is fixed.
    """
    chance = np.random.default_rng(2)
    lengths_s = np.full(BLOCKS, 1.0)
    missed = [0, 0]
    passed = 0
    for _ in range(400):
        answers = chance.poisson(20, BLOCKS).astype(np.float64)
        low, high = rate_limits(answers, lengths_s)
        missed[0] += low > 20
        missed[1] += high < 20
        _, passes = mean_limits(answers * 50, answers)
        passed += passes < 50
    assert max(missed) <= 24
    assert passed == 0


def test_a_rate_that_was_planned_to_rise_is_known_as_well_as_a_steady_one() -> None:
    """A ramp from 10 to 30/s: as many answers as came are no noise."""
    plan = np.linspace(10, 30, BLOCKS)
    answers, lengths_s = 5 * plan, np.full(BLOCKS, 5.0)
    low, high = rate_limits(answers, lengths_s, FIXED, plan)
    assert high - low < 1e-6
    unplanned = rate_limits(answers, lengths_s)
    assert unplanned[1] - unplanned[0] > 5


def test_two_stalls_say_less_than_many() -> None:
    """The same sum of squares in two blocks or in thirty: the mean passes only where it is many."""
    totals = np.full(BLOCKS, 100.0)
    two, many = totals.copy(), totals.copy()
    two[[10, 40]] += 300
    many[::2] += 300 / np.sqrt(15)
    limits = [mean_limits(sums, totals)[1] - sums.sum() / 6000 for sums in (two, many)]
    assert limits[0] > 5 * limits[1]
