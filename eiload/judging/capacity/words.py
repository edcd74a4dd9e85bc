"""What the verdicts on a trial come to together.

Pure. What it must not know: whether the generator was fit (`health`), how long a trial went on.
"""

from collections.abc import Sequence

from eiload.judging.capacity.trial import TrialWord
from eiload.judging.sla import Verdict, Word

__all__ = ["word_of"]


def word_of(verdicts: Sequence[Verdict]) -> TrialWord:
    """Return what the verdicts on one target of a valid trial come to."""
    words = {verdict.word for verdict in verdicts}
    if Word.FAIL in words:
        return TrialWord.FAILS
    return TrialWord.HOLDS if words == {Word.PASS} else TrialWord.UNDECIDED
