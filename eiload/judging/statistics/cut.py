"""Into which blocks of time the seconds of a run are cut: one rule for all that is judged.

What it knows: where phases lie and in which steps a run keeps its times. What it must not know:
what happened in those seconds. So every target, and every kind of count, of one run is cut alike:
objectives, comparisons, throughput and cost see the same blocks, whatever came in them.

Requests that queue are not independent, and blocks of time are what the statistics (`blocks`)
resample or sum instead. There are K of them, at most 60 (docs/statistics.md, "Blocks"); a border
lies where a step begins, because a long run's times are known by the step only
(`recorder.step_s_for`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from eiload.base.clock import NS_PER_S
from eiload.record.buckets import Ints
from eiload.record.facts import PhaseSpan
from eiload.record.run import Run
from eiload.scenario.arrivals import MarkovRate, OpenPhase, Replay

__all__ = [
    "COARSE",
    "MAX_BLOCKS",
    "MIN_BLOCKS",
    "MIN_BLOCK_S",
    "Cut",
    "Floats",
    "block_count",
    "coarse",
    "cut_of",
    "sound",
]

Floats = NDArray[np.float64]

MAX_BLOCKS = 60
"""Blocks in a run of 5 minutes and more (docs/statistics.md, "Blocks")."""

COARSE = 20
"""Blocks that take each other for independent: few long ones do (Schmeiser 1982: 10 to 30)."""

MIN_BLOCKS = 12
"""Fewer blocks give no verdict on a tail: at 3 a 95 % interval misses in 20-25 % of runs."""

MIN_BLOCK_S = 5
"""Shorter blocks are not independent even at low load; 12 of them make the shortest run 60 s."""

STEPS_PER_BLOCK = 3
"""Steps that a block must have: a run that was planned for a day and stopped early keeps its times
in steps that may be few, and in which block a border's step falls must not matter."""


def block_count(seconds: int, step_s: int = 1) -> int:
    """Return into how many blocks a run is cut: at most 60, at most 20 where it is short.

    Blocks of at least 5 s when that makes the 12 that a verdict takes. A shorter run is cut finer,
    down to its steps: it cannot pass anything (`blocks.Blocks.sound`), and what overwhelms even so
    is seen better in small parts. No seconds are no blocks.

    Args:
        seconds: the length.
        step_s: the steps that times are kept in.
    """
    k = seconds // max(MIN_BLOCK_S, STEPS_PER_BLOCK * step_s)
    if k < MIN_BLOCKS:
        k = min(COARSE, max(1, seconds // step_s))
    return min(MAX_BLOCKS, k) if seconds > 0 else 0


def coarse(per_block: Floats) -> Floats:
    """Return the sums over at most 20 blocks, each made of neighbours; along the last axis."""
    k = per_block.shape[-1]
    if k <= COARSE:
        return per_block
    first = np.searchsorted(np.arange(k) * COARSE // k, np.arange(COARSE))
    return np.asarray(np.add.reduceat(per_block, first, axis=-1))


def sound(lengths_s: Floats, totals: Floats) -> bool:
    """Tell whether blocks can carry a verdict: 12 of at most 20 hold requests, of 5 s and more.

    Args:
        lengths_s: of the blocks, shape (K,).
        totals: requests per block, shape (K,).
    """
    long_enough = bool(lengths_s.sum() >= MIN_BLOCK_S * len(lengths_s))
    return long_enough and int(np.count_nonzero(coarse(totals))) >= MIN_BLOCKS


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """The block of each second, seconds numbered through the chosen phases."""

    block: Ints
    """Shape (seconds,), ascending from 0 to k - 1."""
    k: int
    planned: Floats | None = None
    """Shape (k,): the rate that was planned in each block, per second; None where it does not move
    or nobody planned it."""

    @staticmethod
    def even(seconds: int) -> "Cut":
        """Return the cut of so many seconds that are each a step."""
        k = block_count(seconds)
        return Cut(np.arange(seconds) * k // max(1, seconds), k)

    @property
    def seconds(self) -> int:
        """Return how many seconds are cut."""
        return len(self.block)

    def lengths_s(self) -> Floats:
        """Return how many seconds each block has, shape (k,)."""
        return np.bincount(self.block, minlength=self.k).astype(np.float64)

    def sums(self, per_second: Ints | Floats) -> Floats:
        """Return what each block's seconds add up to, shape (k,)."""
        sums = np.bincount(self.block, weights=per_second, minlength=self.k)
        return sums.astype(np.float64)


def cut_of(run: Run, spans: Iterable[PhaseSpan]) -> Cut:
    """Return how the seconds of some phases of a run are cut."""
    spans = [span for span in spans if span.seconds]
    begins, offset = [np.empty(0, np.int64)], 0
    for span in spans:
        second = span.first_second + np.arange(span.seconds)
        step = np.maximum(second - second % run.step_s, span.first_second)
        begins.append(step - span.first_second + offset)
        offset += span.seconds
    k = block_count(offset, run.step_s)
    middle = np.concatenate(begins) + (run.step_s - 1) // 2
    cut = Cut(np.minimum(middle * k // max(1, offset), max(0, k - 1)), k)
    if (planned := _planned(run, spans)) is None:
        return cut
    return replace(cut, planned=cut.sums(planned) / np.maximum(1, cut.lengths_s()))


def _planned(run: Run, spans: Iterable[PhaseSpan]) -> Floats | None:
    """Return the rate that was planned in each second, shape (seconds,); None where nobody did.

    A closed loop has no plan, and what a replay or a rate of random states will be is in no plan
    that the next run shares.
    """
    rates = [np.empty(0)]
    for span in spans:
        phase = run.scenario.traffic[span.index]
        if not isinstance(phase, OpenPhase) or isinstance(phase.rate, MarkovRate | Replay):
            return None
        edges = np.minimum(np.arange(span.seconds + 1), phase.duration_ns / NS_PER_S)
        rates.append(np.diff(phase.profile(0).count(edges.astype(np.float64))))
    return np.concatenate(rates)
