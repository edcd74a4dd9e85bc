"""The conversation between the engine (parent) and the sender (child), as frames on a socketpair.

What it knows: the frames' layout. What it must not know: sockets, processes, what is done about a
frame. A frame is a header (u32 length of the body, u8 kind) and a body. Bodies of the hot kinds are
the packed records of `result`; the rare ones are JSON. Standard library only: the sender runs this.
"""

import struct
from collections.abc import Iterator
from enum import IntEnum

__all__ = [
    "ANSWER",
    "CALL",
    "DETAIL",
    "HEADERS",
    "INLINE",
    "PAYLOAD",
    "STOP",
    "FromSender",
    "ToSender",
    "WireReader",
    "frame",
    "header",
]

_HEADER = struct.Struct("<IB")

MAX_BODY_BYTES = 1 << 31
"""A body over 2 GiB is damage, not data (protobuf's own limit for a message is 2 GiB)."""


class ToSender(IntEnum):
    """What the engine says."""

    CONFIGURE = 1
    """JSON: endpoints and limits; the first frame, once."""
    PAYLOAD = 2
    """`PAYLOAD`: where in the shared payload file the next payload lies."""
    SENDS = 3
    """Packed `result.SEND` records: requests to send at their instants."""
    CALL = 4
    """`CALL` + method name + header fields + request: send at once, the response is wanted back."""
    LOOP = 5
    """JSON: a closed loop of users (`loop.Loop`)."""
    STOP = 6
    """`STOP`: send nothing that is due at or after an instant, then drain, then say DONE."""
    CANCEL = 7
    """End the drain now: whatever is in flight is unfinished."""
    HEADERS = 8
    """`HEADERS` + header fields: what requests of a payload to a target say from now on."""


class FromSender(IntEnum):
    """What the sender says."""

    READY = 1
    """It is configured."""
    RESULTS = 2
    """Packed `result.RESULT` records."""
    RESPONSE = 3
    """One `result.RESULT` and the response's bytes."""
    DETAIL = 4
    """`DETAIL` + UTF-8: number and text of a status detail, before its first use."""
    STATS = 5
    """JSON, twice a second: the sender's pulse."""
    DONE = 6
    """JSON: the drain has ended; no result follows."""
    SHARES = 7
    """`witness.Witness.shares`: which address had how many requests so far; with the pulse."""
    ANSWER = 8
    """`ANSWER` + a response's bytes: a target's first answer or its last, counted as a result."""


ANSWER = struct.Struct("<HBQ")
"""Target, phase, and when it was done, ns."""

PAYLOAD = struct.Struct("<QQ")
"""Offset and length in the payload file; payloads are numbered in the order they are told."""
HEADERS = struct.Struct("<IH")
"""Payload and target; the fields follow, as `channel.Channel.start` takes them."""
CALL = struct.Struct("<QqqIHHHB")
"""seq, intended_ns, timeout_ns (0: the endpoint's deadline), payload (`INLINE`: the request's bytes
come last), target, length of the method's name, length of the header fields, phase."""
INLINE = 0xFFFFFFFF
"""Stands for a payload's number where the request's bytes follow instead."""
STOP = struct.Struct("<qq")
"""stop_at_ns, drain_ns: the instant nothing is sent from, and how long the drain may take."""
DETAIL = struct.Struct("<H")
"""Number of the text."""


def header(kind: int, length: int) -> bytes:
    """Return what comes before a body of `length` bytes."""
    return _HEADER.pack(length, kind)


def frame(kind: int, body: bytes = b"") -> bytes:
    """Return one frame."""
    return header(kind, len(body)) + body


class WireReader:
    """Cuts a byte stream into frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Take more of the stream and yield each frame that is now whole as (kind, body).

        Raises:
            ValueError: the stream is damaged: a length beyond `MAX_BODY_BYTES`.
        """
        self._buffer += data
        position = 0
        buffer = self._buffer
        while len(buffer) - position >= _HEADER.size:
            length, kind = _HEADER.unpack_from(buffer, position)
            if length > MAX_BODY_BYTES:
                raise ValueError(f"damaged stream: a frame of {length} bytes")
            end = position + _HEADER.size + length
            if len(buffer) < end:
                break
            yield kind, bytes(memoryview(buffer)[position + _HEADER.size : end])
            position = end
        del buffer[:position]
