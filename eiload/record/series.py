"""A run second by second: what was due, how it ended, when the answers came, when nothing did.

What it knows: how a run's counts lie in time. What it must not know: objectives, statistics.

Requests are counted in the second that they were *due* in. Two things need more than that. Answers
per second (throughput) count in the second that they *came* in: a server that falls behind goes on
answering after the load has ended, and those answers are not its throughput. And a target that was
away for a while did not become slower by some factor; `outages` finds such stretches, so that they
can be called what they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eiload.base.clock import NS_PER_S
from eiload.base.status import Status
from eiload.record.buckets import Ints, bucket_mid_ns
from eiload.record.facts import PhaseSpan
from eiload.record.intervals import Kind
from eiload.record.measured import Measured

__all__ = ["Outage", "answers", "away_s", "length_s", "outages", "statuses", "throughput_per_s"]

OUTAGE_FAILURES = 5
"""Failures in a row, with no good answer between them, before a stretch is called an outage: at
20 % independent failures one in 3,000 stretches is as long."""

OUTAGE_S = 3
"""The shortest outage, in whole seconds: shorter ones are stalls and judged as such."""


@dataclass(frozen=True, slots=True)
class Outage:
    """A stretch in which requests were due and not one ended OK."""

    first_second: int
    seconds: int
    failures: int


def statuses(run: Measured, target: int, spans: Sequence[PhaseSpan]) -> dict[Status, Ints]:
    """Return requests per second by how they ended; seconds numbered through `spans`.

    Each array has shape (seconds of all spans,). Statuses that did not occur are absent.
    """
    seconds = sum(span.seconds for span in spans)
    found: dict[Status, Ints] = {}
    offset = 0
    for span in spans:
        if span.seconds:
            second, status, count = run.intervals.slab(target, span.index, Kind.STATUS)
            where = np.clip(second - span.first_second, 0, span.seconds - 1) + offset
            for each in np.unique(status):
                counts = found.setdefault(Status(int(each)), np.zeros(seconds, np.int64))
                these = status == each
                counts += np.bincount(where[these], count[these], seconds).astype(np.int64)
        offset += span.seconds
    return found


def answers(run: Measured, target: int, spans: Sequence[PhaseSpan]) -> Ints:
    """Return the good answers that came in each second of `spans`, shape (seconds,).

    Of any phase: what was due before and came within counts, what was due within and came later
    does not. To half a second: when in its second a request was due is not recorded.
    """
    end = max((span.first_second + span.seconds for span in run.phases()), default=0)
    came = np.zeros(end + 1)
    for phase in run.phases():
        second, bucket, count = run.intervals.slab(target, phase.index, Kind.RESPONSE)
        # Long runs count in steps, one of which may begin before its phase does.
        second = np.maximum(second, phase.first_second)
        done = second + 0.5 + bucket_mid_ns(bucket) / NS_PER_S
        came += np.bincount(np.minimum(done, end).astype(np.int64), count, end + 1)
    parts = [came[span.first_second : span.first_second + span.seconds] for span in spans]
    return np.concatenate([np.empty(0), *parts]).astype(np.int64)


def length_s(run: Measured, spans: Sequence[PhaseSpan]) -> float:
    """Return how long the phases lasted, s: exactly, where a stopped run ended within a second."""
    chosen, start_ns, length_ns = {span.index for span in spans}, 0, 0
    for index, phase in enumerate(run.scenario.traffic):
        if index in chosen:
            length_ns += max(0, min(start_ns + phase.duration_ns, run.ended_ns) - start_ns)
        start_ns += phase.duration_ns
    return length_ns / NS_PER_S


def throughput_per_s(run: Measured, target: int, spans: Sequence[PhaseSpan]) -> float:
    """Return good answers per second of the phases; NaN when they lasted no time."""
    seconds = length_s(run, spans)
    return float(answers(run, target, spans).sum()) / seconds if seconds else float("nan")


def away_s(run: Measured, target: int, spans: Sequence[PhaseSpan]) -> int:
    """Return for how many seconds of the phases a target was away (`outages`)."""
    by_status = statuses(run, target, spans)
    total = sum(by_status.values(), np.zeros(sum(span.seconds for span in spans), np.int64))
    good = by_status.get(Status.OK, np.zeros_like(total))
    return sum(outage.seconds for outage in outages(good, total - good))


def outages(good: Ints, failed: Ints) -> list[Outage]:
    """Return the stretches in which a target was away.

    Empty unless they hold at least half of all failures: requests that fail here and there are a
    share, not an outage.

    Args:
        good: per second, requests that ended OK.
        failed: per second, requests that ended otherwise.
    """
    bad = np.flatnonzero((failed > 0) & (good == 0))
    stretch = np.cumsum(good > 0)[bad]  # a new one after every second with a good answer
    found = []
    for seconds in np.split(bad, np.flatnonzero(np.diff(stretch)) + 1):
        length = int(seconds[-1] - seconds[0] + 1) if len(seconds) else 0
        failures = int(failed[seconds].sum())
        if length >= OUTAGE_S and failures >= OUTAGE_FAILURES:
            found.append(Outage(int(seconds[0]), length, failures))
    within = sum(outage.failures for outage in found)
    return found if 2 * within >= int(failed.sum()) else []
