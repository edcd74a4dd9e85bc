"""The plugin in one Locust process: from Locust's `init` to its `quit`.

What it knows: Locust's events, runners and messages, in each of its roles. What it must not know:
signals, web pages, single requests.

`register` hooks into Locust's events and may be called any number of times; importing a user class
from `eiload` calls it. Nothing happens before Locust's own `init` event, and nothing of Locust is
changed but this process's own runner (`door`) and web UI (`web`).
"""

import contextlib
import logging
import os
import time
from pathlib import Path
from typing import Any

import gevent
import gevent.event
from locust import events
from locust.env import Environment
from locust.runners import STATE_MISSING, MasterRunner, WorkerRunner

from eiload.base import console
from eiload.base.clock import NS_PER_S, SystemClock
from eiload.base.errors import EiloadError, EngineError, ScenarioError
from eiload.base.files import descriptor, rewritable
from eiload.control.agent import Agent, Message
from eiload.control.coordinator import Coordinator
from eiload.control.session import Hooks
from eiload.plugin import link, options, users
from eiload.plugin.choice import Choice
from eiload.plugin.door import MESSAGE, WITHOUT, Door
from eiload.plugin.guest import Guest
from eiload.plugin.interrupts import Interrupts
from eiload.plugin.outcome import Outcome
from eiload.plugin.outputs import Outputs
from eiload.plugin.requests import Requests
from eiload.plugin.shape import ScenarioShape
from eiload.plugin.starts import Starts
from eiload.plugin.why import Why
from eiload.record import stopping
from eiload.record.intervals import Intervals
from eiload.record.journal import Journal, beside
from eiload.record.run import Run
from eiload.report.progress import Progress
from eiload.scenario import Scenario

__all__ = ["Plugin", "register"]

logger = logging.getLogger("eiload")

QUIT_S = 60.0
"""How long a second attempt of Locust's to quit leaves the first one alone."""

