"""The three roles of a Locust process: alone, master, worker.

What it knows: who makes the load in each, and how messages get there and back. What it must not
know: what a run is for, its outcome. Alone and on a master `runs` conducts, and has these carry
its messages; a worker is conducted.
"""

from collections.abc import Callable
from typing import Any, cast

import gevent
from locust.env import Environment
from locust.runners import STATE_INIT, STATE_MISSING

from eiload.base.errors import ScenarioError
from eiload.control.agent import Agent
from eiload.control.coordinator import Coordinator
from eiload.control.messages import Order, Word, encode
from eiload.plugin import forked, link
from eiload.plugin.door import MESSAGE, WITHOUT, Door
from eiload.plugin.guest import Guest
from eiload.plugin.heard import keep_time
from eiload.plugin.outcome import Outcome
from eiload.plugin.shape import ScenarioUser
from eiload.scenario import Scenario

__all__ = ["Local", "MakeAgent", "Master", "Worker"]

MakeAgent = Callable[[Callable[[Word], None], Callable[[], None]], Agent]
"""Makes the agent of a process that makes load, of what takes its words to the coordinator and
what takes its last report there."""

Conducts = Callable[[], Coordinator | None]
"""Returns the present or last run's coordinator; None before the first."""


class Local:
    """Locust alone: this process makes the load.

    Args:
        make_agent: makes its agent.
        conducts: knows who conducts.
    """

    NAME = "local"

    def __init__(self, make_agent: MakeAgent, conducts: Conducts) -> None:
        self._conducts = conducts
        self.agent: Agent = make_agent(self._hear, self._hear_last)

    def open(self, token: str | None) -> None:
        """Wait for nobody: none comes from elsewhere."""

    def check(self, scenario: Scenario) -> None:
        """Look at nothing: no scenario leaves this process."""

    def workers(self) -> list[str]:
        """Return the names of the workers that can take part in a run: this process's."""
        return [self.NAME]

    def begin(self) -> None:
        """Have users wait for the load of the run that begins."""
        self.agent.ended = False

    def send(self, _worker: str, order: Order) -> None:
        """Take an order to the agent."""
        self.agent.post(order)

    def attend(self, coordinator: Coordinator) -> None:
        """Have the agent report; once a second while a run is on."""
        if (report := self.agent.report()) is not None:
            coordinator.post(self.NAME, report)

    def _hear(self, word: Word) -> None:
        if (coordinator := self._conducts()) is not None:
            coordinator.post(self.NAME, word)

    def _hear_last(self) -> None:
        if (report := self.agent.report()) is not None:
            self._hear(report)


class Master:
    """A master: its workers make the load.

    Args:
        environment: Locust's.
        given: Locust's options as the command line gave them.
        conducts: knows who conducts.
        say: tells the user.
        lonely: told why workers that are waited for do not come.
    """

    agent: Agent | None = None

    def __init__(
        self,
        environment: Environment,
        given: Any,
        conducts: Conducts,
        *,
        say: Callable[[str], None],
        lonely: Callable[[str], None],
    ) -> None:
        self._runner = cast("Any", environment.runner)
        self._given = given
        self._conducts = conducts
        self._say = say
        self._lonely = lonely
        self._door: Door | None = None
        self._runner.register_message(MESSAGE, self._on_message)
        environment.events.worker_report.add_listener(self._on_report)

    def open(self, token: str | None) -> None:
        """Let workers in."""
        self._door = Door(
            self._runner,
            token or (link.FAMILY if self._given.processes else None),
            say=self._say,
            is_closed_to=self._is_closed_to,
            is_admitted=self._is_admitted,
            admits=self._admits,
            lonely=lambda name: self._lonely(f"no worker but {name}, and {WITHOUT}"),
        )
        if self._given.processes:
            workers = forked.of_locust(self._given.processes)
            forked.watch(workers, self._has_begun, self._lonely)

    def _has_begun(self) -> bool:
        """Tell whether workers do something, for us or for other users: then they may end."""
        return self._conducts() is not None or self._runner.state != STATE_INIT

    def check(self, scenario: Scenario) -> None:
        """Look whether all there is in a scenario may go to the workers.

        Raises:
            ScenarioError: it holds secrets, and workers need not prove who they are.
        """
        if self._door is not None and not self._given.eiload_send_secrets_unproven:
            self._door.check(scenario)

    def workers(self) -> list[str]:
        """Return the names of the workers that can take part in a run."""
        clients = self._runner.clients
        return [client.id for client in clients.ready + clients.spawning + clients.running]

    def begin(self) -> None:
        """Do nothing: nobody waits here."""

    def send(self, worker: str, order: Order) -> None:
        """Take an order to the agent of the worker of that name, if it is still there."""
        if worker in self._runner.clients or worker in self._late():
            self._runner.send_message(MESSAGE, encode(order), worker)

    def attend(self, coordinator: Coordinator) -> None:
        """Look for workers that are lost or come late; once a second while a run is on."""
        late = self._late()
        for name in late:
            coordinator.admit(name)
        for name in coordinator.workers:
            client = self._runner.clients.get(name)
            if client is None and name in late:
                continue  # it is ready, and about to be let in
            if client is None:
                coordinator.lose(name, "it left")
            elif client.state == STATE_MISSING:
                coordinator.lose(name, "it stopped answering")

    def _late(self) -> list[str]:
        return self._door.late if self._door is not None else []

    def _present(self) -> Coordinator | None:
        """Return the coordinator of the run that is on; None if there is none."""
        coordinator = self._conducts()
        return None if coordinator is None or coordinator.done.is_set() else coordinator

    def _is_closed_to(self, worker: str) -> bool:
        coordinator = self._present()
        return coordinator is not None and worker not in coordinator.workers

    def _is_admitted(self, worker: str) -> bool:
        coordinator = self._present()
        return coordinator is not None and worker in coordinator.workers

    def _admits(self) -> bool:
        coordinator = self._present()
        return coordinator is not None and coordinator.admits

    def _on_message(self, msg: Any, **_: Any) -> None:
        if (coordinator := self._conducts()) is not None:
            coordinator.hear(msg.node_id, msg.data)

    def _on_report(self, client_id: str, data: dict[str, Any], **_: Any) -> None:
        coordinator = self._conducts()
        if isinstance(data, dict) and MESSAGE in data and coordinator is not None:
            coordinator.hear(client_id, data[MESSAGE])


