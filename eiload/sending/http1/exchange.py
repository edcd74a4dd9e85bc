"""One request on its way, and what its connection, its place and its channel tell each other."""

from typing import NamedTuple, Protocol

from eiload.base.status import Status
from eiload.sending.http1.heads import Head

__all__ = ["Carrier", "Exchange", "Failure"]


class Failure(NamedTuple):
    """Why a request has no answer."""

    status: Status
    detail: str


class Carrier(Protocol):
    """What a request is waiting at, or going over."""

    def drop(self, exchange: "Exchange", /) -> None:
        """Forget a request that is given up."""


class Exchange:
    """A request and its answer, as far as these have come. Instants are ns, monotonic."""

    carrier: Carrier | None = None
    """None before it is begun and once it has ended."""
    sent_ns = 0
    written_ns = 0
    first_byte_ns = 0
    come_bytes = 0
    """How much of the answer's content has been read."""
    flags = 0
    """`result.WAITED_CONNECTION` and the others."""
    address = ""
    """What it was sent to; empty until then."""

    def __init__(self, head: Head, body: bytes) -> None:
        self.head = head
        self.body = body

    def rewind(self) -> None:
        """Become one that was never sent."""
        self.sent_ns = self.written_ns = self.first_byte_ns = self.come_bytes = 0
        self.address = ""
