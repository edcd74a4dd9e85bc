"""How sure one look of several must be, so that all of them together err as often as one would.

What it knows: when looks are, as shares of the whole time, and how often one may err in all. What
it must not know: runs, what is looked at.

Who looks at 95 % five times and stops at a pleasant moment errs in up to 16 % (docs/statistics.md,
"Until decided"). So the errors that are allowed are spent over the looks, so much by each, and the
boundary of a look is such that what errs there and not before is what may be spent: the
alpha-spending of Lan & DeMets, *Discrete sequential boundaries for clinical trials*, Biometrika 70,
1983. Two ways to spend:

- linearly in time (Kim & DeMets, *Design and analysis of group sequential tests based on the type I
  error spending rate function*, Biometrika 74, 1987, rho = 1): decides the clear cases early;
- like O'Brien & Fleming (Biometrics 35, 1979), ``2 (1 - Phi(z_(1 - a/2) / sqrt(t)))``: hardly
  anything early, for plans so short that their first looks have few episodes to go by.

The evidence at a look is taken as Brownian motion B(t) at t, its share of the whole time: what is
seen later adds to what was seen sooner, independently. Boundaries come from the distribution of
B(t_k) while no boundary was crossed, by numerical integration (Armitage, McPherson & Rowe,
*Repeated significance tests on accumulating data*, J. Royal Statistical Society A 132, 1969;
Jennison & Turnbull, *Group Sequential Methods*, 2000, chapter 19). Crossing the other way ends a
run, too, and is not counted: it can only make errors fewer.
"""

import math
from functools import cache
from typing import Literal

import numpy as np
import scipy  # its parts load when they are asked for

from eiload.judging.statistics.cut import Floats

__all__ = ["Spending", "levels", "spent"]

Spending = Literal["linear", "O'Brien-Fleming"]

POINTS = 801
"""Of the integration (odd, Simpson's rule): with 1,601 no level changes in its sixth digit."""

REACH = 9.0
"""Standard deviations below 0 from which the integral begins."""

HALVINGS = 60


def spent(fraction: float, error: float, spending: Spending) -> float:
    """Return how much of a one-sided error may be spent up to a share of the time.

    Args:
        fraction: of the time, in [0, 1].
        error: one-sided, of all looks together, in (0, 0.5).
        spending: how.
    """
    if fraction >= 1:
        return error
    if fraction <= 0:
        return 0.0
    if spending == "linear":
        return error * fraction
    z = float(scipy.special.ndtri(1 - error / 2))
    return 2 * float(scipy.special.ndtr(-z / math.sqrt(fraction)))


@cache
def levels(fractions: tuple[float, ...], error: float, spending: Spending) -> tuple[float, ...]:
    """Return the one-sided error of each look by itself.

    Args:
        fractions: of the time that each look has seen, ascending, in (0, 1]; the last 1 as a rule.
        error: one-sided, of all looks together.
        spending: how it is spent.
    """
    found: list[float] = []
    before, density, at = 0.0, np.empty(0), np.empty(0)
    for index, fraction in enumerate(fractions):
        allowed = spent(fraction, error, spending) - before
        step = math.sqrt(fraction - (fractions[index - 1] if index else 0.0))
        if index == 0:
            boundary = -step * float(scipy.special.ndtri(allowed))
        else:
            boundary = _where(allowed, density, at, step)
        found.append(float(scipy.special.ndtr(-boundary / math.sqrt(fraction))))
        before += allowed
        grid = np.linspace(-REACH * math.sqrt(fraction), boundary, POINTS)
        if index == 0:
            kept = _bell(grid / step) / step
        else:
            kept = _bell((grid[:, None] - at) / step) @ density / step
        density, at = kept * _simpson(grid), grid
    return tuple(found)


def _where(allowed: float, density: Floats, at: Floats, step: float) -> float:
    """Return the boundary that is crossed with a probability, by what has not crossed before.

    Args:
        allowed: the probability.
        density: of what has not crossed, times the weights of the integration, shape (n,).
        at: where it is, shape (n,).
        step: standard deviation of what comes until this look.
    """
    low, high = 0.0, float(at[-1]) + 2 * REACH
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if float(scipy.special.ndtr((at - middle) / step) @ density) > allowed:
            low = middle
        else:
            high = middle
    return high


def _bell(x: Floats) -> Floats:
    return np.asarray(np.exp(-x * x / 2) / math.sqrt(2 * math.pi))


def _simpson(grid: Floats) -> Floats:
    """Return Simpson's weights of an even grid with an odd number of points."""
    weights = np.ones(len(grid))
    weights[1:-1:2], weights[2:-1:2] = 4, 2
    return np.asarray(weights * (grid[1] - grid[0]) / 3)
