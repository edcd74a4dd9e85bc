"""Simulated searches for the capacity, and what they add up to."""

import math

import pytest

from bench.capacity import LAWS, Found, bisected, capacity_of, run, searched, summary


def test_what_is_known() -> None:
    """M/M/1 of 40/s, p99 < 460.5 ms: exactly 30/s; a simulated run at it agrees."""
    assert capacity_of("M/M/1") == pytest.approx(30)
    law = LAWS["M/M/1"]
    beyond = [(run(law, 30, 10_000, seed)[1] > law.limit_s).mean() for seed in range(2)]
    assert sum(beyond) / 2 == pytest.approx(0.01, rel=0.3)


def test_one_search() -> None:
    """It holds the capacity, or has found nothing; bisection ends close to what it believes."""
    found = searched(LAWS["M/M/1"], 1, 3600)
    assert found.low <= 30 <= found.high
    assert found.seconds <= 3600
    believed = bisected(LAWS["M/M/1"], 1, 60)
    assert believed.low < believed.high <= believed.low * 1.04


def test_summary() -> None:
    """Too high, too low, open, right: each counts once."""
    found = [Found(31, 33, 60, 1), Found(20, 29, 120, 1), Found(0, 40, 60, 1), Found(28, 35, 60, 1)]
    tally = summary(found, 30)
    assert (tally["L > cap"], tally["U < cap"], tally["both ends"]) == (25, 25, 75)
    assert tally["minutes"] == 1
    nothing = summary([Found(0, math.inf, 60, 1)], 30)
    assert "width %" not in nothing
