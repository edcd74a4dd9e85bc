"""The worker's ear: the coordinator's orders in, one `Session` driven, words out.

What it knows: the order of a run's `messages` and how to turn errors into words. What it must not
know: Locust, other workers, how messages travel.

Orders are handled one at a time on the agent's own thread (greenlet under gevent). `post` and
`hear` only put them in line, with two exceptions: a stop interrupts a preparation that is waiting,
and a cancel takes effect at once. Reports are not sent by themselves: whoever keeps the beat asks
for them with `report`.
"""

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from eiload.base.clock import Clock, boot_id
from eiload.base.errors import EiloadError, EngineError, ScenarioError
from eiload.control.codec import TEXT_AT_MOST
from eiload.control.messages import (
    Cancel,
    Cede,
    Ceded,
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
    kind_of,
    order_of,
    run_of,
)
from eiload.control.preparation import RequestsOf
from eiload.control.session import Hooks, Session

__all__ = ["Agent"]

FINAL_CHECK_S = 0.05
"""How soon after the drain's end the final report follows."""


@dataclass(frozen=True, slots=True)
class _Refusal:
    """In line with the orders: what ends a run instead of one."""

    run: str
    error: EiloadError
    first: bool = False
    """Whether it stands for the order that the run would have begun with."""


class Agent:
    """Answers to one coordinator, run after run.

    Args:
        send: takes a word to the coordinator.
        final: called when a session has finished; must see to it that what `report` then returns
            reaches the coordinator (Locust's worker adds it to its last statistics).
        clock: the clock.
        hooks: who listens to results and waits.
        requests_of: gives the requests of runs that Locust's users drive.
    """

    def __init__(
        self,
        *,
        send: Callable[[Word], None],
        final: Callable[[], None],
        clock: Clock,
        hooks: Hooks,
        requests_of: RequestsOf,
    ) -> None:
        self.session: Session | None = None
        self.going = threading.Event()
        """Set while the load of a run is on."""
        self.ended = False
        """Whether the run that was last spoken of is over, or could not begin."""
        self._send = send
        self._final = final
        self._clock = clock
        self._hooks = replace(hooks, progress=self._progress)
        self._outer_progress = hooks.progress
        self._requests_of = requests_of
        self._inbox: queue.SimpleQueue[Order | _Refusal | None] = queue.SimpleQueue()
        self._run = ""
        self._interrupted = False
        self._final_sent = True
        threading.Thread(target=self._work, name="eiload-agent", daemon=True).start()

    def post(self, order: Order) -> None:
        """Take an order; returns at once."""
        if isinstance(order, Stop | Cancel | Forget) and order.run == self._run:
            self._interrupted = True
        if isinstance(order, Prepare):
            self.ended = False
        if isinstance(order, Cancel) and self.session is not None:
            self.session.cancel()  # must not wait behind anything
        self._inbox.put(order)

    def hear(self, data: object) -> None:
        """Take what has come over the network as an order, whatever it is; returns at once.

        A master whose orders cannot be read must not take this worker for one that follows them:
        it is told that the worker has failed.
        """
        try:
            order = order_of(data)
        except EiloadError as error:
            self._inbox.put(_Refusal(run_of(data), error, first=kind_of(data) == "prepare"))
        else:
            self.post(order)

    def refuse(self, why: ScenarioError) -> None:
        """End the run: what Locust's users ask for is wrong; returns at once."""
        self._inbox.put(_Refusal(self._run, why))

    def report(self) -> Report | None:
        """Return what was counted since the last report; None outside a run.

        After the session has finished the report is `Final`, and it is the last.
        """
        session = self.session
        if session is None or self._final_sent:
            return None
        final = session.finished.is_set()
        taken = session.take()
        if not final:
            return Report(
                run=self._run,
                intervals=taken.intervals,
                failures=taken.failures,
                answers=taken.answers,
                served=taken.served,
                rows=taken.rows,
                in_flight=session.in_flight,
            )
        self._final_sent = True
        return Final(
            run=self._run,
            intervals=taken.intervals,
            failures=taken.failures,
            answers=taken.answers,
            served=taken.served,
            rows=taken.rows,
            facts=session.facts(),
            ended_ns=session.ended_ns,
        )

    def close(self) -> None:
        """End the session and its sender, and the agent's thread."""
        self._inbox.put(None)
        if self.session is not None:
            self.session.close()

    # -- the agent's thread ----------------------------------------------------------------

    def _work(self) -> None:
        while True:
            try:
                order = self._inbox.get(timeout=FINAL_CHECK_S if self.going.is_set() else None)
            except queue.Empty:
                self._check_finished()
                continue
            if order is None:
                return
            try:
                self._handle(order)
            except EiloadError as error:
                self._fail(str(error), error.exit_status)
            except Exception as error:  # a defect here must not look like silence
                self._fail(f"internal error: {type(error).__name__}: {error}", 5)

    def _handle(self, order: Order | _Refusal) -> None:
        if isinstance(order, Prepare):
            self._begin(order.run)
            self._prepare(order)
            return
        if isinstance(order, _Refusal) and order.first:
            self._begin(order.run)
            raise order.error
        session = self.session
        if order.run != self._run or session is None:
            return  # about a run that is over
        match order:
            case Go():
                self._go(session, order)
            case Own():
                session.own(order.slices, order.from_ns)
            case Cede():
                from_ns = session.cede(order.slices, order.from_ns)
                self._send(Ceded(run=self._run, slices=order.slices, from_ns=from_ns))
            case Stop():
                session.stop(order.at_ns)
            case Forget():
                self._forget()
            case _Refusal():
                raise order.error

    def _begin(self, run: str) -> None:
        self._forget()
        self.ended = False
        self._run = run
        self._interrupted = False

    def _prepare(self, order: Prepare) -> None:
        by_class = order.scenario.payload.users is not None
        session = Session(
            order.scenario,
            order.index,
            order.count,
            clock=self._clock,
            hooks=self._hooks,
            addresses=order.addresses,
            requests_of=self._requests_of if order.driven or by_class else None,
            driven=order.driven,
            drain_ns=order.drain_ns,
        )
        self.session = session
        self._final_sent = False
        prepared = session.prepare()
        self._send(Ready(run=self._run, digest=prepared.digest, targets=prepared.targets))

    def _go(self, session: Session, order: Go) -> None:
        if order.boot_id is not None and order.boot_id == boot_id():
            origin_ns = order.origin_ns  # the same clock: the same instant, exactly
        else:
            origin_ns = self._clock.now_ns() + order.in_ns - order.ago_ns
        session.go(origin_ns)
        self.going.set()

    def _forget(self) -> None:
        self.going.clear()
        if self.session is not None:
            self.session.close()
            self.session = None
        self._final_sent = self.ended = True

    def _check_finished(self) -> None:
        if self.session is not None and self.session.finished.is_set() and not self._final_sent:
            self._final()
            self.ended = True
            self.going.clear()

    def _fail(self, why: str, exit_status: int) -> None:
        self.going.clear()
        self._final_sent = self.ended = True
        if self.session is not None:
            self.session.close()
            self.session = None
        self._send(Failed(run=self._run, why=why[:TEXT_AT_MOST], exit_status=exit_status))

    def _progress(self, text: str) -> None:
        if self._interrupted:
            raise EngineError("stopped while it was getting ready")
        self._outer_progress(text)
