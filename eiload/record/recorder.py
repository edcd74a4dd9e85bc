"""Results in, mergeable counts out.

What it knows: how to count. What it must not know: scenarios, objectives, Locust, files, clocks.

A second is that of the *intended* instant, counted from the start of the run. Long runs keep their
times in steps of several seconds (`step_s_for`), so that a day at 1,000 requests a second fits into
memory and judging it takes seconds; statuses always stay by the second. The parts of service times
are kept in steps ten times as long and in wider buckets: nobody judges them, and there are three
for each request.
"""

import numpy as np
from numpy.typing import NDArray

from eiload.base.clock import NS_PER_S
from eiload.base.status import Status
from eiload.record.buckets import Ints, bucket_of, coarse
from eiload.record.intervals import (
    BUCKET_BITS,
    CLASS_SHIFT,
    MAX_SECOND,
    PHASE_SHIFT,
    TARGET_SHIFT,
    Intervals,
    Kind,
    base_of,
    grouped,
)
from eiload.sending.result import FLAGS

__all__ = ["Recorder", "step_s_for"]

STEPS = 720
"""Steps in a long run: each of the 20 blocks that statistics cut it into then has 36, so that
which block a step at the border falls into does not matter."""

PART_STEPS = 10
"""So many steps of a run are one to the parts of service times."""


def step_s_for(duration_ns: int) -> int:
    """Return in which steps, s, a run of this length keeps its times: 1 up to 24 minutes."""
    return max(1, duration_ns // NS_PER_S // STEPS)


class Recorder:
    """Counts results as they come; two-faced: `record` writes, `take` hands over and starts anew.

    Args:
        origin_ns: the instant (monotonic) that second 0 begins at.
        step_s: times are counted in the second that their step of so many seconds begins with.
        classes: the class of each payload, by its number; None where there are no classes.
    """

    def __init__(
        self, origin_ns: int, step_s: int = 1, classes: "NDArray[np.uint8] | None" = None
    ) -> None:
        self.origin_ns = origin_ns
        self._step_s = step_s
        self._classes = classes
        self._parts: list[Intervals] = []

    def record(self, results: "NDArray[np.void]") -> None:
        """Count a batch.

        Args:
            results: records of `RESULT_DTYPE`, shape (n,).
        """
        if not len(results):
            return
        second = np.clip((results["intended_ns"] - self.origin_ns) // NS_PER_S, 0, MAX_SECOND)
        of = (results["target"].astype(np.int64) << TARGET_SHIFT) | (
            results["phase"].astype(np.int64) << PHASE_SHIFT
        )
        if self._classes is not None:
            of |= self._classes[results["payload"]].astype(np.int64) << CLASS_SHIFT
        cell = of | ((second - second % self._step_s) << BUCKET_BITS)
        status = results["status"].astype(np.int64)
        ok = status == Status.OK
        sent = results["sent_ns"] > 0
        columns = (
            (Kind.RESPONSE, ok, results["done_ns"] - results["intended_ns"]),
            (Kind.SERVICE, ok, results["done_ns"] - results["sent_ns"]),
            (Kind.LAG, sent, results["sent_ns"] - results["intended_ns"]),
        )
        bases = [cell[chosen] | base_of(kind) for kind, chosen, _ in columns]
        values = [values_ns[chosen] for _, chosen, values_ns in columns]
        fine = sum(map(len, values))
        told = ok & (results["written_ns"] > 0) & (results["first_byte_ns"] > 0)
        if told.any():
            part_s = self._step_s * PART_STEPS
            cell = of | ((second - second % part_s) << BUCKET_BITS)
            parts = _parts(results[told], cell[told])
            bases += parts[0]
            values += parts[1]
        # All at once: on some hundred numbers numpy's calls cost more than its counting.
        moments_of, times_ns = np.concatenate(bases), np.maximum(np.concatenate(values), 0)
        buckets = bucket_of(times_ns)
        buckets[fine:] = coarse(buckets[fine:])
        keys = [of | (second << BUCKET_BITS) | base_of(Kind.STATUS) | status, moments_of | buckets]
        flags = results["flags"]
        if flags.any():
            keys += _flagged(flags, of | (second << BUCKET_BITS))
        all_keys = np.concatenate(keys)
        unique, (counts,) = grouped(all_keys, (np.add, np.ones(len(all_keys), np.int64)))
        moments, (sums, mins, maxs) = grouped(
            moments_of, (np.add, times_ns), (np.minimum, times_ns), (np.maximum, times_ns)
        )
        self._parts.append(Intervals(unique, counts, moments, sums, mins, maxs))
        if len(self._parts) >= 64:  # bounds the memory between two takes
            self._parts = [Intervals.merge(self._parts)]

    def take(self) -> Intervals:
        """Return everything counted since the last take."""
        parts, self._parts = self._parts, []
        return Intervals.merge(parts)

    def __repr__(self) -> str:
        """Show what is waiting to be taken."""
        return f"<Recorder {Intervals.merge(self._parts)!r}>"


def _parts(results: "NDArray[np.void]", cell: Ints) -> tuple[list[Ints], list[Ints]]:
    """Return the parts of the service times of results.

    Args:
        results: whose five instants are known, shape (n,).
        cell: the key of each but for kind and bucket.

    Returns:
        for each part, the keys but for the bucket, and the times, ns.
    """
    waited, written = results["waited_ns"], results["written_ns"]
    # Nothing can have been answered by what was said before the request was whole.
    answered = np.maximum(results["first_byte_ns"], written)
    keys = [cell | base_of(kind) for kind in (Kind.UPLOAD, Kind.WAIT, Kind.DOWNLOAD)]
    times = [
        written - results["sent_ns"] - waited,
        answered - written,
        results["done_ns"] - answered,
    ]
    blocked = waited > 0
    if blocked.any():
        keys.append(cell[blocked] | base_of(Kind.BLOCKED))
        times.append(waited[blocked])
    return keys, times


def _flagged(flags: "NDArray[np.uint8]", cell: Ints) -> list[Ints]:
    """Return the keys of what requests waited for, and of those that were sent again."""
    base = cell | base_of(Kind.WIRE)
    return [base[(flags & flag) != 0] | flag for flag in FLAGS]
