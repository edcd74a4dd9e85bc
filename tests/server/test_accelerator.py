"""The emulated accelerator: its queueing is exact, its law is the one asked for."""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eiload.scenario.standin import StandIn
from eiload.server.accelerator import Accelerator, Admission, Overload

MS = 1_000_000
S = 1_000_000_000


def accelerator(origin_ns: int = 0, **settings: Any) -> Accelerator:
    """Return one with settings written as in a scenario."""
    return Accelerator(StandIn.of(**settings), origin_ns)


def admitted(each: Admission | Overload) -> Admission:
    """Return an admission, which it must be."""
    assert isinstance(each, Admission)
    return each


def releases_ms(emulated: Accelerator, arrivals_ms: Sequence[float]) -> list[float]:
    """Return when arrivals are released, ms."""
    return [admitted(emulated.arrive(int(at * MS), 0)).release_ns / MS for at in arrivals_ms]


def test_one_slot_serves_in_order() -> None:
    """Each waits for the one before it, and the slot is idle only when nothing waits."""
    assert releases_ms(accelerator(compute="10 ms"), [0, 1, 2, 50]) == [10, 20, 30, 60]


def test_slots_work_side_by_side() -> None:
    """With two slots the third arrival waits for the first to end."""
    emulated = accelerator(compute="10 ms", concurrency=2)
    assert releases_ms(emulated, [0, 1, 2, 3]) == [10, 11, 20, 21]


@given(
    st.lists(st.integers(0, 30 * MS), min_size=1, max_size=200),
    st.integers(0, 1000),
)
def test_one_slot_follows_lindley(gaps_ns: list[int], seed: int) -> None:
    """W(n+1) = max(0, W(n) + S(n) - T(n)) for every arrival pattern (Lindley, 1952)."""
    law = {"median": "10 ms", "p99": "40 ms"}
    alone = accelerator(compute=law, seed=seed)
    # With arrivals a day apart nothing waits, and what is left is the service time.
    services = [
        admitted(alone.arrive(index * 86_400 * S, 0)).server_ns for index in range(len(gaps_ns))
    ]
    emulated = accelerator(compute=law, seed=seed)
    now_ns, waiting_ns = 0, 0
    for gap_ns, service_ns, before_ns in zip(gaps_ns, services, [0, *services[:-1]], strict=True):
        now_ns += gap_ns
        waiting_ns = max(0, waiting_ns + before_ns - gap_ns)
        assert admitted(emulated.arrive(now_ns, 0)).server_ns == waiting_ns + service_ns


@given(
    st.lists(st.integers(0, 10 * MS), min_size=1, max_size=100),
    st.integers(1, 4),
    st.integers(0, 5),
    st.integers(0, 100),
)
def test_no_slot_idles_while_something_waits(
    gaps_ns: list[int], concurrency: int, queue: int, seed: int
) -> None:
    """At most `concurrency` run, at most `queue` wait, and only when all slots are taken."""
    emulated = accelerator(
        compute={"mean": "15 ms", "cv": 0.8}, concurrency=concurrency, queue=queue, seed=seed
    )
    taken: list[Admission] = []
    for now_ns in itertools.accumulate(gaps_ns):
        running = sum(each.start_ns <= now_ns < each.release_ns for each in taken)
        waiting = sum(each.start_ns > now_ns for each in taken)
        assert running <= concurrency
        assert waiting <= queue
        assert running == concurrency or not waiting
        each = emulated.arrive(now_ns, 0)
        if isinstance(each, Overload):
            assert (running, waiting) == (concurrency, queue)
        else:
            assert (each.start_ns > now_ns) == (running == concurrency)
            taken.append(each)
    starts = [each.start_ns for each in taken]
    assert starts == sorted(starts)


def test_the_law_is_exact() -> None:
    """Times without queueing have the law's quantiles; the timeline adds nothing."""
    emulated = accelerator(compute={"median": "60 ms", "p99": "90 ms"})
    times = [admitted(emulated.arrive(each * 10 * S, 0)).server_ns / MS for each in range(20_000)]
    assert np.quantile(times, 0.5) == pytest.approx(60, rel=0.01)
    assert np.quantile(times, 0.99) == pytest.approx(90, rel=0.02)


def test_a_slowdown_multiplies_the_computing_time() -> None:
    """And nothing else: the network is as fast as before."""
    settings: dict[str, Any] = {
        "attach": "network",
        "bandwidth": "1 MB/s",
        "compute": "10 ms",
        "slowdown": 1.3,
    }
    assert admitted(accelerator(**settings).arrive(0, 5000)).server_ns == (13 + 5) * MS


