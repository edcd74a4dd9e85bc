"""A target's lines: over which addresses they are spread, and which one a request takes.

What it knows: names that are looked up, and looked up again; which lines there are and which of
them are ready. What it must not know: sockets, HTTP/2, deadlines.

Strategy, which is gRPC's round_robin (doc/load-balancing.md), on each address's connections.

- The first request has all lines connect. Requests go over the lines that are ready, in turn; while
  none is, they wait for one that may become ready; if none may, they fail with the reason.
- A request that waits for a line that then cannot connect goes over another.
- A name is looked up again every `LOOK_NS`, and when a line has lost its connection or got none.
  New addresses get lines; those that are gone get no more requests. If a look-up fails, what was
  known before stays.
"""

import asyncio
import random
from collections import OrderedDict
from collections.abc import Callable, Sequence

from eiload.base.clock import NS_PER_S
from eiload.base.status import Status
from eiload.sending.endpoint import PICK_FIRST
from eiload.sending.http2.call import Call, Carrier
from eiload.sending.http2.grpc import CallOutcome
from eiload.sending.http2.line import Line
from eiload.sending.net.address import (
    LOOK_NS,
    SOON_NS,
    Hosts,
    LookUp,
    ServerName,
    numeric,
    resolve,
)
from eiload.sending.net.backoff import Backoff
from eiload.sending.net.balance import Place, places
from eiload.sending.net.route import CLOSED, Route
from eiload.sending.result import WAITED_CONNECTION

__all__ = ["Pool"]


