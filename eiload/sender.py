"""The child process that sends: bytes at instants in, results out.

It knows bytes, instants and gRPC. It never sees a tensor, an image, a scenario or a model name
(outside the bytes), and it imports neither Locust nor gevent, numpy or protobuf, so that nothing
shares its loop, its heap or its interpreter lock with the sending. It is started by `engine` as
``python -m eiload.sender SOCKET_FD PAYLOAD_FD`` in a session of its own (a Ctrl-C in the terminal
does not reach it) and ends when its socket closes, so it cannot outlive its parent.

Strategy.

- Requests wait in a heap ordered by intended instant. The loop's timers round to whole
  milliseconds, so a timer wakes `POLL_NS` early and the rest is polled, one turn of the loop after
  the other: gRPC's own events are served between two polls.
- Instants are stamped right around the call. The request's bytes are at hand before.
- Each order becomes exactly one result: a status, DROPPED when the in-flight guard is reached, or
  UNFINISHED when the drain ends first.
- The garbage collector is off while there is load: a collection would be somebody's response time.
  What gRPC leaves behind in cycles is collected in the pulse, in the young generation only, when
  nothing is due soon.
"""

import asyncio
import gc
import heapq
import json
import os
import resource
import signal
import socket
import sys
import time
import traceback
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, cast

import grpc
import grpc.aio
import uvloop

from eiload.result import RESULT, SEND, WANT_RESPONSE, Send, Status
from eiload.wire import (
    CALL,
    DETAIL,
    INLINE,
    PAYLOAD,
    STOP,
    FrameReader,
    FromSender,
    ToSender,
    frame,
)

POLL_NS = 1_200_000
"""How long before an instant the sender stops trusting timers: uvloop's round to whole ms, and
waking up takes some tens of microseconds."""

FLUSH_S = 0.02
"""How long a result may wait for company on the way to the parent."""

PULSE_S = 0.5
"""How often the sender tells that it lives and how it is."""

CACHE_BYTES = 64 << 20
"""Payloads kept as Python bytes, most recently used first; others are read from the payload file
(the page cache) when they are due. 64 MiB hold 78 SSD requests of 820 kB."""

MAX_DETAILS = 200
"""Different status texts that are told apart; servers may put numbers into them without end."""

MAX_DETAIL_CHARS = 1024
"""TensorFlow Serving cuts its own texts here (model_servers/grpc_status_util.cc)."""

STAND_IN = "x-eiload-stand-in"
"""Trailing metadata of our own stand-in server (`eiload.server.transport`); what it says becomes
the detail of an answer that is wanted."""

