"""The shift function: by how much a candidate's quantiles differ from a baseline's, and how surely.

What it knows: two targets' requests in blocks. What it must not know: runs, names, verdict words.

The shift function compares every quantile instead of one average (Doksum, *Empirical probability
plots and statistical inference for nonlinear models in the two-sample case*, Annals of Statistics
2, 1974): a network hop moves the median most, a full queue the tail. It is of *marginal* quantiles:
the p99 of one against the p99 of the other, not the p99 of differences.

How. Blocks of time, 20 at most, are resampled, with the *same* weights for two targets that shared
every instant, so that what stalled both cancels (measured: p99 at 60 % load needs 11 times less
time than unpaired). theta is the logarithm of the ratio of the quantiles; its confidence interval
is the expanded percentile interval of theta's draws. Basic, BCa and studentised intervals were
tried and miss in the tail, up to half of the time. Where neighbouring blocks are alike it is
stretched by as much as a lag window over finer ones says (`_stretch`). Error rates:
docs/statistics.md, "Comparisons".

A request that failed is slower than everything. Where that makes a quantile infinite in one target
only, that target is worse there; in both, nothing can be said.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eiload.judging.statistics import blocks, independent
from eiload.judging.statistics.blocks import Blocks
from eiload.judging.statistics.cut import MIN_BLOCKS, Floats, coarse
from eiload.judging.statistics.dependence import t_quantile

__all__ = [
    "BLOCKS_BEYOND",
    "Draws",
    "Interval",
    "QuantileShift",
    "drifts",
    "grows",
    "near_saturation",
    "replicates_for",
    "shift",
    "supported",
]

BLOCKS_BEYOND = 5
"""Blocks that must hold a request beyond a quantile: fewer bad episodes say nothing of the next."""

LEAST_IN_TAIL, MOST_REPLICATES = 6, 40_000
"""Replicates that the tail of an interval is to hold, and how many there are at most."""

DRIFT_SDS = 3.0
"""Standard deviations between a run's halves that are called drift: 2 % of steady runs."""

DRIFT_QUANTILES = (0.5, 0.9)

NEAR_SATURATION = 30.0
"""Design effect of the median from which a target counts as nearly saturated.

How many requests wait on each other depends on the utilisation u alone, like ``1 / (1 - u)^2``, not
on rate or slots: measured 12-18 at u = .8, 24-33 at .85, 45-78 at .9, with 1 to 16 slots.
"""

