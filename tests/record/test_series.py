"""series: seconds of a run; answers count when they come, and absences are found."""

from dataclasses import replace

import numpy as np
import pytest

from eiload.base.clock import NS_PER_S
from eiload.base.status import Status
from eiload.record import series
from eiload.record.recorder import Recorder
from eiload.record.series import Outage
from tests.golden import ONE, TWO, away, golden_run, results, steady

CONSTANT = ONE.replace("rate: 20/s", "rate: 10/s, arrivals: constant").replace("5 min", "60 s")


def test_statuses_by_second_add_up_to_the_run() -> None:
    """Per second or in all: the same requests."""
    run = golden_run(answers={"ei": away(steady(100, 1), 100, 140)})
    by_second = series.statuses(run, 1, run.measured())
    assert {each: int(counts.sum()) for each, counts in by_second.items()} == run.statuses(1)
    assert all(len(counts) == 300 for counts in by_second.values())


def test_throughput_of_a_target_that_keeps_up_is_its_rate() -> None:
    """10/s in, 10/s out; the edges of the phase cost a request or two."""
    run = golden_run(CONSTANT)
    assert series.throughput_per_s(run, 0, run.measured()) == pytest.approx(10, rel=0.01)


def test_answers_that_come_after_the_end_are_no_throughput() -> None:
    """A server that answers 30 s late does half of what was asked in 60 s, not all of it."""
    run = golden_run(CONSTANT, {"gpu": lambda due: np.full(len(due), 30.0)})
    assert run.sample(0).good == 600
    assert series.throughput_per_s(run, 0, run.measured()) == pytest.approx(5, rel=0.05)


def test_throughput_of_nothing_is_not_a_number() -> None:
    """A run that was stopped before its measurement has no throughput."""
    run = replace(golden_run(TWO), ended_ns=5 * NS_PER_S)
    assert np.isnan(series.throughput_per_s(run, 0, run.measured()))
    assert series.length_s(run, run.measured()) == 0


def test_length_of_a_stopped_run_is_exact() -> None:
    """A run stopped within a second lasted that part of it."""
    run = replace(golden_run(CONSTANT), ended_ns=int(12.25 * NS_PER_S), stopped="SIGINT")
    assert series.length_s(run, run.measured()) == 12.25


def test_times_in_steps_stay_in_their_phase() -> None:
    """A step that begins before its phase does not move answers into the phase before."""
    run = golden_run()
    recorder = Recorder(0, step_s=60)
    due_s = 10 + np.arange(0, 300, 0.05)
    recorder.record(results(0, 1, due_s, np.full(len(due_s), 0.1)))
    stepped = replace(run, intervals=recorder.take())
    assert series.answers(stepped, 0, stepped.measured()).sum() == len(due_s)


def test_outage_is_found_where_it_was() -> None:
    """A target that is away for 40 s is said to be away for 40 s."""
    run = golden_run(answers={"ei": away(steady(100, 1), 100, 140)})
    by_second = series.statuses(run, 1, run.measured())
    (outage,) = series.outages(by_second[Status.OK], by_second[Status.UNAVAILABLE])
    assert abs(outage.first_second - 90) <= 1
    assert 38 <= outage.seconds <= 40
    assert outage.failures == by_second[Status.UNAVAILABLE].sum()


def test_outage_spans_seconds_without_requests() -> None:
    """At a low rate some seconds have nothing due; the target was away in them as well."""
    good = np.array([1, 0, 0, 0, 0, 0, 0, 1])
    failed = np.array([0, 2, 0, 2, 0, 1, 0, 0])
    assert series.outages(good, failed) == [Outage(1, 5, 5)]


@pytest.mark.parametrize(
    ("good", "failed"),
    [
        ([5, 5, 5, 5], [0, 0, 0, 0]),
        ([5, 0, 0, 5], [0, 9, 9, 0]),
        ([5, 0, 0, 0, 5], [0, 1, 1, 1, 0]),
        ([5, 0, 0, 0, 5, 5], [0, 2, 2, 2, 4, 4]),
        ([], []),
    ],
)
def test_what_is_no_outage(good: list[int], failed: list[int]) -> None:
    """None failed; 2 s only; few requests; most failures elsewhere; no run at all."""
    assert series.outages(np.array(good, np.int64), np.array(failed, np.int64)) == []


def test_everything_failed_is_one_outage() -> None:
    """A target that never answered was away all the time."""
    assert series.outages(np.zeros(60, np.int64), np.full(60, 3)) == [Outage(0, 60, 180)]
