"""A client's HTTP/2 connection: bytes in, events out; requests in, bytes out.

Follows RFC 9113: section 3.4 (preface), 5.4 (errors), 6.4 to 6.9 (RST_STREAM, SETTINGS, PING,
GOAWAY, WINDOW_UPDATE), 10.5 (denial of service).

Rules.

- It knows streams, windows, settings and limits. It knows no socket, clock or event loop, and of
  gRPC only that an answer is wanted whole. An instant it is told, it writes down.
- What the server breaks of a stream ends the stream (`Reset`), what it breaks of the connection
  ends the connection (`Closed`, and a GOAWAY to send). Nothing that comes in raises.
- Everything that a server can make grow is bounded: frames (`frames`), header blocks (`headers`,
  `incoming`), answers (`max_answer_bytes`), answers owed to it and a GOAWAY's text (here).
- Nothing is sent but the preface before the server's SETTINGS have come: a server may refuse
  streams over a limit of which it has not told yet.
"""

from collections.abc import Callable

from eiload.sending.http2 import frames
from eiload.sending.http2.events import Closed, Event, GoAway, Pong, Ready, Reset
from eiload.sending.http2.frames import (
    ErrorCode,
    Flag,
    Frame,
    FrameReader,
    FrameType,
    ProtocolError,
    Setting,
    error_name,
)
from eiload.sending.http2.headers import MAX_BLOCK_BYTES
from eiload.sending.http2.incoming import CONNECTION_WINDOW_BYTES, STREAM_WINDOW_BYTES, Incoming
from eiload.sending.http2.streams import DEFAULT_WINDOW_BYTES, Outgoing, Stream, WriteBatch

__all__ = ["Connection"]

MAX_ANSWER_BYTES = 1 << 30
MAX_OWED_BYTES = 64 << 10
"""Answers owed to a server that asks (PING, SETTINGS) and does not read."""
MAX_TEXT_BYTES = 1024
"""What is kept of a GOAWAY's debug data."""
MIN_FRAME_BYTES, MAX_FRAME_BYTES = 1 << 14, (1 << 24) - 1
"""Section 6.5.2: what SETTINGS_MAX_FRAME_SIZE may be."""


