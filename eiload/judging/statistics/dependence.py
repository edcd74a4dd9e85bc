"""How surely blocks of time know a sum, though neighbours are alike and plans have trends.

What it knows: sums per block, and what was planned for each. What it must not know: what was
summed, objectives, words.

The variance of a sum over K blocks is estimated by a lag window: the products of residuals of
neighbours count as well, with Bartlett's weights ``1 - h / M`` for blocks that are h apart (Newey &
West, *A simple, positive semi-definite, heteroskedasticity and autocorrelation consistent
covariance matrix*, Econometrica 55, 1987; for the output of simulations Heidelberger & Welch, *A
spectral method for confidence interval generation and run length control in simulations*,
Communications of the ACM 24, 1981). M is a fixed part of K, so that what noise is slow is measured
against the run's own length, and t's degrees of freedom stay few (fixed-b: Kiefer & Vogelsang,
Econometric Theory 21, 2005).

Residuals are what is left of a regression on what was planned: where the rate was to go up and
down, or phases have rates of their own, that part of the difference between blocks which goes with
the planned rate is no noise. Without a plan that moves they are the differences from the mean.

Few episodes. Where the residuals of a few blocks make most of the variance (stalls that come every
other minute, the peak of a ramp), the variance is as ill known as if there were only these: the
`episodes` are ``(sum r^2)^2 / sum r^4`` of the residuals r, the number of equal ones that would
vary as much, 20 of 60 for normal noise. With fewer than 12 of them the degrees of freedom fall in
proportion. (Their fourth moments say how uncertain a variance is; by themselves they would ask for
6. Twice that holds where episodes are of very different lengths: measured, docs/statistics.md.)

The estimate is a quadratic form in the sums, so its bias and its degrees of freedom for blocks
without dependence are known exactly (traces: Satterthwaite, *An approximate distribution of
estimates of variance components*, Biometrics Bulletin 2, 1946), whatever the blocks' sizes are.
"""

import math
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
import scipy  # its parts load when they are asked for: none before a run is judged

from eiload.judging.statistics.cut import Floats

__all__ = [
    "BLOCKS",
    "EPISODES",
    "Dependence",
    "Known",
    "freedom",
    "t_quantile",
    "widening",
]

BLOCKS = 60
"""For which the constants here were measured; fewer have the same part of them."""

WINDOW = 7 / BLOCKS
"""M as a part of K: blocks up to six apart of 60, as far as a tenth of the run."""

DEGREE = 2
"""Of the polynomial in the planned rate that the share of slow requests may follow: it rises faster
than the rate."""

EPISODES = 12
"""Fewer make the variance less sure than the blocks' number says."""

ROUNDING = 1e-24
"""Of the squared sum: a variance that is no more is none."""

HEAPS = 2.0
"""Design effect from which events come in heaps, so that there are episodes to be counted."""

MOVES = 0.02
"""Of its mean, by which the planned rate of blocks must differ to be a trend: rounding is none."""


class Known(NamedTuple):
    """A design effect, and how well it is known."""

    effect: float
    """How many requests are worth an independent one, at least 1."""
    episodes: float
    """How many episodes make it; infinite where events come one by one."""
    freedom: float
    """Of the effect, for passing: episodes counted."""

    def widened(self, confidence: float) -> float:
        """Return the effect, raised by ``(t / z)^2`` for its own error.

        Korn & Graubard, *Confidence intervals for proportions with small expected number of
        positive counts estimated from survey data*, Survey Methodology 24, 1998.

        Args:
            confidence: one-sided.
        """
        return self.effect * _widening(self.freedom, confidence)


