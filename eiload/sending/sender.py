"""The child process that sends: bytes at instants in, results out.

It knows bytes, instants and channels. It never sees a tensor, an image, a scenario or a model name
(outside the bytes), nor how a channel carries a request; and it imports neither Locust nor gevent,
numpy or protobuf, so that nothing shares its loop, its heap or its interpreter lock with the
sending. It is started by `child` as ``python -m eiload.sending.sender SOCKET_FD PAYLOAD_FD`` in a
session of its own (a Ctrl-C in the terminal does not reach it) and ends when its socket closes, so
it cannot outlive its parent.

Strategy.

- Requests wait on a `timeline`, which wakes the loop exactly.
- Channels stamp instants right around the sending. The request's bytes are at hand before.
- Each order becomes exactly one result: a status, DROPPED when the in-flight guard is reached, or
  UNFINISHED when the drain ends first.
- The garbage collector is off: a collection would be somebody's response time. Neither wire leaves
  anything behind in cycles (docs/tuning-notes.md); should it ever, the pulse collects.
"""

import asyncio
import functools
import gc
import json
import os
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any, TypeVarTuple, cast

import uvloop

from eiload.base.status import TOO_MANY_BYTES, Status
from eiload.sending.channel import Channel, Landing, Request
from eiload.sending.drain import Act, Drain
from eiload.sending.echoes import Echoes
from eiload.sending.endpoint import Endpoint
from eiload.sending.flight import Flight, labelled
from eiload.sending.loop import Loop, User
from eiload.sending.outbox import Outbox
from eiload.sending.payloads import Payloads
from eiload.sending.pulse import PULSE_S, measured
from eiload.sending.result import SEND, WANT_RESPONSE, Send
from eiload.sending.timeline import Timeline
from eiload.sending.wire import (
    ANSWER,
    CALL,
    HEADERS,
    INLINE,
    PAYLOAD,
    STOP,
    FromSender,
    ToSender,
    WireReader,
    header,
)
from eiload.sending.wires import channel_of
from eiload.sending.witness import Answer, Witness

GARBAGE = 50_000
"""Net new objects that set off a collection; in flight, a request is some 30 of them."""

now_ns = time.monotonic_ns

Arguments = TypeVarTuple("Arguments")


def _or_die(method: Callable[[*Arguments], None]) -> Callable[[*Arguments], None]:
    """Return a callback of the loop that ends the process when it fails.

    The loop would log the error and go on without the request; the parent must see a death and its
    cause.
    """

    @functools.wraps(method)
    def call(*arguments: *Arguments) -> None:
        try:
            method(*arguments)
        except Exception:
            traceback.print_exc()
            os._exit(1)

    return call


