"""Attempts to connect: what they meet, how they are paced, what requests hear of it."""

import asyncio
import socket
import time

from eiload.base.status import Status
from eiload.sending.net.route import CONNECT_NS
from tests.grpc_servers import closed_port, raw_server, silent
from tests.sending.http2.calls import (
    MS,
    Scripted,
    echoing,
    endpoint,
    land,
    line_of,
    opened,
    ours,
    run,
    scripted,
)


def test_a_server_that_comes_late_is_found() -> None:
    """Connecting goes on by itself, with pauses; meanwhile requests fail at once, and say why."""
    port = closed_port()

    async def main() -> None:
        async with opened(port) as channel:
            first = await land(channel)
            began_ns = time.monotonic_ns()
            second = await land(channel)
            assert first.status is second.status is Status.UNAVAILABLE
            assert first.detail == second.detail
            assert second.done_ns - began_ns < CONNECT_NS // 10
            assert repr(line_of(channel)) == "<Line 0 failing, 0 waiting>"
            with echoing(address=f"127.0.0.1:{port}"):
                while (landing := await land(channel, b"x")).status is Status.UNAVAILABLE:
                    await asyncio.sleep(0.02)
                assert landing.response == b"x"

    run(main)


def test_a_server_that_ends_every_connection_is_not_stormed() -> None:
    """A connection that was of no use is followed by a pause."""
    lives: list[float] = []

    def behave(server: Scripted) -> None:
        lives.append(time.monotonic())
        server.request()

    async def main(port: int) -> None:
        async with opened(port) as channel:
            until = time.monotonic() + 1
            while time.monotonic() < until:
                assert (await land(channel)).status is Status.UNAVAILABLE
                await asyncio.sleep(0.001)

    with scripted(behave) as port:
        run(lambda: main(port))
    assert 2 <= len(lives) <= 8


def test_a_silent_server_fails_when_connecting_has_taken_too_long() -> None:
    """It accepts and says nothing: the reason is told, and it is the connection's."""

    async def main(port: int) -> None:
        async with opened(endpoint(port, connect_ns=300 * MS)) as channel:
            landing = await land(channel)
            assert landing.status is Status.UNAVAILABLE
            assert landing.detail == "failed to connect: connected, no HTTP/2 SETTINGS in 0.3 s"

    with raw_server(silent) as port:
        run(lambda: main(port))


def test_a_deadline_holds_while_connecting() -> None:
    """It counts from the start, whatever the request waits for."""
    with raw_server(silent) as port:
        landing = ours(endpoint(port, deadline_ns=100 * MS))
    assert (landing.status, landing.detail) == (Status.DEADLINE_EXCEEDED, "Deadline Exceeded")
    assert landing.sent_ns == 0


def test_a_server_that_greets_and_breaks() -> None:
    """SETTINGS and rubbish in one breath: that is no connection."""
    garbage = b"\xff" * 100

    def behave(server: Scripted) -> None:
        server.send(garbage)
        server.socket.recv(1000)

    def behave_at_once(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(b"\0\0\0\4\0\0\0\0\0" + garbage)
        connection.recv(1000)

    with raw_server(behave_at_once) as port:
        landing = ours(endpoint(port))
    assert landing.status is Status.UNAVAILABLE
    assert landing.detail.startswith("failed to connect: the server breaks HTTP/2: a frame of")
    assert landing.sent_ns == 0
    with scripted(behave) as port:
        assert ours(endpoint(port)).status is Status.UNAVAILABLE
