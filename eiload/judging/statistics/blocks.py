"""The statistics that objectives and comparisons share: blocks of time, and what they allow.

What it knows: counts in blocks. What it must not know: objectives, targets, words.

Why blocks. Requests that queue are not independent: one stall or one busy minute makes a hundred
slow requests. Rules for independent samples then see far more evidence than there is (measured in
docs/statistics.md: they pass a system that misses its limit in 23-63 % of runs). So a run is cut
into K long blocks, and a block is what is resampled or summed: few long batches beat many short
ones for dependent output (Schmeiser, *Batch size effects in the analysis of simulation output*,
Operations Research 30, 1982: 10 to 30 batches). Their length grows with the run and their number
does not (`cut`), because a fixed length that is too short at high load shows no sign of it.

How. `Blocks` holds, per block, the cumulative counts over the occupied buckets: with them a
quantile under any weighting of the blocks is a binary search that costs K additions a step, so
thousands of bootstrap replicates take milliseconds and no memory, whatever the length of the run.
Requests that did not end OK are above every bucket: slower than everything.

Units: ns for times, seconds for the run's length.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy  # its parts load when they are asked for: none before a run is judged

from eiload.judging.statistics.cut import COARSE, MIN_BLOCKS, Cut, Floats, coarse, sound
from eiload.judging.statistics.dependence import Dependence, t_quantile
from eiload.record.buckets import BUCKETS, Ints, bucket_mid_ns
from eiload.record.sample import BEYOND, Sample
from eiload.record.sample import supports as reportable

__all__ = [
    "BEYOND",
    "MIN_BLOCKS",
    "REPLICATES",
    "Blocks",
    "by_bucket",
    "clopper_pearson",
    "expanded_tail",
    "highest_reportable",
    "reportable",
    "resamples",
    "spread",
    "t_quantile",
]

ROUNDING = 1e-9
"""Of the requests: by so much less a rank is reached, as rounding must not cost one."""

REPLICATES = 4000
"""Bootstrap replicates: the smallest tail of a run that is judged once, 0.17 %, holds seven."""


def highest_reportable(n: int) -> float | None:
    """Return the highest quantile that `n` requests support, 1 - 20/n; None if not even p50."""
    q = 1 - BEYOND / n if n else 0.0
    return q if q >= 0.5 else None


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """The requests of one target in K consecutive blocks of time of nearly equal length."""

    lengths_s: Floats
    """Shape (K,): how many seconds each block has."""
    values_ns: Floats
    """Shape (B,): the occupied buckets' middles, ascending."""
    cumulative: Floats
    """Shape (B, K): per block, how many requests took no longer than each value."""
    totals: Floats
    """Shape (K,): requests per block, however they ended."""
    planned: Floats | None = None
    """Shape (K,): the rate that was planned in each block; None where it does not move."""

    @staticmethod
    def of(sample: Sample, cut: Cut | None = None) -> "Blocks":
        """Cut a sample into blocks.

        Args:
            sample: whose seconds are cut, the last block like the others: none is dropped.
            cut: of these seconds (`cut_of`); None for seconds that are each a step.
        """
        cut = Cut.even(sample.seconds) if cut is None else cut
        buckets, cells = by_bucket(sample, cut.block[sample.second], cut.k)
        cumulative = np.cumsum(cells, axis=0)
        good = cumulative[-1] if len(buckets) else np.zeros(cut.k)
        totals = good + cut.sums(sample.bad)
        return Blocks(cut.lengths_s(), bucket_mid_ns(buckets), cumulative, totals, cut.planned)

    @staticmethod
    def counted(cut: Cut, per_second: Ints) -> "Blocks":
        """Return blocks of requests of which no times are known.

        Args:
            cut: of the seconds.
            per_second: requests, shape (seconds,).
        """
        none = np.empty((0, cut.k))
        return Blocks(cut.lengths_s(), np.empty(0), none, cut.sums(per_second), cut.planned)

    def part(self, which: slice) -> "Blocks":
        """Return some of the blocks; for comparing one half of a run with the other."""
        chosen = np.ascontiguousarray(self.cumulative[:, which])
        return Blocks(self.lengths_s[which], self.values_ns, chosen, self.totals[which])

    def coarse(self) -> "Blocks":
        """Return at most 20 blocks, made of these: for what needs them to be long."""
        if self.k <= COARSE:
            return self
        of = self.lengths_s, self.cumulative, self.totals
        lengths, cumulative, totals = (coarse(each) for each in of)
        return Blocks(lengths, self.values_ns, cumulative, totals)

    def dependence(self) -> Dependence:
        """Return how the blocks depend on each other."""
        return Dependence.of(self.totals, self.planned)

    @property
    def seconds(self) -> int:
        """Return the length of all blocks, s."""
        return int(self.lengths_s.sum())

    @property
    def occupied(self) -> int:
        """Return how many blocks hold requests: the others are no evidence."""
        return int(np.count_nonzero(self.totals))

    @property
    def worth(self) -> float:
        """Return how many blocks of equal size would carry as much: ``n^2 / sum of n_k^2``.

        Kish, *Survey Sampling*, 1965, section 11.7: what unequal weights leave of a sample's size.
        """
        squares = float(self.totals @ self.totals)
        return float(self.totals.sum()) ** 2 / squares if squares else 0.0

    @property
    def k(self) -> int:
        """Return the number of blocks."""
        return len(self.totals)

    @property
    def sound(self) -> bool:
        """Tell whether these blocks can carry a verdict on a tail (`cut.sound`)."""
        return sound(self.lengths_s, self.totals)

    @property
    def n(self) -> int:
        """Return the number of requests."""
        return int(self.totals.sum())

    @property
    def good(self) -> Floats:
        """Return the requests that ended OK, per block, shape (K,)."""
        return self.cumulative[-1] if len(self.cumulative) else np.zeros(self.k)

    def over(self, limit_ns: float) -> Floats:
        """Return per block, shape (K,), how many requests failed or took over `limit_ns`."""
        index = int(np.searchsorted(self.values_ns, limit_ns, side="right"))
        return self.totals - (self.cumulative[index - 1] if index else 0.0)

    def sums_ns(self) -> Floats:
        """Return the summed time of the OK requests per block, shape (K,), within 0.05 %."""
        counts = np.diff(self.cumulative, axis=0, prepend=0.0)
        return np.asarray(self.values_ns @ counts)

    def quantile_ns(self, q: float) -> float:
        """Return the time that a share `q` did not exceed; infinite when that request failed."""
        n = self.totals.sum()
        rank = q * n - ROUNDING * max(n, 1.0)
        index = int(np.searchsorted(self.cumulative.sum(axis=1), rank))
        found = float(self.values_ns[index]) if index < len(self.values_ns) else math.inf
        return found if n else math.nan

    def quantiles_ns(self, q: float, weights: Floats) -> Floats:
        """Return the quantile under each weighting of the blocks.

        The least value that at least a share `q` of the weighted requests do not exceed: with equal
        weights, `Sample.quantile_ns`.

        Args:
            q: in (0, 1).
            weights: shape (R, K), how often each block counts in each replicate.

        Returns:
            Shape (R,), ns: infinite where the quantile is a request that failed, NaN where the
            chosen blocks hold no request.
        """
        weighted = weights @ self.totals
        rank = q * weighted - ROUNDING * np.maximum(weighted, 1)
        low = np.zeros(len(weights), np.int64)
        high = np.full(len(weights), len(self.values_ns), np.int64)  # the answer is in [low, high]
        for _ in range(len(self.values_ns).bit_length()):
            middle = (low + high) >> 1
            counts = self.cumulative.take(middle, axis=0, mode="clip")  # fastest; past the end: the
            reached = np.einsum("rk,rk->r", weights, counts) >= rank  # last, as none is reached
            np.copyto(high, middle, where=reached)
            np.copyto(low, middle + 1, where=~reached)
        values = np.append(self.values_ns, np.inf).take(low, mode="clip")
        return np.where(weighted > 0, values, np.nan)


