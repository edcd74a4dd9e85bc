"""The parent's side of the sender: start it, tell it what to send, hear what became of it.

What it knows: the conversation with the child process (`child`), in frames. What it must not know:
Locust, gevent, scenarios' meaning, counting. It uses the standard library's sockets and threads
only; inside Locust those are gevent's, elsewhere real ones, and it works the same.

Everything that arrives is handed to callbacks on the engine's one reader thread (or greenlet), in
the order of arrival. When the child dies without being asked to, `on_death` is called once with
what is known of the cause; calls that wait for an answer raise `EngineError`.
"""

import itertools
import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict
from types import TracebackType
from typing import Self

import numpy as np

from eiload.base.clock import NS_PER_S, Clock, SystemClock
from eiload.base.errors import EngineError
from eiload.base.status import Status
from eiload.sending.arrays import RESULT_DTYPE, Results
from eiload.sending.calls import Calls
from eiload.sending.child import Child
from eiload.sending.endpoint import Endpoint
from eiload.sending.loop import Loop
from eiload.sending.pulse import SILENCE_NS, Silence, Stats
from eiload.sending.reply import Reply
from eiload.sending.result import RESULT, Result
from eiload.sending.wire import (
    ANSWER,
    CALL,
    DETAIL,
    HEADERS,
    INLINE,
    PAYLOAD,
    STOP,
    FromSender,
    ToSender,
    WireReader,
    frame,
)
from eiload.sending.witness import Answer, Share, shares_of

__all__ = ["Engine"]

START_TIMEOUT_S = 60.0
"""How long the child may take to import gRPC and say READY; seconds on a busy machine."""


