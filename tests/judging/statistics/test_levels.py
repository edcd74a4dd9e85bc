"""levels: every word is surer than a coin, and looks spend them together."""

from dataclasses import astuple

import pytest

from eiload.judging.statistics.levels import FIXED


def test_each_word_is_surer_than_not() -> None:
    """The one-sided levels are of (0.5, 1); failing a short run takes more than failing another."""
    assert all(0.5 < level < 1 for level in astuple(FIXED))
    assert FIXED.short_fails > FIXED.fails


def test_all_are_changed_together() -> None:
    """For one look of several each is another's; the fixed ones stay what they are."""
    before = astuple(FIXED)
    half = FIXED.each(lambda level: 1 - (1 - level) / 2)
    for was, now in zip(before, astuple(half), strict=True):
        assert (1 - was) / (1 - now) == pytest.approx(2)
    assert astuple(FIXED) == before
