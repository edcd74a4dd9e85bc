"""arrivals: counts, order and laws of the arrival processes; the same on every slice and chunk."""

import itertools
from typing import Any

import numpy as np
import pytest
import scipy
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from eiload.base.clock import NS_PER_S
from eiload.scenario import arrivals
from eiload.scenario.arrivals import (
    BurstRate,
    ConstantRate,
    Instants,
    MarkovRate,
    OpenPhase,
    PointsRate,
    RampRate,
    Rate,
    SineRate,
    StepsRate,
    phase_seed,
)
from eiload.scenario.laws import BatchArrivals, Gamma, Law, Weibull, cv_of, weibull_shape

SECOND_NS = NS_PER_S


def open_phase(rate: Rate, seconds: float = 60, process: Law = "poisson") -> OpenPhase:
    """Return a phase of `seconds`."""
    return OpenPhase("p", round(seconds * NS_PER_S), rate, process)


def instants(phase: OpenPhase, seed: int = 1) -> Instants:
    """Return all instants of a phase in one array."""
    chunks = list(phase.instants(seed))
    return np.concatenate(chunks) if chunks else np.empty(0, np.int64)


def expected_count(  # noqa: PLR0911 - a formula each
    phase: OpenPhase, at_s: NDArray[np.float64], seed: int = 1
) -> NDArray[np.float64]:
    """Return the integral of the rate from 0, by formulas that are not the tested ones."""
    duration_s = phase.duration_ns / NS_PER_S
    match phase.rate:
        case ConstantRate(per_s):
            return per_s * at_s
        case RampRate(start, end):
            return start * at_s + (end - start) * at_s**2 / (2 * duration_s)
        case BurstRate(base, burst, burst_for_ns, every_ns):
            every, length = every_ns / NS_PER_S, burst_for_ns / NS_PER_S
            whole, within = np.divmod(at_s, every)
            in_burst = whole * length + np.maximum(within - (every - length), 0)
            return base * (at_s - in_burst) + burst * in_burst
        case StepsRate(levels, None):
            each = duration_s / len(levels)
            shares = [r * np.clip(at_s - i * each, 0, each) for i, r in enumerate(levels)]
            return np.asarray(np.sum(shares, axis=0))
        case SineRate(mean, amplitude, period_ns):
            turn = 2 * np.pi / (period_ns / NS_PER_S)
            return mean * at_s + amplitude / turn * (1 - np.cos(turn * at_s))
        case PointsRate(((0, start), (middle_ns, middle), (_, end))):
            half = middle_ns / NS_PER_S
            first, rest = np.minimum(at_s, half), np.maximum(at_s - half, 0)
            rise = (end - middle) / (duration_s - half)
            until = start * first + (middle - start) / half * first**2 / 2
            return until + middle * rest + rise * rest**2 / 2
        case MarkovRate():
            total, begin = np.zeros_like(at_s), 0.0
            for length_ns, per_s, _ in phase.rate.pieces(phase.duration_ns, seed):
                length = length_ns / NS_PER_S
                total += per_s * np.clip(at_s - begin, 0, length)
                begin += length
            return total
    raise AssertionError(phase)


