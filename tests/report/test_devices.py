"""What is said of GPUs and hosts: energy per good inference, throttling in words."""

from dataclasses import replace

import pytest

from eiload.observe.device import gpus_of
from eiload.report import devices
from tests.golden import golden_run
from tests.observe.test_parts import NUMBER
from tests.report.observed_runs import observed


def test_a_gpu_and_a_host() -> None:
    """A row, and what has no room in it; 50 J a second are 5 J for each of ten a second."""
    section = devices.section(observed())
    (row,) = section.rows
    assert row.cells == (
        *("gpu", "Tesla T4", "40 %", "15.0 GiB of 16.0", "50.0", "5,000", "5.00"),
        *("1,389", "1,555"),
    )
    assert ["".join(map(str, line)) for line in section.lines] == [
        "gpu: Tesla T4 was power-capped in 9.09 % of the phases",
        "gpu: Tesla T4 clocks fell to 1,200 MHz of 1,590",
        "gpu: Tesla T4 was at most 61 C warm",
        "gpu: CPU of this machine: 50 % in use, 10 % taken by the hypervisor",
    ]


def test_energy() -> None:
    """Over good answers; nobody knows it of a target without a GPU, or of older run files."""
    assert devices.energy_j(observed(), 0) == pytest.approx(5000 / NUMBER)
    assert devices.energy_j(observed(), 1) is None
    assert devices.energy_j(golden_run(), 0) is None


def test_a_gpu_that_two_targets_share() -> None:
    """Its energy is over the good answers of both."""
    run = observed()
    gpu = [source for source in run.observed[0] if source.kind == "gpu"]
    both = replace(run, observed=(tuple(gpu), tuple(gpu)))
    assert devices.energy_j(both, 0) == pytest.approx(5000 / (2 * NUMBER))


def test_throttling_in_words() -> None:
    """Not at all, or nobody says."""
    (gpu,) = gpus_of(observed(), 0)
    assert devices.in_words(replace(gpu, throttled={})) == "was not throttled"
    assert devices.in_words(replace(gpu, throttled={}, knows_throttling=False)) == ""


def test_nothing_was_observed() -> None:
    """Nothing is said."""
    section = devices.section(golden_run())
    assert not section.rows
    assert not section.lines
