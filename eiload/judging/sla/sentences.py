"""What a verdict says: the word, what was observed, and why or what it would take.

What it knows: verdicts on shares, intervals, numbers in sentences. What it must not know: runs,
which objective or target it is about.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from eiload.base import wording
from eiload.judging.statistics import blocks, needs
from eiload.judging.statistics.blocks import Blocks
from eiload.judging.statistics.shares import ShareVerdict, Word
from eiload.judging.statistics.shift import Interval
from eiload.record.sample import Sample

__all__ = ["NOTHING", "BareVerdict", "between", "extremes", "judged", "of_n", "too_short"]


@dataclass(frozen=True, slots=True)
class BareVerdict:
    """A verdict before it is known whose."""

    word: Word
    observed: str
    reason: str
    used: Interval | None = None
    """How much of what is allowed was used, with its confidence interval: 1 is the limit; None
    where nothing was measured."""
    longer: float | None = None
    """How many times as much of the same would decide it; infinite where nothing would, None where
    it is decided or nobody can tell."""


NOTHING = BareVerdict(Word.UNDECIDED, "nothing", "no requests were measured")


def judged(decision: ShareVerdict, observed: str, what: str, of: Blocks, away: str) -> BareVerdict:
    """Return the finding of a decision, with what an absence adds to it.

    Args:
        decision: on the requests.
        observed: what was measured, in words.
        what: the objective's subject, as in "p99 needs ...".
        of: the blocks that were judged.
        away: for how long the target was away, in words; empty when it was not.
    """
    used = None
    if decision.n and decision.allowed:
        shares = (decision.share, decision.lower, decision.upper)
        used = Interval(*(share / decision.allowed for share in shares))
    if decision.word is Word.UNDECIDED and away and decision.share > decision.allowed:
        reason = f"{away}; {wording.share(decision.allowed)} allowed"
        return BareVerdict(Word.FAIL, f"{observed} ({wording.share(decision.share)})", reason, used)
    longer = None
    if decision.word is Word.UNDECIDED and decision.enough:
        longer = decision.needs / decision.n if decision.needs else math.inf
    return BareVerdict(decision.word, observed, _why(decision, what, of), used, longer)


def of_n(decision: ShareVerdict) -> str:
    """Return how many requests are beyond the limit, of how many."""
    return f"{wording.count(decision.beyond)} of {wording.count(decision.n)}"


def extremes(sample: Sample) -> str:
    """Return what can be said of a sample too small for the quantile that was asked for."""
    largest = f"largest {wording.time(sample.max_ns)}" if sample.good else "none ended OK"
    highest = blocks.highest_reportable(sample.total)
    # Rounded down: p99.87 when 99.873 is supported.
    supports = f"p{math.floor(highest * 10_000 + 1e-6) / 100:g}" if highest else "not even p50"
    return f"{largest}, highest supported {supports}"


def too_short(what: str, of: Blocks) -> str:
    """Return the reason for no verdict on blocks that cannot carry one."""
    if reason := needs.occupancy(of):
        return f"{what} cannot be judged: {reason}"
    least = wording.span(needs.LEAST_S)
    return f"{what} needs at least {least} of measurement, got {of.seconds} s"


def _why(decision: ShareVerdict, what: str, of: Blocks) -> str:
    """Return why a share was judged so, or what it would take."""
    allowed = wording.share(decision.allowed)
    if decision.word is Word.PASS:
        at_most, sure = wording.share(decision.upper), wording.share(decision.sure)
        return f"at most {at_most} ({sure} confidence), {allowed} allowed"
    if decision.word is Word.FAIL:
        at_least, sure = wording.share(decision.lower), wording.share(decision.sure_low)
        return f"at least {at_least} ({sure} confidence), {allowed} allowed"
    return _open(decision, what, of, allowed)


def _open(decision: ShareVerdict, what: str, of: Blocks, allowed: str) -> str:
    """Return what it would take to decide a share."""
    per_s = decision.n / of.seconds
    if math.isfinite(decision.episodes):
        seen = wording.count(max(1, round(decision.episodes)))
        needed = math.ceil(decision.episodes_needed)
        longer = wording.span(of.seconds * decision.episodes_needed / max(1.0, decision.episodes))
        return (
            f"what is beyond the limit comes in episodes: about {seen} seen, {needed} needed, so"
            f" {longer} or more"
        )
    if not decision.enough:
        if reason := needs.occupancy(of):
            return f"{what} cannot be judged: {reason}"
        need = needs.least(
            per_s,
            decision.allowed,
            expected=decision.expected,
            sure=decision.sure,
            effect=decision.effect,
        )
        return f"{what} needs at least {need}"
    between = (
        f"between {wording.share(decision.lower)} and {wording.share(decision.upper)},"
        f" {allowed} allowed"
    )
    if decision.needs is None:
        return f"{between}: too close to the limit for any run"
    longer = wording.span(decision.needs / per_s)
    return (
        f"{between}: needs about {wording.count(decision.needs)} requests,"
        f" {longer} at {wording.rate(per_s)}, or twice that"
    )


def between(
    observed: str,
    estimate: Interval,
    limit: float,
    say: Callable[[float], str],
    *,
    below: bool,
) -> BareVerdict:
    """Return the verdict of an interval on being below (or above) a limit."""
    lower, upper = estimate.low, estimate.high
    longer = None
    if upper < limit:
        word, reason = (Word.PASS if below else Word.FAIL), f"at most {say(upper)}"
    elif lower > limit:
        word, reason = (Word.FAIL if below else Word.PASS), f"at least {say(lower)}"
    else:
        word = Word.UNDECIDED
        reason = f"between {say(max(0.0, lower))} and {say(upper)}: needs a longer run"
        # An interval is half as wide after four times as long.
        gap, half = limit - estimate.value, upper - estimate.value
        half = half if gap > 0 else estimate.value - lower
        longer = (half / gap) ** 2 if gap else math.inf
    ends = (estimate.value, lower, upper) if below else (estimate.value, upper, lower)
    used = Interval(*(_used(max(end, 0.0), limit, below=below) for end in ends))
    return BareVerdict(word, observed, reason, used, longer)


def _used(value: float, limit: float, *, below: bool) -> float:
    over, under = (value, limit) if below else (limit, value)
    return over / under if under else math.inf
