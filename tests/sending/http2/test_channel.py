"""A channel: limits, deadlines, cancelling, addresses, and nothing left behind."""

import asyncio
import contextlib
import gc
import socket
import threading
import time
from pathlib import Path
from typing import Any

import h2.events
import pytest

from eiload.base.clock import NS_PER_S
from eiload.base.status import Status
from eiload.sending.channel import Landing
from eiload.sending.endpoint import KeepAlive
from eiload.sending.http2.channel import Http2Channel
from eiload.sending.result import WAITED_STREAM
from tests.grpc_servers import grpc_server, raw_server, silent
from tests.sending.http2.calls import (
    METHOD,
    MS,
    START,
    Scripted,
    echo,
    echoing,
    endpoint,
    land,
    land_all,
    line_of,
    opened,
    ours,
    run,
    scripted,
)


def test_the_wait_for_a_stream_is_told() -> None:
    """One request at a time: the others wait, and say how long."""
    release = threading.Event()

    def behave(server: Scripted) -> None:
        first = server.request()
        release.wait(20)
        server.answer(first)
        while True:
            server.answer(server.request())

    async def main(port: int) -> None:
        async with opened(port) as channel:
            first = asyncio.ensure_future(land(channel))
            while not line_of(channel)._conversation:
                await asyncio.sleep(0.001)
            second = asyncio.ensure_future(land(channel))
            await asyncio.sleep(0.2)
            assert not second.done()
            release.set()
            landing = await second
            assert landing.status is Status.OK
            assert landing.waited_ns >= 200 * MS
            assert landing.flags == WAITED_STREAM
            assert (await land(channel)).waited_ns == 0
            assert landing.waited_ns <= landing.done_ns - (await first).sent_ns

    with scripted(behave, MAX_CONCURRENT_STREAMS=1) as port:
        run(lambda: main(port))


def test_small_windows_and_frames() -> None:
    """A server that takes 1000 bytes at a time gets all of a request."""

    def behave(server: Scripted) -> None:
        server.answer(server.request(), b"x" * 300_000)
        server.request()

    with scripted(behave, INITIAL_WINDOW_SIZE=1000) as port:
        landing = ours(endpoint(port), bytes(100_000))
    assert landing.status is Status.OK
    assert len(landing.response) == 300_000


def test_an_answer_too_large() -> None:
    """What is over the limit is RESOURCE_EXHAUSTED, and not kept."""

    async def main(port: int) -> None:
        async with opened(port, max_answer_bytes=1000) as channel:
            landing = await land(channel, bytes(2000))
            assert landing.status is Status.RESOURCE_EXHAUSTED
            assert landing.detail == "CLIENT: received message larger than max (over 1000 bytes)"
            assert (await land(channel, bytes(900))).status is Status.OK

    with echoing() as port:
        run(lambda: main(port))


# -- deadlines and cancelling --------------------------------------------------------------------


def test_a_deadline_is_kept_and_told_to_the_server() -> None:
    """DEADLINE_EXCEEDED at the deadline; the server has the time, and is told of the end."""
    seen: list[Any] = []

    def behave(server: Scripted) -> None:
        seen.append(dict(server.wait(h2.events.RequestReceived).headers)["grpc-timeout"])
        seen.append(server.wait(h2.events.StreamReset).error_code)

    async def main(port: int) -> None:
        async with opened(port) as channel:
            began_ns = time.monotonic_ns()
            landing = await land(channel, deadline_ns=300 * MS)
            assert landing.status is Status.DEADLINE_EXCEEDED
            assert 300 * MS <= landing.done_ns - began_ns < 10 * NS_PER_S
            while len(seen) < 2:
                await asyncio.sleep(0.01)

    with scripted(behave) as port:
        run(lambda: main(port))
    left_ns = int(seen[0][:-1]) * {"n": 1, "u": 1000}[seen[0][-1]]
    assert 0 < left_ns <= 300 * MS
    assert seen[1] == h2.errors.ErrorCodes.CANCEL


def test_a_deadline_in_the_middle_of_an_answer() -> None:
    """It is said how much had come, the same over both wires."""

    def behave(server: Scripted) -> None:
        for sent in (5_000, 0):
            stream = server.request()
            server.h2.send_headers(stream, START)
            server.h2.send_data(stream, bytes(sent))
            server.send()
        server.wait(h2.events.ConnectionTerminated)

    async def main(port: int) -> list[str]:
        async with opened(port) as channel:
            both = asyncio.gather(*(land(channel, deadline_ns=3 * NS_PER_S) for _ in range(2)))
            return [f"{landing.status.name}: {landing.detail}" for landing in await both]

    with scripted(behave) as port:
        assert run(lambda: main(port)) == [
            "DEADLINE_EXCEEDED: Deadline Exceeded: at least 4,096 bytes of the answer had come",
            "DEADLINE_EXCEEDED: Deadline Exceeded: no more than the answer's head had come",
        ]


def test_an_answer_after_its_deadline_is_too_late() -> None:
    """Even if it is read before the alarm has rung: the loop was busy."""

    async def main(port: int) -> None:
        async with opened(port) as channel:
            assert (await land(channel)).status is Status.OK
            waiting = asyncio.ensure_future(land(channel, deadline_ns=50 * MS))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            time.sleep(0.3)  # what is tested
            assert (await waiting).status is Status.DEADLINE_EXCEEDED

    with echoing() as port:
        run(lambda: main(port))


