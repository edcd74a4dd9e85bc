"""A channel by gRPC's own stack (the `grpcio` package): `channel`'s rules in terms of `grpc.aio`.

What it knows: grpc.aio. What it must not know: which request is due, what its answer is for.

Each request is a task; instants are stamped right around the call. No serialisers: bytes go out and
come back as they are. gRPC tells neither when a request's last byte was written nor when the first
of the answer came. Its errors are translated here and nowhere else.
"""

import asyncio
import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from time import monotonic_ns as now_ns
from typing import Any

import grpc
import grpc.aio

from eiload.base.clock import NS_PER_MS, NS_PER_S
from eiload.base.status import Status
from eiload.sending.channel import Landing
from eiload.sending.endpoint import Endpoint
from eiload.sending.proxies import IDLE_NS, forgotten, of_text, with_size

__all__ = ["GrpcioChannel"]

RESOLUTIONS_MS = 10_000
"""How soon a name may be looked up again when a connection is lost; gRPC itself waits for 30 s. It
looks at no other time."""

Trailers = tuple[tuple[str, str | bytes], ...]
Options = tuple[tuple[str, int | str], ...]
Stub = Callable[..., grpc.aio.UnaryUnaryCall[bytes, bytes]]


class GrpcioChannel:
    """The way to one target: a gRPC channel for each connection, used in turn."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._loop = asyncio.get_running_loop()
        self._method = endpoint.method
        self._deadline_s = endpoint.deadline_ns / NS_PER_S
        self._metadata = endpoint.metadata
        self._compression = grpc.Compression.Gzip if endpoint.compression == "gzip" else None
        self._channels = [_connection(endpoint) for _ in range(endpoint.connections)]
        self._asks = endpoint.keep_alive is not None
        self._heard_ns = 0
        """When an answer came last, over any of its connections; 0 until then."""
        self._stubs: dict[str, Iterator[Stub]] = {}

    def start(
        self,
        payload: bytes,
        landed: Callable[[Landing], None],
        *,
        method: str = "",
        deadline_ns: int = 0,
        trailers: bool = False,
        headers: bytes = b"",
    ) -> "_Request":
        """Begin to send one request (`channel.Channel.start`)."""
        del headers  # HTTP/1.1's
        request = _Request(landed)
        deadline_s = deadline_ns / NS_PER_S if deadline_ns else self._deadline_s
        made = self._make(request, payload, method or self._method, deadline_s, trailers)
        request.task = self._loop.create_task(made)
        request.task.add_done_callback(request.done)
        return request

    async def _make(
        self, request: "_Request", payload: bytes, method: str, deadline_s: float, trailers: bool
    ) -> Landing:
        """Make one call and return what became of it."""
        try:
            stub = next(self._stubs.get(method) or self._stubs_of(method))
            request.sent_ns = now_ns()
            call = stub(
                payload,
                timeout=deadline_s,
                metadata=self._metadata,
                compression=self._compression,
            )
            response = await call
            done_ns = now_ns()
            self._heard_ns = done_ns
            told = _pairs(await call.trailing_metadata()) if trailers else ()
            return Landing(Status.OK, request.sent_ns, done_ns, "", response, told)
        except grpc.aio.AioRpcError as error:
            done_ns, status = now_ns(), Status(error.code().value[0])
            told = _pairs(error.trailing_metadata()) if trailers else ()
            detail = with_size(of_text(_one_text(error.details() or "")), len(payload))
            if status is Status.DEADLINE_EXCEEDED:
                detail = self._late(detail, request.sent_ns)
            elif status is not Status.UNAVAILABLE:
                self._heard_ns = done_ns
            return Landing(status, request.sent_ns, done_ns, detail, b"", told)
        except asyncio.CancelledError:
            if request.cancelled:
                raise  # `_Request.done` has it land as unfinished
            status, detail = Status.CANCELLED, "the call was cancelled inside the client"
        except Exception as error:  # whatever gRPC raises, the request must not vanish
            status, detail = Status.INTERNAL, f"client: {type(error).__name__}: {error}"
        return Landing(status, request.sent_ns, now_ns(), detail)

    def _late(self, detail: str, sent_ns: int) -> str:
        """Return the text of a deadline, with what to try where nothing is heard any more."""
        heard_ns = self._heard_ns
        idle = heard_ns and sent_ns - heard_ns >= IDLE_NS
        return forgotten(detail) if idle and not self._asks else detail

    def _stubs_of(self, method: str) -> Iterator[Stub]:
        """Return what calls `method`, on one channel after the other."""
        stubs = [channel.unary_unary(method, None, None) for channel in self._channels]
        self._stubs[method] = itertools.cycle(stubs)
        return self._stubs[method]


class _Request:
    """A request that was started."""

    __slots__ = ("cancelled", "landed", "sent_ns", "task")

    task: asyncio.Task[Landing]

    def __init__(self, landed: Callable[[Landing], None]) -> None:
        self.landed = landed
        self.sent_ns = 0
        self.cancelled = False

    def cancel(self) -> None:
        """Have it land as UNFINISHED, unless it has landed."""
        self.cancelled = True
        self.task.cancel()

    def done(self, task: asyncio.Task[Landing]) -> None:
        """Land."""
        if task.cancelled():
            self.landed(Landing(Status.UNFINISHED, self.sent_ns))
        else:
            self.landed(task.result())


def _connection(endpoint: Endpoint) -> grpc.aio.Channel:
    options = _options(endpoint)
    if endpoint.tls is None:
        return grpc.aio.insecure_channel(endpoint.address, options=options)
    credentials = grpc.ssl_channel_credentials(
        *(part.encode("latin-1") if part is not None else None for part in endpoint.tls)
    )
    return grpc.aio.secure_channel(endpoint.address, credentials, options=options)


def _options(endpoint: Endpoint) -> Options:
    """Return what an endpoint says, in gRPC's words (grpc_types.h, service_config.proto)."""
    options = dict(endpoint.options)
    options["grpc.enable_retries"] = int(endpoint.retries)
    options["grpc.dns_min_time_between_resolutions_ms"] = RESOLUTIONS_MS
    policy: dict[str, dict[str, str]] = {endpoint.balance: {}}
    options["grpc.service_config"] = json.dumps({"loadBalancingConfig": [policy]})
    if endpoint.authority:
        options["grpc.default_authority"] = endpoint.authority
    if endpoint.connect_ns:
        # What it is called is not all it does: no attempt is given up before (subchannel.cc).
        options["grpc.min_reconnect_backoff_ms"] = max(1, endpoint.connect_ns // NS_PER_MS)
    if endpoint.keep_alive is not None:
        after_ns, patience_ns = endpoint.keep_alive
        options["grpc.keepalive_time_ms"] = after_ns // NS_PER_MS
        options["grpc.keepalive_timeout_ms"] = patience_ns // NS_PER_MS
        # gRPC 1.85 gives a connection up by this one (a minute, unless it is said), not by that.
        options["grpc.http2.ping_timeout_ms"] = patience_ns // NS_PER_MS
        # A long answer is silence, too: after two PINGs without data gRPC would ask no more.
        options["grpc.http2.max_pings_without_data"] = 0
        options["grpc.keepalive_permit_without_calls"] = 1
    return tuple(options.items())


def _pairs(metadata: Iterable[Any] | None) -> Trailers:
    return tuple((key, value) for key, value in metadata or ())


def _one_text(detail: str) -> str:
    """Return gRPC's words for a deadline without what it was found at: one failure, one text."""
    return _DEADLINE if detail.endswith(f"({_DEADLINE})") else detail


_DEADLINE = "Deadline Exceeded"
