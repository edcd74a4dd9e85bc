"""One connection, one request at a time: a `Link`'s bytes to `h11` and back.

What it knows: when a socket can be read and written, what o'clock it is, when an answer is whole.
What it must not know: which request comes next, or what follows when there is no answer.

Rules.

- A request's head and body go to the kernel in one call, uncopied, as soon as it is given. *Sent*
  is the instant before the call that took its first byte, *written* after the one that took its
  last, *first byte* and *done* are those of the reads that brought the answer's first byte and its
  last. Interim answers (1xx) are none.
- A server may answer before it has read all. The answer counts; the connection does not go on.
- What comes when nothing is asked (a late answer, a 408 before an idle close, another answer behind
  the one that was asked for) belongs to no request: the connection ends, and no request with it.
- Everything that a server can make grow is bounded: a head by `MAX_HEAD_BYTES`, interim answers by
  `MAX_INTERIM`, a body by `max_answer_bytes`. Nothing that comes in raises.
"""

import asyncio
import traceback
from collections.abc import Callable
from typing import Protocol

import h11

from eiload.base.status import Status
from eiload.sending.http1.answer import Answer
from eiload.sending.http1.exchange import Exchange, Failure
from eiload.sending.net.address import shown
from eiload.sending.net.link import READ_BYTES, Link, broken, taken_from
from eiload.sending.result import WAITED_WINDOW

__all__ = ["Connection"]

READS = 16
"""How often a socket is read before others have their turn."""

MAX_HEAD_BYTES = 64 << 10
"""The largest head of an answer: proxies allow 8 to 32 kB."""

MAX_INTERIM = 16
"""Interim answers (1xx) to one request."""

_END = h11.EndOfMessage()

ENDED = "the server closed the connection"
NO_HTTP = "what answers there is no HTTP/1.1"


class Owner(Protocol):
    """Who is told how it goes on a connection."""

    def answered(
        self, connection: "Connection", exchange: Exchange, answer: Answer, now_ns: int, /
    ) -> None:
        """Take an answer; the connection takes the next request if it is not over."""

    def lost(
        self, connection: "Connection", exchange: Exchange | None, why: Failure, now_ns: int, /
    ) -> None:
        """Take notice that the connection has ended, and with it a request that has no answer."""


