"""The connections to one place: as many as there are requests at a time, up to a bound.

What it knows: which connections are free, which requests wait for one, what a connection's end
means for the request on it. What it must not know: names, other places, deadlines.

Rules.

- A request takes the connection that was used last: the others grow idle, and servers close them.
  Where none is free it waits for the first to be, of those that are busy and of one that is opened
  for it, unless there are as many as there may be. That wait is told (`WAITED_CONNECTION`).
- A server closes connections that are idle, and says nothing. One that ends while no request is on
  it is no error. A request may cross with such an end on the way: where not a byte of an answer has
  come over a connection that had brought answers before, and the end came within `CROSSING_NS` of
  its being sent, it is sent again, once, over a new connection, and says so (`RESENT`).
- A place where nobody answers fails its requests at once, with the reason, while it has no
  connection; it is tried again and again, ever more slowly, whether or not somebody waits.
"""

import asyncio
import random
from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

from eiload.base.clock import NS_PER_S
from eiload.base.status import Status
from eiload.sending.http1.answer import Answer
from eiload.sending.http1.connection import Connection
from eiload.sending.http1.exchange import Exchange, Failure
from eiload.sending.net.backoff import Backoff
from eiload.sending.net.balance import Place
from eiload.sending.net.link import open_link
from eiload.sending.net.route import CLOSED, Route
from eiload.sending.result import RESENT, WAITED_CONNECTION

__all__ = ["ALPN", "CROSSING_NS", "Site"]

ALPN = "http/1.1"
"""HTTP/1.1's name in TLS (RFC 7301)."""

CROSSING_NS = NS_PER_S
"""How soon after a request was sent an idle connection's end may have crossed it: a round trip, and
that of a distant server takes a third of a second. An end that comes later is about the request."""


class Owner(Protocol):
    """Who is told how it goes at a place."""

    def over(self, exchange: Exchange, found: Answer | Failure, now_ns: int, /) -> None:
        """Take how a request ended; another may be started from there."""

    def stranded(self, exchanges: list[Exchange], why: str, /) -> None:
        """Take requests for which there is no connection, and why."""


