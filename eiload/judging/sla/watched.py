"""Verdicts on what was observed beside the load: the server's times, GPUs, others' load.

What it knows: what `eiload.observe` makes of a run. What it must not know: reports, exit status.
The bias is that of all rules: no data and no doubt ever make a pass.

- `server pNN`: a share over a limit, by blocks of readings, as of any quantile. A server's buckets
  say of some requests only that they lie around the limit: to pass, all of these count as over it,
  to fail, none of them.
- `server mean`, `gpu use`: a t-interval over blocks.
- `throttled`: of this run only, as far as it was looked at.
- `foreign`: a count, known between two limits.
"""

from collections.abc import Sequence

import numpy as np

from eiload.base import wording
from eiload.base.units import format_duration, format_percentile, format_share
from eiload.judging.sla.sentences import BareVerdict, between
from eiload.judging.statistics import blocks, shares
from eiload.judging.statistics.cut import MAX_BLOCKS, MIN_BLOCK_S, MIN_BLOCKS, Floats
from eiload.judging.statistics.levels import FIXED, Levels
from eiload.judging.statistics.means import mean_limits
from eiload.judging.statistics.shares import Word
from eiload.judging.statistics.shift import Interval
from eiload.observe import foreign
from eiload.observe.device import throttled, use
from eiload.observe.growth import Growth, Window
from eiload.observe.histogram import Histogram, histogram
from eiload.observe.server import ENTRYPOINT, SERVERS, growths, server_of, stretches, windows
from eiload.record.facts import PhaseSpan
from eiload.record.run import Run
from eiload.scenario.watched import (
    ForeignLoad,
    GpuUse,
    ServerMean,
    ServerQuantile,
    Throttled,
    Watched,
)

__all__ = ["NS_PER_US", "verdict"]

NS_PER_US = 1_000

LEAST_READINGS = 10
"""Of a GPU, before "it was never throttled" is said of a run."""

NOT_READ = "nothing was read that could tell"
SHORT = f"needs at least {wording.span(MIN_BLOCKS * MIN_BLOCK_S)} of measurement"


def verdict(
    run: Run,
    target: int,
    spans: Sequence[PhaseSpan],
    metric: Watched,
    levels: Levels = FIXED,
) -> BareVerdict:
    """Return the verdict on one objective of one target, over some phases.

    Args:
        run: the run.
        target: the target's index.
        spans: the phases.
        metric: what is demanded.
        levels: how sure the words must be.
    """
    match metric:
        case ServerQuantile():
            return _quantile(run, target, spans, metric, levels)
        case ServerMean(limit_ns):
            return _mean(run, target, spans, limit_ns, levels)
        case GpuUse(limit):
            return _use(use(run, target, spans), limit, levels)
        case Throttled():
            return _throttled(*throttled(run, target, spans))
        case ForeignLoad(limit):
            return _foreign(run, target, spans, limit)


class _Pieces:
    """The time in the server, block by block of readings."""

    def __init__(self, run: Run, target: int, spans: Sequence[PhaseSpan]) -> None:
        self.parts: list[Histogram] = []
        lengths: list[float] = []
        model = run.targets[target].model
        for growth in growths(run, target, SERVERS):
            for piece in _cut(growth, windows(growth, stretches(run, spans))):
                try:
                    found = histogram(
                        growth, "request_us", [piece], model=model, entrypoint=ENTRYPOINT
                    )
                except ValueError:
                    continue  # it contradicts itself, which the report says
                if found is not None:
                    self.parts.append(found)
                    lengths.append(float(growth.at_s[piece.last] - growth.at_s[piece.first]))
        self.lengths_s = np.array(lengths)
        self.totals = np.array([part.count for part in self.parts])

    @property
    def known(self) -> bool:
        return bool(self.totals.sum())


def _cut(growth: Growth, within: Sequence[Window]) -> list[Window]:
    """Return windows cut into blocks of at least 5 s, at most 60 in all."""
    at_s = growth.at_s
    total_s = sum(float(at_s[window.last] - at_s[window.first]) for window in within)
    length_s = max(float(MIN_BLOCK_S), total_s / MAX_BLOCKS)
    found = []
    for window in within:
        first = window.first
        for last in range(window.first + 1, window.last + 1):
            rest_s = at_s[window.last] - at_s[last]
            if last == window.last or (at_s[last] - at_s[first] >= length_s and rest_s >= length_s):
                found.append(Window(first, last))
                first = last
    return found


