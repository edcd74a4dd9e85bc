"""The plugin in one Locust process: from Locust's `init` to its `quit`.

What it knows: Locust's events, runners and messages, in each of its roles. What it must not know:
signals, web pages, single requests.

`register` hooks into Locust's events and may be called any number of times; importing a user class
from `eiload` calls it. Nothing is patched and nothing happens before Locust's own `init` event.
"""

import contextlib
import logging
import os
import socket
import time
from collections.abc import Mapping
from typing import Any

import gevent
import gevent.event
from locust import events
from locust.env import Environment
from locust.runners import STATE_INIT, STATE_MISSING, STATE_STOPPED, MasterRunner, WorkerRunner

from eiload import console, options, users
from eiload.agent import Agent, Message
from eiload.clock import SystemClock
from eiload.coordinator import Coordinator
from eiload.errors import EiloadError, EngineError, ScenarioError
from eiload.journal import Journal, beside
from eiload.outcome import Outcome
from eiload.plugin.choice import Choice
from eiload.plugin.interrupts import Interrupts
from eiload.plugin.requests import Requests
from eiload.plugin.shape import ScenarioShape
from eiload.recorder import Intervals
from eiload.report.progress import Progress
from eiload.run import Run
from eiload.scenario import Scenario
from eiload.session import Hooks

__all__ = ["Plugin", "register"]

logger = logging.getLogger("eiload")

MESSAGE = "eiload"
"""Name of our messages on Locust's connection, and of our part in its statistics messages."""

HELLO_TIMEOUT_S = 10.0
"""How long workers may take from Locust's connection until their plugin answers."""

PROGRESS_S = 2.0
REPORT_S = 1.0
WATCH_S = 1.0
START_S = 10.0
"""How long Locust may take from a form that asks for a run until the run's beginning."""

MASTER_SILENCE_S = 5.0
"""A worker whose master has not answered a heartbeat (one a second) for so long stops its load."""

INVALID = EngineError.exit_status


def register() -> None:
    """Add our listeners to Locust's events; harmless when repeated."""
    if _init not in events.init._handlers:  # noqa: SLF001  # Locust has no other way to ask
        events.init_command_line_parser.add_listener(options.add)
        events.init.add_listener(_init)


def _init(environment: Environment, **_: Any) -> None:
    Plugin(environment)


def _fsync(fd: int) -> None:
    with contextlib.suppress(OSError):  # closed by now: its run has ended
        os.fsync(fd)


