"""independent: what few blocks tell when each is taken for itself."""

import math

import numpy as np
import pytest

from eiload.judging.statistics import independent


def test_design_effect_of_independent_requests_is_about_1() -> None:
    """Events scattered at random carry what they seem to."""
    rng = np.random.default_rng(1)
    totals = np.full(20, 500.0)
    effects = [
        independent.design_effect(rng.binomial(500, 0.05, 20).astype(float), totals)
        for _ in range(300)
    ]
    assert 1.0 <= float(np.mean(effects)) < 1.3
    assert min(effects) >= 1.0


def test_design_effect_of_one_bad_episode_is_its_size() -> None:
    """Forty events at once are worth about one, not forty."""
    events = np.zeros(20)
    events[7] = 40
    assert independent.design_effect(events, np.full(20, 500.0)) == pytest.approx(40, rel=0.1)


@pytest.mark.parametrize("events", [0.0, 500.0])
def test_design_effect_of_none_or_all_is_1(events: float) -> None:
    """A share of 0 or 1 has no variance to compare."""
    assert independent.design_effect(np.full(20, events), np.full(20, 500.0)) == 1.0


def test_serial_factor_of_slow_drift_is_large() -> None:
    """Blocks that follow a wave of ten blocks are worth a few, whatever their scale."""
    totals = np.full(20, 500.0)
    wave = 25 * np.sin(np.arange(20) / 10 * 2 * math.pi) + 50
    assert independent.serial_factor(wave, totals) > 5
    assert independent.serial_factor(1000 * wave, totals) == pytest.approx(
        independent.serial_factor(wave, totals)
    )
    assert independent.serial_factor(np.arange(20.0) ** 8, totals) <= 19 + 1e-9


@pytest.mark.parametrize("events", [np.zeros(20), np.full(20, 500.0), np.zeros(0), np.ones(1)])
def test_serial_factor_of_what_does_not_vary_is_1(events: np.ndarray) -> None:
    """No variance, no correlation; and no division by zero."""
    assert independent.serial_factor(events, np.full(len(events), 500.0)) == 1.0
