"""The wire of our own for HTTP/1.1, as the sender knows it: requests by POST, answers whole.

What it knows: an `Endpoint`, deadlines, and the seam (`sending.channel`) whose `Channel` it is.
What it must not know: sockets, what a body means, and which request is due.

Rules, beside the seam's.

- A method is a path, to which the payload is posted; ``GET /path`` asks for it without a body.
- An answer of 2xx is OK, its content the response, its header fields the trailers; what any other
  means is `answer`'s affair.
- A request that is given up, or whose deadline passes, ends its connection: HTTP/1.1 has no other
  way to say so.
- `Endpoint.connections` is how many there may be to each address; they are opened as requests need
  them.
"""

import asyncio
import random
import time
from collections.abc import Callable

from eiload.base.alarm import alarm_of
from eiload.base.status import Status
from eiload.sending.channel import Landing, nobody
from eiload.sending.endpoint import Endpoint, Pairs
from eiload.sending.http1.answer import Answer, ErrorNames
from eiload.sending.http1.exchange import Exchange, Failure
from eiload.sending.http1.heads import Heads
from eiload.sending.http1.pool import Pool
from eiload.sending.http1.site import ALPN
from eiload.sending.net.address import LookUp, ServerName, parse_name, resolve
from eiload.sending.net.deadlines import Deadlines
from eiload.sending.net.late import TOO_LATE, too_late
from eiload.sending.net.route import MAX_ANSWER_BYTES, route_of

__all__ = ["Http1Channel"]


class Http1Request(Exchange):
    """A request that was started."""

    channel: "Http1Channel | None" = None
    """None once it has landed."""
    trailers = False
    began_ns = 0
    timeout_ns = 0
    deadline_ns = 0
    """0 for one that never could be sent."""
    landed: Callable[[Landing], None]

    def cancel(self) -> None:
        """Have it land as UNFINISHED, unless it has landed."""
        if self.channel is not None:
            self.channel.give_up(self, Status.UNFINISHED, "", 0)