class Plugin:
    """eiload in one Locust process.

    Args:
        environment: Locust's; the plugin becomes its attribute `eiload`.
    """

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.outcome: Outcome | None = None
        """What became of the last run; None before the first one's end."""
        # Locust types these as optional; in `init` they are there.
        self._runner: Any = environment.runner
        self._clock = SystemClock()
        self._is_master = isinstance(self._runner, MasterRunner)
        self._is_worker = isinstance(self._runner, WorkerRunner)
        self._predict_users = [
            cls for cls in environment.user_classes if issubclass(cls, users.PredictUser)
        ]
        self._choice = Choice(environment.parsed_options, self._predict_users, environment.host)
        self._given = self._choice.given
        self._headless = bool(self._given.headless) or self._is_worker
        self.coordinator: Coordinator | None = None
        self.quitting = False
        self._journal: Journal | None = None
        self._syncing: gevent.event.AsyncResult[None] | None = None
        self._progress: Progress | None = None
        self._scenario: Scenario | None = None
        self._run_began = False
        self._shown = False
        self._hellos: set[str] = set()
        self._master_heard_s = time.monotonic()
        self._asked_s = -START_S
        fire = environment.events.request.fire
        self.requests = Requests(fire, self._clock, self._predict_users, self.is_over)
        environment.eiload = self  # type: ignore[attr-defined]  # where users find it
        environment.user_classes = [*environment.user_classes, users.ScenarioUser]
        self._user_classes = list(environment.user_classes)
        self.agent = self.requests.agent = None if self._is_master else self._make_agent()
        self._listen()
        if not self._is_worker:
            self._read_options()
        self._interrupts = Interrupts(self)

    def _make_agent(self) -> Agent:
        hooks = Hooks(on_batch=self.requests.fire, progress=self.say)
        return Agent(
            send=self._send_up,
            final=self._send_final,
            clock=self._clock,
            hooks=hooks,
            requests_of=self.requests.bytes_for,
        )

    def _listen(self) -> None:
        hooks = self.environment.events
        hooks.test_start.add_listener(self._on_test_start)
        hooks.test_stopping.add_listener(self._on_test_stopping)
        hooks.quitting.add_listener(self._on_quitting)
        hooks.quit.add_listener(self._on_quit)
        self._runner.register_message(MESSAGE, self._on_message)
        if self._is_master:
            hooks.worker_report.add_listener(self._on_worker_report)
        if self._is_worker:
            hooks.report_to_master.add_listener(self._on_report_to_master)
            hooks.heartbeat_received.add_listener(self._on_heartbeat)
            self._runner.send_message(MESSAGE, {"type": "hello"})
            gevent.spawn(self._watch_master)
        web: Any = self.environment.web_ui
        if web is not None:
            from eiload.plugin.origin import VARIABLE, Names  # noqa: PLC0415  # with a web UI only
            from eiload.plugin.web import serve  # noqa: PLC0415  # Flask

            given = self._given
            own = [socket.gethostname(), given.web_host, given.web_host_display_name]
            names = Names(own, os.environ.get(VARIABLE, ""))
            serve(
                web,
                names,
                base_path=given.web_base_path or "",
                choose=self._choose,
                withdraw=self._withdraw,
                outcome=lambda: self.outcome,
            )

    def _read_options(self) -> None:
        """Take what can be wrong on the command line before anything starts.

        Raises:
            SystemExit: with status 2, after a line for each mistake.
        """
        try:
            options.report_paths(self._given)
            if self._headless or self._given.autostart:
                self.environment.process_exit_code = INVALID  # until a run says otherwise
                self._scenario = self._choice.scenario(self.environment.host)
            self._choose_shape(self._choice.name)
        except EiloadError as error:
            self._complain(error)
            raise SystemExit(error.exit_status) from error

    def _choose_shape(self, scenario: str) -> None:
        """Let the scenario, or Locust's users, make the next run's load."""
        if not scenario and not self._predict_users:
            raise ScenarioError(
                "nothing to do: no --scenario, and no subclass of PredictUser or SSDUser in the "
                "locustfile"
            )
        self._run_began = False
        self.environment.shape_class = ScenarioShape(self, self._runner) if scenario else None
        self.environment.user_classes = (
            [users.ScenarioUser]
            if scenario
            else [cls for cls in self._user_classes if cls is not users.ScenarioUser]
        )

    def _choose(self, form: Mapping[str, str]) -> None:
        """Take what the web UI's form says of the next run.

        Raises:
            EiloadError: a run is on, or there is something wrong with the form.
        """
        try:
            if (what := self._busy()) is not None:
                raise EngineError(f"no second run: {what}")
            self._choice.take(form, self.environment.host)
            self._choose_shape(self._choice.name)
        except EiloadError as error:
            self._complain(error)
            raise
        self._asked_s = time.monotonic()

    def _withdraw(self) -> None:
        """Locust has found something wrong with the form itself."""
        self._asked_s = -START_S

    def _busy(self) -> str | None:
        """Return in words why no run can start now; None if one can."""
        coordinator = self.coordinator
        if coordinator is not None and not (coordinator.done.is_set() and self.outcome):
            stage = "is getting ready"
            if coordinator.started.is_set():
                stage = "is on" if coordinator.position()[0] != "drain" else "is draining"
            return f"one {stage}; stop it first, or wait for its end"
        if time.monotonic() < self._asked_s + START_S:
            return "one is just starting"
        if self._runner.state not in {STATE_INIT, STATE_STOPPED}:
            return f"Locust is still {self._runner.state}; stop it first, or wait for its end"
        if not self.workers():
            return "no worker has connected yet"
        return None

    # -- one run: local and master ---------------------------------------------------------

    def workers(self) -> list[str]:
        """Return the names of the workers that can take part in a run."""
        if not self._is_master:
            return ["local"]
        clients = self._runner.clients
        return [client.id for client in clients.ready + clients.spawning + clients.running]

    def is_over(self) -> bool:
        """Tell whether the present run has ended; False before it began."""
        return self._run_began and (self.coordinator is None or self.coordinator.done.is_set())

    def _on_test_start(self, **_: Any) -> None:
        if self._is_worker:
            return
        self._run_began = False
        self._asked_s = -START_S
        self.outcome = None
        try:
            scenario = self._scenario or self._choice.scenario(self.environment.host)
            self._scenario = None  # read anew for the next run
            self._begin(scenario)
        except EiloadError as error:
            self._complain(error)
            self._end_with(Outcome.of_error(error, self._interrupts.taken))
            if self.environment.shape_class is None:
                gevent.spawn(self._stop_locust)
        self._run_began = True

    def _begin(self, scenario: Scenario) -> None:
        names = self.workers()
        self._await_hellos(names)
        self._progress = Progress(list(scenario.targets), len(scenario.traffic))
        if (run_file := options.report_paths(self._given).get("json")) is not None:
            self._journal = Journal(beside(run_file), self._sync)
        coordinator = Coordinator(
            scenario,
            names,
            send=self._send_down,
            clock=self._clock,
            say=self.say,
            on_intervals=self._on_intervals,
            driven=not self.environment.shape_class,
            journal=self._journal,
        )
        self.coordinator = coordinator
        if self.agent is not None:
            self.agent.ended = False
        coordinator.start()
        gevent.spawn(self._accompany, coordinator)

    def _await_hellos(self, names: list[str]) -> None:
        """Wait until the plugin of every worker listens: Locust connects before it exists."""
        if not self._is_master:
            return
        give_up_s = time.monotonic() + HELLO_TIMEOUT_S
        while missing := set(names) - self._hellos:
            if time.monotonic() > give_up_s:
                raise EngineError(
                    f"worker {min(missing)} does not run eiload; start it with the same locustfile"
                )
            gevent.sleep(0.05)

    def _accompany(self, coordinator: Coordinator) -> None:
        """Look after a run from its beginning to its end: reports, losses, progress, outcome."""
        shown_s = time.monotonic()
        while not coordinator.done.wait(REPORT_S):
            if self.agent is not None and (report := self.agent.report()) is not None:
                coordinator.post("local", report)
            self._look_for_losses(coordinator)
            if time.monotonic() - shown_s >= PROGRESS_S and coordinator.started.is_set():
                shown_s = time.monotonic()
                self._show_progress(coordinator)
        if coordinator.run is None:
            self._complain(coordinator.error)
            outcome = Outcome.of_error(coordinator.error, self._interrupts.taken)
        else:
            outcome = self._judged(coordinator.run)
        self._close_journal(keep=coordinator.started.is_set() and "json" not in outcome.written)
        self._end_with(outcome)
        if self.environment.shape_class is None and not coordinator.stopped:
            self._stop_locust()  # the users' run cannot go on; a scenario's is ended by its shape

    def _judged(self, run: Run) -> Outcome:
        try:
            return Outcome.of(
                run,
                self._interrupts.taken,
                reports=options.report_paths(self._given),
                undecided_ok=self._given.undecided == "ok",
                status_on_errors=self._given.exit_code_on_error,
            )
        except Exception as error:  # whoever waits for the outcome must not wait for ever
            logger.exception("the run could not be judged")
            failure = EngineError(f"internal error: {type(error).__name__}: {error}")
            return Outcome.of_error(failure, self._interrupts.taken)

    def _close_journal(self, *, keep: bool) -> None:
        journal, self._journal = self._journal, None
        if journal is not None:
            journal.close(keep=keep)
            if keep:
                self.say(f"what was measured is in {journal.path}, see `eiload report`")

    def _sync(self, fd: int) -> None:
        """Have a file brought to the disk by a thread: a slow disk must not keep Locust waiting."""
        if self._syncing is None or self._syncing.ready():
            self._syncing = gevent.get_hub().threadpool.spawn(_fsync, fd)

    def _stop_locust(self) -> None:
        """End a run of Locust's users that cannot go on."""
        if self._headless:
            self._runner.quit()
        else:
            self._runner.stop()

    def _end_with(self, outcome: Outcome) -> None:
        self.outcome = outcome
        if self.environment.process_exit_code is not None:
            self.environment.process_exit_code = outcome.exit_status
        if not self._headless:
            outcome.show()
            if outcome.judgement is not None:
                logger.info(outcome.judgement.summary)  # where the web UI shows it: its logs

    def _look_for_losses(self, coordinator: Coordinator) -> None:
        if not self._is_master:
            return
        for name in coordinator.workers:
            client = self._runner.clients.get(name)
            if client is None:
                coordinator.lose(name, "it left")
            elif client.state == STATE_MISSING:
                coordinator.lose(name, "it stopped answering")

    def _on_intervals(self, intervals: Intervals) -> None:
        if self._progress is not None:
            self._progress.add(intervals)

    def _show_progress(self, coordinator: Coordinator) -> None:
        if self._progress is None:
            return
        phase, total_ns = coordinator.position()
        self.say(self._progress.line(coordinator.elapsed_ns, total_ns, phase))

    def _on_test_stopping(self, **_: Any) -> None:
        self.drain()

    def drain(self) -> None:
        """Stop the run: whoever does waits here until every request is accounted for."""
        if self._is_worker:
            self.stop_session()
            return
        coordinator = self.coordinator
        if coordinator is None:
            return
        signals = self._interrupts.taken
        coordinator.stop(signals[0] if signals else "stopped by its user")
        coordinator.done.wait()
        while self.outcome is None:  # judged and written by `_accompany`
            gevent.sleep(0.01)

    def _on_quitting(self, **_: Any) -> None:
        self.quitting = True
        gevent.sleep(0)  # lets our own signal handler note a SIGTERM before Locust's acts on it
        self.drain()
        if self.agent is not None:
            self.agent.close()

    def _on_quit(self, **_: Any) -> None:
        if self.outcome is not None and self._headless and not self._shown:
            self._shown = True
            status = self.outcome.show()
            if status != self.outcome.exit_status:
                raise SystemExit(status)  # Locust has taken the other one already

    # -- messages --------------------------------------------------------------------------

    def _send_down(self, worker: str, message: Message) -> None:
        if self.agent is not None:
            self.agent.post(message)
        elif worker in self._runner.clients:
            self._runner.send_message(MESSAGE, message, worker)

    def _send_up(self, message: Message) -> None:
        if self._is_worker:
            self._runner.send_message(MESSAGE, message)
        elif self.coordinator is not None:
            self.coordinator.post("local", message)

    def _on_message(self, msg: Any, **_: Any) -> None:
        message: Message = msg.data
        if self._is_worker:
            assert self.agent is not None
            self.agent.post(message)
        elif message["type"] == "hello":
            self._hellos.add(msg.node_id)
        elif self.coordinator is not None:
            self.coordinator.post(msg.node_id, message)

    def _on_report_to_master(self, data: dict[str, Any], **_: Any) -> None:
        assert self.agent is not None
        if (report := self.agent.report()) is not None:
            data[MESSAGE] = report

    def _on_worker_report(self, client_id: str, data: dict[str, Any], **_: Any) -> None:
        if MESSAGE in data and self.coordinator is not None:
            self.coordinator.post(client_id, data[MESSAGE])

    def _send_final(self) -> None:
        """Send the last report at once, with Locust's own numbers, not with the next heartbeat."""
        if self._is_worker:
            data: dict[str, Any] = {}
            self.environment.events.report_to_master.fire(
                client_id=self._runner.client_id, data=data
            )
            self._runner.send_message("stats", data)
        elif self.agent is not None and (report := self.agent.report()) is not None:
            self._send_up(report)

    # -- worker ----------------------------------------------------------------------------

    def _on_heartbeat(self, **_: Any) -> None:
        self._master_heard_s = time.monotonic()

    def _watch_master(self) -> None:
        assert self.agent is not None
        while True:
            gevent.sleep(WATCH_S)
            silence_s = time.monotonic() - self._master_heard_s
            if self.agent.going.is_set() and silence_s > MASTER_SILENCE_S:
                self.say(f"no word from the master for {silence_s:.0f} s: the load stops")
                self.stop_session()

    def stop_session(self) -> None:
        """Stop this worker's part of the run and wait for its last report."""
        agent = self.agent
        if agent is None or agent.session is None or not agent.going.is_set():
            return
        agent.session.stop()
        agent.session.finished.wait()
        while agent.going.is_set():  # cleared when the final report has been sent
            gevent.sleep(0.01)

    # -- words -----------------------------------------------------------------------------

    def say(self, text: str) -> None:
        """Tell the user: on the terminal, or in the log that the web UI shows."""
        if self._headless:
            console.say(text)
        else:
            logger.info(text)

    def _complain(self, error: EiloadError | None) -> None:
        if self._headless:
            console.say(str(error))
        else:
            for line in str(error).splitlines():
                logger.error(line)
