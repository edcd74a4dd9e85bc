"""rates: how a rate moves over its phase, and the count that is expected."""

import itertools

import numpy as np
import pytest
import scipy

from eiload.base.clock import NS_PER_S
from eiload.scenario.rates import (
    ConstantRate,
    MarkovRate,
    PointsRate,
    Profile,
    Rate,
    SineRate,
    StepsRate,
)


def levels(rate: Rate, duration_s: float, at_s: list[float], seed: int = 1) -> list[float]:
    """Return the rate at some instants."""
    profile = Profile(rate.pieces(round(duration_s * NS_PER_S), seed))
    return [float(each) for each in profile.rate(np.array(at_s))]


def test_steps_have_their_levels() -> None:
    """Each as long as it says, or the phase in equal parts."""
    for each_ns in (20 * NS_PER_S, None):
        steps = StepsRate((5.0, 10.0, 20.0), each_ns)
        assert levels(steps, 60, [0, 19.9, 20, 39.9, 40, 59.9]) == [5, 5, 10, 10, 20, 20]


def test_a_sine_is_one() -> None:
    """Nowhere more than 0.03 % of the amplitude off, and over whole periods the mean's count."""
    sine = SineRate(10.0, 8.0, 60 * NS_PER_S)
    profile = Profile(sine.pieces(150 * NS_PER_S))
    at_s = np.linspace(0, 149.9, 5000)
    exact = 10 + 8 * np.sin(2 * np.pi * at_s / 60)
    assert np.abs(profile.rate(at_s) - exact).max() < 8 * 3.1e-4
    assert Profile(sine.pieces(120 * NS_PER_S)).total == pytest.approx(1200, rel=1e-9)


def test_points_are_passed_through() -> None:
    """Linear between them; two at one instant are a jump."""
    points = PointsRate(
        ((0, 5.0), (10 * NS_PER_S, 15.0), (10 * NS_PER_S, 40.0), (20 * NS_PER_S, 0.0))
    )
    assert levels(points, 20, [0, 5, 9.999, 10, 15, 19.9]) == pytest.approx(
        [5, 10, 15, 40, 20, 0.4], abs=1e-2
    )


def test_the_count_and_its_inverse_are_each_others() -> None:
    """`count` undoes `inverse`, pauses left out."""
    profile = Profile(StepsRate((5.0, 0.0, 20.0)).pieces(90 * NS_PER_S))
    counts = np.linspace(0.1, profile.total - 0.1, 500)
    assert profile.count(profile.inverse(counts)) == pytest.approx(counts)
    assert Profile(ConstantRate(0.0).pieces(NS_PER_S)).total == 0


MARKOV = MarkovRate(5.0, 40.0, 20 * NS_PER_S, 4 * NS_PER_S)


def test_two_states_stay_for_exponential_times() -> None:
    """Stays are Exp with the means that were said, in turn, and seeded."""
    pieces = MARKOV.pieces(100_000 * NS_PER_S, 3)
    for per_s, mean_s in ((5.0, 20), (40.0, 4)):
        stays = [length / NS_PER_S for length, start, _ in pieces[1:-1] if start == per_s]
        assert scipy.stats.kstest(stays, scipy.stats.expon(scale=mean_s).cdf).pvalue > 0.01
    assert all(one[1] != other[1] for one, other in itertools.pairwise(pieces))
    assert pieces == MARKOV.pieces(100_000 * NS_PER_S, 3)
    assert pieces != MARKOV.pieces(100_000 * NS_PER_S, 4)
    assert sum(length for length, _, _ in pieces) == 100_000 * NS_PER_S


def test_two_states_begin_in_equilibrium() -> None:
    """At every instant, over seeds, the mean rate is the long-run one."""
    found = np.array([levels(MARKOV, 60, [0, 1, 10, 59], seed) for seed in range(2000)])
    sd = 35 * np.sqrt(5 / 6 / 6)
    assert found.mean(axis=0) == pytest.approx(MARKOV.mean_per_s, abs=4 * sd / np.sqrt(2000))
