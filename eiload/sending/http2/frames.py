"""HTTP/2's frames: bytes to frames, frames to bytes.

Follows RFC 9113, section 4 (frames), 6 (each kind's layout), 7 (error codes), and 3.4 (the client's
preface).

Rules.

- A frame is read once, from the front, whatever the pieces in which its bytes come.
- DATA is handed on as it comes: an answer of 19 MB is not collected to be a frame first. Frames of
  unknown kinds are passed over in the same way (section 5.5). All others are kept until they are
  whole, and so may not be larger than `KEPT_BYTES`, padded DATA than the frame size we announce.
- What a kind's layout does not allow is a `ProtocolError`: section 4.2 (sizes), 6.1 and 6.2
  (padding). What a frame means for a stream is not known here.

A frame is a plain tuple, because there are three to each answer: kind, flags, stream, payload
(without padding and priority), and the bytes that it takes from the flow-control windows.
"""

import struct
from collections.abc import Iterable
from enum import IntEnum

__all__ = [
    "MAX_FRAME_BYTES", "PREFACE", "ErrorCode", "Flag", "Frame", "FrameReader", "FrameType",
    "ProtocolError", "Setting", "data_header", "error_name", "goaway", "headers", "ping",
    "rst_stream", "settings", "settings_ack", "window_update",
]  # fmt: skip

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
"""What a client says before its first frame (section 3.4)."""

MAX_FRAME_BYTES = 4 << 20
"""The largest frame that we announce to take; gRPC C++ announces the same order."""

KEPT_BYTES = 128 << 10
"""The largest frame, DATA apart, that is kept until it is whole. A header block is bounded to half
of it, and no other kind is of any use at this size."""

HEADER_BYTES = 9

_HEADER = struct.Struct(">HBBBI")
"""Length (16 high bits, 8 low bits), kind, flags, stream: section 4.1."""

Frame = tuple[int, int, int, bytes, int]


class FrameType(IntEnum):
    """Section 6."""

    DATA = 0
    HEADERS = 1
    PRIORITY = 2
    RST_STREAM = 3
    SETTINGS = 4
    PUSH_PROMISE = 5
    PING = 6
    GOAWAY = 7
    WINDOW_UPDATE = 8
    CONTINUATION = 9


class Flag:
    """Section 6, under each kind."""

    END_STREAM = 0x1
    ACK = 0x1
    END_HEADERS = 0x4
    PADDED = 0x8
    PRIORITY = 0x20


class Setting(IntEnum):
    """Section 6.5.2."""

    HEADER_TABLE_SIZE = 1
    ENABLE_PUSH = 2
    MAX_CONCURRENT_STREAMS = 3
    INITIAL_WINDOW_SIZE = 4
    MAX_FRAME_SIZE = 5
    MAX_HEADER_LIST_SIZE = 6


class ErrorCode(IntEnum):
    """Section 7."""

    NO_ERROR = 0
    PROTOCOL_ERROR = 1
    INTERNAL_ERROR = 2
    FLOW_CONTROL_ERROR = 3
    SETTINGS_TIMEOUT = 4
    STREAM_CLOSED = 5
    FRAME_SIZE_ERROR = 6
    REFUSED_STREAM = 7
    CANCEL = 8
    COMPRESSION_ERROR = 9
    CONNECT_ERROR = 10
    ENHANCE_YOUR_CALM = 11
    INADEQUATE_SECURITY = 12
    HTTP_1_1_REQUIRED = 13


class ProtocolError(Exception):
    """The peer broke a rule that concerns the whole connection, which cannot go on.

    Args:
        code: what a GOAWAY tells the peer.
        text: what was wrong, in words.
    """

    def __init__(self, code: ErrorCode, text: str) -> None:
        super().__init__(text)
        self.code = code


def error_name(code: int) -> str:
    """Return an error code's name, its number if it has none."""
    return ErrorCode(code).name if 0 <= code <= max(ErrorCode) else f"error {code}"


# -- frames to bytes ---------------------------------------------------------------------------


