"""Is the share of requests beyond a limit under what is allowed? One rule for quantiles and errors.

What it knows: counts per block and an allowed share. What it must not know: what was counted, runs,
the words of a report.

"p99 < 400 ms" says that less than 1 % of requests take longer than 400 ms; "errors < 0.1 %" that
less than 0.1 % fail. Both are shares, so both are judged by the same rule (docs/statistics.md,
"Objectives", with its measured error rates):

1. The evidence in n requests is that of ``n / deff`` independent ones. For a quantile, deff is the
   *largest* design effect over the limit and the observed 1-j(1-q) quantiles, j = 1, 2, 4, 8: a
   lucky run has few bad episodes and, at the limit alone, a low variance as well. It is raised by
   ``(t / z)^2`` for being estimated from K blocks (Korn & Graubard 1998).
2. Clopper-Pearson limits of the deflated counts, one-sided at 97.5 %: *pass* when the upper one is
   under the allowed share, *fail* when the lower one is above it, else *undecided*.
3. Too little to pass on (fewer than 12 blocks, fewer than 20 requests expected beyond a quantile,
   or so few that not even a clean record would do) can still fail: then a whole block counts as
   one observation, the least that dependent requests can be worth.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

from eiload import blocks
from eiload.blocks import Blocks, Floats

__all__ = ["CONFIDENCE", "Decision", "Word", "decide", "decide_quantile", "least_requests"]

CONFIDENCE = 0.975
"""One-sided. At 95 % a system exactly at its limit passes in 4-9 % of runs, at 97.5 % in 1-6 %."""

TAILS = (0.5, 1, 2, 4, 8)
"""Multiples j of the allowed share, whose quantiles' design effects are looked at as well."""

MAX_TIMES_LONGER = 200.0
"""A run this many times longer is no advice: the share is as good as at the limit."""


class Word(StrEnum):
    """What is said of an objective."""

    PASS = "pass"  # noqa: S105  # not a password
    FAIL = "fail"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Decision:
    """What counts per block say about an allowed share."""

    word: Word
    n: int
    """Requests."""
    beyond: int
    """Of these, how many are beyond the limit."""
    allowed: float
    lower: float
    """Lower confidence limit of the share beyond the limit."""
    upper: float
    """Upper confidence limit of that share; 1 when there is too little data for one."""
    design_effect: float
    """Requests of this run that are worth one independent request."""
    enough: bool
    """Whether a clean record of this length could have passed."""
    needs: int | None = None
    """About how many requests decide it, when undecided; None when no number would."""

    @property
    def share(self) -> float:
        """Return the observed share beyond the limit; NaN of no requests."""
        return self.beyond / self.n if self.n else math.nan


def least_requests(allowed: float, *, expected: int = blocks.BEYOND, deff: float = 1.0) -> int:
    """Return the fewest requests that can show a share to be under `allowed`.

    Args:
        allowed: the share, in (0, 1).
        expected: requests that must be expected beyond the limit.
        deff: the design effect.
    """
    # A clean record of n requests is enough when (1 - allowed)^n < 2.5 %.
    clean = math.log(1 - CONFIDENCE) / math.log1p(-min(allowed, 1 - 1e-9))
    # Rounding must not turn 20 / 0.01 into 2001.
    return math.ceil(max(expected / allowed, deff * clean) - 1e-6)


def decide_quantile(of: Blocks, q: float, limit_ns: float) -> Decision:
    """Judge "less than ``1 - q`` of the requests take longer than `limit_ns`"."""
    allowed = 1 - q
    events = of.over(limit_ns)
    tails = [q_tail for j in TAILS if (q_tail := 1 - j * allowed) >= 0.5 - 1e-9]
    looked_at = [events, *(of.over(of.quantile_ns(q_tail)) for q_tail in tails)]
    deff = max(blocks.design_effect(each, of.totals) for each in looked_at)
    return decide(events, of.totals, allowed, deff=deff, expected=blocks.BEYOND)


def decide(
    events: Floats,
    totals: Floats,
    allowed: float,
    *,
    deff: float | None = None,
    expected: int = 0,
) -> Decision:
    """Judge "less than a share `allowed` of the requests are among the `events`".

    Args:
        events: per block, shape (K,).
        totals: requests per block, shape (K,).
        allowed: in (0, 1).
        deff: the design effect; None means that of `events`.
        expected: how many requests must be expected beyond the limit, to pass.
    """
    k, n, beyond = len(totals), int(totals.sum()), float(events.sum())
    deff = blocks.design_effect(events, totals) if deff is None else deff
    deff *= blocks.t_widening(k, CONFIDENCE) if k > 1 else 1.0
    least = least_requests(allowed, expected=expected, deff=deff)
    sound = k >= blocks.MIN_BLOCKS and n * allowed >= expected - 1e-9
    worth = n / deff if sound else min(n / deff, float(k))
    lower, upper = (
        blocks.clopper_pearson(beyond * worth / n, worth, CONFIDENCE) if n else (0.0, 1.0)
    )
    enough = sound and n >= least
    word = Word.UNDECIDED
    if lower > allowed:
        word = Word.FAIL
    elif enough and upper < allowed:
        word = Word.PASS
    needs: int | None = least
    if word is Word.UNDECIDED and enough:
        needs = _needs(beyond, n, worth, allowed)
    return Decision(
        word, n, round(beyond), allowed, lower, upper if sound else 1.0, deff, enough,
        needs if word is Word.UNDECIDED else None,
    )  # fmt: skip


def _needs(beyond: float, n: int, worth: float, allowed: float) -> int | None:
    """Return how many requests would decide it if the share stayed as observed; None if too many.

    Optimistic by half: the share will not stay as observed.
    """
    times = 1.0
    while times < MAX_TIMES_LONGER:
        times *= 1.1
        lower, upper = blocks.clopper_pearson(beyond * worth / n * times, worth * times, CONFIDENCE)
        if upper < allowed or lower > allowed:
            return math.ceil(n * times)
    return None
