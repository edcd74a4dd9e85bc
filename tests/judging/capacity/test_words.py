"""How sure a trial's words are, and what its verdicts come to."""

from eiload.judging.capacity import TrialWord, levels_for, word_of
from eiload.judging.sla import Verdict, Word
from eiload.judging.statistics.levels import FIXED
from eiload.scenario.objective import parse_objective


def verdicts(*words: Word) -> list[Verdict]:
    """Return verdicts of these words."""
    return [Verdict(parse_objective("p99 < 400 ms"), "a", word, "", "") for word in words]


def test_levels() -> None:
    """A fixed run's doubts, as much smaller as its word may be wrong less often."""
    assert levels_for(0.05, 1).each(lambda sure: round(sure, 9)) == FIXED
    quarter = levels_for(0.0125, 2)
    assert round(1 - quarter.quantile_passes, 9) == round((1 - FIXED.quantile_passes) / 4, 9)
    assert round(1 - quarter.fails, 9) == round((1 - FIXED.fails) / 8, 9)


def test_word() -> None:
    """It holds if all hold and fails if any does."""
    assert word_of(verdicts(Word.PASS, Word.PASS)) is TrialWord.HOLDS
    assert word_of(verdicts(Word.PASS, Word.FAIL, Word.UNDECIDED)) is TrialWord.FAILS
    assert word_of(verdicts(Word.PASS, Word.UNDECIDED)) is TrialWord.UNDECIDED
    assert word_of([]) is TrialWord.UNDECIDED
