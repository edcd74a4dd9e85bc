"""The seam between the sender and whatever carries its requests: one channel for each target.

This file says who calls what when; it knows no protocol and runs no loop. On the sender's side of
the seam: which request is due, the in-flight guard, the drain, results. On the channel's side:
addresses, connections and how many of them, TLS, HTTP, statuses, deadlines, instants. There are
three, `http2`, `grpcio` and `http1`; the sender cannot tell one from another.

Rules, for both sides. All of it happens in the thread of the sender's one event loop.

- A channel is made of an `endpoint.Endpoint` when the sender is configured, and lives as long as
  the process. What is the same for each of its requests (metadata, compression) is the endpoint's,
  so that it can be encoded once. Making it does not block and does not fail: a server that cannot
  be reached is told by how requests land. It connects, and connects again, by itself.
- `start` hands a request over and returns at once, whatever the state of the connection; it raises
  nothing. The channel sends as soon as it can; a wait (for a connection, a stream, a window) is
  part of the response time and ends with the deadline.
- Each request that was started lands exactly once: `landed` is called from the loop, never before
  `start` has returned. It lands however it went: with the server's status, or with one that the
  channel found (UNAVAILABLE: no connection; DEADLINE_EXCEEDED: at the deadline, not later;
  INTERNAL: whatever went wrong in here, its cause in the detail). `landed` raises nothing.
- A request may have header fields of its own (`start`'s `headers`), which are made somewhere else
  and renewed while the run goes on (`engine.Engine.renew`): a signature costs the sender nothing.
- `Request.cancel` ends a request whose answer nobody waits for any longer (the end of the drain):
  it lands as UNFINISHED, without done. It may do so before `cancel` returns, or a little later. If
  it has landed already, or is just about to, `cancel` changes nothing.
- `landed` may start the next request, on any channel.
- No cycles among objects are left behind by a request: the sender's garbage collector is off.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from eiload.base.status import Status
from eiload.sending.result import RESENT

__all__ = ["Channel", "Landing", "Request", "nobody"]


class Landing(NamedTuple):
    """How a request ended. Instants are ns on the monotonic clock, 0 for what never was."""

    status: Status
    sent_ns: int = 0
    """When the request was handed over: the first byte to the kernel, or all to a client's stack
    that tells no more (`grpcio`). 0: it never was."""
    done_ns: int = 0
    """When its outcome was known; 0 if it is UNFINISHED."""
    detail: str = ""
    """The status' text."""
    response: bytes = b""
    """The answer's message, if the status is OK."""
    trailers: tuple[tuple[str, str | bytes], ...] = ()
    """Trailing metadata, if they were asked for; bytes for names that end in ``-bin``. Of an answer
    by HTTP/1.1 its header fields, names in lower case."""
    written_ns: int = 0
    """When the last byte of the request had been handed to the kernel; 0 too where the channel
    cannot tell."""
    first_byte_ns: int = 0
    """When the first byte of the answer arrived; 0 too where the channel cannot tell."""
    waited_ns: int = 0
    """How much of the time before `sent_ns` it waited for the server: for a connection, for the
    limit on requests at a time (HTTP/2's MAX_CONCURRENT_STREAMS), for a window or a socket that
    took no more. It counts as service, not as our lag; 0 too where the channel cannot tell."""
    flags: int = 0
    """What it waited for, and whether it was sent again (HTTP/2's GOAWAY, REFUSED_STREAM):
    `result.WAITED_CONNECTION` and the others. 0 too where the channel cannot tell."""
    address: str = ""
    """Which of the target's addresses it was sent to, such as ``10.0.0.7:8500``, or who says that
    it answered (`endpoint.Endpoint.answered_by`); empty if to none, or where the channel cannot
    tell."""

    @property
    def resent(self) -> bool:
        """Tell whether it was sent again."""
        return bool(self.flags & RESENT)


def nobody(landing: Landing) -> None:
    """Be told of a request that has landed already: what it was to tell is let go of."""
    del landing


class Request(Protocol):
    """A request that was started."""

    def cancel(self) -> None:
        """Have it land as UNFINISHED, unless it has landed."""


class Channel(Protocol):
    """The way to one target, over as many connections as its endpoint asks for."""

    def start(
        self,
        payload: bytes,
        landed: Callable[[Landing], None],
        *,
        method: str = "",
        deadline_ns: int = 0,
        trailers: bool = False,
        headers: bytes = b"",
    ) -> Request:
        """Begin to send one request.

        Args:
            payload: its serialised message.
            landed: called once with what became of it.
            method: full method name, ``/package.Service/Method``; empty for the endpoint's own.
            deadline_ns: how long from now it may take; 0 for the endpoint's own deadline.
            trailers: whether `Landing.trailers` are wanted; a channel may always tell them.
            headers: header fields of this request alone, as they go over the connection: each
                ``name: value`` and CRLF. Only HTTP/1.1 takes any.
        """
