"""Lag: from logs, from eiload's record."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.lags import Lags, lags_of_log, lags_of_run, largest_kept
from bench.process import BenchError
from eiload.base.clock import NS_PER_MS, NS_PER_S
from eiload.base.status import Status
from tests.golden import ONE, golden_run

DUE_NS = np.array([0, 100, 250, 900], np.int64) * NS_PER_MS


def test_known_beginning() -> None:
    """With a known beginning each lag is the instant sent less the instant due."""
    late_ms = np.array([1, 2, 3, 4])
    lags = lags_of_log(DUE_NS + late_ms * NS_PER_MS, DUE_NS, NS_PER_S, aligned=True)
    assert lags.lags_ms.tolist() == [1, 2, 3, 4]
    assert lags.achieved == 1


@given(st.integers(-(2**60), 2**60))
def test_unknown_beginning(origin_ns: int) -> None:
    """Without one the most punctual request counts as in time, whatever the log's clock says."""
    late_ns = np.array([3, 1, 2, 9], np.int64) * NS_PER_MS
    lags = lags_of_log(DUE_NS + late_ns + origin_ns, DUE_NS, NS_PER_S, aligned=False)
    assert lags.lags_ms.tolist() == [2, 0, 1, 8]


def test_falling_behind() -> None:
    """Who sends in two seconds what was due in one has achieved half of the rate."""
    lags = lags_of_log(
        np.array([0, 1, 2]) * NS_PER_S, np.zeros(3, np.int64), NS_PER_S, aligned=True
    )
    assert lags.achieved == 0.5
    assert lags.lags_ms.tolist() == [0, 1000, 2000]


def test_left_out() -> None:
    """What was never sent has no lag, but is missing in what was achieved."""
    lags = lags_of_log(DUE_NS[:3], DUE_NS, NS_PER_S, aligned=True)
    assert (lags.achieved, len(lags.lags_ms)) == (0.75, 3)


def test_more_than_due() -> None:
    """Requests beyond the schedule are not looked at."""
    sent_ns = np.append(DUE_NS, 5 * NS_PER_S)
    assert lags_of_log(sent_ns, DUE_NS, NS_PER_S, aligned=True).achieved == 1


def test_nothing_sent() -> None:
    """A log without requests is no measurement."""
    with pytest.raises(BenchError, match="nothing was sent"):
        lags_of_log(np.empty(0, np.int64), DUE_NS, NS_PER_S, aligned=True)


def test_kept() -> None:
    """A schedule is kept with p99 below 2 ms, if nearly all of it was sent."""
    assert Lags(np.full(100, 1.9), 1.0).kept
    assert not Lags(np.full(100, 2.0), 1.0).kept
    assert not Lags(np.full(100, 0.1), 0.9).kept


def test_largest_kept() -> None:
    """The headline is the largest rate that was kept in most of its rounds."""
    good, bad = Lags(np.full(9, 0.1), 1.0), Lags(np.full(9, 5.0), 1.0)
    rounds = [(20.0, [good]), (200.0, [good, bad, good]), (1000.0, [good, bad, bad])]
    assert largest_kept(rounds) == 200
    assert largest_kept([(20.0, [bad])]) is None
    assert largest_kept([(20.0, [])]) is None


def test_eiload_in_time() -> None:
    """Of an eiload run the lags are those it recorded; in time is all of the rate."""
    lags = lags_of_run(golden_run(ONE, lag_ms=0.2), 0)
    assert lags.quantile_ms(0.5) == pytest.approx(0.2, rel=1e-3)
    assert lags.quantile_ms(1.0) == pytest.approx(0.2, rel=1e-3)
    assert lags.achieved == pytest.approx(1, abs=1e-5)


def test_eiload_behind() -> None:
    """A run that is late at its end has achieved less: 300 s of load took 330."""
    assert lags_of_run(golden_run(ONE, lag_ms=30_000), 0).achieved == pytest.approx(
        300 / 330, rel=1e-3
    )


def test_eiload_dropped() -> None:
    """Requests that eiload dropped have no lag and are missing in what it achieved."""

    def every_other(due_s: np.ndarray) -> np.ndarray:
        return np.where(np.arange(len(due_s)) % 2, 0.1, np.inf)

    run = golden_run(ONE, {"gpu": every_other}, failed=Status.DROPPED)
    lags = lags_of_run(run, 0)
    assert lags.achieved == pytest.approx(0.5, rel=1e-3)
    assert len(lags.lags_ms) == run.statuses(0)[Status.OK]
