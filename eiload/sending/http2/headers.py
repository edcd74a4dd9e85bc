"""Header blocks: ours as constant literals, the server's decoded once and remembered.

Follows RFC 7541 (HPACK), section 6 (representations) and 4.2 (table sizes), and RFC 9113, section
8.2 and 8.3 (which fields are malformed).

Rules.

- A request's block never touches a dynamic table: each field is a literal "without indexing"
  (6.2.2), or "never indexed" (6.2.3) where it may be a secret, so the same request has the same
  bytes on every connection.
- We announce SETTINGS_HEADER_TABLE_SIZE 0, so a server's blocks mean the same at any time, too, and
  are remembered by their bytes. One that uses the table all the same, as it may until it has read
  our SETTINGS, is decoded each time, with the table of 4096 bytes that it is entitled to.
- What is remembered is bounded, in number and in size. So is what a block may decode to.
- A malformed block is not an error of the connection: the fields say what is wrong with them.
"""

from dataclasses import dataclass
from typing import Any

from hpack import Decoder, HPACKError, OversizedHeaderListError

from eiload.sending.http2.frames import ErrorCode, ProtocolError

__all__ = ["MAX_BLOCK_BYTES", "Fields", "HeaderDecoder", "HeadersTooLargeError", "literal"]

MAX_BLOCK_BYTES = 64 << 10
"""The largest header block that is taken, as bytes and as fields (RFC 9113, 10.5.1). gRPC takes
16 KiB (GRPC_ARG_ABSOLUTE_MAX_METADATA_SIZE); a proxy may add as much again."""

REMEMBERED = 64
"""Blocks that are remembered; a server needs two or three."""
REMEMBERED_BYTES = 1024
"""The largest block that is remembered."""

STATIC_NAMES = {b":authority": 1, b":path": 4, b"content-type": 31, b"user-agent": 58}
"""Names of RFC 7541, appendix A, that requests use; a literal may have a name's index instead."""

CONNECTION_SPECIFIC = frozenset(
    {b"connection", b"proxy-connection", b"keep-alive", b"transfer-encoding", b"upgrade"}
)
"""RFC 9113, section 8.2.2: not in HTTP/2."""


class HeadersTooLargeError(ProtocolError):
    """A header block is larger than we take; the connection's HPACK state is lost with it."""


@dataclass(slots=True, eq=False)
class Fields:
    """The fields of one header block."""

    pairs: tuple[tuple[bytes, bytes], ...]
    status: int | None
    """``:status``; None in trailers."""
    fault: str = ""
    """What makes them malformed, in words; empty if nothing does."""
    meaning: Any = None
    """Kept here by who works out what the fields mean, so that it is done once a block."""


class HeaderDecoder:
    """Decodes a server's header blocks, in the order they come."""

    def __init__(self) -> None:
        self._decoder = Decoder(max_header_list_size=MAX_BLOCK_BYTES)
        self._remembered: dict[bytes, Fields] = {}

    def decode(self, block: bytes) -> Fields:
        """Return a block's fields.

        Raises:
            HeadersTooLargeError: it decodes to more than `MAX_BLOCK_BYTES`.
            ProtocolError: it cannot be decoded, and so no later block could.
        """
        known = self._remembered.get(block)
        if known is not None:
            return known
        table = self._decoder.header_table
        before = table.maxsize
        try:
            pairs = tuple((bytes(n), bytes(v)) for n, v in self._decoder.decode(block, raw=True))
        except OversizedHeaderListError as error:
            text = f"a header list of more than {MAX_BLOCK_BYTES} bytes"
            raise HeadersTooLargeError(ErrorCode.ENHANCE_YOUR_CALM, text) from error
        except (HPACKError, IndexError) as error:
            text = f"a header block that cannot be decoded ({type(error).__name__})"
            raise ProtocolError(ErrorCode.COMPRESSION_ERROR, text) from error
        fields = _fields(pairs)
        if table.dynamic_entries or table.maxsize != before:
            # From here on a block's meaning, or its effect on the table, may be another.
            self._remembered.clear()
        elif len(block) <= REMEMBERED_BYTES and block[:1] and block[0] & 0xE0 != 0x20:
            if len(self._remembered) >= REMEMBERED:
                self._remembered.clear()
            self._remembered[block] = fields
        return fields


def _fields(pairs: tuple[tuple[bytes, bytes], ...]) -> Fields:
    status = None
    regular = False
    fault = ""
    for name, value in pairs:
        if name[:1] != b":":
            regular = True
            if name in CONNECTION_SPECIFIC:
                fault = fault or f"the field {name.decode()!r}, which HTTP/2 does not have"
            elif name != name.lower() or not name:
                fault = fault or f"a field with the name {name[:80]!r}"
        elif regular or name != b":status" or status is not None:
            fault = fault or f"a pseudo-header field out of place: {name[:80]!r}"
        elif len(value) == 3 and value.isdigit():
            status = int(value)
        else:
            fault = fault or f"the status {value[:80]!r}"
    return Fields(pairs, status, fault)


def literal(name: bytes, value: bytes, *, secret: bool = False) -> bytes:
    """Return one field as a literal that enters no table; a `secret` never does, on any hop."""
    first = 0x10 if secret else 0
    index = STATIC_NAMES.get(name)
    if index is None:
        head = bytes((first,)) + _integer(len(name), 7) + name
    else:
        head = _integer(index, 4, first)
    return head + _integer(len(value), 7) + value


def _integer(value: int, prefix_bits: int, first: int = 0) -> bytes:
    """Return an integer as RFC 7541, section 5.1, has it; `first` is what precedes the prefix."""
    limit = (1 << prefix_bits) - 1
    if value < limit:
        return bytes((first | value,))
    encoded = [first | limit]
    value -= limit
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
