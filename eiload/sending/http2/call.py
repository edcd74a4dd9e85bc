"""What lines and the pool that spreads requests over them have in common: values, no rules.

What it knows: what is on its way, who is told how it went.
"""

from collections.abc import Sequence
from typing import Protocol

from eiload.sending.http2.conversation import Conversation
from eiload.sending.http2.grpc import CallOutcome
from eiload.sending.http2.streams import Stream

__all__ = ["Call", "Carrier", "LineOwner"]


class Carrier(Protocol):
    """What a call goes over: a line."""

    def drop(self, call: "Call", /) -> None:
        """Forget a call that is given up."""


class Call(Stream):
    """A request on its way."""

    line: Carrier | None = None
    """None while it waits for the target's addresses."""
    conversation: Conversation | None = None
    """Where it is being sent; None while it waits for a connection."""
    address = ""
    """What it was sent to; empty until then."""


class LineOwner(Protocol):
    """Who is told how it goes on a line."""

    def over(self, call: Call, outcome: CallOutcome, now_ns: int) -> None:
        """Take how a call ended, and when; a call may be started from there."""

    def renew(self, call: Call) -> None:
        """Have a call's header block say how little time is left."""

    def again(self, call: Call) -> None:
        """Send a call that no server has looked at, over any line."""

    def stranded(self, line: Carrier, calls: Sequence[Call], why: str) -> None:
        """Take calls for which a line has no connection, and why."""

    def came(self) -> None:
        """Take notice that a line has become ready."""

    def troubled(self) -> None:
        """Take notice that a line has no connection any more, or got none."""
