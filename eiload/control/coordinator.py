"""One run, conducted: prepare the workers, start them together, collect, find who is missing.

What it knows: agents by name, the messages to and from them (`agent`), the stand-ins of a run, the
schedule as a whole. What it must not know: Locust, gRPC, how results are shown. It lives in the
master or, in a run without workers, beside the one agent.

`start` gives it a thread of its own; everything that happens is `post`ed to that thread's queue
(messages, lost workers, a wish to stop), so its state needs no locks. When `done` is set, `run` or
`error` holds the outcome; a fault ends a run early, but never without what was measured.

Second 0 begins at one instant for all: workers that share the master's clock (same machine, same
boot) get the instant itself, others a delay from the moment the word reaches them.
"""

import contextlib
import os
import platform
import queue
import signal
import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from eiload.base.clock import NS_PER_S, Clock, boot_id
from eiload.base.errors import EiloadError, EngineError, OutputError, ScenarioError, TargetError
from eiload.control import messages
from eiload.control.messages import (
    Cancel,
    Failed,
    Final,
    Forget,
    Go,
    Order,
    Own,
    Prepare,
    Ready,
    Report,
    Stop,
    Word,
)
from eiload.control.session import DRAIN_GRACE_NS, LOOKAHEAD_NS
from eiload.record import stopping
from eiload.record.facts import TargetFacts, WorkerFacts
from eiload.record.intervals import Intervals
from eiload.record.journal import Journal, State
from eiload.record.ledger import reconcile
from eiload.record.run import PAYLOAD, Run, as_long_as
from eiload.scenario import Scenario
from eiload.scenario.schedule import Schedule
from eiload.server.launch import StandInProcess

__all__ = ["Coordinator"]

LEAD_NS = NS_PER_S // 2
"""How far ahead the start is set, so that the word reaches every worker before it."""

STOP_LEAD_NS = NS_PER_S // 10
"""The same for an early stop; a worker that hears later says where it cut."""

TAKEOVER_NS = LOOKAHEAD_NS + 2 * NS_PER_S
"""How far ahead lost slices change hands: beyond what any worker has fed already."""

FINAL_GRACE_NS = 8 * NS_PER_S
"""How long after the last possible answer the coordinator waits for final reports."""

PREPARE_GRACE_NS = 120 * NS_PER_S
"""How long preparing may take beyond the targets' `ready_within`: decoding many images takes
minutes on a small machine."""

TICK_S = 0.25

DAMAGED_AT_MOST = 20
"""How many different damages are told, over and over, before they are told again."""

JOURNAL_NS = NS_PER_S
"""How often what was reported is added to the journal."""

RUN_TIME_GRACE_NS = 10 * NS_PER_S
"""How long after --run-time it is still waited for all to be ready, to say how long that takes."""


@dataclass
class _Worker:
    """What the coordinator knows of one agent."""

    name: str
    index: int
    slices: list[int]
    ready: Ready | None = None
    intervals: list[Intervals] = field(default_factory=list)
    last: Report | None = None
    heard_ns: int = 0
    """When it last reported, from the start of the load."""
    ended_ns: int = 0
    facts: WorkerFacts | None = None
    lost: str = ""

    @property
    def over(self) -> bool:
        """Tell whether nothing more is to come from it."""
        return bool(self.facts or self.lost)


