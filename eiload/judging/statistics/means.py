"""Confidence limits of a mean over requests and of a rate over time, from sums of blocks.

What it knows: sums per block. What it must not know: what was summed, objectives, words.
"""

import math

from eiload.judging.statistics.cut import Floats
from eiload.judging.statistics.dependence import Dependence, t_quantile
from eiload.judging.statistics.levels import FIXED, Levels

__all__ = ["mean_limits", "rate_limits"]

EPISODES = 6
"""Fewer make a mean's variance less sure than its blocks: as many as their fourth moments ask for
(`dependence`). At 99.999 % each degree of freedom that is missing is a wide step."""


def mean_limits(
    sums: Floats, totals: Floats, levels: Levels = FIXED, planned: Floats | None = None
) -> tuple[float, float]:
    """Return the confidence limits of a mean, for failing and for passing.

    Args:
        sums: summed values per block, shape (K,), K >= 2.
        totals: how many values each block holds, shape (K,).
        levels: how sure the words must be.
        planned: the rate that was planned in each block, shape (K,); None where it does not move.
    """
    depend, n = Dependence.of(totals, planned), float(totals.sum())
    mean, error = float(sums.sum()) / n, math.sqrt(depend.variance(sums)) / n
    _, freedom = depend.episodes(sums, EPISODES)
    return (
        mean - t_quantile(levels.fails, depend.freedom) * error,
        mean + t_quantile(levels.mean_passes, freedom) * error,
    )


def rate_limits(
    answers: Floats, lengths_s: Floats, levels: Levels = FIXED, planned: Floats | None = None
) -> tuple[float, float]:
    """Return the confidence limits of a rate, for passing (from below) and for failing, per second.

    Args:
        answers: per block, shape (K,), K >= 2.
        lengths_s: of the blocks, shape (K,).
        levels: how sure the words must be.
        planned: the rate that was planned in each block, shape (K,); None where it does not move.
    """
    depend, seconds = Dependence.of(lengths_s, planned), float(lengths_s.sum())
    measured, error = float(answers.sum()) / seconds, math.sqrt(depend.variance(answers)) / seconds
    return (
        measured - t_quantile(levels.passes, depend.freedom) * error,
        measured + t_quantile(levels.fails, depend.freedom) * error,
    )
