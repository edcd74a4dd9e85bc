"""One connection to a place, made when it is needed and made anew when it ends.

What it knows: what having no connection, a GOAWAY or a lost connection mean for the requests on it.
What it must not know: how one connects (`dial`), which request comes when, what other lines there
are.

Strategy, which is gRPC's (doc/connectivity-semantics-and-api.md, doc/connection-backoff.md, A6 for
what may be sent again).

- The first request connects; until the server's SETTINGS have come, requests wait.
- When connecting fails, they fail with the reason, and so does every other until a later attempt
  succeeds: a server that is not there is told at once, not at the deadline.
- A connection that ends takes its requests with it: UNAVAILABLE. The next request connects anew; at
  once if the connection was of use, otherwise as after a failed attempt.
- After a GOAWAY new requests go over a new connection, while the old one is answered to its end.
  Requests that the server says it has not looked at are sent again, once, and say so.
- A connection that has reached its age is left when another has been made: that is our own wish,
  and no request waits for it.
"""

import asyncio
import random
from collections import OrderedDict
from collections.abc import Callable

from eiload.base.clock import NS_PER_S
from eiload.base.status import Status
from eiload.sending.http2.call import Call, LineOwner
from eiload.sending.http2.conversation import Conversation
from eiload.sending.http2.dial import Dial
from eiload.sending.http2.events import Ended, Event, GoAway, Reset
from eiload.sending.http2.frames import ErrorCode
from eiload.sending.http2.grpc import CallOutcome, outcome, outcome_of_reset
from eiload.sending.http2.streams import Stream
from eiload.sending.net.balance import Place
from eiload.sending.net.route import CLOSED, Route
from eiload.sending.result import RESENT, WAITED_CONNECTION

__all__ = ["Line"]

AGE_SPREAD = 0.1
"""By how much of its age a connection may be younger or older when it is left, so that not all are
at once (gRPC's own servers do it so, A9)."""


