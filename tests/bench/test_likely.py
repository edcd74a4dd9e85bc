"""What a plan says of its chances, beside what repeated runs say: a part of the table."""

import numpy as np
import pytest

from bench import likely


def test_as_often_as_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nearly all, some and nearly none of the repeated runs are decided, plans say so.

    One run of five minutes knows it to some ten points, so the mean of several is looked at.
    """
    monkeypatch.setattr(likely, "ROOM", (0.6, 1.0, 1.5))
    monkeypatch.setattr(likely, "PLANNED_S", (300,))
    missed, undecided, near = likely.of_objectives("M60", like_runs=4, repeats=40)
    assert missed.decided > 0.9
    assert undecided.decided < 0.15
    assert 0.15 < near.decided < 0.8
    for cell in (missed, undecided, near):
        assert np.mean(cell.told) == pytest.approx(cell.decided, abs=0.25)


def test_the_table_has_both() -> None:
    """The mean of what was told, its spread, and what became of it."""
    cell = likely.Cell("A30", "p95", 300, (0.5, 0.7), 0.55)
    assert likely.table([cell]).rows == (("A30", "p95", "300 s", "60% (52% .. 68%)", "55%"),)
