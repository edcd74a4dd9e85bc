"""One connection to a target, made when it is needed and made anew when it ends.

What it knows: connecting, backing off, what a GOAWAY or a lost connection means for the requests on
it. What it must not know: which request comes when.

Strategy, which is gRPC's (doc/connectivity-semantics-and-api.md, doc/connection-backoff.md, A6 for
what may be sent again).

- The first request connects; until the server's SETTINGS have come, requests wait.
- When connecting fails, they fail with the reason, and so does every other until a later attempt
  succeeds: a server that is not there is told at once, not at the deadline.
- A connection that ends takes its requests with it: UNAVAILABLE. The next request connects anew; at
  once if the connection was of use, otherwise as after a failed attempt.
- After a GOAWAY new requests go over a new connection, while the old one is answered to its end.
  Requests that the server says it has not looked at are sent again, once, and say so.
"""

import asyncio
import ssl
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from eiload.base.clock import NS_PER_S
from eiload.base.status import Status
from eiload.sending.endpoint import KeepAlive
from eiload.sending.http2.address import Target
from eiload.sending.http2.backoff import Backoff
from eiload.sending.http2.connection import Connection
from eiload.sending.http2.conversation import Conversation
from eiload.sending.http2.events import Ended, Event, GoAway, Ready, Reset
from eiload.sending.http2.grpc import Outcome, outcome, outcome_of_reset
from eiload.sending.http2.link import open_link
from eiload.sending.http2.streams import Stream

__all__ = ["Call", "Line", "Route"]

CONNECT_NS = 20 * NS_PER_S
"""How long connecting may take, TLS and the server's SETTINGS included (gRPC's
MIN_CONNECT_TIMEOUT)."""


class Route(NamedTuple):
    """How a target is reached."""

    target: Target
    tls: ssl.SSLContext | None
    server_name: str
    max_answer_bytes: int
    keep_alive: KeepAlive | None = None
    connect_ns: int = CONNECT_NS


class Call(Stream):
    """A request on its way over a line."""

    conversation: Conversation | None = None
    """Where it is being sent; None while it waits for a connection."""
    resent = False
    """Whether a server had not looked at it, and it was sent again."""


