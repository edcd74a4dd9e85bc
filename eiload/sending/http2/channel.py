"""The wire of our own, as the sender knows it: unary gRPC over as many connections as asked for.

What it knows: an `Endpoint`, deadlines, and the seam (`sending.channel`) whose `Channel` it is.
What it must not know: sockets, HTTP/2, and which request is due.

Strategy.

- Requests go over the lines of a `pool`.
- What is the same for all requests is made once: header blocks, and compressed messages as long as
  they come round.
- A request's deadline is kept here: at that instant it lands, wherever it has got to.
- A request leaves nothing behind: its callback is let go of when it lands.
"""

import asyncio
import random
import time
from collections.abc import Callable

from eiload.base.alarm import alarm_of
from eiload.base.status import Status
from eiload.sending.channel import Landing, nobody
from eiload.sending.endpoint import Endpoint
from eiload.sending.http2.call import Call
from eiload.sending.http2.grpc import CallOutcome
from eiload.sending.http2.heads import Heads, Packer
from eiload.sending.http2.pool import Pool
from eiload.sending.net.address import LookUp, parse_name, resolve
from eiload.sending.net.deadlines import Deadlines
from eiload.sending.net.late import TOO_LATE, too_late
from eiload.sending.net.route import MAX_ANSWER_BYTES, named, route_of
from eiload.sending.proxies import forgotten

__all__ = ["Http2Channel"]


class HttpRequest(Call):
    """A request that was started."""

    channel: "Http2Channel | None" = None
    """None once it has landed."""
    method = ""
    began_ns = 0
    timeout_ns = 0
    deadline_ns = 0
    """0 for one that never could be sent."""
    landed: Callable[[Landing], None]

    def cancel(self) -> None:
        """Have it land as UNFINISHED, unless it has landed."""
        if self.channel is not None:
            self.channel.give_up(self, CallOutcome(Status.UNFINISHED), 0)


class Http2Channel:
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
        self._metadata = endpoint.metadata
        self._now_ns = now_ns
        self._alarm = alarm_of(self._loop, self._ring)
        self._deadlines: Deadlines[HttpRequest] = Deadlines(self._alarm.set, self._expired)
        self._packer = Packer(endpoint.compression)
        self.pool: Pool | None = None
        """None if there cannot be one."""
        self._useless = ""
        """Why there is none; empty unless there is none."""
        try:
            target = parse_name(endpoint.address)
            route = route_of(endpoint, target, max_answer_bytes)
        except (OSError, ValueError) as error:
            self._useless = str(error)
            return
        authority = endpoint.authority or named(endpoint) or target.authority
        self._heads = Heads(
            authority, secure=route.tls is not None, compression=endpoint.compression
        )
        self.pool = Pool(
            route,
            target,
            endpoint.balance,
            endpoint.connections,
            over=self._over,
            renew=self._renew,
            chance=random.Random(seed),  # noqa: S311  # spreads attempts, guards nothing
            now_ns=now_ns,
            look_up=look_up,
        )

    def __repr__(self) -> str:
        """Tell its state, for tests and logs."""
        return f"<Http2Channel {self._endpoint.address}, {len(self._deadlines)} in flight>"

    def start(
        self,
        payload: bytes,
        landed: Callable[[Landing], None],
        *,
        method: str = "",
        deadline_ns: int = 0,
        trailers: bool = False,
        headers: bytes = b"",
    ) -> HttpRequest:
        """Begin to send one request; see `sending.channel.Channel`."""
        del trailers, headers  # the one are always told, the other are HTTP/1.1's
        began_ns = self._now_ns()
        timeout_ns = deadline_ns or self._endpoint.deadline_ns
        method = method or self._endpoint.method
        try:
            pool = self.pool
            if pool is None:
                raise ValueError(self._useless)
            head = self._heads.block(method, self._metadata, timeout_ns)
            prefix, message = self._packer.packed(payload)
        except ValueError as error:
            request = self._request(b"", b"", b"", landed)
            status = Status.UNAVAILABLE if self._useless else Status.INTERNAL
            self._loop.call_soon(self._over, request, CallOutcome(status, str(error)), began_ns)
            return request
        request = self._request(head, prefix, message, landed)
        request.method = method
        request.began_ns = began_ns
        request.timeout_ns = timeout_ns
        request.deadline_ns = began_ns + timeout_ns
        self._deadlines.add(request)
        pool.start(request)
        return request

    def _request(
        self, head: bytes, prefix: bytes, message: bytes, landed: Callable[[Landing], None]
    ) -> HttpRequest:
        request = HttpRequest(head, prefix, message)
        request.channel = self
        request.landed = landed
        return request

    def close(self) -> None:
        """Close all connections; what is in flight lands as UNAVAILABLE."""
        if self.pool is not None:
            self.pool.close()
        self._alarm.close()

    # -- how requests end ------------------------------------------------------------------------

    def _over(self, call: Call, outcome: CallOutcome, now_ns: int) -> None:
        """Land a request that is over."""
        assert isinstance(call, HttpRequest)
        if call.channel is None:
            return
        self._deadlines.discard(call)
        if call.deadline_ns and now_ns > call.deadline_ns:
            # It came while the loop was late to look at the clock; nobody waited for it.
            outcome = _TOO_LATE
        self._land(call, outcome, now_ns)

    def give_up(self, request: HttpRequest, outcome: CallOutcome, now_ns: int) -> None:
        """Land a request that is not over; the server is told if it has seen it."""
        self._deadlines.discard(request)
        if self.pool is not None:
            self.pool.drop(request)
        self._land(request, outcome, now_ns)

    def _land(self, request: HttpRequest, outcome: CallOutcome, done_ns: int) -> None:
        landed, request.landed = request.landed, nobody
        request.channel = request.line = None
        status, detail, message, metadata = outcome
        flags = request.flags
        waited_ns = max(0, request.sent_ns - request.began_ns) if flags else 0
        landed(
            Landing(
                status, request.sent_ns, done_ns, detail, message, metadata, request.written_ns,
                request.first_byte_ns, waited_ns, flags, request.address,
            )
        )  # fmt: skip

    # -- deadlines -------------------------------------------------------------------------------

    def _renew(self, call: Call) -> None:
        """Have a request that has waited say how little time the server has left."""
        assert isinstance(call, HttpRequest)
        left_ns = max(1, call.deadline_ns - self._now_ns())
        call.head = self._heads.block(call.method, self._metadata, left_ns)

    def _expired(self, request: HttpRequest) -> None:
        text = too_late(len(request.body), begun=bool(request.first_byte_ns))
        conversation = request.conversation
        asked = self._endpoint.keep_alive is not None
        if conversation is not None and request.sent_ns and not asked:
            text = forgotten(TOO_LATE) if conversation.silent(request.sent_ns) else text
        self.give_up(request, CallOutcome(Status.DEADLINE_EXCEEDED, text), self._now_ns())

    def _ring(self) -> None:
        self._deadlines.ring(self._now_ns())


_TOO_LATE = CallOutcome(Status.DEADLINE_EXCEEDED, TOO_LATE)