class Line:
    """One connection, kept alive.

    Args:
        route: how its server is reached.
        place: where its server is.
        number: what it is called in logs.
        owner: told how it goes.
        chance: spreads attempts, and the ages at which connections are left.
        now_ns: the clock, ns, monotonic.
    """

    def __init__(
        self,
        route: Route,
        place: Place,
        number: int,
        owner: LineOwner,
        *,
        chance: random.Random,
        now_ns: Callable[[], int],
    ) -> None:
        self.place = place
        self._route = route
        self._number = number
        self._owner = owner
        self._chance = chance
        self._dial = Dial(route, self, chance, now_ns)
        self._now_ns = now_ns
        self._loop = asyncio.get_running_loop()
        self._conversation: Conversation | None = None
        """The one for new requests."""
        self._others: set[Conversation] = set()
        """Those that are only answered to their end."""
        self._waiting: OrderedDict[Call, None] = OrderedDict()
        self._aging: asyncio.TimerHandle | None = None

    def __repr__(self) -> str:
        """Tell its state, for tests and logs."""
        if self._dial.closed:
            state = "closed"
        elif self._conversation is not None:
            state = "ready"
        elif self._dial.failure:
            state = "failing"
        else:
            state = "connecting" if self._dial.busy else "idle"
        return f"<Line {self._number} {state}, {len(self._waiting)} waiting>"

    @property
    def ready(self) -> bool:
        """Tell whether a call would be sent at once."""
        return self._conversation is not None and self._conversation.connection.open

    @property
    def failing(self) -> bool:
        """Tell whether the last attempt to connect failed."""
        return bool(self._dial.failure) or self._dial.closed

    @property
    def alive(self) -> bool:
        """Tell whether there is a connection, or one to come."""
        return self._conversation is not None or bool(self._others) or not self._dial.closed

    # -- calls ---------------------------------------------------------------------------------

    def start(self, call: Call) -> None:
        """Send a call as soon as there is a connection; it does not end before this returns."""
        conversation = self._conversation
        if conversation is not None and conversation.connection.open:
            call.conversation = conversation
            call.address = conversation.address
            conversation.request(call)
            return
        self._waiting[call] = None
        call.flags |= WAITED_CONNECTION
        if self.failing:
            self._loop.call_soon(self._strand)
            return
        self.wake()

    def wake(self) -> None:
        """Connect, unless there is a connection or an attempt."""
        conversation = self._conversation
        if conversation is not None:
            if conversation.connection.open or conversation.connection.closed:
                return  # in the latter case it is about to be lost, and will be told of
            self._conversation = None
            self._others.add(conversation)
        self._dial.connect()

    def drop(self, call: Call) -> None:
        """Forget a call; the server is told if it has seen it."""
        self._waiting.pop(call, None)
        conversation, call.conversation = call.conversation, None
        if conversation is not None:
            conversation.cancel(call)
            self._close_if_done(conversation)

    def move(self, place: Place) -> None:
        """Take another place; a connection to what is not of it is left."""
        self.place = place
        conversation = self._conversation
        if conversation is not None and conversation.link.address not in place:
            self._leave(conversation)

    def retire(self) -> None:
        """Take no more calls, and end when those on their way are answered."""
        self._rest()
        if self._conversation is not None:
            self._leave(self._conversation)
        waiting = tuple(self._waiting)
        self._waiting.clear()
        for call in waiting:
            self._owner.again(call)

    def _rest(self) -> None:
        """Begin nothing more."""
        self._dial.close()
        if self._aging is not None:
            self._aging.cancel()

    def close(self) -> None:
        """End all; calls that are left end as UNAVAILABLE."""
        self._rest()
        for conversation in [self._conversation, *self._others]:
            if conversation is not None:
                conversation.close()
                self._fail(conversation.connection.abandon(), CLOSED)
        self._conversation = None
        self._others.clear()
        self._strand()

    def _fail(
        self, streams: tuple[Stream, ...], why: str, status: Status = Status.UNAVAILABLE
    ) -> None:
        now_ns = self._now_ns()
        for stream in streams:
            self._end(stream, CallOutcome(status, why), now_ns)

    def _strand(self) -> None:
        """Give away the calls that wait for a connection, if it has failed."""
        if self.failing:
            waiting = tuple(self._waiting)
            self._waiting.clear()
            self._owner.stranded(self, waiting, CLOSED if self._dial.closed else self._dial.failure)

    def _end(self, stream: Stream, found: CallOutcome, now_ns: int) -> None:
        assert isinstance(stream, Call)
        stream.conversation = None
        self._owner.over(stream, found, now_ns)

    # -- connecting ----------------------------------------------------------------------------

    def unreached(self) -> None:
        """Take notice that an attempt to connect has failed."""
        self._owner.troubled()
        self._strand()

    def greeted(self, conversation: Conversation) -> None:
        """Send what has waited: the server is ready."""
        before, self._conversation = self._conversation, conversation
        if before is not None:
            self._leave(before)
        if conversation.connection.going:
            return  # it goes away in the same breath
        self._grow_old()
        self._owner.came()
        waiting = tuple(self._waiting)
        self._waiting.clear()
        for call in waiting:
            self._owner.renew(call)
            self.start(call)

    def _grow_old(self) -> None:
        """Have another connection take the place of this one when it has reached its age."""
        if self._aging is not None:
            self._aging.cancel()
        if self._route.max_age_ns:
            age_s = self._route.max_age_ns / NS_PER_S
            age_s *= self._chance.uniform(1 - AGE_SPREAD, 1 + AGE_SPREAD)
            self._aging = self._loop.call_later(age_s, self._dial.connect)

    def _leave(self, conversation: Conversation) -> None:
        """Send nothing more over a connection; it ends when what is on its way is answered."""
        if self._conversation is conversation:
            self._conversation = None
        conversation.connection.going = True
        self._others.add(conversation)
        self._close_if_done(conversation)

    # -- what a conversation tells ---------------------------------------------------------------

    def heard(self, conversation: Conversation, events: list[Event], now_ns: int) -> None:
        """Take what a server said."""
        for event in events:
            if type(event) is Ended:
                found = outcome(event.stream, self._route.max_answer_bytes)
                self._end(event.stream, found, now_ns)
            elif isinstance(event, Reset):
                self._reset(event, now_ns)
            elif isinstance(event, GoAway):
                self._go_away(conversation, event)
        if conversation.connection.going:
            self._close_if_done(conversation)

    def _go_away(self, conversation: Conversation, event: GoAway) -> None:
        """Have new requests go elsewhere, and those that were not looked at as well."""
        if self._conversation is conversation:
            self._conversation = None
            self._others.add(conversation)
            self._used(conversation)
        said = f"the server went away: {event.text}"
        if event.code != ErrorCode.NO_ERROR:
            conversation.farewell = said
        refused = CallOutcome(Status.UNAVAILABLE, said)
        for stream in event.unprocessed:
            self._again(stream, refused, self._now_ns())
        if self._waiting:
            self._dial.connect()

    def _reset(self, event: Reset, now_ns: int) -> None:
        found = outcome_of_reset(event.code, event.text)
        if event.code == ErrorCode.REFUSED_STREAM and not event.text:
            self._again(event.stream, found, now_ns)
        else:
            self._end(event.stream, found, now_ns)

    def _again(self, stream: Stream, found: CallOutcome, now_ns: int) -> None:
        """Send what the server says it has not looked at, unless it was sent again before."""
        assert isinstance(stream, Call)
        seen = stream.id != 0  # what was never sent is not sent again
        if seen and (stream.flags & RESENT or not self._route.retries):
            self._end(stream, found, now_ns)
            return
        stream.conversation = None
        # Until it is sent again it waits for another connection, whatever it waited for before.
        stream.flags |= WAITED_CONNECTION | RESENT if seen else WAITED_CONNECTION
        stream.rewind()
        self._owner.renew(stream)
        self._owner.again(stream)

    def _used(self, conversation: Conversation) -> None:
        self._dial.ended(useful=bool(conversation.connection.incoming.whole))

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
        why = conversation.farewell or why
        streams = conversation.connection.abandon()
        self._others.discard(conversation)
        if self._conversation is conversation:
            self._conversation = None
            self._used(conversation)
            self._owner.troubled()
            if self._dial.pausing:
                self._dial.failure = why
                self._strand()
            elif self._waiting:
                self._dial.connect()
        self._fail(streams, why, status)
