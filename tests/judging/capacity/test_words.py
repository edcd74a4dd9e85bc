"""How sure a trial's words are, and what its verdicts come to."""

from eiload.judging.capacity import TrialWord, levels_for, word_of
from eiload.judging.sla import Verdict, Word
from eiload.judging.statistics.levels import FIXED
from eiload.scenario.objective import parse_objective


def verdicts(*words: Word) -> list[Verdict]:
    """Return verdicts of these words."""
    return [Verdict(parse_objective("p99 < 400 ms"), "a", word, "", "") for word in words]


def test_levels() -> None:
    """As sure as a trial's error rate takes, a failure of each objective, and a fixed run's."""
    assert levels_for(0.05, 1) == FIXED
    few = levels_for(0.004, 2)
    assert (few.quantile_passes, few.fails, few.short_fails) == (0.996, 0.998, 0.998)
    assert few.mean_passes == FIXED.mean_passes


def test_word() -> None:
    """It holds if all hold and fails if any does."""
    assert word_of(verdicts(Word.PASS, Word.PASS)) is TrialWord.HOLDS
    assert word_of(verdicts(Word.PASS, Word.FAIL, Word.UNDECIDED)) is TrialWord.FAILS
    assert word_of(verdicts(Word.PASS, Word.UNDECIDED)) is TrialWord.UNDECIDED
    assert word_of([]) is TrialWord.UNDECIDED
