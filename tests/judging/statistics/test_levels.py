"""levels: every word is surer than a coin, and looks spend them together."""

from dataclasses import astuple

import pytest

from eiload.judging.statistics.levels import FIXED, erring


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


def test_as_sure_as_an_error_rate_takes_and_as_a_fixed_run() -> None:
    """Where the fixed levels are higher than the rate would take, they stay."""
    assert erring(0.05) == FIXED
    few = erring(0.004)
    assert (few.quantile_passes, few.fails, few.short_fails) == (0.996, 0.996, 0.996)
    assert few.mean_passes == FIXED.mean_passes
    assert erring(0.002).fails == 0.998
