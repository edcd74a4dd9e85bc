"""Is the share of requests beyond a limit under what is allowed? One rule for quantiles and errors.

What it knows: counts per block and an allowed share. What it must not know: what was counted, runs,
the words of a report.

"p99 < 400 ms" says that less than 1 % of requests take longer than 400 ms; "errors < 0.1 %" that
less than 0.1 % fail. Both are shares, so both are judged by the same rule (docs/statistics.md,
"Objectives", with its measured error rates):

1. The evidence in n requests is that of ``n / deff`` independent ones. For a quantile, deff is the
   *largest* design effect over the limit and the observed 1-j(1-q) quantiles, j = 1, 2, 4, 8: a
   lucky run has few bad episodes and, at the limit alone, a low variance as well. It is raised by
   ``(t / z)^2`` for being estimated from K blocks (Korn & Graubard 1998), and for passing also
   where blocks resemble their neighbours (`blocks.serial_factor`).
2. Clopper-Pearson limits of the deflated counts: *pass* when the upper one is under the allowed
   share, *fail* when the lower one is above it, else *undecided*. One-sided at 97.5 %, but at 99 %
   to pass on a quantile: bad episodes are few and of very different lengths, so a run that missed
   the longest looks better, and surer, than it is.
3. Too little to pass on (fewer than 12 blocks of 5 s that hold requests, fewer than 20 requests
   expected beyond a quantile, or so few that not even a clean record would do) can still fail, when
   it overwhelms: at 99 %, with blocks cut finer, their resemblance counted in full, and a second
   worth one observation at most (below 10 s: 5 s worth one). docs/statistics.md, "Short runs".
"""

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from eiload.judging.statistics import blocks, cut
from eiload.judging.statistics.blocks import Blocks
from eiload.judging.statistics.cut import MIN_BLOCK_S, Floats
from eiload.judging.statistics.levels import FIXED, Levels

__all__ = [
    "ShareVerdict",
    "Word",
    "decide",
    "decide_quantile",
    "interval_ns",
    "least_requests",
    "word_on_quantile",
]

TAILS = (0.5, 1, 2, 4, 8)
"""Multiples j of the allowed share, whose quantiles' design effects are looked at as well."""

LEAST_SHORT_S, SECONDS_WORTH = 10, 5
"""From the first on a second of a short run may count as an observation, below only so many."""

MAX_TIMES_LONGER = 200.0
"""A run this many times longer is no advice: the share is as good as at the limit."""


class Word(StrEnum):
    """What is said of an objective."""

    PASS = "pass"  # noqa: S105  # not a password
    FAIL = "fail"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class ShareVerdict:
    """The verdict on a share of requests: its word, and the numbers that it rests on."""

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
    sure: float
    """One-sided confidence of the upper limit."""
    sure_low: float
    """One-sided confidence of the lower limit."""
    effect: float
    """Requests of this run that are worth one independent request, for passing and without what
    few blocks add; 1 when it is too short to know."""
    expected: int
    """Requests that must be expected beyond the limit, to pass."""
    enough: bool
    """Whether a clean record of this length could have passed."""
    needs: int | None = None
    """About how many requests decide it, when enough and undecided; None when no number would."""

    @property
    def share(self) -> float:
        """Return the observed share beyond the limit; NaN of no requests."""
        return self.beyond / self.n if self.n else math.nan


def least_requests(
    allowed: float,
    *,
    expected: int = blocks.BEYOND,
    deff: float = 1.0,
    sure: float = FIXED.passes,
) -> int:
    """Return the fewest requests that can show a share to be under `allowed`.

    Args:
        allowed: the share, in (0, 1).
        expected: requests that must be expected beyond the limit.
        deff: the design effect.
        sure: one-sided confidence of a pass.
    """
    # A clean record of n requests is enough when (1 - allowed)^n is less than the doubt left.
    clean = math.log(1 - sure) / math.log1p(-min(allowed, 1 - 1e-9))
    # Rounding must not turn 20 / 0.01 into 2001.
    return math.ceil(max(expected / allowed, deff * clean) - 1e-6)


def decide_quantile(of: Blocks, q: float, limit_ns: float, levels: Levels = FIXED) -> ShareVerdict:
    """Judge "less than ``1 - q`` of the requests take longer than `limit_ns`"."""
    return _advised(*_judged_quantile(of, q, limit_ns, _tails(of, q), levels))