class Http1Channel:
    """The way to one target.

    Args:
        endpoint: where and how to call.
        max_answer_bytes: the largest answer that is taken; RESOURCE_EXHAUSTED beyond.
        now_ns: the clock, ns, monotonic.
        look_up: finds a target's addresses.
        seed: for the factor of chance in the waits between attempts to connect.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        max_answer_bytes: int = MAX_ANSWER_BYTES,
        now_ns: Callable[[], int] = time.monotonic_ns,
        look_up: LookUp = resolve,
        seed: int | None = None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._endpoint = endpoint
        self._now_ns = now_ns
        self._alarm = alarm_of(self._loop, self._ring)
        self._deadlines: Deadlines[Http1Request] = Deadlines(self._alarm.set, self._expired)
        self._names = ErrorNames(
            endpoint.error_field, {name: Status(number) for name, number in endpoint.error_names}
        )
        self.pool: Pool | None = None
        """None if there cannot be one."""
        self._useless = ""
        """Why there is none; empty unless there is none."""
        try:
            target = parse_name(endpoint.address)
            route = route_of(endpoint, target, max_answer_bytes, ALPN)
        except (OSError, ValueError) as error:
            self._useless = str(error)
            return
        authority = endpoint.authority or _host(target, secure=route.tls is not None)
        self._heads = Heads(authority, (*endpoint.headers, *endpoint.metadata))
        self.pool = Pool(
            route,
            target,
            endpoint.balance,
            endpoint.connections,
            over=self._over,
            chance=random.Random(seed),  # noqa: S311  # spreads attempts, guards nothing
            now_ns=now_ns,
            look_up=look_up,
        )

    def __repr__(self) -> str:
        """Tell its state, for tests and logs."""
        return f"<Http1Channel {self._endpoint.address}, {len(self._deadlines)} in flight>"

    def start(
        self,
        payload: bytes,
        landed: Callable[[Landing], None],
        *,
        method: str = "",
        deadline_ns: int = 0,
        trailers: bool = False,
        headers: bytes = b"",
    ) -> Http1Request:
        """Begin to send one request; see `sending.channel.Channel`."""
        began_ns = self._now_ns()
        timeout_ns = deadline_ns or self._endpoint.deadline_ns
        try:
            pool = self.pool
            if pool is None:
                raise ValueError(self._useless)
            head = self._heads.head(method or self._endpoint.method, len(payload), headers)
        except ValueError as error:
            request = Http1Request(_NO_HEAD, b"")
            request.channel, request.landed = self, landed
            status = Status.UNAVAILABLE if self._useless else Status.INTERNAL
            self._loop.call_soon(self._over, request, Failure(status, str(error)), began_ns)
            return request
        request = Http1Request(head, payload)
        request.channel, request.landed, request.trailers = self, landed, trailers
        request.began_ns = began_ns
        request.timeout_ns = timeout_ns
        request.deadline_ns = began_ns + timeout_ns
        self._deadlines.add(request)
        pool.start(request)
        return request

    def close(self) -> None:
        """Close all connections; what is in flight lands as UNAVAILABLE."""
        if self.pool is not None:
            self.pool.close()
        self._alarm.close()

    # -- how requests end ------------------------------------------------------------------------

    def _over(self, exchange: Exchange, found: Answer | Failure, now_ns: int) -> None:
        """Land a request that is over."""
        assert isinstance(exchange, Http1Request)
        if exchange.channel is None:
            return
        self._deadlines.discard(exchange)
        if exchange.deadline_ns and now_ns > exchange.deadline_ns:
            # It came while the loop was late to look at the clock; nobody waited for it.
            self._land(exchange, Status.DEADLINE_EXCEEDED, TOO_LATE, now_ns)
        elif isinstance(found, Failure):
            self._land(exchange, found.status, found.detail, now_ns)
        else:
            status, detail = found.status(self._names)
            self._land(exchange, status, detail, now_ns, found)

    def give_up(self, request: Http1Request, status: Status, detail: str, now_ns: int) -> None:
        """Land a request that is not over; its connection ends."""
        self._deadlines.discard(request)
        carrier, request.carrier = request.carrier, None
        if carrier is not None:
            carrier.drop(request)
        self._land(request, status, detail, now_ns)

    def _land(
        self,
        request: Http1Request,
        status: Status,
        detail: str,
        done_ns: int,
        answer: Answer | None = None,
    ) -> None:
        landed, request.landed = request.landed, nobody
        request.channel = request.carrier = None
        flags, address = request.flags, request.address
        told: Pairs = ()
        waited_ns = max(0, request.sent_ns - request.began_ns) if flags else 0
        content = b""
        if answer is not None:
            content = answer.content if status is Status.OK else b""
            answered_by = self._endpoint.answered_by
            pairs = answer.pairs if request.trailers or answered_by else ()
            told = pairs if request.trailers else ()
            address = dict(pairs).get(answered_by, "") or address
        landed(
            Landing(
                status, request.sent_ns, done_ns, detail, content, told, request.written_ns,
                request.first_byte_ns, waited_ns, flags, address,
            )
        )  # fmt: skip

    # -- deadlines -------------------------------------------------------------------------------

    def _expired(self, request: Http1Request) -> None:
        detail = too_late(request.come_bytes, begun=bool(request.first_byte_ns))
        self.give_up(request, Status.DEADLINE_EXCEEDED, detail, self._now_ns())

    def _ring(self) -> None:
        self._deadlines.ring(self._now_ns())


_NO_HEAD = Heads("none", ()).head("GET /", 0)
"""Of requests that cannot be sent."""


def _host(target: ServerName, *, secure: bool) -> str:
    """Return what ``Host`` says: the name and the port, that of the scheme left out (9110, 7.2)."""
    if not target.hosts:
        return target.authority
    host, port = target.hosts[0]
    shown = f"[{host}]" if ":" in host else host
    return shown if port == (443 if secure else 80) else f"{shown}:{port}"
