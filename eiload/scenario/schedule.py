"""The whole traffic of a run as one pure function of (traffic, seed), and its slices.

What it knows: phases one after the other, arrivals numbered through all open phases, slices. What
it must not know: clocks, processes, who sends. Offsets are ns from the start of the run.

Arrival i belongs to slice ``i mod count``; a worker owns one slice, or more once another worker is
lost. Closed-loop users are sliced the same way by their number. So one worker and twenty send the
same requests at the same instants.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from eiload.base.clock import NS_PER_S
from eiload.base.errors import ScenarioError
from eiload.scenario.arrivals import Instants, OpenPhase, Phase, Replay, phase_seed
from eiload.scenario.trace import TraceError

__all__ = ["Chunk", "Schedule", "target_order"]


class Chunk(NamedTuple):
    """Consecutive arrivals of one open phase."""

    phase: int
    first: int
    """Number of the first arrival, counted through all open phases of the run."""
    offsets_ns: Instants
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

    def check(self) -> None:
        """Look whether the traces that are replayed are here, as they were when they were read.

        Raises:
            ScenarioError: one is not.
        """
        try:
            for phase in self.traffic:
                if isinstance(phase, OpenPhase) and isinstance(phase.rate, Replay):
                    phase.rate.check()
        except TraceError as error:
            raise ScenarioError(str(error)) from None

    def chunks(self) -> Iterator[Chunk]:
        """Yield the arrivals of all open phases in order.

        Raises:
            TraceError: a trace that is replayed cannot be read (see `check`).
        """
        first = 0
        for index, phase in enumerate(self.traffic):
            if isinstance(phase, OpenPhase):
                for offsets in phase.instants(phase_seed(self.seed, index)):
                    yield Chunk(index, first, offsets + self.starts_ns[index])
                    first += len(offsets)

    def due(self, cuts_ns: Sequence[int]) -> dict[tuple[int, int], int]:
        """Count the arrivals that fell due, by (phase, second of the run).

        This is what a run's records must add up to, for each target. Where a trace that was
        replayed is not here any more, each of its arrivals counts as due when its second begins.

        Args:
            cuts_ns: for each slice, the offset from which nothing of it was sent any more.
        """
        try:
            return self._due(cuts_ns, self.chunks())
        except TraceError:
            return self._due(cuts_ns, replace(self, traffic=self._coarse()).chunks())

    def _coarse(self) -> tuple[Phase, ...]:
        """Return the traffic with the seconds of traces that were seen instead of the traces."""
        return tuple(
            replace(phase, rate=replace(phase.rate, whole_seconds=True))
            if isinstance(phase, OpenPhase) and isinstance(phase.rate, Replay)
            else phase
            for phase in self.traffic
        )

    @staticmethod
    def _due(cuts_ns: Sequence[int], chunks: Iterator[Chunk]) -> dict[tuple[int, int], int]:
        cuts = np.asarray(cuts_ns, np.int64)
        cells: dict[tuple[int, int], int] = {}
        for chunk in chunks:
            if chunk.offsets_ns[0] >= cuts.max():
                break
            numbers = chunk.first + np.arange(len(chunk.offsets_ns))
            offsets = chunk.offsets_ns[chunk.offsets_ns < cuts[numbers % len(cuts)]]
            seconds, counts = np.unique(offsets // NS_PER_S, return_counts=True)
            for second, count in zip(seconds.tolist(), counts.tolist(), strict=True):
                cell = (chunk.phase, second)
                cells[cell] = cells.get(cell, 0) + count
        return cells


def target_order(numbers: NDArray[np.int64], targets: int, seed: int) -> NDArray[np.int64]:
    """Return in which order each arrival goes to the targets.

    Requests of one arrival are due at one instant and one of them is sent first: at a server that
    both targets share, always the same one would be served first. So the order is drawn anew for
    each arrival, and balanced: among `targets` arrivals in a row every target has every place once
    (a Latin square of a drawn order; permuted blocks as in clinical trials).

    Args:
        numbers: of the arrivals (or of a closed loop's users), shape (n,).
        targets: how many there are.
        seed: the scenario's.

    Returns:
        Indices of targets by place, shape (n, targets).
    """
    block, within = np.divmod(np.asarray(numbers, np.int64), targets)
    noise = _noise(block, targets + 1, seed)
    drawn = np.argsort(noise[:, :targets], axis=1, kind="stable")
    # Which row of the square comes first in its block is drawn too.
    first = noise[:, targets] % np.uint64(targets)
    turn = (within + first.astype(np.int64)) % targets
    place = (np.arange(targets) + turn[:, None]) % targets
    return np.take_along_axis(drawn, place, axis=1)


def _noise(numbers: NDArray[np.int64], columns: int, seed: int) -> NDArray[np.uint64]:
    """Return random bits that depend on nothing but a number, a column and the seed.

    By SplitMix64's output function (Steele, Lea & Flood, *Fast splittable pseudorandom number
    generators*, OOPSLA 2014), so that any slice of the arrivals can be had without the rest.
    """
    base = np.random.SeedSequence((seed, 0x6F72646572)).generate_state(1, np.uint64)[0]
    with np.errstate(over="ignore"):
        index = numbers.astype(np.uint64)[:, None] * np.uint64(columns) + np.arange(
            columns, dtype=np.uint64
        )
        bits = base + (index + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: NDArray[np.uint64] = bits ^ (bits >> np.uint64(31))
    return mixed