class Site:
    """One place's connections.

    Args:
        place: where they go.
        route: how.
        most: how many there may be.
        owner: told how it goes.
        chance: spreads attempts to connect.
        now_ns: the clock, ns, monotonic.
    """

    def __init__(
        self,
        place: Place,
        route: Route,
        most: int,
        owner: Owner,
        *,
        chance: random.Random,
        now_ns: Callable[[], int],
    ) -> None:
        self.place = place
        self.failure = ""
        """Why the last attempt to connect failed; empty unless it did."""
        self._route = route
        self._most = most
        self._owner = owner
        self._backoff = Backoff(chance)
        self._now_ns = now_ns
        self._loop = asyncio.get_running_loop()
        self._open: set[Connection] = set()
        self._idle: list[Connection] = []
        """The one that was used last at the end."""
        self._opening: set[asyncio.Task[None]] = set()
        self._waiting: OrderedDict[Exchange, None] = OrderedDict()
        self._retry: asyncio.TimerHandle | None = None
        self._leaving = False
        """Whether no more requests come."""

    def __repr__(self) -> str:
        """Tell its state, for tests and logs."""
        state = f"{len(self._open)} open, {len(self._idle)} idle, {len(self._waiting)} waiting"
        return f"<Site {state}{', failing' if self.failing else ''}>"

    @property
    def failing(self) -> bool:
        """Tell whether a request would find no connection, now or soon."""
        return bool(self.failure) and not self._open and not self._opening

    @property
    def connections(self) -> int:
        """Return how many are open, or being opened."""
        return len(self._open) + len(self._opening)

    # -- requests ------------------------------------------------------------------------------

    def start(self, exchange: Exchange) -> None:
        """Send a request as soon as there is a connection; it does not end before this returns."""
        if self._idle:
            self._idle.pop().send(exchange)
            return
        exchange.flags |= WAITED_CONNECTION
        exchange.carrier = self
        self._waiting[exchange] = None
        if self.failing:
            self._loop.call_soon(self._strand)
        else:
            self._grow()

    def drop(self, exchange: Exchange) -> None:
        """Forget a request that waits."""
        self._waiting.pop(exchange, None)

    def leave(self) -> None:
        """Take no more requests, and end when those on their way are answered."""
        self._leaving = True
        self._rest()
        for connection in self._idle:
            self._open.discard(connection)
            connection.close()
        self._idle.clear()
        self._strand()

    def close(self) -> None:
        """End all; requests that are left end as UNAVAILABLE."""
        self._leaving, self.failure = True, CLOSED
        self._rest()
        self._idle.clear()
        for connection in tuple(self._open):
            exchange = connection.exchange
            connection.close()
            if exchange is not None:
                self._over(exchange, Failure(Status.UNAVAILABLE, CLOSED), self._now_ns())
        self._open.clear()
        self._strand()

    def _rest(self) -> None:
        """Begin nothing more."""
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None
        for task in self._opening:
            task.cancel()
        self._opening.clear()

    def _strand(self) -> None:
        """Give away the requests that wait for a connection, if none is to come."""
        if self._leaving or self.failing:
            waiting = list(self._waiting)
            self._waiting.clear()
            self._owner.stranded(waiting, self.failure)

    def _over(self, exchange: Exchange, found: Answer | Failure, now_ns: int) -> None:
        exchange.carrier = None
        self._owner.over(exchange, found, now_ns)

    # -- connecting ----------------------------------------------------------------------------

    def _grow(self) -> None:
        """Open a connection for whoever waits, if there may be one more."""
        wanted = len(self._waiting) > len(self._opening) and self.connections < self._most
        if wanted and self._retry is None and not self._leaving:
            self._attempt()

    def _attempt(self) -> None:
        self._retry = None
        began_ns = self._now_ns()
        task = self._loop.create_task(self._connect(began_ns))
        self._opening.add(task)

    async def _connect(self, began_ns: int) -> None:
        route = self._route
        limit_s = route.connect_ns / NS_PER_S
        why = ""
        try:
            async with asyncio.timeout(limit_s):
                link = await open_link(self.place, route.tls, route.server_name, ALPN)
        except TimeoutError:
            why = f"no connection in {limit_s:g} s"
        except (OSError, ValueError) as error:  # ValueError: a name that TLS cannot ask for
            why = str(error)
        task = asyncio.current_task()
        assert task is not None
        self._opening.discard(task)
        if why:
            self._unreached(f"failed to connect: {why}", began_ns)
            return
        self.failure = ""
        self._backoff.reset()
        connection = Connection(link, self, self._now_ns, route.max_answer_bytes)
        self._open.add(connection)
        self._free(connection)
        self._grow()

    def _unreached(self, why: str, began_ns: int) -> None:
        """Take notice that an attempt has failed, and have another follow."""
        self.failure = why
        if self._retry is None and not self._leaving:
            wait_ns = max(0, began_ns + self._backoff.wait_ns() - self._now_ns())
            self._retry = self._loop.call_later(wait_ns / NS_PER_S, self._attempt)
        self._strand()

    # -- what a connection tells -----------------------------------------------------------------

    def answered(
        self, connection: Connection, exchange: Exchange, answer: Answer, now_ns: int
    ) -> None:
        """Hand an answer on, and the connection to whoever is next."""
        if connection.over:
            self._open.discard(connection)
            self._over(exchange, answer, now_ns)
            self._grow()
            return
        # Whoever is told may start the next request, which finds the connection free then.
        self._free(connection)
        self._over(exchange, answer, now_ns)

    def _free(self, connection: Connection) -> None:
        age_ns = self._route.max_age_ns if connection.answers else 0
        if self._leaving or (age_ns and self._now_ns() - connection.opened_ns > age_ns):
            self._open.discard(connection)
            connection.close()
            self._grow()
        elif self._waiting:
            exchange, _ = self._waiting.popitem(last=False)
            connection.send(exchange)
        else:
            self._idle.append(connection)

    def lost(
        self, connection: Connection, exchange: Exchange | None, why: Failure, now_ns: int
    ) -> None:
        """Take notice that a connection has ended."""
        self._open.discard(connection)
        if exchange is None:
            if connection in self._idle:
                self._idle.remove(connection)
            self._grow()
            self._strand()
            return
        crossed = (
            why.status is Status.UNAVAILABLE
            and connection.answers
            and not exchange.first_byte_ns
            and not exchange.flags & RESENT
            and now_ns - exchange.sent_ns < CROSSING_NS
        )
        if crossed and self._route.retries and not self._leaving:
            self._again(exchange)
            return
        self._over(exchange, why, now_ns)
        self._grow()
        self._strand()

    def _again(self, exchange: Exchange) -> None:
        """Send a request over a new connection, before all that wait."""
        exchange.rewind()
        exchange.flags |= RESENT | WAITED_CONNECTION
        exchange.carrier = self
        # What is idle may be closed by the server in the same breath.
        for connection in self._idle:
            self._open.discard(connection)
            connection.close()
        self._idle.clear()
        self._waiting[exchange] = None
        self._waiting.move_to_end(exchange, last=False)
        if self._retry is None:
            self._grow()
        elif self.failing:
            self._loop.call_soon(self._strand)
