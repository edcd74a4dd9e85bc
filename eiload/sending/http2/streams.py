"""What is to be sent: requests, whole, as fast as the server's windows let them.

Follows RFC 9113, section 5.1 (streams), 5.1.2 (their number), 5.2 and 6.9 (flow control).

Rules.

- A request is a header block and a body of two buffers, a prefix and a message, so that a message
  of 820 kB is never copied to be given gRPC's prefix. Nothing of it is touched before its turn.
- First come, first served, to the last byte: answers begin when requests are whole, so sharing the
  connection among those begun would make all of them later. Only a request whose own window is
  used up stands aside.
- What is given out is whole frames, in batches, so that a request that is given up in between costs
  the connection nothing but what was given out already.
"""

from collections import OrderedDict
from dataclasses import dataclass, field

from eiload.sending.http2 import frames
from eiload.sending.http2.frames import ErrorCode, Flag, ProtocolError
from eiload.sending.http2.headers import Fields
from eiload.sending.result import WAITED_STREAM, WAITED_WINDOW

__all__ = ["BATCH_BYTES", "DEFAULT_WINDOW_BYTES", "Outgoing", "Stream", "WriteBatch"]

DEFAULT_WINDOW_BYTES = 65_535
"""Section 6.9.2: what every window is until SETTINGS or WINDOW_UPDATE say otherwise."""
DEFAULT_FRAME_BYTES = 16_384
"""Section 6.5.2: the frame size that everybody takes."""
MAX_WINDOW_BYTES = (1 << 31) - 1
"""Section 6.9.1."""
LAST_STREAM_ID = (1 << 31) - 1
"""Section 5.1.1: then a new connection is needed."""
SPARE_IDS = 1 << 21
"""How long before that no more requests are taken, so that those that were find numbers left."""
UNLIMITED = 1 << 32
"""Section 6.5.2: there is no limit on streams until the server sets one."""

BATCH_BYTES = 1 << 20
"""A batch ends after the frame that reaches this; no frame is larger. One 820 kB request is one
batch, and one system call where the socket takes it."""

Buffer = bytes | memoryview


class Stream:
    """One request, and the answer as it comes.

    What has not happened yet is the class's, so that a request costs what happens to it.

    Args:
        head: the request's header block.
        prefix: the first part of its body.
        message: the second.
    """

    id = 0
    """0 until it is opened."""
    offset = 0
    """Bytes of the body given out."""
    window = 0
    """Bytes that the server takes on this stream."""
    credit = 0
    """Bytes that we take on this stream."""
    flags = 0
    """What it had to wait for before its first byte could go, and whether it was sent again:
    `result.WAITED_STREAM` and the others."""

    headers: Fields | None = None
    trailers: Fields | None = None
    body: bytes | bytearray = b""

    sent_ns = 0
    """When its first byte was handed to the kernel; 0 until then."""
    written_ns = 0
    """When its last byte was; 0 until then."""
    first_byte_ns = 0
    """When the answer's first byte was read; 0 until then."""

    def __init__(self, head: bytes, prefix: bytes, message: bytes) -> None:
        self.head = head
        self.prefix = prefix
        self.message = message

    def rewind(self) -> None:
        """Become a request that was never sent, to be sent again on another connection."""
        self.id = self.offset = self.window = self.credit = 0
        self.headers = self.trailers = None
        self.body = b""
        self.sent_ns = self.written_ns = self.first_byte_ns = 0


class WriteBatch:
    """Bytes to write, and which requests they begin and end."""

    __slots__ = ("begun", "buffers", "ended", "size")

    def __init__(self) -> None:
        self.buffers: list[Buffer] = []
        self.size = 0
        self.begun: list[tuple[int, Stream]] = []
        """Streams whose first byte is in it, and where in the batch that is."""
        self.ended: list[tuple[int, Stream]] = []
        """Streams whose last byte is in it, and how many bytes of the batch go up to its end."""


