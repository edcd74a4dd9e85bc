"""A run's counts from its beginning to now, by target, phase and class, whatever its seconds.

What it knows: counts as they come. What it must not know: what they are called, who asks. Reports
wait until somebody asks: of many at once it costs little more than of one.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from eiload.base.status import Status
from eiload.record.buckets import Ints
from eiload.record.intervals import (
    BUCKET_BITS,
    KIND_SHIFT,
    Intervals,
    Kind,
    base_of,
    class_of,
    parts_of,
)
from eiload.record.run import Run
from eiload.report.live.counts import Counts

__all__ = ["TIMES", "Cell", "Times", "Totals"]

TIMES = (Kind.SERVICE, Kind.RESPONSE, Kind.LAG)
"""What is counted beside how requests ended."""

WAITING_AT_MOST = 256
"""Reports that wait until somebody asks: bounds the memory if nobody does."""


class Cell(NamedTuple):
    """Which requests are counted together."""

    target: int
    phase: int
    of_class: int
    """Of a mix; 0 where there is none."""


class Times:
    """The times of one kind in one cell."""

    def __init__(self) -> None:
        self.counts = Counts()
        self.sum_ns = 0
        """Exact."""


class Totals:
    """What was counted so far."""

    def __init__(self) -> None:
        self._times: dict[tuple[Cell, Kind], Times] = {}
        self._statuses: dict[Cell, dict[Status, int]] = {}
        self._waiting: list[Intervals] = []

    @classmethod
    def of(cls, run: Run) -> "Totals":
        """Return what a run has come to in the end, with what was due and is in no report."""
        totals = cls()
        totals.add(run.by_class if run.scenario.payload.mix else run.intervals)
        return totals

    def add(self, intervals: Intervals) -> None:
        """Count what a worker has reported."""
        self._waiting.append(intervals)
        if len(self._waiting) >= WAITING_AT_MOST:
            self._take_in()

    def times(self, kind: Kind) -> Iterator[tuple[Cell, Times]]:
        """Yield the times of a kind, cell by cell."""
        self._take_in()
        for (cell, of), times in sorted(self._times.items(), key=lambda each: each[0]):
            if of is kind:
                yield cell, times

    def statuses(self) -> Iterator[tuple[Cell, dict[Status, int]]]:
        """Yield how requests ended, cell by cell."""
        self._take_in()
        yield from sorted(self._statuses.items())

    def _take_in(self) -> None:
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        # Times and statuses are the first group of kinds, hence the first of each report's keys.
        ends = [int(np.searchsorted(each.keys, _AFTER)) for each in waiting]
        keys = np.concatenate([one.keys[:end] for one, end in zip(waiting, ends, strict=True)])
        counts = np.concatenate([one.counts[:end] for one, end in zip(waiting, ends, strict=True)])
        buckets = keys & ((1 << BUCKET_BITS) - 1)
        for cell, kind, mine in _by_cell(keys):
            if kind is Kind.STATUS:
                _tally(self._statuses.setdefault(cell, {}), buckets[mine], counts[mine])
            else:
                self._of(cell, kind).counts.add(buckets[mine], counts[mine])
        keys = np.concatenate([each.moment_keys for each in waiting])
        within = keys < _AFTER
        sums = np.concatenate([each.sums for each in waiting])[within]
        for cell, kind, mine in _by_cell(keys[within]):
            self._of(cell, kind).sum_ns += int(sums[mine].sum())

    def _of(self, cell: Cell, kind: Kind) -> Times:
        return self._times.setdefault((cell, kind), Times())


_AFTER = base_of(Kind.BLOCKED)
"""No key of times or statuses is as large."""


def _by_cell(keys: Ints) -> Iterator[tuple[Cell, Kind, NDArray[np.bool_]]]:
    """Yield the cells and kinds that there are, each with which keys are of it."""
    of = keys >> KIND_SHIFT
    found = np.unique(of)
    firsts = found << KIND_SHIFT
    target, phase, kind, _, _ = (each.tolist() for each in parts_of(firsts))
    for place, which in enumerate(class_of(firsts).tolist()):
        cell = Cell(target[place], phase[place], which)
        yield cell, Kind(kind[place]), of == found[place]


def _tally(totals: dict[Status, int], statuses: Ints, counts: Ints) -> None:
    for status in np.unique(statuses).tolist():
        key = Status(status)
        totals[key] = totals.get(key, 0) + int(counts[statuses == status].sum())
