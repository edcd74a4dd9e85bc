"""shares: no data and no doubt ever pass, and dependent requests do not fool the rule."""

import functools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.queues import SYSTEMS, Pairs, simulate
from eiload.judging.statistics import blocks, shares
from eiload.judging.statistics.blocks import Blocks
from eiload.judging.statistics.cut import Cut, Floats
from eiload.judging.statistics.levels import FIXED
from eiload.judging.statistics.shares import Word
from eiload.record.sample import Sample

COUNTS = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=0, max_size=20)


def decided(events: list[int], totals: list[int], allowed: float) -> shares.ShareVerdict:
    """Return the decision on counts per block."""
    return shares.decide(np.array(events, float), np.array(totals, float), allowed)


@given(COUNTS, st.floats(0.0005, 0.5))
def test_too_few_blocks_or_requests_never_pass(
    counts: list[tuple[int, int]], allowed: float
) -> None:
    """A pass takes 12 blocks, and enough requests that a clean record proves something."""
    events = [min(pair) for pair in counts]
    totals = [max(pair) for pair in counts]
    decision = decided(events, totals, allowed)
    if len(counts) < blocks.MIN_BLOCKS or sum(totals) < shares.least_requests(allowed, expected=0):
        assert decision.word is not Word.PASS
    if decision.word is Word.PASS:
        assert decision.beyond / decision.n < decision.upper < allowed
    if decision.word is Word.FAIL:
        assert decision.beyond / decision.n > decision.lower > allowed


@given(COUNTS, st.floats(0.001, 0.5))
def test_more_events_never_make_a_fail_a_pass(
    counts: list[tuple[int, int]], allowed: float
) -> None:
    """What fails with some events does not pass when every request is one."""
    events, totals = [min(p) for p in counts], [max(p) for p in counts]
    if decided(events, totals, allowed).word is Word.FAIL:
        assert decided(totals, totals, allowed).word is Word.FAIL


def test_nothing_is_undecided() -> None:
    """No requests, no verdict; and no division by zero."""
    decision = decided([], [], 0.01)
    assert decision.word is Word.UNDECIDED
    assert math.isnan(decision.share)
    assert decided([0] * 20, [0] * 20, 0.01).word is Word.UNDECIDED


@pytest.mark.parametrize(("k", "allowed"), [(1, 0.01), (2, 0.05), (12, 0.01)])
def test_a_short_run_in_which_everything_fails_fails(k: int, allowed: float) -> None:
    """Each block counts as one observation at least, so a dead server fails at once."""
    assert decided([40] * k, [40] * k, allowed).word is Word.FAIL


@pytest.mark.parametrize(
    ("seconds", "per_s", "share", "allowed"),
    [(10, 59.8, 0.46, 0.01), (45, 20, 0.3, 0.01), (50, 20, 0.1, 0.01), (50, 5, 0.1, 0.01)],
)
def test_overwhelming_evidence_fails_a_short_run(
    seconds: int, per_s: float, share: float, allowed: float
) -> None:
    """What nobody would doubt fails without a minute; one episode of as many requests does not."""
    rng = np.random.default_rng(4)
    cut = Cut.even(seconds)
    totals = rng.poisson(per_s, seconds)
    scattered = rng.binomial(totals, share)
    at_once = np.zeros(seconds, np.int64)
    at_once[: round(seconds * share / 2)] = totals[: round(seconds * share / 2)]
    words = [
        shares.decide(cut.sums(events), cut.sums(totals), allowed, lengths_s=cut.lengths_s()).word
        for events in (scattered, at_once)
    ]
    assert words[0] is Word.FAIL
    assert words[1] is Word.UNDECIDED


def test_a_weaker_claim_that_fails_fails_the_stronger() -> None:
    """4 % over the limit is too much for p99, so for p99.9 too, though 6,000 requests are few."""
    totals = [300] * 20
    words = [
        shares.decide(
            np.full(20, 12.0), np.array(totals, float), allowed, expected=20, sure=0.99
        ).word
        for allowed in (0.01, 0.001, 0.0001)
    ]
    assert words == [Word.FAIL] * 3
    few = [10.0, *[0.0] * 19]  # one episode: nothing for p99.9, nor for p99
    decision = shares.decide(np.array(few), np.array(totals, float), 0.001, expected=20, sure=0.99)
    assert decision.word is Word.UNDECIDED


def test_clean_record_of_independent_requests_passes() -> None:
    """5,000 requests without an event show less than 0.1 %."""
    assert decided([0] * 20, [250] * 20, 0.001).word is Word.PASS
    assert decided([0] * 20, [150] * 20, 0.001).word is Word.UNDECIDED


def test_the_same_events_at_once_pass_less_than_scattered() -> None:
    """One episode of 40 is weak evidence for a small share, 40 scattered events are good."""
    at_once = [40, *[0] * 19]
    assert decided([2] * 20, [500] * 20, 0.01).word is Word.PASS
    assert decided(at_once, [500] * 20, 0.01).word is Word.UNDECIDED


