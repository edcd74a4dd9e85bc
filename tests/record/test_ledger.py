"""The ledger: what was due and is not recorded is LOST, to the request and the second."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from eiload.base.clock import NS_PER_S
from eiload.base.status import Status
from eiload.record.intervals import NO_CLASS, Intervals
from eiload.record.ledger import reconcile
from eiload.record.recorder import Recorder
from eiload.sending.arrays import RESULT_DTYPE

CELLS = st.dictionaries(
    st.tuples(st.integers(0, 2), st.integers(0, 20)), st.integers(1, 30), max_size=12
)


def recorded(cells: dict[tuple[int, int], int], targets: int) -> Intervals:
    """Return intervals with that many OK requests per (phase, second), for every target."""
    recorder = Recorder(0)
    for (phase, second), count in cells.items():
        for target in range(targets):
            results = np.zeros(count, RESULT_DTYPE)
            results["phase"], results["target"] = phase, target
            results["intended_ns"] = second * NS_PER_S
            results["sent_ns"] = results["done_ns"] = second * NS_PER_S + 1
            recorder.record(results)
    return recorder.take()


@given(CELLS, CELLS, st.integers(1, 3))
def test_sums(due: dict[tuple[int, int], int], arrived: dict[tuple[int, int], int],
              targets: int) -> None:  # fmt: skip
    """Afterwards each cell holds at least what was due; missing and surplus are both told."""
    arrived = {cell: count for cell, count in arrived.items() if cell[0] in {p for p, _ in due}}
    completed, missing, surplus = reconcile(recorded(arrived, targets), [due] * targets)
    every = due.keys() | arrived.keys()
    gaps = [due.get(cell, 0) - arrived.get(cell, 0) for cell in every]
    assert missing == targets * sum(gap for gap in gaps if gap > 0)
    assert surplus == targets * -sum(gap for gap in gaps if gap < 0)
    assert completed.total() == targets * sum(arrived.values()) + missing
    lost = sum(
        completed.statuses(target, phase).get(Status.LOST, 0)
        for target in range(targets)
        for phase in range(3)
    )
    assert lost == missing


def test_nothing_amiss() -> None:
    """Records that add up come back as they were."""
    cells = {(0, 0): 5, (1, 3): 2}
    intervals = recorded(cells, 2)
    assert reconcile(intervals, [cells] * 2) == (intervals, 0, 0)


def test_what_is_lost_of_a_mix_is_of_no_class() -> None:
    """Nobody knows of which: the whole adds up, and no class is charged with it."""
    recorder = Recorder(0, classes=np.array([0, 1], np.uint8))
    results = np.zeros(4, RESULT_DTYPE)
    results["payload"] = [0, 0, 1, 0]
    recorder.record(results)
    completed, missing, _ = reconcile(recorder.take(), [{(0, 0): 6}], mixed=True)
    assert missing == 2
    assert completed.folded().statuses(0, 0) == {Status.OK: 4, Status.LOST: 2}
    assert [completed.of_class(which).statuses(0, 0) for which in (0, 1, NO_CLASS)] == [
        {Status.OK: 3}, {Status.OK: 1}, {Status.LOST: 2},
    ]  # fmt: skip


def test_each_target_has_its_own() -> None:
    """Where a trace chooses targets, what one has too little is not what the other has too much."""
    cells = {(0, 0): 5, (1, 3): 2}
    completed, missing, surplus = reconcile(
        recorded(cells, 2), [{(0, 0): 6}, {(0, 0): 5, (1, 3): 2}]
    )
    assert (missing, surplus) == (1, 2)
    assert completed.statuses(0, 0) == {Status.OK: 5, Status.LOST: 1}
    assert completed.statuses(1, 0) == {Status.OK: 5}
