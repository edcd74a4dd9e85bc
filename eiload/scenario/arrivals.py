"""When requests are due: the phases of a traffic, each a pure function of itself and a seed.

The same phase and seed give the same instants on every machine, worker and run, so a schedule
never has to be sent anywhere; each worker computes the whole sequence and keeps its slice (arrival
i goes to slice ``i mod N``). Instants are int64 ns offsets from the start of their phase, computed
in chunks, each from the plan and never from the arrival before it on the clock, so nothing drifts.

How: an offered rate r(t) has the expected count Lambda(t), the integral of r from 0 to t (`rates`).
Arrivals of unit rate (`laws`: 0.5, 1.5, 2.5 ...; sums of Exp(1); ...) mapped through the inverse of
Lambda are arrivals at rate r (time change of a Poisson process: Cinlar, *Introduction to Stochastic
Processes*, 1975, section 4.7; of a renewal process it keeps the law of gaps, counted in expected
arrivals: the rate moves and the burstiness stays).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eiload.base.clock import NS_PER_S
from eiload.scenario import laws
from eiload.scenario.laws import Law
from eiload.scenario.rates import (
    BurstRate,
    ConstantRate,
    MarkovRate,
    PointsRate,
    Profile,
    RampRate,
    Rate,
    SineRate,
    StepsRate,
)
from eiload.scenario.replay import Replay
from eiload.scenario.turn import Passage
from eiload.scenario.until import Until
from eiload.scenario.users import Think, Users

__all__ = [
    "BurstRate",
    "ClosedPhase",
    "ConstantRate",
    "MarkovRate",
    "OpenPhase",
    "Phase",
    "PointsRate",
    "RampRate",
    "Rate",
    "Replay",
    "SineRate",
    "StepsRate",
]

CHUNK = 4096
"""Arrivals per chunk: large enough that numpy's overhead vanishes, small enough for the cache."""

Instants = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class OpenPhase:
    """Requests arrive on their own schedule, whatever the server does (an open loop)."""

    name: str
    duration_ns: int
    rate: Rate
    process: Law = "poisson"
    warm_up: bool = False
    until: Until | None = None
    """None if it ends when its time is over; else `duration_ns` is the most it may last."""

    def instants(self, seed: int) -> Iterator[Instants]:
        """Yield the arrivals' offsets from the phase's start in order, ns, in chunks.

        Args:
            seed: what makes this phase's randomness; one per phase (see `phase_seed`).

        Yields:
            int64 arrays of shape (n,), n >= 1; all values in [0, duration_ns).

        Raises:
            TraceError: the trace of a replay cannot be read.
        """
        for passage in self.passages(seed):
            yield passage.instants

    def passages(self, seed: int) -> Iterator[Passage]:
        """Yield the arrivals as `instants` does, with what a trace that is replayed chooses.

        Raises:
            TraceError: as `instants`.
        """
        if isinstance(self.rate, Replay):
            yield from self.rate.passages(self.duration_ns, seed)
            return
        profile, last_ns = self.profile(seed), 0
        for units in laws.points(self.process, np.random.default_rng(seed), CHUNK):
            within = units < profile.total
            offsets = np.floor(profile.inverse(units[within]) * NS_PER_S).astype(np.int64)
            # Rounding may put the very last arrival on the phase's end, to which it still belongs,
            # and two that are less than its error apart in the wrong order.
            np.clip(offsets, last_ns, self.duration_ns - 1, out=offsets)
            np.maximum.accumulate(offsets, out=offsets)
            if len(offsets):
                last_ns = int(offsets[-1])
                yield Passage(offsets)
            if not within.all():
                return

    def due(self, within_ns: int, seed: int, target: str | None = None) -> tuple[int, int]:
        """Return the least and the most arrivals before an offset, to one target or to any.

        They are the same unless it is a replay, of which only whole seconds are kept.
        """
        if isinstance(self.rate, Replay):
            return self.rate.due(within_ns, self.duration_ns, seed, target)
        count = sum(int(np.count_nonzero(each < within_ns)) for each in self.instants(seed))
        return count, count

    def profile(self, seed: int) -> Profile:
        """Return the offered rate as it is under a seed."""
        return Profile(self.rate.pieces(self.duration_ns, seed))

    def expected(self) -> float:
        """Return the expected number of arrivals, in the mean over all seeds."""
        if isinstance(self.rate, MarkovRate):
            return self.rate.mean_per_s * self.duration_ns / NS_PER_S
        return self.profile(0).total


@dataclass(frozen=True, slots=True)
class ClosedPhase:
    """Users, each waiting for its answer and thinking before the next request.

    A closed loop slows down when the server does, so its response times flatter a slow server
    (Schroeder, Wierman, Harchol-Balter, *Open versus closed*, NSDI 2006): it can show that a
    server is too slow, never that it is fast enough.
    """

    name: str
    duration_ns: int
    users: Users
    think: Think = 0
    """Between an answer and the next request; a number is ns."""
    warm_up: bool = False


Phase = OpenPhase | ClosedPhase


def phase_seed(seed: int, phase: int) -> int:
    """Return the seed of the `phase`-th phase of a scenario seeded with `seed`.

    Phases must not share their randomness, and none may change when another is edited.
    """
    return int(np.random.SeedSequence((seed, phase)).generate_state(1, np.uint64)[0])
