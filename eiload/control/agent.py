"""The worker's ear: the coordinator's messages in, one `Session` driven, answers out.

What it knows: the order of a run's messages and how to turn errors into answers. What it must not
know: Locust, other workers. Messages are plain data (dicts of numbers, texts and bytes), so they
travel over Locust's own connection between master and worker, or are handed over in one process.

To the agent: `prepare`, `go`, `own`, `stop`, `cancel`, `forget`. From it: `ready` or `failed`,
then `report` (numbers so far; asked for with `report`) and `final`, each exactly once a run.
Messages are handled one at a time on the agent's own thread (greenlet under gevent); `post` only
puts them in line, except that a stop also interrupts a preparation that is waiting.
"""

import json
import queue
import threading
from collections.abc import Callable
from dataclasses import asdict, replace
from importlib.metadata import version
from typing import Any

import numpy as np

from eiload.base.clock import Clock, boot_id
from eiload.base.errors import EiloadError, EngineError, ScenarioError
from eiload.control.session import Hooks, RequestsOf, Session
from eiload.scenario import restore

__all__ = ["Agent", "Message", "versions"]

Message = dict[str, Any]

FINAL_CHECK_S = 0.05
"""How soon after the drain's end the final report follows."""


def versions() -> str:
    """Return what must be the same on all machines of a run.

    eiload's own version stands for the messages; numpy promises no equal random numbers between
    versions (NEP 19), and the schedule is made of them.
    """
    return f"eiload {version('eiload')}, numpy {np.__version__}"


class Agent:
    """Answers to one coordinator, run after run.

    Args:
        send: takes a message to the coordinator.
        final: called when a session has finished; must see to it that `report` reaches the
            coordinator with ``final`` set (Locust's worker adds it to its last statistics).
        clock: the clock.
        hooks: who listens to results and waits.
        requests_of: gives the requests of runs that Locust's users drive.
    """

    def __init__(
        self,
        *,
        send: Callable[[Message], None],
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
        self._inbox: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._run = ""
        self._interrupted = False
        self._final_sent = True
        threading.Thread(target=self._work, name="eiload-agent", daemon=True).start()

    def post(self, message: Message) -> None:
        """Take a message; returns at once."""
        if message["type"] in {"stop", "cancel", "forget"} and message["run"] == self._run:
            self._interrupted = True
        if message["type"] == "prepare":
            self.ended = False
        if message["type"] == "cancel" and self.session is not None:
            self.session.cancel()  # must not wait behind anything
        self._inbox.put(message)

    def refuse(self, why: ScenarioError) -> None:
        """End the run: what Locust's users ask for is wrong; returns at once."""
        self._inbox.put({"type": "refuse", "run": self._run, "why": str(why)})

    def report(self) -> Message | None:
        """Return what was counted since the last report; None outside a run.

        After the session has finished the report is marked final, and it is the last.
        """
        session = self.session
        if session is None or self._final_sent:
            return None
        final = session.finished.is_set()
        taken = session.take()
        message: Message = {
            "type": "report",
            "run": self._run,
            "index": session.index,
            "intervals": taken.intervals.to_bytes(),
            "failures": taken.failures,
            "answers": {n: [list(one) for one in each] for n, each in taken.answers.items()},
            "in_flight": session.in_flight(),
            "final": final,
        }
        if final:
            self._final_sent = True
            message["facts"] = asdict(session.facts())
            message["ended_ns"] = session.ended_ns
        return message

    def close(self) -> None:
        """End the session and its sender, and the agent's thread."""
        self._inbox.put(None)
        if self.session is not None:
            self.session.close()

    # -- the agent's thread ----------------------------------------------------------------

    def _work(self) -> None:
        while True:
            try:
                message = self._inbox.get(timeout=FINAL_CHECK_S if self.going.is_set() else None)
            except queue.Empty:
                self._check_finished()
                continue
            if message is None:
                return
            try:
                self._handle(message)
            except EiloadError as error:
                self._fail(str(error), error.exit_status)
            except Exception as error:  # a defect here must not look like silence
                self._fail(f"internal error: {type(error).__name__}: {error}", 5)

    def _handle(self, message: Message) -> None:
        kind = message["type"]
        if kind == "prepare":
            self._prepare(message)
        elif message.get("run") != self._run or self.session is None:
            return  # about a run that is over
        elif kind == "go":
            self._go(message)
        elif kind == "own":
            self.session.own(list(message["slices"]), message["from_ns"])
        elif kind == "stop":
            self.session.stop(message["at_ns"])
        elif kind == "forget":
            self._forget()
        elif kind == "refuse":
            raise ScenarioError(message["why"])

    def _prepare(self, message: Message) -> None:
        self._forget()
        self.ended = False
        self._run = message["run"]
        self._interrupted = False
        if message["versions"] != (ours := versions()):
            raise ScenarioError(
                f"a worker runs {ours} and the master {message['versions']}; install the same on "
                "both, or they would not compute the same schedule"
            )
        session = Session(
            restore(message["scenario"]),
            message["index"],
            message["count"],
            clock=self._clock,
            hooks=self._hooks,
            addresses=message["addresses"],
            requests_of=self._requests_of if message["driven"] else None,
            drain_ns=message["drain_ns"],
        )
        self.session = session
        self._final_sent = False
        prepared = session.prepare()
        self._send(
            {
                "type": "ready",
                "run": self._run,
                "digest": prepared.digest,
                "targets": json.dumps([asdict(target) for target in prepared.targets]),
            }
        )

    def _go(self, message: Message) -> None:
        assert self.session is not None
        if message["boot_id"] is not None and message["boot_id"] == boot_id():
            origin_ns = message["origin_ns"]  # the same clock: the same instant, exactly
        else:
            origin_ns = self._clock.now_ns() + message["in_ns"]
        self.session.go(origin_ns)
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
        self._send({"type": "failed", "run": self._run, "why": why, "exit_status": exit_status})

    def _progress(self, text: str) -> None:
        if self._interrupted:
            raise EngineError("stopped while it was getting ready")
        self._outer_progress(text)
