"""When requests are due: arrival processes and rate profiles.

Pure and seeded: the same phase and seed give the same instants on every machine, worker and run,
so a schedule never has to be sent anywhere; each worker computes the whole sequence and keeps its
slice (arrival i goes to slice ``i mod N``). Instants are int64 ns offsets from the start of their
phase, computed in chunks, each from the plan and never from the arrival before it on the clock, so
nothing drifts.

How: an offered rate r(t) has the expected count Lambda(t), the integral of r from 0 to t. Arrivals
with unit spacing (constant: 0.5, 1.5, 2.5 ...; Poisson: sums of Exp(1)) mapped through the inverse
of Lambda are arrivals at rate r (time change of a Poisson process: Cinlar, *Introduction to
Stochastic Processes*, 1975, section 4.7). Rates here are piecewise linear in time, so Lambda is
piecewise quadratic and its inverse is a square root.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from eiload.base.clock import NS_PER_S

__all__ = ["BurstRate", "ClosedPhase", "ConstantRate", "OpenPhase", "Phase", "RampRate", "Rate"]

CHUNK = 4096
"""Arrivals per chunk: large enough that numpy's overhead vanishes, small enough for the cache."""

Instants = NDArray[np.int64]

Piece = tuple[int, float, float]
"""Part of a profile: its length in ns, the rate per s at its start and at its end."""


@dataclass(frozen=True, slots=True)
class ConstantRate:
    """The same offered rate throughout."""

    per_s: float

    def pieces(self, duration_ns: int) -> list[Piece]:
        """Return the rate over `duration_ns`, piece by piece."""
        return [(duration_ns, self.per_s, self.per_s)]


@dataclass(frozen=True, slots=True)
class RampRate:
    """From one rate to another, linearly over the phase."""

    start_per_s: float
    end_per_s: float

    def pieces(self, duration_ns: int) -> list[Piece]:
        """Return the rate over `duration_ns`, piece by piece."""
        return [(duration_ns, self.start_per_s, self.end_per_s)]


@dataclass(frozen=True, slots=True)
class BurstRate:
    """`base_per_s`, and at the end of every period of `every_ns` a burst of `burst_for_ns`."""

    base_per_s: float
    burst_per_s: float
    burst_for_ns: int
    every_ns: int

    def pieces(self, duration_ns: int) -> list[Piece]:
        """Return the rate over `duration_ns`, piece by piece; the last ones may be cut short."""
        calm_ns = self.every_ns - self.burst_for_ns
        pieces: list[Piece] = []
        for period_ns in range(0, duration_ns, self.every_ns):
            left_ns = duration_ns - period_ns
            pieces.append((min(calm_ns, left_ns), self.base_per_s, self.base_per_s))
            if left_ns > calm_ns:
                burst_ns = min(self.burst_for_ns, left_ns - calm_ns)
                pieces.append((burst_ns, self.burst_per_s, self.burst_per_s))
        return pieces


Rate = ConstantRate | RampRate | BurstRate


@dataclass(frozen=True, slots=True)
class OpenPhase:
    """Requests arrive on their own schedule, whatever the server does (an open loop)."""

    name: str
    duration_ns: int
    rate: Rate
    process: Literal["poisson", "constant"] = "poisson"
    warm_up: bool = False

    def instants(self, seed: int) -> Iterator[Instants]:
        """Yield the arrivals' offsets from the phase's start in order, ns, in chunks.

        Args:
            seed: what makes this phase's randomness; one per phase (see `phase_seed`).

        Yields:
            int64 arrays of shape (n,), n >= 1; all values in [0, duration_ns).
        """
        profile = _Profile(self.rate.pieces(self.duration_ns))
        rng = np.random.default_rng(seed)
        count, last_ns = 0.0, 0
        while True:
            if self.process == "poisson":
                # One sum from the first arrival on, so that it does not show where chunks end.
                steps = np.concatenate(([count], rng.standard_exponential(CHUNK)))
                units = np.cumsum(steps)[1:]
                count = float(units[-1])
            else:
                units = count + np.arange(CHUNK) + 0.5
                count += CHUNK
            within = units < profile.total
            offsets = np.floor(profile.inverse(units[within]) * NS_PER_S).astype(np.int64)
            # Rounding may put the very last arrival on the phase's end, to which it still belongs,
            # and two that are less than its error apart in the wrong order.
            np.clip(offsets, last_ns, self.duration_ns - 1, out=offsets)
            np.maximum.accumulate(offsets, out=offsets)
            if len(offsets):
                last_ns = int(offsets[-1])
                yield offsets
            if not within.all():
                return

    def expected(self) -> float:
        """Return the expected number of arrivals."""
        return _Profile(self.rate.pieces(self.duration_ns)).total


@dataclass(frozen=True, slots=True)
class ClosedPhase:
    """A fixed number of users, each waiting for its answer and thinking before the next request.

    A closed loop slows down when the server does, so its response times flatter a slow server
    (Schroeder, Wierman, Harchol-Balter, *Open versus closed*, NSDI 2006): it can show that a
    server is too slow, never that it is fast enough.
    """

    name: str
    duration_ns: int
    users: int
    think_ns: int = 0
    warm_up: bool = False


Phase = OpenPhase | ClosedPhase


def phase_seed(seed: int, phase: int) -> int:
    """Return the seed of the `phase`-th phase of a scenario seeded with `seed`.

    Phases must not share their randomness, and none may change when another is edited.
    """
    return int(np.random.SeedSequence((seed, phase)).generate_state(1, np.uint64)[0])


class _Profile:
    """The expected count Lambda of a piecewise linear rate, and its inverse."""

    def __init__(self, pieces: list[Piece]) -> None:
        lengths_ns, starts, ends = (np.array(column) for column in zip(*pieces, strict=True))
        self._times = np.concatenate(([0], np.cumsum(lengths_ns))) / NS_PER_S
        lengths = lengths_ns / NS_PER_S
        self._counts = np.concatenate(([0.0], np.cumsum(lengths * (starts + ends) / 2)))
        self._starts = starts
        self._slopes = (ends - starts) / lengths
        self.total = float(self._counts[-1])

    def inverse(self, counts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the times (s) at which the expected count reaches `counts`, all < `total`."""
        piece = np.searchsorted(self._counts, counts, side="right") - 1
        need = counts - self._counts[piece]
        start, slope = self._starts[piece], self._slopes[piece]
        # need = start t + slope t^2 / 2, solved in the form that is stable for slope -> 0.
        denominator = start + np.sqrt(np.maximum(start * start + 2 * slope * need, 0.0))
        # It is 0 only where nothing is needed: at the foot of a ramp that begins at rate 0.
        taken = np.divide(2 * need, denominator, out=np.zeros_like(need), where=denominator > 0)
        return np.asarray(np.minimum(self._times[piece] + taken, self._times[piece + 1]))
