"""The coordinator against scripted agents: no process, no socket, real threads and clock."""

import re

import pytest

from eiload.base.clock import NS_PER_S
from eiload.base.errors import EngineError, ScenarioError, TargetError
from eiload.base.status import Status
from eiload.control.messages import (
    Forget,
    Go,
    Order,
    Own,
    Prepare,
    Report,
    Stop,
    encode,
    versions,
)
from eiload.record.facts import Answers
from eiload.record.intervals import Intervals
from eiload.record.run import PAYLOAD
from eiload.record.stopping import READY
from tests.control.script import Script, a_scenario


def test_everything_is_accounted_for() -> None:
    """Reports of all slices add up to the schedule, and nothing is amiss."""
    script = Script(a_scenario(), workers=3)
    run = script.run()
    assert run.environment[PAYLOAD] == "same"  # the digest that all workers have
    due = sum(script.schedule.due([script.schedule.duration_ns] * 3).values())
    assert run.statuses(0) == {Status.OK: due}
    assert run.problems == ()
    assert run.targets[0].answers_checked == 3


def test_counts_are_told_by_class() -> None:
    """As they arrive, with what is in flight: an objective may be on one class of a mix."""
    mix = [{"class": name, "synthetic": "8x8"} for name in ("small", "large")]
    script = Script(a_scenario(payload={"mix": mix}), workers=1)
    told: list[Intervals] = []
    flying: list[int] = []

    def hear(intervals: Intervals) -> None:
        told.append(intervals)
        flying.append(script.coordinator.present().in_flight)

    script.coordinator._on_intervals = hear
    first, last = (script.slice_of(0).in_class(which) for which in (1, 0))

    def report(name: str, order: Order) -> None:
        word = Report(
            run=order.run,
            intervals=first,
            failures={"gpu": ({},)},
            answers={"gpu": (Answers(),)},
            in_flight=7,
        )
        script.say(name, encode(word))
        script.final(name, order, last)

    script.answers[Go] = report
    script.play()
    assert told == [first, last]
    assert flying == [7, 0]


def test_workers_start_together() -> None:
    """All agents get one start, once all are ready, and know their slices."""
    script = Script(a_scenario())
    script.run()
    prepared = [order for _, order in script.heard(Prepare)]
    assert [(order.index, order.count, order.versions) for order in prepared] == [
        (0, 2, versions()),
        (1, 2, versions()),
    ]
    (one, other) = [order for _, order in script.heard(Go)]
    assert one.origin_ns == other.origin_ns
    assert one.in_ns > 0


@pytest.mark.parametrize(
    ("status", "kind"), [(2, ScenarioError), (4, TargetError), (5, EngineError)]
)
def test_an_agent_cannot(status: int, kind: type[Exception]) -> None:
    """What one agent cannot do ends the run before it begins, with its words and its status."""
    script = Script(a_scenario())

    def refuse(name: str, order: Order) -> None:
        if name == "w1":
            script.fail(name, order, "ei: no such model", status)
        else:
            script.ready(name, order)

    script.answers[Prepare] = refuse
    coordinator = script.play()
    assert type(coordinator.error) is kind
    assert str(coordinator.error) == "ei: no such model"
    assert coordinator.run is None
    assert not script.heard(Go)
    assert [name for name, _ in script.heard(Forget)] == ["w0", "w1"]


@pytest.mark.parametrize("stops", [False, True])
def test_users_ask_for_what_is_wrong(*, stops: bool) -> None:
    """A slip in the code of Locust's users ends their run with its words, also while it is on.

    Nor does it matter whether the run stops first, as its only user has ended by the slip.
    """
    script = Script(a_scenario(), driven=True)

    def refuse(name: str, order: Order) -> None:
        if name == "w1":
            if stops:
                script.coordinator.stop("no user is left")
            script.fail(name, order, "Half: no array", 2)

    script.answers[Go] = refuse
    coordinator = script.play()
    assert type(coordinator.error) is ScenarioError
    assert str(coordinator.error) == "Half: no array"
    assert coordinator.started.is_set()
    assert [name for name, _ in script.heard(Forget)] == ["w0", "w1"]


def test_different_payloads() -> None:
    """Agents that read other images under the same names are refused."""
    script = Script(a_scenario())
    script.answers[Prepare] = lambda name, order: script.ready(name, order, digest=name)
    error = script.play().error
    assert isinstance(error, ScenarioError)
    assert "different payloads" in str(error)


def test_lost_before_the_start() -> None:
    """A worker that goes while it is getting ready ends the run."""
    script = Script(a_scenario())

    def go_away(name: str, order: Order) -> None:
        if name == "w1":
            script.coordinator.lose(name, "it left")
        else:
            script.ready(name, order)

    script.answers[Prepare] = go_away
    assert "w1 was lost" in str(script.play().error)


def test_lost_during_the_load() -> None:
    """What a lost worker has not reported is LOST, second by second, and the run has a problem."""
    script = Script(a_scenario())

    def half(name: str, order: Order) -> None:
        if name == "w1":
            script.coordinator.lose(name, "it stopped answering")
        else:
            script.everything(name, order)

    script.answers[Go] = half
    run = script.run()
    due = sum(script.schedule.due([script.schedule.duration_ns] * 2).values())
    mine = script.slice_of(0).total()
    assert run.statuses(0) == {Status.OK: mine, Status.LOST: due - mine}
    assert "worker w1 was lost: it stopped answering" in run.problems
    assert run.workers[1].lost


def test_slices_change_hands() -> None:
    """A lost worker's slices go to another, from an instant that nobody has fed yet."""
    long = [{"phase": "steady", "rate": "1/s", "for": "1 h"}]
    script = Script(a_scenario(traffic=long))
    script.answers[Go] = lambda name, _: (
        script.coordinator.lose(name, "it left") if name == "w1" else None
    )
    script.answers[Own] = lambda name, order: script.final(
        name, order, Intervals.empty(), lost="the sender process died"
    )
    script.run()
    ((heir, own),) = script.heard(Own)
    assert (heir, own.slices) == ("w0", (1,))
    assert own.from_ns >= 2 * NS_PER_S


def test_stopped_early() -> None:
    """A stop reaches every agent with one instant; what was due later is not missed."""
    long = [{"phase": "steady", "rate": "1/s", "for": "1 h"}]
    script = Script(a_scenario(traffic=long))

    def cut(name: str, order: Order) -> None:
        script.final(name, order, Intervals.empty(), ended_ns=0)

    script.answers[Go] = lambda name, _: script.coordinator.stop("SIGINT") if name == "w0" else None
    script.answers[Stop] = cut
    run = script.run()
    assert [order.at_ns for _, order in script.heard(Stop)][0:1]
    assert run.stopped == "SIGINT"
    assert run.intervals.total() == 0
    assert run.problems == ()


def test_what_getting_ready_takes_of_the_run_time() -> None:
    """It is said when the load begins, and kept in the run."""
    script = Script(a_scenario(), run_time_ns=NS_PER_S)
    run = script.run()
    (said,) = [line for line in script.said if "--run-time" in line]
    assert re.fullmatch(r"[\d.]+ of 1 s of --run-time went into getting ready", said)
    assert run.environment[READY] == said


def test_the_drain_is_the_same_for_all() -> None:
    """Every agent is told how long to wait for answers."""
    script = Script(a_scenario(), drain_ns=3)
    script.run()
    assert [order.drain_ns for _, order in script.heard(Prepare)] == [3, 3]
