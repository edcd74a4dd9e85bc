"""The receiving half of a connection: frames to answers.

Follows RFC 9113, section 4.3 and 6.10 (header blocks in parts), 5.1 (frames for streams that are
over), 5.2 (flow control), 8.1 (what an answer is made of).

Rules.

- An answer is collected whole: header fields, body, trailers. Half a window used up is given back.
- Frames for streams that are over are passed over: they may have been on the way. They count on the
  connection's window, and their header blocks are decoded all the same.
- What the server breaks of an answer ends the stream; what leaves the connection without a common
  state (HPACK, windows, numbers) is a `ProtocolError`.
"""

from eiload.sending.http2 import frames
from eiload.sending.http2.events import Ended, Event, Reset
from eiload.sending.http2.frames import ErrorCode, Flag, Frame, ProtocolError
from eiload.sending.http2.headers import (
    MAX_BLOCK_BYTES,
    HeaderDecoder,
    HeadersTooLargeError,
)
from eiload.sending.http2.streams import Outgoing, Stream

__all__ = ["CONNECTION_WINDOW_BYTES", "STREAM_WINDOW_BYTES", "Incoming"]

STREAM_WINDOW_BYTES = 32 << 20
"""What a server may send ahead on a stream: an answer of 19 MB with raw detections at once."""
CONNECTION_WINDOW_BYTES = 64 << 20
"""What it may send ahead on the connection. What comes is read at once, so these windows only bound
what is on the way; memory is bounded by the size of an answer."""
MAX_CONTINUATIONS = 128
"""Frames to a header block; those without a byte are frames, too (CVE-2024-27316)."""


