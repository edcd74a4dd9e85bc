"""The plugin in one Locust process: Locust's events, from its `init` to its `quit`.

What it knows: Locust's events, which role this process has. What it must not know: how a role does
its role (`roles`, `runs`), signals, web pages, single requests.

`register` hooks into Locust's events and may be called any number of times; importing a user class
from `eiload` calls it. Nothing happens before Locust's own `init` event, and nothing of Locust is
changed but this process's own runner (`door`) and web UI (`web`).
"""

import atexit
import os
from collections.abc import Callable
from typing import Any, Protocol

import gevent
from locust import events, log
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

from eiload.base.clock import SystemClock
from eiload.base.errors import EiloadError, EngineError
from eiload.control.agent import Agent
from eiload.control.coordinator import Coordinator
from eiload.control.messages import Word
from eiload.control.session import Hooks
from eiload.plugin import crash, early, library, link, options
from eiload.plugin.choice import Choice
from eiload.plugin.exports import unused_by_worker
from eiload.plugin.interrupts import Interrupts
from eiload.plugin.live import Live
from eiload.plugin.outcome import Outcome
from eiload.plugin.requests import Requests
from eiload.plugin.roles import Local, Master, Worker
from eiload.plugin.runs import Runs
from eiload.plugin.stage import Stage, all_predicting
from eiload.plugin.starts import Starts
from eiload.plugin.totals import Totals
from eiload.plugin.voice import Voice
from eiload.scenario import Scenario

__all__ = ["Plugin", "attach", "register"]

QUIT_S = 60.0
"""How long a second attempt of Locust's to quit leaves the first one alone."""


def register() -> None:
    """Add our listeners to Locust's events; harmless when repeated."""
    if _init not in events.init._handlers:  # noqa: SLF001  # Locust has no other way to ask
        events.init_command_line_parser.add_listener(options.add)
        events.init_command_line_parser.add_listener(crash.guard)
        events.init.add_listener(_init)
        library.bring_by(attach)
    if early.watch():
        crash.guard()


def _init(environment: Environment, **_: Any) -> None:
    if environment.runner is not None:  # without one (`run_single_user`) its users come first
        Plugin(environment)


def attach(environment: Environment) -> None:
    """Bring the plugin to an environment that has begun a run without it.

    Raises:
        EiloadError: it is too late for that.
    """
    library.check(environment)
    Plugin(environment).begin()


class Role(Protocol):
    """What this process does in a run: it conducts it, or is conducted."""

    @property
    def agent(self) -> Agent | None:
        """Return the agent that makes load here; None on a master."""

    @property
    def coordinator(self) -> Coordinator | None:
        """Return the present or last run's coordinator; None on a worker."""

    @property
    def outcome(self) -> Outcome | None:
        """Return what became of the last run; None before the first one's end, and on a worker."""

    def begin(self) -> None:
        """Begin a run."""

    def is_over(self) -> bool:
        """Tell whether the present run has ended, as far as this process knows."""

    def open(self, token: str | None) -> None:
        """Get in touch with whoever takes part, and look at the options.

        Raises:
            EiloadError: something is wrong with them.
        """

    def check(self, scenario: Scenario) -> None:
        """Look whether a scenario may be told to those who make the load.

        Raises:
            ScenarioError: it may not.
        """

    def drain(self) -> None:
        """Stop the run; return when every request is accounted for."""

    def abandon(self) -> bool:
        """Give up a run that still waits for its workers; tell whether there was one."""

    def settle(self) -> None:
        """Settle the exit status: nobody does anything any more."""

    def show(self, exit_status: int) -> None:
        """Show the report; Locust has taken this exit status."""


