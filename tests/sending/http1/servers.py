"""Servers of HTTP/1.1 on loopback, in the test's own loop, that do as a test wants."""

import asyncio
import contextlib
import itertools
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from typing import Any

import uvloop

from eiload.base.clock import NS_PER_S
from eiload.sending.channel import Landing
from eiload.sending.endpoint import HTTP1, Endpoint
from eiload.sending.http1.channel import Http1Channel
from tests.grpc_servers import raw_server

PATH = "/v1/models/ssd:predict"
PATIENCE_S = 60.0


class Peer:
    """One connection, as a server has it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int):
        self.reader = reader
        self.writer = writer
        self.number = number
        """Which connection of the server's it is, from 0 on."""

    async def request(self) -> tuple[bytes, bytes]:
        """Return the next request's head and body.

        Raises:
            asyncio.IncompleteReadError: the client has gone.
        """
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        return head, await self.reader.readexactly(length)

    async def say(self, data: bytes) -> None:
        """Send bytes."""
        self.writer.write(data)
        await self.writer.drain()

    async def gone(self) -> None:
        """Wait until the client closes the connection."""
        async with asyncio.timeout(PATIENCE_S):
            while await self.reader.read(1 << 16):
                pass


Behave = Callable[[Peer], Awaitable[None]]


def answer(content: bytes = b"", status: str = "200 OK", *fields: str) -> bytes:
    """Return an answer with its length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(content)}", *fields]
    return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n" + content


async def echo(peer: Peer) -> None:
    """Answer each request with its body."""
    while True:
        _, body = await peer.request()
        await peer.say(answer(body))


@contextlib.asynccontextmanager
async def serving(behave: Behave, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Serve each connection by a function, which ends it when it returns; yield the port."""
    made = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal made
        made += 1
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            await behave(Peer(reader, writer, made - 1))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls, limit=1 << 24)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def endpoint(address: str | int, **fields: Any) -> Endpoint:
    """Return an endpoint; a number is a port of 127.0.0.1."""
    where = f"127.0.0.1:{address}" if isinstance(address, int) else address
    told = {"deadline_ns": 120 * NS_PER_S, "connections": 100, "client": HTTP1, **fields}
    return Endpoint(where, PATH, **told)


@contextlib.asynccontextmanager
async def opened(where: Endpoint | str | int, **options: Any) -> AsyncIterator[Http1Channel]:
    """Have a channel for the length of a block."""
    channel = Http1Channel(where if isinstance(where, Endpoint) else endpoint(where), **options)
    try:
        yield channel
    finally:
        channel.close()


async def land(channel: Http1Channel, payload: bytes = b"{}", **options: Any) -> Landing:
    """Start a request and wait until it has landed."""
    landed: asyncio.Future[Landing] = asyncio.get_running_loop().create_future()
    channel.start(payload, landed.set_result, **{"trailers": True, **options})
    async with asyncio.timeout(PATIENCE_S):
        return await landed


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds():
            await asyncio.sleep(0.001)


def run(main: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Run a test's coroutine on the loop that the sender has."""
    return uvloop.run(main())


def stepping(step_ns: int) -> Callable[[], int]:
    """Return a clock that goes on by a step each time that it is asked, however busy we are."""
    return itertools.count(NS_PER_S, step_ns).__next__


def asked(
    behave: Behave,
    payload: bytes = b"{}",
    times: int = 1,
    *,
    now_ns: Callable[[], int] = time.monotonic_ns,
    **fields: Any,
) -> list[Landing]:
    """Send requests one after the other to a server that behaves so; return how they landed."""

    async def main() -> list[Landing]:
        async with (
            serving(behave) as port,
            opened(endpoint(port, **fields), now_ns=now_ns) as channel,
        ):
            return [await land(channel, payload) for _ in range(times)]

    landings: list[Landing] = run(main)
    return landings


@contextlib.contextmanager
def telling(seen: list[bytes]) -> Iterator[int]:
    """Serve in threads, for a sender in a process of its own; yield the port.

    Each request's head is put into `seen`; it is answered with its body.
    """

    def behave(connection: socket.socket) -> None:
        with connection.makefile("rb") as stream:
            while line := stream.readline():
                head = line
                while not head.endswith(b"\r\n\r\n"):
                    head += stream.readline()
                seen.append(head)
                length = int(head.lower().partition(b"content-length: ")[2].split(b"\r")[0] or 0)
                connection.sendall(answer(stream.read(length)))

    with raw_server(behave) as port:
        yield port
