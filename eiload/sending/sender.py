"""The child process that sends: bytes at instants in, results out.

It knows bytes, instants and gRPC. It never sees a tensor, an image, a scenario or a model name
(outside the bytes), and it imports neither Locust nor gevent, numpy or protobuf, so that nothing
shares its loop, its heap or its interpreter lock with the sending. It is started by `engine` as
``python -m eiload.sending.sender SOCKET_FD PAYLOAD_FD`` in a session of its own (a Ctrl-C in the
terminal does not reach it) and ends when its socket closes, so it cannot outlive its parent.

Strategy.

- Requests wait on a `timeline`, which wakes the loop exactly.
- Instants are stamped right around the call. The request's bytes are at hand before.
- Each order becomes exactly one result: a status, DROPPED when the in-flight guard is reached, or
  UNFINISHED when the drain ends first.
- The garbage collector is off: a collection would be somebody's response time. gRPC leaves nothing
  behind in cycles (docs/tuning-notes.md); should it ever, the pulse collects.
"""

import asyncio
import functools
import gc
import json
import os
import resource
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, ParamSpec, cast

import grpc
import grpc.aio
import uvloop

from eiload.base.status import Status
from eiload.sending.result import RESULT, SEND, WANT_RESPONSE, Send, sampled
from eiload.sending.timeline import Timeline
from eiload.sending.wire import (
    CALL,
    DETAIL,
    INLINE,
    PAYLOAD,
    STOP,
    FrameReader,
    FromSender,
    ToSender,
    header,
)

FLUSH_S = 0.1
"""How long a result may wait for company on the way to the parent: Locust's charts have a second's
grain, and waking the parent for each takes more than counting it."""

PULSE_S = 0.5
"""How often the sender tells that it lives and how it is."""

CACHE_BYTES = 64 << 20
"""Payloads kept as Python bytes, those that are used first; others are read from the payload file
(the page cache) when they are due. 64 MiB hold 78 SSD requests of 820 kB. Payloads come round and
round, so keeping the latest instead would keep what is needed last."""

GARBAGE = 50_000
"""Net new objects that set off a collection; in flight, a request is some 30 of them."""

MAX_DETAILS = 200
"""Different status texts that are told apart; servers may put numbers into them without end."""

MAX_DETAIL_CHARS = 1024
"""TensorFlow Serving cuts its own texts here (model_servers/grpc_status_util.cc)."""

STAND_IN = "x-eiload-stand-in"
"""Trailing metadata of our own stand-in server (`eiload.server.transport`); what it says becomes
the detail of an answer that is wanted."""

now_ns = time.monotonic_ns

P = ParamSpec("P")
Stub = Callable[..., grpc.aio.UnaryUnaryCall[bytes, bytes]]


