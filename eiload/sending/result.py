"""One request and what became of it, as it crosses the pipe between Locust and the sender.

This file knows two fixed-size records and nothing of who fills or reads them: `Send` (this payload
to this target at this instant) travels to the sender, `Result` travels back. It needs the standard
library only, because the sender process runs it. Readers of many results at a time use the same
layout as a numpy dtype (`arrays.RESULT_DTYPE`; a test holds the two together).

Five instants belong to a request, all ns on the monotonic clock:

- *intended*: when the plan wanted it sent;
- *sent*: when its first byte was handed to the kernel, less how long it had waited for the server
  until then; 0 if it never was;
- *written*: when its last byte was; 0 if it never was, or where the client cannot tell;
- *first byte*: when the first byte of the answer was read; 0 likewise;
- *done*: when its outcome was known, 0 if it never was.

Service time is ``done - sent``, response time is ``done - intended``, lag is ``sent - intended``.
A service time is the sum of what it waited to be sent, its upload, the wait for an answer, and the
download (`record.split`).
"""

import struct
from typing import Any, NamedTuple

__all__ = [
    "FLAGS",
    "RESENT",
    "RESULT",
    "SEND",
    "WAITED_CONNECTION",
    "WAITED_STREAM",
    "WAITED_WINDOW",
    "WANT_RESPONSE",
    "Result",
    "Send",
    "sampled",
]


WANT_RESPONSE = 1
"""Flag of `Send`: the response's bytes are wanted back with the result."""

WAITED_CONNECTION = 1
"""Flag of `Result`: it waited for a connection before its first byte could go."""
WAITED_STREAM = 2
"""Flag of `Result`: it waited for the server's limit on requests at a time (HTTP/2's
MAX_CONCURRENT_STREAMS)."""
WAITED_WINDOW = 4
"""Flag of `Result`: it waited for a server, or a socket, that took no more bytes."""
RESENT = 8
"""Flag of `Result`: it was sent again, over another connection, as the server had said that it
would not look at it (HTTP/2's GOAWAY)."""
FLAGS = (WAITED_CONNECTION, WAITED_STREAM, WAITED_WINDOW, RESENT)

_SCATTER = 0x9E3779B1  # 2**32 over the golden ratio: neighbours land far apart (Knuth, vol. 3, 6.4)


def sampled(number: Any, every: int) -> Any:
    """Tell whether arrival `number` is the one in `every` whose answer is fetched and checked.

    It is one of each `every` in a row, at a place that differs from row to row: always the first
    would always have the same payload when `every` is a multiple of their number. Of a numpy array
    of numbers it tells an array. `every` = 0 means none.
    """
    if every == 0:
        return False
    row = number // every
    return ((row * _SCATTER & 0xFFFFFFFF) >> 8) % every == number % every


class Send(NamedTuple):
    """An order to the sender: at `intended_ns`, send payload `payload` to target `target`."""

    seq: int
    """The request's number, unique in its run; it comes back in the result."""
    intended_ns: int
    payload: int
    """Index of the payload among those the sender was given."""
    target: int
    """Index of the target in the sender's configuration."""
    phase: int
    """Index of the phase; carried through for the recorder."""
    flags: int
    """`WANT_RESPONSE` or 0."""


SEND = struct.Struct("<QqIHBB")
"""Packed `Send`: the fields in order (target as 16 bits, phase and flags as 8): 24 bytes."""


class Result(NamedTuple):
    """What became of one request."""

    seq: int
    intended_ns: int
    sent_ns: int
    done_ns: int
    response_bytes: int
    """Size of the serialised response; 0 when there is none."""
    payload: int
    target: int
    detail: int
    """Number of the status text in the sender's table of texts; 0 means no text."""
    phase: int
    status: int
    """A `base.status.Status`."""
    flags: int = 0
    """`WAITED_CONNECTION`, `WAITED_STREAM`, `WAITED_WINDOW`, `RESENT`."""
    written_ns: int = 0
    first_byte_ns: int = 0
    waited_ns: int = 0
    """How much of the time from `sent_ns` on it waited for the server to let its first byte go."""

    @property
    def service_ns(self) -> int:
        """Return ``done - sent``: what the server and the network took, ns."""
        return self.done_ns - self.sent_ns

    @property
    def response_ns(self) -> int:
        """Return ``done - intended``: what a user who came on schedule waited, ns."""
        return self.done_ns - self.intended_ns

    @property
    def lag_ns(self) -> int:
        """Return ``sent - intended``: the generator's own lateness, ns."""
        return self.sent_ns - self.intended_ns


RESULT = struct.Struct("<QqqqIIHHBBBxqqq")
"""Packed `Result`: the fields in order, padded to 72 bytes."""
