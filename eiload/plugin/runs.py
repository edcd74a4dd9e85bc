"""The runs of one process that conducts them, alone or as a master: one after the other.

What it knows: Locust's runner and its ways to stop, what is to run, the exit status. What it must
not know: who makes the load and how (`roles`), one run's course (`course`), signals' handlers.
"""

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gevent
from locust.env import Environment

from eiload.base.clock import NS_PER_S, Clock
from eiload.base.errors import EiloadError, EngineError, ScenarioError
from eiload.base.files import descriptor
from eiload.control.agent import Agent
from eiload.control.coordinator import Coordinator
from eiload.plugin import options
from eiload.plugin.choice import NOT_BY_WORKERS, Choice
from eiload.plugin.course import Course, Crew
from eiload.plugin.delivery import Delivery
from eiload.plugin.exports import Exports
from eiload.plugin.live import Live
from eiload.plugin.others import NOBODY, Others
from eiload.plugin.outcome import Outcome
from eiload.plugin.outputs import Outputs
from eiload.plugin.stage import Stage
from eiload.plugin.status import ExitStatus
from eiload.plugin.voice import Voice
from eiload.plugin.why import Why
from eiload.record import stopping
from eiload.record.run import Run
from eiload.scenario import Scenario

if TYPE_CHECKING:
    from eiload.plugin.searches import Searches

__all__ = ["Runs"]

logger = logging.getLogger("eiload")


class Bound(int):
    """A run time that is ours to keep: Locust, which asks whether there is any, finds none."""

    def __bool__(self) -> bool:
        return False


