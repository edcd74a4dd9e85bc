"""What a run needs at least to be decided: one function for the plan, the verdict and the docs.

What it knows: the shortest run whose clean record could pass, at a rate. What it must not know:
runs, scenarios, what was counted. `eiload validate` asks before the load, a verdict's line after
it, and both get the same answer where nothing went wrong (docs/statistics.md, "How long").
"""

import math
from dataclasses import dataclass

from eiload.base import wording
from eiload.judging.statistics import blocks, dependence, shares
from eiload.judging.statistics.blocks import Blocks
from eiload.judging.statistics.cut import MAX_BLOCKS, MIN_BLOCK_S, MIN_BLOCKS

__all__ = ["LEAST_S", "Need", "least", "occupancy", "to_compare", "unequal"]

LEAST_S = MIN_BLOCKS * MIN_BLOCK_S
"""The shortest measurement that anything can pass on, s."""


@dataclass(frozen=True, slots=True)
class Need:
    """The least that decides something, both at once."""

    requests: int
    seconds: float
    """Infinite where no request comes."""

    def __str__(self) -> str:
        """Return it in words: ``2,000 requests: 100 s at 20/s``."""
        if math.isinf(self.seconds) or not self.seconds:
            return wording.count(self.requests, "request")
        rate = wording.rate(self.requests / self.seconds)
        return f"{wording.count(self.requests, 'request')}: {wording.span(self.seconds)} at {rate}"


def least(per_s: float, allowed: float, *, expected: int, sure: float, effect: float = 1.0) -> Need:
    """Return the shortest run at a rate that can show a share to be under what is allowed.

    Args:
        per_s: requests per second.
        allowed: the share, in (0, 1).
        expected: requests that must be expected beyond the limit.
        sure: one-sided confidence of a pass.
        effect: the design effect: how many requests are worth one independent request.
    """
    # More blocks know their own variance better, so that fewer requests will do.
    for k in range(MIN_BLOCKS, MAX_BLOCKS + 1):
        deff = effect * dependence.widening(k, sure)
        requests = shares.least_requests(allowed, expected=expected, deff=deff, sure=sure)
        seconds = max(float(k * MIN_BLOCK_S), requests / per_s if per_s else math.inf)
        if k == MAX_BLOCKS or seconds < (k + 1) * MIN_BLOCK_S:
            break
    return _at(per_s, requests, seconds)


def to_compare(per_s: float, q: float) -> Need:
    """Return the shortest run at a rate in which the quantile `q` may be compared."""
    requests = math.ceil(blocks.BEYOND / (1 - q) - 1e-6)
    return _at(per_s, requests, max(float(LEAST_S), requests / per_s if per_s else math.inf))


EVEN_ENOUGH = MIN_BLOCKS - 2
"""Equal blocks that a run's are worth: of 12 that have 20 requests each in the mean, the chance of
Poisson arrivals alone leaves 11.4, and surely more than this."""


def occupancy(of: Blocks) -> str:
    """Return why the blocks of a run that is long enough carry no verdict; empty where they do."""
    if of.sound or of.seconds < LEAST_S:
        return ""
    of = of.coarse()
    if of.k < MIN_BLOCKS:
        step = wording.span(of.seconds / of.k)
        return f"it was planned for longer, so its times are known in steps of {step} only"
    return (
        f"its requests came in {of.occupied} of {wording.count(of.k, 'part')} of the time, a"
        f" verdict takes them in {MIN_BLOCKS}"
    )


def unequal(of: Blocks) -> str:
    """Return that blocks are so unequal that few of them decide; empty where they are not."""
    of = of.coarse()
    if not of.sound or of.worth >= EVEN_ENOUGH:
        return ""
    return (
        f"requests come so unevenly that {of.k} parts of the time are worth {of.worth:.0f} equal"
        f" ones, fewer than the {MIN_BLOCKS} that a verdict takes: what it says of a tail is less"
        ' sure than it says (docs/statistics.md, "Arrivals that are not Poisson")'
    )


def _at(per_s: float, requests: int, seconds: float) -> Need:
    if math.isinf(seconds) or math.isinf(per_s):
        return Need(requests, seconds)
    return Need(max(requests, math.ceil(per_s * seconds - 1e-6)), seconds)
