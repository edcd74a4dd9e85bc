"""What a trial says of its target."""

import math

import pytest

from eiload.judging.capacity import Purpose, Reading, Trial, TrialWord


def trial(word: TrialWord, *used: float | None, purpose: Purpose = Purpose.CONFIRM) -> Trial:
    """Return a trial whose objectives used these shares of what is allowed."""
    readings = tuple(Reading(str(n), 0, 0, 0, 0, each) for n, each in enumerate(used))
    return Trial(0, "a", 20, purpose, 60, 90, word, 0, readings)


def test_used() -> None:
    """That of the objective that used most; a word stands for what was not measured."""
    assert trial(TrialWord.UNDECIDED, 0.5, None, 2.0, math.nan).used == 2.0
    assert trial(TrialWord.UNDECIDED).used is None
    assert trial(TrialWord.HOLDS, None).used == 0
    assert trial(TrialWord.FAILS).used == math.inf


@pytest.mark.parametrize("word", [TrialWord.LIMITED, TrialWord.DIED])
def test_no_evidence(word: TrialWord) -> None:
    """Of a target that was not loaded as planned, or is away, nothing that was measured counts."""
    assert trial(word, 50.0).used is None
    assert not trial(word, 50.0).counts


def test_counts() -> None:
    """Only a word of a trial that is to prove something counts."""
    assert trial(TrialWord.HOLDS).counts
    assert trial(TrialWord.FAILS).counts
    assert not trial(TrialWord.UNDECIDED).counts
    assert not trial(TrialWord.FAILS, purpose=Purpose.EXPLORE).counts
