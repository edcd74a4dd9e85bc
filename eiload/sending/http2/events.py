"""What a connection tells its owner.

Follows RFC 9113, section 5.4 (errors of a stream and of a connection) and 6.8 (GOAWAY).
"""

from dataclasses import dataclass

from eiload.sending.http2.frames import ErrorCode
from eiload.sending.http2.streams import Stream

__all__ = ["Closed", "Ended", "Event", "GoAway", "Pong", "Ready", "Reset"]


@dataclass(slots=True, frozen=True)
class Ready:
    """The server has said its settings: requests may go."""


@dataclass(slots=True, frozen=True)
class Ended:
    """An answer is whole."""

    stream: Stream


@dataclass(slots=True, frozen=True)
class Reset:
    """A stream ended without an answer."""

    stream: Stream
    code: int
    """The error code, an `ErrorCode` if it is a known one."""
    text: str
    """Why, in words; empty if the server ended it, which gives no reason."""


@dataclass(slots=True, frozen=True)
class GoAway:
    """The server takes no more requests on this connection."""

    code: int
    text: str
    """Its debug data."""
    unprocessed: tuple[Stream, ...]
    """Requests that it has not looked at, and will not: they may be sent again (section 6.8)."""


@dataclass(slots=True, frozen=True)
class Pong:
    """The server answered a PING."""

    data: bytes


@dataclass(slots=True, frozen=True)
class Closed:
    """The connection cannot go on; what is in `outgoing` may still be written."""

    code: ErrorCode
    text: str


Event = Ready | Ended | Reset | GoAway | Pong | Closed
