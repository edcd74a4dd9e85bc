"""blocks: the shared statistics hold their laws and known values."""

import math

import numpy as np
import pytest
import scipy
from hypothesis import given
from hypothesis import strategies as st

from eiload.base.clock import NS_PER_MS
from eiload.judging.statistics import blocks
from eiload.judging.statistics.blocks import Blocks
from eiload.record.buckets import bucket_mid_ns, bucket_of
from eiload.record.sample import Sample


def sample(seconds: int, requests: list[tuple[int, float]]) -> Sample:
    """Return a sample of (second, ms) requests; infinite ones failed."""
    good = [(second, int(ms * NS_PER_MS)) for second, ms in requests if math.isfinite(ms)]
    bad = [second for second, ms in requests if math.isinf(ms)]
    times = np.array([ns for _, ns in good], np.int64)
    return Sample(
        seconds,
        np.array([second for second, _ in good], np.int64),
        bucket_of(times),
        np.ones(len(good), np.int64),
        np.bincount(bad, minlength=seconds) if bad else np.zeros(seconds, np.int64),
        int(times.sum()),
        int(times.min(initial=0)),
        int(times.max(initial=0)),
    )


REQUESTS = st.lists(
    st.tuples(st.integers(0, 99), st.floats(0.1, 5_000) | st.just(math.inf)), max_size=120
)


@given(REQUESTS)
def test_blocks_hold_every_request(requests: list[tuple[int, float]]) -> None:
    """Cutting a run into blocks neither loses nor invents requests, good or failed."""
    whole = sample(100, requests)
    cut = Blocks.of(whole)
    assert cut.n == whole.total
    assert cut.good.sum() == whole.good
    for limit in (0, 50 * NS_PER_MS, math.inf):
        slow = bucket_mid_ns(whole.bucket) > limit
        assert cut.over(limit).sum() == whole.count[slow].sum() + whole.bad.sum()


@given(REQUESTS, st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_unweighted_quantile_is_that_of_the_sample(
    requests: list[tuple[int, float]], q: float
) -> None:
    """Blocks answer like the sample they were cut from, to the width of a bucket."""
    whole = sample(100, requests)
    mine, theirs = Blocks.of(whole).quantile_ns(q), whole.quantile_ns(q)
    if math.isfinite(theirs):
        assert mine == pytest.approx(theirs, rel=0.001)
    else:
        assert str(mine) == str(theirs)


@given(REQUESTS, st.integers(0, 2**32 - 1))
def test_weighted_quantile_is_that_of_repeated_blocks(
    requests: list[tuple[int, float]], seed: int
) -> None:
    """A weight of 2 is the block twice: the search finds what counting finds."""
    cut = Blocks.of(sample(100, requests))
    weights = np.random.default_rng(seed).integers(0, 3, (5, cut.k)).astype(float)
    found = cut.quantiles_ns(0.9, weights)
    for each, value in zip(weights, found, strict=True):
        counts = np.diff(cut.cumulative, axis=0, prepend=0.0) @ each
        total = float(cut.totals @ each)
        if total == 0:
            assert math.isnan(value)
            continue
        reached = np.cumsum(counts) >= 0.9 * total - 1e-9
        expected = cut.values_ns[int(np.argmax(reached))] if reached.any() else math.inf
        assert value == expected


def test_halves_of_the_blocks_are_the_whole() -> None:
    """The two halves that drift is looked for in hold all requests and all seconds."""
    whole = sample(100, [(second, 10.0 + second) for second in range(100)])
    k = Blocks.of(whole).k
    halves = [Blocks.of(whole).part(half) for half in (slice(0, k // 2), slice(k // 2, k))]
    assert sum(half.n for half in halves) == 100
    assert sum(half.seconds for half in halves) == 100


def test_no_seconds_make_no_blocks() -> None:
    """A phase that was never reached holds nothing, and asking it is no error."""
    none = Blocks.of(sample(0, []))
    assert (none.k, none.n) == (0, 0)
    assert none.over(1.0).sum() == 0


@pytest.mark.parametrize(("k", "tail"), [(20, 0.0159), (12, 0.0108)])
def test_expanded_tail_is_hesterbergs(k: int, tail: float) -> None:
    """The published points: 1.59 % for 20 blocks, 1.08 % for 12."""
    assert blocks.expanded_tail(k, 0.95) == pytest.approx(tail, abs=0.0001)


def test_t_quantile_is_students() -> None:
    """The textbook value for 19 degrees of freedom."""
    assert blocks.t_quantile(0.975, 19) == pytest.approx(2.093, abs=0.001)


@given(st.integers(0, 50), st.integers(1, 50), st.sampled_from([0.95, 0.975]))
def test_clopper_pearson_is_the_binomial_tail(events: int, rest: int, confidence: float) -> None:
    """At its limits, what was seen or more extreme has just the probability that is left."""
    n = events + rest
    lower, upper = blocks.clopper_pearson(events, n, confidence)
    assert lower <= events / n <= upper
    assert scipy.stats.binom.cdf(events, n, upper) == pytest.approx(1 - confidence, abs=1e-6)
    if events:
        assert scipy.stats.binom.sf(events - 1, n, lower) == pytest.approx(1 - confidence, abs=1e-6)


def test_clopper_pearson_of_nothing_bounds_nothing() -> None:
    """No data leave every share possible; all events leave the upper limit at 1."""
    assert blocks.clopper_pearson(0, 0, 0.975) == (0.0, 1.0)
    assert blocks.clopper_pearson(5, 5, 0.975)[1] == 1.0


def test_resamples_draw_as_many_blocks_as_there_are_and_always_the_same() -> None:
    """The same data always give the same interval."""
    weights = blocks.resamples(20, seed=1)
    assert weights.shape == (blocks.REPLICATES, 20)
    assert (weights.sum(axis=1) == 20).all()
    assert np.array_equal(weights, blocks.resamples(20, seed=1))
    assert not np.array_equal(weights, blocks.resamples(20, seed=2))


def test_spread_keeps_infinity_and_counts_the_unknown_against_both_ends() -> None:
    """Failed draws widen an interval; they never vanish from it."""
    draws = np.arange(100, dtype=float)
    assert blocks.spread(draws, 0.05) == (5.0, 94.0)
    assert blocks.spread(np.where(draws > 90, np.inf, draws), 0.05) == (5.0, math.inf)
    assert blocks.spread(np.where(draws > 90, np.nan, draws), 0.05) == (-math.inf, math.inf)
    assert blocks.spread(np.empty(0), 0.05) == (-math.inf, math.inf)


def test_quantiles_are_reportable_from_20_beyond() -> None:
    """p95 takes 400 requests, p99 2,000, p99.9 20,000; 200 support p90."""
    assert [
        (blocks.reportable(q, n - 1), blocks.reportable(q, n))
        for q, n in ((0.95, 400), (0.99, 2000), (0.999, 20_000))
    ] == [(False, True)] * 3
    assert blocks.highest_reportable(200) == pytest.approx(0.9)
    assert blocks.highest_reportable(39) is None
    assert blocks.highest_reportable(0) is None