class Connection:
    """One connection, from its preface to its end.

    Args:
        max_answer_bytes: the largest body of an answer that is taken.
    """

    def __init__(self, max_answer_bytes: int = MAX_ANSWER_BYTES) -> None:
        self.outgoing = Outgoing()
        self.ready = False
        """Whether the server's settings have come."""
        self.going = False
        """Whether no new streams may be opened here: GOAWAY has come, or numbers have run out."""
        self.closed = False
        self.incoming = Incoming(self.outgoing, max_answer_bytes)
        self._owed_bytes = 0
        """Answers to the server's PING and SETTINGS frames that are yet to be taken."""
        self._reader = FrameReader()
        self._handlers: dict[int, Callable[[Frame, list[Event]], None]] = {
            FrameType.DATA: self.incoming.data,
            FrameType.HEADERS: self.incoming.headers,
            FrameType.CONTINUATION: self.incoming.continuation,
            FrameType.SETTINGS: self._settings,
            FrameType.WINDOW_UPDATE: self._window_update,
            FrameType.RST_STREAM: self._rst_stream,
            FrameType.PING: self._ping,
            FrameType.GOAWAY: self._goaway,
            FrameType.PUSH_PROMISE: self._push_promise,
            FrameType.PRIORITY: _pass_over,
        }
        self._begin()

    def _begin(self) -> None:
        control = self.outgoing.control
        control += frames.PREFACE
        control += frames.settings(
            (
                (Setting.HEADER_TABLE_SIZE, 0),
                (Setting.ENABLE_PUSH, 0),
                (Setting.INITIAL_WINDOW_SIZE, STREAM_WINDOW_BYTES),
                (Setting.MAX_FRAME_SIZE, frames.MAX_FRAME_BYTES),
                (Setting.MAX_HEADER_LIST_SIZE, MAX_BLOCK_BYTES),
            )
        )
        control += frames.window_update(0, CONNECTION_WINDOW_BYTES - DEFAULT_WINDOW_BYTES)

    def __repr__(self) -> str:
        """Tell its state, for tests and logs."""
        state = "closed" if self.closed else "going" if self.going else "ready"
        if state == "ready" and not self.ready:
            state = "begun"
        out = self.outgoing
        return f"<Connection {state}, {len(out.open)} open, {len(out.pending)} pending>"

    # -- requests ------------------------------------------------------------------------------

    @property
    def open(self) -> bool:
        """Tell whether it takes requests: between `Ready` and `GoAway` or `Closed`."""
        return self.ready and not self.going and not self.closed

    def request(self, stream: Stream) -> None:
        """Take a request; its bytes are had from `take` when it is its turn.

        Raises:
            ValueError: it is not open.
        """
        if not self.open:
            raise ValueError("the connection takes no requests now")
        stream.credit = STREAM_WINDOW_BYTES
        self.outgoing.add(stream)

    def cancel(self, stream: Stream) -> None:
        """Forget a request, and tell the server if it knows of it (section 5.4.2)."""
        self.outgoing.cancel(stream, ErrorCode.CANCEL)

    def ping(self, data: bytes) -> None:
        """Ask for a `Pong` with these 8 bytes."""
        self.outgoing.control += frames.ping(data)

    def take(self) -> WriteBatch:
        """Return what is to be written next; before the server is ready, that is the preface."""
        self._owed_bytes = 0
        batch = self.outgoing.take()
        if self.outgoing.exhausted:
            self.going = True
        return batch

    def close(self) -> None:
        """End here; nothing that still comes means anything."""
        self.closed = True
        self._handlers.clear()  # they are this object's methods: no garbage without a collector

    def abandon(self) -> tuple[Stream, ...]:
        """Forget all requests, and return them."""
        out = self.outgoing
        streams = (*out.open.values(), *out.pending)
        out.open.clear()
        out.pending.clear()
        out.sending.clear()
        return streams

    # -- what comes ------------------------------------------------------------------------------

    def receive(self, data: bytes, now_ns: int) -> list[Event]:
        """Return what the server's next bytes mean; `now_ns` is when they came."""
        events: list[Event] = []
        if self.closed:
            return events
        incoming = self.incoming
        incoming.now_ns = now_ns
        handlers = self._handlers
        try:
            if not self.ready:
                _check_greeting(data)
            for frame in self._reader.feed(data):
                kind = frame[0]
                if incoming.block is not None and kind != FrameType.CONTINUATION:
                    raise _broken("a header block is interrupted")
                if not self.ready and kind != FrameType.SETTINGS:
                    raise _broken("it does not begin with SETTINGS")
                handlers[kind](frame, events)
        except ProtocolError as error:
            self.closed = True
            self.outgoing.control += frames.goaway(0, error.code, str(error))
            events.append(Closed(error.code, str(error)))
        return events

    # -- the connection's own ----------------------------------------------------------------------

    def _settings(self, frame: Frame, events: list[Event]) -> None:
        _, flags, _, payload, _ = _on_connection(frame)
        if flags & Flag.ACK:
            return
        for start in range(0, len(payload), 6):
            name = int.from_bytes(payload[start : start + 2], "big")
            self._set(name, int.from_bytes(payload[start + 2 : start + 6], "big"))
        self._owe(frames.settings_ack())
        if not self.ready:
            self.ready = True
            events.append(Ready())

    def _set(self, name: int, value: int) -> None:
        match name:
            case Setting.MAX_CONCURRENT_STREAMS:
                self.outgoing.max_streams = value
            case Setting.INITIAL_WINDOW_SIZE:
                self.outgoing.set_initial_window(value)
            case Setting.MAX_FRAME_SIZE:
                if not MIN_FRAME_BYTES <= value <= MAX_FRAME_BYTES:
                    raise _broken(f"a largest frame of {value} bytes")
                self.outgoing.max_frame_bytes = value
            case Setting.ENABLE_PUSH:
                if value:
                    raise _broken("a server that asks to be pushed to")

    def _window_update(self, frame: Frame, events: list[Event]) -> None:
        _, _, stream_id, payload, _ = frame
        increment = int.from_bytes(payload, "big") & 0x7FFFFFFF
        if stream_id == 0:
            if not increment:
                raise _broken("a window that grows by nothing")
            self.outgoing.grant(increment)
            return
        stream = self.incoming.stream(stream_id)
        if stream is None:
            return
        if not increment:
            text = "a window that grows by nothing"
            self.incoming.fail(stream, ErrorCode.PROTOCOL_ERROR, text, events)
        elif not self.outgoing.grant_stream(stream, increment):
            text = "a window of more than 2^31-1 bytes"
            self.incoming.fail(stream, ErrorCode.FLOW_CONTROL_ERROR, text, events)

    def _rst_stream(self, frame: Frame, events: list[Event]) -> None:
        stream = self.incoming.stream(frame[2])
        if stream is not None:
            self.outgoing.discard(stream)
            events.append(Reset(stream, int.from_bytes(frame[3], "big"), ""))

    def _ping(self, frame: Frame, events: list[Event]) -> None:
        _, flags, _, data, _ = _on_connection(frame)
        if flags & Flag.ACK:
            events.append(Pong(data))
        else:
            self._owe(frames.ping(data, ack=True))

    def _owe(self, frame: bytes) -> None:
        self._owed_bytes += len(frame)
        if self._owed_bytes > MAX_OWED_BYTES:
            text = "it asks more than it reads answers to"
            raise ProtocolError(ErrorCode.ENHANCE_YOUR_CALM, text)
        self.outgoing.control += frame

    def _goaway(self, frame: Frame, events: list[Event]) -> None:
        payload = _on_connection(frame)[3]
        last_id = int.from_bytes(payload[:4], "big") & 0x7FFFFFFF
        code = int.from_bytes(payload[4:8], "big")
        text = payload[8 : 8 + MAX_TEXT_BYTES].decode("utf-8", "replace")
        out = self.outgoing
        unprocessed = [stream for number, stream in out.open.items() if number > last_id]
        unprocessed += out.pending
        for stream in unprocessed:
            out.discard(stream)
        self.going = True
        events.append(GoAway(code, text or error_name(code), tuple(unprocessed)))

    def _push_promise(self, frame: Frame, events: list[Event]) -> None:
        del frame, events
        raise _broken("it pushes, which our SETTINGS forbid")


def _check_greeting(data: bytes) -> None:
    if data[:5] == b"HTTP/":
        text = "HTTP/1 answers there, not HTTP/2"
        raise ProtocolError(ErrorCode.HTTP_1_1_REQUIRED, text)


def _pass_over(frame: Frame, events: list[Event]) -> None:
    """Take notice of nothing: priorities are deprecated (section 5.3.2)."""
    del frame, events


def _broken(text: str) -> ProtocolError:
    return ProtocolError(ErrorCode.PROTOCOL_ERROR, text)


def _on_connection(frame: Frame) -> Frame:
    """Return a frame, if it is not on a stream."""
    if frame[2]:
        raise _broken(f"a {FrameType(frame[0]).name} frame on stream {frame[2]}")
    return frame
