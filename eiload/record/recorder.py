"""Results in, mergeable counts out.

What it knows: how to count. What it must not know: scenarios, objectives, Locust, files, clocks.

A second is that of the *intended* instant, counted from the start of the run. Long runs keep their
times in steps of several seconds (`step_s_for`), so that a day at 1,000 requests a second fits into
memory and judging it takes seconds; statuses always stay by the second.
"""

import numpy as np
from numpy.typing import NDArray

from eiload.base.clock import NS_PER_S
from eiload.base.status import Status
from eiload.record.buckets import bucket_of
from eiload.record.intervals import (
    BUCKET_BITS,
    CLASS_SHIFT,
    KIND_SHIFT,
    MAX_SECOND,
    PHASE_SHIFT,
    TARGET_SHIFT,
    Intervals,
    Kind,
    grouped,
)

__all__ = ["Recorder", "step_s_for"]

STEPS = 720
"""Steps in a long run: each of the 20 blocks that statistics cut it into then has 36, so that
which block a step at the border falls into does not matter."""


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
        keys = [of | (second << BUCKET_BITS) | (Kind.STATUS << KIND_SHIFT) | status]
        moment_keys, values = [], []
        for kind, chosen, values_ns in columns:
            base = cell[chosen] | (kind << KIND_SHIFT)
            keys.append(base | bucket_of(values_ns[chosen]))
            moment_keys.append(base)
            values.append(np.maximum(values_ns[chosen], 0))
        all_keys, all_values = np.concatenate(keys), np.concatenate(values)
        unique, (counts,) = grouped(all_keys, (np.add, np.ones(len(all_keys), np.int64)))
        moments, (sums, mins, maxs) = grouped(
            np.concatenate(moment_keys),
            (np.add, all_values), (np.minimum, all_values), (np.maximum, all_values),
        )  # fmt: skip
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