def _quantile(
    run: Run,
    target: int,
    spans: Sequence[PhaseSpan],
    metric: ServerQuantile,
    levels: Levels,
) -> BareVerdict:
    pieces = _Pieces(run, target, spans)
    if not pieces.known:
        return BareVerdict(Word.UNDECIDED, "nothing", NOT_READ)
    q, limit_us = metric.q, metric.limit_ns / NS_PER_US
    perhaps = np.array([part.perhaps_over(limit_us) for part in pieces.parts])
    surely = np.array([part.surely_over(limit_us) for part in pieces.parts])

    def decided(events: Floats) -> shares.ShareVerdict:
        return shares.decide(
            events, pieces.totals, 1 - q,
            lengths_s=pieces.lengths_s, expected=blocks.BEYOND, sure=levels.quantile_passes,
            levels=levels,
        )  # fmt: skip

    most, least = decided(perhaps), decided(surely)
    n = wording.count(most.n)
    limit = format_duration(metric.limit_ns)
    observed = f"{wording.count(least.beyond)} of {n} over {limit} by the server's account"
    if most.beyond > least.beyond:
        observed = (
            f"{wording.count(least.beyond)} to {wording.count(most.beyond)} of {n} over {limit}:"
            " its buckets tell no more"
        )
    allowed = wording.share(1 - q)
    used = Interval(*(x / (1 - q) for x in (most.share, least.lower, most.upper)))
    if most.word is Word.PASS:
        return BareVerdict(
            Word.PASS, observed, f"at most {wording.share(most.upper)}, {allowed} allowed", used
        )
    if least.word is Word.FAIL:
        return BareVerdict(
            Word.FAIL, observed, f"at least {wording.share(least.lower)}, {allowed} allowed", used
        )
    if not most.enough:
        need = f"{format_percentile(q)} {SHORT}, and enough requests beyond it"
        return BareVerdict(Word.UNDECIDED, observed, need, used)
    reason = (
        f"between {wording.share(least.lower)} and {wording.share(most.upper)}, {allowed} allowed"
    )
    return BareVerdict(Word.UNDECIDED, observed, reason, used)


def _mean(
    run: Run, target: int, spans: Sequence[PhaseSpan], limit_ns: int, levels: Levels
) -> BareVerdict:
    pieces = _Pieces(run, target, spans)
    server = server_of(run, target, spans)
    if not pieces.known or server is None or server.request is None:
        return BareVerdict(Word.UNDECIDED, "nothing", NOT_READ)
    mean_ns = server.request.mean * NS_PER_US
    counted = wording.count(round(server.request.count))
    observed = f"mean {wording.time(mean_ns)} of {counted} by the server's account"
    if np.count_nonzero(pieces.totals) < MIN_BLOCKS:
        return BareVerdict(Word.UNDECIDED, observed, f"a mean {SHORT}")
    sums = np.array([part.sum for part in pieces.parts]) * NS_PER_US
    estimate = Interval(mean_ns, *mean_limits(sums, pieces.totals, levels))
    return between(observed, estimate, limit_ns, wording.time, below=True)


def _use(values: Floats, limit: float, levels: Levels) -> BareVerdict:
    if not len(values):
        return BareVerdict(Word.UNDECIDED, "nothing", NOT_READ)
    mean = float(values.mean())
    readings = wording.count(len(values), "reading")
    observed = f"{wording.share(mean)} in the mean of {readings}"
    k = min(len(values) // MIN_BLOCK_S, MAX_BLOCKS)
    if k < MIN_BLOCKS:
        return BareVerdict(Word.UNDECIDED, observed, f"a mean {SHORT}")
    parts = np.array_split(values, k)
    sums, totals = np.array([each.sum() for each in parts]), np.array([len(each) for each in parts])
    estimate = Interval(mean, *mean_limits(sums, totals.astype(np.float64), levels))
    return between(observed, estimate, limit, wording.share, below=True)


def _throttled(slowed: int, of: int) -> BareVerdict:
    if not of:
        return BareVerdict(Word.UNDECIDED, "nothing", "no GPU said why its clocks are low")
    observed = f"at {wording.count(slowed)} of {wording.count(of, 'reading')}"
    if slowed:
        return BareVerdict(Word.FAIL, observed, "a GPU was throttled")
    if of < LEAST_READINGS:
        reason = f"needs at least {LEAST_READINGS} readings"
        return BareVerdict(Word.UNDECIDED, observed, reason)
    return BareVerdict(Word.PASS, observed, "of this run, as often as it was looked at")


def _foreign(run: Run, target: int, spans: Sequence[PhaseSpan], limit: float) -> BareVerdict:
    found = foreign.check(run, target)
    if found is None:
        return BareVerdict(Word.UNDECIDED, "nothing", "the server's counts are not known")
    named = {span.name for span in spans}
    low, high = found.low, found.high
    of = "the whole run"
    if len(named) == 1 and len(run.scenario.traffic) > 1 and not found.restarted:
        (phase,) = (each for each in foreign.by_phase(run, target) if each.phase in named)
        # No phase has more than the whole run.
        most = min(float(found.most), max(0.0, phase.counted - phase.sent + phase.slack))
        low, high = (x / max(phase.counted, 1.0) for x in (phase.foreign, most))
        of = f"phase {phase.phase}"
    limits = wording.share(low) if low == high else f"{wording.share(low)} to {wording.share(high)}"
    observed = f"{limits} of what the server counted over {of}"
    allowed = f"{format_share(limit)} allowed"
    if low >= limit:
        return BareVerdict(Word.FAIL, observed, f"at least {wording.share(low)}, {allowed}")
    if high < limit:
        return BareVerdict(Word.PASS, observed, f"at most {wording.share(high)}, {allowed}")
    if found.restarted:
        return BareVerdict(Word.UNDECIDED, observed, "part of the server's counts is lost")
    reason = "requests that failed with us may have been counted, or not"
    if of != "the whole run":
        reason = "requests under way at the phase's ends may count here or there"
    return BareVerdict(Word.UNDECIDED, observed, reason)