class Runs:
    """Chooses, begins and ends runs.

    Args:
        environment: Locust's.
        crew: those who make the load.
        stage: who is on it: Locust's users, or who stands for a scenario.
        choice: what the next run is.
        voice: speaks to the user.
        signals: names of the signals so far; grows.
        clock: the clock.
        live: the page that shows them; None without a web UI.
    """

    def __init__(
        self,
        environment: Environment,
        crew: Crew,
        stage: Stage,
        choice: Choice,
        voice: Voice,
        *,
        signals: Sequence[str],
        clock: Clock,
        live: Live | None = None,
    ) -> None:
        self.outcome: Outcome | None = None
        """What became of the last run; None before the first one's end."""
        self.coordinator: Coordinator | None = None
        """The present or last run's; None before the first."""
        self._environment = environment
        self._runner: Any = environment.runner  # in `init` it is there
        self._crew = crew
        self._stage = stage
        self._choice = choice
        self._given = choice.given
        self._status = ExitStatus(environment, zero=choice.given.exit_status == "zero")
        self._voice = voice
        self._signals = signals
        self._clock = clock
        self._live = live
        self.searches: Searches | None = None
        """The capacity searches of this session; None without a web UI, which begins them."""
        self._exports = Exports(clock, voice.say)
        self._outputs = Outputs({})
        self._delivery = Delivery()
        self._reports: Mapping[str, Path] = {}
        self._why = Why(environment, choice.given)
        self._first = True
        self._began = False
        self._shown = False

    @property
    def agent(self) -> Agent | None:
        """Return the agent that makes load in this process; None on a master."""
        return self._crew.agent

    def open(self, token: str | None) -> None:
        """Let workers in, and take what can be wrong on the command line before anything starts.

        Args:
            token: what workers must know.

        Raises:
            EiloadError: something is wrong.
        """
        self._crew.open(token)
        self._outputs = options.outputs(self._given, os.environ)
        self._exports.open(self._given)
        self._delivery = options.delivery(self._given, os.environ)
        self.choose()
        if self._starts_by_itself() and self._choice.scenario(self._environment.host) is not None:
            self._status.expect()
            if self._choice.name and self._given.run_time:
                # Locust starts its timer, and says so, when the shape has ended.
                vars(self._environment.parsed_options)["run_time"] = Bound(self._given.run_time)

    def choose(self) -> None:
        """Let the chosen scenario, or Locust's users, make the next run's load.

        Raises:
            ScenarioError: tags leave the users no task.
        """
        self._began = False
        if self._choice.wanted is not None and self._crew.agent is None:
            raise ScenarioError(NOT_BY_WORKERS)
        if self._choice.name:
            self._stage.for_scenario(self)
        else:
            self._stage.for_users()

    def _starts_by_itself(self) -> bool:
        """Tell whether the next run is the one that the command line starts."""
        return bool(self._given.headless or (self._given.autostart and self._first))

    def check(self, scenario: Scenario) -> None:
        """Look whether a scenario may be told to those who make the load.

        Raises:
            ScenarioError: it may not.
        """
        self._crew.check(scenario)

    def workers(self) -> list[str]:
        """Return the names of the workers that can take part in a run."""
        return self._crew.workers()

    def complain(self, error: EiloadError | None) -> None:
        """Tell the user what is wrong with a start that is refused."""
        self._voice.complain(error)
        if self._live is not None:
            self._live.refused = str(error)

    def is_over(self) -> bool:
        """Tell whether the present run has ended; False before it began."""
        if not self._began or (self.searches is not None and self.searches.on):
            return False
        return self.coordinator is None or self.coordinator.done.is_set()

    # -- one run ---------------------------------------------------------------------------

    def begin(self) -> None:
        """Begin a run: Locust does."""
        self._began = False
        self.outcome = self.coordinator = None
        self._reports = {}
        self._why = Why(self._environment, self._given, first=self._first)
        try:
            if self.searches is not None and self.searches.begun(self._choice):
                self._status.leave()
                self._first, self._began = False, True
                return
            scenario = self._choice.scenario(self._environment.host)
            if scenario is not None:
                self._begin(scenario)
            else:
                self._status.leave()  # it is all Locust's
                self._exports.leave()
        except EiloadError as error:
            self._voice.complain(error)
            self._outputs.give_back(self._reports)
            self._end_with(Outcome.of_error(error, self._signals))
            if not self._choice.name:
                gevent.spawn(self._stop_locust)
        self._first = False
        self._began = True

    def _begin(self, scenario: Scenario) -> None:
        name = self._choice.name
        if name and self._starts_by_itself() and (unused := self._choice.unused()):
            self._voice.say(
                f"not used beside a scenario, which says itself what is sent where: "
                f"{', '.join(unused)}"
            )
        if scenario.find is not None:
            self._voice.say(
                "this is a run of the scenario's own traffic; 'eiload capacity', or the capacity "
                "search in the web UI's form, looks for what its 'find:' asks"
            )
        course = self._course_of(scenario)
        self.coordinator = course.coordinator
        course.start()
        gevent.spawn(self._accompany, course)

    def _course_of(self, scenario: Scenario) -> Course:
        self._reports = self._outputs.take()
        if self._reports != self._outputs.given:
            self._voice.say(f"this run writes {', '.join(map(str, self._reports.values()))}")
        run_time_s = self._choice.run_time_s if self._choice.name else self._why.run_time_s
        shape = self._environment.shape_class
        return Course(
            scenario,
            self._crew,
            self._reports,
            self._voice,
            given=self._given,
            signals=self._signals,
            clock=self._clock,
            driven=not self._choice.name,
            drain_ns=round(self._environment.stop_timeout * NS_PER_S) or None,
            run_time_ns=round((run_time_s or 0) * NS_PER_S) or None,
            others=self._others,
            ways=tuple(self._delivery.ways(self._reports)),
            hold=shape.reset_time if shape is not None and not self._choice.name else None,
            live=self._live,
            exports=self._exports,
        )

    def _others(self, run: Run | None) -> Others:
        """Return what others have done in the present run by now."""
        if self._choice.name:
            return Others.of_scenario()
        from eiload.judging.judgement import failures_of  # noqa: PLC0415  # not before the end

        if self._runner is None:
            return NOBODY
        ours = failures_of(run) if run is not None else 0
        return Others.of_users(self._runner, ours, self._given.exit_code_on_error)

    def _accompany(self, course: Course) -> None:
        outcome = course.follow()
        coordinator = course.coordinator
        if not coordinator.started.is_set():
            self._outputs.give_back(self._reports)
        self._end_with(outcome)
        if not self._choice.name and not coordinator.stopped:
            self._stop_locust()  # the users' run cannot go on; a scenario's is ended by its shape

    def _stop_locust(self) -> None:
        """End a run of Locust's users that cannot go on."""
        if self._runner is None:  # a single user, which ends itself
            return
        if self._given.headless:
            self._runner.quit()
        else:
            self._runner.stop()

    def _end_with(self, outcome: Outcome) -> None:
        self.outcome = outcome
        if self._live is not None:
            run = outcome.run
            self._live.end(run.scenario.name if run else self._choice.name or "users", outcome)
        if self._status.expected:
            self._status.set(outcome.exit_status)
        if not self._given.headless:
            outcome.show(to_stderr=self._stdout_is_taken())
        if outcome.judgement is not None and (not self._given.headless or self._has_logfile()):
            logger.info(outcome.judgement.summary)  # also where the web UI shows it: its logs

    def _stdout_is_taken(self) -> bool:
        """Tell whether stdout is to carry something else than our report."""
        return bool(self._given.json) or any(descriptor(p) == 1 for p in self._reports.values())

    def _has_logfile(self) -> bool:
        return bool(self._given.logfile) and not self._given.skip_log_setup

    # -- its end ---------------------------------------------------------------------------

    def drain(self) -> None:
        """Stop the run: whoever does waits here until every request is accounted for."""
        if self.searches is not None:
            self.searches.end()
        coordinator = self.coordinator
        if coordinator is None:
            return
        coordinator.stop(self._why.reason(self._signals))
        coordinator.done.wait()
        while self.outcome is None:  # judged and written by `_accompany`
            gevent.sleep(0.01)

    def abandon(self) -> bool:
        """Give up a run that still waits for its workers; tell whether there was one."""
        waits = self._crew.agent is None and self._given.headless and self.coordinator is None
        if waits and self.outcome is None:
            self._voice.complain(EngineError(stopping.before_load(self._signals[0], 0)))
            self._runner.quit()
        return waits

    def settle(self) -> None:
        """Settle the exit status, when nobody does anything any more; Locust takes it next."""
        if self.outcome is not None and self._status.expected:
            self.outcome = self.outcome.beside(self._others(self.outcome.run)).after(self._signals)
            self._status.set(self.outcome.exit_status)
        elif self.outcome is None and self._status.expected and self._signals:
            self._voice.complain(EngineError(stopping.before_load(self._signals[0], 0)))
            self._status.set(stopping.SIGNALS[self._signals[0]])

    def show(self, exit_status: int) -> None:
        """Show the report of a run without web UI, when Locust has said all it has to say.

        Args:
            exit_status: the one that Locust has taken.

        Raises:
            SystemExit: it cannot be shown, and that makes another exit status.
        """
        if self._status.expected and self.outcome is not None:
            ours = self.outcome.exit_status
            if exit_status != self._status.taken(ours):
                self._voice.say(
                    f"the exit status is {exit_status}, as the locustfile has set it, not {ours}"
                )
            elif exit_status != ours:
                self._voice.say(
                    f"the exit status is {exit_status}, as --exit-status says, not {ours}"
                )
        if self.outcome is not None and self._given.headless and not self._shown:
            self._shown = True
            status = self.outcome.show(
                to_stderr=self._stdout_is_taken(), below_locusts=not self._given.json
            )
            if status != self.outcome.exit_status and self._status.taken(status) == status:
                raise SystemExit(status)  # Locust has taken the other one already
