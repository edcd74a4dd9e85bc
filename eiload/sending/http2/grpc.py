"""What gRPC makes of an HTTP/2 answer: a status, a detail, one message, metadata.

Follows gRPC's PROTOCOL-HTTP2 (grpc/grpc, doc/PROTOCOL-HTTP2.md): Response-Headers, Trailers,
Trailers-Only, Status-Message, Custom-Metadata, Errors; doc/http-grpc-status-mapping.md,
doc/statuscodes.md, doc/compression.md.

Rules.

- Every answer has a status. What the server says comes first; where it says nothing, HTTP's status
  is translated; where an answer says OK and is none, the status is INTERNAL.
- What a header block means is worked out once and kept with its fields: of the answers of a run
  nearly all have the same two blocks.
- An answer is compressed only if it says so, and never grows beyond the bound for an answer.
"""

import re
import zlib
from binascii import Error as Base64Error
from binascii import a2b_base64
from dataclasses import dataclass
from typing import NamedTuple

from eiload.base.status import Status
from eiload.sending import proxies
from eiload.sending.http2.frames import ErrorCode, error_name
from eiload.sending.http2.headers import Fields
from eiload.sending.http2.heads import Metadata
from eiload.sending.http2.streams import Stream

__all__ = ["CallOutcome", "outcome", "outcome_of_reset"]

PREFIX_BYTES = 5

HTTP_STATUSES = {
    400: Status.INTERNAL,
    401: Status.UNAUTHENTICATED,
    403: Status.PERMISSION_DENIED,
    404: Status.UNIMPLEMENTED,
    429: Status.UNAVAILABLE,
    502: Status.UNAVAILABLE,
    503: Status.UNAVAILABLE,
    504: Status.UNAVAILABLE,
}
"""doc/http-grpc-status-mapping.md; every other is UNKNOWN."""

RESET_STATUSES: dict[int, Status] = {
    ErrorCode.REFUSED_STREAM: Status.UNAVAILABLE,
    ErrorCode.CANCEL: Status.CANCELLED,
    ErrorCode.ENHANCE_YOUR_CALM: Status.RESOURCE_EXHAUSTED,
    ErrorCode.INADEQUATE_SECURITY: Status.PERMISSION_DENIED,
}
"""PROTOCOL-HTTP2, Errors; every other is INTERNAL."""

_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})")

_OWN = frozenset(
    {
        b"grpc-status",
        b"grpc-message",
        b"grpc-encoding",
        b"grpc-accept-encoding",
        b"content-type",
        b"te",
    }
)
"""Fields that are gRPC's, not the application's."""


class CallOutcome(NamedTuple):
    """What became of a request, in gRPC's terms."""

    status: Status
    detail: str = ""
    message: bytes = b""
    """The response; empty unless the status is OK."""
    metadata: Metadata = ()
    """The trailing metadata, without gRPC's own."""


@dataclass(slots=True, frozen=True)
class _Meaning:
    """What one block says, whether it stands at the head of an answer or at its end."""

    status: Status | None
    """``grpc-status``; None if there is none."""
    detail: str
    metadata: Metadata
    encoding: bytes
    without: CallOutcome | None
    """What the fields mean at the head of an answer that never gets a status; None if they are
    those of a gRPC answer."""


def outcome(stream: Stream, max_message_bytes: int) -> CallOutcome:
    """Return what a whole answer says.

    Args:
        stream: its fields and its body.
        max_message_bytes: the largest message, after decompression.
    """
    headers, trailers = stream.headers, stream.trailers
    assert headers is not None
    head: _Meaning = headers.meaning or _meaning(headers)
    # Trailers-Only: one block is both.
    end: _Meaning = head if trailers is None else trailers.meaning or _meaning(trailers)
    if end.status is None:
        found = head.without or CallOutcome(
            Status.UNKNOWN, "the answer ended without a gRPC status"
        )
        return found._replace(detail=proxies.with_size(found.detail, len(stream.message)))
    if end.status is not Status.OK:
        return CallOutcome(end.status, end.detail, b"", end.metadata)
    body = stream.body
    size = len(body)
    if size < PREFIX_BYTES or size != PREFIX_BYTES + int.from_bytes(body[1:5], "big"):
        return CallOutcome(Status.INTERNAL, _not_one(body), b"", end.metadata)
    if body[0]:
        return _unpacked(body, head.encoding, max_message_bytes, end)
    message = body[5:] if isinstance(body, bytes) else bytes(memoryview(body)[5:])
    return CallOutcome(Status.OK, end.detail, message, end.metadata)


