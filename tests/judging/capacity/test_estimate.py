"""About where the capacity is."""

import math

import pytest

from eiload.judging.capacity import Purpose, Reading, Trial, TrialWord
from eiload.judging.capacity.estimate import estimate


def trial(
    rate: float, used: float | None, seconds: float = 60, word: TrialWord = TrialWord.UNDECIDED
) -> Trial:
    """Return a trial that used a share of what is allowed."""
    readings = (Reading("p99 < 400 ms", 0, 0, 0, 0, used),)
    return Trial(0, "a", rate, Purpose.EXPLORE, seconds, seconds, word, 0, readings)


def test_between_two() -> None:
    """Where the line through the logarithms crosses what is allowed."""
    assert estimate([trial(40, 2.0), trial(20, 0.5)]) == pytest.approx(math.sqrt(800))


def test_outside() -> None:
    """Below or above all that was tried; and nothing of nothing."""
    assert estimate([trial(10, 3.0), trial(20, 50.0)]) == 0
    assert estimate([trial(10, 0.0), trial(20, 0.2)]) == math.inf
    assert estimate([]) is None
    assert estimate([trial(10, None), trial(20, math.nan)]) is None


def test_neighbours_out_of_order() -> None:
    """More load cannot use less: what seems so is taken together, the longer trial for more."""
    noisy = [trial(10, 0.1), trial(20, 1.5), trial(22, 0.8, seconds=600), trial(40, 30)]
    found = estimate(noisy)
    assert found is not None
    assert 22 < found < 40
    assert estimate(noisy[::-1]) == found


def test_what_says_nothing() -> None:
    """A trial that the generator limited is no point; a word without a reading is one."""
    known = [trial(20, 0.5), trial(40, 2.0)]
    limited = trial(21, 90.0, word=TrialWord.LIMITED)
    assert estimate([*known, limited]) == estimate(known)
    words = [trial(20, None, word=TrialWord.HOLDS), trial(40, None, word=TrialWord.FAILS)]
    assert estimate(words) == pytest.approx(math.sqrt(800))
