"""Runs, one after the other: which begins, what it makes of Locust and of the exit status."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from locust import User
from locust.env import Environment
from locust.stats import RequestStats

from eiload.base.clock import SystemClock
from eiload.base.errors import EngineError, ScenarioError
from eiload.control.coordinator import Coordinator
from eiload.plugin.library import options_of
from eiload.plugin.runs import Runs
from eiload.plugin.shape import ScenarioUser
from eiload.plugin.stage import Stage
from eiload.plugin.voice import Voice
from tests.control.script import Script, a_scenario
from tests.plugin.test_course import Crew


class Shop(User):
    """A user of another kind."""


class Choosing:
    """What is to run, as told."""

    def __init__(self, given: Any) -> None:
        self.name = ""
        self.run_time_s: float | None = None
        self.wanted: object | None = None
        self.given = given
        self.next: Any = None
        self.found: list[str] = []

    def scenario(self, _host: str | None) -> Any:
        """Return it."""
        if isinstance(self.next, Exception):
            raise self.next
        return self.next

    def unused(self) -> list[str]:
        """Return what was found."""
        return self.found


class PresentCrew(Crew):
    """A crew whose script answers the present run's coordinator, from its first order on."""

    def __init__(self, script: Script, present: Callable[[], Coordinator | None]) -> None:
        super().__init__(script)
        self.present = present

    def begin(self) -> None:
        """Take note; the coordinator, whose thread asks at once, starts after this."""
        super().begin()
        coordinator = self.present()
        assert coordinator is not None
        self.script.coordinator = coordinator


class Process:
    """A headless process with Locust's environment and scripted agents."""

    def __init__(self, folder: Path, **options: Any) -> None:
        parsed: Any = options_of(Environment())
        vars(parsed).update({"headless": True, "report_json": str(folder / "run.json")} | options)
        environment: Any = Environment(user_classes=[Shop], parsed_options=parsed)
        self.environment = environment
        self.stats = RequestStats()
        environment.runner = self
        self.errors, self.exceptions = self.stats.errors, dict[int, Any]()
        self.ended: list[str] = []
        self.signals: list[str] = []
        self.script = Script(a_scenario())
        self.choice = Choosing(SimpleNamespace(**vars(parsed)))
        choice: Any = self.choice
        self.runs = Runs(
            self.environment,
            PresentCrew(self.script, lambda: self.runs.coordinator),
            Stage(self.environment),
            choice,
            Voice(terminal=True, logfile=False),
            signals=self.signals,
            clock=SystemClock(),
        )

    def stop(self) -> None:
        """Stop, as Locust's runner."""
        self.ended.append("stop")

    def quit(self) -> None:
        """Quit, as Locust's runner."""
        self.ended.append("quit")

    def begin(self) -> None:
        """Begin a run."""
        self.runs.begin()


@pytest.fixture
def process(tmp_path: Path) -> Process:
    """Return one."""
    return Process(tmp_path)


def test_a_scenario(process: Process, capsys: pytest.CaptureFixture[str]) -> None:
    """It takes the stage, sets the exit status, and its report is shown at the end."""
    find = {"find": {"from": "1/s", "to": "2/s"}, "objectives": ["p50 < 1 s"]}
    process.choice.name, process.choice.next = "quick", a_scenario(**find)
    process.choice.found = ["--users", "--host"]
    process.runs.open(None)
    assert process.environment.user_classes == [ScenarioUser]
    assert process.environment.process_exit_code == 5  # until it is judged
    assert not process.runs.is_over()
    process.begin()
    said = capsys.readouterr().err
    assert ": --users, --host\n" in said
    assert "form, looks for what its 'find:' asks\n" in said
    assert process.runs.coordinator is not None
    assert process.runs.coordinator.done.wait(60)
    process.runs.drain()
    outcome = process.runs.outcome
    assert outcome is not None
    assert outcome.run is not None
    assert process.runs.is_over()
    process.runs.settle()
    assert process.environment.process_exit_code == outcome.exit_status
    process.runs.show(outcome.exit_status)
    assert "coordinated" in capsys.readouterr().out
    process.runs.show(outcome.exit_status)
    assert capsys.readouterr().out == ""  # once is enough


def test_all_locusts(process: Process) -> None:
    """A run with nothing of ours changes nothing, and ending it takes no time."""
    process.runs.open(None)
    assert process.environment.process_exit_code is None
    process.begin()
    assert process.runs.coordinator is None
    process.runs.drain()
    process.runs.settle()
    process.runs.show(1)
    assert process.environment.process_exit_code is None
    assert process.environment.user_classes == [Shop]


def test_a_signal_before_there_is_a_run(
    process: Process, capsys: pytest.CaptureFixture[str]
) -> None:
    """As to a master that waits for workers: it is told, and the status is the signal's."""
    process.choice.name, process.choice.next = "quick", a_scenario()
    process.runs.open(None)
    process.signals.append("SIGTERM")
    process.runs.settle()
    process.runs.show(143)
    assert process.environment.process_exit_code == 143
    assert capsys.readouterr().err == "eiload: stopped before the load began (SIGTERM)\n"


def test_something_is_wrong(process: Process, capsys: pytest.CaptureFixture[str]) -> None:
    """A run that cannot begin says why, and its status is the error's."""
    process.choice.next = a_scenario()
    process.runs.open(None)
    process.choice.next = ScenarioError("no such file")
    process.begin()
    assert capsys.readouterr().err == "eiload: no such file\n"
    assert process.runs.outcome is not None
    assert process.environment.process_exit_code == 2
    process.signals.append("SIGINT")
    process.runs.settle()
    assert process.environment.process_exit_code == 2  # it counts for more


def test_a_signal_that_workers_had_first(process: Process) -> None:
    """A run that did not come to be, as they had left, was ended by it."""
    process.choice.next = a_scenario()
    process.runs.open(None)
    process.choice.next = EngineError("no worker was left")
    process.begin()
    assert process.environment.process_exit_code == 5
    process.signals.append("SIGINT")
    process.runs.settle()
    assert process.environment.process_exit_code == 130


def test_a_scenarios_run_time(tmp_path: Path) -> None:
    """It is ours to keep: Locust finds none, and can still name a file by it."""
    process = Process(tmp_path, run_time=7)
    process.choice.name, process.choice.next = "quick", a_scenario()
    process.runs.open(None)
    left = process.environment.parsed_options.run_time
    assert not left
    assert (left, f"{left}") == (7, "7")


def test_failures_of_others(process: Process) -> None:
    """What Locust knows at the very end counts."""
    process.choice.next = a_scenario()
    process.runs.open(None)
    process.begin()
    process.runs.drain()
    outcome = process.runs.outcome
    assert outcome is not None
    process.stats.log_error("GET", "/", "404")
    process.runs.settle()
    assert process.runs.outcome is not None
    assert process.runs.outcome.exit_status == (outcome.own_status or 1)
    assert process.environment.process_exit_code == process.runs.outcome.exit_status


def test_a_status_that_counts_instead(process: Process, capsys: pytest.CaptureFixture[str]) -> None:
    """If the locustfile sets another at the end, that is said."""
    process.choice.next = a_scenario()
    process.runs.open(None)
    process.begin()
    process.runs.drain()
    process.runs.settle()
    process.runs.show(42)
    assert "the exit status is 42, as the locustfile has set it, not " in capsys.readouterr().err
