"""The schedule: one pure sequence, sliced without loss."""

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eiload.base.clock import NS_PER_S
from eiload.scenario.arrivals import BurstRate, ClosedPhase, ConstantRate, OpenPhase, RampRate
from eiload.scenario.laws import BatchArrivals, Gamma, Law, Weibull
from eiload.scenario.schedule import Schedule, target_order

TRAFFIC = (
    OpenPhase("warm-up", 2 * NS_PER_S, ConstantRate(50.0), warm_up=True),
    ClosedPhase("users", NS_PER_S, users=3),
    OpenPhase("ramp", 3 * NS_PER_S + 500, RampRate(10.0, 200.0), "constant"),
    OpenPhase("burst", 5 * NS_PER_S, BurstRate(5.0, 100.0, NS_PER_S // 2, 2 * NS_PER_S)),
)


def whole(schedule: Schedule) -> np.ndarray:
    """Return all offsets in order."""
    return np.concatenate([chunk.offsets_ns for chunk in schedule.chunks()])


def test_phases_follow_each_other() -> None:
    """Each open phase's arrivals lie within it, numbered through, in order."""
    schedule = Schedule(TRAFFIC, seed=7)
    number = 0
    for chunk in schedule.chunks():
        start_ns = schedule.starts_ns[chunk.phase]
        assert chunk.first == number
        assert chunk.offsets_ns[0] >= start_ns
        assert chunk.offsets_ns[-1] < start_ns + TRAFFIC[chunk.phase].duration_ns
        number += len(chunk.offsets_ns)
    assert (np.diff(whole(schedule)) >= 0).all()
    assert schedule.duration_ns == 11 * NS_PER_S + 500


def test_same_seed_same_instants() -> None:
    """The schedule is a function of traffic and seed."""
    assert np.array_equal(whole(Schedule(TRAFFIC, 7)), whole(Schedule(TRAFFIC, 7)))
    assert not np.array_equal(whole(Schedule(TRAFFIC, 7)), whole(Schedule(TRAFFIC, 8)))


@pytest.mark.parametrize(
    ("seed", "count", "digest"), [(1, 11661, "6b7b972756d91050"), (7, 11581, "4e1a9bdcc8967e49")]
)
def test_the_instants_of_a_seed_stay(seed: int, count: int, digest: str) -> None:
    """Poisson and constant arrivals at every rate there was first: the same to the ns for ever.

    Runs are compared with later ones of the same scenario and seed.
    """
    traffic = (
        OpenPhase("a", 20 * NS_PER_S, ConstantRate(50.0)),
        OpenPhase("b", 20 * NS_PER_S, ConstantRate(50.0), "constant"),
        OpenPhase("c", 20 * NS_PER_S, RampRate(10.0, 300.0)),
        OpenPhase("d", 20 * NS_PER_S, RampRate(300.0, 0.0), "constant"),
        OpenPhase("e", 30 * NS_PER_S, BurstRate(5.0, 400.0, 2 * NS_PER_S, 7 * NS_PER_S)),
        OpenPhase("f", 30 * NS_PER_S, BurstRate(0.0, 100.0, NS_PER_S, 10 * NS_PER_S), "constant"),
    )
    offsets = whole(Schedule(traffic, seed))
    assert len(offsets) == count
    assert hashlib.sha256(offsets.astype("<i8").tobytes()).hexdigest()[:16] == digest


def test_a_phase_does_not_depend_on_the_others() -> None:
    """Editing the last phase leaves the instants of the first as they were."""
    (first, *_) = Schedule(TRAFFIC, 7).chunks()
    (alone, *_) = Schedule(TRAFFIC[:1], 7).chunks()
    assert np.array_equal(first.offsets_ns, alone.offsets_ns)


@given(st.lists(st.integers(0, 12 * NS_PER_S), min_size=1, max_size=5))
def test_due_counts_what_is_before_the_cuts(cuts: list[int]) -> None:
    """What falls due, slice by slice, is what lies before each slice's cut."""
    schedule = Schedule(TRAFFIC, 7)
    offsets = whole(schedule)
    slices = np.arange(len(offsets)) % len(cuts)
    expected = int((offsets < np.array(cuts)[slices]).sum())
    assert sum(schedule.due(cuts).values()) == expected


@given(st.integers(1, 5), st.integers(0, 10_000), st.integers(0, 2**32))
def test_the_order_of_targets_is_balanced(targets: int, block: int, seed: int) -> None:
    """Among as many arrivals as targets, each target has each place once, whoever asks."""
    numbers = block * targets + np.arange(targets)
    order = target_order(numbers, targets, seed)
    for line in (*order, *order.T):
        assert sorted(line.tolist()) == list(range(targets))
    for number, row in zip(numbers, order, strict=True):
        assert target_order(np.array([number]), targets, seed)[0].tolist() == row.tolist()


def test_the_order_of_targets_is_drawn() -> None:
    """Two seeds give two orders, and an arrival's order says nothing of the next block's."""
    numbers = np.arange(2000)
    one, other = (target_order(numbers, 2, seed)[:, 0] for seed in (1, 2))
    assert 0.4 < (one == other).mean() < 0.6
    blocks = one[::2]
    assert abs(blocks.mean() - 0.5) < 0.06
    assert abs(np.corrcoef(blocks[1:], blocks[:-1])[0, 1]) < 0.1


@pytest.mark.parametrize("law", ["poisson", Gamma(3), Weibull(3), BatchArrivals(8)], ids=str)
@pytest.mark.parametrize("workers", [1, 2, 7])
def test_slices_are_the_whole(workers: int, law: Law) -> None:
    """Every arrival is in exactly one of the slices i mod N."""
    schedule = Schedule((OpenPhase("p", 60 * NS_PER_S, ConstantRate(30), law),), seed=1)
    offsets = whole(schedule)
    slices = [offsets[worker::workers] for worker in range(workers)]
    assert sum(map(len, slices)) == len(offsets)
    assert np.array_equal(np.sort(np.concatenate(slices)), offsets)
