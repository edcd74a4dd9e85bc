"""One run's course: real coordinator and files, scripted agents."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from eiload.base.clock import NS_PER_S, SystemClock
from eiload.control.coordinator import Coordinator
from eiload.control.messages import Order, Prepare, Stop
from eiload.plugin.course import Course
from eiload.plugin.others import NOBODY
from eiload.plugin.voice import Voice
from eiload.record.run import load
from tests.control.script import Script, a_scenario

LONG = [{"phase": "steady", "rate": "1/s", "for": "1 h"}]


class Crew:
    """Those who make the load, as told by a script."""

    agent = None

    def __init__(self, script: Script) -> None:
        self.script = script
        self.begun = 0
        self.attended = 0

    def open(self, _token: str | None) -> None:
        """Let nobody in."""

    def check(self, _scenario: object) -> None:
        """Find nothing."""

    def workers(self) -> list[str]:
        """Return the script's."""
        return self.script.names

    def begin(self) -> None:
        """Take note."""
        self.begun += 1

    def send(self, worker: str, order: Order) -> None:
        """Have the script answer."""
        self.script._hear(worker, order)

    def attend(self, _coordinator: Coordinator) -> None:
        """Take note."""
        self.attended += 1


def a_course(script: Script, reports: dict[str, Path] | None = None, **options: Any) -> Course:
    """Return the course of a run with the agents of a script."""
    plain: dict[str, Any] = {
        "given": SimpleNamespace(undecided="fail", exit_code_on_error=1, loglevel="INFO"),
        "signals": [],
        "clock": SystemClock(),
        "driven": False,
        "drain_ns": None,
        "run_time_ns": None,
        "others": lambda _run: NOBODY,
    }
    voice = Voice(terminal=True, logfile=False)
    crew = Crew(script)
    course = Course(script.coordinator.scenario, crew, reports or {}, voice, **{**plain, **options})
    script.coordinator = course.coordinator
    return course


def test_to_its_end(tmp_path: Path) -> None:
    """The outcome has the run, its file is written, and no journal is left."""
    script = Script(a_scenario())
    course = a_course(script, {"json": tmp_path / "run.json"})
    course.start()
    outcome = course.follow()
    assert outcome.written == ("json",)
    assert outcome.run is not None
    assert load(tmp_path / "run.json").intervals == outcome.run.intervals
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


def test_that_does_not_come_to_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The error is said and is the outcome; nothing is written."""
    script = Script(a_scenario())
    script.answers[Prepare] = lambda name, order: script.fail(name, order, "no such model", 4)
    course = a_course(script, {"json": tmp_path / "run.json"})
    course.start()
    outcome = course.follow()
    assert outcome.exit_status == 4
    assert capsys.readouterr().err == "eiload: no such model\n"
    assert not list(tmp_path.iterdir())


def test_a_limit_from_the_beginning_of_the_load() -> None:
    """A scenario's run time is kept here, not by Locust."""
    script = Script(a_scenario(traffic=LONG))
    ended: list[int] = []

    def leave(name: str, order: Order) -> None:
        assert isinstance(order, Stop)
        ended.append(order.at_ns)
        script.final(name, order, script.slice_of(0), ended_ns=order.at_ns)

    script.answers = {Prepare: script.ready, Stop: leave}
    course = a_course(script, run_time_ns=NS_PER_S // 2)
    course.start()
    outcome = course.follow()
    assert outcome.run is not None
    assert outcome.run.stopped == "--run-time"
    assert min(ended) >= NS_PER_S // 2


def test_holds_the_shape_until_the_load_is_on() -> None:
    """Its clock is set back while workers get ready, and no more after that."""
    script = Script(a_scenario(traffic=LONG))
    held: list[bool] = []
    script.answers = {Stop: lambda name, order: script.final(name, order, script.slice_of(0))}
    waiting: list[tuple[str, Order]] = []
    script.answers[Prepare] = lambda name, order: waiting.append((name, order))

    def hold() -> None:
        held.append(course.coordinator.started.is_set())
        if len(held) == 3:
            for name, order in waiting:
                script.ready(name, order)
        if held[-1]:
            course.coordinator.stop("for the test")

    course = a_course(script, driven=True, hold=hold)
    course.start()
    course.follow()
    assert held[:3] == [False, False, False]
    assert held.count(True) == 1
