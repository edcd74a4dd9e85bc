"""Calls over both wires, ours and gRPC's own, and servers on loopback that do as a test wants."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any

import grpc
import grpc.aio
import h2.config
import h2.connection
import h2.events
import uvloop

from eiload.base.clock import NS_PER_S
from eiload.base.status import Status
from eiload.sending.channel import Landing
from eiload.sending.endpoint import CHANNEL_OPTIONS, Endpoint
from eiload.sending.http2.channel import Http2Channel
from eiload.sending.http2.line import Line
from tests.grpc_servers import grpc_server, raw_server

METHOD = "/tests.Service/Method"
MS = 1_000_000


def endpoint(address: str | int, **fields: Any) -> Endpoint:
    """Return an endpoint; a number is a port of 127.0.0.1."""
    where = f"127.0.0.1:{address}" if isinstance(address, int) else address
    return Endpoint(**{"address": where, "method": METHOD, "deadline_ns": 120 * NS_PER_S, **fields})


def run(main: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Run a test's coroutine on the loop that the sender has."""
    return uvloop.run(main())


@contextlib.asynccontextmanager
async def opened(where: Endpoint | str | int, **options: Any) -> AsyncIterator[Http2Channel]:
    """Have a channel for the length of a block."""
    channel = Http2Channel(where if isinstance(where, Endpoint) else endpoint(where), **options)
    try:
        yield channel
    finally:
        channel.close()


async def land(channel: Http2Channel, payload: bytes = b"", **options: Any) -> Landing:
    """Start a request and wait until it has landed."""
    loop = asyncio.get_running_loop()
    landed: asyncio.Future[Landing] = loop.create_future()
    channel.start(payload, landed.set_result, **options)
    return await landed


def line_of(channel: Http2Channel, number: int = 0) -> Line:
    """Return a line of a channel."""
    assert channel.pool is not None
    return channel.pool.lines[number]


def ours(where: Endpoint, payload: bytes = b"", **options: Any) -> Landing:
    """Make one call over our wire."""

    async def main() -> Landing:
        async with opened(where) as channel:
            return await land(channel, payload, **options)

    landing: Landing = run(main)
    return landing


def grpcios(where: Endpoint, payload: bytes = b"", **options: Any) -> Landing:
    """Make the same call over gRPC's own stack."""

    async def main() -> Landing:
        if where.tls is None:
            channel = grpc.aio.insecure_channel(where.address, options=CHANNEL_OPTIONS)
        else:
            texts = (text.encode() if text else None for text in where.tls)
            credentials = grpc.ssl_channel_credentials(*texts)
            channel = grpc.aio.secure_channel(where.address, credentials, options=where.options)
        async with channel:
            gzip = grpc.Compression.Gzip if where.compression == "gzip" else None
            stub: Any = channel.unary_unary(options.get("method") or where.method, None, None)
            call = stub(
                payload,
                timeout=(options.get("deadline_ns") or where.deadline_ns) / NS_PER_S,
                metadata=where.metadata,
                compression=gzip,
            )
            response = b""
            with contextlib.suppress(grpc.aio.AioRpcError):
                response = await call
            status = Status((await call.code()).value[0])
            trailers = tuple((key, value) for key, value in await call.trailing_metadata())
            return Landing(status, 1, 1, await call.details() or "", response, trailers)

    landing: Landing = run(main)
    return landing


def echo(request: bytes, context: grpc.ServicerContext) -> bytes:
    """Answer with the request."""
    del context
    return request


@contextlib.contextmanager
def echoing(**options: Any) -> Iterator[int]:
    """Serve; yield the port."""
    with grpc_server({METHOD: echo}, **options) as port:
        yield port


async def land_all(channel: Http2Channel, payloads: list[bytes]) -> list[Landing]:
    """Start requests at once; return how they landed."""
    return await asyncio.gather(*(land(channel, payload) for payload in payloads))


class Scripted:
    """A server on one connection, by h2, that does as a script says."""

    def __init__(self, connection: socket.socket, **settings: int) -> None:
        config = h2.config.H2Configuration(client_side=False, header_encoding="utf-8")
        self.socket = connection
        self.h2 = h2.connection.H2Connection(config)
        codes = {getattr(h2.settings.SettingCodes, name): value for name, value in settings.items()}
        self.h2.local_settings = h2.settings.Settings(client=False, initial_values=codes)
        self.h2.initiate_connection()
        self.send()
        self._events: list[h2.events.Event] = []

    def send(self, more: bytes = b"") -> None:
        """Send what h2 has to say, and `more` bytes as they are."""
        self.socket.sendall(self.h2.data_to_send() + more)

    def wait(self, kind: type[Any]) -> Any:
        """Return the next event of a kind; others before it are dropped.

        Raises:
            ConnectionError: the client has gone.
        """
        while True:
            while self._events:
                event = self._events.pop(0)
                if isinstance(event, h2.events.DataReceived) and event.flow_controlled_length:
                    self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                if isinstance(event, kind):
                    self.send()
                    return event
            self.send()
            data = self.socket.recv(1 << 16)
            if not data:
                raise ConnectionError("the client has gone")
            self._events = list(self.h2.receive_data(data))

    def request(self) -> int:
        """Wait for a whole request; return its stream."""
        stream: int = self.wait(h2.events.StreamEnded).stream_id
        return stream

    def answer(self, stream: int, message: bytes = b"answer") -> None:
        """Answer OK."""
        self.h2.send_headers(stream, START)
        self.h2.send_data(stream, b"\0" + len(message).to_bytes(4, "big") + message)
        self.h2.send_headers(stream, OK, end_stream=True)
        self.send()


START = [(":status", "200"), ("content-type", "application/grpc")]
OK = [("grpc-status", "0")]


@contextlib.contextmanager
def scripted(behave: Callable[[Scripted], None], **settings: int) -> Iterator[int]:
    """Serve each connection by a script; yield the port."""

    def serve(connection: socket.socket) -> None:
        with contextlib.suppress(ConnectionError, h2.exceptions.ProtocolError):
            behave(Scripted(connection, **settings))

    with raw_server(serve) as port:
        yield port
