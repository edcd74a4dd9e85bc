"""Arrival processes at one arrival per unit of time: what lies between one request and the next.

What it knows: laws of gaps, each with mean 1, and random numbers. What it must not know: rates,
time, phases; `arrivals` maps these points through the integral of the rate. A law is stationary
from the first point on: the first gap is drawn from the equilibrium law, that of the time from an
arbitrary moment to the next arrival, with density (1 - F(x)) / mean (Cox, *Renewal Theory*, 1962,
section 5.2). Drawing it from the law itself would begin each phase with an arrival just before,
which at a coefficient of variation of 3 is ten requests too many at once.

An equilibrium gap is a uniform share of a gap drawn in proportion to its length. Of Gamma(k) that
is Gamma(k + 1); of Weibull(k), whose k-th power is exponential, the 1/k-th power of
Gamma(1 + 1/k); of an exponential gap it is one from the law itself.

The numbers come from one stream, in the order of the points, so that it does not show how many are
drawn at once. (Powers and logarithms may differ between C libraries in their last bit, and with
them an instant by 1 ns.)
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["BatchArrivals", "Gamma", "Law", "Weibull", "cv_of", "points", "weibull_shape"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Gamma:
    """Gamma gaps: bursty with a coefficient of variation above 1, Poisson at 1, even near 0."""

    cv: float
    """Standard deviation of the gaps over their mean; the gamma law's shape is 1 / cv^2."""


@dataclass(frozen=True, slots=True)
class Weibull:
    """Weibull gaps: at the same coefficient of variation, fewer very short gaps than gamma's."""

    cv: float


@dataclass(frozen=True, slots=True)
class BatchArrivals:
    """`size` requests at one instant: a gateway of as many cameras."""

    size: int
    arrivals: Literal["poisson", "constant"] = "poisson"
    """When the batches come."""


Law = Literal["poisson", "constant"] | Gamma | Weibull | BatchArrivals


def points(law: Law, rng: np.random.Generator, size: int) -> Iterator[Floats]:
    """Yield a law's points without end, ascending, one per unit of time in the mean.

    Args:
        law: the law.
        rng: where its randomness comes from; nobody else may draw from it.
        size: how many to give at once, roughly; it does not show in the points.

    Yields:
        Arrays of shape (n,), n >= 1.
    """
    match law:
        case "constant":
            return _even(size)
        case "poisson":
            return _sums(0.0, rng.standard_exponential, size)
        case Gamma(cv):
            shape = cv**-2
            first = rng.random() * rng.standard_gamma(shape + 1) / shape
            return _renewals(first, lambda n: rng.standard_gamma(shape, n) / shape, size)
        case Weibull(cv):
            power = 1 / weibull_shape(cv)
            mean = math.gamma(1 + power)
            first = rng.random() * rng.standard_gamma(1 + power) ** power / mean
            return _renewals(first, lambda n: rng.standard_exponential(n) ** power / mean, size)
        case BatchArrivals(many, arrivals):
            epochs = points(arrivals, rng, max(1, size // many))
            return (np.repeat(each * many, many) for each in epochs)


def cv_of(law: Law) -> float:
    """Return the coefficient of variation of a law's gaps, at a constant rate."""
    match law:
        case "constant":
            return 0.0
        case "poisson":
            return 1.0
        case Gamma(cv) | Weibull(cv):
            return cv
        case BatchArrivals(size, arrivals):
            # One gap in `size` is of the epochs' law times `size`, the others are 0.
            return math.sqrt(size * (1 + cv_of(arrivals) ** 2) - 1)


def weibull_shape(cv: float) -> float:
    """Return the shape k of the Weibull law with a coefficient of variation.

    ``1 + cv^2 = G(1 + 2/k) / G(1 + 1/k)^2`` (G the gamma function) falls as k rises: halved until
    nothing is between two neighbours.
    """
    wanted, low, high = math.log1p(cv**2), 0.05, 1000.0
    while low < (middle := (low + high) / 2) < high:
        found = math.lgamma(1 + 2 / middle) - 2 * math.lgamma(1 + 1 / middle)
        low, high = (middle, high) if found > wanted else (low, middle)
    return low


def _even(size: int) -> Iterator[Floats]:
    count = 0.0
    while True:
        yield np.asarray(count + np.arange(size) + 0.5)
        count += size


def _renewals(first: float, gaps: Callable[[int], Floats], size: int) -> Iterator[Floats]:
    yield np.array([first])
    yield from _sums(first, gaps, size)


def _sums(count: float, gaps: Callable[[int], Floats], size: int) -> Iterator[Floats]:
    while True:
        # One sum from the first point on, so that it does not show where chunks end.
        units = np.cumsum(np.concatenate(([count], gaps(size))))[1:]
        count = float(units[-1])
        yield units
