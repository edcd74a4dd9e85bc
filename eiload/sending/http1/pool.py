"""A target's places: over which addresses its requests are spread.

What it knows: names that are looked up, and looked up again; which places there are and which of
them fail. What it must not know: sockets, HTTP, deadlines.

Strategy, which is that of the wire for HTTP/2 (`http2.pool`): requests go to the places in turn,
those that fail left out; while all fail, requests fail with the reason. A name is looked up again
when `LOOK_NS` have passed, or a place fails; places that are gone get no more requests. If a
look-up fails, what was known before stays.
"""

import asyncio
import random
from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

from eiload.base.status import Status
from eiload.sending.http1.answer import Answer
from eiload.sending.http1.exchange import Exchange, Failure
from eiload.sending.http1.site import Site
from eiload.sending.net.address import (
    LOOK_NS,
    SOON_NS,
    Hosts,
    LookUp,
    ServerName,
    numeric,
    resolve,
)
from eiload.sending.net.balance import Place, places
from eiload.sending.net.route import CLOSED, Route
from eiload.sending.result import WAITED_CONNECTION

__all__ = ["Pool"]


class Over(Protocol):
    """Who is told how requests end; another may be started from there."""

    def __call__(self, exchange: Exchange, found: Answer | Failure, now_ns: int, /) -> None: ...


class Pool:
    """The places of one target.

    Args:
        route: how its servers are reached.
        target: where they are.
        balance: `endpoint.ROUND_ROBIN` or `PICK_FIRST`.
        most: how many connections there may be to each place.
        over: told of each request how it ended, and when.
        chance: spreads attempts to connect.
        now_ns: the clock, ns, monotonic.
        look_up: finds the addresses of a target; raises an `OSError` where there are none.
    """

    def __init__(
        self,
        route: Route,
        target: ServerName,
        balance: str,
        most: int,
        *,
        over: Over,
        chance: random.Random,
        now_ns: Callable[[], int],
        look_up: LookUp = resolve,
    ) -> None:
        self.sites: list[Site] = []
        self.over = over
        self._route = route
        self._target = target
        self._balance = balance
        self._most = most
        self._chance = chance
        self._now_ns = now_ns
        self._look_up = look_up
        self._loop = asyncio.get_running_loop()
        self._turn = -1
        self._waiting: OrderedDict[Exchange, None] = OrderedDict()
        """Requests that wait for the first look-up."""
        self._failure = ""
        """Why there are no places; empty if there are, or may be."""
        self._closed = False
        self._looking: asyncio.Task[None] | None = None
        self._looked_ns = 0
        known = numeric(target)
        self._named = known is None
        if known is not None:
            self._settle(known)

    def __repr__(self) -> str:
        """Tell its state, for tests and logs."""
        return f"<Pool {self.sites}, {len(self._waiting)} waiting>"

    @property
    def connections(self) -> int:
        """Return how many are open, or being opened."""
        return sum(site.connections for site in self.sites)

    # -- requests ------------------------------------------------------------------------------

    def start(self, exchange: Exchange) -> None:
        """Send a request to the next place; it does not end before this returns."""
        if self._named and self._now_ns() - self._looked_ns > LOOK_NS:
            self._look()
        sites = self.sites
        if not sites:
            self._wait(exchange)
            return
        self._turn = turn = (self._turn + 1) % len(sites)
        site = sites[turn]
        if site.failing:
            self._look()
            others = (*sites[turn:], *sites[:turn])
            site = next((other for other in others if not other.failing), site)
        site.start(exchange)

    def drop(self, exchange: Exchange) -> None:
        """Forget a request that waits for the first look-up."""
        self._waiting.pop(exchange, None)

    def close(self) -> None:
        """End all; requests that are left end as UNAVAILABLE."""
        self._closed, self._failure = True, CLOSED
        if self._looking is not None:
            self._looking.cancel()
        for site in self.sites:
            site.close()
        self._fail_waiting()

    def _wait(self, exchange: Exchange) -> None:
        """Have a request wait for the first look-up; or fail, if that has failed."""
        exchange.flags |= WAITED_CONNECTION
        exchange.carrier = self
        self._waiting[exchange] = None
        self._look()
        if self._looking is None:
            self._loop.call_soon(self._fail_waiting)

    def _fail_waiting(self) -> None:
        if self._failure and not self.sites:
            waiting = tuple(self._waiting)
            self._waiting.clear()
            for exchange in waiting:
                self._fail(exchange, self._failure)

    def _fail(self, exchange: Exchange, why: str) -> None:
        exchange.carrier = None
        self.over(exchange, Failure(Status.UNAVAILABLE, why), self._now_ns())

    def stranded(self, exchanges: list[Exchange], why: str) -> None:
        """Send requests for which a place has no connection elsewhere, or have them fail."""
        self._look()
        for exchange in exchanges:
            if self._closed or all(other.failing for other in self.sites):
                self._fail(exchange, why or self._failure or CLOSED)
            else:
                self.start(exchange)

    # -- names ---------------------------------------------------------------------------------

    def _look(self) -> None:
        """Look the name up, unless that is being done, or was just now."""
        soon = self._looked_ns and self._now_ns() - self._looked_ns < SOON_NS
        if self._named and not self._closed and self._looking is None and not soon:
            self._looked_ns = self._now_ns()
            self._looking = self._loop.create_task(self._ask())

    async def _ask(self) -> None:
        try:
            hosts = await self._look_up(self._target)
        except OSError as error:
            self._failure = f"failed to connect: {error}"
        else:
            self._failure = ""
            self._settle(hosts)
        self._looking = None
        waiting = tuple(self._waiting)
        if self.sites:
            self._waiting.clear()
            for exchange in waiting:
                self.start(exchange)
        else:
            self._fail_waiting()

    def _settle(self, hosts: Hosts) -> None:
        """Have a place for each that there is now."""
        known = {site.place: site for site in self.sites}
        now = places(hosts, self._balance)
        self.sites = [known.get(place) or self._site(place) for place in now]
        for place, site in known.items():
            if place not in now:
                site.leave()

    def _site(self, place: Place) -> Site:
        return Site(
            place,
            self._route,
            self._most,
            self,
            chance=self._chance,
            now_ns=self._now_ns,
        )
