"""One run, conducted: prepare the workers, start them together, hear them, end.

What it knows: agents by name, the `messages` to and from them, what is waited for and for how long.
What it must not know: Locust, gRPC, how messages travel, who takes over from whom (`workers`), how
results are shown. It lives in the master or, in a run without workers, beside the one agent.

`start` gives it a thread of its own; everything that happens is put into that thread's queue
(words, lost workers, a wish to stop), so its state needs no locks. When `done` is set, `run` or
`error` holds the outcome; a fault ends a run early, but never without what was measured.

Second 0 begins at one instant for all: workers that share the master's clock (same machine, same
boot) get the instant itself, others a delay from the moment the word reaches them.
"""

import contextlib
import queue
import threading
import uuid
from collections.abc import Callable, Sequence

from eiload.base.clock import NS_PER_S, Clock, boot_id
from eiload.base.errors import EiloadError, EngineError, ScenarioError, TargetError
from eiload.control import closing, messages
from eiload.control.accounts import Accounts
from eiload.control.ending import Ending
from eiload.control.logbook import Logbook
from eiload.control.messages import Ceded, Failed, Order, Ready, Report, Word
from eiload.control.muster import Muster
from eiload.control.present import Present, position, present
from eiload.control.session import drain_limit_ns
from eiload.control.standins import StandIns
from eiload.control.workers import HandOver, Workers
from eiload.record import stopping
from eiload.record.intervals import Intervals
from eiload.record.journal import Journal
from eiload.record.run import Run
from eiload.scenario import Scenario
from eiload.scenario.arrivals import ClosedPhase
from eiload.scenario.schedule import Schedule

__all__ = ["Coordinator"]

LEAD_NS = NS_PER_S // 2
"""How far ahead the start is set, so that the word reaches every worker before it."""

STOP_LEAD_NS = NS_PER_S // 10
"""The same for an early stop; a worker that hears later says where it cut."""

FINAL_GRACE_NS = 8 * NS_PER_S
"""How long after the last possible answer the coordinator waits for final reports."""

TICK_S = 0.25

RUN_TIME_GRACE_NS = 10 * NS_PER_S
"""How long after --run-time it is still waited for all to be ready, to say how long that takes."""