@dataclass(slots=True, eq=False)
class Outgoing:
    """The sending half of a connection."""

    control: bytearray = field(default_factory=bytearray)
    """Frames that go before all else."""
    window: int = DEFAULT_WINDOW_BYTES
    """Bytes that the server takes on the connection."""
    initial_window: int = DEFAULT_WINDOW_BYTES
    max_frame_bytes: int = DEFAULT_FRAME_BYTES
    max_streams: int = UNLIMITED
    next_id: int = 1
    open: dict[int, Stream] = field(default_factory=dict)
    """Streams that are open, whole or not."""
    pending: OrderedDict[Stream, None] = field(default_factory=OrderedDict)
    """Requests that are not begun."""
    sending: dict[Stream, None] = field(default_factory=dict)
    """Streams that are begun and have bytes left that their own windows let go."""

    @property
    def exhausted(self) -> bool:
        """Tell whether the numbers for streams run out."""
        return self.next_id > LAST_STREAM_ID - SPARE_IDS

    def add(self, stream: Stream) -> None:
        """Take a request."""
        if self.window <= 0:
            stream.flags |= WAITED_WINDOW
        if len(self.open) + len(self.pending) >= self.max_streams:
            stream.flags |= WAITED_STREAM
        self.pending[stream] = None

    def hold(self, why: int) -> None:
        """Note of the requests that are not begun what they wait for now."""
        # The oldest come first, and were noted when the wait began: each is met once.
        for stream in reversed(self.pending):
            if stream.flags & why:
                break
            stream.flags |= why

    def discard(self, stream: Stream) -> None:
        """Give out no more of a request, and free its place."""
        self.pending.pop(stream, None)
        self.sending.pop(stream, None)
        self.open.pop(stream.id, None)

    def cancel(self, stream: Stream, code: ErrorCode) -> None:
        """Give a request up, and tell the server if it knows of it (section 5.4.2)."""
        if stream.id in self.open:
            self.control += frames.rst_stream(stream.id, code)
        self.discard(stream)

    def __bool__(self) -> bool:
        """Tell whether `take` would give anything."""
        if self.control:
            return True
        if self.window <= 0:
            return False
        return bool(self.sending) or (bool(self.pending) and len(self.open) < self.max_streams)

    def take(self) -> WriteBatch:
        """Return what is to be written next; nothing if it has no buffers."""
        batch = WriteBatch()
        if self.control:
            batch.buffers.append(bytes(self.control))
            batch.size = len(self.control)
            self.control.clear()
        if self.sending:
            for stream in list(self.sending):
                if batch.size >= BATCH_BYTES or self.window <= 0:
                    break
                self._body(stream, batch)
        pending = self.pending
        while (
            pending
            and batch.size < BATCH_BYTES
            and self.window > 0
            and len(self.open) < self.max_streams
        ):
            self._open(pending.popitem(last=False)[0], batch)
        if pending and batch.size < BATCH_BYTES:
            self.hold(WAITED_WINDOW if self.window <= 0 else WAITED_STREAM)
        return batch

    def _open(self, stream: Stream, batch: WriteBatch) -> None:
        number = stream.id = self.next_id
        self.next_id = number + 2
        self.open[number] = stream
        batch.begun.append((batch.size, stream))
        length = len(stream.prefix) + len(stream.message)
        limit = min(self.window, self.initial_window, self.max_frame_bytes, BATCH_BYTES)
        block = frames.headers(number, stream.head, self.max_frame_bytes)
        if length > limit:
            stream.window = self.initial_window
            self.sending[stream] = None
            batch.buffers.append(block)
            batch.size += len(block)
            self._body(stream, batch)
            return
        # Nearly every request is one frame of headers and one of DATA.
        start = block + frames.data_header(number, length, Flag.END_STREAM) + stream.prefix
        batch.buffers += (start, stream.message)
        self.window -= length
        stream.window = self.initial_window - length
        stream.offset = length
        batch.size += len(start) + len(stream.message)
        batch.ended.append((batch.size, stream))

    def _body(self, stream: Stream, batch: WriteBatch) -> None:
        """Give out as much of a body as may go."""
        prefix, message = stream.prefix, memoryview(stream.message)
        head = len(prefix)
        length = head + len(message)
        offset = stream.offset
        while offset < length and batch.size < BATCH_BYTES:
            room = min(self.window, stream.window, self.max_frame_bytes, BATCH_BYTES)
            if room <= 0:
                break
            end = min(length, offset + room)
            flags = Flag.END_STREAM if end == length else 0
            start = frames.data_header(stream.id, end - offset, flags) + prefix[offset:end]
            part = message[max(0, offset - head) : max(0, end - head)]
            batch.buffers += (start, part)
            batch.size += len(start) + len(part)
            self.window -= end - offset
            stream.window -= end - offset
            offset = end
        stream.offset = offset
        if offset == length:
            batch.ended.append((batch.size, stream))
        if offset == length or stream.window <= 0:
            del self.sending[stream]

    def unfinished(self, stream: Stream) -> bool:
        """Tell whether some of a request's body has yet to be given out."""
        return stream.offset < len(stream.prefix) + len(stream.message)

    # -- what the server grants --------------------------------------------------------------

    def grant(self, increment: int) -> None:
        """Let more bytes go on the connection (section 6.9.1)."""
        self.window += increment
        if self.window > MAX_WINDOW_BYTES:
            raise ProtocolError(ErrorCode.FLOW_CONTROL_ERROR, "a window of more than 2^31-1 bytes")

    def grant_stream(self, stream: Stream, increment: int) -> bool:
        """Let more bytes go on a stream; return False if its window is larger than may be."""
        stream.window += increment
        if stream.window > MAX_WINDOW_BYTES:
            return False
        if stream.window > 0 and self.unfinished(stream):
            self.sending[stream] = None
        return True

    def set_initial_window(self, size: int) -> None:
        """Change the windows of all streams, those open included (section 6.9.2)."""
        if size > MAX_WINDOW_BYTES:
            text = f"an initial window of {size} bytes"
            raise ProtocolError(ErrorCode.FLOW_CONTROL_ERROR, text)
        change = size - self.initial_window
        self.initial_window = size
        for stream in self.open.values():
            if not self.grant_stream(stream, change):
                text = "a window of more than 2^31-1 bytes"
                raise ProtocolError(ErrorCode.FLOW_CONTROL_ERROR, text)
            if stream.window <= 0:
                self.sending.pop(stream, None)
