"""A run over time, told column by column."""

import json
import tracemalloc
from typing import Any

import numpy as np
import pytest

from eiload.record.buckets import bucket_of
from eiload.report.live.track import COLUMNS, Known, Track


def known(seconds: list[int], ms: float) -> Known:
    """Return one answer in each of some seconds."""
    bucket = bucket_of(np.full(len(seconds), int(ms * 1e6)))
    return Known(np.array(seconds, np.int64), bucket, np.ones(len(seconds), np.int64))


def due(start_s: int, end_s: int, target: int) -> float:
    """Return that ten requests a second were due to each target."""
    del target
    return 10.0 * (end_s - start_s)


def told(track: Track, kind: str) -> list[Any]:
    """Return what was told of a kind."""
    return [item for item in map(json.loads, track.items) if item[0] == kind]


def test_columns() -> None:
    """Each tells what became known in it, once it is over."""
    track = Track(2, 2)
    track.answered(0, known([0, 1, 1, 2], 100))
    track.sent(0, known([0], 3))
    track.failed(1, 1, 4)
    track.close(3.9, due)
    unknown = [None] * 4
    assert told(track, "r") == [["r", 0, 2, [[20.0, 3, 0, pytest.approx(3, rel=0.01), *unknown],
                                             [20.0, 0, 4, None, *unknown]]]]  # fmt: skip
    track.answered(0, known([0], 100))  # late: it became known by now
    track.close(4, lambda _start, _end, _target: None)
    assert told(track, "r")[1] == [
        "r",
        2,
        2,
        [[None, 2, 0, None, *unknown], [None, 0, 0, None, *unknown]],
    ]


def test_parts_are_means() -> None:
    """Over all answers, those that were not blocked too; also when two columns become one."""
    track = Track(1, 2)
    wait, blocked, upload = 2, 0, 1
    for start in range(0, 2 * COLUMNS + 4, 2):
        track.told(0, start, wait, 4 * 30e6, 4)
        track.told(0, start, upload, 4 * 10e6, 4)
        track.told(0, start, blocked, 8e6, 1)
    track.close(2, due)
    assert told(track, "r")[0][3][0][4:] == [2, 10, 30, 0]
    track.close(2 * COLUMNS + 4, due)
    assert track.width_s == 4
    assert told(track, "r")[-1][3][0][4:] == [2, 10, 30, 0]


def test_quantiles_take_as_long_as_it_takes() -> None:
    """A median takes 40 requests, a p95 400; failures are among them."""
    track = Track(1, 1)
    for second in range(40):
        track.answered(0, known([second] * 18, 100))
        track.failed(0, second, 2)
    track.close(40, due)
    medians = [item for item in told(track, "q") if item[2] == 0]
    assert medians[0] == ["q", 0, 0, 0, 2, pytest.approx(100, rel=0.01)]
    assert len(medians) == 20
    tails = [item for item in told(track, "q") if item[2] == 1]
    assert [item[3:] for item in tails] == [[0, 20, -1], [20, 40, -1]]  # a tenth failed


def test_the_whole_run_gets_coarser() -> None:
    """When there are too many columns, each two become one, and all is told anew."""
    track = Track(1, 2)
    seconds = 2 * COLUMNS + 20
    track.answered(0, known(list(range(seconds)), 100))
    track.close(seconds, due)
    assert (track.generation, track.width_s) == (1, 4)
    columns = told(track, "r")
    assert [item[1] for item in columns] == list(range(0, seconds, 4))
    assert all(item[3][0][:2] == [40.0, 4] for item in columns)


def test_the_last_minutes_forget() -> None:
    """Columns stay as long as they were, and what is told has its number still."""
    track = Track(1, 2, forgets=True)
    for second in range(0, 2000, 2):
        track.answered(0, known([second], 100))
        track.close(second + 2, due)
    assert (track.generation, track.width_s) == (0, 2)
    assert 0 < len(track.items) <= 4 * COLUMNS
    assert len(track._columns) == COLUMNS
    assert track.first + len(track.items) == 1000 + 1000 // 40 + 1000 // 400
    assert told(track, "r")[-1][1] == 1998


def test_getting_coarser_needs_no_second_copy() -> None:
    """Old and new columns are not held side by side: what that takes is not given back."""
    track, chance = Track(1, 2), np.random.default_rng(1)
    tracemalloc.start()
    try:
        for second in range(0, 2 * COLUMNS, 2):
            took = bucket_of((chance.lognormal(0, 0.5, 100) * 5e6).astype(np.int64))
            track.answered(0, Known(np.full(100, second), took, np.ones(100, np.int64)))
            track.close(second + 2, due)
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        track.close(2 * COLUMNS + 2, due)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert track.generation == 1
    assert peak < 3 * before  # told and packed anew is 1.8, a second copy beside it 5.2