class Engine:
    """One sender process and the conversation with it.

    Args:
        endpoints: the targets, by index.
        max_in_flight: the in-flight guard; requests due beyond it end as DROPPED.
        max_in_flight_bytes: likewise, of their bytes together.
        on_results: called with each batch of results, records of `RESULT_DTYPE`, shape (n,).
        on_response: called with one result and the response's bytes, for each scheduled request
            whose response was wanted.
        on_answer: called with each target's first answer and its last, where these do not come
            with a result: both are counted as results, too.
        on_done: called once, when the drain has ended, with the instant nothing was sent from.
        on_death: called once, with the cause, when the child dies without being asked to.
        clock: the clock.
    """

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        *,
        max_in_flight: int = 1000,
        max_in_flight_bytes: int = 1 << 62,
        on_results: Callable[[Results], None] | None = None,
        on_response: Callable[[Results, bytes], None] | None = None,
        on_answer: Callable[[Answer], None] | None = None,
        on_done: Callable[[int], None] | None = None,
        on_death: Callable[[str], None] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._endpoints = endpoints
        self._guards = {
            "max_in_flight": max_in_flight,
            "max_in_flight_bytes": max_in_flight_bytes,
        }
        self._on_results = on_results
        self._on_response = on_response
        self._on_answer = on_answer
        self._on_done = on_done
        self._on_death = on_death
        self._clock = clock or SystemClock()
        self._child: Child | None = None
        self._sending = threading.Lock()
        self._ready = threading.Event()
        self._reader: threading.Thread | None = None
        self._closing = False
        self._death = ""
        self._details = {0: ""}
        self._calls = Calls()
        self._payload_numbers = itertools.count()
        self._silence = Silence()
        self.stats = Stats(0, 0, 0, 0)
        self.shares: list[Share] = []
        """Which address had how many requests of the load so far."""
        self.loop_delay_max_ns = 0
        """The longest delay of the child's loop that its pulses have told."""

    def __repr__(self) -> str:
        """Show the child's state."""
        state = "not started" if self._child is None else f"pid {self._child.pid}"
        if self._death:
            state += f", dead: {self._death}"
        return f"<Engine {len(self._endpoints)} endpoints, {state}>"

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()

    # -- life ------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the child and wait until it is configured.

        Raises:
            EngineError: it does not come up.
        """
        self._child = Child(sum(endpoint.connections for endpoint in self._endpoints))
        self._reader = threading.Thread(target=self._read, name="eiload-engine", daemon=True)
        self._reader.start()
        config = {
            **self._guards,
            "endpoints": [asdict(endpoint) for endpoint in self._endpoints],
        }
        self._say(ToSender.CONFIGURE, json.dumps(config).encode())
        if not self._ready.wait(START_TIMEOUT_S) or self._death:
            cause = self._death or f"it said nothing for {START_TIMEOUT_S:g} s"
            self.close()
            raise EngineError(f"the sender process did not start: {cause}")

    def close(self) -> None:
        """End the child, whatever it is doing, and wait for it; harmless when repeated."""
        self._closing = True
        if self._child is None:
            return
        self._child.hang_up()
        if self._reader is not None and self._reader is not threading.current_thread():
            self._reader.join(2)
        self._child.close()

    def kill(self, cause: str) -> None:
        """Kill the child as if it had died of `cause`; `on_death` follows."""
        self._death = self._death or cause
        if self._child is not None:
            self._child.kill()

    @property
    def alive(self) -> bool:
        """Tell whether the child is running and configured."""
        return self._ready.is_set() and not self._death and not self._closing

    @property
    def pid(self) -> int | None:
        """Return the child's process id, None before the start."""
        return self._child.pid if self._child else None

    def check_pulse(self) -> None:
        """Kill the child if it has been silent for too long; to be called about once a second."""
        if self._silence.too_long(self._clock.now_ns()) and self.alive:
            self.kill(f"no sign of life for {SILENCE_NS / NS_PER_S:g} s")

    # -- what to send ----------------------------------------------------------------------

    def add_payload(self, data: bytes) -> int:
        """Hand over a serialised request for repeated use and return its index.

        Raises:
            EngineError: there is no room for it.
        """
        assert self._child is not None
        self._say(ToSender.PAYLOAD, PAYLOAD.pack(*self._child.add_payload(data)))
        return next(self._payload_numbers)

    def renew(self, target: int, payload: int, headers: bytes) -> None:
        """Replace the header fields that a payload's requests to a target have, from now on.

        They are as `channel.Channel.start` takes them; target and payload are indices.
        """
        self._say(ToSender.HEADERS, HEADERS.pack(payload, target) + headers)

    def send(self, sends: bytes) -> None:
        """Order scheduled requests: packed `result.SEND` records, in any order of instants."""
        self._say(ToSender.SENDS, sends)

    def loop(self, loop: Loop) -> None:
        """Start the users of a closed loop."""
        self._say(ToSender.LOOP, json.dumps(asdict(loop)).encode())

    def stop(self, stop_at_ns: int, drain_ns: int) -> None:
        """Send nothing that is due from `stop_at_ns` on, drain at most `drain_ns`; then DONE."""
        self._say(ToSender.STOP, STOP.pack(stop_at_ns, drain_ns))

    def cancel(self) -> None:
        """End the drain now: what is in flight becomes unfinished."""
        self._say(ToSender.CANCEL, b"")

    def call(
        self,
        target: int,
        method: str,
        request: bytes | int,
        timeout_ns: int = 0,
        *,
        intended_ns: int | None = None,
        phase: int = 0,
        headers: bytes = b"",
    ) -> Reply:
        """Send one request at once and wait for what becomes of it.

        Args:
            target: index of the endpoint.
            method: full method name; empty for the endpoint's own.
            request: the serialised request, or the index of a payload.
            timeout_ns: deadline; 0 for the endpoint's own.
            intended_ns: when it should have been sent; now if None.
            phase: carried into the result.
            headers: header fields of its own; those of its payload if it has none.

        Raises:
            EngineError: the child has died.
        """
        intended_ns = self._clock.now_ns() if intended_ns is None else intended_ns
        waiter = self._calls.enter()
        name = method.encode()
        inline, index = (request, INLINE) if isinstance(request, bytes) else (b"", request)
        sizes = len(name), len(headers)
        head = CALL.pack(waiter.seq, intended_ns, timeout_ns, index, target, *sizes, phase)
        self._say(ToSender.CALL, b"".join((head, name, headers, inline)))
        try:
            self._calls.wait(waiter, self.check_pulse)
        except BaseException:
            # Who asked is gone (Locust kills the greenlets of users it stops): the answer still
            # counts, as that of a scheduled request.
            if self._calls.leave(waiter) and waiter.result is not None:
                self._hand_over(waiter.result, waiter.response)
            raise
        if waiter.result is None:
            raise EngineError(self._death or "the sender process was closed")
        result = Result._make(RESULT.unpack(waiter.result))
        return Reply(
            Status(result.status), self.detail(result.detail), waiter.response,
            result.intended_ns, result.sent_ns, result.done_ns, waiter.result,
        )  # fmt: skip

    def detail(self, number: int) -> str:
        """Return the status text that results call by `number`."""
        return self._details.get(number, "")

    # -- what became of it -----------------------------------------------------------------

    def _say(self, kind: ToSender, body: bytes) -> None:
        if self._child is None:
            return
        try:
            with self._sending:
                self._child.tell(frame(kind, body))
        except TimeoutError:
            self.kill("it takes no orders")
        except OSError:
            pass  # the reader notices the death and tells why

    def _read(self) -> None:
        try:
            self._hear()
        except Exception as error:  # a defect in here must not leave a deaf engine behind
            self.kill(f"internal error: {type(error).__name__}: {error}")
        died = not self._closing
        if died:
            self._note_death()
        was_ready = self._ready.is_set()
        self._calls.end()
        self._ready.set()
        if died and was_ready and self._on_death is not None:
            self._on_death(self._death)

    def _hear(self) -> None:
        """Handle what the child says, until it says no more."""
        assert self._child is not None
        frames = WireReader()
        while True:
            try:
                data = self._child.socket.recv(1 << 20)
            except TimeoutError:
                continue  # `check_pulse` judges silence
            except OSError:
                return
            if not data:
                return
            self._silence.broken()
            for kind, body in frames.feed(data):
                self._handle(kind, body)

    def _handle(self, kind: int, body: bytes) -> None:
        match kind:
            case FromSender.RESULTS:
                if self._on_results is not None:
                    self._on_results(np.frombuffer(body, RESULT_DTYPE))
            case FromSender.RESPONSE:
                packed, response = body[: RESULT.size], body[RESULT.size :]
                seq = RESULT.unpack(packed)[0]
                if not self._calls.answer(seq, packed, response):
                    self._hand_over(packed, response)
            case FromSender.DETAIL:
                (number,) = DETAIL.unpack_from(body)
                self._details[number] = body[DETAIL.size :].decode("utf-8", "replace")
            case FromSender.STATS:
                self.stats = Stats(**json.loads(body))
                self.loop_delay_max_ns = max(self.loop_delay_max_ns, self.stats.loop_delay_ns)
            case FromSender.SHARES:
                self.shares = shares_of(body)
            case FromSender.ANSWER:
                if self._on_answer is not None:
                    target, phase, done_ns = ANSWER.unpack_from(body)
                    self._on_answer(Answer(target, phase, done_ns, body[ANSWER.size :]))
            case FromSender.DONE:
                if self._on_done is not None:
                    self._on_done(json.loads(body)["stop_at_ns"])
            case FromSender.READY:
                self._ready.set()

    def _hand_over(self, packed: bytes, response: bytes) -> None:
        if self._on_response is not None:
            self._on_response(np.frombuffer(packed, RESULT_DTYPE), response)

    def _note_death(self) -> None:
        assert self._child is not None
        cause = self._child.cause_of_death()
        self._death = f"{self._death}: {cause}" if self._death else cause
