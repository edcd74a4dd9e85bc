"""Failures in a row, as one worker's requests end.

What it knows: how they ended, and in which order they were counted. What it must not know: what a
long row is a reason for (`ending`).
"""

from collections.abc import Sequence

import numpy as np

from eiload.base.status import Status
from eiload.sending.arrays import Results

__all__ = ["Rows"]


class Rows:
    """Counts, for each target, how many failed without one between them that ended well.

    Args:
        targets: how many there are.
        grace_ns: the instant (monotonic) before which nothing counts.
    """

    def __init__(self, targets: int, grace_ns: int) -> None:
        self._grace_ns = grace_ns
        self._now = [0] * targets
        self._longest = [0] * targets

    @property
    def longest(self) -> Sequence[int]:
        """Return the longest row of each target so far."""
        return self._longest

    def add(self, results: Results) -> None:
        """Count results in the order in which they came.

        Args:
            results: records of `RESULT_DTYPE`, shape (n,).
        """
        # What was dropped has no end; it ended when it was due.
        counts = np.maximum(results["done_ns"], results["intended_ns"]) >= self._grace_ns
        good = results["status"] == Status.OK
        for target in range(len(self._now)):
            mine = good[counts & (results["target"] == target)]
            if not len(mine):
                continue
            # Failures before, between and after those that ended well.
            at = np.flatnonzero(mine)
            rows = np.diff(np.concatenate(([-1], at, [len(mine)]))) - 1
            rows[0] += self._now[target]
            self._now[target] = int(rows[-1])
            self._longest[target] = max(self._longest[target], int(rows.max()))
