"""The course of one run: from its beginning to its outcome.

What it knows: the coordinator, the run's files, its progress. What it must not know: Locust's
events, which run comes next, what the exit status is for.
"""

import contextlib
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import gevent
import gevent.event

from eiload.base.clock import NS_PER_S, Clock
from eiload.base.errors import EngineError
from eiload.base.files import rewritable
from eiload.control.agent import Agent
from eiload.control.coordinator import Coordinator
from eiload.control.messages import Order
from eiload.plugin.delivery import Way
from eiload.plugin.exports import Exports
from eiload.plugin.live import Live
from eiload.plugin.looking import Looking
from eiload.plugin.others import Others
from eiload.plugin.outcome import Outcome
from eiload.plugin.voice import Voice
from eiload.record import stopping
from eiload.record.intervals import Intervals
from eiload.record.journal import Journal, beside
from eiload.record.recorder import step_s_for
from eiload.record.run import Run
from eiload.report.live.watch import Watch
from eiload.report.progress import Progress
from eiload.scenario import Scenario

__all__ = ["Course", "Crew"]

logger = logging.getLogger("eiload")

PROGRESS_S = 2.0
REPORT_S = 1.0
HOLD_S = 0.1


class Crew(Protocol):
    """Those who make the load, as whoever conducts sees them."""

    @property
    def agent(self) -> Agent | None:
        """Return the one of this process; None if it makes no load."""

    def open(self, token: str | None) -> None:
        """Let those in who come from elsewhere."""

    def check(self, scenario: Scenario) -> None:
        """Look whether a scenario may be told to them.

        Raises:
            ScenarioError: it may not.
        """

    def workers(self) -> list[str]:
        """Return the names of the workers that can take part in a run."""

    def begin(self) -> None:
        """Get ready for a run that begins."""

    def send(self, worker: str, order: Order) -> None:
        """Take an order to a worker's agent."""

    def attend(self, coordinator: Coordinator) -> None:
        """See to it that reports and losses are known; once a second while a run is on."""


