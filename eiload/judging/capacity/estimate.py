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
from typing import NamedTuple

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
    blocks = _pooled(points)
    if blocks[0].value >= 0:
        return 0.0
    for one, other in itertools.pairwise(blocks):
        if other.value >= 0:
            share = -one.value / (other.value - one.value)
            step = math.log(other.first_per_s / one.last_per_s)
            return one.last_per_s * math.exp(share * step)
    return math.inf


class _Block(NamedTuple):
    """Neighbours that are taken together."""

    value: float
    weight: float
    first_per_s: float
    last_per_s: float


def _cut(used: float) -> float:
    return max(-MOST, min(MOST, math.log(used))) if used > 0 else -MOST


def _pooled(points: list[tuple[float, float, float]]) -> list[_Block]:
    """Return blocks whose values rise.

    Args:
        points: rate, value and weight of each, by rate.
    """
    found: list[_Block] = []
    for rate, value, weight in points:
        last = _Block(value, max(weight, 1e-9), rate, rate)
        while found and found[-1].value >= last.value:
            one = found.pop()
            both = one.weight + last.weight
            mean = (one.value * one.weight + last.value * last.weight) / both
            last = _Block(mean, both, one.first_per_s, last.last_per_s)
        found.append(last)
    return found