def outcome_of_reset(code: int, text: str) -> CallOutcome:
    """Return what a stream's end by an error code means; `text` is the reason if it is ours."""
    status = RESET_STATUSES.get(code, Status.INTERNAL)
    text = text or f"received RST_STREAM with error code {code} ({error_name(code)})"
    return CallOutcome(status, text)


def _meaning(fields: Fields) -> _Meaning:
    """Work out what fields mean, and keep it with them."""
    meaning = fields.meaning = _read(fields)
    return meaning


def _read(fields: Fields) -> _Meaning:
    first: dict[bytes, bytes] = {}
    metadata: list[tuple[str, str | bytes]] = []
    for name, value in fields.pairs:
        first.setdefault(name, value)
        if name in _OWN or name[:1] == b":":
            continue
        if name.endswith(b"-bin"):
            metadata += [(_text(name), _binary(part)) for part in value.split(b",")]
        else:
            metadata.append((_text(name), _text(value)))
    status = None
    if b"grpc-status" in first:
        status = _status(first[b"grpc-status"])
    return _Meaning(
        status,
        _unescaped(first.get(b"grpc-message", b"")),
        tuple(metadata),
        first.get(b"grpc-encoding", b"identity"),
        _without(fields.status, first.get(b"content-type", b"")),
    )


def _status(value: bytes) -> Status:
    if value.isdigit() and len(value) <= 2 and int(value) <= Status.UNAUTHENTICATED:
        return Status(int(value))
    return Status.UNKNOWN


def _without(http_status: int | None, content_type: bytes) -> CallOutcome | None:
    """Return what the head of an answer means if gRPC says nothing."""
    if http_status is not None and http_status != 200:
        status = HTTP_STATUSES.get(http_status, Status.UNKNOWN)
        return CallOutcome(status, proxies.of_text(f"received HTTP status {http_status}"))
    if http_status is not None and not content_type.startswith(b"application/grpc"):
        kind = _text(content_type[:100])
        meaning = proxies.of_content(kind)
        return CallOutcome(Status.UNKNOWN, f"received content-type {kind!r}: {meaning}")
    return None


def _not_one(body: bytes | bytearray) -> str:
    """Say why a body is not one message."""
    if not body:
        return "OK, and no message"
    if len(body) < PREFIX_BYTES:
        return f"OK, and a message cut off after {len(body)} bytes of its prefix"
    length = int.from_bytes(body[1:5], "big")
    have = len(body) - PREFIX_BYTES
    if have < length:
        return f"OK, and a message of {length} bytes cut off after {have}"
    return f"OK, and more than one message: {have - length} bytes after the first"


def _unpacked(body: bytes | bytearray, encoding: bytes, limit: int, end: _Meaning) -> CallOutcome:
    """Return the outcome of a message whose compressed flag is set."""
    if encoding not in {b"gzip", b"deflate"}:
        detail = f"a message compressed by {_text(encoding[:80])!r}, which was not offered"
        return CallOutcome(Status.INTERNAL, detail, b"", end.metadata)
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)  # gzip or zlib, as its header says
    try:
        message = unpacker.decompress(memoryview(body)[PREFIX_BYTES:], limit + 1)
    except zlib.error as error:
        return CallOutcome(Status.INTERNAL, f"a message that cannot be decompressed: {error}")
    if len(message) > limit:
        detail = f"CLIENT: decompressed message larger than max (over {limit} bytes)"
        return CallOutcome(Status.RESOURCE_EXHAUSTED, detail, b"", end.metadata)
    if not unpacker.eof:
        return CallOutcome(
            Status.INTERNAL, "a compressed message that is cut off", b"", end.metadata
        )
    return CallOutcome(Status.OK, end.detail, message, end.metadata)


def _unescaped(value: bytes) -> str:
    """Return a percent-encoded text; what is not encoded as it should be is taken as it is."""
    raw = _ESCAPE.sub(lambda found: bytes((int(found[1], 16),)), value)
    return raw.decode("utf-8", "replace")


def _binary(value: bytes) -> bytes:
    try:
        return a2b_base64(value + b"=" * (-len(value) % 4))
    except Base64Error:
        return value


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
