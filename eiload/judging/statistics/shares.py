"""Is the share of requests beyond a limit under what is allowed? One rule for quantiles and errors.

What it knows: counts per block and an allowed share. What it must not know: what was counted, runs,
the words of a report.

"p99 < 400 ms" says that less than 1 % of requests take longer than 400 ms; "errors < 0.1 %" that
less than 0.1 % fail. Both are shares, so both are judged by the same rule (docs/statistics.md,
"Objectives", with its measured error rates):

1. The evidence in n requests is that of ``n / deff`` independent ones. deff, the design effect, is
   from a lag window over the blocks (`dependence`); for a quantile the *largest* one over the limit
   and the observed 1-j(1-q) quantiles, j = 1/2, 1, 2, 4: a lucky run has few bad episodes and, at
   the limit alone, a low variance as well. It is raised by ``(t / z)^2`` for its own error (Korn &
   Graubard 1998); for passing the degrees of freedom fall where few episodes make the variance.
2. Clopper-Pearson limits of the deflated counts: *pass* when the upper one is under the allowed
   share, *fail* when the lower one is above it, else *undecided*. How sure: `levels`.
3. Too little to pass on (fewer than 12 blocks of 5 s that hold requests, fewer than 20 requests
   expected beyond a quantile, or so few that not even a clean record would do) can still fail, when
   it overwhelms: at 99 %, with blocks cut finer, their resemblance counted in full, and a second
   worth one observation at most (below 10 s: 5 s worth one). docs/statistics.md, "Short runs".
"""

import math
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from eiload.judging.statistics import blocks, cut
from eiload.judging.statistics.blocks import Blocks
from eiload.judging.statistics.cut import MIN_BLOCK_S, Floats
from eiload.judging.statistics.dependence import Dependence, Known
from eiload.judging.statistics.evidence import Evidence, needed, short
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

HARDLY = 0.02
"""Of what is allowed: failures so few are no reason to ask how many episodes there were."""

COUNTED = 0.04 - 1e-9
"""Share of the requests beyond a quantile from which episodes are counted there."""

TAILS = (0.5, 1, 2, 4)
"""Multiples j of the allowed share, whose quantiles' design effects are looked at as well."""


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
    episodes: float = math.inf
    """Episodes that make what is beyond the limit; infinite where they are not too few to pass."""
    episodes_needed: float = math.inf

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
    return _advised(*_judged_quantile(of, q, limit_ns, _Tails.of(of, q), levels))


def interval_ns(of: Blocks, q: float, levels: Levels = FIXED) -> tuple[float, float]:
    """Return between which times "the quantile `q` is under X" is undecided, ns.

    That is a confidence interval of the quantile (Woodruff, *Confidence intervals for medians and
    other position measures*, J. American Statistical Association 47, 1952): it misses as often as a
    verdict is wrong at the limit, below as a false fail, above as a false pass. Infinite above
    where no X would pass.
    """
    tails = _Tails.of(of, q)

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
    return _judged_quantile(of, q, limit_ns, _Tails.of(of, q), levels)[0].word


class _Tails(NamedTuple):
    """What is known of how requests beyond a quantile come, and of the blocks."""

    depend: Dependence
    effect: float = 1.0
    """The largest design effect."""
    known: Known | None = None
    """The one that the fewest episodes make; None if only the events themselves are looked at."""

    @staticmethod
    def of(of: Blocks, q: float) -> "_Tails":
        depend = of.dependence()
        known = {
            j: depend.known(of.over(of.quantile_ns(1 - j * (1 - q))))
            for j in TAILS
            if j * (1 - q) <= 0.5 + 1e-9
        }
        return _Tails(
            depend,
            max((each.effect for each in known.values()), default=1.0),
            min((known[j] for j in _counted([*known], q)), key=lambda each: each.freedom),
        )

    def with_own(self, events: Floats, allowed: float) -> Known:
        """Return what is known with the events that are judged, of which few may be left."""
        own = self.depend.known(events)
        if self.known is None:
            few = events.sum() < HARDLY * allowed * self.depend.requests
            return Known(own.effect, math.inf, self.depend.freedom) if few else own
        return self.known._replace(effect=max(own.effect, self.effect))


