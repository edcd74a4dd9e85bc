"""What a trial's verdicts come to."""

from eiload.judging.capacity import TrialWord, word_of
from eiload.judging.sla import Verdict, Word
from eiload.scenario.objective import parse_objective


def verdicts(*words: Word) -> list[Verdict]:
    """Return verdicts of these words."""
    return [Verdict(parse_objective("p99 < 400 ms"), "a", word, "", "") for word in words]


def test_word() -> None:
    """It holds if all hold and fails if any does."""
    assert word_of(verdicts(Word.PASS, Word.PASS)) is TrialWord.HOLDS
    assert word_of(verdicts(Word.PASS, Word.FAIL, Word.UNDECIDED)) is TrialWord.FAILS
    assert word_of(verdicts(Word.PASS, Word.UNDECIDED)) is TrialWord.UNDECIDED
    assert word_of([]) is TrialWord.UNDECIDED
