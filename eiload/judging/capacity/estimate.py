"""About where the capacity is, by all trials so far: no claim, only where to look next.

Pure. A trial has used a share of what is allowed, 1 at the capacity and more beyond it. The more
load the more is used, so its logarithm is taken to rise with the rate, however: isotonic
regression by pooling neighbours that do not (Ayer, Brunk, Ewing, Reid & Silverman, *An empirical
distribution function for sampling with incomplete information*, Annals of Mathematical Statistics
26, 1955), each trial weighted by its seconds. Where the line through the pooled points crosses 1 is
the estimate. No law of the queue is supposed.
"""

import itertools
import math
from collections.abc import Iterable

from eiload.judging.capacity.trial import Trial

__all__ = ["estimate"]

MOST = 3.0
"""Logarithms of what was used are cut at -3 and 3: a server that is overloaded uses all there is,
and one request beyond the limit more or less decides about the smallest ones."""


def estimate(trials: Iterable[Trial]) -> float | None:
    """Return the rate at which all that is allowed would be used, per second.

    Args:
        trials: of one target.

    Returns:
        0 where all trials are beyond it, infinity where all are below; None where nothing is known.
    """
    points = sorted(
        (trial.rate_per_s, _cut(trial.used), trial.seconds)
        for trial in trials
        if trial.used is not None
    )
    if not points:
        return None
    pooled = _pooled(points)
    if pooled[0][1] >= 0:
        return 0.0
    for (one, below, _), (other, above, _) in itertools.pairwise(pooled):
        if above >= 0:
            share = -below / (above - below)
            return math.exp(one + share * (other - one))
    return math.inf


def _cut(used: float) -> float:
    return max(-MOST, min(MOST, math.log(used))) if used > 0 else -MOST


def _pooled(points: list[tuple[float, float, float]]) -> list[tuple[float, float, float]]:
    """Return points of logarithm of the rate, value and weight, whose values rise.

    Args:
        points: rate, value and weight of each, by rate.
    """
    found: list[tuple[float, float, float]] = []
    for rate, value, weight in points:
        last = (math.log(rate), value, max(weight, 1e-9))
        while found and found[-1][1] >= last[1]:
            one = found.pop()
            both = one[2] + last[2]
            last = (
                (one[0] * one[2] + last[0] * last[2]) / both,
                (one[1] * one[2] + last[1] * last[2]) / both,
                both,
            )
        found.append(last)
    return found