PER_S = st.floats(0.1, 300)
LENGTHS_NS = st.integers(SECOND_NS // 100, 30 * SECOND_NS)
RATES: st.SearchStrategy[Rate] = st.one_of(
    st.builds(ConstantRate, PER_S),
    st.builds(RampRate, st.just(0.0) | PER_S, PER_S),
    st.builds(RampRate, PER_S, st.just(0.0) | PER_S),
    st.builds(
        BurstRate,
        st.just(0.0) | PER_S,
        PER_S,
        st.integers(1, SECOND_NS),
        st.integers(SECOND_NS + 1, 10 * SECOND_NS),
    ),
    st.builds(StepsRate, st.lists(st.just(0.0) | PER_S, min_size=1, max_size=5).map(tuple)),
    PER_S.flatmap(
        lambda mean: st.builds(
            SineRate,
            st.just(mean),
            st.floats(0, mean),
            st.integers(SECOND_NS // 10, 100 * SECOND_NS),
        )
    ),
    st.builds(
        MarkovRate,
        st.just(0.0) | PER_S,
        PER_S,
        st.integers(SECOND_NS // 100, 10 * SECOND_NS),
        st.integers(SECOND_NS // 100, 10 * SECOND_NS),
    ),
)
LAWS: st.SearchStrategy[Law] = st.one_of(
    st.sampled_from(["poisson", "constant"]),
    st.builds(Gamma, st.floats(0.01, 20)),
    st.builds(Weibull, st.floats(0.01, 20)),
    st.builds(BatchArrivals, st.integers(2, 1000), st.sampled_from(["poisson", "constant"])),
)
PHASES = st.one_of(
    st.builds(OpenPhase, st.just("p"), LENGTHS_NS, RATES, LAWS),
    LENGTHS_NS.flatmap(
        lambda length: st.builds(
            OpenPhase,
            st.just("p"),
            st.just(length),
            st.builds(
                lambda start, at, middle, end: PointsRate(
                    ((0, start), (at, middle), (length, end))
                ),
                PER_S,
                st.integers(1, length - 1),
                PER_S,
                PER_S,
            ),
            LAWS,
        )
    ),
)


@settings(deadline=None)
@given(PHASES, st.integers(0, 2**64 - 1))
def test_instants_are_ordered_and_within_the_phase(phase: OpenPhase, seed: int) -> None:
    """Offsets never go back, never leave the phase, and come in chunks that are not empty."""
    chunks = list(phase.instants(seed))
    assert all(len(chunk) and chunk.dtype == np.int64 for chunk in chunks)
    offsets = instants(phase, seed)
    assert (np.diff(offsets) >= 0).all()
    assert ((offsets >= 0) & (offsets < phase.duration_ns)).all()


@settings(deadline=None)
@given(PHASES, st.integers(0, 2**64 - 1), st.sampled_from([1, 7, 4095, 4097]))
def test_chunks_do_not_show(phase: OpenPhase, seed: int, chunk: int) -> None:
    """The instants are the same, to the ns, whatever the size of the chunks."""
    if not isinstance(phase.rate, PointsRate):  # a chunk of 1 is slow
        phase = OpenPhase("p", min(phase.duration_ns, SECOND_NS), phase.rate, phase.process)
    whole = instants(phase, seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrivals, "CHUNK", chunk)
        assert np.array_equal(instants(phase, seed), whole)


@settings(deadline=None)
@given(PHASES, st.integers(0, 2**64 - 1))
def test_constant_arrivals_are_the_inverse_of_the_expected_count(
    phase: OpenPhase, seed: int
) -> None:
    """When the i-th evenly spaced arrival is due, i + 1/2 arrivals are expected."""
    phase = OpenPhase("p", phase.duration_ns, phase.rate, "constant")
    duration_s = phase.duration_ns / NS_PER_S
    offsets = instants(phase, seed)
    total = float(expected_count(phase, np.array([duration_s]), seed)[0])
    off = 1e-6  # of the count
    if isinstance(phase.rate, SineRate):  # chords leave out a share of the area under an arc
        period_s = phase.rate.period_ns / NS_PER_S
        off += phase.rate.amplitude_per_s * period_s * 2e-4 * (1 + duration_s / period_s)
    assert phase.profile(seed).total == pytest.approx(total, rel=1e-9, abs=off)
    assert len(offsets) == pytest.approx(total, abs=0.5 + off)
    due = expected_count(phase, offsets / NS_PER_S, seed)
    fastest = 600.0  # an offset is cut to whole ns: the count may lag by 1 ns at the largest rate
    assert due == pytest.approx(np.arange(len(offsets)) + 0.5, abs=fastest * 2e-9 + off)


def test_constant_arrivals_do_not_drift() -> None:
    """After an hour the i-th arrival is still at (i + 1/2) / rate, to the ns."""
    offsets = instants(open_phase(ConstantRate(70), 3600, "constant"))
    exact = (2 * np.arange(len(offsets)) + 1) * NS_PER_S // 140
    assert len(offsets) == 70 * 3600
    assert np.abs(offsets - exact).max() <= 1


@pytest.mark.parametrize(
    "rate", [ConstantRate(50), RampRate(0, 100), BurstRate(20, 170, 10**9, 5 * 10**9)]
)
def test_poisson_counts_have_the_mean_and_variance_of_the_law(rate: Rate) -> None:
    """Over 400 seeds the count's mean and variance are both the expected count (fixed seeds)."""
    phase = open_phase(rate, 10)
    counts = np.array([len(instants(phase, seed)) for seed in range(400)])
    expected = phase.expected()
    assert expected == pytest.approx(500)
    assert counts.mean() == pytest.approx(expected, abs=4 * np.sqrt(expected / 400))
    # (n - 1) s^2 / sigma^2 is chi-square with n - 1 degrees of freedom, if normal enough.
    low, high = scipy.stats.chi2.ppf([0.0005, 0.9995], 399) / 399
    assert low < counts.var(ddof=1) / expected < high


MOVING = [
    ConstantRate(50),
    RampRate(10, 90),
    RampRate(90, 0),
    BurstRate(0, 500, 10**9, 10**10),
    StepsRate((20, 0, 130)),
    SineRate(50, 40, 20 * SECOND_NS),
    PointsRate(((0, 10), (30 * SECOND_NS, 110), (100 * SECOND_NS, 30))),
    MarkovRate(20, 200, 10 * SECOND_NS, 2 * SECOND_NS),
]


def gap_law(law: Law) -> Any:
    """Return scipy's law of unit gaps."""
    match law:
        case Gamma(cv):
            return scipy.stats.gamma(cv**-2, scale=cv**2).cdf
        case Weibull(cv):
            unit = scipy.stats.weibull_min(weibull_shape(cv))
            return scipy.stats.weibull_min(weibull_shape(cv), scale=1 / unit.mean()).cdf
        case _:
            return "expon"


@pytest.mark.parametrize("law", ["poisson", Gamma(1.5), Gamma(0.3), Weibull(2)], ids=str)
@pytest.mark.parametrize("rate", MOVING, ids=lambda rate: type(rate).__name__)
def test_gaps_are_the_laws_own_once_time_is_rate(rate: Rate, law: Law) -> None:
    """Counted in expected arrivals instead of seconds, gaps have their law, whatever the profile.

    (Kolmogorov-Smirnov, fixed seeds. At cv 3 one gap in eight of a gamma law is under 1 ns, which
    instants do not resolve: `test_laws` looks at those before they are instants.)
    """
    phase = open_phase(rate, 100, law)
    offsets = instants(phase, seed=7)
    units = expected_count(phase, offsets / NS_PER_S, seed=7)
    gaps = np.diff(units)
    assert scipy.stats.kstest(gaps, gap_law(law)).pvalue > 0.002
    # Gaps do not know of each other.
    assert abs(np.corrcoef(gaps[:-1], gaps[1:])[0, 1]) < 4 / np.sqrt(len(gaps))


@pytest.mark.parametrize(
    "law",
    [Gamma(3), Gamma(0.2), Weibull(3), BatchArrivals(8), BatchArrivals(5, "constant")],
    ids=str,
)
@pytest.mark.parametrize("rate", MOVING, ids=lambda rate: type(rate).__name__)
def test_counts_are_the_integral_of_the_rate(rate: Rate, law: Law) -> None:
    """Over 100 seeds the mean count is the expected one: in equilibrium from the first instant."""
    phase = open_phase(rate, 20, law)
    if isinstance(rate, PointsRate):
        phase = open_phase(
            PointsRate(((0, 10), (5 * SECOND_NS, 110), (20 * SECOND_NS, 30))), 20, law
        )
    # Against each seed's own integral, so that a rate that is drawn adds no variance.
    counts = [len(instants(phase, s)) - phase.profile(s).total for s in range(100)]
    # A renewal process's counts have a variance of cv^2 times the mean, about (Cox 1962, 4.5).
    sd = np.sqrt(max(cv_of(law), 0.5) ** 2 * phase.expected())
    assert np.mean(counts) == pytest.approx(0, abs=4 * sd / 10)


@pytest.mark.parametrize("law", [Gamma(3), Weibull(3), BatchArrivals(8)], ids=str)
def test_the_first_second_is_as_any_other(law: Law) -> None:
    """Bursts begin before the phase as well: no heap of requests at its start."""
    phase = open_phase(ConstantRate(20), 10, law)
    counts = np.array(
        [np.bincount(instants(phase, s) // SECOND_NS, minlength=10) for s in range(400)]
    )
    first, others = counts[:, 0].mean(), counts[:, 1:].mean()
    assert first == pytest.approx(others, abs=4 * cv_of(law) * np.sqrt(20 / 400))
    assert others == pytest.approx(20, abs=1)


def test_a_batch_is_at_one_instant() -> None:
    """Requests come eight at a time, and no batch is cut by a chunk, a slice or the phase's end."""
    offsets = instants(open_phase(ConstantRate(100), 100, BatchArrivals(8)))
    heaps = np.unique(offsets, return_counts=True)[1]
    assert (heaps == 8).all()
    assert len(offsets) == pytest.approx(10_000, abs=4 * np.sqrt(8 * 10_000))


@pytest.mark.parametrize(
    "law", ["poisson", "constant", Gamma(3), Weibull(2), BatchArrivals(8)], ids=str
)
def test_a_pause_sends_nothing(law: Law) -> None:
    """A rate of 0/s has no instants and no chunk; one within a phase leaves a hole."""
    assert list(open_phase(ConstantRate(0), 60, law).instants(1)) == []
    offsets = instants(open_phase(StepsRate((50, 0, 50)), 60, law))
    assert not ((offsets >= 20 * SECOND_NS) & (offsets < 40 * SECOND_NS)).any()
    assert (offsets < 20 * SECOND_NS).any()
    assert (offsets >= 40 * SECOND_NS).any()


def test_the_burst_is_at_the_end_of_every_period() -> None:
    """Without a base rate, every arrival is in the last part of a period."""
    phase = open_phase(BurstRate(0, 100, SECOND_NS, 5 * SECOND_NS), 22)
    within = instants(phase) % (5 * SECOND_NS)
    assert phase.expected() == pytest.approx(400)
    assert (within >= 4 * SECOND_NS).all()


def test_a_ramp_from_nothing_begins_with_one_arrival_after_the_other() -> None:
    """At the foot of a ramp from rate 0 the inverse is defined, and finite."""
    profile = open_phase(RampRate(0, 10), 10).profile(1)
    assert profile.inverse(np.array([0.0, 0.5, 49.999])) == pytest.approx([0, 1, 10], rel=1e-3)


def test_no_arrivals_where_none_are_expected() -> None:
    """A rate of nothing, or too short a phase, has no instants and no chunk."""
    assert list(open_phase(RampRate(0, 0)).instants(1)) == []
    assert list(open_phase(ConstantRate(0.1), 1, "constant").instants(1)) == []


def test_same_seed_same_instants() -> None:
    """A phase is a pure function of its seed, and another seed gives other instants."""
    phase = open_phase(ConstantRate(100))
    assert np.array_equal(instants(phase, 3), instants(phase, 3))
    assert not np.array_equal(instants(phase, 3)[:100], instants(phase, 4)[:100])


def test_instants_are_the_same_on_every_machine() -> None:
    """The first instants of seed 1, as they were when this was written.

    Workers compute the schedule each for itself, so machines have to agree. Should numpy ever
    change the stream behind a seed, this says so.
    """
    phase = open_phase(ConstantRate(10))
    assert instants(phase, phase_seed(1, 0))[:4].tolist() == [
        76382239,
        83231525,
        304287898,
        319225373,
    ]


def test_phases_do_not_share_their_randomness() -> None:
    """Every phase of every scenario seed gets a seed of its own, always the same."""
    seeds = [phase_seed(seed, phase) for seed, phase in itertools.product(range(50), range(50))]
    assert len(set(seeds)) == len(seeds)
    assert phase_seed(1, 2) == phase_seed(1, 2)
    assert all(0 <= seed < 2**64 for seed in seeds)
