"""The whole traffic of a run as one pure function of (traffic, seed), and its slices.

What it knows: phases one after the other, arrivals numbered through all open phases, slices. What
it must not know: clocks, processes, who sends. Offsets are ns from the start of the run.

Arrival i belongs to slice ``i mod count``; a worker owns one slice, or more once another worker is
lost. Closed-loop users are sliced the same way by their number. So one worker and twenty send the
same requests at the same instants.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from eiload.arrivals import OpenPhase, Phase, phase_seed
from eiload.clock import NS_PER_S
from eiload.recorder import Ints

__all__ = ["Chunk", "Schedule", "payload_order"]


class Chunk(NamedTuple):
    """Consecutive arrivals of one open phase."""

    phase: int
    first: int
    """Number of the first arrival, counted through all open phases of the run."""
    offsets_ns: Ints
    """When each is due, ns from the start of the run, ascending, shape (n,)."""


@dataclass(frozen=True)
class Schedule:
    """The arrivals of a scenario's traffic."""

    traffic: tuple[Phase, ...]
    seed: int

    @cached_property
    def starts_ns(self) -> tuple[int, ...]:
        """Offset of each phase's start."""
        ends = np.cumsum([0, *(phase.duration_ns for phase in self.traffic)])
        return tuple(int(end) for end in ends[:-1])

    @property
    def duration_ns(self) -> int:
        """Length of the whole traffic."""
        return sum(phase.duration_ns for phase in self.traffic)

    def chunks(self) -> Iterator[Chunk]:
        """Yield the arrivals of all open phases in order."""
        first = 0
        for index, phase in enumerate(self.traffic):
            if isinstance(phase, OpenPhase):
                for offsets in phase.instants(phase_seed(self.seed, index)):
                    yield Chunk(index, first, offsets + self.starts_ns[index])
                    first += len(offsets)

    def due(self, cuts_ns: Sequence[int]) -> dict[tuple[int, int], int]:
        """Count the arrivals that fell due, by (phase, second of the run).

        This is what a run's records must add up to, for each target.

        Args:
            cuts_ns: for each slice, the offset from which nothing of it was sent any more.
        """
        cuts = np.asarray(cuts_ns, np.int64)
        cells: dict[tuple[int, int], int] = {}
        for chunk in self.chunks():
            if chunk.offsets_ns[0] >= cuts.max():
                break
            numbers = chunk.first + np.arange(len(chunk.offsets_ns))
            offsets = chunk.offsets_ns[chunk.offsets_ns < cuts[numbers % len(cuts)]]
            seconds, counts = np.unique(offsets // NS_PER_S, return_counts=True)
            for second, count in zip(seconds.tolist(), counts.tolist(), strict=True):
                cell = (chunk.phase, second)
                cells[cell] = cells.get(cell, 0) + count
        return cells


def payload_order(payloads: int, seed: int) -> Ints:
    """Return the order in which arrivals take the payloads: a seeded shuffle, round and round.

    Every payload is used equally often, and every target gets the same one at the same arrival.
    """
    return np.random.default_rng((seed, 0x7061796C)).permutation(payloads)