def _counted(multiples: list[float], q: float) -> list[float]:
    """Return the multiples j at whose quantiles episodes are counted.

    Where few requests are beyond a quantile, what they come in is as ill known as they are rare.
    """
    beyond = [j for j in multiples if j >= 1] or multiples
    return [j for j in beyond if j * (1 - q) >= COUNTED] or beyond[-1:]


def _judged_quantile(
    of: Blocks, q: float, limit_ns: float, tails: _Tails, levels: Levels
) -> tuple[ShareVerdict, Evidence]:
    return _judged(
        of.over(limit_ns), of.totals, 1 - q,
        lengths_s=of.lengths_s, tails=tails, expected=blocks.BEYOND,
        sure=levels.quantile_passes, levels=levels,
    )  # fmt: skip


def decide(
    events: Floats,
    totals: Floats,
    allowed: float,
    *,
    lengths_s: Floats | None = None,
    planned: Floats | None = None,
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
        planned: the rate that was planned in each block, shape (K,); None where it does not move.
        expected: how many requests must be expected beyond the limit, to pass.
        sure: one-sided confidence of a pass; None for that of errors.
        levels: how sure the words must be.
    """
    if lengths_s is None:
        lengths_s = np.full(len(totals), float(MIN_BLOCK_S))
    return _advised(
        *_judged(
            events,
            totals,
            allowed,
            lengths_s=lengths_s,
            tails=_Tails(Dependence.of(totals, planned)),
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
    tails: _Tails,
    expected: int,
    sure: float,
    levels: Levels,
) -> tuple[ShareVerdict, Evidence]:
    """Return the verdict, without how many requests would decide it, and what it rests on.

    As `decide`, but for `tails`: other events that come in the same way, of which none may have a
    larger design effect than is reckoned with.
    """
    n, beyond = int(totals.sum()), float(events.sum())
    sound = cut.sound(lengths_s, totals)
    known = Known(1.0, math.inf, 0.0)
    if sound:
        known, evidence = _long(events, allowed, tails, sure, levels)
        if n * allowed < expected - 1e-9 and evidence.lower() <= expected / n:
            # Of so small a share these requests say nothing, unless they are surely beyond the
            # smallest share that they can tell of.
            brief = short(events, totals, lengths_s, sure, levels)
            evidence = brief._replace(to_pass=evidence.to_pass)
    else:
        evidence = short(events, totals, lengths_s, sure, levels)
    lower, upper = evidence.lower(), evidence.upper()

    deff = n / evidence.to_pass if evidence.to_pass else 1.0
    plenty = sound and n >= least_requests(allowed, expected=expected, deff=deff, sure=sure)
    word, few = Word.UNDECIDED, False
    if lower > allowed:
        word = Word.FAIL
    elif plenty and upper < allowed:
        word = Word.PASS
    elif sound and evidence.share < allowed:
        few = known.episodes < tails.depend.enough()
    verdict = ShareVerdict(
        word, n, round(beyond), allowed, lower, upper if sound else 1.0, sure, evidence.sure_low,
        known.effect, expected, plenty,
        episodes=known.episodes if few else math.inf, episodes_needed=tails.depend.enough(),
    )  # fmt: skip
    return verdict, evidence


def _advised(verdict: ShareVerdict, evidence: Evidence) -> ShareVerdict:
    """Return a verdict with how many requests would decide it, where a number would."""
    if verdict.word is not Word.UNDECIDED or not verdict.enough:
        return verdict
    return replace(verdict, needs=needed(evidence, verdict.n, verdict.allowed))


def _long(
    events: Floats, allowed: float, tails: _Tails, sure: float, levels: Levels
) -> tuple[Known, Evidence]:
    """Return the design effect for passing, and the evidence, of blocks that carry a verdict."""
    known, n = tails.with_own(events, allowed), tails.depend.requests
    evidence = Evidence(
        float(events.sum()) / n,
        n / (known.effect * tails.depend.widening(levels.fails)),
        n / known.widened(sure),
        levels.fails,
        sure,
    )
    return known, evidence