class Coordinator:
    """Conducts one run.

    Args:
        scenario: what to do.
        workers: the agents' names, in the order of their slices.
        send: takes an order to the agent of that name.
        clock: the clock.
        say: told, in words, what is waited for or went wrong, for a person to read.
        on_intervals: told of counts as they arrive, for showing progress.
        driven: Locust's users make the requests; the run ends when it is stopped.
        journal: kept while the load is on, for the case that this process is killed.
        drain_ns: how long answers are waited for at the end; the longest deadline if None.
        run_time_ns: when Locust will stop the run, counted from its start; None if it will not.
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
    ) -> None:
        self.scenario = scenario
        self.done = threading.Event()
        self.started = threading.Event()
        """Set once the load is on."""
        self.run: Run | None = None
        self.error: EiloadError | None = None
        self.stopped = ""
        """Why the run ended early; empty if it did not."""
        self._asked = ""
        self._id = uuid.uuid4().hex
        self._workers = {n: _Worker(n, i, [i]) for i, n in enumerate(workers)}
        self._send = send
        self._clock = clock
        self._say = say
        self._on_intervals = on_intervals
        self._driven = driven
        self._journal = journal
        self._drain_ns = drain_ns
        self._run_time_ns = run_time_ns
        self._began_ns = clock.now_ns()
        self._stop_ns = 0
        self._share = ""
        self._unwritten: list[Intervals] = []
        self._written_ns = 0
        self._schedule = Schedule(scenario.traffic, scenario.seed)
        self._inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._starting: dict[str, StandInProcess] = {}
        self._origin_ns = 0
        self._started_wall_ns = 0
        self._problems: list[str] = []
        self._digest = ""
        self._stopping = False

    # -- from outside ----------------------------------------------------------------------

    def start(self) -> None:
        """Begin, on a thread of its own."""
        threading.Thread(target=self._conduct, name="eiload-coordinator", daemon=True).start()

    def post(self, worker: str, word: Word) -> None:
        """Take an agent's word; returns at once."""
        if (of := self._workers.get(worker)) is not None and word.run == self._id:
            self._inbox.put(lambda: self._take(of, word))

    def hear(self, worker: str, data: object) -> None:
        """Take what has come over the network as an agent's word, whatever it is; never raises.

        What is not about this run is left alone; what is and cannot be read is a problem of it.
        """
        if (of := self._workers.get(worker)) is None or messages.run_of(data) != self._id:
            return
        try:
            word = messages.word_of(data, self.scenario)
        except ValueError as error:
            problem = f"a report of worker {worker} is damaged: {error}"
            self._inbox.put(lambda: self._damaged(problem))
        else:
            self._inbox.put(lambda: self._take(of, word))

    def lose(self, worker: str, why: str) -> None:
        """Take note that a worker is gone."""
        if (of := self._workers.get(worker)) is not None:
            self._inbox.put(lambda: self._lost(of, why))

    def stop(self, reason: str) -> None:
        """Ask for an early end; `done` follows when the drain has ended."""
        self._asked = self._asked or reason
        for process in self._starting.values():
            process.signal(signal.SIGTERM)  # nobody needs to wait for its model any more
        self._inbox.put(self._stop)

    def cancel(self) -> None:
        """End the drain now: whatever is in flight becomes unfinished."""
        for worker in self._live():
            self._send(worker.name, Cancel(run=self._id))

    @property
    def elapsed_ns(self) -> int:
        """Return the time since second 0 began; 0 before it."""
        return max(0, self._clock.now_ns() - self._origin_ns) if self.started.is_set() else 0

    @property
    def workers(self) -> list[str]:
        """Return the names of the agents that take part and are not over."""
        return [worker.name for worker in self._live()]

    def position(self) -> tuple[str, int]:
        """Return the present phase's name ("drain" after the last) and the whole length, ns."""
        elapsed_ns = self.elapsed_ns
        for phase, start_ns in zip(self.scenario.traffic, self._schedule.starts_ns, strict=True):
            if elapsed_ns < start_ns + phase.duration_ns and not self._stopping:
                return phase.name, self._schedule.duration_ns
        return "drain", self._schedule.duration_ns

    # -- the coordinator's thread ----------------------------------------------------------

    def _conduct(self) -> None:
        try:
            with contextlib.ExitStack() as stack:
                addresses = self._start_stand_ins(stack)
                self._prepare(addresses)
                self._go()
                self._load()
                self._tell_all(Forget(run=self._id))
                # Targets must outlive the last request; now every agent has had its drain.
            self.run = self._finish()
        except EiloadError as error:
            early = self._asked and not self.started.is_set()
            self.error = self._unbegun() if early else error
            self._tell_all(Forget(run=self._id))
        except Exception as error:  # a defect must end the run, with a word
            self.error = EngineError(f"internal error: {type(error).__name__}: {error}")
            self._tell_all(Forget(run=self._id))
        finally:
            self.done.set()

    def _start_stand_ins(self, stack: contextlib.ExitStack) -> dict[str, str]:
        for name, target in self.scenario.targets.items():
            if target.stand_in is not None:
                self._say(f"starting the stand-in {name!r}")
                process = StandInProcess(target.stand_in, target.model)
                stack.callback(process.close)
                process.start()
                self._starting[name] = process
        for process in self._starting.values():
            if self._asked:
                raise self._unbegun()
            process.wait()
        addresses = {name: process.address for name, process in self._starting.items()}
        self._starting = {}
        return addresses

    def _prepare(self, addresses: dict[str, str]) -> None:
        """Have every agent prepare; return when all are ready.

        Raises:
            EiloadError: one cannot, or says nothing, or the run is stopped.
        """
        for worker in self._workers.values():
            prepare = Prepare(
                run=self._id,
                scenario=self.scenario,
                index=worker.index,
                count=len(self._workers),
                addresses=addresses,
                driven=self._driven,
                drain_ns=self._drain_ns,
            )
            self._send(worker.name, prepare)
        patience_ns = PREPARE_GRACE_NS + sum(
            target.patience_ns + target.deadline_ns for target in self.scenario.targets.values()
        )
        give_up_ns = self._clock.now_ns() + patience_ns
        while not self._ready():
            self._hear()
            if self._stopping and not self._is_waited_for():
                raise self._unbegun()
            if lost := [worker for worker in self._workers.values() if worker.lost]:
                raise EngineError(
                    f"worker {lost[0].name} was lost while it was getting ready: {lost[0].lost}"
                )
            if self._clock.now_ns() > give_up_ns:
                silent = [w.name for w in self._workers.values() if not w.ready]
                raise EngineError(
                    f"no word from {', '.join(silent)} within {patience_ns // NS_PER_S} s; "
                    "does its locustfile import eiload?"
                )
        if self._asked:
            raise self._unbegun()
        digests = {w.ready.digest for w in self._workers.values() if w.ready}
        if len(digests) > 1:
            raise ScenarioError(
                "workers have different payloads under the same names; copy the same images to all"
            )
        self._digest = digests.pop()

    def _ready(self) -> bool:
        return all(worker.ready for worker in self._workers.values())

    def _is_waited_for(self) -> bool:
        """Tell whether getting ready, though in vain, may show how much longer it would take."""
        in_time = self._clock.now_ns() < self._stop_ns + RUN_TIME_GRACE_NS
        return self._asked == stopping.RUN_TIME and in_time and not self._any_lost()

    def _any_lost(self) -> bool:
        return any(worker.lost for worker in self._workers.values())

    def _unbegun(self) -> EngineError:
        took_ns = self._clock.now_ns() - self._began_ns
        return EngineError(stopping.before_load(self._asked, took_ns, ready=self._ready()))

    def _go(self) -> None:
        self._origin_ns = self._clock.now_ns() + LEAD_NS
        self._started_wall_ns = self._clock.wall_ns() + LEAD_NS
        go = Go(run=self._id, origin_ns=self._origin_ns, in_ns=LEAD_NS, boot_id=boot_id())
        self._tell_all(go)
        self.started.set()
        if self._run_time_ns is not None:
            took_ns = self._origin_ns - self._began_ns
            if share := stopping.share(took_ns, self._run_time_ns):
                self._share = share
                self._say(share)
        self._to_journal(lambda journal: journal.begin(self._as_run(0), driven=self._driven))

    def _load(self) -> None:
        """Hear the workers until each has made its final report or is lost."""
        drain_ns = self._drain_ns
        if drain_ns is None:
            drain_ns = max(t.deadline_ns for t in self.scenario.targets.values()) + DRAIN_GRACE_NS
        end_ns = self._origin_ns + self._schedule.duration_ns
        while self._live():
            self._hear()
            self._keep_journal()
            if self._stopping:
                end_ns = min(end_ns, self._clock.now_ns())
            if self._clock.now_ns() > end_ns + drain_ns + FINAL_GRACE_NS:
                for worker in self._live():
                    worker.lost = "made no final report in time"

    def _keep_journal(self) -> None:
        """Add to the journal what was reported since the last time, once a second."""
        now_ns = self.elapsed_ns
        if self._journal is None or now_ns < self._written_ns + JOURNAL_NS:
            return
        self._written_ns = now_ns
        counts = [Intervals.merge(self._unwritten).to_bytes()] if self._unwritten else []
        self._unwritten = []
        workers = list(self._workers.values())
        ended_ns = min(max(w.heard_ns for w in workers), self._schedule.duration_ns)
        facts = self._target_facts(workers)
        state = State(ended_ns, self._cuts_ns(ended_ns), facts, self._problems)
        self._to_journal(lambda journal: journal.append(state, counts))

    def _to_journal(self, write: Callable[[Journal], None]) -> None:
        """Write to the journal, if there is one; a run goes on without."""
        if self._journal is not None:
            try:
                write(self._journal)
            except OutputError as error:
                self._say(f"{error}; the run goes on without its journal")
                self._journal = None

    def _hear(self) -> None:
        """Handle what has happened, one thing; nothing if nothing does for a while."""
        try:
            happened = self._inbox.get(timeout=TICK_S)
        except queue.Empty:
            return
        happened()

    def _take(self, worker: _Worker, word: Word) -> None:
        match word:
            case Ready():
                worker.ready = word
            case Failed():
                self._failed(worker, word)
            case Report():
                self._report(worker, word)

    def _failed(self, worker: _Worker, word: Failed) -> None:
        slip = self._driven and word.exit_status == ScenarioError.exit_status
        if self.started.is_set() and not slip:  # a slip in the users' code is in it everywhere
            self._lost(worker, word.why)
            return
        if self._stopping:
            worker.lost = word.why
            return
        kinds = {2: ScenarioError, 4: TargetError}
        raise kinds.get(word.exit_status, EngineError)(word.why)

    def _report(self, worker: _Worker, report: Report) -> None:
        if worker.facts:
            return  # it has made its final one
        worker.intervals.append(report.intervals)
        if len(worker.intervals) > 60:  # bounds memory; merging is lossless
            worker.intervals = [Intervals.merge(worker.intervals)]
        worker.last = report
        worker.heard_ns = self.elapsed_ns
        if self._journal is not None:
            self._unwritten.append(report.intervals)
        self._on_intervals(report.intervals)
        if isinstance(report, Final):
            worker.facts = replace(report.facts, name=worker.name)
            worker.ended_ns = report.ended_ns
            if worker.facts.lost:
                self._problems.append(f"worker {worker.name}: {worker.facts.lost}")
                self._hand_over(worker)
            elif not self._stopping and worker.ended_ns < self._schedule.duration_ns:
                self._problems.append(f"worker {worker.name} left before the end")
                self._hand_over(worker)

    def _damaged(self, problem: str) -> None:
        if problem not in self._problems[-DAMAGED_AT_MOST:]:
            self._problems.append(problem)

    def _lost(self, worker: _Worker, why: str) -> None:
        if worker.over:
            return
        worker.lost = why
        worker.ended_ns = self.elapsed_ns
        if self.started.is_set():
            self._problems.append(f"worker {worker.name} was lost: {why}")
            self._hand_over(worker)

    def _hand_over(self, gone: _Worker) -> None:
        """Give a lost worker's slices to the others, from an instant ahead on."""
        live = self._live()
        from_ns = self.elapsed_ns + TAKEOVER_NS
        if self._driven or self._stopping or not live or from_ns >= self._schedule.duration_ns:
            return
        self._say(f"worker {gone.name} is gone; the others take over its part of the load")
        for index in gone.slices:
            heir = min(live, key=lambda worker: len(worker.slices))
            heir.slices.append(index)
            self._send(heir.name, Own(run=self._id, slices=(index,), from_ns=from_ns))
        gone.slices = []

    def _stop(self) -> None:
        if self._stopping:
            return
        self._stopping = True
        self.stopped = self._asked
        self._stop_ns = self._clock.now_ns()
        if not self.started.is_set() and self.stopped == stopping.RUN_TIME:
            return  # a word to the agents would end their getting ready
        self._tell_all(Stop(run=self._id, at_ns=self.elapsed_ns + STOP_LEAD_NS))

    def _live(self) -> list[_Worker]:
        return [worker for worker in self._workers.values() if not worker.over]

    def _tell_all(self, order: Order) -> None:
        for worker in self._workers.values():
            if not worker.lost:
                self._send(worker.name, order)

    # -- the outcome -----------------------------------------------------------------------

    def _finish(self) -> Run:
        workers = list(self._workers.values())
        ended_ns = min(max(w.ended_ns for w in workers), self._schedule.duration_ns)
        intervals = Intervals.merge(part for worker in workers for part in worker.intervals)
        if not self._driven:
            due = self._schedule.due(self._cuts_ns(ended_ns))
            intervals, _, surplus = reconcile(intervals, due, len(self.scenario.targets))
            if surplus:
                self._problems.append(f"{surplus} requests are recorded that were not scheduled")
        return replace(self._as_run(ended_ns), intervals=intervals)

    def _cuts_ns(self, ended_ns: int) -> list[int]:
        """Return for each slice up to when its requests are, or must be, accounted for."""
        workers = self._workers.values()
        cuts = [ended_ns] * len(workers)
        for worker in workers:
            for index in worker.slices:
                if not worker.lost and not (worker.facts and worker.facts.lost):
                    until_ns = worker.ended_ns if worker.facts else worker.heard_ns
                    cuts[index] = min(until_ns, self._schedule.duration_ns)
        return cuts

    def _as_run(self, ended_ns: int) -> Run:
        """Return the run as it stands, without its counts."""
        workers = list(self._workers.values())
        return Run(
            scenario=as_long_as(self.scenario, ended_ns) if self._driven else self.scenario,
            started_wall_ns=self._started_wall_ns,
            ended_ns=ended_ns,
            stopped=self.stopped if not self._driven or self.stopped in stopping.SIGNALS else "",
            environment={
                **_environment(),
                PAYLOAD: self._digest,
                **({stopping.READY: self._share} if self._share else {}),
            },
            targets=self._target_facts(workers),
            workers=tuple(
                worker.facts or WorkerFacts(worker.name, 0.0, 0.0, 0, 0, lost=worker.lost)
                for worker in workers
            ),
            intervals=Intervals.empty(),
            problems=tuple(self._problems),
        )

    def _target_facts(self, workers: list[_Worker]) -> tuple[TargetFacts, ...]:
        found = next(worker.ready for worker in workers if worker.ready).targets
        reports = [worker.last for worker in workers if worker.last]
        return messages.targets_of(found, reports, len(self.scenario.traffic))


def _environment() -> dict[str, str]:
    """Return what the figures were made with, as text."""
    from importlib.metadata import version  # noqa: PLC0415  # at the end of a run only

    return {
        "eiload": version("eiload"),
        "python": platform.python_version(),
        "locust": version("locust"),
        "grpcio": version("grpcio"),
        "system": platform.platform(),
        "cpus": str(os.cpu_count() or 0),
    }
