"""Lag of an open loop: how much later than intended its requests were sent.

Pure. What it knows: instants at which requests were due and were sent, eiload's record of lags.
What it must not know: who sent them, how, to whom.

eiload and the gevent client know when a request was due. The programs' logs say when each was sent
but not when the schedule began; there the n-th that was sent is held against the n-th that was due,
and the most punctual one counts as in time. A lateness that all have in common cannot be told then.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.figures import percentile
from bench.process import BenchError
from eiload.base.clock import NS_PER_MS
from eiload.record.buckets import bucket_mid_ns
from eiload.record.intervals import Kind
from eiload.record.run import Run

__all__ = ["KEPT", "LIMIT_MS", "Lags", "lags_of_log", "lags_of_run", "largest_kept"]

Ints = NDArray[np.int64]

LIMIT_MS = 2.0
KEPT = 0.99
"""A schedule is kept when lag p99 is below the limit, and so much of the rate was sent: what was
not sent has no lag."""


@dataclass(frozen=True, slots=True)
class Lags:
    """How one contender kept one schedule."""

    lags_ms: NDArray[np.float64]
    """Of the requests that were sent."""
    achieved: float
    """Rate sent over rate scheduled: below 1 when requests were left out or it fell behind."""

    def quantile_ms(self, q: float) -> float:
        """Return the lag that a share `q` of the sent requests did not exceed."""
        return percentile(self.lags_ms.tolist(), q)

    @property
    def kept(self) -> bool:
        """Tell whether the schedule was kept."""
        return self.quantile_ms(0.99) < LIMIT_MS and self.achieved >= KEPT


def lags_of_log(sent_ns: Ints, due_ns: Ints, duration_ns: int, *, aligned: bool) -> Lags:
    """Return the lags of requests of which it is known when they were sent.

    Args:
        sent_ns: when, in the order of `due_ns`; in the order of sending if nobody knows better.
        due_ns: when they were due from the schedule's start, in order.
        duration_ns: the schedule's length.
        aligned: whether `sent_ns` counts from the schedule's start too; else the most punctual
            request is taken to have been in time.

    Raises:
        BenchError: nothing was sent.
    """
    count = min(len(sent_ns), len(due_ns))
    if not count:
        raise BenchError("nothing was sent")
    lags_ns = sent_ns[:count] - due_ns[:count]
    if not aligned:
        lags_ns = lags_ns - lags_ns.min()
    last_ns = int((due_ns[:count] + lags_ns).max())
    achieved = count / len(due_ns) * duration_ns / max(duration_ns, last_ns)
    return Lags(lags_ns / NS_PER_MS, achieved)


def lags_of_run(recorded: Run, phase: int) -> Lags:
    """Return the lags of one phase of an eiload run; within 0.05 %, as it records them.

    When the last request was sent is not recorded. Who falls behind does so evenly, so the lag at
    the end is taken to be twice the median of the last second's, and at most its largest.

    Raises:
        BenchError: nothing was sent.
    """
    span = recorded.phases()[phase]
    sample = recorded.sample(0, [span], Kind.LAG)
    if not sample.good:
        raise BenchError("nothing was sent")
    lags_ms = _each_ms(sample.bucket, sample.count)
    last = sample.second == sample.second.max()
    last_ms = _each_ms(sample.bucket[last], sample.count[last])
    behind_ms = min(2 * float(np.median(last_ms)), float(last_ms.max()))
    duration_ms = recorded.scenario.traffic[phase].duration_ns / NS_PER_MS
    scheduled = sum(recorded.statuses(0, [span]).values())
    achieved = len(lags_ms) / scheduled * duration_ms / (duration_ms + behind_ms)
    return Lags(lags_ms, achieved)


def _each_ms(buckets: Ints, counts: Ints) -> NDArray[np.float64]:
    return np.repeat(bucket_mid_ns(buckets), counts) / NS_PER_MS


def largest_kept(rounds_by_rate: Sequence[tuple[float, Sequence[Lags]]]) -> float | None:
    """Return the largest rate that was kept in most of its rounds; None if none was."""
    kept = [
        rate
        for rate, rounds in rounds_by_rate
        if 2 * sum(each.kept for each in rounds) > len(rounds)
    ]
    return max(kept, default=None)
