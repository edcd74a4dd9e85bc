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
