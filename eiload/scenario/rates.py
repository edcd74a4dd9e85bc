"""Offered rates over a phase, and the count that is expected up to each instant.

What it knows: how a rate moves. What it must not know: which arrivals there are. A rate is pieces
that are linear in time, so the expected count Lambda is piecewise quadratic and its inverse is a
square root. A sine is drawn by straight pieces too, `SINE_PIECES` to a period: nowhere is it more
than 0.03 % of its amplitude off.

Units: ns for lengths, requests per second for rates.
"""

import itertools
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eiload.base.clock import NS_PER_S
from eiload.scenario.replay import Replay

__all__ = [
    "BurstRate",
    "ConstantRate",
    "MarkovRate",
    "Piece",
    "PointsRate",
    "Profile",
    "RampRate",
    "Rate",
    "SineRate",
    "StepsRate",
]

Piece = tuple[int, float, float]
"""Part of a profile: its length in ns, the rate per s at its start and at its end."""

SINE_PIECES = 128
"""To a period; a chord of 1/128 turn leaves the arc by (2 pi / 128)^2 / 8 of the amplitude."""


@dataclass(frozen=True, slots=True)
class ConstantRate:
    """The same offered rate throughout; 0 is a pause."""

    per_s: float

    def pieces(self, duration_ns: int, seed: int = 0) -> list[Piece]:
        """Return the rate over `duration_ns`, piece by piece."""
        del seed
        return [(duration_ns, self.per_s, self.per_s)]


@dataclass(frozen=True, slots=True)
class RampRate:
    """From one rate to another, linearly over the phase."""

    start_per_s: float
    end_per_s: float

    def pieces(self, duration_ns: int, seed: int = 0) -> list[Piece]:
        """Return the rate over `duration_ns`, piece by piece."""
        del seed
        return [(duration_ns, self.start_per_s, self.end_per_s)]


@dataclass(frozen=True, slots=True)
class BurstRate:
    """`base_per_s`, and at the end of every period of `every_ns` a burst of `burst_for_ns`."""

    base_per_s: float
    burst_per_s: float
    burst_for_ns: int
    every_ns: int

    def pieces(self, duration_ns: int, seed: int = 0) -> list[Piece]:
        """Return the rate over `duration_ns`, piece by piece; the last ones may be cut short."""
        del seed
        calm = (self.every_ns - self.burst_for_ns, self.base_per_s, self.base_per_s)
        burst = (self.burst_for_ns, self.burst_per_s, self.burst_per_s)
        return list(_cut(itertools.cycle((calm, burst)), duration_ns))