now_ns = time.monotonic_ns

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
        self._cache: OrderedDict[int, bytes] = OrderedDict()
        self._cached_bytes = 0
        self._due: list[tuple[int, int, Send | asyncio.Future[None]]] = []
        self._pushed = 0
        self._timer: asyncio.Handle | None = None
        self._polling = False
        self._flight: dict[asyncio.Task[None], tuple[Send, int, bool]] = {}
        self._loops: set[asyncio.Task[None]] = set()
        self._results = bytearray()
        self._flushing = False
        self._details: dict[str, int] = {"": 0}
        self._stop_at_ns: int | None = None
        self._drain_until_ns = 0
        self._drain_timer: asyncio.Handle | None = None
        self._cancelling = False
        self._done = False
        self._issued_ns = 0
        self._expect_pulse_ns = 0

    # -- the conversation ------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way to the parent."""
        # uvloop's transports do not inherit from asyncio's.
        self._transport = cast("asyncio.Transport", transport)
        # Results are small and the parent may be busy for a while: never stop for it.
        self._transport.set_write_buffer_limits(high=1 << 30)

    def connection_lost(self, exc: Exception | None) -> None:
        """End, at once."""
        del exc
        # The parent is gone (or done with us). Whatever is in flight is nobody's any more.
        os._exit(0)

    def data_received(self, data: bytes) -> None:
        """Handle whatever frames are whole."""
        try:
            for kind, body in self._reader.feed(data):
                self._handle(kind, body)
        except Exception:
            # The loop would log this and go on, deaf; the parent must see a death and its cause.
            traceback.print_exc()
            os._exit(1)

    def _handle(self, kind: int, body: bytes) -> None:
        match kind:
            case ToSender.SENDS:
                for fields in SEND.iter_unpack(body):
                    send = Send._make(fields)
                    self._push(send.intended_ns, send)
                self._arm()
            case ToSender.CALL:
                self._call(body)
            case ToSender.PAYLOAD:
                self._places.append(PAYLOAD.unpack(body))
            case ToSender.LOOP:
                self._start_loop(json.loads(body))
            case ToSender.STOP:
                self._stop(*STOP.unpack(body))
            case ToSender.CANCEL:
                self._drain_until_ns = 0
                self._check_drain()
            case ToSender.CONFIGURE:
                self._configure(json.loads(body))

    def _say(self, kind: int, body: bytes | bytearray = b"") -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(frame(kind, body))

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

    def _push(self, instant_ns: int, item: "Send | asyncio.Future[None]") -> None:
        self._pushed += 1  # breaks ties in the order of arrival
        heapq.heappush(self._due, (instant_ns, self._pushed, item))

    def _arm(self) -> None:
        """Make sure that `_tick` runs in time for the first instant in the heap."""
        if self._polling or not self._due:
            return
        if self._timer is not None:
            self._timer.cancel()
        wait_ns = self._due[0][0] - now_ns() - POLL_NS
        if wait_ns <= 0:
            self._polling = True
            self._timer = self._loop.call_soon(self._tick)
        else:
            self._timer = self._loop.call_later(wait_ns / 1e9, self._tick)

    def _tick(self) -> None:
        self._polling = False
        self._timer = None
        due = self._due
        while due and due[0][0] <= now_ns():
            _, _, item = heapq.heappop(due)
            if isinstance(item, Send):
                self._issue(item)
            elif not item.done():
                item.set_result(None)
        self._arm()

    def _issue(self, send: Send) -> None:
        self._issued_ns = send.intended_ns
        if len(self._flight) >= self._max_in_flight:
            self._record(send, 0, 0, Status.DROPPED)
            return
        request = self._payload(send.payload)
        self._launch(send, request, "", 0.0, answer=bool(send.flags & WANT_RESPONSE))

    def _call(self, body: bytes) -> None:
        seq, intended_ns, timeout_ns, index, target, phase, length = CALL.unpack_from(body)
        start = CALL.size + length
        method = body[CALL.size : start].decode()
        request = body[start:] if index == INLINE else self._payload(index)
        send = Send(seq, intended_ns, 0, target, phase, WANT_RESPONSE)
        self._launch(send, request, method, timeout_ns / 1e9, answer=True)

    def _launch(
        self, send: Send, request: bytes, method: str, timeout_s: float, *, answer: bool
    ) -> "asyncio.Task[None]":
        task = self._loop.create_task(self._request(send, request, method, timeout_s, answer))
        self._flight[task] = (send, 0, answer)
        task.add_done_callback(self._landed)
        return task

    async def _request(
        self, send: Send, request: bytes, method: str, timeout_s: float, answer: bool
    ) -> None:
        """Make one call and record what became of it."""
        endpoint = self._endpoints[send.target]
        stub = endpoint.stub(method)
        response = b""
        task = asyncio.current_task()
        assert task is not None
        sent_ns = now_ns()
        self._flight[task] = (send, sent_ns, answer)
        try:
            call = stub(
                request,
                timeout=timeout_s or endpoint.deadline_s,
                metadata=endpoint.metadata,
                compression=endpoint.compression,
            )
            response = await call
            done_ns = now_ns()
            status, detail = Status.OK, await _stand_in(call) if answer else ""
        except grpc.aio.AioRpcError as error:
            done_ns = now_ns()
            status, detail = Status(error.code().value[0]), error.details() or ""
        except asyncio.CancelledError:
            if self._cancelling:
                raise  # by us, at the end of the drain: `_landed` records it as unfinished
            done_ns = now_ns()
            status, detail = Status.CANCELLED, "the call was cancelled inside the client"
        except Exception as error:  # whatever gRPC raises, the request must not vanish
            done_ns = now_ns()
            status, detail = Status.INTERNAL, f"client: {type(error).__name__}: {error}"
        del self._flight[task]
        self._record(send, sent_ns, done_ns, status, detail, response, answer=answer)

    def _landed(self, task: "asyncio.Task[None]") -> None:
        if (entry := self._flight.pop(task, None)) is not None:
            send, sent_ns, answer = entry
            self._record(send, sent_ns, 0, Status.UNFINISHED, answer=answer)
        if self._stop_at_ns is not None:
            self._check_drain()

    def _payload(self, index: int) -> bytes:
        data = self._cache.get(index)
        if data is not None:
            self._cache.move_to_end(index)
            return data
        offset, length = self._places[index]
        data = os.pread(self._payload_fd, length, offset)
        self._cache[index] = data
        self._cached_bytes += length
        while self._cached_bytes > CACHE_BYTES and len(self._cache) > 1:
            _, evicted = self._cache.popitem(last=False)
            self._cached_bytes -= len(evicted)
        return data

    # -- closed loops ----------------------------------------------------------------------

    def _start_loop(self, spec: dict[str, Any]) -> None:
        for user in spec["users"]:
            task = self._loop.create_task(self._user(spec, user))
            self._loops.add(task)
            task.add_done_callback(self._loops.discard)

    async def _user(self, spec: dict[str, Any], user: int) -> None:
        """Send, wait for the answer, think, again: one user of a closed loop."""
        payloads: list[int] = spec["payloads"]
        sample: int = spec["sample"]
        think_ns: int = spec["think_ns"]
        # Users that think do not all come in the door together.
        intended_ns: int = spec["start_ns"] + think_ns * user // spec["total_users"]
        turn = user
        while intended_ns < min(spec["end_ns"], self._stop_at_ns or spec["end_ns"]):
            gate: asyncio.Future[None] = self._loop.create_future()
            self._push(intended_ns, gate)
            self._arm()
            await gate
            if self._stop_at_ns is not None and intended_ns >= self._stop_at_ns:
                return
            wanted = sample > 0 and turn % sample == 0
            send = Send(
                turn, intended_ns, payloads[turn % len(payloads)], spec["target"], spec["phase"],
                WANT_RESPONSE if wanted else 0,
            )  # fmt: skip
            request = self._payload(send.payload)
            await asyncio.wait([self._launch(send, request, "", 0.0, answer=wanted)])
            intended_ns = now_ns() + think_ns
            turn += spec["total_users"]

    # -- results ---------------------------------------------------------------------------

    def _record(  # noqa: PLR0917  # called for every request: keywords cost
        self, send: Send, sent_ns: int, done_ns: int, status: Status, detail: str = "",
        response: bytes = b"", *, answer: bool = False,
    ) -> None:  # fmt: skip
        number = self._details.get(detail)
        if number is None:
            number = self._new_detail(detail)
        packed = RESULT.pack(
            send.seq, send.intended_ns, sent_ns, done_ns, len(response),
            send.payload, send.target, number, send.phase, status,
        )  # fmt: skip
        if answer:
            self._say(FromSender.RESPONSE, packed + response)
            return
        self._results += packed
        if not self._flushing:
            self._flushing = True
            self._loop.call_later(FLUSH_S, self._flush)

    def _flush(self) -> None:
        self._flushing = False
        if self._results:
            self._say(FromSender.RESULTS, self._results)
            self._results = bytearray()

    def _new_detail(self, detail: str) -> int:
        text = detail[:MAX_DETAIL_CHARS]
        if len(self._details) > MAX_DETAILS:
            text = "(another text)"
        number = self._details.setdefault(text, len(self._details))
        self._say(FromSender.DETAIL, DETAIL.pack(number) + text.encode("utf-8", "replace"))
        return number

    # -- the end ---------------------------------------------------------------------------

    def _stop(self, stop_at_ns: int, drain_ns: int) -> None:
        # Word may come late: what has been sent was sent, and the cut is after it.
        stop_at_ns = max(stop_at_ns, self._issued_ns + 1)
        if self._stop_at_ns is None or stop_at_ns < self._stop_at_ns:
            self._stop_at_ns = stop_at_ns
            self._drain_until_ns = stop_at_ns + drain_ns
            # What is due later never was part of this run.
            kept = []
            for entry in self._due:
                if entry[0] < stop_at_ns:
                    kept.append(entry)
                elif not isinstance(entry[2], Send):
                    entry[2].cancel()  # a user who was thinking: its loop ends here
            heapq.heapify(kept)
            self._due = kept
        self._check_drain()

    def _check_drain(self) -> None:
        """See whether the drain has ended, or when to look again."""
        if self._stop_at_ns is None or self._done:
            return
        if self._drain_timer is not None:
            self._drain_timer.cancel()
            self._drain_timer = None
        now = now_ns()
        if now >= self._stop_at_ns and not self._due and not self._flight:
            self._finish()
            return
        if now >= max(self._drain_until_ns, self._stop_at_ns):
            self._cancelling = True
            for task in list(self._flight):
                task.cancel()
            return  # each cancelled call lands and looks here again
        next_ns = self._stop_at_ns if now < self._stop_at_ns else self._drain_until_ns
        self._drain_timer = self._loop.call_later(
            max(0.001, (next_ns - now) / 1e9), self._check_drain
        )

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
            "in_flight": len(self._flight),
            "rss_bytes": _rss_bytes(),
        }
        self._say(FromSender.STATS, json.dumps(stats).encode())
        if not self._due or self._due[0][0] - now > 10_000_000:
            gc.collect(1)
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
