"""One connection on the event loop: a `Link`'s bytes to a `Connection`, and back.

What it knows: when a socket can be read and written, and what o'clock it is. What it must not know:
what a request is to anybody, what follows on an event.

Strategy.

- What is to be sent goes out together at the end of a turn of the loop: the requests of one turn
  are one system call. What follows on what was read goes out at the end of the reading.
- A batch is given out when the one before is in the kernel's hands, so the instants *sent* and
  *written* are those of the system calls: before the one that took a request's first byte, after
  the one that took its last.
- Instants of answers are those of the system call that brought them.
"""

import asyncio
import traceback
from collections.abc import Callable
from typing import Protocol

from eiload.base.clock import NS_PER_S
from eiload.base.status import Status
from eiload.sending.endpoint import KeepAlive
from eiload.sending.http2.connection import Connection
from eiload.sending.http2.events import Closed, Event
from eiload.sending.http2.streams import Stream, WriteBatch
from eiload.sending.net.address import shown
from eiload.sending.net.link import READ_BYTES, Link, broken, taken_from
from eiload.sending.proxies import IDLE_NS
from eiload.sending.result import WAITED_WINDOW

__all__ = ["Conversation", "Owner"]

READS = 16
"""How often a socket is read before others have their turn."""


class Owner(Protocol):
    """Who is told what happens."""

    def heard(self, conversation: "Conversation", events: list[Event], now_ns: int) -> None:
        """Take what the server said; `now_ns` is when it came."""

    def lost(self, conversation: "Conversation", why: str, status: Status) -> None:
        """Take notice that the connection has ended: nothing else will be heard of it.

        Args:
            conversation: the connection.
            why: the reason, in words.
            status: how its requests end: UNAVAILABLE, or INTERNAL after a defect of ours.
        """


