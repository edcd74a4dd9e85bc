"""packed: what was added comes out again, and takes little."""

import resource

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eiload.base.clock import NS_PER_S
from eiload.record.intervals import Intervals
from eiload.record.packed import TOGETHER, Packed
from eiload.record.recorder import Recorder
from eiload.sending.arrays import RESULT_DTYPE


def a_report(first_s: float, seconds: float, rate: int, chance: np.random.Generator) -> Intervals:
    """Return the counts of requests that took some 5 ms, due evenly."""
    results = np.zeros(round(seconds * rate), RESULT_DTYPE)
    due_s = first_s + np.arange(len(results)) / rate
    results["intended_ns"] = (due_s * NS_PER_S).astype(np.int64)
    results["sent_ns"] = results["intended_ns"] + chance.integers(10**5, 10**6, len(results))
    took_ns = (chance.lognormal(0, 0.2, len(results)) * 5e6).astype(np.int64)
    results["done_ns"] = results["sent_ns"] + took_ns
    recorder = Recorder(0, 5)
    recorder.record(results)
    return recorder.take()


@given(st.lists(st.integers(0, 40), max_size=3 * TOGETHER), st.integers(0, 9))
def test_nothing_is_lost(sizes: list[int], seed: int) -> None:
    """However many reports, empty ones too."""
    chance, packed = np.random.default_rng(seed), Packed()
    reports = [a_report(at * 0.7, 0.5, 2 * size, chance) for at, size in enumerate(sizes)]
    for report in reports:
        packed.add(report)
    assert Intervals.merge(packed) == Intervals.merge(reports)
    assert len(list(packed)) <= len(sizes) // TOGETHER + TOGETHER


def test_it_stays_small() -> None:
    """An hour of 50 requests a second, by two workers, grows by less than half a megabyte."""
    chance, packed = np.random.default_rng(1), Packed()
    for at in range(1200):
        packed.add(a_report(at * 3, 3, 25, chance))
    assert 2 * packed.size_bytes < 1_000_000
    assert packed.held_bytes == 0
    kept = sum(each.keys.nbytes + each.counts.nbytes for each in packed)
    assert kept > 10 * packed.size_bytes


def test_a_file_that_cannot_grow() -> None:
    """What finds no room on the disk stays in memory; what is there already is read from it."""
    chance, packed = np.random.default_rng(2), Packed()
    reports = [a_report(at * 3, 3, 25, chance) for at in range(4 * TOGETHER)]
    for report in reports[: 2 * TOGETHER]:
        packed.add(report)
    written = packed.size_bytes
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (written + 100, before[1]))
    try:
        for report in reports[2 * TOGETHER :]:
            packed.add(report)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert packed.held_bytes == packed.size_bytes - written > 0
    assert Intervals.merge(packed) == Intervals.merge(reports)


def test_no_folder_for_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """It stays in memory then."""

    def none() -> None:
        raise FileNotFoundError("no usable temporary directory")

    monkeypatch.setattr("tempfile.TemporaryFile", lambda **_: none())
    chance, packed = np.random.default_rng(3), Packed()
    reports = [a_report(at * 3, 3, 25, chance) for at in range(TOGETHER)]
    for report in reports:
        packed.add(report)
    assert packed.held_bytes == packed.size_bytes > 0
    assert Intervals.merge(packed) == Intervals.merge(reports)