class Plugin:
    """eiload in one Locust process.

    Args:
        environment: Locust's; the plugin becomes its attribute `eiload`.
    """

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.quitting = False
        """Whether Locust is ending."""
        self._starts: Starts | None = None
        self._clock = SystemClock()
        everybody = all_predicting(environment)
        self._stage = Stage(environment)
        parsed = library.options_of(environment)
        self._choice = Choice(parsed, self._stage, everybody, environment.host, self._check)
        given = self._choice.given
        is_worker = isinstance(environment.runner, WorkerRunner)
        is_library = library.is_library(environment)
        self._voice = Voice(
            terminal=bool(given.headless) or is_worker or is_library,
            logfile=bool(given.logfile) and not given.skip_log_setup,
        )
        self.say: Callable[[str], None] = self._voice.say
        fire = environment.events.request.fire
        self.requests = Requests(
            fire, self._clock, everybody, self._is_over, self.say, totals=Totals(environment)
        )
        environment.eiload = self  # type: ignore[attr-defined]  # where users find it
        self._interrupts = None if is_library else Interrupts(self)
        self._role: Role
        if isinstance(environment.runner, WorkerRunner):
            self._role = Worker(
                environment, self._make_agent, say=self.say, complain=self._voice.complain
            )
            if said := unused_by_worker(given):
                self.say(said)
        elif isinstance(environment.runner, MasterRunner):
            self._role = self._conducting(
                Master(environment, given, self._conducts, say=self.say, lonely=self._give_up)
            )
        else:
            self._role = self._conducting(Local(self._make_agent, self._conducts))
        self.requests.agent = self.agent
        self._listen()
        try:
            token = link.given_token(given, os.environ)
            for secret in ("eiload_token", "report_to"):
                vars(parsed).pop(secret, None)  # Locust sends the others
            self._role.open(token)
        except EiloadError as error:
            if is_library:
                raise
            self._voice.complain(error)
            raise SystemExit(error.exit_status) from error
        if is_library:
            atexit.register(self._leave)
        elif self._starts_runs():
            crash.ask(self._given_up)

    def _make_agent(self, send: Callable[[Word], None], final: Callable[[], None]) -> Agent:
        requests = self.requests
        return Agent(
            send=send,
            final=final,
            clock=self._clock,
            hooks=Hooks(requests.fire, self.say, requests.open.settle, requests.maker),
            requests_of=requests.bytes_for,
        )

    def _conducting(self, crew: Local | Master) -> Runs:
        """Return the runs of a process that conducts them, and have its web UI start them."""
        environment = self.environment
        web: Any = environment.web_ui
        live = Live(self._clock, lambda: self._voice.last) if web is not None else None
        runs = Runs(
            environment,
            crew,
            self._stage,
            self._choice,
            self._voice,
            signals=self._interrupts.taken if self._interrupts is not None else (),
            clock=self._clock,
            live=live,
        )
        if live is not None:
            from eiload.plugin.searches import Searches  # noqa: PLC0415  # begun by the web UI only
            from eiload.plugin.web import serve  # noqa: PLC0415  # Flask, with a web UI only

            runs.searches = searches = Searches(self._voice.say)
            self._starts = Starts(runs, self._choice, environment.runner)
            serve(
                web,
                self._choice.given,
                self._starts,
                picked=self._stage.picked,
                outcome=lambda: runs.outcome,
                live=live,
                searches=searches,
            )
        return runs

    def _listen(self) -> None:
        hooks = self.environment.events
        hooks.test_start.add_listener(self._on_test_start)
        hooks.test_stopping.add_listener(self._on_test_stopping)
        hooks.quitting.add_listener(self._on_quitting)
        hooks.quit.add_listener(self._on_quit)

    # -- Locust's events -------------------------------------------------------------------

    def _on_test_start(self, **_: Any) -> None:
        self.begin()

    def begin(self) -> None:
        """Begin a run, as Locust does."""
        if self._starts is not None:
            self._starts.over()
        self._role.begin()

    def _on_test_stopping(self, **_: Any) -> None:
        self._role.drain()

    def _on_quitting(self, **_: Any) -> None:
        if self.quitting:
            gevent.sleep(QUIT_S)  # two signals, two farewells: one is enough, and ends the process
        self.quitting = True
        gevent.sleep(0)  # lets our own signal handler note a SIGTERM before Locust's acts on it
        self._role.drain()
        self._role.settle()
        if self.agent is not None:
            self.agent.close()

    def _on_quit(self, exit_code: int, **_: Any) -> None:
        try:
            self._role.show(exit_code)
        except SystemExit as left:  # with another status
            exit_code = int(left.code or 0)
            raise
        finally:
            if self._interrupts is not None:
                self._interrupts.over(exit_code)

    def _leave(self) -> None:
        """End what is still on when the process ends."""
        self._role.drain()
        if self.agent is not None:
            self.agent.close()

    # -- of this process -------------------------------------------------------------------

    @property
    def agent(self) -> Agent | None:
        """Return the agent that makes load here; None on a master."""
        return self._role.agent

    @property
    def coordinator(self) -> Coordinator | None:
        """Return the present or last run's coordinator; None on a worker."""
        return self._role.coordinator

    @property
    def outcome(self) -> Outcome | None:
        """Return what became of the last run; None before the first one's end, and on a worker."""
        return self._role.outcome

    def drain(self) -> None:
        """Stop the run: whoever does waits here until every request is accounted for."""
        self._role.drain()

    def abandon(self) -> bool:
        """Give up a run that still waits for its workers; tell whether there was one."""
        return self._role.abandon()

    def _check(self, scenario: Scenario) -> None:
        self._role.check(scenario)

    def _is_over(self) -> bool:
        return self._role.is_over()

    def _conducts(self) -> Coordinator | None:
        return self._role.coordinator

    def _starts_runs(self) -> bool:
        return not isinstance(self.environment.runner, WorkerRunner)

    def _given_up(self) -> str:
        """Tell why Locust has ended before there was a run, if it did so by itself."""
        if self.quitting or self.coordinator is not None or self.outcome is not None:
            return ""
        if log.unhandled_greenlet_exception:
            return (
                "Locust gave up before there was a run: a listener of its `init` failed, see above"
            )
        given = self._choice.given
        runner: Any = self.environment.runner
        wanted = given.expect_workers if isinstance(runner, MasterRunner) else 0
        there = len(runner.clients.ready) if wanted else 0
        if given.headless and given.expect_workers_max_wait and there < wanted:
            return (
                f"no run: {there} of {wanted} workers came within the "
                f"{given.expect_workers_max_wait} s of --expect-workers-max-wait"
            )
        return ""

    def _give_up(self, why: str) -> None:
        """End a master that would wait for workers for ever."""
        if self._choice.given.headless and self._interrupts is not None:
            self._voice.complain(EngineError(why))
            self._interrupts.leave(EngineError.exit_status)
