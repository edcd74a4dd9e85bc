"""The emulated GPU: its law, on a virtual time line."""

import pytest

from eiload.base.clock import NS_PER_MS, NS_PER_S
from eiload.server.gpu import IDLE_W, RUN_W, EmulatedGpu


def test_idle() -> None:
    """It takes its power, and nothing else happens."""
    state = EmulatedGpu(0).state(10 * NS_PER_S)
    assert state["use_percent"] == 0
    assert state["energy_mj"] == IDLE_W * 10 * 1000
    assert state["reasons"] == 1


def test_a_third_of_the_time() -> None:
    """Use of the last second, energy of all of it; two at a time are no more than one."""
    gpu = EmulatedGpu(0)
    for number in range(100):
        start_ns = number * 300 * NS_PER_MS
        gpu.runs(start_ns, start_ns + 100 * NS_PER_MS, start_ns)
        gpu.runs(start_ns, start_ns + 50 * NS_PER_MS, start_ns)
    state = gpu.state(30 * NS_PER_S)
    assert gpu.busy_ns(30 * NS_PER_S) == 10 * NS_PER_S
    assert state["energy_mj"] == pytest.approx((IDLE_W * 30 + RUN_W * 10) * 1000)
    assert state["use_percent"] == pytest.approx(30, abs=10)
    assert state["reasons"] == 0
    assert state["power_mw"] == pytest.approx((IDLE_W + RUN_W * state["use_percent"] / 100) * 1000)


def test_what_lies_ahead_has_not_happened() -> None:
    """An inference that waits for its turn is no use yet."""
    gpu = EmulatedGpu(0)
    gpu.runs(0, NS_PER_S, 0)
    gpu.runs(5 * NS_PER_S, 6 * NS_PER_S, 0)
    assert gpu.busy_ns(NS_PER_S // 2) == NS_PER_S // 2
    assert gpu.busy_ns(5 * NS_PER_S) == NS_PER_S
    assert gpu.busy_ns(9 * NS_PER_S) == 2 * NS_PER_S


def test_never_idle_is_power_capped() -> None:
    """And its clock is lower."""
    gpu = EmulatedGpu(0)
    gpu.runs(0, 20 * NS_PER_S, 0)
    state = gpu.state(10 * NS_PER_S)
    assert state["reasons"] == 4
    assert state["sm_mhz"] < state["sm_most_mhz"]


def test_it_remembers_no_more_than_it_must() -> None:
    """Whether it is looked at or not."""
    gpu = EmulatedGpu(0)
    for number in range(10_000):
        start_ns = number * NS_PER_S
        gpu.runs(start_ns, start_ns + NS_PER_MS, start_ns)
    assert len(gpu._runs) < 5
    assert gpu.busy_ns(10_000 * NS_PER_S) == 10_000 * NS_PER_MS