class Coordinator:
    """Conducts one run.

    Args:
        scenario: what to do.
        workers: the agents' names, in the order of their slices.
        send: takes an order to the agent of that name.
        clock: the clock.
        say: told, in words, what is waited for or went wrong, for a person to read.
        on_intervals: told of counts as they arrive, by class where there are classes.
        driven: Locust's users make the requests; the run ends when it is stopped.
        journal: kept while the load is on, for the case that this process is killed.
        drain_ns: how long answers are waited for at the end; the longest deadline if None.
        run_time_ns: when Locust will stop the run, counted from its start; None if it will not.
        on_look: given the run as it was at each look (`ending`); returns at once.
    """

    def __init__(
        self,
        scenario: Scenario,
        workers: Sequence[str],
        *,
        send: Callable[[str, Order], None],
        clock: Clock,
        say: Callable[[str], None],
        on_intervals: Callable[[Intervals], None],
        driven: bool = False,
        journal: Journal | None = None,
        drain_ns: int | None = None,
        run_time_ns: int | None = None,
        on_look: Callable[[Run], None] = lambda _run: None,
    ) -> None:
        self.scenario = scenario
        self.done = threading.Event()
        self.started = threading.Event()
        """Set once the load is on."""
        self.run: Run | None = None
        self.error: EiloadError | None = None
        self.stopped = ""
        """Why the run ended early; empty if it did not."""
        self._asked = self._share = ""
        self._id = uuid.uuid4().hex
        self._send = send
        self._clock = clock
        self._say = say
        self._on_intervals = on_intervals
        self._driven = driven
        self._stand_ins = StandIns(scenario, say)
        self.observing = Accounts(scenario, clock, say)
        self._logbook = Logbook(journal, say, self.observing.news)
        self._drain_ns = drain_ns
        self._run_time_ns = run_time_ns
        self._began_ns = clock.now_ns()
        self._stop_ns = 0
        schedule = self._schedule = Schedule(scenario.traffic, scenario.seed)
        self._ending = Ending(scenario, schedule, on_look, self.stop, say)
        self.looked = self._ending.looked
        loops = any(isinstance(phase, ClosedPhase) for phase in scenario.traffic)
        self._workers = Workers(
            self._id, workers, duration_ns=schedule.duration_ns, driven=driven, ceding=not loops
        )
        self._muster = Muster(
            self._id, scenario, self._workers, send=send, say=say, driven=driven, drain_ns=drain_ns
        )
        self._inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._origin_ns = self._started_wall_ns = 0
        self._stopping = False

    # -- from outside ----------------------------------------------------------------------

    def start(self) -> None:
        """Begin, on a thread of its own."""
        threading.Thread(target=self._conduct, name="eiload-coordinator", daemon=True).start()

    def post(self, worker: str, word: Word) -> None:
        """Take an agent's word; returns at once."""
        if worker in self._workers and word.run == self._id:
            self._inbox.put(lambda: self._take(worker, word))

    def hear(self, worker: str, data: object) -> None:
        """Take what has come over the network as an agent's word, whatever it is; never raises.

        What is not about this run is left alone; what is and cannot be read is a problem of it.
        """
        if worker not in self._workers or messages.run_of(data) != self._id:
            return
        try:
            word = messages.word_of(data, self.scenario)
        except ValueError as error:
            what = str(error)
            self._inbox.put(lambda: self._workers.damaged(worker, what))
        else:
            self.post(worker, word)

    def admit(self, worker: str) -> None:
        """Have a worker that comes late take part once it is ready; it may be said repeatedly."""
        if self.started.is_set() and worker not in self._workers:
            self._inbox.put(lambda: None if self._stopping else self._muster.admit(worker))

    def lose(self, worker: str, why: str) -> None:
        """Take note that a worker is gone."""
        if worker in self._workers:
            self._inbox.put(lambda: self._lost(worker, why))

    def stop(self, reason: str) -> None:
        """Ask for an early end; `done` follows when the drain has ended."""
        self._asked = self._asked or reason
        self._stand_ins.interrupt()
        self.observing.hurry()
        self._inbox.put(self._stop)

    def cancel(self) -> None:
        """End the drain now: whatever is in flight becomes unfinished."""
        for worker in self._workers.live:
            self._send(worker.name, messages.Cancel(run=self._id))

    @property
    def elapsed_ns(self) -> int:
        """Return the time since second 0 began; 0 before it."""
        return max(0, self._clock.now_ns() - self._origin_ns) if self.started.is_set() else 0

    @property
    def workers(self) -> list[str]:
        """Return the names of the agents that take part and are not over."""
        return [worker.name for worker in self._workers.live if not worker.coming]

    @property
    def admits(self) -> bool:
        """Tell whether who comes now can take part."""
        return not self._stopping

    def position(self) -> tuple[str, int]:
        """Return the present phase's name ("drain" after the last) and the whole length, ns."""
        return position(self._schedule, self.elapsed_ns, stopping=self._stopping)

    def present(self) -> Present:
        """Return how far the run is, as far as is known here."""
        stopped_ns = self._stop_ns - self._origin_ns if self._stopping else None
        return present(self._workers, self.elapsed_ns, stopped_ns, begun=self.started.is_set())

    # -- the coordinator's thread ----------------------------------------------------------

    def _conduct(self) -> None:
        try:
            with self._stand_ins, self.observing:
                self._prepare(self._stand_ins.start())
                self.observing.begin(self._stand_ins.pages)
                self._go()
                self._load()
                self._tell_all(messages.Forget(run=self._id))
                # Targets must outlive the last request; now every agent has had its drain.
                observed = self.observing.end()
            self.run = closing.closed(self._known(), self._workers, self._schedule, observed)
        except EiloadError as error:
            early = self._asked and not self.started.is_set()
            self.error = self._unbegun() if early else error
            self._tell_all(messages.Forget(run=self._id))
        except Exception as error:  # a defect must end the run, with a word
            self.error = EngineError(f"internal error: {type(error).__name__}: {error}")
            self._tell_all(messages.Forget(run=self._id))
        finally:
            self.done.set()

    def _prepare(self, addresses: dict[str, str]) -> None:
        """Have every agent prepare; return when all are ready.

        Raises:
            EiloadError: one cannot, or says nothing, or the run is stopped.
        """
        self._muster.call(addresses, self._clock.now_ns())
        while self._workers.silent:
            self._hear()
            if self._stopping and not self._is_waited_for():
                raise self._unbegun()
            self._muster.check(self._clock.now_ns())
        if self._asked:
            raise self._unbegun()
        self._muster.close()

    def _is_waited_for(self) -> bool:
        """Tell whether getting ready, though in vain, may show how much longer it would take."""
        in_time = self._clock.now_ns() < self._stop_ns + RUN_TIME_GRACE_NS
        return self._asked == stopping.RUN_TIME and in_time and not self._workers.lost

    def _unbegun(self) -> EngineError:
        took_ns, ready = self._clock.now_ns() - self._began_ns, not self._workers.silent
        return EngineError(stopping.before_load(self._asked, took_ns, ready=ready))

    def _go(self) -> None:
        self._origin_ns = self._clock.now_ns() + LEAD_NS
        self.observing.went(self._origin_ns)
        self._started_wall_ns = self._clock.wall_ns() + LEAD_NS
        go = messages.Go(run=self._id, origin_ns=self._origin_ns, in_ns=LEAD_NS, boot_id=boot_id())
        self._tell_all(go)
        self._workers.begin()
        self.started.set()
        if self._run_time_ns is not None:
            self._share = stopping.share(self._origin_ns - self._began_ns, self._run_time_ns)
        if self._share:
            self._say(self._share)
        self._logbook.begin(closing.opened(self._known(), self._workers), driven=self._driven)

    def _known(self) -> closing.Known:
        return closing.Known(
            scenario=self.scenario,
            driven=self._driven,
            started_wall_ns=self._started_wall_ns,
            step_ns=self._clock.wall_ns() - self._started_wall_ns - self.elapsed_ns,
            stopped=self.stopped,
            digest=self._muster.digest,
            looks=self._ending.looks,
            share=self._share,
        )

    def _load(self) -> None:
        """Hear the workers until each has made its final report or is lost."""
        drain_ns = drain_limit_ns(self.scenario, self._drain_ns)
        end_ns = self._origin_ns + self._schedule.duration_ns
        while any(not worker.coming for worker in self._workers.live):
            self._hear()
            self._logbook.keep(self.elapsed_ns, lambda: closing.state(self._known(), self._workers))
            self._ending.check(self._known(), self._workers, self.elapsed_ns)
            if self._stopping:
                end_ns = min(end_ns, self._clock.now_ns())
            if self._clock.now_ns() > end_ns + drain_ns + FINAL_GRACE_NS:
                self._workers.give_up("made no final report in time")
        self._muster.dismiss()

    def _hear(self) -> None:
        """Handle what has happened, one thing; nothing if nothing does for a while."""
        with contextlib.suppress(queue.Empty):
            self._inbox.get(timeout=TICK_S)()

    def _take(self, worker: str, word: Word) -> None:
        match word:
            case Ready() if self.started.is_set():
                self._muster.welcome(worker, word, self._origin_ns, self._clock.now_ns())
            case Ready():
                self._workers.ready(worker, word)
            case Failed():
                self._failed(worker, word)
            case Ceded():
                self._hand_over(self._workers.cede(worker, word))
            case Report():
                self._report(worker, word)

    def _failed(self, worker: str, word: Failed) -> None:
        if self._muster.leave_out(worker, word.why):
            return
        on = self.started.is_set()
        # A slip in the users' code is on all workers alike, and may be what made the run stop.
        slip = on and self._driven and word.exit_status == ScenarioError.exit_status
        if (on or self._stopping) and not slip:
            self._lost(worker, word.why)
            return
        kinds = {2: ScenarioError, 4: TargetError}
        raise kinds.get(word.exit_status, EngineError)(word.why)

    def _report(self, worker: str, report: Report) -> None:
        if self._workers.has_ended(worker):
            return
        orders = self._workers.report(worker, report, self.elapsed_ns)
        self._logbook.add(report.intervals)
        self._ending.add(report.intervals, self.elapsed_ns, report.rows)
        self._on_intervals(report.intervals)
        self._hand_over(orders, gone=worker)

    def _lost(self, worker: str, why: str) -> None:
        if worker in self._workers and not self._muster.leave_out(worker, why):
            self._hand_over(self._workers.lose(worker, why, self.elapsed_ns), gone=worker)

    def _hand_over(self, orders: HandOver, gone: str = "") -> None:
        if gone and orders:
            self._say(f"worker {gone} is gone; the others take over its part of the load")
        for name, order in orders:
            self._send(name, order)

    def _stop(self) -> None:
        if self._stopping:
            return
        self._stopping = True
        self._muster.dismiss()
        self._workers.stop()
        self.stopped = self._asked
        self._stop_ns = self._clock.now_ns()
        if not self.started.is_set() and self.stopped == stopping.RUN_TIME:
            return  # a word to the agents would end their getting ready
        self._tell_all(messages.Stop(run=self._id, at_ns=self.elapsed_ns + STOP_LEAD_NS))

    def _tell_all(self, order: Order) -> None:
        for worker in self._workers:
            if not worker.lost:
                self._send(worker.name, order)