class Worker:
    """A worker: it makes its part of the load, and is conducted by its master's plugin.

    Args:
        environment: Locust's.
        make_agent: makes its agent.
        say: tells the user.
        complain: tells the user what is wrong.
    """

    coordinator: Coordinator | None = None
    outcome: Outcome | None = None

    def __init__(
        self,
        environment: Environment,
        make_agent: MakeAgent,
        *,
        say: Callable[[str], None],
        complain: Callable[[ScenarioError], None],
    ) -> None:
        self._environment = environment
        self._runner = cast("Any", environment.runner)
        keep_time(self._runner)
        self._say = say
        self._complain = complain
        self.agent: Agent = make_agent(self._send, self._send_last)
        self._guest: Guest | None = None
        # The master says with Locust's word for it who is to stand for a scenario.
        environment.user_classes = [*environment.user_classes, ScenarioUser]
        self._runner.register_message(MESSAGE, self._on_message)
        environment.events.report_to_master.add_listener(self._on_report_to_master)

    def open(self, token: str | None) -> None:
        """Show itself to the master."""
        self._guest = Guest(
            self._runner,
            token or link.FAMILY,
            refused=self._leave,
            gone=self._without_master,
            is_loaded=self.agent.going.is_set,
        )

    def check(self, scenario: Scenario) -> None:
        """Leave scenarios to the master."""

    def begin(self) -> None:
        """Wait for the master's word."""

    def is_over(self) -> bool:
        """Tell whether the present run has ended: the agent knows that before this process does."""
        return False

    def drain(self) -> None:
        """Stop this worker's part of the run and wait for its last report."""
        agent = self.agent
        if agent.session is None or not agent.going.is_set():
            return
        agent.session.stop()
        agent.session.finished.wait()
        while agent.going.is_set():  # cleared when the final report has been sent
            gevent.sleep(0.01)

    def abandon(self) -> bool:
        """Tell that there is no run here to give up."""
        return False

    def settle(self) -> None:
        """Leave the exit status to Locust: a worker's does not count."""

    def show(self, exit_status: int) -> None:
        """Leave the report to the master."""

    def _leave(self, why: ScenarioError) -> None:
        """End a worker that is not let in."""
        self._complain(why)
        self._environment.process_exit_code = why.exit_status
        self._runner.quit()

    def _without_master(self, silence_s: float) -> None:
        self._say(f"no word from the master for {silence_s:.0f} s: the load stops")
        self.drain()

    def _send(self, word: Word) -> None:
        self._runner.send_message(MESSAGE, encode(word))

    def _send_last(self) -> None:
        """Send the last report at once, with Locust's own numbers, not with the next heartbeat."""
        data: dict[str, Any] = {}
        self._environment.events.report_to_master.fire(client_id=self._runner.client_id, data=data)
        self._runner.send_message("stats", data)

    def _on_message(self, msg: Any, **_: Any) -> None:
        if self._guest is None or not self._guest.hears(msg.data):
            self.agent.hear(msg.data)

    def _on_report_to_master(self, data: dict[str, Any], **_: Any) -> None:
        if (report := self.agent.report()) is not None:
            data[MESSAGE] = encode(report)
