"""One HTTP/1.1 connection of the stand-in: bytes to `Asked`, `Answer` to bytes.

h11 knows the protocol; this file knows the event loop, the clock and what servers do to connections
that nobody uses. Requests on a connection are answered one after the other, in order: while one is
being worked on the next one is not read, which leaves it in the kernel and the client waiting.

Every answer says what kind of stand-in it is from and, where an inference ran, how long that was in
the server by its own account: the names are those of the gRPC side's trailing metadata.
"""

import asyncio
import http
from collections.abc import Callable, Sequence
from typing import cast

import h11

from eiload.base.clock import Clock
from eiload.server.http.exchange import Answer, Asked, Handler, stated

__all__ = ["SERVER_TIME", "STAND_IN", "Connection"]

STAND_IN = "X-Eiload-Stand-In"
"""What answers, such as ``emulated eia2.medium``."""
SERVER_TIME = "X-Eiload-Server-Time-Ns"
"""From arrival to release by the server's own account, ns."""

LARGEST_BODY_BYTES = 2**30
"""More than any server here takes; what is above it is refused before it is in memory."""
LARGEST_HEAD_BYTES = 64 * 1024
"""Four times what servers take by default: a session token is 1 to 2 kB."""


class Connection(asyncio.Protocol):
    """One client's connection."""

    def __init__(
        self,
        handler: Handler,
        clock: Clock,
        kind: str,
        *,
        idle_s: float | None,
        gone: Callable[["Connection"], None],
    ) -> None:
        """Make one; the loop calls the rest.

        Args:
            handler: answers.
            clock: stamps the arrivals.
            kind: what the answers say they are from.
            idle_s: after an answer, how long the connection stays open for the next request; None
                for ever.
            gone: is told when it has ended.
        """
        self._handler = handler
        self._clock = clock
        self._kind = kind
        self._idle_s = idle_s
        self._gone = gone
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=LARGEST_HEAD_BYTES)
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._paused = False
        self._idle: asyncio.TimerHandle | None = None
        self._head: h11.Request | None = None
        self._method = b""
        self._body: list[bytes] = []
        self._size_bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, _error: Exception | None) -> None:
        """Forget the client; what runs for it ends in vain."""
        self._awake()
        self._transport = None
        self._gone(self)

    def data_received(self, data: bytes) -> None:
        """Take what has come, and answer what is complete."""
        self._awake()
        self._http.receive_data(data)
        self._advance()

    def eof_received(self) -> bool:
        """Answer what is under way, to a client that will send no more."""
        self._http.receive_data(b"")
        self._advance()
        # Half open only while an answer is due.
        return self._http.our_state is h11.SEND_RESPONSE and self._transport is not None

    def close(self) -> None:
        """End it, answered or not."""
        if self._transport is not None:
            self._transport.abort()

    def _advance(self) -> None:
        """Read as far as there is something whole."""
        while self._transport is not None:
            try:
                event = self._http.next_event()
            except h11.RemoteProtocolError as error:
                self._refuse(error.error_status_hint, str(error))
                return
            if event is h11.NEED_DATA:
                if self._http.they_are_waiting_for_100_continue:
                    self._write(
                        self._http.send(h11.InformationalResponse(status_code=100, headers=[]))
                    )
                if self._paused:
                    self._paused = False
                    self._transport.resume_reading()
                return
            if event is h11.PAUSED:
                # An answer is due first; the next request can wait where it is.
                self._paused = True
                self._transport.pause_reading()
                return
            if isinstance(event, h11.Request):
                self._head, self._body, self._size_bytes = event, [], 0
            elif isinstance(event, h11.Data):
                self._size_bytes += len(event.data)
                if self._size_bytes > LARGEST_BODY_BYTES:
                    self._refuse(413, f"larger than {LARGEST_BODY_BYTES} bytes")
                    return
                self._body.append(bytes(event.data))
            elif isinstance(event, h11.EndOfMessage):
                self._ask()
            else:  # the client will send no more
                if self._http.our_state is not h11.SEND_RESPONSE:
                    self._transport.close()
                return

    def _ask(self) -> None:
        """Hand a whole request to the handler."""
        head, self._head = self._head, None
        assert head is not None
        self._method = head.method
        body, self._body = b"".join(self._body), []
        headers: dict[str, str] = {}
        for name, value in head.headers:
            key, text = name.decode("ascii"), value.decode("latin-1")
            headers[key] = f"{headers[key]},{text}" if key in headers else text
        asked = Asked(
            head.method.decode("ascii"),
            head.target.decode("latin-1"),
            headers,
            body,
            self._clock.now_ns(),
        )
        try:
            self._handler(asked, self._ended)
        except Exception as error:  # a defect of ours; its client must be answered all the same
            self._ended(stated(500, f"{type(error).__name__}: {error}"))

    def _ended(self, answer: Answer) -> None:
        """Send an answer, and go on with what comes next."""
        if self._transport is None:
            return
        self._send(answer)
        if (self._http.our_state, self._http.their_state) != (h11.DONE, h11.DONE):
            self._transport.close()
            return
        self._http.start_next_cycle()
        if self._idle_s is not None:
            self._idle = self._loop.call_later(self._idle_s, self._transport.close)
        if self._paused:
            self._loop.call_soon(self._advance)

    def _send(self, answer: Answer) -> None:
        """Write an answer."""
        headers = [
            ("Content-Type", answer.content_type),
            ("Content-Length", str(len(answer.body))),
            *({STAND_IN: self._kind} | dict(answer.headers)).items(),
        ]
        if answer.server_ns is not None:
            headers.append((SERVER_TIME, str(answer.server_ns)))
        head = self._http.send(_response(answer.status, headers))
        parts = [head]
        # To HEAD the length is said and nothing sent.
        if answer.body and self._method != b"HEAD":
            parts.append(self._http.send(h11.Data(data=answer.body)))
        parts.append(self._http.send(h11.EndOfMessage()))
        self._write(*parts)

    def _refuse(self, status: int, text: str) -> None:
        """Answer what is no HTTP, or too much of it, and end the connection."""
        assert self._transport is not None
        if self._http.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            refusal = stated(status, f"Bad request: {text}")
            head = [
                ("Content-Type", refusal.content_type),
                ("Content-Length", str(len(refusal.body))),
                ("Connection", "close"),
                (STAND_IN, self._kind),
            ]
            self._write(
                self._http.send(_response(status, head)),
                self._http.send(h11.Data(data=refusal.body)),
            )
        self._transport.close()

    def _write(self, *parts: bytes | None) -> None:
        assert self._transport is not None
        self._transport.writelines([part for part in parts if part])

    def _awake(self) -> None:
        """Forget when the connection would have been idle for too long."""
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None


_REASONS = {each.value: each.phrase for each in http.HTTPStatus}


def _response(status: int, headers: Sequence[tuple[str, str]]) -> h11.Response:
    return h11.Response(status_code=status, headers=list(headers), reason=_REASONS.get(status, ""))