class Pool:
    """The lines of one target.

    Args:
        route: how its servers are reached.
        target: where they are.
        balance: `endpoint.ROUND_ROBIN` or `PICK_FIRST`.
        connections: lines of each place.
        over: told of each call how it ended, and when; a call may be started from there.
        renew: told of a call whose header block must say how little time is left.
        chance: spreads attempts to connect.
        look_up: finds the addresses of a target; raises an `OSError` where there are none.
        now_ns: the clock, ns, monotonic.
    """

    def __init__(
        self,
        route: Route,
        target: ServerName,
        balance: str,
        connections: int,
        *,
        over: Callable[[Call, CallOutcome, int], None],
        renew: Callable[[Call], None],
        chance: random.Random,
        now_ns: Callable[[], int],
        look_up: LookUp = resolve,
    ) -> None:
        self.lines: list[Line] = []
        self.over = over
        self.renew = renew
        self._route = route
        self._target = target
        self._balance = balance
        self._connections = connections
        self._chance = chance
        self._backoff = Backoff(chance)
        self._now_ns = now_ns
        self._look_up = look_up
        self._loop = asyncio.get_running_loop()
        self._ready: list[Line] = []
        """Lines that were ready when it was last looked; a new one empties it."""
        self._turn = -1
        self._made = 0
        self._retired: list[Line] = []
        """Lines that only answer to their end."""
        self._waiting: OrderedDict[Call, None] = OrderedDict()
        """Calls that wait for the first look-up."""
        self._failure = ""
        """Why there are no lines; empty if there are, or may be."""
        self._closed = False
        self._looking: asyncio.Task[None] | None = None
        self._look_again: asyncio.TimerHandle | None = None
        self._looked_ns = 0
        known = numeric(target)
        self._named = known is None
        if known is not None:
            self._settle(known)

    # -- calls ---------------------------------------------------------------------------------

    def start(self, call: Call) -> None:
        """Send a call over the next line; it does not end before this returns."""
        ready = self._ready
        if ready:
            self._turn += 1
            line = ready[self._turn % len(ready)]
            if not line.ready:
                line = self._next()
        elif self.lines:
            line = self._next()
        else:
            self._wait(call)
            return
        call.line = line
        line.start(call)

    def again(self, call: Call) -> None:
        """Send a call that no server has looked at, over any line."""
        self.start(call)

    def drop(self, call: Call) -> None:
        """Forget a call; the server is told if it has seen it."""
        self._waiting.pop(call, None)
        if call.line is not None:
            call.line.drop(call)

    def close(self) -> None:
        """End all; calls that are left end as UNAVAILABLE."""
        self._closed = True
        self._failure = CLOSED
        for handle in (self._looking, self._look_again):
            if handle is not None:
                handle.cancel()
        for line in (*self.lines, *self._retired):
            line.close()
        self._fail_waiting()

    def _next(self) -> Line:
        """Return the line for a call when those that were ready are so no more."""
        self._ready = [line for line in self.lines if line.ready]
        if len(self._ready) < len(self.lines):
            for line in self.lines:
                line.wake()
        best = self._ready or [line for line in self.lines if not line.failing] or self.lines
        self._turn += 1
        return best[self._turn % len(best)]

    def _wait(self, call: Call) -> None:
        self._waiting[call] = None
        call.flags |= WAITED_CONNECTION
        if self._failure:
            self._loop.call_soon(self._fail_waiting)
        else:
            self._look()

    def _fail_waiting(self) -> None:
        if self._failure:
            waiting = tuple(self._waiting)
            self._waiting.clear()
            self._fail(waiting, self._failure)

    def _fail(self, calls: Sequence[Call], why: str) -> None:
        now_ns = self._now_ns()
        for call in calls:
            self.over(call, CallOutcome(Status.UNAVAILABLE, why), now_ns)

    # -- what lines tell -------------------------------------------------------------------------

    def stranded(self, line: Carrier, calls: Sequence[Call], why: str) -> None:
        """Send calls for which a line has no connection over another, if one may have it."""
        if self._closed or all(other.failing for other in self.lines if other is not line):
            self._fail(calls, why)
            return
        for call in calls:
            self.start(call)

    def came(self) -> None:
        """Have a line that has become ready take its turn."""
        self._ready = []

    def troubled(self) -> None:
        """Look whether the servers are elsewhere by now."""
        if self._named and self._now_ns() - self._looked_ns > SOON_NS:
            self._look()

    # -- addresses -------------------------------------------------------------------------------

    def _look(self) -> None:
        if self._looking is None and not self._closed:
            if self._look_again is not None:
                self._look_again.cancel()
            self._looked_ns = self._now_ns()
            self._looking = self._loop.create_task(self._resolve())

    async def _resolve(self) -> None:
        """Look the names up, and again after a while."""
        try:
            async with asyncio.timeout(self._route.connect_ns / NS_PER_S):
                hosts = await self._look_up(self._target)
        except OSError as error:  # a TimeoutError is one
            why = str(error) or f"the name {self._target.host!r} could not be looked up in time"
            wait_ns = self._unknown(why)
        else:
            self._backoff.reset()
            wait_ns = LOOK_NS
            self._settle(hosts)
        self._looking = None
        self._look_again = self._loop.call_later(wait_ns / NS_PER_S, self._look)

    def _unknown(self, why: str) -> int:
        """Take notice that a look-up failed; return after how long to try again, ns."""
        if self.lines:
            return LOOK_NS
        self._failure = f"failed to connect: {why}"
        self._fail_waiting()
        return max(0, self._looked_ns + self._backoff.wait_ns() - self._now_ns())

    def _settle(self, hosts: Hosts) -> None:
        """Have lines to what there is now, and no others."""
        found = {self._key(place): place for place in places(hosts, self._balance)}
        lines: dict[object, list[Line]] = {}
        for line in self.lines:
            key = self._key(line.place)
            if key in found:
                lines.setdefault(key, []).append(line)
                line.move(found[key])
        gone = [line for line in self.lines if self._key(line.place) not in found]
        began = bool(self.lines)
        for key, place in found.items():
            lines.setdefault(key, [self._line(place) for _ in range(self._connections)])
        # In turn, so that requests in a row go to different servers.
        self.lines = [lines[key][turn] for turn in range(self._connections) for key in found]
        self._ready = []
        self._failure = ""
        self._retired = [line for line in self._retired if line.alive] + gone
        for line in gone:
            line.retire()
        for line in self.lines if began else ():
            line.wake()
        waiting = tuple(self._waiting)
        self._waiting.clear()
        for call in waiting:
            self.renew(call)
            self.start(call)

    def _key(self, place: Place) -> object:
        """Return what makes two places the same before and after a look-up."""
        return PICK_FIRST if self._balance == PICK_FIRST else place[0]

    def _line(self, place: Place) -> Line:
        self._made += 1
        return Line(
            self._route,
            place,
            self._made - 1,
            self,
            chance=self._chance,
            now_ns=self._now_ns,
        )
