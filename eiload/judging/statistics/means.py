"""Confidence limits of a mean over requests and of a rate over time, from sums of blocks.

What it knows: sums per block. What it must not know: what was summed, objectives, words.
"""

import math

import numpy as np

from eiload.judging.statistics import blocks
from eiload.judging.statistics.cut import Floats
from eiload.judging.statistics.levels import FIXED, Levels

__all__ = ["mean_limits", "rate_limits"]


def mean_limits(sums: Floats, totals: Floats, levels: Levels = FIXED) -> tuple[float, float]:
    """Return the confidence limits of a mean, for failing and for passing.

    Args:
        sums: summed values per block, shape (K,), K >= 2.
        totals: how many values each block holds, shape (K,).
        levels: how sure the words must be.
    """
    k, n = len(totals), float(totals.sum())
    mean = float(sums.sum()) / n
    residuals = sums - mean * totals  # blocks differ in size: a ratio estimate
    error = math.sqrt(k / (k - 1) * float(residuals @ residuals)) / n
    serial = math.sqrt(blocks.serial_factor(sums, totals))
    return (
        mean - blocks.t_quantile(levels.fails, k - 1) * error,
        mean + blocks.t_quantile(levels.mean_passes, k - 1) * error * serial,
    )


def rate_limits(answers: Floats, lengths_s: Floats, levels: Levels = FIXED) -> tuple[float, float]:
    """Return the confidence limits of a rate, for passing (from below) and for failing, per second.

    Args:
        answers: per block, shape (K,), K >= 2.
        lengths_s: of the blocks, shape (K,).
        levels: how sure the words must be.
    """
    k = len(answers)
    measured = float(answers.sum() / lengths_s.sum())
    error = float(np.std(answers / lengths_s, ddof=1)) / math.sqrt(k)
    return (
        measured - blocks.t_quantile(levels.passes, k - 1) * error,
        measured + blocks.t_quantile(levels.fails, k - 1) * error,
    )