def test_undecided_says_how_many_requests_decide_it() -> None:
    """Just under the limit takes several times as many; at the limit no number does."""
    near = decided([20] * 20, [500] * 20, 0.043)
    assert near.word is Word.UNDECIDED
    assert near.needs is not None
    assert near.needs > near.n
    grown = near.needs / near.n * 1.1
    assert decided([round(20 * grown)] * 20, [round(500 * grown)] * 20, 0.043).word is Word.PASS
    assert decided([20] * 20, [500] * 20, 0.04).needs is None


@pytest.mark.parametrize(
    ("allowed", "expected", "least"),
    [(0.01, 20, 2000), (0.001, 20, 20_000), (0.05, 20, 400), (0.001, 0, 3688), (0.01, 0, 368)],
)
def test_least_requests_are_the_published_ones(allowed: float, expected: int, least: int) -> None:
    """20 expected beyond; and ln(2.5 %) / ln(1 - share) for a clean record."""
    assert shares.least_requests(allowed, expected=expected) == pytest.approx(least, abs=1)


RUNS = 150


@functools.cache
def _queued(name: str) -> tuple[Pairs, Floats]:
    """Return runs of 5 minutes, and response times of as many others, s: the truth."""
    pairs = simulate(SYSTEMS[name], 300, RUNS + RUNS // 2, seed=7)
    judged, others = (
        Pairs(pairs.intended_s[:, these], pairs.baseline_s[:, these], pairs.candidate_s[:, these])
        for these in (slice(RUNS), slice(RUNS, None))
    )
    return judged, np.concatenate([others.pooled(300), others.pooled(300, "candidate_s")])


def _false_passes(pairs: Pairs, q: float, seconds: int, limit_ns: float) -> tuple[int, int]:
    """Return in how many runs our rule passes, and the rule for independent requests does."""
    ours = independent = 0
    for run in range(pairs.runs):
        cut = Blocks.of(pairs.sample(run, seconds))
        decision = shares.decide_quantile(cut, q, limit_ns)
        ours += decision.word is Word.PASS
        upper = blocks.clopper_pearson(decision.beyond, decision.n, 0.95)[1]
        independent += upper < 1 - q
    return ours, independent


def test_blocks_that_resemble_their_neighbours_do_not_pass() -> None:
    """2 % over the limit in waves of ten blocks is less evidence for 5 % than the same in disorder.

    But a server that breaks down half-way fails as it would in any order.
    """
    wave = np.round(10 + 9 * np.sin(np.arange(20) / 10 * 2 * math.pi))
    disorder = np.random.default_rng(1).permutation(wave)
    totals = [500] * 20
    for events, word in ((wave, Word.UNDECIDED), (disorder, Word.PASS)):
        assert decided([int(each) for each in events], totals, 0.03).word is word
    broken = decided([0] * 10 + [400] * 10, totals, 0.05)
    assert broken.word is Word.FAIL


def test_a_quantile_passes_at_99_3_per_cent() -> None:
    """Errors pass at 97.5 %: the same counts may pass as errors and not as a quantile."""
    events, totals = np.full(20, 5.0), np.full(20, 300.0)
    words = [shares.decide(events, totals, 0.022, sure=sure).word for sure in (0.975, 0.993)]
    assert words == [Word.PASS, Word.UNDECIDED]
    assert (FIXED.passes, FIXED.quantile_passes) == (0.975, 0.993)


def test_interval_is_where_an_objective_is_undecided() -> None:
    """Below it every limit fails, from its end on every limit passes."""
    cut = Blocks.of(simulate(SYSTEMS["A60"], 300, 1, seed=3).sample(0, 300))
    for q in (0.5, 0.9, 0.95):
        low, high = shares.interval_ns(cut, q)
        assert low < cut.quantile_ns(q) < high < math.inf
        words = {
            limit: shares.decide_quantile(cut, q, limit).word
            for limit in (low * 0.98, low, cut.quantile_ns(q), high, high * 1.5)
        }
        assert [*words.values()] == ["fail", "undecided", "undecided", "pass", "pass"]
    assert shares.interval_ns(cut, 0.999)[1] == math.inf


def test_interval_of_failures_is_without_end() -> None:
    """Where everything failed, no time is long enough; of nothing, nothing is known."""
    failed = np.full(300, 20)
    none = np.zeros(0, np.int64)
    everything = Sample(300, none, none, none, failed, 0, 0, 0)
    assert shares.interval_ns(Blocks.of(everything), 0.5) == (math.inf, math.inf)


@pytest.mark.parametrize(
    ("name", "q"),
    [("A60", 0.95), ("A80", 0.95), ("A60", 0.99), ("A30", 0.95), ("A60d", 0.90)],
)
def test_a_system_at_its_limit_rarely_passes_though_requests_queue(name: str, q: float) -> None:
    """At exactly the limit, rules for independent requests pass in a tenth of runs or more."""
    pairs, truth = _queued(name)
    ours, independent = _false_passes(pairs, q, 300, float(np.quantile(truth, q)) * 1e9)
    assert independent >= max(0.1 * pairs.runs, 2 * ours)
    assert ours <= 0.08 * pairs.runs