class Conversation:
    """A connection that is open.

    Args:
        link: the socket; it is closed with the conversation.
        connection: the protocol's state.
        owner: who is told.
        now_ns: the clock, ns, monotonic.
        keep_alive: when to ask whether the server is there; None for never.
    """

    def __init__(
        self,
        link: Link,
        connection: Connection,
        owner: Owner,
        *,
        now_ns: Callable[[], int],
        keep_alive: KeepAlive | None = None,
    ) -> None:
        loop = asyncio.get_running_loop()
        self.connection = connection
        self.link = link
        self.address = shown(link.address)
        """What it is connected to, in words."""
        self.farewell = ""
        """Why the server has said that it goes, if it goes for a fault."""
        self.over = False
        """Whether it has ended."""
        self._loop = loop
        self.owner = owner
        """Who is told; another may take over."""
        self._now_ns = now_ns
        self._batch = WriteBatch()
        self._sent = 0
        """Bytes of the batch that the kernel has."""
        self._reading = False
        self._flush_due = False
        self._blocked = False
        """Whether nothing may be written now."""
        self._watched = False
        """Whether the loop tells when the kernel takes more."""
        self._heard_ns = now_ns()
        self._pinged_ns = 0
        """When a PING went out that has no answer yet; 0 if there is none."""
        self._keep_alive = keep_alive
        self._timer: asyncio.TimerHandle | None = None
        loop.add_reader(link.fileno(), self._readable)
        loop.call_soon(self._readable)  # something may have come with the handshake of TLS
        self._schedule()
        if keep_alive is not None:
            self._look_after(keep_alive)

    # -- requests ------------------------------------------------------------------------------

    def request(self, stream: Stream) -> None:
        """Send a request as soon as the server lets it."""
        self.connection.request(stream)
        if self._blocked:
            stream.flags |= WAITED_WINDOW
        if not self._flush_due and not self._reading:
            self._schedule()

    def cancel(self, stream: Stream) -> None:
        """Give a request up."""
        self.connection.cancel(stream)
        self._schedule()

    def _schedule(self) -> None:
        if not self._flush_due and not self._reading and not self.over:
            self._flush_due = True
            self._loop.call_soon(self._flush)

    # -- the socket ----------------------------------------------------------------------------

    def _readable(self) -> None:
        self._reading = True
        try:
            for _ in range(READS):
                if self.over or not self._read():
                    break
        except Exception as error:  # a defect: requests must not vanish with the bytes at hand
            self._fail(error)
        self._reading = False
        if not self.over and self.connection.outgoing:
            self._flush()

    def _fail(self, error: Exception) -> None:
        """End it after a defect of our own."""
        traceback.print_exc()
        self._lose(f"client: {type(error).__name__}: {error}", Status.INTERNAL)

    def _read(self) -> bool:
        """Take what has come; return whether there may be more."""
        try:
            data = self.link.read()
        except OSError as error:
            self._lose(broken(error))
            return False
        if data is None:
            return False
        if not data:
            self._lose("the server closed the connection")
            return False
        now_ns = self._heard_ns = self._now_ns()
        if self._pinged_ns:
            self._is_there()
        events = self.connection.receive(data, now_ns)
        if events:
            self.owner.heard(self, events, now_ns)
            if self.connection.closed and not self.over:
                self._end_by_error(events)
        return len(data) >= READ_BYTES

    def _end_by_error(self, events: list[Event]) -> None:
        """Say goodbye after an error of the server's, and end."""
        self._flush()
        closed = next((event for event in events if isinstance(event, Closed)), None)
        self._lose(f"the server breaks HTTP/2: {closed.text}" if closed else "closed")

    def _flush(self) -> None:
        self._flush_due = False
        if self._blocked or self.over:
            return
        try:
            self._write()
        except OSError as error:
            self._blocked = True
            self._loop.call_soon(self._broke, broken(error))
        except Exception as error:  # a defect, as above
            self._fail(error)

    def _write(self) -> None:
        """Hand to the kernel what there is, until it takes no more."""
        connection, link, clock = self.connection, self.link, self._now_ns
        batch = self._batch
        while True:
            if not batch.buffers:
                if not connection.outgoing:
                    return
                batch = self._batch = connection.take()
                self._sent = 0
                if not batch.buffers:
                    return
            before_ns = clock()
            taken = link.write(batch.buffers)
            if taken == batch.size and not self._sent:
                for _, stream in batch.begun:
                    stream.sent_ns = before_ns
                if batch.ended:
                    after_ns = clock()
                    for _, stream in batch.ended:
                        stream.written_ns = after_ns
                batch.buffers.clear()
            else:
                self._took(batch, taken, before_ns)
                if link.full:
                    self._block()
                    return

    def _broke(self, why: str) -> None:
        """End it after a failed write; the server's last words may still be there to read."""
        self._readable()
        self._lose(why)

    def _took(self, batch: WriteBatch, taken: int, before_ns: int) -> None:
        """Note what the kernel took of a batch."""
        after_ns = self._now_ns()
        sent = self._sent = self._sent + taken
        known = self.connection.outgoing.open
        for at, stream in batch.begun:
            if at < sent and not stream.sent_ns and known.get(stream.id) is stream:
                stream.sent_ns = before_ns
        for at, stream in batch.ended:
            if at <= sent and not stream.written_ns and known.get(stream.id) is stream:
                stream.written_ns = after_ns
        taken_from(batch.buffers, taken)

    def _block(self) -> None:
        """Wait until the kernel takes more."""
        self._blocked = True
        self.connection.outgoing.hold(WAITED_WINDOW)
        if not self._watched:
            self._watched = True
            self._loop.add_writer(self.link.fileno(), self._writable)

    def _writable(self) -> None:
        self._blocked = False
        self._flush()
        if not self._blocked:
            self._unwatch()

    def _unwatch(self) -> None:
        if self._watched:
            self._watched = False
            self._loop.remove_writer(self.link.fileno())

    # -- the end -------------------------------------------------------------------------------

    def _lose(self, why: str, status: Status = Status.UNAVAILABLE) -> None:
        if not self.over:
            self.close()
            self.owner.lost(self, why, status)

    def close(self) -> None:
        """End it; its owner is not told."""
        if self.over:
            return
        self.over = True
        self._unwatch()
        self._loop.remove_reader(self.link.fileno())
        if self._timer is not None:
            self._timer.cancel()
        self.link.close()
        self.connection.close()

    def silent(self, since_ns: int) -> bool:
        """Tell whether nothing has come since an instant, nor for a while before."""
        return since_ns - self._heard_ns >= IDLE_NS

    # -- whether the server is there -----------------------------------------------------------

    def _is_there(self) -> None:
        """Ask no further: something has come since the PING."""
        self._pinged_ns = 0
        if self._timer is not None and self._keep_alive is not None:
            self._timer.cancel()
            self._look_after(self._keep_alive)

    def _look_after(self, keep_alive: KeepAlive) -> None:
        """Look whether the server has been heard of; come again when there is something to do."""
        if self.over:
            return
        now_ns = self._now_ns()
        if self._pinged_ns:
            next_ns = self._pinged_ns + keep_alive.patience_ns
            if now_ns >= next_ns:
                patience_s = keep_alive.patience_ns / NS_PER_S
                self._lose(f"keepalive: nothing came in {patience_s:g} s after a PING")
                return
        else:
            next_ns = self._heard_ns + keep_alive.after_ns
            if now_ns >= next_ns:
                # Also without requests: a balancer forgets connections over which nothing comes.
                self.connection.ping(b"eiload\0\0")
                self._schedule()
                self._pinged_ns = now_ns
                next_ns = now_ns + keep_alive.patience_ns
        wait_s = max(0.001, (next_ns - now_ns) / NS_PER_S)
        self._timer = self._loop.call_later(wait_s, self._look_after, keep_alive)