@lru_cache(maxsize=8)
def resamples(k: int, seed: int, replicates: int = REPLICATES) -> Floats:
    """Return the block bootstrap's weights: how often each of `k` blocks is drawn, shape (R, k).

    Blocks do not overlap (Carlstein 1986; circular ones gave no gain). The same weights for two
    targets that shared every instant cancel what they shared; independent runs take two seeds.
    Read-only, because it is kept for the next call.
    """
    if k == 0:  # a run that was stopped before it measured anything
        return np.zeros((replicates, 0))
    rng = np.random.default_rng((seed, k))
    weights = rng.multinomial(k, np.full(k, 1 / k), replicates).astype(np.float64)
    weights.setflags(write=False)
    return weights


def expanded_tail(k: int, confidence: float) -> float:
    """Return the tail to cut off on each side of `k` blocks' bootstrap: the expanded percentile.

    The plain percentile interval is too narrow for few units, by sqrt((k-1)/k) and by using the
    normal instead of t: Hesterberg, *What teachers should know about the bootstrap*, The American
    Statistician 69, 2015, section 5.3. (95 %: 1.59 % of 20 blocks, 1.08 % of 12.)
    """
    t = t_quantile(0.5 + confidence / 2, k - 1)
    return float(scipy.special.ndtr(-math.sqrt(k / (k - 1)) * t))


def by_bucket(sample: Sample, column: Ints, columns: int) -> tuple[Ints, Floats]:
    """Return a sample's occupied buckets, ascending, and what each has in each column.

    Args:
        sample: the sample.
        column: where each of its counts belongs, such as its block or its second.
        columns: how many there are.

    Returns:
        The buckets, shape (B,), and the counts, shape (B, columns).
    """
    seen = np.bincount(sample.bucket, minlength=BUCKETS) > 0
    buckets = np.flatnonzero(seen)
    row = (np.cumsum(seen) - 1)[sample.bucket]
    cells = np.bincount(
        row * columns + column, weights=sample.count, minlength=len(buckets) * columns
    ).astype(np.float64)
    return buckets, cells.reshape(len(buckets), columns)


def clopper_pearson(events: float, n: float, confidence: float) -> tuple[float, float]:
    """Return the exact lower and upper limit of a share, each one-sided at `confidence`.

    Clopper & Pearson, Biometrika 26, 1934, by quantiles of the beta distribution, so that `events`
    and `n` may be fractions: counts divided by a design effect. No data bound nothing: (0, 1).
    """
    if n <= 0:
        return 0.0, 1.0
    rest = max(0.0, n - events)
    lower = scipy.special.betaincinv(events, rest + 1, 1 - confidence) if events > 0 else 0.0
    upper = scipy.special.betaincinv(events + 1, rest, confidence) if rest > 0 else 1.0
    return float(lower), float(upper)


def spread(draws: Floats, tail: float) -> tuple[float, float]:
    """Return the interval that leaves a share `tail` of the draws on each side.

    Order statistics, not interpolated, so that infinite draws stay what they are. A draw that is
    not a number (two failures compared) could be anything: it counts against both ends.
    """
    if not len(draws):
        return -math.inf, math.inf
    unknown = np.isnan(draws)
    index = int(tail * len(draws))
    low = np.sort(np.where(unknown, -np.inf, draws))[index]
    high = np.sort(np.where(unknown, np.inf, draws))[len(draws) - 1 - index]
    return float(low), float(high)