def data_header(stream_id: int, length: int, flags: int) -> bytes:
    """Return what precedes `length` bytes of DATA."""
    return _HEADER.pack(length >> 8, length & 0xFF, 0, flags, stream_id)


def headers(stream_id: int, block: bytes, max_frame_bytes: int) -> bytes:
    """Return a header block, in as many frames as it takes; the stream stays open."""
    size = len(block)
    if size <= max_frame_bytes:
        return _HEADER.pack(size >> 8, size & 0xFF, 1, Flag.END_HEADERS, stream_id) + block
    frames = []
    for start in range(0, size, max_frame_bytes):
        part = block[start : start + max_frame_bytes]
        kind = FrameType.HEADERS if start == 0 else FrameType.CONTINUATION
        last = start + max_frame_bytes >= size
        frames.append(_frame(kind, Flag.END_HEADERS if last else 0, stream_id, part))
    return b"".join(frames)


def settings(values: Iterable[tuple[Setting, int]]) -> bytes:
    """Return a SETTINGS frame."""
    return _frame(FrameType.SETTINGS, 0, 0, b"".join(struct.pack(">HI", *pair) for pair in values))


def settings_ack() -> bytes:
    """Return the answer to a SETTINGS frame."""
    return _frame(FrameType.SETTINGS, Flag.ACK, 0, b"")


def window_update(stream_id: int, increment: int) -> bytes:
    """Return a WINDOW_UPDATE frame; stream 0 is the connection."""
    return _frame(FrameType.WINDOW_UPDATE, 0, stream_id, increment.to_bytes(4, "big"))


def rst_stream(stream_id: int, code: ErrorCode) -> bytes:
    """Return a RST_STREAM frame."""
    return _frame(FrameType.RST_STREAM, 0, stream_id, code.to_bytes(4, "big"))


def ping(data: bytes, *, ack: bool = False) -> bytes:
    """Return a PING frame of 8 bytes, or the answer to one."""
    return _frame(FrameType.PING, Flag.ACK if ack else 0, 0, data)


def goaway(last_stream_id: int, code: ErrorCode, text: str) -> bytes:
    """Return a GOAWAY frame."""
    head = struct.pack(">II", last_stream_id, code)
    return _frame(FrameType.GOAWAY, 0, 0, head + text.encode("utf-8", "replace"))


def _frame(kind: FrameType, flags: int, stream_id: int, payload: bytes) -> bytes:
    size = len(payload)
    return _HEADER.pack(size >> 8, size & 0xFF, kind, flags, stream_id) + payload


# -- bytes to frames ---------------------------------------------------------------------------

_SIZES = {FrameType.RST_STREAM: 4, FrameType.PING: 8, FrameType.WINDOW_UPDATE: 4}
"""The kinds of one size."""