class Course:
    """One run.

    Args:
        scenario: what to do.
        crew: who does it.
        reports: where to write which form of report.
        voice: speaks to the user.
        given: Locust's options as the command line gave them.
        signals: names of the signals so far; grows.
        clock: the clock.
        driven: Locust's users make the requests.
        drain_ns: how long answers are waited for at the end; the longest deadline if None.
        run_time_ns: when Locust will stop a driven run, counted from its start; how long another's
            load is to last at most; None if nothing bounds it.
        others: returns what others than our requests have done by now.
        ways: where else to take which form of report.
        hold: holds the clock of the users' own shape; called until the load begins.
        live: the page that shows the run while it goes on; None without a web UI.
        exports: gives the run's numbers to others.
    """

    def __init__(
        self,
        scenario: Scenario,
        crew: Crew,
        reports: Mapping[str, Path],
        voice: Voice,
        *,
        given: Any,
        signals: Sequence[str],
        clock: Clock,
        driven: bool,
        drain_ns: int | None,
        run_time_ns: int | None,
        others: Callable[[Run], Others],
        ways: Sequence[Way] = (),
        hold: Callable[[], None] | None = None,
        live: Live | None = None,
        exports: Exports | None = None,
    ) -> None:
        self._crew = crew
        self._voice = voice
        self._given = given
        self._signals = signals
        self._syncing: gevent.event.AsyncResult[None] | None = None
        self._journal: Journal | None = None
        self._live = live
        self._exports = exports
        step_s = self._step_s = 1 if driven else step_s_for(scenario.duration_ns)
        warm_up = [index for index, phase in enumerate(scenario.traffic) if phase.warm_up]
        self._progress = Progress(list(scenario.targets), len(scenario.traffic), step_s, warm_up)
        self._reports = reports
        self._looking = Looking(scenario, voice.say, live)
        if (run_file := reports.get("json")) is not None and rewritable(run_file):
            self._journal = Journal(beside(run_file), self._sync)
        self.coordinator = Coordinator(
            scenario,
            crew.workers(),
            send=crew.send,
            clock=clock,
            say=voice.say,
            on_intervals=self._count,
            driven=driven,
            journal=self._journal,
            drain_ns=drain_ns,
            run_time_ns=run_time_ns if driven else None,
            on_look=self._looking.take,
        )
        self._clock = clock
        self._began_ns = clock.now_ns()
        self._driven = driven
        self._run_time_ns = run_time_ns
        self._limit_ns = None if driven else run_time_ns
        self._others = others
        self._ways = ways
        self._hold = hold

    def start(self) -> None:
        """Begin; then `follow` is to be called."""
        self._crew.begin()
        if self._live is not None:
            scenario = self.coordinator.scenario
            watch = Watch(scenario, driven=self._driven, step_s=self._step_s)
            self._live.begin(self.coordinator, watch, driven=self._driven)
        if self._exports is not None:
            self._exports.begin(self.coordinator)
        self._looking.begin(self.coordinator)
        self.coordinator.start()

    def _count(self, intervals: Intervals) -> None:
        self._progress.add(intervals.folded())
        if self._live is not None:
            self._live.add(intervals)
        if self._exports is not None:
            self._exports.add(intervals)

    def follow(self) -> Outcome:
        """Look after the run until its end; return what became of it."""
        coordinator = self.coordinator
        with self._voice.alone():
            self._attend()
        if coordinator.run is None:
            self._voice.complain(coordinator.error)
            outcome = Outcome.of_error(coordinator.error, self._signals)
        else:
            outcome = self._judged(coordinator.run)
        if self._exports is not None:
            self._exports.end(coordinator.run)
        self._close_journal(keep=coordinator.started.is_set() and "json" not in outcome.written)
        return outcome

    def _attend(self) -> None:
        """Look after the run until its end."""
        coordinator = self.coordinator
        attended_s = shown_s = time.monotonic()
        while not coordinator.done.wait(self._pause_s()):
            now_s = time.monotonic()
            if self._hold is not None:
                self._hold()
                if coordinator.started.is_set():
                    self._hold = None
            if self._limit_ns is not None and coordinator.elapsed_ns >= self._limit_ns:
                coordinator.stop(stopping.RUN_TIME)
            if now_s - attended_s >= REPORT_S:
                attended_s = now_s
                self._crew.attend(coordinator)
                if self._live is not None:
                    self._live.tick()
                if self._exports is not None:
                    self._exports.tick()
            if now_s - shown_s >= PROGRESS_S and coordinator.started.is_set():
                shown_s = now_s
                self._show_progress()

    def _pause_s(self) -> float:
        """Return how long nothing needs to be looked after."""
        if self._hold is not None:
            return HOLD_S
        if self._limit_ns is None or not self.coordinator.started.is_set():
            return REPORT_S
        left_s = (self._limit_ns - self.coordinator.elapsed_ns) / NS_PER_S
        return min(REPORT_S, left_s) if left_s > 0 else REPORT_S

    def _judged(self, run: Run) -> Outcome:
        try:
            return Outcome.of(
                run,
                self._signals,
                reports=self._reports,
                undecided_ok=self._given.undecided == "ok",
                status_on_errors=self._given.exit_code_on_error,
                others=self._others(run),
                ways=self._ways,
            )
        except Exception as error:  # whoever waits for the outcome must not wait for ever
            logger.exception("the run could not be judged")
            failure = EngineError(f"internal error: {type(error).__name__}: {error}")
            return Outcome.of_error(failure, self._signals)

    def _show_progress(self) -> None:
        if self._given.loglevel not in {"DEBUG", "INFO"}:
            return  # who wants to read no more than warnings
        phase, total_ns = self.coordinator.position()
        elapsed_ns = self.coordinator.elapsed_ns
        if self._driven:  # its plan is only the longest there may be
            ready_ns = self._clock.now_ns() - self._began_ns - elapsed_ns
            total_ns = max(self._run_time_ns - ready_ns, 0) if self._run_time_ns else 0
        look_s = self._looking.next_s(elapsed_ns)
        told = elapsed_ns, total_ns, phase
        self._voice.tell(
            self._progress.line(*told, look_s),
            lambda width: self._progress.ticker(*told, width, look_s),
        )

    # -- the journal -----------------------------------------------------------------------

    def _close_journal(self, *, keep: bool) -> None:
        journal, self._journal = self._journal, None
        if journal is not None:
            journal.close(keep=keep)
            if keep:
                self._voice.say(f"what was measured is in {journal.path}, see `eiload report`")

    def _sync(self, fd: int) -> None:
        """Have a file brought to the disk by a thread: a slow disk must not keep Locust waiting."""
        if self._syncing is None or self._syncing.ready():
            self._syncing = gevent.get_hub().threadpool.spawn(_fsync, fd)


def _fsync(fd: int) -> None:
    with contextlib.suppress(OSError):  # closed by now: its run has ended
        os.fsync(fd)
