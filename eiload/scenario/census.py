"""What a schedule holds, counted before anything is sent.

Pure: a schedule in, numbers out; each arrival is looked at once. Dispersion is the variance of the
counts in windows over their mean (index of dispersion): 1 for Poisson arrivals at one rate, more
where requests come in heaps or the rate moves, and growing with the window where it moves slowly.
"""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from eiload.base.clock import NS_PER_S
from eiload.scenario.arrivals import OpenPhase, Phase, Replay
from eiload.scenario.picks import ALL, Picks
from eiload.scenario.schedule import Chunk, Schedule

__all__ = ["WINDOWS_S", "PhaseCensus", "census"]

WINDOWS_S = (1, 10, 60)
"""Of the dispersions that are shown."""

WINDOWS_LEAST = 5
"""Fewer windows have no variance worth a number."""


@dataclass
class PhaseCensus:
    """The arrivals of one phase, at each target."""

    per_second: NDArray[np.int64]
    """Arrivals in each second of the phase, shape (seconds,); the last one may be cut short."""
    sent: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 0), np.int64))
    """Requests by target and part of the payload, shape (targets, parts); empty if not asked."""
    requests: int = 0
    gaps: int = field(default=0, repr=False)
    gaps_s: float = field(default=0.0, repr=False)
    squares_s2: float = field(default=0.0, repr=False)

    @property
    def cv(self) -> float:
        """Return the coefficient of variation of the gaps; NaN where there are none."""
        if self.gaps < 2 or not self.gaps_s:
            return math.nan
        mean = self.gaps_s / self.gaps
        return math.sqrt(max(0.0, self.squares_s2 / self.gaps - mean**2)) / mean

    @property
    def peak(self) -> tuple[int, int]:
        """Return the fullest second of the phase and its requests."""
        if not len(self.per_second):
            return 0, 0
        second = int(self.per_second.argmax())
        return second, int(self.per_second[second])

    def dispersion(self, window_s: int) -> float:
        """Return the variance of the counts in whole windows over their mean; NaN if too few."""
        windows = len(self.per_second) // window_s
        if windows < WINDOWS_LEAST or not self.requests:
            return math.nan
        counts = self.per_second[: windows * window_s].reshape(windows, window_s).sum(axis=1)
        mean = float(counts.mean())
        return float(counts.var(ddof=1)) / mean if mean else math.nan


def census(
    schedule: Schedule, picks: Picks | None = None, shape: tuple[int, int] = (0, 0)
) -> tuple[PhaseCensus, ...]:
    """Return what is due in each phase; of a closed loop nobody knows before, so nothing.

    Args:
        schedule: the schedule.
        picks: what each arrival sends; None if that does not matter.
        shape: how many targets there are, and parts of the payload.

    Raises:
        TraceError: a trace that is replayed cannot be read.
    """
    found = [
        PhaseCensus(np.zeros(-(-phase.duration_ns // NS_PER_S), np.int64), np.zeros(shape, int))
        for phase in schedule.traffic
    ]
    last_ns: dict[int, int] = {}
    for chunk in schedule.chunks():
        of, offsets = found[chunk.phase], chunk.offsets_ns - schedule.starts_ns[chunk.phase]
        seconds = offsets // NS_PER_S
        counts = np.bincount(seconds - seconds[0])
        of.per_second[seconds[0] : seconds[0] + len(counts)] += counts
        before = last_ns.get(chunk.phase)
        gaps_s = np.diff(offsets if before is None else np.concatenate(([before], offsets))) / 1e9
        of.requests += len(offsets)
        of.gaps += len(gaps_s)
        of.gaps_s += float(gaps_s.sum())
        of.squares_s2 += float(gaps_s @ gaps_s)
        last_ns[chunk.phase] = int(offsets[-1])
        if _is_remembered(schedule.traffic[chunk.phase]):
            of.gaps = 0  # nobody knows them any more
        if picks is not None:
            of.sent += _sent(chunk, picks, *shape)
    return tuple(found)


def _is_remembered(phase: Phase) -> bool:
    rate = phase.rate if isinstance(phase, OpenPhase) else None
    return isinstance(rate, Replay) and rate.whole_seconds


def _sent(chunk: Chunk, picks: Picks, targets: int, parts: int) -> NDArray[np.int64]:
    """Return how many requests some arrivals make, by target and part."""
    numbers = chunk.first + np.arange(len(chunk.offsets_ns))
    of = picks.parts(chunk.phase, numbers, chunk.codes)
    only = picks.targets(chunk.phase, chunk.codes)
    if only is None:
        return np.tile(np.bincount(of, minlength=parts), (targets, 1))
    return np.stack(
        [
            np.bincount(of[(only == ALL) | (only == target)], minlength=parts)
            for target in range(targets)
        ]
    )
