"""How a trial is judged: how sure its words must be, and what its verdicts come to together.

Pure. What it must not know: whether the generator was fit (`health`), how long a trial went on.
"""

from collections.abc import Sequence

from eiload.judging.capacity.trial import TrialWord
from eiload.judging.sla import Verdict, Word
from eiload.judging.statistics.levels import FIXED, Levels

__all__ = ["levels_for", "word_of"]

OF_FIXED = 0.05
"""How often a word by `FIXED` is wrong at the limit, at most, in the systems that it was measured
on (docs/statistics.md): some of its levels are higher than this, and were chosen so."""


def levels_for(alpha: float, objectives: int) -> Levels:
    """Return how sure the verdicts of a trial must be, by all of its looks together.

    Args:
        alpha: how often the trial's word may be wrong (`search.Ask.alpha`).
        objectives: how many the target has: the trial fails if any does, so that each may be
            wrongly failed that many times less often. It holds only if all pass.
    """
    levels = FIXED.each(lambda sure: 1 - (1 - sure) * alpha / OF_FIXED)
    return Levels(
        levels.quantile_passes,
        levels.passes,
        levels.mean_passes,
        1 - (1 - levels.fails) / objectives,
        1 - (1 - levels.short_fails) / objectives,
        levels.ratio,
    )


def word_of(verdicts: Sequence[Verdict]) -> TrialWord:
    """Return what the verdicts on one target of a valid trial come to."""
    words = {verdict.word for verdict in verdicts}
    if Word.FAIL in words:
        return TrialWord.FAILS
    return TrialWord.HOLDS if words == {Word.PASS} else TrialWord.UNDECIDED
