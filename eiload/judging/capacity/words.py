"""How a trial is judged: how sure its words must be, and what its verdicts come to together.

Pure. What it must not know: whether the generator was fit (`health`), how long a trial went on.
"""

from collections.abc import Sequence
from dataclasses import replace

from eiload.judging.capacity.trial import TrialWord
from eiload.judging.sla import Verdict, Word
from eiload.judging.statistics.levels import FIXED, Levels

__all__ = ["levels_for", "word_of"]


def levels_for(alpha: float, objectives: int) -> Levels:
    """Return how sure the verdicts of a trial must be, by all of its looks together.

    Never less sure than those of a run that is judged once: where the levels of `FIXED` are higher
    than their error rates would take, they were chosen so by what was measured.

    Args:
        alpha: how often the trial's word may be wrong (`search.Ask.alpha`).
        objectives: how many the target has: the trial fails if any does, so that each may be
            wrongly failed that many times less often. It holds only if all pass.
    """
    levels = FIXED.each(lambda sure: max(sure, 1 - alpha))
    return replace(
        levels,
        fails=max(FIXED.fails, 1 - alpha / objectives),
        short_fails=max(FIXED.short_fails, 1 - alpha / objectives),
    )


def word_of(verdicts: Sequence[Verdict]) -> TrialWord:
    """Return what the verdicts on one target of a valid trial come to."""
    words = {verdict.word for verdict in verdicts}
    if Word.FAIL in words:
        return TrialWord.FAILS
    return TrialWord.HOLDS if words == {Word.PASS} else TrialWord.UNDECIDED