@dataclass(frozen=True, slots=True, eq=False)
class Dependence:
    """The quadratic form that gives the variance of sums over some blocks."""

    form: Floats
    """Shape (K, K): ``sums @ form @ sums`` is the variance of the sums' sum."""
    residual: Floats
    """Shape (K, K): ``residual @ sums`` is what the plan does not explain, per block."""
    freedom: float
    """Degrees of freedom of that estimate, if all blocks vary alike; 0 when it knows nothing."""
    requests: float
    """In all blocks."""

    @staticmethod
    def of(totals: Floats, planned: Floats | None = None) -> "Dependence":
        """Return how blocks depend.

        Args:
            totals: requests per block, or what else a sum is in proportion to; shape (K,).
            planned: the planned rate of each block, shape (K,); None when it does not move.
        """
        n, root = float(totals.sum()), np.sqrt(totals)
        occupied = int(np.count_nonzero(totals))
        if occupied < 2:
            return _nothing(totals)
        inner = root[:, None] * _window(len(totals)) * root
        # In units of the root of its requests each block is as sure as any other.
        basis = _basis(root, planned)
        project = np.eye(len(totals)) - basis @ basis.T
        inner = project @ inner @ project
        trace, square = float(np.trace(inner)), float(np.sum(inner * inner))
        if not trace > 0:
            return _nothing(totals)
        scale = np.divide(1, root, out=np.zeros_like(root), where=root > 0)
        form = scale[:, None] * inner * scale * (n / trace)
        return Dependence(form, root[:, None] * project * scale, trace**2 / square, n)

    def variance(self, sums: Floats) -> float:
        """Return the variance of the sum of `sums`, shape (K,), beside what was planned."""
        variance = float(sums @ self.form @ sums)
        return variance if variance > ROUNDING * float(sums.sum()) ** 2 else 0.0

    def widening(self, confidence: float) -> float:
        """Return ``(t / z)^2`` of the blocks, as `widening`."""
        return _widening(self.freedom, confidence)

    def design_effect(self, events: Floats) -> float:
        """Return by how much a share's variance exceeds that of independent requests, at least 1.

        ``n / design effect`` requests that are independent would carry as much evidence.

        Args:
            events: per block, shape (K,), of the requests in it.
        """
        share = float(events.sum()) / self.requests if self.requests else 0.0
        if not 0 < share < 1:
            return 1.0
        return max(1.0, self.variance(events) / (self.requests * share * (1 - share)))

    def known(self, events: Floats) -> Known:
        """Return the design effect of events, and how well it is known."""
        effect = self.design_effect(events)
        if effect <= HEAPS:
            return Known(effect, math.inf, self.freedom)
        return Known(effect, *self.episodes(events))

    def enough(self, of: float = EPISODES) -> float:
        """Return how many episodes are enough: of fewer blocks as small a part."""
        return min(of, of / BLOCKS * len(self.form))

    def episodes(self, sums: Floats, enough: float = EPISODES) -> tuple[float, float]:
        """Return how many episodes make the variance of sums, and its degrees of freedom by that.

        Args:
            sums: per block, shape (K,).
            enough: so many of 60 blocks take nothing from the degrees of freedom; fewer leave one
                at least.
        """
        squares = (self.residual @ sums) ** 2
        fourth = float(squares @ squares)
        episodes = float(squares.sum()) ** 2 / fourth if fourth > 0 else math.inf
        freedom = self.freedom * min(1.0, episodes / self.enough(enough))
        return episodes, min(self.freedom, max(1.0, freedom))


@cache
def freedom(k: int) -> float:
    """Return the degrees of freedom of `k` blocks of equal size, k >= 2, whose plan is steady."""
    return Dependence.of(np.ones(k)).freedom


def widening(k: int, confidence: float) -> float:
    """Return ``(t / z)^2`` of `k` blocks of equal size, k >= 2, whose plan is steady."""
    return _widening(freedom(k), confidence)


@cache
def t_quantile(probability: float, freedom: float) -> float:
    """Return the quantile of Student's t."""
    return float(scipy.special.stdtrit(freedom, probability))


def _moves(planned: Floats) -> bool:
    """Tell whether a planned rate moves enough to be a trend."""
    return bool(len(planned) and np.ptp(planned) > MOVES * planned.mean())


def _nothing(totals: Floats) -> Dependence:
    zero = np.zeros((len(totals), len(totals)))
    return Dependence(zero, zero, 0.0, float(totals.sum()))


def _widening(freedom: float, confidence: float) -> float:
    if not freedom > 0:
        return math.inf
    return (t_quantile(confidence, freedom) / float(scipy.special.ndtri(confidence))) ** 2


@cache
def _window(k: int) -> Floats:
    """Return how much each pair of `k` blocks counts, shape (k, k): Bartlett's window."""
    apart = np.abs(np.subtract.outer(np.arange(k), np.arange(k)))
    window = np.maximum(0.0, 1 - apart / max(1.0, WINDOW * k))
    window.setflags(write=False)
    return window


def _basis(root: Floats, planned: Floats | None) -> Floats:
    """Return orthonormal columns that span what the plan explains, shape (K, m)."""
    degree = 0
    if planned is not None:
        degree = DEGREE if _moves(planned) else 0
        moved = planned / float(planned.mean()) - 1 if degree else planned
    if not degree:
        return (root / math.sqrt(float(root @ root)))[:, None]
    columns = np.stack([root * moved**power for power in range(degree + 1)], axis=1)
    basis, sizes, _ = np.linalg.svd(columns, full_matrices=False)
    return np.asarray(basis[:, sizes > 1e-6 * sizes[0]])
