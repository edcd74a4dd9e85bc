"""Attempts to connect, one after the other, until a server has said its settings.

What it knows: opening, waiting for the server's SETTINGS, how long after a failure to try again.
What it must not know: requests; what becomes of a connection once the server has greeted.

Strategy, which is gRPC's (doc/connection-backoff.md): a failed attempt is followed by another, even
if nobody waits for it; a connection that was of use is followed at once, when one is asked for, by
the next; one that was of none is followed as a failed attempt is.
"""

import asyncio
import random
from collections.abc import Callable
from typing import Protocol

from eiload.base.clock import NS_PER_S
from eiload.base.status import Status
from eiload.sending.http2.connection import Connection
from eiload.sending.http2.conversation import Conversation, Owner
from eiload.sending.http2.events import Event, Ready
from eiload.sending.net.backoff import Backoff
from eiload.sending.net.balance import Place
from eiload.sending.net.link import open_link
from eiload.sending.net.route import Route

__all__ = ["Dial"]


class Caller(Owner, Protocol):
    """Who wants a connection."""

    place: Place

    def greeted(self, conversation: Conversation) -> None:
        """Take a connection whose server is ready; what else it says comes to `heard`."""

    def unreached(self) -> None:
        """Take notice that an attempt has failed; `Dial.failure` says why."""


class Dial:
    """Makes one connection at a time.

    Args:
        route: how the server is reached.
        caller: who wants a connection, and where to.
        chance: spreads attempts.
        now_ns: the clock, ns, monotonic.
    """

    def __init__(
        self, route: Route, caller: Caller, chance: random.Random, now_ns: Callable[[], int]
    ) -> None:
        self.failure = ""
        """Why the last attempt failed; empty unless it did."""
        self.closed = False
        self._route = route
        self._caller = caller
        self._backoff = Backoff(chance)
        self._now_ns = now_ns
        self._loop = asyncio.get_running_loop()
        self._opening: asyncio.Task[None] | None = None
        self._greeting: Conversation | None = None
        """The one whose server has not said its settings yet."""
        self._patience: asyncio.TimerHandle | None = None
        """How long the server may take to say its settings."""
        self._retry: asyncio.TimerHandle | None = None
        self._attempted_ns = 0

    @property
    def busy(self) -> bool:
        """Tell whether an attempt is being made."""
        return self._opening is not None or self._greeting is not None

    @property
    def pausing(self) -> bool:
        """Tell whether the next attempt waits for its time."""
        return self._retry is not None

    def connect(self) -> None:
        """Begin an attempt, unless there is one."""
        if not (self.busy or self.pausing or self.closed):
            self._attempt()

    def ended(self, *, useful: bool) -> None:
        """Take notice that a connection has ended, and whether it was of use."""
        if useful:
            self._backoff.reset()
        else:
            # A server that ends every connection must not be asked without pause.
            self._pause(at_once=False)

    def close(self) -> None:
        """Make no more attempts, and end the one that there is."""
        self.closed = True
        for handle in (self._opening, self._patience, self._retry):
            if handle is not None:
                handle.cancel()
        if self._greeting is not None:
            self._greeting.close()
            self._greeting = None

    # -- an attempt ----------------------------------------------------------------------------

    def _attempt(self) -> None:
        self._retry = None
        self._attempted_ns = self._now_ns()
        self._opening = self._loop.create_task(self._open())

    async def _open(self) -> None:
        route = self._route
        limit_s = route.connect_ns / NS_PER_S
        try:
            async with asyncio.timeout(limit_s):
                link = await open_link(self._caller.place, route.tls, route.server_name)
        except TimeoutError:
            self._opening = None
            self._failed(f"no connection in {limit_s:g} s")
            return
        except (OSError, ValueError) as error:  # ValueError: a name that TLS cannot ask for
            self._opening = None
            self._failed(str(error))
            return
        self._opening = None
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

    def _failed(self, why: str) -> None:
        self.failure = f"failed to connect: {why}"
        self._pause(at_once=True)
        self._caller.unreached()

    def _pause(self, *, at_once: bool) -> None:
        """Wait before the next attempt, which follows `at_once` even if nobody waits for it."""
        at_ns = self._attempted_ns + self._backoff.wait_ns()
        wait_ns = max(0, at_ns - self._now_ns())
        if (wait_ns or at_once) and self._retry is None and not self.closed:
            self._retry = self._loop.call_later(wait_ns / NS_PER_S, self._attempt)

    # -- what the connection tells until its server has greeted --------------------------------

    def heard(self, conversation: Conversation, events: list[Event], now_ns: int) -> None:
        """Hand the connection over when the server is ready."""
        ready = any(isinstance(event, Ready) for event in events)
        if not ready or conversation.connection.closed:
            return  # in the latter case it is about to be lost
        self._greeting = None
        if self._patience is not None:
            self._patience.cancel()
        self.failure = ""
        conversation.owner = self._caller
        self._caller.greeted(conversation)
        self._caller.heard(conversation, events, now_ns)

    def lost(
        self, conversation: Conversation, why: str, status: Status = Status.UNAVAILABLE
    ) -> None:
        """Take notice that the connection ended before its server had greeted."""
        del status
        conversation.connection.abandon()
        self._greeting = None
        if self._patience is not None:
            self._patience.cancel()
        self._failed(why)