def interval_ns(of: Blocks, q: float, levels: Levels = FIXED) -> tuple[float, float]:
    """Return between which times "the quantile `q` is under X" is undecided, ns.

    That is a confidence interval of the quantile (Woodruff, *Confidence intervals for medians and
    other position measures*, J. American Statistical Association 47, 1952): it misses as often as a
    verdict is wrong at the limit, below as a false fail, above as a false pass. Infinite above
    where no X would pass.
    """
    tails = _tails(of, q)

    def first(holds: Callable[[Word], bool]) -> float:
        index = bisect_left(
            of.values_ns,
            True,
            key=lambda x: holds(_judged_quantile(of, q, x, tails, levels)[0].word),
        )
        return float(of.values_ns[index]) if index < len(of.values_ns) else math.inf

    return first(lambda word: word is not Word.FAIL), first(lambda word: word is Word.PASS)


def word_on_quantile(of: Blocks, q: float, limit_ns: float, levels: Levels = FIXED) -> Word:
    """Return the word of `decide_quantile`, without what it would take: for many replicates."""
    return _judged_quantile(of, q, limit_ns, _tails(of, q), levels)[0].word


class _Effects(NamedTuple):
    """The largest design effects of several kinds of events."""

    plain: float
    serial: float
    """Also for blocks that resemble their neighbours."""

    @staticmethod
    def of(events: Sequence[Floats], totals: Floats) -> "_Effects":
        effects = [(each, blocks.design_effect(each, totals)) for each in events]
        return _Effects(
            max((effect for _, effect in effects), default=1.0),
            max((e * blocks.serial_factor(each, totals) for each, e in effects), default=1.0),
        )


def _tails(of: Blocks, q: float) -> _Effects:
    """Return the effects of what is beyond the quantiles that are looked at as well."""
    shares = (j * (1 - q) for j in TAILS)
    beyond = [of.over(of.quantile_ns(1 - share)) for share in shares if share <= 0.5 + 1e-9]
    return _Effects.of(beyond, of.totals)


def _judged_quantile(
    of: Blocks, q: float, limit_ns: float, tails: _Effects, levels: Levels
) -> "tuple[ShareVerdict, _Evidence]":
    return _judged(
        of.over(limit_ns), of.totals, 1 - q,
        lengths_s=of.lengths_s, like=tails, expected=blocks.BEYOND,
        sure=levels.quantile_passes, levels=levels,
    )  # fmt: skip


def decide(
    events: Floats,
    totals: Floats,
    allowed: float,
    *,
    lengths_s: Floats | None = None,
    expected: int = 0,
    sure: float | None = None,
    levels: Levels = FIXED,
) -> ShareVerdict:
    """Judge "less than a share `allowed` of the requests are among the `events`".

    Args:
        events: per block, shape (K,).
        totals: requests per block, shape (K,).
        allowed: in (0, 1).
        lengths_s: of the blocks, shape (K,); None for blocks of 5 s.
        expected: how many requests must be expected beyond the limit, to pass.
        sure: one-sided confidence of a pass; None for that of errors.
        levels: how sure the words must be.
    """
    if lengths_s is None:
        lengths_s = np.full(len(totals), float(MIN_BLOCK_S))
    none = _Effects(1.0, 1.0)
    return _advised(
        *_judged(
            events,
            totals,
            allowed,
            lengths_s=lengths_s,
            like=none,
            expected=expected,
            sure=levels.passes if sure is None else sure,
            levels=levels,
        )
    )


