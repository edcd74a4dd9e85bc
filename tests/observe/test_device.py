"""What GPUs and hosts did over some phases: means, extremes, energy, why clocks were low."""

import math
from dataclasses import replace

import pytest

from eiload.observe import device
from eiload.record.observed import Series, Source
from eiload.record.run import Run
from tests.golden import golden_run
from tests.observe.made import series, source, with_sources
from tests.observe.test_server import PHASES

AT_S = tuple(float(n) for n in range(12))  # 0 s .. 11 s; what counts is 4 s .. 10 s
OF = {"gpu": "GPU-1", "name": "T4"}


def gpu(*of: Series, kind: str = "gpu") -> Source:
    """Return what was read of GPUs."""
    return source(*of, at_s=AT_S, kind=kind, name="nvml")


def observed(*sources: Source) -> Run:
    """Return a run of which that was read."""
    return with_sources(golden_run(PHASES), {"gpu": sources})


def one(*of: Series, kind: str = "gpu") -> device.Gpu:
    """Return what the one GPU did."""
    (found,) = device.gpus_of(observed(gpu(*of, kind=kind)), 0)
    return found


def test_what_is_read_before_and_after_does_not_count() -> None:
    """Means and extremes of the readings within the phases."""
    use = [100.0] * 4 + [40.0, 50.0, 60.0, 50.0, 40.0, 60.0, 50.0] + [100.0]
    found = one(
        series("gpu_use", use, **OF),
        series("gpu_memory_bytes", [4.0] * 12, **OF),
        series("gpu_memory_total_bytes", [16.0] * 12, **OF),
        series("gpu_power_w", [70.0] * 12, **OF),
        series("gpu_sm_mhz", [1590.0] * 8 + [1200.0] * 4, **OF),
        series("gpu_sm_most_mhz", [1590.0] * 12, **OF),
    )
    assert (found.uuid, found.name, found.readings) == ("GPU-1", "T4", 7)
    assert (found.use, found.use_most) == pytest.approx((0.5, 0.6))
    assert (found.memory_bytes, found.memory_total_bytes) == (4, 16)
    assert (found.sm_least_mhz, found.sm_most_mhz) == (1200, 1590)
    assert found.energy_j == pytest.approx(70 * 6)  # there is no counter
    assert math.isnan(found.temperature_c)
    assert not found.knows_throttling
    assert found.throttled == {}


def test_energy_is_the_counters() -> None:
    """Its difference between the phases' ends, whatever the power readings say."""
    found = one(
        series("gpu_power_w", [1.0] * 12, **OF),
        series("gpu_energy_j", [1000 + 50.0 * n for n in range(12)], **OF),
    )
    assert found.energy_j == pytest.approx(50 * 6)


def test_why_clocks_were_low() -> None:
    """By readings, in words; being idle is no reason. A clock of the device's own is better."""
    reasons = series("gpu_reasons", [4.0] * 4 + [1, 4, 0x44, 1, 1, 1, 0x200] + [4.0], **OF)
    assert one(reasons).throttled == pytest.approx(
        {"power-capped": 2 / 7, "slowed for its heat, by hardware": 1 / 7}
    )
    assert one(reasons).knows_throttling
    capped = series("gpu_power_capped_s", [0.1 * n for n in range(12)], **OF)
    assert one(reasons, capped).throttled["power-capped"] == pytest.approx(0.1)
    assert device.throttled(observed(gpu(reasons)), 0, observed().measured()) == (2, 7)
    assert device.throttled(observed(), 0, observed().measured()) == (0, 0)


def test_dcgms_memory_has_no_total() -> None:
    """It is what is used and what is free."""
    found = one(
        series("gpu_memory_bytes", [4.0] * 12, **OF),
        series("gpu_memory_free_bytes", [12.0] * 12, **OF),
        kind="dcgm",
    )
    assert found.memory_total_bytes == 16


def test_the_busiest_gpu() -> None:
    """The use that an objective is on."""
    other = {**OF, "gpu": "GPU-2"}
    run = observed(
        gpu(series("gpu_use", [10.0] * 12, **OF), series("gpu_use", [80.0] * 12, **other))
    )
    assert len(device.gpus_of(run, 0)) == 2
    assert device.use(run, 0, run.measured()).tolist() == [0.8] * 7
    assert len(device.use(observed(), 0, run.measured())) == 0


def test_energy_up_to_a_sudden_end() -> None:
    """Readings end 3 s before the run, as in the journal of one that was killed: so much per s."""
    of = source(
        series("gpu_energy_j", [50.0 * n for n in range(8)], **OF),
        series("gpu_power_capped_s", [0.25 * n for n in range(8)], **OF),
        at_s=AT_S[:8], kind="gpu",
    )  # fmt: skip
    (found,) = device.gpus_of(observed(of), 0)
    assert found.energy_j == pytest.approx(50 * 6)
    assert found.throttled == {"power-capped": pytest.approx(0.25)}


def test_what_is_read_again_is_no_further_reading() -> None:
    """An exporter says something new every 6 s here: ten readings of it are two."""
    of = gpu(
        series("gpu_use", [10.0] * 6 + [90.0] * 6, **OF),
        series("gpu_reasons", [0.0] * 6 + [4.0] * 6, **OF),
        kind="dcgm",
    )
    run = observed(replace(of, changed=1))
    spans = run.phases()
    assert device.use(run, 0, spans).tolist() == [0.1, 0.9]
    assert device.throttled(run, 0, spans) == (1, 2)
    assert len(device.use(observed(of), 0, spans)) == 11  # one that is as fast as it is read
    never = gpu(series("gpu_use", [10.0] * 12, **OF), kind="dcgm")
    assert device.use(observed(replace(never, changed=0)), 0, spans).tolist() == [0.1]


def test_a_host() -> None:
    """Use and steal as shares of all time; waiting for a disk is no use."""
    modes = {"user": 0.5, "steal": 0.1, "idle": 1.2, "iowait": 0.2}
    spent = [
        series("host_cpu_s", [per_s * n for n in range(12)], mode=mode)
        for mode, per_s in modes.items()
    ]
    of = source(*spent, at_s=AT_S, kind="host", name="this machine")
    (found,) = device.hosts_of(observed(of), 0)
    assert found.name == "this machine"
    assert (found.use, found.steal) == pytest.approx((0.3, 0.05))
    assert device.hosts_of(observed(), 0) == []
