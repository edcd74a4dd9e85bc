"""Did a server fall behind? Told from the times around requests that the in-flight limit held back.

What it knows: a run's seconds. What it must not know: what is made of it. That a limit
(`max_in_flight`, `max_in_flight_bytes`) was reached says that it is too small for the rate and the
times, not whose fault that is; only times that grew do.
"""

import numpy as np

from eiload.base import wording
from eiload.base.status import TOO_MANY_BYTES, Status
from eiload.record import series
from eiload.record.buckets import Ints
from eiload.record.intervals import Kind
from eiload.record.run import Run
from eiload.record.sample import Sample

__all__ = ["never_sent"]

GROWTH = 2.0
"""By how much the median must have grown: queues that do not end grow without bounds."""

ENOUGH = 10
"""Requests that a median is told from."""


def never_sent(run: Run, target: int) -> str:
    """Return why requests to a target were not sent, in words; empty if all were."""
    spans = run.measured()
    held = series.statuses(run, target, spans).get(Status.DROPPED)
    if held is None or not held.any():
        return ""
    reached = _reached(run, target)
    times = run.sample(target, spans, Kind.SERVICE)
    first, last = np.flatnonzero(held)[[0, -1]]
    before = _median_ns(times, 0, first)
    during = _median_ns(times, first, last + 1)
    if np.isnan(before) or np.isnan(during) or during < GROWTH * before:
        return reached
    grown = f"from {wording.time(before)} to {wording.time(during)}"
    return f"{reached} when the median service time rose {grown}: the server did not keep up"


def _reached(run: Run, target: int) -> str:
    """Return which limit it was, in words: on requests, on their bytes, or both."""
    requests = f"max_in_flight ({wording.count(run.scenario.max_in_flight)})"
    said = f"{Status.DROPPED.name}: {TOO_MANY_BYTES}"
    of_bytes = {
        text.removeprefix(f"{Status.DROPPED.name}: "): number
        for text, number in run.targets[target].details.items()
        if text.startswith(said)
    }
    if not of_bytes:
        return f"{requests} was reached"
    text = min(of_bytes)  # workers may have different ones: the machines' memory is
    dropped = run.statuses(target, run.phases()).get(Status.DROPPED, 0)
    if sum(of_bytes.values()) >= dropped:
        return text
    return f"{requests} was reached, and {text}"


def _median_ns(times: Sample, start: int, end: int) -> float:
    """Return the median of the times in some seconds, ns; NaN if there are too few."""
    chosen = (times.second >= start) & (times.second < end)
    counts: Ints = times.count[chosen]
    if counts.sum() < ENOUGH:
        return float("nan")
    part = Sample(
        end - start, times.second[chosen] - start, times.bucket[chosen], counts,
        np.zeros(end - start, np.int64), 0, times.min_ns, times.max_ns,
    )  # fmt: skip
    return part.quantile_ns(0.5)
