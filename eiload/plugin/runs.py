"""The runs of one process that conducts them, alone or as a master: one after the other.

What it knows: Locust's runner and its ways to stop, what is to run, the exit status. What it must
not know: who makes the load and how (`roles`), one run's course (`course`), signals' handlers.
"""

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import gevent
from locust.env import Environment

from eiload.base.clock import NS_PER_S, Clock
from eiload.base.errors import EiloadError, EngineError, ScenarioError
from eiload.base.files import descriptor
from eiload.control.agent import Agent
from eiload.control.coordinator import Coordinator
from eiload.plugin import options, users
from eiload.plugin.choice import Choice
from eiload.plugin.course import Course, Crew
from eiload.plugin.outcome import Outcome
from eiload.plugin.outputs import Outputs
from eiload.plugin.shape import ScenarioShape
from eiload.plugin.voice import Voice
from eiload.plugin.why import Why
from eiload.record import stopping
from eiload.scenario import Scenario

__all__ = ["Runs"]

logger = logging.getLogger("eiload")

INVALID = EngineError.exit_status


class Runs:
    """Chooses, begins and ends runs.

    Args:
        environment: Locust's.
        crew: those who make the load.
        choice: what the next run is.
        voice: speaks to the user.
        signals: names of the signals so far; grows.
        clock: the clock.
    """

    def __init__(
        self,
        environment: Environment,
        crew: Crew,
        choice: Choice,
        voice: Voice,
        *,
        signals: Sequence[str],
        clock: Clock,
    ) -> None:
        self.outcome: Outcome | None = None
        """What became of the last run; None before the first one's end."""
        self.coordinator: Coordinator | None = None
        """The present or last run's; None before the first."""
        self._environment = environment
        self._runner: Any = environment.runner  # in `init` it is there
        self._crew = crew
        self._choice = choice
        self._given = choice.given
        self._voice = voice
        self._signals = signals
        self._clock = clock
        self._outputs = Outputs({})
        self._reports: Mapping[str, Path] = {}
        self._why = Why(environment)
        self._scenario: Scenario | None = None
        self._began = False
        self._shown = False
        self._user_classes = list(environment.user_classes)

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
        if self._given.headless or self._given.autostart:
            self._environment.process_exit_code = INVALID  # until a run says otherwise
            self._scenario = self._choice.scenario(self._environment.host)
        self.choose_shape(self._choice.name)

    def choose_shape(self, scenario: str) -> None:
        """Let the scenario, or Locust's users, make the next run's load."""
        if not scenario and not self._choice.classes:
            raise ScenarioError(
                "nothing to do: no --scenario, and no subclass of PredictUser or SSDUser in the "
                "locustfile"
            )
        self._began = False
        self._environment.shape_class = ScenarioShape(self, self._runner) if scenario else None
        self._environment.user_classes = (
            [users.ScenarioUser]
            if scenario
            else [cls for cls in self._user_classes if cls is not users.ScenarioUser]
        )

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
        """Tell the user what is wrong."""
        self._voice.complain(error)

    def is_over(self) -> bool:
        """Tell whether the present run has ended; False before it began."""
        return self._began and (self.coordinator is None or self.coordinator.done.is_set())

    # -- one run ---------------------------------------------------------------------------

    def begin(self) -> None:
        """Begin a run: Locust does."""
        self._began = False
        self.outcome = None
        self._reports = {}
        self._why = Why(self._environment, first=self.coordinator is None)
        try:
            scenario = self._scenario or self._choice.scenario(self._environment.host)
            self._scenario = None  # read anew for the next run
            course = self._course_of(scenario)
        except EiloadError as error:
            self._voice.complain(error)
            self._outputs.give_back(self._reports)
            self._end_with(Outcome.of_error(error, self._signals))
            if self._environment.shape_class is None:
                gevent.spawn(self._stop_locust)
        else:
            self.coordinator = course.coordinator
            course.start()
            gevent.spawn(self._accompany, course)
        self._began = True

    def _course_of(self, scenario: Scenario) -> Course:
        self._reports = self._outputs.take()
        if self._reports != self._outputs.given:
            self._voice.say(f"this run writes {', '.join(map(str, self._reports.values()))}")
        return Course(
            scenario,
            self._crew,
            self._reports,
            self._voice,
            given=self._given,
            signals=self._signals,
            clock=self._clock,
            driven=not self._environment.shape_class,
            drain_ns=round(self._environment.stop_timeout * NS_PER_S) or None,
            run_time_ns=round((self._why.run_time_s or 0) * NS_PER_S) or None,
        )

    def _accompany(self, course: Course) -> None:
        outcome = course.follow()
        coordinator = course.coordinator
        if not coordinator.started.is_set():
            self._outputs.give_back(self._reports)
        self._end_with(outcome)
        if self._environment.shape_class is None and not coordinator.stopped:
            self._stop_locust()  # the users' run cannot go on; a scenario's is ended by its shape

    def _stop_locust(self) -> None:
        """End a run of Locust's users that cannot go on."""
        if self._given.headless:
            self._runner.quit()
        else:
            self._runner.stop()

    def _end_with(self, outcome: Outcome) -> None:
        self.outcome = outcome
        if self._environment.process_exit_code is not None:
            self._environment.process_exit_code = outcome.exit_status
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

    def show(self) -> None:
        """Show the report of a run without web UI, when Locust has said all it has to say.

        Raises:
            SystemExit: it cannot be shown, and that makes another exit status.
        """
        if self.outcome is not None and self._given.headless and not self._shown:
            self._shown = True
            status = self.outcome.show(to_stderr=self._stdout_is_taken())
            if status != self.outcome.exit_status:
                raise SystemExit(status)  # Locust has taken the other one already
