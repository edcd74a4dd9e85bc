"""A run over time, as numbers to be drawn: quantiles, rates, requests in flight, slow ones.

What it knows: how a run's counts lie in time, and what they can support. What it must not know: how
anything is drawn. A quantile is given over stretches that are just long enough to support it
(`blocks.reportable`: 20 requests beyond it), so a p99 is coarser than a median, and there is none
where the whole run has too few requests.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eiload.base.clock import NS_PER_S
from eiload.base.status import Status
from eiload.judging.statistics.blocks import BEYOND
from eiload.judging.statistics.cut import Floats
from eiload.record import series
from eiload.record.buckets import Ints, bucket_mid_ns
from eiload.record.facts import PhaseSpan
from eiload.record.run import Run
from eiload.record.sample import Sample

__all__ = ["Heat", "Rates", "Stretches", "columns", "heat", "in_flight", "quantiles", "rates"]

COLUMNS = 240
"""Columns of a picture over time: a pixel or three each."""


@dataclass(frozen=True, slots=True)
class Stretches:
    """A quantile over time."""

    q: float
    length_s: int
    """How long each stretch is."""
    steps: tuple[tuple[float, float, float], ...]
    """From, to, s; the quantile, ns: infinite where it is among requests that did not end OK."""


def columns(seconds: int, step_s: int = 1) -> int:
    """Return how many seconds a column of a picture over time has."""
    return max(1, -(-seconds // (COLUMNS * step_s))) * step_s


def quantiles(
    sample: Sample, qs: Sequence[float], start_s: int, step_s: int = 1
) -> list[Stretches]:
    """Return the quantiles over time that a sample supports.

    Args:
        sample: of requests, by second.
        qs: which quantiles.
        start_s: the sample's first second in the run.
        step_s: in which steps the run keeps its times.
    """
    due = sample.per_second()
    found = []
    for q in qs:
        needed = BEYOND / (1 - q)
        if due.sum() < needed or not sample.seconds:
            continue
        # Half as much again, so that one stretch with fewer arrivals is not left out.
        length = int(np.ceil(1.5 * needed * sample.seconds / due.sum()))
        length = max(columns(sample.seconds, step_s), -(-length // step_s) * step_s)
        length = min(length, sample.seconds)
        steps = []
        for first in range(0, sample.seconds, length):
            last = min(first + length, sample.seconds)
            if due[first:last].sum() < needed:
                continue
            value = _part(sample, first, last).quantile_ns(q)
            steps.append((float(start_s + first), float(start_s + last), value))
        found.append(Stretches(q, length, tuple(steps)))
    return found


def _part(sample: Sample, first: int, last: int) -> Sample:
    """Return the requests that were due in some seconds."""
    within = (sample.second >= first) & (sample.second < last)
    return Sample(
        last - first, sample.second[within] - first, sample.bucket[within], sample.count[within],
        sample.bad[first:last], 0, 0, sample.max_ns,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rates:
    """Requests per second over time, each array of shape (columns,)."""

    column_s: int
    due: Ints
    answered: Ints
    """Good answers, in the column that they came in."""
    failed: Ints
    """In the column that they were due in."""


def rates(run: Run, target: int, spans: Sequence[PhaseSpan]) -> Rates:
    """Return what was due, answered and failed, in columns of several seconds; counts, not rates.

    The last column may be shorter than the others.
    """
    by_status = series.statuses(run, target, spans)
    seconds = sum(span.seconds for span in spans)
    due = sum(by_status.values(), np.zeros(seconds, np.int64))
    good = by_status.get(Status.OK, np.zeros_like(due))
    came = series.answers(run, target, spans)
    width = columns(seconds)
    starts = np.arange(0, seconds, width)
    if not seconds:
        return Rates(width, *(np.zeros(0, np.int64),) * 3)
    return Rates(
        width, *(np.add.reduceat(each, starts).astype(np.int64) for each in (due, came, due - good))
    )


def in_flight(sample: Sample, column_s: int) -> Floats:
    """Return how many requests that ended OK were on their way, on average, shape (columns,).

    By Little's law (*A proof for the queuing formula L = lambda W*, 1961): the response times of
    the requests of a column over its length, as long as they are short beside it.
    """
    starts = np.arange(0, sample.seconds, column_s)
    weights = bucket_mid_ns(sample.bucket) * sample.count / NS_PER_S
    spent_s = np.bincount(sample.second // column_s, weights, len(starts))
    return np.asarray(spent_s / np.minimum(column_s, sample.seconds - starts))


@dataclass(frozen=True, slots=True)
class Heat:
    """Requests by time and response time, shape (rows, columns); the first row is the fastest."""

    counts: Ints
    bad: Ints
    """Those that did not end OK, shape (columns,)."""
    column_s: int
    low_ns: float
    high_ns: float


def heat(sample: Sample, step_s: int, low_ns: float, high_ns: float, rows: int = 56) -> Heat:
    """Return the picture of a sample between two times, on a logarithmic scale.

    Args:
        sample: the requests of one target.
        step_s: in which steps the run keeps its times.
        low_ns: where the first row begins; positive.
        high_ns: where the last row ends.
        rows: how many rows.
    """
    width = columns(sample.seconds, step_s)
    number = -(-sample.seconds // width)
    places = np.log(np.maximum(bucket_mid_ns(sample.bucket), low_ns) / low_ns)
    row = np.minimum(places / np.log(high_ns / low_ns) * rows, rows - 1).astype(np.int64)
    counts = np.zeros((rows, max(number, 1)), np.int64)
    np.add.at(counts, (row, sample.second // width), sample.count)
    bad = np.zeros(max(number, 1), np.int64)
    np.add.at(bad, np.arange(sample.seconds) // width, sample.bad)
    return Heat(counts, bad, width, low_ns, high_ns)