PROGRESS_S = 2.0
REPORT_S = 1.0
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
        self._choice = Choice(
            environment.parsed_options, self._predict_users, environment.host, self._may_send
        )
        self._given = self._choice.given
        self._headless = bool(self._given.headless) or self._is_worker
        if self._headless and self._has_logfile():
            console.also_to(logger.log)
        self.coordinator: Coordinator | None = None
        self._door: Door | None = None
        self._guest: Guest | None = None
        self.quitting = False
        self._why = Why(environment)
        self._outputs = Outputs({})
        self._reports: dict[str, Path] = {}
        self._journal: Journal | None = None
        self._syncing: gevent.event.AsyncResult[None] | None = None
        self._progress: Progress | None = None
        self._scenario: Scenario | None = None
        self._run_began = False
        self._shown = False
        self._starts = Starts(self, self._choice, self._runner)
        fire = environment.events.request.fire
        self.requests = Requests(fire, self._clock, self._predict_users, self.is_over, self.say)
        environment.eiload = self  # type: ignore[attr-defined]  # where users find it
        environment.user_classes = [*environment.user_classes, users.ScenarioUser]
        self._user_classes = list(environment.user_classes)
        self.agent = self.requests.agent = None if self._is_master else self._make_agent()
        self._interrupts = Interrupts(self)
        self._listen()
        try:
            self._meet()
            if not self._is_worker:
                self._read_options()
        except EiloadError as error:
            self.complain(error)
            raise SystemExit(error.exit_status) from error

    def _make_agent(self) -> Agent:
        hooks = Hooks(self.requests.fire, self.say, self.requests.open.settle)
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
        web: Any = self.environment.web_ui
        if web is not None:
            from eiload.plugin.web import serve  # noqa: PLC0415  # Flask, with a web UI only

            serve(web, self._given, self._starts, outcome=lambda: self.outcome)

    def _read_options(self) -> None:
        """Take what can be wrong on the command line before anything starts.

        Raises:
            EiloadError: something is.
        """
        self._outputs = options.outputs(self._given, os.environ)
        if self._headless or self._given.autostart:
            self.environment.process_exit_code = INVALID  # until a run says otherwise
            self._scenario = self._choice.scenario(self.environment.host)
        self.choose_shape(self._choice.name)

    # -- master and worker -----------------------------------------------------------------

    def _meet(self) -> None:
        """Have the master ask its workers who they are, and workers show themselves.

        Raises:
            ScenarioError: the token is none.
        """
        token = link.given_token(self._given, os.environ)
        vars(self.environment.parsed_options).pop("eiload_token", None)  # Locust sends the others
        if self._is_master:
            self._door = Door(
                self._runner,
                token or (link.FAMILY if self._given.processes else None),
                say=self.say,
                is_closed_to=self._is_closed_to,
                lonely=self._give_up,
            )
        elif self._is_worker:
            agent = self.agent
            assert agent is not None
            self._guest = Guest(
                self._runner,
                token or link.FAMILY,
                refused=self._leave,
                gone=self._without_master,
                is_loaded=agent.going.is_set,
            )

    def _may_send(self, scenario: Scenario) -> None:
        """Look whether all there is in a scenario may go to the workers.

        Raises:
            ScenarioError: it holds secrets, and workers need not prove who they are.
        """
        if self._door is not None and not self._given.eiload_send_secrets_unproven:
            self._door.check(scenario)

    def _is_closed_to(self, worker: str) -> bool:
        coordinator = self.coordinator
        is_on = coordinator is not None and not coordinator.done.is_set()
        return is_on and coordinator is not None and worker not in coordinator.workers

    def _give_up(self, stranger: str) -> None:
        """End a master that would wait for workers for ever, as only others come."""
        if self._headless:
            self.complain(EngineError(f"no worker but {stranger}, and {WITHOUT}"))
            self._interrupts.leave(INVALID)

    def _leave(self, why: ScenarioError) -> None:
        """End a worker that is not let in."""
        self.complain(why)
        self.environment.process_exit_code = why.exit_status
        self._runner.quit()

    def _without_master(self, silence_s: float) -> None:
        self.say(f"no word from the master for {silence_s:.0f} s: the load stops")
        self.stop_session()

    def choose_shape(self, scenario: str) -> None:
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
        self._starts.over()
        self.outcome = None
        self._reports = {}
        self._why = Why(self.environment, first=self.coordinator is None)
        try:
            scenario = self._scenario or self._choice.scenario(self.environment.host)
            self._scenario = None  # read anew for the next run
            self._begin(scenario)
        except EiloadError as error:
            self.complain(error)
            self._outputs.give_back(self._reports)
            self._end_with(Outcome.of_error(error, self._interrupts.taken))
            if self.environment.shape_class is None:
                gevent.spawn(self._stop_locust)
        self._run_began = True

    def _begin(self, scenario: Scenario) -> None:
        names = self.workers()
        self._progress = Progress(list(scenario.targets), len(scenario.traffic))
        self._reports = self._outputs.take()
        if self._reports != self._outputs.given:
            self.say(f"this run writes {', '.join(map(str, self._reports.values()))}")
        if (run_file := self._reports.get("json")) is not None and rewritable(run_file):
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
            drain_ns=round(self.environment.stop_timeout * NS_PER_S) or None,
            run_time_ns=round((self._why.run_time_s or 0) * NS_PER_S) or None,
        )
        self.coordinator = coordinator
        if self.agent is not None:
            self.agent.ended = False
        coordinator.start()
        gevent.spawn(self._accompany, coordinator)

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
            self.complain(coordinator.error)
            outcome = Outcome.of_error(coordinator.error, self._interrupts.taken)
        else:
            outcome = self._judged(coordinator.run)
        if not coordinator.started.is_set():
            self._outputs.give_back(self._reports)
        self._close_journal(keep=coordinator.started.is_set() and "json" not in outcome.written)
        self._end_with(outcome)
        if self.environment.shape_class is None and not coordinator.stopped:
            self._stop_locust()  # the users' run cannot go on; a scenario's is ended by its shape

    def _judged(self, run: Run) -> Outcome:
        try:
            return Outcome.of(
                run,
                self._interrupts.taken,
                reports=self._reports,
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
            outcome.show(to_stderr=self._stdout_is_taken())
        if outcome.judgement is not None and (not self._headless or self._has_logfile()):
            logger.info(outcome.judgement.summary)  # also where the web UI shows it: its logs

    def _stdout_is_taken(self) -> bool:
        """Tell whether stdout is to carry something else than our report."""
        return bool(self._given.json) or any(descriptor(p) == 1 for p in self._reports.values())

    def _has_logfile(self) -> bool:
        return bool(self._given.logfile) and not self._given.skip_log_setup

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
        coordinator.stop(self._why.reason(self._interrupts.taken))
        coordinator.done.wait()
        while self.outcome is None:  # judged and written by `_accompany`
            gevent.sleep(0.01)

    def abandon(self) -> bool:
        """Give up a run that still waits for its workers; tell whether there was one."""
        waits = self._is_master and self._headless and self.coordinator is None
        if waits and self.outcome is None:
            self.complain(EngineError(stopping.before_load(self._interrupts.taken[0], 0)))
            self._runner.quit()
        return waits

    def _on_quitting(self, **_: Any) -> None:
        if self.quitting:
            gevent.sleep(QUIT_S)  # two signals, two farewells: one is enough, and ends the process
        self.quitting = True
        gevent.sleep(0)  # lets our own signal handler note a SIGTERM before Locust's acts on it
        self.drain()
        if self.agent is not None:
            self.agent.close()

    def _on_quit(self, **_: Any) -> None:
        if self.outcome is not None and self._headless and not self._shown:
            self._shown = True
            status = self.outcome.show(to_stderr=self._stdout_is_taken())
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
        if self.agent is not None:
            if self._guest is None or not self._guest.hears(message):
                self.agent.post(message)
        elif self.coordinator is not None:
            self.coordinator.post(msg.node_id, message)

    def _on_report_to_master(self, data: dict[str, Any], **_: Any) -> None:
        assert self.agent is not None
        if (report := self.agent.report()) is not None:
            data[MESSAGE] = report

    def _on_worker_report(self, client_id: str, data: dict[str, Any], **_: Any) -> None:
        if isinstance(data, dict) and MESSAGE in data and self.coordinator is not None:
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

    def complain(self, error: EiloadError | None) -> None:
        """Tell the user what is wrong: on the terminal, or in the log."""
        if self._headless:
            console.say(str(error), logging.ERROR)
        else:
            for line in str(error).splitlines():
                logger.error(line)
