"""What makes a simulated server slow or mute for a while, and how long its service takes.

Pure. What it knows: random times. What it must not know: queues, targets, verdicts. Units: seconds.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "CV",
    "Floats",
    "Service",
    "StallLaw",
    "Stalls",
    "WorkClock",
    "autoregressive",
    "bimodal",
    "bursts",
    "exponential",
    "lognormal",
    "pareto",
    "wandering",
]

Floats = NDArray[np.float64]
Service = Callable[[np.random.Generator, tuple[int, ...]], Floats]
"""Draws service times of mean 1."""

CV = 0.2


def lognormal(rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    """Return lognormal times, coefficient of variation 0.2."""
    sigma = np.sqrt(np.log1p(CV**2))
    return rng.lognormal(-(sigma**2) / 2, sigma, shape)


def exponential(rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    """Return exponential times."""
    return rng.standard_exponential(shape)


def bimodal(rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    """Return lognormal times, a tenth of them 7.5 times as long: a cache that misses."""
    return lognormal(rng, shape) * np.where(rng.random(shape) < 0.1, 7.5, 1.0) / 1.65


def pareto(rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    """Return Pareto times of shape 1.5: their variance is infinite. At most 600."""
    return np.minimum((1 + rng.pareto(1.5, shape)) / 3, 600.0)


@dataclass(frozen=True, slots=True)
class StallLaw:
    """How often a host stands still, and for how long."""

    every_s: float
    for_s: float
    regular: bool = False
    """Each as long as the others and as far from the next, from a random instant on; otherwise
    exponential."""


@dataclass(frozen=True, slots=True)
class Stalls:
    """Times at which a host stands still; they may overlap."""

    start: Floats
    length: Floats

    @staticmethod
    def draw(rng: np.random.Generator, law: StallLaw, horizon: float) -> "Stalls":
        """Return the stalls up to a time."""
        if law.regular:
            start = np.arange(rng.uniform(0, law.every_s), horizon, law.every_s)
            return Stalls(start, np.full(len(start), law.for_s))
        count = rng.poisson(horizon / law.every_s)
        return Stalls(np.sort(rng.uniform(0, horizon, count)), rng.exponential(law.for_s, count))


def bursts(
    rng: np.random.Generator, law: StallLaw, share: float, intended_s: Floats
) -> NDArray[np.bool_]:
    """Return which requests fail: a share of those that come in bursts; shape (n, R) both."""
    failed = np.zeros(intended_s.shape, bool)
    for run in range(intended_s.shape[1]):
        came = intended_s[:, run]
        stalls = Stalls.draw(rng, law, float(came[-1]))
        edge = np.zeros(len(came) + 1)
        np.add.at(edge, np.searchsorted(came, stalls.start), 1)
        np.add.at(edge, np.searchsorted(came, stalls.start + stalls.length), -1)
        failed[:, run] = np.cumsum(edge)[:-1] > 0
    return failed & (rng.random(intended_s.shape) < share)


def wandering(rng: np.random.Generator, by: float, over_s: float, horizon: float) -> Floats:
    """Return a speed per second of time, wandering in 1 +- `by`, new direction every `over_s`."""
    seconds = np.arange(int(horizon) + 1)
    if by == 0:
        return np.ones(len(seconds))
    knots = np.arange(0, horizon + 2 * over_s, over_s)
    levels = rng.uniform(1 - by, 1 + by, len(knots))
    return np.asarray(np.interp(seconds + rng.uniform(0, over_s), knots, levels))


def autoregressive(rng: np.random.Generator, sd: float, over_s: float, horizon: float) -> Floats:
    """Return a speed per second whose logarithm is a first-order autoregression in equilibrium.

    Args:
        rng: the randomness.
        sd: of the logarithm.
        over_s: after so long its correlation is 1/e.
        horizon: how long.
    """
    seconds = int(horizon) + 1
    if sd == 0:
        return np.ones(seconds)
    keep = float(np.exp(-1 / over_s))
    noise = rng.standard_normal(seconds) * np.sqrt(1 - keep**2)
    noise[0] /= np.sqrt(1 - keep**2)
    level, found = 0.0, np.empty(seconds)
    for second, each in enumerate(noise.tolist()):
        level = keep * level + each
        found[second] = level
    return np.exp(-sd * found)


class WorkClock:
    """How much work has been done by an instant: piecewise linear, nearly flat while stalled."""

    def __init__(self, stalls: list[Stalls], speed: Floats) -> None:
        starts = np.concatenate([np.empty(0), *(s.start for s in stalls)])
        ends = np.concatenate([np.empty(0), *(s.start + s.length for s in stalls)])
        edges = np.concatenate([np.arange(len(speed), dtype=np.float64), starts, ends])
        change = np.repeat([0, 1, -1], [len(speed), len(starts), len(ends)])
        order = np.argsort(edges, kind="stable")
        self._edges = edges[order]
        stalled = np.cumsum(change[order])[:-1] > 0
        second = np.minimum(self._edges[:-1].astype(np.int64), len(speed) - 1)
        rate = np.where(stalled, 1e-9, speed[second])
        self._works = np.concatenate([[0.0], np.cumsum(np.diff(self._edges) * rate)])

    def work(self, real: Floats) -> Floats:
        """Return the work that is done by an instant."""
        return np.asarray(np.interp(real, self._edges, self._works))

    def real(self, work: Floats) -> Floats:
        """Return by which instant so much work is done."""
        return np.asarray(np.interp(work, self._works, self._edges))