@dataclass(frozen=True, slots=True)
class StepsRate:
    """One level after the other, each as long as the others."""

    levels_per_s: tuple[float, ...]
    each_ns: int | None = None
    """None: the phase in equal parts."""

    def pieces(self, duration_ns: int, seed: int = 0) -> list[Piece]:
        """Return the rate over `duration_ns`, piece by piece."""
        del seed
        count = len(self.levels_per_s)
        whole_ns = duration_ns if self.each_ns is None else self.each_ns * count
        ends = [whole_ns * index // count for index in range(count + 1)]
        lengths = (later - sooner for sooner, later in itertools.pairwise(ends))
        steps = zip(lengths, self.levels_per_s, self.levels_per_s, strict=True)
        return list(_cut(steps, duration_ns))


@dataclass(frozen=True, slots=True)
class SineRate:
    """Around a mean, rising at first; over whole periods it is as many requests as the mean's."""

    mean_per_s: float
    amplitude_per_s: float
    period_ns: int

    def pieces(self, duration_ns: int, seed: int = 0) -> list[Piece]:
        """Return the rate over `duration_ns`, piece by piece."""
        del seed
        turns = (math.sin(2 * math.pi * (i / SINE_PIECES)) for i in range(SINE_PIECES + 1))
        levels = [max(0.0, self.mean_per_s + self.amplitude_per_s * turn) for turn in turns]
        ends = [self.period_ns * index // SINE_PIECES for index in range(SINE_PIECES + 1)]
        lengths = (later - sooner for sooner, later in itertools.pairwise(ends))
        period = list(zip(lengths, levels[:-1], levels[1:], strict=True))
        return list(_cut(itertools.cycle(period), duration_ns))


@dataclass(frozen=True, slots=True)
class PointsRate:
    """Through points, linearly from each to the next; two at one instant are a jump."""

    points: tuple[tuple[int, float], ...]
    """Instants in ns from the phase's start, the first 0, ascending, and the rates there."""

    def pieces(self, duration_ns: int, seed: int = 0) -> list[Piece]:
        """Return the rate over `duration_ns`, piece by piece; after the last point it stays."""
        del seed
        found = [
            (later_ns - sooner_ns, start, end)
            for (sooner_ns, start), (later_ns, end) in itertools.pairwise(self.points)
            if later_ns > sooner_ns
        ]
        _, last = self.points[-1]
        return list(_cut([*found, (duration_ns, last, last)], duration_ns))


@dataclass(frozen=True, slots=True)
class MarkovRate:
    """A rate that jumps between two states, staying in each for an exponential time.

    With Poisson arrivals a Markov-modulated Poisson process (Fischer & Meier-Hellstern, *The
    Markov-modulated Poisson process cookbook*, Performance Evaluation 18, 1993). It begins in
    equilibrium: in each state as often as it is there.
    """

    calm_per_s: float
    busy_per_s: float
    calm_for_ns: int
    """In the mean, as `busy_for_ns`."""
    busy_for_ns: int

    def pieces(self, duration_ns: int, seed: int = 0) -> list[Piece]:
        """Return the rate over `duration_ns`, piece by piece, as drawn from a seed."""
        # Not the arrivals' own stream: that one is the same whatever the rate.
        return list(_cut(self._stays(np.random.default_rng((seed, 0x6D61726B))), duration_ns))

    @property
    def mean_per_s(self) -> float:
        """Return the rate in the mean over all seeds."""
        busy = self.busy_for_ns / (self.calm_for_ns + self.busy_for_ns)
        return self.calm_per_s + (self.busy_per_s - self.calm_per_s) * busy

    def _stays(self, rng: np.random.Generator) -> Iterator[Piece]:
        busy = rng.random() * (self.calm_for_ns + self.busy_for_ns) < self.busy_for_ns
        while True:
            per_s = self.busy_per_s if busy else self.calm_per_s
            mean_ns = self.busy_for_ns if busy else self.calm_for_ns
            yield max(1, round(rng.standard_exponential() * mean_ns)), per_s, per_s
            busy = not busy


Rate = ConstantRate | RampRate | BurstRate | StepsRate | SineRate | PointsRate | MarkovRate | Replay


def _cut(pieces: Iterable[Piece], duration_ns: int) -> Iterator[Piece]:
    """Yield pieces until they fill `duration_ns`, the last one cut short."""
    left_ns = duration_ns
    for length_ns, start, end in pieces:
        if length_ns >= left_ns:
            yield left_ns, start, start + (end - start) * (left_ns / length_ns)
            return
        yield length_ns, start, end
        left_ns -= length_ns


class Profile:
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

    def count(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the count that is expected up to `times`, s, all within the pieces."""
        piece = np.searchsorted(self._times, times, side="right") - 1
        piece = np.clip(piece, 0, len(self._starts) - 1)
        within = times - self._times[piece]
        risen = self._starts[piece] * within + self._slopes[piece] * within**2 / 2
        return np.asarray(self._counts[piece] + risen)

    def rate(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the rate per second at `times`, s."""
        piece = np.searchsorted(self._times, times, side="right") - 1
        piece = np.clip(piece, 0, len(self._starts) - 1)
        return np.asarray(self._starts[piece] + self._slopes[piece] * (times - self._times[piece]))
