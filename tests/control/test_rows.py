"""rows: failures one after the other, however they are cut into batches."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from eiload.base.status import Status
from eiload.control.rows import Rows
from eiload.sending.arrays import RESULT_DTYPE, Results

ENDS = st.lists(st.tuples(st.integers(0, 1), st.sampled_from([Status.OK, Status.UNAVAILABLE])))


def results(ends: list[tuple[int, Status]], done_ns: int = 10) -> Results:
    """Return requests to two targets that ended so."""
    found = np.zeros(len(ends), RESULT_DTYPE)
    found["target"], found["status"] = zip(*ends, strict=True) if ends else ([], [])
    found["done_ns"] = done_ns
    return found


@given(ENDS, st.lists(st.integers(0, 40), max_size=4))
def test_the_longest_row(ends: list[tuple[int, Status]], cuts: list[int]) -> None:
    """Of each target by itself."""
    rows, expected = Rows(2, 0), [0, 0]
    for each in np.split(results(ends), sorted(cuts)):
        rows.add(each)
    for target in range(2):
        now = 0
        for status in (status for of, status in ends if of == target):
            now = 0 if status is Status.OK else now + 1
            expected[target] = max(expected[target], now)
    assert [*rows.longest] == expected


def test_the_grace() -> None:
    """What ended within it counts not, nor what was dropped in it."""
    rows = Rows(1, 10)
    rows.add(results([(0, Status.UNAVAILABLE)] * 5, done_ns=9))
    dropped = results([(0, Status.DROPPED)] * 2, done_ns=0)
    dropped["intended_ns"] = [9, 10]
    rows.add(dropped)
    assert rows.longest == [1]