class Incoming:
    """Collects the answers to the streams of `outgoing`.

    Args:
        outgoing: the sending half; it has the open streams, and takes the frames that are due.
        max_bytes: the largest body of an answer that is taken.
    """

    def __init__(self, outgoing: Outgoing, max_bytes: int) -> None:
        self.whole = 0
        """Answers that were whole."""
        self.now_ns = 0
        """When the bytes at hand came."""
        self._outgoing = outgoing
        self._max_bytes = max_bytes
        self._decoder = HeaderDecoder()
        self._credit = CONNECTION_WINDOW_BYTES
        self.block: tuple[int, int] | None = None
        """Stream and flags of a header block that has frames yet to come: no other may come now."""
        self._parts: list[bytes] = []
        self._parts_bytes = 0

    def stream(self, stream_id: int) -> Stream | None:
        """Return an open stream, None for one that is over.

        Raises:
            ProtocolError: there never was such a stream.
        """
        out = self._outgoing
        stream = out.open.get(stream_id)
        if stream is None and (stream_id % 2 == 0 or stream_id >= out.next_id):
            text = f"a frame for stream {stream_id}, which was never opened"
            raise ProtocolError(ErrorCode.PROTOCOL_ERROR, text)
        return stream

    def fail(self, stream: Stream, code: ErrorCode, text: str, events: list[Event]) -> None:
        """End a stream of which the server broke the rules."""
        self._outgoing.cancel(stream, code)
        events.append(Reset(stream, code, text))

    def data(self, frame: Frame, events: list[Event]) -> None:
        """Take a piece of a body."""
        _, flags, stream_id, payload, length = frame
        stream = self._outgoing.open.get(stream_id) or self.stream(stream_id)
        if length:
            self._pay(length)
        if stream is None:
            return
        body = stream.body
        if stream.headers is None:
            self.fail(stream, ErrorCode.PROTOCOL_ERROR, "DATA before HEADERS", events)
            return
        if len(body) + len(payload) > self._max_bytes:
            text = f"CLIENT: received message larger than max (over {self._max_bytes} bytes)"
            self.fail(stream, ErrorCode.ENHANCE_YOUR_CALM, text, events)
            return
        if not body:
            stream.body = payload
        elif payload:
            # Many answers are one frame, and one object: only others are added up.
            if isinstance(body, bytes):
                body = stream.body = bytearray(body)
            body += payload
        if flags & 0x1:
            self._end(stream, events)
        elif length:
            self._pay_on(stream, length, events)

    def headers(self, frame: Frame, events: list[Event]) -> None:
        """Take a header block, or the first part of one."""
        _, flags, stream_id, block, _ = frame
        if flags & Flag.END_HEADERS and len(block) <= MAX_BLOCK_BYTES:
            self._take_block(flags, stream_id, block, events)
            return
        self.block = stream_id, flags
        self._parts = []
        self._parts_bytes = 0
        self._take_part(flags, block, events)

    def continuation(self, frame: Frame, events: list[Event]) -> None:
        """Take a further part of a header block."""
        _, flags, stream_id, part, _ = frame
        if self.block is None or self.block[0] != stream_id:
            text = "a CONTINUATION that continues nothing"
            raise ProtocolError(ErrorCode.PROTOCOL_ERROR, text)
        self._take_part(flags, part, events)

    def _take_part(self, flags: int, part: bytes, events: list[Event]) -> None:
        assert self.block is not None
        stream_id, first_flags = self.block
        self._parts.append(part)
        self._parts_bytes += len(part)
        if len(self._parts) > MAX_CONTINUATIONS or self._parts_bytes > MAX_BLOCK_BYTES:
            text = (
                f"a header block of more than {MAX_BLOCK_BYTES} bytes or {MAX_CONTINUATIONS} parts"
            )
            error = HeadersTooLargeError(ErrorCode.ENHANCE_YOUR_CALM, text)
            self._too_large(stream_id, error, events)
            raise error
        if flags & Flag.END_HEADERS:
            self.block = None
            self._take_block(first_flags, stream_id, b"".join(self._parts), events)
            self._parts = []

    def _take_block(self, flags: int, stream_id: int, block: bytes, events: list[Event]) -> None:
        try:
            fields = self._decoder.decode(block)
        except HeadersTooLargeError as error:
            self._too_large(stream_id, error, events)
            raise
        stream = self._outgoing.open.get(stream_id) or self.stream(stream_id)
        if stream is None:
            return
        end = flags & 0x1
        fault = fields.fault
        if stream.headers is None:
            if not stream.first_byte_ns:
                stream.first_byte_ns = self.now_ns
            status = fields.status
            if status is None:
                fault = fault or "an answer without a status"
            elif status < 200:
                if not (end or fault):
                    return  # informational: the answer is yet to come
                fault = fault or "an informational answer, and no other"
            stream.headers = fields
        else:
            if fields.status is not None or not end:
                fault = fault or "headers within an answer"
            stream.trailers = fields
        if fault:
            self.fail(stream, ErrorCode.PROTOCOL_ERROR, fault, events)
        elif end:
            self._end(stream, events)

    def _too_large(self, stream_id: int, error: HeadersTooLargeError, events: list[Event]) -> None:
        """End the stream for a reason of its own, before the connection ends."""
        stream = self.stream(stream_id)
        if stream is not None:
            self.fail(stream, ErrorCode.ENHANCE_YOUR_CALM, str(error), events)

    def _end(self, stream: Stream, events: list[Event]) -> None:
        """Hand on an answer that is whole; the request need not be (section 8.1)."""
        if self._outgoing.unfinished(stream):
            self._outgoing.cancel(stream, ErrorCode.CANCEL)
        else:
            del self._outgoing.open[stream.id]
        self.whole += 1
        events.append(Ended(stream))

    # -- flow control ----------------------------------------------------------------------------

    def _pay(self, length: int) -> None:
        """Take bytes off the connection's window."""
        self._credit -= length
        if self._credit >= CONNECTION_WINDOW_BYTES // 2:
            return
        if self._credit < 0:
            text = "more bytes than the connection's window allows"
            raise ProtocolError(ErrorCode.FLOW_CONTROL_ERROR, text)
        increment = CONNECTION_WINDOW_BYTES - self._credit
        self._outgoing.control += frames.window_update(0, increment)
        self._credit = CONNECTION_WINDOW_BYTES

    def _pay_on(self, stream: Stream, length: int, events: list[Event]) -> None:
        """Take bytes off a stream's window."""
        stream.credit -= length
        if stream.credit >= STREAM_WINDOW_BYTES // 2:
            return
        if stream.credit < 0:
            text = "more bytes than the stream's window allows"
            self.fail(stream, ErrorCode.FLOW_CONTROL_ERROR, text, events)
            return
        increment = STREAM_WINDOW_BYTES - stream.credit
        self._outgoing.control += frames.window_update(stream.id, increment)
        stream.credit = STREAM_WINDOW_BYTES
