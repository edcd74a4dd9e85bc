"""Ports: opened, taken, closed with what is connected."""

import asyncio
import contextlib
import socket
from pathlib import Path

import pytest

from eiload.base.clock import SystemClock
from eiload.base.errors import ScenarioError
from eiload.server.http.exchange import Asked, Ended
from eiload.server.http.listener import Listener


def never(_asked: Asked, _ended: Ended) -> None:
    """Answer nothing."""


def test_closing_ends_what_is_connected() -> None:
    """Requests under way, too; its repr counts connections."""

    async def run() -> None:
        listener = Listener(never, SystemClock(), "emulated x")
        port = await listener.listen("127.0.0.1", 0)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        while repr(listener) != "<Listener 'emulated x', 1 connected>":
            await asyncio.sleep(0.001)
        listener.close()
        with contextlib.suppress(ConnectionError):
            assert await asyncio.wait_for(reader.read(), 120) == b""
        writer.close()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)

    asyncio.run(run())


def test_a_port_that_is_taken_is_said() -> None:
    """By its address."""

    async def run(port: int) -> None:
        await Listener(never, SystemClock(), "x").listen("127.0.0.1", port)

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ScenarioError, match=rf"^cannot listen on 127.0.0.1:{port}: "):
            asyncio.run(run(port))


def test_a_socket_of_the_file_system(tmp_path: Path) -> None:
    """`--host unix:PATH`."""

    async def run() -> None:
        listener = Listener(never, SystemClock(), "x")
        assert await listener.listen(f"unix:{tmp_path}/x.sock", 0) == 0
        _, writer = await asyncio.open_unix_connection(f"{tmp_path}/x.sock")
        writer.close()
        listener.close()

    asyncio.run(run())
