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

__all__ = ["Chunk", "Schedule", "noise", "target_order"]


class Chunk(NamedTuple):
    """Consecutive arrivals of one open phase."""

    phase: int
    first: int
    """Number of the first arrival, counted through all open phases of the run."""
    offsets_ns: Instants
    """When each is due, ns from the start of the run, ascending, shape (n,)."""
    codes: NDArray[np.int32] | None = None
    """What each chooses: its place in `Seen.choices` of the phase's trace; None if nothing."""

    def cut(self, count: int) -> tuple["Chunk", "Chunk"]:
        """Return the first so many, and the others."""
        codes, rest = (None, None) if self.codes is None else np.split(self.codes, [count])
        return (
            Chunk(self.phase, self.first, self.offsets_ns[:count], codes),
            Chunk(self.phase, self.first + count, self.offsets_ns[count:], rest),
        )


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
            for replay in self.replays():
                replay.check()
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
                for passage in phase.passages(phase_seed(self.seed, index)):
                    yield Chunk(
                        index, first, passage.instants + self.starts_ns[index], passage.codes
                    )
                    first += len(passage.instants)

    def due(self, cuts_ns: Sequence[int], target: str | None = None) -> dict[tuple[int, int], int]:
        """Count the arrivals that fell due, by (phase, second of the run).

        This is what a run's records must add up to, for each target. Where a trace that was
        replayed is not here any more, each of its arrivals counts as due when its second begins.

        Args:
            cuts_ns: for each slice, the offset from which nothing of it was sent any more.
            target: only the arrivals that make a request to it; None: all.
        """
        try:
            return self._due(cuts_ns, self.chunks(), target)
        except TraceError:
            return self._due(cuts_ns, self.remembered(target).chunks(), None)

    def dues(
        self, cuts_ns: Sequence[int], targets: Sequence[str]
    ) -> list[dict[tuple[int, int], int]]:
        """Return `due` for each target."""
        if any("target" in replay.kinds for replay in self.replays()):
            return [self.due(cuts_ns, target) for target in targets]
        return [self.due(cuts_ns)] * len(targets)

    def replays(self) -> Iterator[Replay]:
        """Yield the traces that are replayed."""
        for phase in self.traffic:
            if isinstance(phase, OpenPhase) and isinstance(phase.rate, Replay):
                yield phase.rate

    def remembered(self, target: str | None = None) -> "Schedule":
        """Return the schedule with the seconds of traces that were seen instead of the traces.

        Args:
            target: only the arrivals of traces that make a request to it; None: all.
        """
        traffic = tuple(
            replace(phase, rate=replace(phase.rate, whole_seconds=True, only=target))
            if isinstance(phase, OpenPhase) and isinstance(phase.rate, Replay)
            else phase
            for phase in self.traffic
        )
        return replace(self, traffic=traffic)

    def _due(
        self, cuts_ns: Sequence[int], chunks: Iterator[Chunk], target: str | None
    ) -> dict[tuple[int, int], int]:
        cuts = np.asarray(cuts_ns, np.int64)
        cells: dict[tuple[int, int], int] = {}
        for chunk in chunks:
            if chunk.offsets_ns[0] >= cuts.max():
                break
            numbers = chunk.first + np.arange(len(chunk.offsets_ns))
            sent = chunk.offsets_ns < cuts[numbers % len(cuts)]
            if target is not None and chunk.codes is not None:
                sent &= self.goes_to(chunk.phase, target)[chunk.codes]
            offsets = chunk.offsets_ns[sent]
            seconds, counts = np.unique(offsets // NS_PER_S, return_counts=True)
            for second, count in zip(seconds.tolist(), counts.tolist(), strict=True):
                cell = (chunk.phase, second)
                cells[cell] = cells.get(cell, 0) + count
        return cells

    def goes_to(self, phase: int, target: str) -> NDArray[np.bool_]:
        """Return which choices of a phase's trace make a request to a target."""
        plan = self.traffic[phase]
        assert isinstance(plan, OpenPhase)
        assert isinstance(plan.rate, Replay)
        seen, kinds = plan.rate.seen, plan.rate.kinds
        choices = seen.choices if seen else ()
        if "target" not in kinds:
            return np.ones(len(choices), bool)
        place = kinds.index("target")
        return np.array([texts[place] == target for texts, _ in choices], bool)


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
    bits = noise(block, targets + 1, seed)
    drawn = np.argsort(bits[:, :targets], axis=1, kind="stable")
    # Which row of the square comes first in its block is drawn too.
    first = bits[:, targets] % np.uint64(targets)
    turn = (within + first.astype(np.int64)) % targets
    place = (np.arange(targets) + turn[:, None]) % targets
    return np.take_along_axis(drawn, place, axis=1)


def noise(
    numbers: NDArray[np.int64], columns: int, seed: int, use: int = 0x6F72646572
) -> NDArray[np.uint64]:
    """Return random bits that depend on nothing but a number, a column, the seed and their use.

    By SplitMix64's output function (Steele, Lea & Flood, *Fast splittable pseudorandom number
    generators*, OOPSLA 2014), so that any slice of the arrivals can be had without the rest.
    """
    base = np.random.SeedSequence((seed, use)).generate_state(1, np.uint64)[0]
    with np.errstate(over="ignore"):
        index = numbers.astype(np.uint64)[:, None] * np.uint64(columns) + np.arange(
            columns, dtype=np.uint64
        )
        bits = base + (index + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: NDArray[np.uint64] = bits ^ (bits >> np.uint64(31))
    return mixed
