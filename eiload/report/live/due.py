"""How many requests a schedule has had due by now, found as the run goes on.

What it knows: the schedule, which is a function of traffic and seed. What it must not know: clocks,
what became of the requests. A day's schedule takes seconds to make; this makes what is asked for.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from eiload.base.clock import NS_PER_S
from eiload.scenario import Scenario
from eiload.scenario.arrivals import ClosedPhase
from eiload.scenario.schedule import Chunk, Schedule
from eiload.scenario.trace import TraceError

__all__ = ["Due"]


class Due:
    """The requests that are due to each target.

    Args:
        scenario: the scenario.
        driven: Locust's users make the requests, so that nobody knows.
    """

    def __init__(self, scenario: Scenario, *, driven: bool = False) -> None:
        schedule = Schedule(scenario.traffic, scenario.seed)
        self.stopped_s = scenario.duration_ns / NS_PER_S
        """From when on nothing is due; earlier when the run is stopped."""
        self._schedule = schedule
        self._chunks: Iterator[Chunk] = iter(()) if driven else schedule.chunks()
        # Each arrival goes to all targets, unless a trace that is replayed chooses one.
        chosen = any("target" in replay.kinds for replay in schedule.replays())
        self._targets: list[str | None] = [*scenario.targets] if chosen else [None]
        self._unknown = [
            (start_ns / NS_PER_S, (start_ns + phase.duration_ns) / NS_PER_S)
            for start_ns, phase in zip(schedule.starts_ns, scenario.traffic, strict=True)
            if driven or isinstance(phase, ClosedPhase)
        ]
        self._driven = driven
        self._counted_s = 0.0
        # How many were due before each second, by target where that matters.
        self._before = np.zeros((len(self._targets), 1), np.int64)

    def before(self, second: float, target: int = 0) -> float:
        """Return how many were due before an instant; within a second as if evenly spread."""
        second = min(max(second, 0.0), self.stopped_s)
        self._count(second)
        before = self._before[target % len(self._targets)]
        return float(np.interp(second, np.arange(len(before)), before))

    def between(self, start_s: float, end_s: float, target: int = 0) -> float | None:
        """Return how many were due from one instant to another; None where nobody knows."""
        if self._driven or any(start_s < end and begin < end_s for begin, end in self._unknown):
            return None
        return self.before(end_s, target) - self.before(start_s, target)

    def _count(self, second: float) -> None:
        """Count the arrivals up to an instant, and some more."""
        parts: list[Chunk] = []
        while self._counted_s <= second:
            try:
                chunk = next(self._chunks, None)
            except TraceError:  # it is away; the run's record tells how many there were
                self._unknown.append((self._counted_s, float("inf")))
                chunk = None
            if chunk is None:
                self._counted_s = float("inf")
                break
            parts.append(chunk)
            self._counted_s = chunk.offsets_ns[-1] / NS_PER_S
        if not parts:
            return
        size = max(int(parts[-1].offsets_ns[-1]) // NS_PER_S + 1, self._before.shape[1] - 1)
        counts = np.zeros((len(self._targets), size), np.int64)
        counts[:, : self._before.shape[1] - 1] = np.diff(self._before)
        for row, target in enumerate(self._targets):
            seconds = np.concatenate([self._to(chunk, target) for chunk in parts]) // NS_PER_S
            counts[row] += np.bincount(seconds, minlength=size)
        self._before = np.concatenate([np.zeros_like(counts[:, :1]), np.cumsum(counts, 1)], axis=1)

    def _to(self, chunk: Chunk, target: str | None) -> NDArray[np.int64]:
        """Return when those of some arrivals are due that make a request to a target."""
        if target is None or chunk.codes is None:
            return chunk.offsets_ns
        return chunk.offsets_ns[self._schedule.goes_to(chunk.phase, target)[chunk.codes]]