class Sender(asyncio.Protocol):
    """The state of the child; its methods run in the one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, payload_fd: int) -> None:
        self._loop = loop
        self._payloads = Payloads(payload_fd)
        self._reader = WireReader()
        self._transport: asyncio.Transport | None = None
        self._channels: list[Channel] = []
        self._max_in_flight = 0
        self._max_flying_bytes = 0
        self._flying_bytes = 0
        self._too_many_bytes = ""
        self._timeline: Timeline[Send | User] = Timeline(loop, self._due)
        self._headers: dict[tuple[int, int], bytes] = {}
        """Header fields of requests, by target and payload; what is not here has none."""
        self._flights: dict[Flight, Request] = {}
        self._outbox = Outbox(self._say, loop.call_later)
        self._witness = Witness()
        self._issued_ns = 0
        self._drain = Drain()
        self._drain_timer: asyncio.Handle | None = None
        self._expect_pulse_ns = 0

    # -- the conversation ------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way to the parent."""
        # uvloop's transports do not inherit from asyncio's.
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """End, at once."""
        del exc
        # The parent is gone (or done with us). Whatever is in flight is nobody's any more.
        os._exit(0)

    @_or_die
    def data_received(self, data: bytes) -> None:
        """Handle whatever frames are whole."""
        for kind, body in self._reader.feed(data):
            self._handle(kind, body)

    def _handle(self, kind: int, body: bytes) -> None:
        match kind:
            case ToSender.SENDS:
                for fields in SEND.iter_unpack(body):
                    send = Send._make(fields)
                    self._plan(send.intended_ns, send)
            case ToSender.CALL:
                self._call(body)
            case ToSender.PAYLOAD:
                self._payloads.add(*PAYLOAD.unpack(body))
            case ToSender.HEADERS:
                payload, target = HEADERS.unpack_from(body)
                self._headers[target, payload] = lines = body[HEADERS.size :]
                self._outbox.echoes.learn(target, lines)
            case ToSender.LOOP:
                for instant_ns, user in Loop.from_json(body).comers():
                    self._plan(instant_ns, user)
            case ToSender.STOP:
                self._stop(*STOP.unpack(body))
            case ToSender.CANCEL:
                self._drain.cancel()
                self._check_drain()
            case ToSender.CONFIGURE:
                self._configure(json.loads(body))

    def _say(self, kind: FromSender, body: bytes, more: bytes = b"") -> None:
        if self._transport is not None and not self._transport.is_closing():
            # Not joined: an answer of 19 MB would be copied for it.
            length = len(body) + len(more)
            self._transport.writelines((header(kind, length), body, more))

    def _configure(self, config: dict[str, Any]) -> None:
        self._max_in_flight = config["max_in_flight"]
        endpoints = [Endpoint.told(told) for told in config["endpoints"]]
        self._channels = [channel_of(endpoint) for endpoint in endpoints]
        self._outbox.echoes = Echoes(endpoints)
        limit_bytes = self._max_flying_bytes = config["max_in_flight_bytes"]
        limit_mb = f"{limit_bytes / 1e6:,.1f}".removesuffix(".0")
        self._too_many_bytes = f"{TOO_MANY_BYTES} ({limit_mb} MB) was reached"
        gc.collect()
        gc.freeze()
        gc.disable()
        self._expect_pulse_ns = now_ns()
        self._pulse()
        self._say(FromSender.READY, b"")

    # -- sending ---------------------------------------------------------------------------

    def _plan(self, instant_ns: int, item: Send | User) -> None:
        """Have something done at an instant, unless the run ends before."""
        if self._drain.allows(instant_ns):
            self._timeline.push(instant_ns, item)

    @_or_die
    def _due(self, intended_ns: int, item: Send | User) -> None:
        self._issued_ns = max(self._issued_ns, intended_ns)
        if isinstance(item, User):
            self._ask(intended_ns, item)
        elif len(self._flights) >= self._max_in_flight:
            self._outbox.put(item, Landing(Status.DROPPED))
        else:
            answer, size_bytes = item.flags & WANT_RESPONSE != 0, self._payloads.size(item.payload)
            # One that is larger than the guard by itself goes when nothing else does.
            if self._flights and self._flying_bytes + size_bytes > self._max_flying_bytes:
                self._outbox.put(item, Landing(Status.DROPPED, detail=self._too_many_bytes))
            else:
                flight = Flight(item, answer, size_bytes)
                headers = self._headers.get((item.target, item.payload), b"")
                self._launch(flight, self._payloads.get(item.payload), headers)

    def _ask(self, intended_ns: int, user: User) -> None:
        """Send a user's next request; the number of users is the guard."""
        send = user.ask(intended_ns)
        answer, payload = send.flags & WANT_RESPONSE != 0, self._payloads.get(send.payload)
        headers = self._headers.get((send.target, send.payload), b"")
        self._launch(Flight(send, answer, len(payload), user), payload, headers)

    def _call(self, body: bytes) -> None:
        seq, intended_ns, timeout_ns, index, target, named, fields, phase = CALL.unpack_from(body)
        start = CALL.size + named
        method, headers = body[CALL.size : start].decode(), body[start : start + fields]
        inline = index == INLINE
        payload = body[start + fields :] if inline else self._payloads.get(index)
        if headers:
            self._outbox.echoes.learn(target, headers)
        elif not inline:
            headers = self._headers.get((target, index), b"")
        send = Send(seq, intended_ns, 0, target, phase, WANT_RESPONSE)
        # Who names the method asks the server something, before the load.
        flight = Flight(send, answer=True, size_bytes=len(payload), load=not method)
        self._launch(flight, payload, headers, method, timeout_ns)

    def _launch(
        self,
        flight: Flight,
        payload: bytes,
        headers: bytes,
        method: str = "",
        deadline_ns: int = 0,
    ) -> None:
        self._flying_bytes += flight.size_bytes
        self._flights[flight] = self._channels[flight.send.target].start(
            payload,
            functools.partial(self._landed, flight),
            method=method,
            deadline_ns=deadline_ns,
            trailers=flight.answer,
            headers=headers,
        )

    @_or_die
    def _landed(self, flight: Flight, landing: Landing) -> None:
        del self._flights[flight]
        self._flying_bytes -= flight.size_bytes
        if flight.load:
            first = self._witness.saw(flight.send, landing, told=flight.answer)
            if first is not None:
                self._show(first)
        if flight.answer:
            landing = labelled(landing)
        self._outbox.put(flight.send, landing, answer=flight.answer)
        if flight.user is not None:
            self._again(flight.user, landing.done_ns or now_ns())
        if self._drain.stop_at_ns is not None:
            self._check_drain()

    def _again(self, user: User, answered_ns: int) -> None:
        """Have a user ask again after an answer."""
        again_ns = user.again_ns(answered_ns)
        if again_ns is None or not self._drain.allows(again_ns):
            return
        if again_ns > answered_ns:
            self._timeline.push(again_ns, user)
        else:
            # Who does not think is due now. By way of the timeline it would be a turn of the loop
            # later, two with the writing: a quarter of what a small request costs.
            self._issued_ns = max(self._issued_ns, again_ns)
            self._ask(again_ns, user)

    def _show(self, answer: Answer) -> None:
        """Have the parent look at an answer that it would not see otherwise."""
        packed = ANSWER.pack(answer.target, answer.phase, answer.done_ns)
        self._say(FromSender.ANSWER, packed, answer.response)

    # -- the end ---------------------------------------------------------------------------

    def _stop(self, stop_at_ns: int, drain_ns: int) -> None:
        if self._drain.stop(stop_at_ns, drain_ns, self._issued_ns):
            assert self._drain.stop_at_ns is not None
            self._timeline.cut(self._drain.stop_at_ns)  # what is due later never was of this run
        self._check_drain()

    @_or_die
    def _check_drain(self) -> None:
        """Do what is to be done about the end now."""
        if self._drain_timer is not None:
            self._drain_timer.cancel()
        now = now_ns()
        act, until_ns = self._drain.decide(now, idle=not self._timeline and not self._flights)
        match act:
            case Act.WAIT:
                wait_s = max(0.001, (until_ns - now) / 1e9)
                self._drain_timer = self._loop.call_later(wait_s, self._check_drain)
            case Act.GIVE_UP:
                self._give_up()
                self._check_drain()
            case Act.FINISH:
                self._finish()

    def _give_up(self) -> None:
        for item in self._timeline.cut(0):
            if isinstance(item, Send):
                self._outbox.put(item, Landing(Status.DROPPED))
        for request in list(self._flights.values()):
            request.cancel()  # it lands as unfinished, and looks whether it was the last

    def _finish(self) -> None:
        self._outbox.flush()
        for answer in self._witness.last():
            self._show(answer)
        self._say(FromSender.SHARES, self._witness.shares())
        self._say(FromSender.DONE, json.dumps({"stop_at_ns": self._drain.stop_at_ns}).encode())

    # -- the pulse -------------------------------------------------------------------------

    def _pulse(self) -> None:
        now = now_ns()
        stats = measured(len(self._flights), max(0, now - self._expect_pulse_ns))
        self._say(FromSender.STATS, json.dumps(stats._asdict()).encode())
        self._say(FromSender.SHARES, self._witness.shares())
        if gc.get_count()[0] > GARBAGE:
            gc.collect()
        self._expect_pulse_ns = now + int(PULSE_S * 1e9)
        self._loop.call_later(PULSE_S, self._pulse)


def main(argv: list[str]) -> None:
    """Run the sender on the inherited socket `argv[1]` and payload file `argv[2]`, until EOF."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection = socket.socket(fileno=int(argv[1]))
    connection.setblocking(False)
    payload_fd = int(argv[2])

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        await loop.create_unix_connection(lambda: Sender(loop, payload_fd), sock=connection)
        await asyncio.Event().wait()

    uvloop.run(serve())


if __name__ == "__main__":
    main(sys.argv)
