"""The agent: messages in, a real session with a real sender and a real server, answers out."""

import queue
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from eiload.base.clock import NS_PER_S, SystemClock, boot_id
from eiload.base.errors import ScenarioError
from eiload.control.agent import Agent
from eiload.control.messages import (
    Failed,
    Final,
    Go,
    Order,
    Prepare,
    Ready,
    Stop,
    Word,
    encode,
    versions,
)
from eiload.control.session import Hooks
from eiload.scenario import Scenario, build

PATIENCE_S = 60


def a_scenario(address: str, **changes: Any) -> Scenario:
    """Return one target and half a second of traffic."""
    plain = {
        "name": "agent",
        "targets": {"gpu": {"server": address, "model": "ssd", "deadline": "10 s"}},
        "payload": {"synthetic": "8x8"},
        "traffic": [{"phase": "steady", "rate": "40/s", "for": "500 ms"}],
    }
    return build({**plain, **changes}, "test", Path())


class Listener:
    """An agent and what it says."""

    def __init__(self, scenario: Scenario) -> None:
        self.said: queue.SimpleQueue[Word] = queue.SimpleQueue()
        self.progressed: list[str] = []
        self.finals = threading.Event()
        self.agent = Agent(
            send=self.said.put,
            final=self._final,
            clock=SystemClock(),
            hooks=Hooks(on_batch=lambda *_: None, progress=self.progressed.append),
            requests_of=lambda *_: [],
        )
        self.scenario = scenario

    def _final(self) -> None:
        report = self.agent.report()
        assert report is not None
        self.said.put(report)

    def tell(self, order: Order) -> None:
        """Send the agent an order, over the network."""
        self.agent.hear(encode(order))

    def prepare(self) -> None:
        """Send it the order to get ready."""
        self.tell(Prepare(run="this", scenario=self.scenario, index=0, count=1))

    def go(self) -> None:
        """Send it off."""
        origin_ns, in_ns = SystemClock().now_ns() + NS_PER_S // 10, NS_PER_S // 10
        self.tell(Go(run="this", origin_ns=origin_ns, in_ns=in_ns, boot_id=boot_id()))

    def hear(self) -> Word:
        """Return what it says next."""
        return self.said.get(timeout=PATIENCE_S)

    def hear_ready(self) -> Ready:
        """Return its word that it is ready."""
        word = self.hear()
        assert isinstance(word, Ready), word
        return word

    def hear_final(self) -> Final:
        """Return its final report."""
        word = self.hear()
        assert isinstance(word, Final), word
        return word

    def hear_failed(self) -> Failed:
        """Return its word that it cannot."""
        word = self.hear()
        assert isinstance(word, Failed), word
        return word


@pytest.fixture
def listening() -> Iterator[Callable[[Scenario], Listener]]:
    """Yield what makes agents; close them after the test."""
    listeners: list[Listener] = []

    def listen(scenario: Scenario) -> Listener:
        listeners.append(Listener(scenario))
        return listeners[-1]

    yield listen
    for listener in listeners:
        listener.agent.close()


Listen = Callable[[Scenario], Listener]


def test_a_run(server: str, listening: Listen) -> None:
    """Ready, go, final: everything scheduled is in the reports, and then there are none."""
    one = listening(a_scenario(server))
    one.prepare()
    one.hear_ready()
    one.go()
    final = one.hear_final()
    assert final.intervals.total() > 0
    assert final.ended_ns == one.scenario.duration_ns
    assert one.agent.report() is None
    assert one.agent.ended


def test_run_after_run(server: str, listening: Listen) -> None:
    """One agent serves run after run."""
    one = listening(a_scenario(server))
    for _ in range(2):
        one.prepare()
        one.hear_ready()
        one.go()
        one.hear_final()


def test_unusable_target(listening: Listen) -> None:
    """What preflight finds is said with its exit status."""
    one = listening(a_scenario("127.0.0.1:1"))
    one.prepare()
    failed = one.hear_failed()
    assert failed.exit_status == 4
    assert "refused" in failed.why
    assert one.agent.ended


def test_users_ask_for_what_is_wrong(server: str, listening: Listen) -> None:
    """A slip in the code of Locust's users is said with their status, and ends the session."""
    one = listening(a_scenario(server))
    one.prepare()
    one.hear_ready()
    one.go()
    one.agent.refuse(ScenarioError("Half: no array"))
    assert one.hear_failed() == Failed(run="this", why="Half: no array", exit_status=2)
    assert one.agent.session is None
    assert not one.agent.going.is_set()
    assert one.agent.ended


def test_other_versions(server: str, listening: Listen) -> None:
    """A master of another version is refused, both named."""
    one = listening(a_scenario(server))
    prepare = Prepare(run="this", scenario=one.scenario, index=0, count=1)
    one.agent.hear({**encode(prepare), "versions": "eiload 0.0.1, numpy 1.0"})
    failed = one.hear_failed()
    assert failed.exit_status == 2
    assert "eiload 0.0.1" in failed.why
    assert versions() in failed.why
    assert one.agent.ended


def test_damaged_orders(server: str, listening: Listen) -> None:
    """What cannot be read of a run's orders fails the run in words; of none, nothing happens."""
    one = listening(a_scenario(server))
    for _ in range(2):  # the one a run begins with, too, and after it the next run
        one.agent.hear({"type": "prepare", "run": "this", "versions": versions()})
        assert "scenario: missing (in 'prepare')" in one.hear_failed().why
        one.prepare()
        one.hear_ready()
        for stranger in (None, 7, {}, {"run": "another", "type": "go"}, {"type": "stop"}):
            one.agent.hear(stranger)
        one.agent.hear({"type": "go", "run": "this"})
        failed = one.hear_failed()
        assert (failed.run, failed.exit_status) == ("this", 5)
        assert failed.why == "a message of the master is damaged: origin_ns: missing (in 'go')"
        assert one.agent.session is None


def test_stopped_while_it_waits(listening: Listen) -> None:
    """A stop interrupts a preparation that waits for a server."""
    closed = {"gpu": {"server": "127.0.0.1:1", "model": "ssd", "ready_within": "1 h"}}
    one = listening(a_scenario("", targets=closed))
    one.prepare()
    while not one.progressed:
        threading.Event().wait(0.01)
    one.tell(Stop(run="this", at_ns=0))
    one.hear_failed()


def test_messages_of_another_run(server: str, listening: Listen) -> None:
    """A message about a run that is over changes nothing."""
    one = listening(a_scenario(server))
    one.prepare()
    one.hear_ready()
    one.tell(Stop(run="an older one", at_ns=0))
    one.go()
    assert one.hear_final().intervals.total() > 0