class Endpoint:
    """One target: its channels, used in turn, and how to call it."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.method: str = config["method"]
        self.deadline_s: float = config["deadline_ns"] / 1e9
        self.metadata: tuple[tuple[str, str], ...] = tuple(
            (key, value) for key, value in config["metadata"]
        )
        self.compression = grpc.Compression.Gzip if config["compression"] == "gzip" else None
        options = [tuple(option) for option in config["options"]]
        self.channels = [_channel(config, options) for _ in range(config["connections"])]
        self._stubs: dict[str, list[Stub]] = {}
        self._turn = 0

    def stub(self, method: str = "") -> Stub:
        """Return what calls `method` (the target's own if empty) on the next channel in turn."""
        method = method or self.method
        stubs = self._stubs.get(method)
        if stubs is None:
            # No serialisers: bytes go out and come back as they are.
            stubs = [channel.unary_unary(method, None, None) for channel in self.channels]
            self._stubs[method] = stubs
        self._turn = (self._turn + 1) % len(stubs)
        return stubs[self._turn]


def _channel(config: dict[str, Any], options: list[tuple[str, Any]]) -> grpc.aio.Channel:
    tls = config["tls"]
    if tls is None:
        return grpc.aio.insecure_channel(config["address"], options=options)
    credentials = grpc.ssl_channel_credentials(
        *(part.encode("latin-1") if part is not None else None for part in tls)
    )
    return grpc.aio.secure_channel(config["address"], credentials, options=options)


def _or_die(method: Callable[P, None]) -> Callable[P, None]:
    """Return a callback of the loop that ends the process when it fails.

    The loop would log the error and go on without the request; the parent must see a death and its
    cause.
    """

    @functools.wraps(method)
    def call(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            method(*args, **kwargs)
        except Exception:
            traceback.print_exc()
            os._exit(1)

    return call


@dataclass(slots=True, eq=False)
class User:
    """One user of a closed loop."""

    loop: dict[str, Any]
    """What `wire.ToSender.LOOP` says."""
    turn: int
    """Number of its next request among those of all users of the loop: its own number at first."""


@dataclass(slots=True, eq=False)
class Flight:
    """A request that is being made."""

    send: Send
    answer: bool
    """Whether the response's bytes are wanted."""
    user: User | None = None
    """Who waits for the answer before the next request."""
    sent_ns: int = 0


class Landing(NamedTuple):
    """How a request ended."""

    done_ns: int
    status: Status
    detail: str = ""
    response: bytes = b""


class Sender(asyncio.Protocol):
    """The state of the child; its methods run in the one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, payload_fd: int) -> None:
        self._loop = loop
        self._payload_fd = payload_fd
        self._reader = FrameReader()
        self._transport: asyncio.Transport | None = None
        self._endpoints: list[Endpoint] = []
        self._max_in_flight = 0
        self._places: list[tuple[int, int]] = []
        self._cache: dict[int, bytes] = {}
        self._cached_bytes = 0
        self._timeline: Timeline[Send | User] = Timeline(loop, self._due)
        self._flights: dict[asyncio.Task[Landing], Flight] = {}
        self._results = bytearray()
        self._details: dict[str, int] = {"": 0}
        self._issued_ns = 0
        self._stop_at_ns: int | None = None
        self._drain_until_ns = 0
        self._drain_timer: asyncio.Handle | None = None
        self._cancelled = False
        self._cancelling = False
        self._done = False
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
                self._places.append(PAYLOAD.unpack(body))
            case ToSender.LOOP:
                loop = json.loads(body)
                for number in loop["users"]:
                    # Users that think do not all come in the door together.
                    late_ns = loop["think_ns"] * number // loop["total_users"]
                    self._come(User(loop, number), loop["start_ns"] + late_ns)
            case ToSender.STOP:
                self._stop(*STOP.unpack(body))
            case ToSender.CANCEL:
                self._cancelled = True
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
        self._endpoints = [Endpoint(endpoint) for endpoint in config["endpoints"]]
        gc.collect()
        gc.freeze()
        gc.disable()
        self._expect_pulse_ns = now_ns()
        self._pulse()
        self._say(FromSender.READY, json.dumps({"grpc": grpc.__version__}).encode())

    # -- sending ---------------------------------------------------------------------------

    def _plan(self, instant_ns: int, item: Send | User) -> None:
        """Have something done at an instant, unless the run ends before."""
        if not self._done and (self._stop_at_ns is None or instant_ns < self._stop_at_ns):
            self._timeline.push(instant_ns, item)

    def _come(self, user: User, intended_ns: int) -> None:
        """Have a user make the next request at an instant, unless the loop ends before."""
        if intended_ns < user.loop["end_ns"]:
            self._plan(intended_ns, user)

    @_or_die
    def _due(self, intended_ns: int, item: Send | User) -> None:
        self._issued_ns = max(self._issued_ns, intended_ns)
        if isinstance(item, User):
            self._ask(item, intended_ns)
        elif len(self._flights) >= self._max_in_flight:
            self._record(Flight(item, answer=False), Landing(0, Status.DROPPED))
        else:
            flight = Flight(item, answer=bool(item.flags & WANT_RESPONSE))
            self._launch(flight, self._payload(item.payload))

    def _ask(self, user: User, intended_ns: int) -> None:
        """Make a user's next request; the number of users is the guard."""
        loop, turn = user.loop, user.turn
        user.turn += loop["total_users"]
        payload = loop["payloads"][turn % len(loop["payloads"])]
        number = turn * loop["targets"] + loop["target"]
        send = Send(number, intended_ns, payload, loop["target"], loop["phase"], 0)
        wanted = sampled(turn, loop["sample"])
        self._launch(Flight(send, answer=wanted, user=user), self._payload(payload))

    def _call(self, body: bytes) -> None:
        seq, intended_ns, timeout_ns, index, target, phase, length = CALL.unpack_from(body)
        start = CALL.size + length
        method = body[CALL.size : start].decode()
        request = body[start:] if index == INLINE else self._payload(index)
        send = Send(seq, intended_ns, 0, target, phase, WANT_RESPONSE)
        self._launch(Flight(send, answer=True), request, method, timeout_ns / 1e9)

    def _launch(
        self, flight: Flight, request: bytes, method: str = "", timeout_s: float = 0.0
    ) -> None:
        task = self._loop.create_task(self._request(flight, request, method, timeout_s))
        self._flights[task] = flight
        task.add_done_callback(self._landed)

    async def _request(
        self, flight: Flight, request: bytes, method: str, timeout_s: float
    ) -> Landing:
        """Make one call and return what became of it."""
        endpoint = self._endpoints[flight.send.target]
        stub = endpoint.stub(method)
        flight.sent_ns = now_ns()
        try:
            call = stub(
                request,
                timeout=timeout_s or endpoint.deadline_s,
                metadata=endpoint.metadata,
                compression=endpoint.compression,
            )
            response = await call
            done_ns = now_ns()
            detail = await _stand_in(call) if flight.answer else ""
            return Landing(done_ns, Status.OK, detail, response)
        except grpc.aio.AioRpcError as error:
            return Landing(now_ns(), Status(error.code().value[0]), error.details() or "")
        except asyncio.CancelledError:
            if self._cancelling:
                raise  # by us, at the end of the drain: `_landed` records it as unfinished
            return Landing(now_ns(), Status.CANCELLED, "the call was cancelled inside the client")
        except Exception as error:  # whatever gRPC raises, the request must not vanish
            return Landing(now_ns(), Status.INTERNAL, f"client: {type(error).__name__}: {error}")

    @_or_die
    def _landed(self, task: "asyncio.Task[Landing]") -> None:
        flight = self._flights.pop(task)
        landing = Landing(0, Status.UNFINISHED) if task.cancelled() else task.result()
        self._record(flight, landing)
        if flight.user is not None:
            thinks_from_ns = landing.done_ns or now_ns()
            self._come(flight.user, thinks_from_ns + flight.user.loop["think_ns"])
        if self._stop_at_ns is not None:
            self._check_drain()

    def _payload(self, index: int) -> bytes:
        data = self._cache.get(index)
        if data is None:
            offset, length = self._places[index]
            data = os.pread(self._payload_fd, length, offset)
            if self._cached_bytes + length <= CACHE_BYTES:
                self._cache[index] = data
                self._cached_bytes += length
        return data

    # -- results ---------------------------------------------------------------------------

    def _record(self, flight: Flight, landing: Landing) -> None:
        send, response = flight.send, landing.response
        packed = RESULT.pack(
            send.seq, send.intended_ns, flight.sent_ns, landing.done_ns, len(response),
            send.payload, send.target, self._detail(landing.detail), send.phase, landing.status,
        )  # fmt: skip
        if flight.answer:
            self._say(FromSender.RESPONSE, packed, response)
            return
        if not self._results:
            self._loop.call_later(FLUSH_S, self._flush)
        self._results += packed

    def _flush(self) -> None:
        if self._results:
            self._say(FromSender.RESULTS, bytes(self._results))
            self._results.clear()

    def _detail(self, text: str) -> int:
        """Return the number of a status text; the parent is told of each before its first use."""
        number = self._details.get(text)
        if number is not None:
            return number
        text = text[:MAX_DETAIL_CHARS] if len(self._details) <= MAX_DETAILS else "(another text)"
        if text not in self._details:
            self._details[text] = len(self._details)
            packed = DETAIL.pack(self._details[text])
            self._say(FromSender.DETAIL, packed, text.encode("utf-8", "replace"))
        return self._details[text]

    # -- the end ---------------------------------------------------------------------------

    def _stop(self, stop_at_ns: int, drain_ns: int) -> None:
        # Word may come late: what has been sent was sent, and the cut is after it.
        stop_at_ns = max(stop_at_ns, self._issued_ns + 1)
        if self._stop_at_ns is None or stop_at_ns < self._stop_at_ns:
            self._stop_at_ns = stop_at_ns
            self._drain_until_ns = stop_at_ns + drain_ns
            self._timeline.cut(stop_at_ns)  # what is due later never was part of this run
        self._check_drain()

    def _check_drain(self) -> None:
        """See whether the drain has ended, or when to look again."""
        if self._stop_at_ns is None or self._done:
            return
        if self._drain_timer is not None:
            self._drain_timer.cancel()
        now = now_ns()
        until_ns = self._stop_at_ns if self._cancelled else self._drain_until_ns
        if now >= max(until_ns, self._stop_at_ns) and not self._cancelling:
            self._give_up()
        if now >= self._stop_at_ns and not self._timeline and not self._flights:
            self._finish()
        elif not self._cancelling:
            next_ns = self._stop_at_ns if now < self._stop_at_ns else until_ns
            wait_s = max(0.001, (next_ns - now) / 1e9)
            self._drain_timer = self._loop.call_later(wait_s, self._check_drain)

    def _give_up(self) -> None:
        """End what the drain has not: what was due and never sent, and what is in flight."""
        for item in self._timeline.cut(0):
            if isinstance(item, Send):
                self._record(Flight(item, answer=False), Landing(0, Status.DROPPED))
        self._cancelling = True
        for task in self._flights:
            task.cancel()  # each lands as unfinished, and looks whether it was the last

    def _finish(self) -> None:
        self._done = True
        self._flush()
        self._say(FromSender.DONE, json.dumps({"stop_at_ns": self._stop_at_ns}).encode())

    # -- the pulse -------------------------------------------------------------------------

    def _pulse(self) -> None:
        now = now_ns()
        stats = {
            "cpu_ns": time.process_time_ns(),
            "loop_delay_ns": max(0, now - self._expect_pulse_ns),
            "in_flight": len(self._flights),
            "rss_bytes": _rss_bytes(),
        }
        self._say(FromSender.STATS, json.dumps(stats).encode())
        if gc.get_count()[0] > GARBAGE:
            gc.collect()
        self._expect_pulse_ns = now + int(PULSE_S * 1e9)
        self._loop.call_later(PULSE_S, self._pulse)


async def _stand_in(call: grpc.aio.Call) -> str:
    """Return what a stand-in says it is, so that nobody takes it for a server; usually nothing."""
    for key, value in await call.trailing_metadata() or ():
        if key == STAND_IN:
            return str(value)
    return ""


def _rss_bytes() -> int:
    """Return the resident memory now (Linux) or its peak (elsewhere), bytes."""
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123  # pathlib costs more here
            return int(file.read().split()[1]) * resource.getpagesize()
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


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
