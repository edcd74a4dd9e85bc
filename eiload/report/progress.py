"""How a run goes, in one line, again and again: for a log; `ticker` has the line for a terminal.

What it knows: counts so far and the last seconds' times. What it must not know: objectives. There
are never verdict words in it: looking every few seconds and stopping at a pleasant moment makes
a system at its limit pass far more often than it should (peeking), so a run shows numbers only,
and when it is looked at next if it goes on until everything is decided.

    00:42/10:00 steady | gpu 336 ok, p50 101 p90 130 ms | ei 334 ok, 2 failed, p50 119 max 160 ms

Counts are of the whole run, warm-up included. Times are response times of the last `WINDOW_S`
seconds; the tail shown is the highest quantile that so few requests support, or their largest.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eiload.base import wording
from eiload.base.clock import NS_PER_MS, NS_PER_S
from eiload.base.status import Status
from eiload.base.units import format_percentile
from eiload.judging.statistics.blocks import reportable
from eiload.record.buckets import Ints, bucket_mid_ns
from eiload.record.intervals import Intervals, Kind
from eiload.record.sample import Sample
from eiload.report import ticker, words
from eiload.report.figures import ledger, quantile_ns
from eiload.report.live.counts import Counts
from eiload.report.ticker import SoFar, clock

Floats = NDArray[np.float64]

__all__ = ["WINDOW_S", "Progress", "TargetNow", "line"]

WINDOW_S = 10
"""Length of the recent past that the times are of: long enough for a median at 1/s."""

LATE_S = 5
"""How old the newest answer may be before it is said that none came: workers report every 3 s."""

NOTABLE_LAG_NS = 5 * NS_PER_MS
"""Lag is mentioned from here on; below, it is noise beside any inference."""

_TAILS = (0.99, 0.95, 0.9)
_SO_FAR = (0.95, 0.5)
"""Of all so far: p95 as soon as there are requests for it."""


@dataclass(frozen=True, slots=True)
class TargetNow:
    """How one target does at this moment."""

    name: str
    totals: Mapping[Status, int]
    """Requests since the start, by how they ended."""
    response: Sample
    """Recent response times of OK requests."""
    lag: Sample
    """Recent lags."""


class Progress:
    """What has been counted so far; `add` feeds it as reports come, `line` says it.

    What is recent is told by when answers came, not by reports: many workers report at once, and
    how often they do is Locust's choice.

    Args:
        targets: their names, by index.
        phases: how many phases the run has.
        step_s: in which steps, s, the times come (`recorder.step_s_for`).
        warm_up: which phases, by number, are not judged.
    """

    def __init__(
        self,
        targets: Sequence[str],
        phases: int,
        step_s: int = 1,
        warm_up: Collection[int] = (),
    ) -> None:
        self._targets = tuple(targets)
        self._phases = range(phases)
        self._step_s = step_s
        self._totals: list[dict[Status, int]] = [{} for _ in targets]
        self._recent: list[dict[Kind, _Times]] = [{} for _ in targets]
        self._warm_up = frozenset(warm_up)
        self._so_far = [{False: Counts(), True: Counts()} for _ in targets]  # by warm-up or not
        self._sent = [0 for _ in targets]

    def add(self, intervals: Intervals) -> None:
        """Count what was recorded since the last call."""
        for target, totals in enumerate(self._totals):
            for phase in self._phases:
                so_far = self._so_far[target][phase in self._warm_up]
                for status, number in intervals.statuses(target, phase).items():
                    totals[status] = totals.get(status, 0) + number
                    so_far.failed += number if status is not Status.OK else 0
                so_far.add(*intervals.slab(target, phase, Kind.RESPONSE)[1:])
                self._sent[target] += int(intervals.slab(target, phase, Kind.LAG)[2].sum())
            for kind in (Kind.RESPONSE, Kind.LAG):
                known = self._recent[target].get(kind, _NO_TIMES)
                parts = [intervals.slab(target, phase, kind) for phase in self._phases]
                self._recent[target][kind] = known.plus(parts, self._step_s)
        latest_s = self._latest_s()
        for recent in self._recent:
            for kind, times in recent.items():
                recent[kind] = times.since(latest_s - WINDOW_S)

    def line(self, elapsed_ns: int, total_ns: int, phase: str, look_s: int | None = None) -> str:
        """Return the line for this moment (as the function of that name)."""
        # What is on its way here from a worker may be some seconds old.
        since_s = max(self._latest_s(), elapsed_ns / NS_PER_S - LATE_S) - WINDOW_S
        now = [
            TargetNow(
                name,
                self._totals[index],
                self._recent[index].get(Kind.RESPONSE, _NO_TIMES).since(since_s).sample(),
                self._recent[index].get(Kind.LAG, _NO_TIMES).since(since_s).sample(),
            )
            for index, name in enumerate(self._targets)
        ]
        return line(elapsed_ns, total_ns, phase, now, look_s)

    def ticker(
        self, elapsed_ns: int, total_ns: int, phase: str, width: int, look_s: int | None = None
    ) -> str:
        """Return the line of a terminal so many characters wide; the others as of `line`."""
        rows = []
        parts = [each[False] if each[False].total else each[True] for each in self._so_far]
        fewest = min((counts.total for counts in parts if counts.total), default=0)
        q = next((q for q in _SO_FAR if reportable(q, fewest)), None)
        for index, (name, counts) in enumerate(zip(self._targets, parts, strict=True)):
            so_far = ledger(self._totals[index])
            tail = "max" if q is None else format_percentile(q)
            tail_ns = counts.max_ns() if q is None else counts.quantile_ns(q)
            errors = so_far.scheduled - so_far.ok
            known = counts.total > 0 and not np.isnan(tail_ns)
            rows.append(
                SoFar(name, self._sent[index], so_far.ok, errors, tail if known else "", tail_ns)
            )
        return ticker.line(elapsed_ns, total_ns, phase, rows, width, look_s=look_s)

    def _latest_s(self) -> float:
        return max(
            (times.latest_s for recent in self._recent for times in recent.values()), default=0.0
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Times:
    """Counted times with when each was known; parallel arrays."""

    known_s: Floats
    """From the start of the run: a response time when its answer came, a lag when it was sent."""
    bucket: Ints
    count: Ints

    def plus(self, slabs: Sequence[tuple[Ints, Ints, Ints]], step_s: int) -> "_Times":
        """Return these times and those of slabs of `Intervals`, which are known by the step."""
        second, bucket, count = (np.concatenate(column) for column in zip(*slabs, strict=True))
        known_s = second + step_s + bucket_mid_ns(bucket) / NS_PER_S
        return _Times(
            np.concatenate([self.known_s, known_s]),
            np.concatenate([self.bucket, bucket]),
            np.concatenate([self.count, count]),
        )

    @property
    def latest_s(self) -> float:
        """Return when the latest was known; 0 of none."""
        return float(self.known_s.max(initial=0.0))

    def since(self, second: float) -> "_Times":
        """Return those that were known after an instant."""
        recent = self.known_s > second
        return _Times(self.known_s[recent], self.bucket[recent], self.count[recent])

    def sample(self) -> Sample:
        """Return them as a sample whose seconds do not matter."""
        none = np.empty(0, np.int64)
        if not len(self.bucket):
            return Sample(0, none, none, none, none, 0, 0, 0)
        values_ns = bucket_mid_ns(self.bucket).astype(np.int64)
        total_ns = int(values_ns @ self.count)
        extremes = int(values_ns.min()), int(values_ns.max())
        return Sample(0, none, self.bucket, self.count, none, total_ns, *extremes)


_NO_TIMES = _Times(np.empty(0), np.empty(0, np.int64), np.empty(0, np.int64))


def line(
    elapsed_ns: int,
    total_ns: int,
    phase: str,
    targets: Sequence[TargetNow],
    look_s: int | None = None,
) -> str:
    """Return one line that says how a run goes.

    Args:
        elapsed_ns: since the first phase began.
        total_ns: the planned length of all phases; 0 if there is no plan.
        phase: the name of the present one; "drain" after the last.
        targets: in the scenario's order.
        look_s: second of the run at which it is looked at next; None if at none.
    """
    clocks = [clock(elapsed_ns), *([clock(total_ns)] if total_ns else [])]
    look = f", look at {clock(look_s * NS_PER_S)}" if look_s is not None else ""
    parts = [f"{'/'.join(clocks)} {words.safe(phase, 20)}{look}"]
    parts += [f"{words.safe(now.name, 20)} {_counts(now)}, {_times(now)}" for now in targets]
    return " | ".join(parts)


def _counts(now: TargetNow) -> str:
    so_far = ledger(now.totals)
    others = {
        "failed": so_far.failed,
        "dropped": so_far.dropped,
        "unfinished": so_far.unfinished,
        "lost": so_far.lost,
    }
    shown = [f"{wording.count(number)} {what}" for what, number in others.items() if number]
    return ", ".join([f"{wording.count(so_far.ok)} ok", *shown])


def _times(now: TargetNow) -> str:
    if not now.response.good:
        return "no answer yet" if not now.totals.get(Status.OK) else "no answer lately"
    tails = ((format_percentile(q), quantile_ns(now.response, q)) for q in _TAILS)
    known = ((label, value) for label, value in tails if value is not None)
    label, tail_ns = next(known, ("max", float(now.response.max_ns)))
    text = (
        f"p50 {words.milliseconds(now.response.quantile_ns(0.5))}"
        f" {label} {words.milliseconds(tail_ns)} ms"
    )
    late_ns = now.lag.quantile_ns(0.99)
    if late_ns >= NOTABLE_LAG_NS:
        text += f", lag p99 {words.milliseconds(late_ns)} ms"
    return text
