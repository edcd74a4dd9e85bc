"""shift: intervals of ratios hold the truth as often as they say, on simulated queues."""

import math
from dataclasses import replace

import numpy as np
import pytest

from bench.queues import SYSTEMS, Pairs, System, sample_of, simulate
from eiload.judging.statistics import shift
from eiload.judging.statistics.blocks import Blocks
from eiload.judging.statistics.shift import QuantileShift
from eiload.record.sample import Sample

RUNS = 60


def rows_of(
    pairs: Pairs, run: int, seconds: int, q: float, *, paired: bool = True
) -> QuantileShift:
    """Return the row of one quantile of a simulated pair."""
    samples = pairs.sample(run, seconds), pairs.sample(run, seconds, "candidate_s")
    cuts = Blocks.of(samples[0]), Blocks.of(samples[1])
    rows, _ = shift.shift(*cuts, quantiles=(q,), paired=paired)
    return rows[0]


@pytest.fixture(scope="module")
def equal() -> Pairs:
    """Return pairs of equal targets at 60 % utilisation."""
    return simulate(SYSTEMS["A60"], 300, RUNS, seed=3)


def scaled(sample: Sample, factor: float, seed: int = 0) -> Sample:
    """Return a sample of lognormal times with a median of `factor` times 100 ms."""
    rng = np.random.default_rng(seed)
    due = np.sort(rng.uniform(0, sample.seconds, 6000))
    return sample_of(due, factor * 0.1 * np.exp(0.2 * rng.standard_normal(6000)), sample.seconds)


@pytest.mark.parametrize("q", [0.5, 0.95])
def test_interval_of_equal_targets_holds_1(equal: Pairs, q: float) -> None:
    """A 95 % interval misses 1 in about 5 of 100 runs; 60 runs bear up to 8."""
    ratios = [rows_of(equal, run, 300, q).ratio for run in range(RUNS)]
    known = [ratio for ratio in ratios if ratio]
    assert len(known) == RUNS
    assert sum(not ratio.low <= 1 <= ratio.high for ratio in known) <= 8


def test_a_slower_candidate_is_seen(equal: Pairs) -> None:
    """Service 20 % longer at 60 % utilisation shows in nearly every run of 5 minutes."""
    base = SYSTEMS["A60"]
    pairs = simulate(base, 300, 20, seed=4, candidate=base.slower(1.2))
    rows = [rows_of(pairs, run, 300, 0.5) for run in range(20)]
    assert sum(row.ratio is not None and row.ratio.low > 1 for row in rows) >= 19


def test_pairing_narrows_the_interval(equal: Pairs) -> None:
    """What stalled both cancels only when both are resampled alike."""
    widths = {
        paired: np.median(
            [
                math.log(row.ratio.high / row.ratio.low)
                for run in range(20)
                if (row := rows_of(equal, run, 300, 0.95, paired=paired)).ratio
            ]
        )
        for paired in (True, False)
    }
    assert widths[True] < 0.8 * widths[False]


def test_a_target_against_itself_is_exactly_1(equal: Pairs) -> None:
    """The same requests on both sides leave nothing uncertain."""
    cut = Blocks.of(equal.sample(0, 300))
    rows, _ = shift.shift(cut, cut, (0.5, 0.9), paired=True)
    assert [(row.ratio, row.difference_ns) for row in rows] == [
        (shift.Interval(1.0, 1.0, 1.0), shift.Interval(0.0, 0.0, 0.0))
    ] * 2


def test_same_data_same_interval(equal: Pairs) -> None:
    """The resampling is seeded: judging a run file again says the same."""
    assert rows_of(equal, 1, 300, 0.95) == rows_of(equal, 1, 300, 0.95)


def test_quantiles_without_support_have_no_interval(equal: Pairs) -> None:
    """p99.9 of 6,000 requests is no number, and the row says how many it takes."""
    row = rows_of(equal, 0, 300, 0.999)
    assert (row.baseline_ns, row.candidate_ns, row.ratio) == (None, None, None)
    assert row.needs == 20_000


def test_short_runs_have_no_interval(equal: Pairs) -> None:
    """Below 12 blocks nothing is said."""
    assert rows_of(equal, 0, 59, 0.5).ratio is None
    assert rows_of(equal, 0, 60, 0.5).ratio is not None


def test_one_bad_episode_does_not_support_a_quantile() -> None:
    """Enough slow requests, but all in one block: nobody knows when the next comes."""
    due = np.arange(0, 300, 0.05)
    slow = np.where((due > 100) & (due < 105), 1.0, 0.1)
    assert not shift.supported(Blocks.of(sample_of(due, slow, 300)), 0.99)