class Connection:
    """A connection that is open.

    Args:
        link: the socket; it is closed with the connection.
        owner: who is told.
        now_ns: the clock, ns, monotonic.
        max_answer_bytes: the largest content of an answer that is taken.
    """

    def __init__(
        self, link: Link, owner: Owner, now_ns: Callable[[], int], max_answer_bytes: int
    ) -> None:
        self.address = shown(link.address)
        self.over = False
        """Whether it has ended."""
        self.opened_ns = now_ns()
        self.answers = 0
        """How many it has brought."""
        self.exchange: Exchange | None = None
        """What it is busy with."""
        self._link = link
        self._owner = owner
        self._now_ns = now_ns
        self._max_answer_bytes = max_answer_bytes
        self._loop = asyncio.get_running_loop()
        self._protocol = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD_BYTES)
        self._buffers: list[bytes | memoryview] = []
        """What the kernel has not taken yet."""
        self._watched = False
        """Whether the loop tells when the kernel takes more."""
        self._torn = False
        """Whether writing has failed."""
        self._response: h11.Response | None = None
        self._content: list[bytes] = []
        self._interim = 0
        self._loop.add_reader(link.fileno(), self._readable)

    def __repr__(self) -> str:
        """Tell its state, for tests and logs."""
        state = "closed" if self.over else "busy" if self.exchange is not None else "idle"
        return f"<Connection to {self.address}, {state}, {self.answers} answers>"

    # -- requests ------------------------------------------------------------------------------

    def send(self, exchange: Exchange) -> None:
        """Send a request; nothing of what follows is told before this returns."""
        exchange.carrier = self
        exchange.address = self.address
        self.exchange = exchange
        head, body, protocol = exchange.head, exchange.body, self._protocol
        protocol.send_with_data_passthrough(head.event)
        protocol.send_with_data_passthrough(_END)
        self._buffers = [head.data, body] if body else [head.data]
        self._write()

    def drop(self, exchange: Exchange) -> None:
        """Forget a request: HTTP/1.1 has no other way than to end the connection."""
        if self.exchange is exchange:
            self.exchange = None
            self._end(Failure(Status.CANCELLED, "the request was given up"))

    def close(self) -> None:
        """End it; its owner is not told."""
        if self.over:
            return
        self.over = True
        self._unwatch()
        self._loop.remove_reader(self._link.fileno())
        self._link.close()
        self._buffers = []
        self.exchange = None

    def _end(self, why: Failure) -> None:
        """End it, and tell its owner."""
        if not self.over:
            exchange = self.exchange
            self.close()
            self._owner.lost(self, exchange, why, self._now_ns())

    # -- writing -------------------------------------------------------------------------------

    def _write(self) -> None:
        """Hand to the kernel what there is, until it takes no more."""
        exchange, link, buffers, clock = self.exchange, self._link, self._buffers, self._now_ns
        assert exchange is not None
        try:
            while buffers:
                before_ns = clock()
                taken = link.write(buffers)
                if taken and not exchange.sent_ns:
                    exchange.sent_ns = before_ns
                taken_from(buffers, taken)
                if buffers and link.full:
                    exchange.flags |= WAITED_WINDOW if not exchange.sent_ns else 0
                    self._watch()
                    return
        except OSError as error:
            self._torn = True
            self._unwatch()
            self._loop.call_soon(self._broke, exchange, broken(error))
            return
        exchange.written_ns = clock()
        self._unwatch()

    def _writable(self) -> None:
        if self.over or self.exchange is None:
            return
        try:
            self._write()
        except Exception as error:  # a defect: requests must not vanish
            self._fail(error)

    def _broke(self, exchange: Exchange, why: str) -> None:
        """End it after a failed write; the server's last words may still be there to read."""
        self._readable()
        if self.exchange is exchange:
            self._end(Failure(Status.UNAVAILABLE, why))

    def _watch(self) -> None:
        if not self._watched:
            self._watched = True
            self._loop.add_writer(self._link.fileno(), self._writable)

    def _unwatch(self) -> None:
        if self._watched:
            self._watched = False
            self._loop.remove_writer(self._link.fileno())

    # -- reading -------------------------------------------------------------------------------

    def _readable(self) -> None:
        try:
            for _ in range(READS):
                if self.over or not self._read():
                    break
        except Exception as error:  # a defect: requests must not vanish with the bytes at hand
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        traceback.print_exc()
        self._end(Failure(Status.INTERNAL, f"client: {type(error).__name__}: {error}"))

    def _read(self) -> bool:
        """Take what has come; return whether there may be more."""
        try:
            data = self._link.read()
        except OSError as error:
            self._end(Failure(Status.UNAVAILABLE, broken(error)))
            return False
        if data is None:
            return False
        now_ns = self._now_ns()
        exchange = self.exchange
        if exchange is None:
            self._end(Failure(Status.UNAVAILABLE, "it says what nobody asked" if data else ENDED))
            return False
        try:
            self._protocol.receive_data(data)
            self._take(exchange, now_ns)
        except h11.RemoteProtocolError as error:
            self._end(Failure(Status.UNAVAILABLE, self._broken(data, str(error))))
        return len(data) >= READ_BYTES

    def _take(self, exchange: Exchange, now_ns: int) -> None:
        """Take what the bytes at hand mean.

        Raises:
            h11.RemoteProtocolError: they mean nothing.
        """
        protocol = self._protocol
        while not self.over:
            event = protocol.next_event()
            kind = type(event)
            if kind is h11.Data:
                assert isinstance(event, h11.Data)
                self._content.append(bytes(event.data))
                exchange.come_bytes += len(event.data)
                if exchange.come_bytes > self._max_answer_bytes:
                    text = f"CLIENT: an answer of over {self._max_answer_bytes:,} bytes"
                    self._end(Failure(Status.RESOURCE_EXHAUSTED, text))
            elif kind is h11.Response:
                assert isinstance(event, h11.Response)
                exchange.first_byte_ns = exchange.first_byte_ns or now_ns
                self._response = event
            elif kind is h11.EndOfMessage:
                self._answered(exchange, now_ns)
                return
            elif kind is h11.InformationalResponse:
                self._interim += 1
                if self._interim > MAX_INTERIM:
                    raise h11.RemoteProtocolError("interim answers without end")
            else:  # NEED_DATA; or the end, of which `_broken` says what it is
                if kind is h11.ConnectionClosed:
                    raise h11.RemoteProtocolError(ENDED)
                if event is h11.NEED_DATA and self._response is None and not exchange.first_byte_ns:
                    self._note_first(exchange, now_ns)
                return

    def _note_first(self, exchange: Exchange, now_ns: int) -> None:
        """Note that a head has begun to come."""
        if self._protocol.trailing_data[0]:
            exchange.first_byte_ns = now_ns

    def _answered(self, exchange: Exchange, now_ns: int) -> None:
        """Give an answer that is whole to whom it belongs."""
        protocol, response = self._protocol, self._response
        assert response is not None
        content = self._content
        answer = Answer(
            response.status_code,
            response.headers,
            content[0] if len(content) == 1 else b"".join(content),
        )
        self.answers += 1
        self.exchange = self._response = None
        self._content = []
        self._interim = 0
        more = protocol.trailing_data
        done = protocol.our_state is h11.DONE and protocol.their_state is h11.DONE
        if done and not self._buffers and not self._torn and not any(more):
            protocol.start_next_cycle()
        else:
            self.close()
        self._owner.answered(self, exchange, answer, now_ns)

    def _broken(self, data: bytes, why: str) -> str:
        """Say what it means that bytes are no answer."""
        exchange = self.exchange
        if not data:  # the end
            if self._response is not None:
                return f"{ENDED} in the middle of the answer"
            begun = exchange is not None and exchange.first_byte_ns
            return f"{ENDED} in the middle of the answer's head" if begun else ENDED
        if self._response is not None:
            return f"the server breaks HTTP/1.1: {why}"
        if data[3:4] == b"\4" and data[:1] == b"\0":
            return f"{NO_HTTP}, but HTTP/2: a gRPC port?"
        if data[:1] == b"\x15":
            return f"{NO_HTTP}, but TLS"
        return f"{NO_HTTP} ({why})"
