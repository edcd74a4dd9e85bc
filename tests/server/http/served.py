"""HTTP servers for tests: real ones on loopback, in a thread of this process."""

import asyncio
import contextlib
import http.client
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import uvloop

from eiload.base.clock import SystemClock
from eiload.server.backend import Shared
from eiload.server.http.exchange import Handler
from eiload.server.http.listener import Listener
from eiload.server.release import Releases

__all__ = ["KIND", "asked", "posted", "serving"]

KIND = "emulated test"

Make = Callable[[Shared], Awaitable[Handler]]


@contextlib.contextmanager
def serving(make: Make | Handler, *, idle_s: float | None = None) -> Iterator[str]:
    """Serve what a function makes on the loop, or a handler that is there; give HOST:PORT."""
    address: list[str] = []
    up = threading.Event()
    loops: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []
    failed: list[BaseException] = []

    async def serve() -> None:
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        loops.append((loop, stop))
        clock = SystemClock()
        async with AsyncExitStack() as stack:
            releases = Releases(loop, clock)
            stack.callback(releases.close)
            made: Any = make
            if asyncio.iscoroutinefunction(make):
                made = await make(Shared(clock, releases, stack))
            listener = Listener(made, clock, KIND, idle_s=idle_s)
            stack.callback(listener.close)
            address.append(f"127.0.0.1:{await listener.listen('127.0.0.1', 0)}")
            up.set()
            await stop.wait()

    def run() -> None:
        try:
            uvloop.run(serve())
        except BaseException as error:
            failed.append(error)
            raise
        finally:
            up.set()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert up.wait(120)
    assert not failed, failed
    try:
        yield address[0]
    finally:
        loop, stop = loops[0]
        loop.call_soon_threadsafe(stop.set)
        thread.join(120)


def asked(
    address: str, method: str, path: str, body: bytes | None = None, **headers: str
) -> tuple[http.client.HTTPResponse, bytes]:
    """Return an answer and its body; a header's underscores are dashes."""
    connection = http.client.HTTPConnection(address, timeout=120)
    with contextlib.closing(connection):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, named)
        answer = connection.getresponse()
        return answer, answer.read()


def posted(
    address: str, path: str, body: bytes, content_type: str = "application/json", **headers: str
) -> tuple[http.client.HTTPResponse, bytes]:
    """Return the answer to a POST and its body."""
    return asked(address, "POST", path, body, Content_Type=content_type, **headers)
