"""cut: one rule cuts every count of a run alike."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eiload.base.clock import NS_PER_S
from eiload.judging.statistics import cut as cut_module
from eiload.judging.statistics.cut import MIN_BLOCK_S, Cut, block_count, cut_of, sound
from tests.golden import ONE, golden_run

LONG = ONE.replace("for: 5 min", "for: 24 h").replace("rate: 20/s", "rate: 1/s")


@pytest.mark.parametrize(
    ("seconds", "k"),
    [
        (0, 0),
        (1, 1),
        (9, 9),
        (20, 20),
        (59, 20),
        (60, 12),
        (64, 12),
        (99, 19),
        (299, 59),
        (900, 60),
    ],
)
def test_blocks_are_of_5_s_where_that_makes_12(seconds: int, k: int) -> None:
    """A run of 60 s is the shortest whose blocks can pass anything; shorter ones are cut finer."""
    assert block_count(seconds) == k
    cut = Cut.even(seconds)
    assert sound(cut.lengths_s(), np.ones(k)) == (seconds >= 60)


@settings(deadline=None)
@given(st.integers(1, 5000))
def test_every_second_has_its_block(seconds: int) -> None:
    """All blocks hold seconds, in order, and differ by two steps at most."""
    run = golden_run(LONG)
    run = replace(run, ended_ns=seconds * NS_PER_S)
    cut = cut_of(run, run.measured())
    assert cut.seconds == seconds
    assert (np.diff(cut.block) >= 0).all()
    lengths = cut.lengths_s()
    assert len(lengths) == cut.k == block_count(seconds, run.step_s)
    assert lengths.min() >= 1
    assert lengths.max() - lengths.min() <= 2 * run.step_s


def test_borders_lie_where_steps_begin() -> None:
    """A day's plan keeps its times in steps of 120 s: a block holds whole ones."""
    run = replace(golden_run(LONG), ended_ns=7200 * NS_PER_S)
    assert run.step_s == 120
    cut = cut_of(run, run.measured())
    assert cut.k == 20
    borders = np.flatnonzero(np.diff(cut.block)) + 1
    assert not (borders % 120).any()


def test_too_few_steps_carry_no_verdict() -> None:
    """Ten minutes of a day's plan are 5 steps: blocks of 2 min, and not sound."""
    run = replace(golden_run(LONG), ended_ns=600 * NS_PER_S)
    cut = cut_of(run, run.measured())
    assert cut.k == 5
    assert not sound(cut.lengths_s(), np.ones(5))


def test_empty_blocks_carry_no_verdict() -> None:
    """Requests in fewer than 12 blocks say too little of the rest of the time."""
    lengths = np.full(20, float(MIN_BLOCK_S))
    totals = np.zeros(20)
    totals[:11] = 100
    assert not sound(lengths, totals)
    totals[11] = 1
    assert sound(lengths, totals)


def test_no_other_file_cuts_a_run() -> None:
    """Objectives, comparisons, throughput and cost see the same blocks: one rule makes them."""
    package = Path(cut_module.__file__).parents[2]
    cutting = {
        path.name
        for path in package.rglob("*.py")
        if re.search(r"\bCut\(|\bdef block_count\(|\bMAX_BLOCKS\b.*//", path.read_text())
    }
    assert cutting == {"cut.py"}
