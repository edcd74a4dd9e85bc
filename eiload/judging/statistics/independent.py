"""What few long blocks, or the seconds of a short run, tell when each is taken for itself.

What it knows: counts per block. What it must not know: what was counted, verdicts. For the sign of
saturation, for which these figures were measured, and for runs too short for a lag window
(`dependence`).
"""

from functools import cache

import scipy  # its parts load when they are asked for: none before a run is judged

from eiload.judging.statistics.cut import Floats
from eiload.judging.statistics.dependence import t_quantile

__all__ = ["design_effect", "serial_factor", "t_widening"]

SERIAL_MOST = 0.9
"""Lag-1 correlation of blocks counts at most so much."""


@cache
def t_widening(k: int, confidence: float) -> float:
    """Return ``(t / z)^2``: what a design effect from `k` blocks is raised by for its own error.

    Korn & Graubard, *Confidence intervals for proportions with small expected number of positive
    counts estimated from survey data*, Survey Methodology 24, 1998.

    Args:
        k: blocks, at least 2.
        confidence: one-sided.
    """
    return (t_quantile(confidence, k - 1) / float(scipy.special.ndtri(confidence))) ** 2


def design_effect(events: Floats, totals: Floats) -> float:
    """Return by how much the variance of a share exceeds that of independent requests, at least 1.

    The share's variance from block sums (a ratio estimate: blocks differ in size), over the
    binomial one. ``n / design effect`` requests that are independent would carry as much evidence.

    Args:
        events: per block, shape (K,).
        totals: requests per block, shape (K,).
    """
    k, n = len(totals), float(totals.sum())
    share = float(events.sum()) / n if n else 0.0
    if k < 2 or not 0 < share < 1:
        return 1.0
    residuals = events - share * totals
    return max(1.0, k / (k - 1) * float(residuals @ residuals) / (n * share * (1 - share)))


def serial_factor(sums: Floats, totals: Floats) -> float:
    """Return by how much blocks that resemble their neighbours raise a mean's variance, at least 1.

    Blocks are long so as to be independent. Where speed wanders slowly they are not, and K of them
    are worth fewer: by ``(1 + r) / (1 - r)`` for a first-order autoregression with lag-1
    correlation r (Bayley & Hammersley, *The effective number of independent observations in an
    autocorrelated time series*, J. Royal Statistical Society supplement 8, 1946). 1/K is added to
    r, by which its estimate is too low.

    Args:
        sums: per block, shape (K,), of what the mean is of.
        totals: requests per block, shape (K,).
    """
    k, n = len(totals), float(totals.sum())
    if k < 2 or not n:
        return 1.0
    residuals = sums - float(sums.sum()) / n * totals
    square = float(residuals @ residuals)
    r = float(residuals[1:] @ residuals[:-1]) / square + 1 / k if square else 0.0
    r = min(max(r, 0.0), SERIAL_MOST)
    return (1 + r) / (1 - r)