def _judged(
    events: Floats,
    totals: Floats,
    allowed: float,
    *,
    lengths_s: Floats,
    like: _Effects,
    expected: int,
    sure: float,
    levels: Levels,
) -> "tuple[ShareVerdict, _Evidence]":
    """Return the verdict, without how many requests would decide it, and what it rests on.

    As `decide`, but for `like`: other events that come in the same way, of which none may have a
    larger design effect than is reckoned with.
    """
    n, beyond = int(totals.sum()), float(events.sum())
    sound = cut.sound(lengths_s, totals)
    if sound:
        effect, evidence = _long(events, totals, like, sure, levels)
        if n * allowed < expected - 1e-9 and evidence.lower() <= expected / n:
            # Of so small a share these requests say nothing, unless they are surely beyond the
            # smallest share that they can tell of.
            short = _short(events, totals, lengths_s, sure, levels)
            evidence = short._replace(to_pass=evidence.to_pass)
    else:
        effect, evidence = 1.0, _short(events, totals, lengths_s, sure, levels)
    lower, upper = evidence.lower(), evidence.upper()
    deff = n / evidence.to_pass if evidence.to_pass else 1.0
    enough = sound and n >= least_requests(allowed, expected=expected, deff=deff, sure=sure)
    word = Word.UNDECIDED
    if lower > allowed:
        word = Word.FAIL
    elif enough and upper < allowed:
        word = Word.PASS
    verdict = ShareVerdict(
        word, n, round(beyond), allowed, lower, upper if sound else 1.0, sure, evidence.sure_low,
        effect, expected, enough,
    )  # fmt: skip
    return verdict, evidence


def _advised(verdict: ShareVerdict, evidence: "_Evidence") -> ShareVerdict:
    """Return a verdict with how many requests would decide it, where a number would."""
    if verdict.word is not Word.UNDECIDED or not verdict.enough:
        return verdict
    return replace(verdict, needs=_needs(evidence, verdict.n, verdict.allowed))


def _long(
    events: Floats, totals: Floats, like: _Effects, sure: float, levels: Levels
) -> "tuple[float, _Evidence]":
    """Return the design effect for passing, and the evidence, of blocks that carry a verdict."""
    n, occupied = float(totals.sum()), int(np.count_nonzero(totals))
    own = _Effects.of([events], totals)
    plain, serial = max(own.plain, like.plain), max(own.serial, like.serial)
    evidence = _Evidence(
        float(events.sum()) / n,
        n / (plain * blocks.t_widening(occupied, levels.fails)),
        n / (serial * blocks.t_widening(occupied, sure)),
        levels.fails,
        sure,
    )
    return serial, evidence


def _short(
    events: Floats, totals: Floats, lengths_s: Floats, sure: float, levels: Levels
) -> "_Evidence":
    """Return the evidence of blocks that cannot pass anything; they may fail."""
    n, occupied = float(totals.sum()), int(np.count_nonzero(totals))
    effect = blocks.design_effect(events, totals) * blocks.serial_factor(events, totals, sds=0.0)
    widening = blocks.t_widening(occupied, levels.fails) if occupied > 1 else 1.0
    # Long blocks that happen to be empty make no seconds of evidence: each counts as one.
    fine = lengths_s < MIN_BLOCK_S
    seconds = float(lengths_s[fine & (totals > 0)].sum()) + float(np.sum(~fine & (totals > 0)))
    long_enough = lengths_s.sum() >= LEAST_SHORT_S
    worth = seconds if long_enough else max(1.0, seconds // SECONDS_WORTH)
    to_fail = min(n / (effect * widening), worth) if n else 0.0
    share = float(events.sum()) / n if n else 0.0
    return _Evidence(share, to_fail, n, levels.short_fails if long_enough else levels.fails, sure)


class _Evidence(NamedTuple):
    """An observed share, and how many independent requests it is worth."""

    share: float
    to_fail: float
    to_pass: float
    sure_low: float
    sure: float

    def lower(self, times: float = 1.0) -> float:
        """Return the share's lower limit, for failing, as if the run had been `times` as long."""
        fails = self.to_fail * times
        return blocks.clopper_pearson(self.share * fails, fails, self.sure_low)[0]

    def upper(self, times: float = 1.0) -> float:
        """Return the share's upper limit, for passing, as if the run had been `times` as long."""
        passes = self.to_pass * times
        return blocks.clopper_pearson(self.share * passes, passes, self.sure)[1]


def _needs(evidence: _Evidence, n: int, allowed: float) -> int | None:
    """Return how many requests would decide it if the share stayed as observed; None if too many.

    Optimistic by half: the share will not stay as observed.
    """
    times = 1.0
    while times < MAX_TIMES_LONGER:
        times *= 1.1
        if evidence.upper(times) < allowed or evidence.lower(times) > allowed:
            return math.ceil(n * times)
    return None