GROWTH_TIMES, GROWTH_Z = 1.5, 3.0
"""A target's mean time grows when the last third's median is this many times the first's, and
Kendall's rank correlation with time is this many standard deviations from none: measured in 100 %
of runs at 110 % utilisation, at most 3 % at 90 %."""


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its confidence interval; may be infinite, NaN when nothing is known."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class QuantileShift:
    """One quantile of both targets."""

    q: float
    baseline_ns: float | None
    """None where the data cannot support the quantile; infinite where the request failed."""
    candidate_ns: float | None
    ratio: Interval | None
    """Candidate over baseline; None unless both sides are supported."""
    difference_ns: Interval | None
    needs: int | None = None
    """About how many requests would support it, when they do not."""
    baseline_within_ns: Interval | None = None
    """The baseline's quantile with its own confidence interval, which does not know of the other's
    and is wider for that; None where it is not asked for."""
    candidate_within_ns: Interval | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """Bootstrap draws of one quantile in both targets."""

    baseline_ns: Floats
    candidate_ns: Floats
    stretch: float = 1.0
    """By how much wider than these an interval is, for what neighbouring blocks share."""

    @property
    def error(self) -> float:
        """Return the standard error of ln(candidate / baseline); NaN where nothing is finite."""
        finite = self.theta[np.isfinite(self.theta)]
        return self.stretch * float(np.std(finite)) if len(finite) else math.nan

    @property
    def theta(self) -> Floats:
        """Return the draws of ln(candidate / baseline): infinite where one failed, NaN if both."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.log(self.candidate_ns / self.baseline_ns))


def supported(of: Blocks, q: float) -> bool:
    """Tell whether a target's data support the quantile `q` in a comparison.

    At a tie (a fallback's constant time, a clipped one) hardly anything lies beyond the quantile,
    and the tie itself is the tail: then what is in it counts.
    """
    value_ns = of.quantile_ns(q)
    beyond = of.over(value_ns)
    if beyond.sum() < of.n * (1 - q) / 2:
        beyond = of.over(math.nextafter(value_ns, 0))
    episodes = int(np.count_nonzero(beyond))
    return of.sound and blocks.reportable(q, of.n) and episodes >= BLOCKS_BEYOND


def shift(
    baseline: Blocks,
    candidate: Blocks,
    quantiles: Sequence[float],
    *,
    paired: bool,
    seed: int = 1,
    confidence: float = 0.95,
) -> tuple[list[QuantileShift], dict[float, Draws]]:
    """Return one row a quantile, and the draws behind those that the data support.

    Args:
        baseline: one target's requests.
        candidate: the other's; of the same seconds when `paired`.
        quantiles: each in (0, 1).
        paired: both got every request at the same instant in one run.
        seed: of the resampling; fixed, so that the same data always give the same interval.
        confidence: of each interval by itself.
    """
    fine = baseline, candidate
    baseline, candidate = baseline.coarse(), candidate.coarse()
    occupied = min(baseline.occupied, candidate.occupied)
    # Of fewer there is no interval.
    tail = blocks.expanded_tail(occupied, confidence) if occupied >= MIN_BLOCKS else 1.0
    replicates = replicates_for(tail)
    weights, other_weights = _weights(
        baseline, candidate, paired=paired, seed=seed, replicates=replicates
    )
    rows, draws = [], {}
    for q in quantiles:
        known = [side if supported(side, q) else None for side in (baseline, candidate)]
        values = [side.quantile_ns(q) if side else None for side in known]
        if values[0] is None or values[1] is None:
            needs = math.ceil(blocks.BEYOND / (1 - q) - 1e-6)
            # Enough requests but too few bad episodes: twice as long is the least that may help.
            needs = max([needs, *(2 * s.n for s in (baseline, candidate) if s.n >= needs)])
            rows.append(QuantileShift(q, values[0], values[1], None, None, needs))
            continue
        drawn = Draws(
            baseline.quantiles_ns(q, weights),
            candidate.quantiles_ns(q, other_weights),
            _stretch(*fine, values[0], values[1], paired=paired, confidence=confidence),
        )
        draws[q] = drawn
        rows.append(
            QuantileShift(q, values[0], values[1], *_intervals(values[0], values[1], drawn, tail))
        )
    return rows, draws


def replicates_for(tail: float) -> int:
    """Return how many bootstrap replicates an interval takes that cuts off this tail on each side.

    One of several looks is surer than a fixed run: the first of an hour cuts off 0.04 %, of which
    4,000 replicates would have one and a half.
    """
    if tail * blocks.REPLICATES >= LEAST_IN_TAIL:
        return blocks.REPLICATES
    return min(MOST_REPLICATES, max(10_000, math.ceil((LEAST_IN_TAIL + 1) / tail)))


def drifts(baseline: Blocks, candidate: Blocks, *, paired: bool, seed: int = 1) -> list[float]:
    """Return the quantiles whose ratio changed between the first and the second half of the run.

    A ratio that moves within the run is not one number; it is said beside the verdict. Slow drift
    of one target over the whole run cannot be told from a difference: that takes repeated runs.
    """
    if not (baseline.sound and candidate.sound):
        return []
    baseline, candidate = baseline.coarse(), candidate.coarse()
    parts = list(zip(_halves(baseline), _halves(candidate), strict=True))
    weights = [
        _weights(*part, paired=paired, seed=seed + index) for index, part in enumerate(parts)
    ]
    found = []
    for q in DRIFT_QUANTILES:
        if not all(blocks.reportable(q, side.n) for part in parts for side in part):
            continue
        values, thetas = [], []
        for (first, second), (mine, theirs) in zip(parts, weights, strict=True):
            point = Draws(np.array([first.quantile_ns(q)]), np.array([second.quantile_ns(q)])).theta
            values.append(float(point[0]))
            thetas.append(Draws(first.quantiles_ns(q, mine), second.quantiles_ns(q, theirs)).theta)
        with np.errstate(invalid="ignore"):  # infinite where requests failed: no drift is seen
            change, sd = values[1] - values[0], float(np.std(thetas[1] - thetas[0]))
        if math.isfinite(change) and math.isfinite(sd) and abs(change) > DRIFT_SDS * sd > 0:
            found.append(q)
    return found


def _halves(of: Blocks) -> tuple[Blocks, Blocks]:
    return of.part(slice(0, of.k // 2)), of.part(slice(of.k // 2, of.k))


def near_saturation(of: Blocks) -> bool:
    """Tell whether so many requests wait on each other that the tail's size is understated."""
    of = of.coarse()
    return independent.design_effect(of.over(of.quantile_ns(0.5)), of.totals) > NEAR_SATURATION


def grows(of: Blocks) -> bool:
    """Tell whether times grow over the run: the target does not keep up, nothing is settled."""
    of = of.coarse()
    good = of.good
    if not of.sound or not good.all():
        return False
    means = of.sums_ns() / good
    third = of.k // 3
    rises = np.sign(np.subtract.outer(means, means))
    concordant = float(np.tril(rises).sum())  # pairs that rise, less pairs that fall
    deviation = math.sqrt(of.k * (of.k - 1) * (2 * of.k + 5) / 18)
    times = float(np.median(means[-third:]) / np.median(means[:third]))
    return concordant > GROWTH_Z * deviation and times > GROWTH_TIMES


def _weights(
    baseline: Blocks,
    candidate: Blocks,
    *,
    paired: bool,
    seed: int,
    replicates: int = blocks.REPLICATES,
) -> tuple[Floats, Floats]:
    weights = blocks.resamples(baseline.k, seed, replicates)
    if paired:
        return weights, weights
    return weights, blocks.resamples(candidate.k, seed + 1_000_003, replicates)


def _stretch(
    baseline: Blocks,
    candidate: Blocks,
    baseline_ns: float,
    candidate_ns: float,
    *,
    paired: bool,
    confidence: float,
) -> float:
    """Return how much wider an interval is than that of long blocks that are independent.

    The error of the difference of both shares beyond their quantiles by the lag window
    (`dependence`), t's quantile with it, over that of the long blocks. At least 1: what the plan
    explains makes no interval narrower, and none wider.
    """
    one, other = baseline.over(baseline_ns) / baseline.n, candidate.over(candidate_ns) / candidate.n
    parts = [(other - one, baseline)] if paired else [(one, baseline), (other, candidate)]
    lagged = long = 0.0
    freedoms = []
    for sums, of in parts:
        depend = of.dependence()
        lagged += depend.variance(sums)
        freedoms.append(depend.freedom)
        totals, rough = coarse(of.totals), coarse(sums)
        residuals = rough - float(rough.sum() / totals.sum()) * totals
        long += len(totals) / (len(totals) - 1) * float(residuals @ residuals)
    if not (long > 0 and lagged > 0 and min(freedoms) > 0):
        return 1.0
    sure = 0.5 + confidence / 2
    few = coarse(baseline.totals)
    ratio = math.sqrt(lagged / long) * (
        t_quantile(sure, min(freedoms)) / t_quantile(sure, len(few) - 1)
    )
    return max(1.0, ratio)


def _intervals(
    baseline_ns: float, candidate_ns: float, drawn: Draws, tail: float
) -> tuple[Interval, Interval]:
    """Return the confidence intervals of the ratio and of the difference."""
    with np.errstate(invalid="ignore"):
        differences = drawn.candidate_ns - drawn.baseline_ns
    both_failed = math.isinf(baseline_ns) and math.isinf(candidate_ns)
    ratio = math.nan if both_failed else candidate_ns / baseline_ns
    theta = math.log(ratio) if 0 < ratio < math.inf else math.nan
    low, high = _stretched(theta, blocks.spread(drawn.theta, tail), drawn.stretch)
    difference = candidate_ns - baseline_ns
    return (
        Interval(ratio, _exp(low), _exp(high)),
        Interval(
            difference, *_stretched(difference, blocks.spread(differences, tail), drawn.stretch)
        ),
    )


def _stretched(value: float, ends: tuple[float, float], by: float) -> tuple[float, float]:
    """Return the ends of an interval, each so many times as far from its value."""
    if not math.isfinite(value):
        return ends
    low, high = (value + by * (end - value) if math.isfinite(end) else end for end in ends)
    return low, high


def _exp(theta: float) -> float:
    return math.exp(theta) if theta < 700 else math.inf
