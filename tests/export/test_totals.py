"""Totals against the run that they are of, however it was reported."""

import numpy as np
import pytest

from eiload.base.status import Status
from eiload.export import totals as module
from eiload.export.totals import TIMES, Totals
from eiload.record.intervals import Intervals, Kind, class_of, parts_of
from eiload.record.run import Run
from tests.golden import MIX, TWO, away, golden_run, steady

ENDS = {TWO: {"ei": away(steady(120, 2), 100, 130)}, MIX: {}}


def cut(run: Run, pieces: int) -> list[Intervals]:
    """Return a run's counts as so many reports."""
    whole = run.by_class if run.scenario.payload.mix else run.intervals
    of_key = parts_of(whole.keys)[3] % pieces
    of_moment = parts_of(whole.moment_keys)[3] % pieces
    found = []
    for piece in range(pieces):
        keys, moments = of_key == piece, of_moment == piece
        columns = (
            each[moments] for each in (whole.moment_keys, whole.sums, whole.mins, whole.maxs)
        )
        found.append(Intervals(whole.keys[keys], whole.counts[keys], *columns))
    return found


@pytest.mark.parametrize("text", [TWO, MIX])
@pytest.mark.parametrize("pieces", [1, 7])
def test_they_are_the_runs(text: str, pieces: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Statuses, numbers of times and their exact sums, by target, phase and class."""
    monkeypatch.setattr(module, "WAITING_AT_MOST", 3)
    run = golden_run(text, ENDS[text])
    totals = Totals()
    for piece in cut(run, pieces):
        totals.add(piece)
    classes = range(max(1, len(run.scenario.payload.mix)))
    seen = 0
    for (target, phase, of_class), statuses in totals.statuses():
        counts = run.by_class.of_class(of_class) if run.scenario.payload.mix else run.intervals
        assert statuses == counts.statuses(target, phase)
        seen += 1
    assert seen == 2 * 2 * len(classes)
    for kind in TIMES:
        for (target, phase, of_class), times in totals.times(kind):
            counts = run.by_class.of_class(of_class) if run.scenario.payload.mix else run.intervals
            _, buckets, numbers = counts.slab(target, phase, kind)
            assert times.counts.good == numbers.sum()
            held = times.counts.held()
            assert set(held[0].tolist()) == set(buckets.tolist())
            assert held[1].sum() == numbers.sum()
            moments = counts.moments(target, phase, kind)
            assert moments is not None
            assert times.sum_ns == moments[0]


def test_of_a_run() -> None:
    """What is made of a run at once is what came by reports."""
    run = golden_run(TWO)
    totals = Totals()
    totals.add(run.intervals)
    assert list(Totals.of(run).statuses()) == list(totals.statuses())
    assert {status for _, found in totals.statuses() for status in found} == {Status.OK}
    assert not list(Totals().times(Kind.LAG))
    assert not class_of(np.array([0])).any()
