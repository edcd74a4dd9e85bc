"""What a run has come to, from what is known of it and what its workers have said."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from eiload.base.clock import NS_PER_S
from eiload.base.status import Status
from eiload.control import closing
from eiload.control.messages import Report
from eiload.control.workers import Workers
from eiload.record.facts import Answers, TargetFacts
from eiload.record.intervals import Intervals
from eiload.record.recorder import Recorder
from eiload.record.run import PAYLOAD, Run
from eiload.record.stopping import READY, RUN_TIME
from eiload.sending.arrays import RESULT_DTYPE
from tests.control.test_workers import (
    DURATION_NS,
    KNOWN,
    OFFSETS_NS,
    SCENARIO,
    SCHEDULE,
    Play,
    a_final,
    a_report,
    begun,
)


def ended(workers: Workers, counts: Intervals) -> Workers:
    """Have the one worker end with these counts."""
    workers.report("w0", a_final(DURATION_NS, counts), DURATION_NS)
    return workers


def test_a_whole_run() -> None:
    """All that was due is there, nothing is amiss, and what was known is in it."""
    known = replace(KNOWN, digest="abc", share="2 of 9 s", started_wall_ns=7)
    run = closing.closed(known, ended(begun(1), Play(1).sent("w0", DURATION_NS)), SCHEDULE)
    assert run.statuses(0) == {Status.OK: len(OFFSETS_NS)}
    assert (run.scenario, run.started_wall_ns, run.ended_ns) == (SCENARIO, 7, DURATION_NS)
    assert (run.environment[PAYLOAD], run.environment[READY]) == ("abc", "2 of 9 s")
    assert run.problems == ()
    assert [worker.name for worker in run.workers] == ["w0"]
    assert Run.from_json(run.to_json()).to_json() == run.to_json()


def test_what_is_missing_is_lost() -> None:
    """What was due and is in no report is entered."""
    run = closing.closed(KNOWN, ended(begun(1), Play(1).sent("w0", DURATION_NS // 2)), SCHEDULE)
    counted = int((OFFSETS_NS < DURATION_NS // 2).sum())
    assert run.statuses(0) == {Status.OK: counted, Status.LOST: len(OFFSETS_NS) - counted}


def test_workers_that_were_cut_at_different_instants() -> None:
    """The run says up to when each has sent: what was due can be counted anew from its file."""
    workers, play = begun(2), Play(2)
    workers.stop()
    for name, cut_ns in (("w0", 9 * NS_PER_S), ("w1", 11 * NS_PER_S)):
        workers.report(name, a_final(cut_ns, play.sent(name, cut_ns)), cut_ns)
    known = replace(KNOWN, stopped="SIGINT")
    run = Run.from_json(closing.closed(known, workers, SCHEDULE).to_json())
    assert run.cuts_ns == (9 * NS_PER_S, 11 * NS_PER_S)
    assert run.ended_ns == 11 * NS_PER_S
    assert run.statuses(0) == {Status.OK: sum(SCHEDULE.due(run.cuts_ns).values())}
    assert sum(SCHEDULE.due([run.ended_ns]).values()) > run.statuses(0)[Status.OK]
    assert run.problems == ()


def test_what_was_not_due_is_a_problem() -> None:
    """More than was scheduled means that something is broken."""
    more = Recorder(0)
    more.record(np.zeros(len(OFFSETS_NS), RESULT_DTYPE))
    run = closing.closed(KNOWN, ended(begun(1), more.take()), SCHEDULE)
    (problem,) = run.problems
    assert problem.endswith("requests are recorded that were not scheduled")


@pytest.mark.parametrize(("stopped", "said"), [("SIGINT", "SIGINT"), (RUN_TIME, "")])
def test_users_runs(stopped: str, said: str) -> None:
    """A run of Locust's users is as long as it was, and only a signal cuts it short."""
    workers = begun(1, driven=True)
    workers.stop()
    workers.report("w0", a_final(3 * NS_PER_S, Play(1).sent("w0", NS_PER_S)), 3 * NS_PER_S)
    known = replace(KNOWN, driven=True, stopped=stopped)
    run = closing.closed(known, workers, SCHEDULE)
    assert run.scenario.duration_ns == run.ended_ns == 3 * NS_PER_S
    assert run.stopped == said
    assert run.statuses(0).keys() == {Status.OK}  # nothing was due


def test_before_the_end() -> None:
    """A run stands at its workers' last words; who is lost is in it with the reason."""
    workers = begun(2)
    opened = closing.opened(KNOWN, workers)
    assert (opened.ended_ns, opened.intervals.total(), opened.problems) == (0, 0, ())
    workers.report("w0", a_report(), 4 * NS_PER_S)
    workers.lose("w1", "it left", 5 * NS_PER_S)
    state = closing.state(KNOWN, workers)
    assert state.ended_ns == 4 * NS_PER_S
    assert state.cuts_ns == [4 * NS_PER_S, 4 * NS_PER_S]
    assert state.problems == ["worker w1 was lost: it left"]
    assert [worker.lost for worker in closing.opened(KNOWN, workers).workers] == ["", "it left"]


def told(answers: Answers, **failures: int) -> Report:
    """Return a report of answers and failures in the second of two phases."""
    both: dict[str, Any] = {
        "answers": {"gpu": (Answers(), answers)},
        "failures": {"gpu": ({}, failures)},
    }
    return replace(a_report(), **both)


def test_what_workers_tell_of_targets_is_added_up() -> None:
    """Answers and failures of all workers' last reports, by phase and together."""
    found = [TargetFacts("gpu", "127.0.0.1:1", "ssd", first_inference_ns=9, notes=("slow",))]
    reports = [told(Answers(4, 1, 2, 1), gone=3), told(Answers(4, 1, 2, 1), gone=3, busy=1)]
    (gpu,) = closing.targets_of(found, reports, phases=2)
    assert gpu.answers == (Answers(), Answers(checked=8, bad=2, compared=4, agreed=2))
    assert gpu.failures == ({}, {"gone": 6, "busy": 1})
    assert gpu.details == {"gone": 6, "busy": 1}
    assert (gpu.answers_checked, gpu.answers_bad) == (8, 2)
    assert (gpu.answers_compared, gpu.answers_agreed) == (4, 2)
    assert (gpu.notes, gpu.first_inference_ns) == (("slow",), 9)


def test_environment() -> None:
    """What the figures were made with is text."""
    environment = closing.environment()
    assert {"eiload", "python", "locust", "grpcio", "system", "cpus"} == set(environment)
    assert all(environment.values())
