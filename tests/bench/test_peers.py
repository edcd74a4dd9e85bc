"""Rounds of contenders: CPU per request, and whose requests are the same."""

import math

import pytest

from bench.contenders import Measured
from bench.peers import Ran, Series, same_bytes, together
from bench.process import Spent
from bench.server import Counted, Server

SPENT = Spent(status=0, cpu_s=1.0, wall_s=1.0, peak_bytes=0, out="", err="")
MEASURED = Measured(100, 1.0, 1.0, 1.0, SPENT)
COUNTED = Counted(10, 10_000, 1000, 1000)


def test_failed_round() -> None:
    """A failed round has no figure and stays in its place, so that rounds stay comparable."""
    series = Series([None, Ran(MEASURED, COUNTED, 10.0), Ran(MEASURED)])
    first, second, third = series.cpu_ms()
    assert math.isnan(first)
    assert second == pytest.approx(10.0)
    assert math.isnan(third)
    assert len(series.done()) == 2
    assert series.counted() == [COUNTED]


def test_same_bytes() -> None:
    """Within 2 % requests are the same; one that is larger, or none that was counted, is not."""
    ours = [COUNTED]
    assert same_bytes(ours, [Counted(10, 10_150, 1010, 1020)])
    assert not same_bytes(ours, [Counted(10, 10_400, 1000, 1021)])
    assert not same_bytes(ours, [Counted(10, 9_000, 900, 900)])
    assert not same_bytes(ours, [])


def test_servers_together() -> None:
    """What reached any of the servers counts; if one cannot tell, nobody can."""
    one, other = Server("a", "", lambda: COUNTED), Server("b", "", lambda: Counted(0, 0, 0, 0))
    assert together(one, other) == COUNTED
    assert together(one, Server("c", "")) is None