class FrameReader:
    """Makes frames of bytes as they come.

    Args:
        max_frame_bytes: the frame size that we have announced.
    """

    def __init__(self, max_frame_bytes: int = MAX_FRAME_BYTES) -> None:
        self._max_frame_bytes = max_frame_bytes
        self._begun = bytearray()
        self._need = 0
        """Bytes that `_begun` must have before it is looked at again."""
        self._rest = 0
        """Bytes yet to come of a frame that is handed on, or passed over, in pieces."""
        self._piece: tuple[int, int, int] | None = None
        """Kind, flags and stream of that frame; None for one that is passed over."""

    def feed(self, data: bytes) -> list[Frame]:
        """Return what `data` completes: whole frames, and pieces of DATA.

        A piece has END_STREAM only if it is a frame's last, and only a frame's first piece takes
        from the windows: the whole frame at once.

        Raises:
            ProtocolError: a frame is larger than allowed, or not laid out as its kind is.
        """
        if self._begun:
            self._begun += data
            if len(self._begun) < self._need:
                return []
            data = bytes(self._begun)
            self._begun.clear()
        frames: list[Frame] = []
        start = self._go_on(data, frames) if self._rest else 0
        end = len(data)
        unpack = _HEADER.unpack_from
        while end - start >= HEADER_BYTES:
            high, low, kind, flags, stream_id = unpack(data, start)
            length = high << 8 | low
            first = start + HEADER_BYTES
            after = first + length
            stream_id &= 0x7FFFFFFF
            if after > end:
                if self._keeps((kind, flags, stream_id, data[first:], length), frames):
                    self._need = after - start
                    break
                return frames
            if length > self._max_frame_bytes:
                raise _too_large(length, self._max_frame_bytes)
            if kind <= 1 and not flags & 0x28 and length <= KEPT_BYTES:
                # Nearly every frame is DATA or HEADERS without padding and priority.
                frames.append((kind, flags, stream_id, data[first:after], length))
            elif kind == 0 and not flags & 0x8:
                frames.append((0, flags, stream_id, data[first:after], length))
            elif kind <= 9:
                frames.append(_checked(kind, flags, stream_id, data[first:after]))
            start = after
        else:
            self._need = HEADER_BYTES
        if start < end:
            self._begun += data[start:] if start else data
        return frames

    def _go_on(self, data: bytes, frames: list[Frame]) -> int:
        """Take the next piece of a frame that began before; return where it ends in `data`."""
        taken = min(self._rest, len(data))
        self._rest -= taken
        if self._piece is not None and taken:
            kind, flags, stream_id = self._piece
            piece = data if taken == len(data) else data[:taken]
            frames.append((kind, 0 if self._rest else flags, stream_id, piece, 0))
        return taken

    def _keeps(self, part: Frame, frames: list[Frame]) -> bool:
        """Decide about a frame that has come in part; return whether it is kept until whole."""
        kind, flags, stream_id, payload, length = part
        if length > self._max_frame_bytes:
            raise _too_large(length, self._max_frame_bytes)
        if kind == FrameType.DATA and not flags & Flag.PADDED:
            self._piece = (kind, flags, stream_id)
            frames.append((kind, flags & ~Flag.END_STREAM, stream_id, payload, length))
        elif kind > FrameType.CONTINUATION:
            self._piece = None
        elif kind != FrameType.DATA and length > KEPT_BYTES:
            raise _not_kept(kind, length)
        else:
            return True
        self._rest = length - len(payload)
        return False


def _checked(kind: int, flags: int, stream_id: int, payload: bytes) -> Frame:
    """Return a whole frame without its padding."""
    length = len(payload)
    if kind != FrameType.DATA and length > KEPT_BYTES:
        raise _not_kept(kind, length)
    if kind in _SIZES:
        fits = length == _SIZES[FrameType(kind)]
    elif kind == FrameType.SETTINGS:
        fits = length % 6 == 0 and not (flags & Flag.ACK and length)
    else:
        fits = kind != FrameType.GOAWAY or length >= 8
    if not fits:
        text = f"a {FrameType(kind).name} frame of {length} bytes"
        raise ProtocolError(ErrorCode.FRAME_SIZE_ERROR, text)
    if flags & Flag.PADDED and kind in {FrameType.DATA, FrameType.HEADERS}:
        if not payload or payload[0] >= length:
            text = f"a {FrameType(kind).name} frame with more padding than bytes"
            raise ProtocolError(ErrorCode.PROTOCOL_ERROR, text)
        payload = payload[1 : length - payload[0]]
    if kind == FrameType.HEADERS and flags & Flag.PRIORITY:
        if len(payload) < 5:
            text = f"a HEADERS frame with a priority of {len(payload)} bytes"
            raise ProtocolError(ErrorCode.FRAME_SIZE_ERROR, text)
        payload = payload[5:]
    return kind, flags, stream_id, payload, length


def _too_large(length: int, limit: int) -> ProtocolError:
    text = f"a frame of {length} bytes; at most {limit} were announced"
    return ProtocolError(ErrorCode.FRAME_SIZE_ERROR, text)


def _not_kept(kind: int, length: int) -> ProtocolError:
    text = f"a {FrameType(kind).name} frame of {length} bytes; at most {KEPT_BYTES} are taken"
    return ProtocolError(ErrorCode.ENHANCE_YOUR_CALM, text)
