"""The roles of a process: who makes the load, and how messages get there and back."""

from types import SimpleNamespace
from typing import Any

import pytest
from locust.env import Environment
from locust.runners import STATE_MISSING, STATE_RUNNING, WorkerNode, WorkerNodes

from eiload.control.messages import Forget, Report
from eiload.plugin.door import MESSAGE
from eiload.plugin.roles import Local, Master, Worker
from eiload.plugin.shape import ScenarioUser
from eiload.record.intervals import Intervals


class Conductor:
    """A run that is on: what of a coordinator the roles speak to."""

    def __init__(self, *workers: str) -> None:
        self.workers = list(workers)
        self.admits = True
        self.done = SimpleNamespace(is_set=lambda: False)
        self.posted: list[tuple[str, Any]] = []
        self.heard: list[tuple[str, Any]] = []
        self.lost: list[tuple[str, str]] = []
        self.admitted: list[str] = []

    def post(self, worker: str, word: Any) -> None:
        """Take a word."""
        self.posted.append((worker, word))

    def hear(self, worker: str, data: object) -> None:
        """Take what has come over the network."""
        self.heard.append((worker, data))

    def lose(self, worker: str, why: str) -> None:
        """Take note."""
        self.lost.append((worker, why))

    def admit(self, worker: str) -> None:
        """Take note."""
        self.admitted.append(worker)


class Agent:
    """An agent that has one report."""

    def __init__(self, *ways: Any) -> None:
        self.send, self.final = ways
        self.ended = True
        self.orders: list[Any] = []
        self.session = None
        self.going = SimpleNamespace(is_set=lambda: False)
        self._reports = [a_report()]

    def post(self, order: Any) -> None:
        """Take an order."""
        self.orders.append(order)

    def hear(self, data: object) -> None:
        """Take what has come over the network."""
        self.orders.append(data)

    def report(self) -> Any:
        """Return the one report, then none."""
        return self._reports.pop() if self._reports else None


def a_report() -> Report:
    """Return a report of nothing."""
    return Report(run="this", intervals=Intervals.empty(), failures={}, answers={})


class Runner:
    """Locust's runner, as far as the roles speak to it."""

    client_id = "w0"

    def __init__(self) -> None:
        self.clients = WorkerNodes()
        self.sent: list[tuple[str, Any, str | None]] = []
        self.listens: dict[str, Any] = {}
        self.has_quit = False

    def register_message(self, kind: str, listener: Any) -> None:
        """Take a listener."""
        self.listens[kind] = listener

    def send_message(self, kind: str, data: Any = None, client_id: str | None = None) -> None:
        """Take a message."""
        self.sent.append((kind, data, client_id))

    def quit(self) -> None:
        """Take note."""
        self.has_quit = True


@pytest.fixture
def environment() -> Any:
    """Return Locust's environment with a runner."""
    environment: Any = Environment()
    environment.runner = Runner()
    return environment


def test_alone() -> None:
    """Orders and words are handed over; there is one worker, this process."""
    run: Any = Conductor("local")
    make: Any = Agent
    local = Local(make, lambda: run)
    assert local.workers() == ["local"]
    local.begin()
    assert not local.agent.ended
    order = Forget(run="this")
    local.send("local", order)
    agent: Any = local.agent
    assert agent.orders == [order]
    agent.send("a word")
    local.attend(run)
    agent.final()  # there is nothing left to report
    assert [word if isinstance(word, str) else type(word) for _, word in run.posted] == [
        "a word",
        Report,
    ]


def a_master(environment: Any, run: Any) -> Master:
    """Return a master that conducts a run."""
    return Master(
        environment,
        SimpleNamespace(processes=None),
        lambda: run,
        say=lambda _: None,
        lonely=lambda _: None,
    )


def test_master_looks_for_losses(environment: Any) -> None:
    """Who has gone, or is silent, is lost; the others are not."""
    run: Any = Conductor("there", "silent", "gone")
    master = a_master(environment, run)
    for name, state in (("there", STATE_RUNNING), ("silent", STATE_MISSING)):
        environment.runner.clients[name] = WorkerNode(name, state)
    assert master.workers() == ["there"]
    master.attend(run)
    assert run.lost == [("silent", "it stopped answering"), ("gone", "it left")]


def test_master_carries_messages(environment: Any) -> None:
    """Orders go to workers that are there; what comes is heard, also beside statistics."""
    run: Any = Conductor("there")
    master = a_master(environment, run)
    environment.runner.clients["there"] = WorkerNode("there", STATE_RUNNING)
    master.send("there", Forget(run="this"))
    master.send("gone", Forget(run="this"))
    assert [(kind, name) for kind, _, name in environment.runner.sent] == [(MESSAGE, "there")]
    environment.runner.listens[MESSAGE](msg=SimpleNamespace(node_id="there", data="a word"))
    environment.events.worker_report.fire(client_id="there", data={MESSAGE: "a report"})
    environment.events.worker_report.fire(client_id="there", data={})
    environment.events.worker_report.fire(client_id="there", data=None)
    assert run.heard == [("there", "a word"), ("there", "a report")]


def test_late_workers(environment: Any) -> None:
    """Who waits at the door is admitted, reached there, and not missed when it is ready."""
    run: Any = Conductor("ready")
    master = a_master(environment, run)
    door: Any = SimpleNamespace(late=["ready", "coming"])
    master._door = door
    master.attend(run)
    assert run.admitted == ["ready", "coming"]
    assert run.lost == []
    master.send("coming", Forget(run="this"))
    assert environment.runner.sent[0][2] == "coming"


def test_worker(environment: Any) -> None:
    """It has who stands for a scenario, and adds its report to Locust's own."""
    make: Any = Agent
    said: list[str] = []
    worker = Worker(environment, make, say=said.append, complain=lambda _: None)
    assert environment.user_classes == [ScenarioUser]
    data: dict[str, Any] = {}
    environment.events.report_to_master.fire(client_id="w0", data=data)
    assert data.keys() == {MESSAGE}
    agent: Any = worker.agent
    agent.final()
    assert environment.runner.sent == [("stats", {}, None)]
    environment.runner.listens[MESSAGE](msg=SimpleNamespace(data={"type": "go"}))
    assert agent.orders == [{"type": "go"}]
    worker.drain()  # nothing is on
    assert worker.coordinator is None
    assert worker.outcome is None
    assert not worker.is_over()
    assert not worker.abandon()
