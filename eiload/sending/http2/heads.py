"""What gRPC puts before a request: its header block, and the prefix of its message.

Follows gRPC's PROTOCOL-HTTP2 (grpc/grpc, doc/PROTOCOL-HTTP2.md): Request-Headers, Timeout,
Custom-Metadata, Length-Prefixed-Message; and doc/compression.md.

Rules.

- All of a target's requests have the same block, but for the deadline, and that is nearly always
  the same, too: blocks are made once and kept, as many as a run has methods and deadlines.
- Metadata may be secret, so no hop may put it into a table (RFC 7541, section 7.1.3).
"""

import re
import zlib
from binascii import b2a_base64

from eiload.sending.http2.headers import literal

__all__ = ["GZIP", "Heads", "Metadata", "Packer", "prefix", "timeout"]

Metadata = tuple[tuple[str, str | bytes], ...]

GZIP = "gzip"

KEPT = 256
"""Blocks that are kept; then they are made anew."""
KEPT_BYTES = 128 << 20
"""Messages that are kept with what they are compressed; then they are compressed anew."""

MAX_DIGITS = 99_999_999
"""TimeoutValue has at most 8 digits."""
UNITS = (
    (b"n", 1),
    (b"u", 1_000),
    (b"m", 1_000_000),
    (b"S", 1_000_000_000),
    (b"M", 60_000_000_000),
    (b"H", 3_600_000_000_000),
)

POST = b"\x83"
HTTP, HTTPS = b"\x86", b"\x87"
"""``:method: POST``, ``:scheme: http`` and ``https`` in HPACK's static table (RFC 7541, app. A)."""

_NAME = re.compile(r"[0-9a-z_.-]+")
_VALUE = re.compile(r"[\x20-\x7e]*")
_RESERVED = frozenset({"te", "content-type", "user-agent", "host", "connection"})


class Heads:
    """Makes the header blocks of one target's requests.

    Args:
        authority: ``:authority``, the server's name and port.
        secure: whether TLS is spoken.
        compression: `GZIP` where messages may be compressed; None where they are not.
    """

    def __init__(self, authority: str, *, secure: bool, compression: str | None = None) -> None:
        self._scheme = HTTPS if secure else HTTP
        self._authority = literal(b":authority", authority.encode())
        fields = [
            literal(b"te", b"trailers"),
            literal(b"content-type", b"application/grpc"),
            literal(b"user-agent", b"grpc-python-eiload"),
            literal(b"grpc-accept-encoding", b"identity, deflate, gzip"),
        ]
        if compression is not None:
            fields.append(literal(b"grpc-encoding", compression.encode()))
        self._fields = b"".join(fields)
        self._kept: dict[tuple[str, Metadata, int], bytes] = {}

    def block(self, method: str, metadata: Metadata, timeout_ns: int) -> bytes:
        """Return a request's header block.

        Args:
            method: its path, ``/package.Service/Method``.
            metadata: names and values; those of names that end in ``-bin`` are bytes.
            timeout_ns: how long the server may take.

        Raises:
            ValueError: gRPC does not allow such metadata.
        """
        key = (method, metadata, timeout_ns)
        block = self._kept.get(key)
        if block is None:
            if len(self._kept) >= KEPT:
                self._kept.clear()
            block = self._kept[key] = self._made(method, metadata, timeout_ns)
        return block

    def _made(self, method: str, metadata: Metadata, timeout_ns: int) -> bytes:
        # The order is the protocol's: reserved fields, the timeout, the call's, the user's.
        return b"".join(
            (
                POST,
                self._scheme,
                literal(b":path", method.encode()),
                self._authority,
                literal(b"grpc-timeout", timeout(timeout_ns)),
                self._fields,
                *(_custom(name, value) for name, value in metadata),
            )
        )


def _custom(name: str, value: str | bytes) -> bytes:
    if not _NAME.fullmatch(name) or name.startswith("grpc-") or name in _RESERVED:
        raise ValueError(
            f"metadata {name!r} is not allowed by gRPC; expected lower-case letters, digits, "
            "'_', '-' and '.', and no name of gRPC's own"
        )
    if name.endswith("-bin"):
        raw = value.encode() if isinstance(value, str) else value
        encoded = b2a_base64(raw, newline=False).rstrip(b"=")
    elif isinstance(value, str) and _VALUE.fullmatch(value):
        encoded = value.encode()
    else:
        raise ValueError(
            f"the value of metadata {name!r} is not allowed by gRPC; expected printable ASCII, "
            "or a name that ends in '-bin'"
        )
    return literal(name.encode(), encoded, secret=True)


def timeout(timeout_ns: int) -> bytes:
    """Return a ``grpc-timeout``: never less than `timeout_ns`, in the finest unit that can say it.

    The longest that there is, 99,999,999 hours, stands for all that are longer.
    """
    for unit, size in UNITS:
        value = -(-timeout_ns // size)
        if value <= MAX_DIGITS:
            return b"%d%b" % (max(value, 1), unit)
    return b"%dH" % MAX_DIGITS


def prefix(message: bytes, *, compressed: bool = False) -> bytes:
    """Return what precedes a message: a flag, and its length in four bytes.

    Raises:
        ValueError: the message is of 4 GiB or more.
    """
    if len(message) >= 1 << 32:
        raise ValueError(f"a message of {len(message)} bytes; gRPC has at most 4 GiB")
    return (b"\1" if compressed else b"\0") + len(message).to_bytes(4, "big")


class Packer:
    """Gives messages their prefix, and compresses them where that makes them smaller.

    A load's messages come round and round, and compressing one takes longer than sending it, so
    those of the latest are kept.

    Args:
        compression: `GZIP`; None for no compression.
    """

    def __init__(self, compression: str | None = None) -> None:
        self._compression = compression
        self._kept: dict[int, tuple[bytes, bytes, bytes]] = {}
        self._kept_bytes = 0

    def packed(self, message: bytes) -> tuple[bytes, bytes]:
        """Return a message's prefix and what follows it.

        Raises:
            ValueError: the message is of 4 GiB or more.
        """
        if self._compression is None:
            return prefix(message), message
        kept = self._kept.get(id(message))
        if kept is None or kept[0] is not message:
            kept = message, *_compressed(message)
            self._kept_bytes += len(message) + len(kept[2])
            if self._kept_bytes > KEPT_BYTES:
                self._kept.clear()
                self._kept_bytes = 0
            self._kept[id(message)] = kept
        return kept[1:]


def _compressed(message: bytes) -> tuple[bytes, bytes]:
    packer = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    smaller = packer.compress(message) + packer.flush()
    if len(smaller) < len(message):
        return prefix(smaller, compressed=True), smaller
    return prefix(message), message