def test_further_images_cost_their_share() -> None:
    """Four images at 25 % each cost 1 + 3 x 0.25."""
    emulated = accelerator(compute="100 ms", further_image=0.25)
    assert admitted(emulated.arrive(0, 0, images=4)).server_ns == 175 * MS


def test_a_network_adds_its_round_trip_and_the_transfer() -> None:
    """The round trip has its own law; the transfer is bytes over bandwidth."""
    emulated = accelerator(
        compute="0 s",
        attach="network",
        round_trip={"median": "1 ms", "p99": "8 ms"},
        bandwidth="1 Gbit/s",
    )
    times = [
        admitted(emulated.arrive(each * S, 1_250_000)).server_ns / MS for each in range(20_000)
    ]
    assert min(times) > 10
    assert np.quantile(times, 0.5) == pytest.approx(11, rel=0.01)
    assert np.quantile(times, 0.99) == pytest.approx(18, rel=0.04)


def test_the_first_inference_attaches() -> None:
    """Everybody waits for it, on every slot; after it nobody does."""
    emulated = accelerator(compute="10 ms", concurrency=2, cold_start="5 s")
    assert releases_ms(emulated, [0, 1, 6000]) == [5010, 5010, 6010]


def test_waiting_for_the_attachment_takes_no_place_in_the_queue() -> None:
    """Whoever has a slot does not wait for one."""
    emulated = accelerator(compute="10 ms", concurrency=2, cold_start="5 s", queue=0)
    outcomes = [type(emulated.arrive(0, 0)) for _ in range(3)]
    assert outcomes == [Admission, Admission, Overload]


def test_an_idle_accelerator_is_attached_anew() -> None:
    """After `idle` without work the next waits; just before it nobody does."""
    emulated = accelerator(
        compute="10 ms", attach="network", reattach={"idle": "10 s", "for": "3 s"}
    )
    arrivals = [0, 10_000, 20_011, 23_000]
    assert releases_ms(emulated, arrivals) == [10, 10_010, 23_021, 23_031]


def test_in_a_stall_time_stands_still() -> None:
    """Each release is put off by what the work met of stalls, and by no more."""
    settings: dict[str, Any] = {"compute": "10 ms", "attach": "network", "concurrency": 64}
    stalled = accelerator(**settings, stalls={"every": "200 ms", "for": "50 ms"})
    put_off = []
    for index in range(4000):
        each = admitted(stalled.arrive(index * MS, 0))
        put_off.append((each.server_ns - 10 * MS) / MS)
    assert set(np.round(np.array(put_off) % 50, 6)) > {0.0}
    assert min(put_off) == 0
    # A stall of 50 ms every 250 ms is met, in part or whole, by arrivals of 60 ms in 250.
    met = np.mean(np.array(put_off) > 0)
    assert 0.1 < met < 0.45
    assert max(put_off) >= 49


def test_work_that_begins_in_a_stall_begins_after_it() -> None:
    """A stall of an hour holds up everything until it is over."""
    emulated = accelerator(
        compute="1 ns", attach="network", stalls={"every": "1 ms", "for": "1 h"}, concurrency=2
    )
    first, second = releases_ms(emulated, [1000, 1001])
    assert 3_600_000 < first < 3_601_000
    assert first == pytest.approx(second, abs=1)


def test_faults_come_at_their_rates() -> None:
    """And not both to one request."""
    emulated = accelerator(compute="0 s", fail={"rate": "10 %"}, hang="5 %")
    fates = [admitted(emulated.arrive(each, 0)) for each in range(20_000)]
    assert np.mean([each.fails for each in fates]) == pytest.approx(0.1, rel=0.1)
    assert np.mean([each.hangs for each in fates]) == pytest.approx(0.05, rel=0.1)
    assert not any(each.fails and each.hangs for each in fates)


def test_the_nth_arrival_has_its_own_draws() -> None:
    """Turning others away, failing them or adding a network does not change its computing time."""
    law = {"median": "10 ms", "p99": "40 ms"}
    plain = accelerator(compute=law)
    busy = accelerator(compute=law, queue=0, fail={"rate": "20 %"}, hang="10 %")
    expected = [admitted(plain.arrive(each * S, 0)).server_ns for each in range(50)]
    got = []
    for index in range(50):
        # A second arrival at the same instant, every other time.
        each = busy.arrive(index // 2 * 2 * S, 0)
        got.append(each.server_ns if isinstance(each, Admission) else None)
    assert None in got
    assert all(time in (None, want) for time, want in zip(got, expected, strict=True))


def test_it_says_what_is_going_on() -> None:
    """Its repr has the attachment and how many wait."""
    emulated = accelerator(compute="10 ms")
    releases_ms(emulated, [0, 0, 0])
    assert repr(emulated) == "<Accelerator pcie, 2 waiting>"
