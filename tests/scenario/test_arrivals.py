"""arrivals: counts, order and laws of the arrival processes; the same on every slice and chunk."""

import itertools
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from eiload.base.clock import NS_PER_S
from eiload.scenario import arrivals
from eiload.scenario.arrivals import (
    BurstRate,
    ConstantRate,
    Instants,
    OpenPhase,
    RampRate,
    Rate,
    phase_seed,
)

SECOND_NS = NS_PER_S


def open_phase(
    rate: Rate, seconds: float = 60, process: Literal["poisson", "constant"] = "poisson"
) -> OpenPhase:
    """Return a phase of `seconds`."""
    return OpenPhase("p", round(seconds * NS_PER_S), rate, process)


def instants(phase: OpenPhase, seed: int = 1) -> Instants:
    """Return all instants of a phase in one array."""
    chunks = list(phase.instants(seed))
    return np.concatenate(chunks) if chunks else np.empty(0, np.int64)


def expected_count(rate: Rate, duration_s: float, at_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the integral of the rate from 0, by formulas that are not the tested ones."""
    match rate:
        case ConstantRate(per_s):
            return per_s * at_s
        case RampRate(start, end):
            return start * at_s + (end - start) * at_s**2 / (2 * duration_s)
        case BurstRate(base, burst, burst_for_ns, every_ns):
            every, length = every_ns / NS_PER_S, burst_for_ns / NS_PER_S
            whole, within = np.divmod(at_s, every)
            in_burst = whole * length + np.maximum(within - (every - length), 0)
            return base * (at_s - in_burst) + burst * in_burst


PER_S = st.floats(0.1, 300)
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
)
PHASES = st.builds(
    OpenPhase,
    st.just("p"),
    st.integers(SECOND_NS // 100, 30 * SECOND_NS),
    RATES,
    st.sampled_from(["poisson", "constant"]),
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
    phase = OpenPhase("p", min(phase.duration_ns, 3 * SECOND_NS), phase.rate, phase.process)
    whole = instants(phase, seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrivals, "CHUNK", chunk)
        assert np.array_equal(instants(phase, seed), whole)


@settings(deadline=None)
@given(PHASES)
def test_constant_arrivals_are_the_inverse_of_the_expected_count(phase: OpenPhase) -> None:
    """When the i-th evenly spaced arrival is due, i + 1/2 arrivals are expected."""
    phase = OpenPhase("p", phase.duration_ns, phase.rate, "constant")
    duration_s = phase.duration_ns / NS_PER_S
    offsets = instants(phase)
    total = float(expected_count(phase.rate, duration_s, np.array([duration_s]))[0])
    assert phase.expected() == pytest.approx(total, rel=1e-9, abs=1e-9)
    assert len(offsets) == pytest.approx(total, abs=0.5 + 1e-6)
    due = expected_count(phase.rate, duration_s, offsets / NS_PER_S)
    fastest = 300.0  # an offset is cut to whole ns: the count may lag by 1 ns at the largest rate
    assert due == pytest.approx(np.arange(len(offsets)) + 0.5, abs=fastest * 2e-9 + 1e-6)


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
    low, high = stats.chi2.ppf([0.0005, 0.9995], 399) / 399
    assert low < counts.var(ddof=1) / expected < high


@pytest.mark.parametrize(
    "rate", [ConstantRate(50), RampRate(10, 90), RampRate(90, 0), BurstRate(0, 500, 10**9, 10**10)]
)
def test_poisson_gaps_are_exponential_once_time_is_rate(rate: Rate) -> None:
    """Counted in expected arrivals instead of seconds, gaps are Exp(1), whatever the profile."""
    phase = open_phase(rate, 100)
    offsets = instants(phase, seed=7)
    units = expected_count(rate, 100, offsets / NS_PER_S)
    gaps = np.diff(units, prepend=0.0)
    assert stats.kstest(gaps, "expon").pvalue > 0.01
    # Gaps do not know of each other.
    assert abs(np.corrcoef(gaps[:-1], gaps[1:])[0, 1]) < 4 / np.sqrt(len(gaps))


def test_the_burst_is_at_the_end_of_every_period() -> None:
    """Without a base rate, every arrival is in the last part of a period."""
    phase = open_phase(BurstRate(0, 100, SECOND_NS, 5 * SECOND_NS), 22)
    within = instants(phase) % (5 * SECOND_NS)
    assert phase.expected() == pytest.approx(400)
    assert (within >= 4 * SECOND_NS).all()


def test_a_ramp_from_nothing_begins_with_one_arrival_after_the_other() -> None:
    """At the foot of a ramp from rate 0 the inverse is defined, and finite."""
    profile = arrivals._Profile(RampRate(0, 10).pieces(10 * SECOND_NS))
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


@pytest.mark.parametrize("workers", [1, 2, 3, 20])
def test_slices_are_the_whole(workers: int) -> None:
    """Every arrival is in exactly one of the slices i mod N."""
    whole = instants(open_phase(ConstantRate(30)))
    slices = [whole[worker::workers] for worker in range(workers)]
    assert sum(map(len, slices)) == len(whole)
    assert np.array_equal(np.sort(np.concatenate(slices)), whole)