@pytest.mark.parametrize(("failing", "outcome"), [("candidate", math.inf), ("baseline", 0.0)])
def test_failures_of_one_target_make_it_worse_without_end(failing: str, outcome: float) -> None:
    """More than 1 % failed requests put the p99 of that target beyond every number."""
    rng = np.random.default_rng(1)
    due = np.arange(0, 300, 0.05)
    fine = 0.1 * np.exp(0.2 * rng.standard_normal(len(due)))
    bad = np.where(rng.random(len(due)) < 0.03, np.inf, fine)
    cuts = [Blocks.of(sample_of(due, side, 300)) for side in (fine, bad)]
    first, second = cuts if failing == "candidate" else reversed(cuts)
    rows, _ = shift.shift(first, second, (0.99,), paired=True)
    assert rows[0].ratio is not None
    assert rows[0].ratio.value == outcome


def test_failures_of_both_targets_say_nothing() -> None:
    """Infinite against infinite is unknown, with an interval that excludes nothing."""
    rng = np.random.default_rng(1)
    due = np.arange(0, 300, 0.05)
    bad = np.where(rng.random(len(due)) < 0.05, np.inf, 0.1)
    cut = Blocks.of(sample_of(due, bad, 300))
    rows, _ = shift.shift(cut, cut, (0.99,), paired=True)
    assert rows[0].ratio is not None
    assert math.isnan(rows[0].ratio.value)
    assert (rows[0].ratio.low, rows[0].ratio.high) == (0.0, math.inf)


def test_a_candidate_that_slows_down_half_way_drifts(equal: Pairs) -> None:
    """The ratio of the first half is not that of the second; steady pairs rarely say so."""
    sample = equal.sample(0, 300)
    due = np.arange(0, 300, 0.05)
    steps = np.where(due < 150, 1.0, 1.15)
    rng = np.random.default_rng(2)
    times = 0.1 * steps * np.exp(0.2 * rng.standard_normal(len(due)))
    cuts = Blocks.of(scaled(sample, 1.0)), Blocks.of(sample_of(due, times, 300))
    assert shift.drifts(*cuts, paired=True) == [0.5, 0.9]
    steady = [
        shift.drifts(
            Blocks.of(equal.sample(run, 300)),
            Blocks.of(equal.sample(run, 300, "candidate_s")),
            paired=True,
        )
        for run in range(20)
    ]
    assert sum(map(bool, steady)) <= 3


def test_saturation_shows_in_how_many_requests_wait_on_each_other() -> None:
    """95 % utilisation is near saturation, 30 % is not, whatever the number of slots."""
    for slots in (1, 7):
        idle, busy = (System(20, u * slots / 20 / 1.04, slots) for u in (0.3, 0.95))
        said = [
            [shift.near_saturation(Blocks.of(pairs.sample(i, 300))) for i in range(10)]
            for pairs in (simulate(s, 300, 10, 5) for s in (idle, busy))
        ]
        assert sum(said[0]) == 0
        assert sum(said[1]) >= 9


def test_growth_is_seen_when_more_comes_than_leaves() -> None:
    """At 125 % utilisation times grow over the run; at 60 % they do not."""
    slow = replace(SYSTEMS["A60"], service_s=0.18)
    for system, grows in ((SYSTEMS["A60"], False), (slow, True)):
        pairs = simulate(system, 300, 10, seed=6)
        assert [shift.grows(Blocks.of(pairs.sample(run, 300))) for run in range(10)] == [grows] * 10


def test_a_tail_of_ties_is_supported() -> None:
    """3 % of the answers are a fallback of exactly 1 s: that is p99, though nothing is slower."""
    rng = np.random.default_rng(5)
    due = np.sort(rng.uniform(0, 300, 6000))
    times = 0.1 * np.exp(0.1 * rng.standard_normal(6000))
    tied = np.where(rng.random(6000) < 0.03, 1.0, times)
    cuts = [Blocks.of(sample_of(due, each, 300)) for each in (times, tied)]
    rows, _ = shift.shift(cuts[0], cuts[1], (0.99,), paired=True)
    assert rows[0].ratio is not None
    assert rows[0].ratio.low > 5
    constant = Blocks.of(sample_of(due, np.full(6000, 0.1), 300))
    assert shift.supported(constant, 0.99)


def test_slow_noise_of_one_target_widens_its_interval() -> None:
    """Speed that wanders over two minutes is in the lag window, and not in blocks of 45 s."""
    wandering = simulate(SYSTEMS["A60o"], 900, 6, seed=5)
    found = []
    for run in range(wandering.runs):
        cuts = [Blocks.of(wandering.sample(run, 900, of)) for of in ("baseline_s", "candidate_s")]
        _, draws = shift.shift(cuts[0], cuts[1], (0.5,), paired=True)
        found.append(draws[0.5].stretch)
    assert min(found) >= 1
    assert max(found) > 1.15