class Line:
    """One connection, kept alive.

    Args:
        route: where to.
        number: which of the target's lines it is: where among its addresses it begins.
        backoff: how long it waits between attempts.
        over: told of each call how it ended, and when; a call may be started from there.
        renew: told of a call whose header block must say how little time is left.
        now_ns: the clock, ns, monotonic.
    """

    def __init__(
        self,
        route: Route,
        number: int,
        backoff: Backoff,
        *,
        over: Callable[[Call, Outcome, int], None],
        renew: Callable[[Call], None],
        now_ns: Callable[[], int],
    ) -> None:
        self._route = route
        self._number = number
        self._backoff = backoff
        self._over = over
        self._renew = renew
        self._now_ns = now_ns
        self._loop = asyncio.get_running_loop()
        self._conversation: Conversation | None = None
        """The one for new requests."""
        self._greeting: Conversation | None = None
        """The one whose server has not said its settings yet."""
        self._others: set[Conversation] = set()
        """Those that are only answered to their end."""
        self._waiting: OrderedDict[Call, None] = OrderedDict()
        self._connecting: asyncio.Task[None] | None = None
        self._patience: asyncio.TimerHandle | None = None
        """How long the server may take to say its settings."""
        self._retry: asyncio.TimerHandle | None = None
        self._attempted_ns = 0
        self._failure = ""
        """Why the last attempt failed; empty unless it did."""
        self._closed = False

    def __repr__(self) -> str:
        """Tell its state, for tests and logs."""
        if self._closed:
            state = "closed"
        elif self._conversation is not None:
            state = "ready"
        elif self._failure:
            state = "failing"
        else:
            state = "connecting" if self._connecting or self._greeting else "idle"
        return f"<Line {self._number} {state}, {len(self._waiting)} waiting>"

    # -- calls ---------------------------------------------------------------------------------

    def start(self, call: Call) -> None:
        """Send a call as soon as there is a connection; it does not end before this returns."""
        conversation = self._conversation
        if conversation is not None and conversation.connection.open:
            call.conversation = conversation
            conversation.request(call)
            return
        self._waiting[call] = None
        call.waited = True
        if self._failure or self._closed:
            self._loop.call_soon(self._fail_waiting)
            return
        if conversation is not None:
            if conversation.connection.closed:
                return  # it is about to be lost, and will be told of
            self._conversation = None
            self._others.add(conversation)
        self._connect()

    def drop(self, call: Call) -> None:
        """Forget a call; the server is told if it has seen it."""
        self._waiting.pop(call, None)
        conversation, call.conversation = call.conversation, None
        if conversation is not None:
            conversation.cancel(call)
            self._close_if_done(conversation)

    def close(self) -> None:
        """End all; calls that are left end as UNAVAILABLE."""
        self._closed = True
        for handle in (self._connecting, self._patience, self._retry):
            if handle is not None:
                handle.cancel()
        for conversation in [self._conversation, self._greeting, *self._others]:
            if conversation is not None:
                conversation.close()
                self._fail(conversation.connection.abandon(), "the channel was closed")
        self._conversation = self._greeting = None
        self._others.clear()
        self._fail_waiting()

    def _fail(
        self, streams: tuple[Stream, ...], why: str, status: Status = Status.UNAVAILABLE
    ) -> None:
        now_ns = self._now_ns()
        for stream in streams:
            self._end(stream, Outcome(status, why), now_ns)

    def _fail_waiting(self) -> None:
        """End the calls that wait for a connection, if it has failed."""
        if self._failure or self._closed:
            waiting = tuple(self._waiting)
            self._waiting.clear()
            self._fail(waiting, self._failure or "the channel was closed")

    def _end(self, stream: Stream, found: Outcome, now_ns: int) -> None:
        assert isinstance(stream, Call)
        stream.conversation = None
        self._over(stream, found, now_ns)

    # -- connecting ----------------------------------------------------------------------------

    def _connect(self) -> None:
        """Begin an attempt, unless there is one."""
        if self._connecting is None and self._greeting is None and self._retry is None:
            self._attempt()

    def _attempt(self) -> None:
        self._retry = None
        self._attempted_ns = self._now_ns()
        self._connecting = self._loop.create_task(self._open())

    async def _open(self) -> None:
        route = self._route
        limit_s = route.connect_ns / NS_PER_S
        try:
            async with asyncio.timeout(limit_s):
                link = await open_link(route.target, route.tls, route.server_name, self._number)
        except TimeoutError:
            self._connecting = None
            self._attempt_failed(f"no connection in {limit_s:g} s")
            return
        except (OSError, ValueError) as error:  # ValueError: a name that TLS cannot ask for
            self._connecting = None
            self._attempt_failed(str(error))
            return
        self._connecting = None
        left_s = limit_s - (self._now_ns() - self._attempted_ns) / NS_PER_S
        connection = Connection(route.max_answer_bytes)
        conversation = Conversation(
            link, connection, self, now_ns=self._now_ns, keep_alive=route.keep_alive
        )
        self._greeting = conversation
        why = f"connected, no HTTP/2 SETTINGS in {limit_s:g} s"
        self._patience = self._loop.call_later(max(0.0, left_s), self._give_up, conversation, why)

    def _give_up(self, conversation: Conversation, why: str) -> None:
        conversation.close()
        self.lost(conversation, why)

    def _attempt_failed(self, why: str) -> None:
        self._failure = f"failed to connect: {why}"
        self._pause(at_once=True)
        self._fail_waiting()

    def _pause(self, *, at_once: bool) -> None:
        """Wait before the next attempt, which follows `at_once` even if nobody waits for it."""
        at_ns = self._attempted_ns + self._backoff.wait_ns()
        wait_ns = max(0, at_ns - self._now_ns())
        if (wait_ns or at_once) and self._retry is None and not self._closed:
            self._retry = self._loop.call_later(wait_ns / NS_PER_S, self._attempt)

    def _greeted(self, conversation: Conversation) -> None:
        """Send what has waited: the server is ready."""
        if conversation.connection.closed:
            return  # it is about to be lost
        self._greeting = None
        if self._patience is not None:
            self._patience.cancel()
        self._failure = ""
        self._conversation = conversation
        if conversation.connection.going:
            return  # it goes away in the same breath
        waiting = tuple(self._waiting)
        self._waiting.clear()
        for call in waiting:
            self._renew(call)
            self.start(call)

    # -- what a conversation tells ---------------------------------------------------------------

    def heard(self, conversation: Conversation, events: list[Event], now_ns: int) -> None:
        """Take what a server said."""
        for event in events:
            if type(event) is Ended:
                found = outcome(event.stream, self._route.max_answer_bytes)
                self._end(event.stream, found, now_ns)
            elif isinstance(event, Reset):
                self._end(event.stream, outcome_of_reset(event.code, event.text), now_ns)
            elif isinstance(event, GoAway):
                self._go_away(conversation, event)
            elif isinstance(event, Ready):
                self._greeted(conversation)
        if conversation.connection.going:
            self._close_if_done(conversation)

    def _go_away(self, conversation: Conversation, event: GoAway) -> None:
        """Have new requests go elsewhere, and those that were not looked at as well."""
        if self._conversation is conversation:
            self._conversation = None
            self._others.add(conversation)
            self._used(conversation)
        refused = f"the server went away: {event.text}"
        for stream in event.unprocessed:
            assert isinstance(stream, Call)
            stream.conversation = None
            if stream.resent:
                self._fail((stream,), refused)
                continue
            stream.resent = stream.id != 0
            stream.rewind()
            self._renew(stream)
            self.start(stream)
        if self._waiting:
            self._connect()

    def _used(self, conversation: Conversation) -> None:
        """Connect again without a pause if a connection was of use."""
        if conversation.connection.answers.whole:
            self._backoff.reset()
        else:
            # A server that ends every connection must not be asked without pause.
            self._pause(at_once=False)

    def _close_if_done(self, conversation: Conversation) -> None:
        out = conversation.connection.outgoing
        if conversation.connection.going and not out.open and not out.pending:
            self._others.discard(conversation)
            if self._conversation is conversation:
                self._conversation = None
            conversation.close()

    def lost(
        self, conversation: Conversation, why: str, status: Status = Status.UNAVAILABLE
    ) -> None:
        """Take notice that a connection has ended."""
        streams = conversation.connection.abandon()
        self._others.discard(conversation)
        if self._greeting is conversation:
            self._greeting = None
            if self._patience is not None:
                self._patience.cancel()
            self._attempt_failed(why)
        elif self._conversation is conversation:
            self._conversation = None
            self._used(conversation)
            if self._retry is not None:
                self._failure = why
                self._fail_waiting()
            elif self._waiting:
                self._connect()
        self._fail(streams, why, status)