def test_cancelled_it_is_unfinished() -> None:
    """At the end of the drain; once it has landed, cancelling changes nothing."""

    async def main(port: int) -> None:
        async with opened(port) as channel:
            landed: list[Landing] = []
            requests = [channel.start(b"x", landed.append) for _ in range(3)]
            while not line_of(channel)._conversation:
                await asyncio.sleep(0.001)
            requests.append(channel.start(b"x", landed.append))
            for request in requests:
                request.cancel()
                request.cancel()
            cancelled.set()
            assert [landing.status for landing in landed] == [Status.UNFINISHED] * 4
            assert [landing.done_ns for landing in landed] == [0] * 4
            assert repr(channel).endswith("0 in flight>")
            assert (await land(channel, b"after", deadline_ns=10 * NS_PER_S)).status is Status.OK

    cancelled = threading.Event()

    def behave(server: Scripted) -> None:
        while True:
            stream = server.wait(h2.events.RequestReceived).stream_id
            if server.wait((h2.events.StreamReset, h2.events.StreamEnded)).stream_id == stream:  # type: ignore[arg-type]
                assert cancelled.wait(60)  # an answer before that would be one in time
                with contextlib.suppress(h2.exceptions.ProtocolError):
                    server.answer(stream)

    with scripted(behave) as port:
        run(lambda: main(port))


# -- keepalive -----------------------------------------------------------------------------------


def test_a_server_that_is_gone_without_a_word_is_noticed() -> None:
    """A PING without an answer ends the connection; one with an answer does not."""

    def deaf(server: Scripted) -> None:
        server.request()
        while server.socket.recv(4096):
            pass

    keep_alive = KeepAlive(after_ns=100 * MS, patience_ns=200 * MS)

    async def main(port: int) -> Landing:
        async with opened(endpoint(port, keep_alive=keep_alive)) as channel:
            return await land(channel)

    with scripted(deaf) as port:
        landing: Landing = run(lambda: main(port))
    assert landing.status is Status.UNAVAILABLE
    assert landing.detail == "keepalive: nothing came in 0.2 s after a PING"

    def slow(server: Scripted) -> None:
        stream = server.request()
        for _ in range(3):
            server.wait(h2.events.PingReceived)
        server.answer(stream)

    with scripted(slow) as port:
        landing = run(lambda: main(port))
    assert landing.status is Status.OK


# -- addresses -----------------------------------------------------------------------------------


def test_a_unix_socket(tmp_path: Path) -> None:
    """GRPC's names for it."""
    path = tmp_path / "socket"
    with grpc_server({METHOD: echo}, address=f"unix:{path}"):
        for address in (f"unix:{path}", f"unix://{path}"):
            assert ours(endpoint(address), b"x").response == b"x"
    assert ours(endpoint(f"unix:{path}.gone")).detail.endswith(".gone: no such file or directory")


def test_ipv6() -> None:
    """Where the machine has it."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    with grpc_server({METHOD: echo}, address="[::1]:0") as port:
        for address in (f"[::1]:{port}", f"ipv6:[::1]:{port}", f"dns:///[::1]:{port}"):
            assert ours(endpoint(address), b"x").response == b"x"


def test_an_address_that_is_none() -> None:
    """A channel is made all the same; its requests say why."""
    landing = ours(endpoint("nonsense:port"))
    assert landing.status is Status.UNAVAILABLE
    assert landing.detail == "not an address, got 'nonsense:port'; expected 'host:port'"


def test_closed_it_lands_what_is_left() -> None:
    """Waiting, or on its way."""

    async def main(port: int) -> None:
        landed: list[Landing] = []
        channel = Http2Channel(endpoint(port))
        channel.start(b"", landed.append)
        channel.close()
        await asyncio.sleep(0.01)
        assert [landing.detail for landing in landed] == ["the channel was closed"]
        channel.start(b"", landed.append)
        await asyncio.sleep(0.01)
        assert [landing.detail for landing in landed] == ["the channel was closed"] * 2

    with raw_server(silent) as port:
        run(lambda: main(port))


@pytest.mark.parametrize("runner", [run, lambda main: asyncio.run(main())])
def test_nothing_grows(runner: Any) -> None:
    """2,000 requests over either loop leave nothing behind, not even for the collector."""

    async def main(port: int) -> None:
        async with opened(port) as channel:
            await land_all(channel, [b"x"] * 50)
            gc.collect()
            gc.disable()
            try:
                before = len(gc.get_objects())
                for _ in range(200):
                    await land_all(channel, [b"x"] * 10)
                after = len(gc.get_objects())
                assert gc.collect() < 3000, "asyncio's own, of the test"
            finally:
                gc.enable()
            assert after - before < 3000
            line = line_of(channel)
            conversation = line._conversation
            assert conversation is not None
            out = conversation.connection.outgoing
            left = (out.open, out.pending, out.sending, line._waiting, line._others)
            assert [len(each) for each in left] == [0] * 5

    with echoing() as port:
        runner(lambda: main(port))
