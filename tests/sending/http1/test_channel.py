"""channel: the seam's rules over HTTP/1.1, with real sockets."""

import asyncio
import gc
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from eiload.base.clock import NS_PER_S
from eiload.base.status import Status
from eiload.sending.channel import Landing
from eiload.sending.http1.channel import Http1Channel
from tests.grpc_servers import certificate
from tests.sending.http1.servers import (
    PATH,
    Peer,
    answer,
    asked,
    echo,
    endpoint,
    land,
    opened,
    run,
    serving,
)

LARGE = bytes(range(256)) * 3203  # 820 kB


def test_a_request_goes_as_it_is() -> None:
    """The path, the endpoint's fields, the user's, the body; a call may have others."""
    seen: list[tuple[bytes, bytes]] = []

    async def behave(peer: Peer) -> None:
        while True:
            seen.append(await peer.request())
            await peer.say(answer(b"ok"))

    async def main() -> None:
        async with serving(behave) as port:
            where = endpoint(
                port,
                headers=(("Content-Type", "application/json"),),
                metadata=(("x-tenant", "gold"),),
            )
            async with opened(where) as channel:
                await land(channel, LARGE)
                await land(channel, b"", method="GET /ping", headers=b"X-Own: 1\r\n")

    run(main)
    (posted, body), (got, nothing) = seen
    assert posted.startswith(f"POST {PATH} HTTP/1.1\r\n".encode())
    assert b"Content-Type: application/json\r\nx-tenant: gold\r\n" in posted
    assert body == LARGE
    assert got.startswith(b"GET /ping HTTP/1.1\r\n")
    assert b"X-Own: 1\r\n" in got
    assert nothing == b""


def test_a_large_answer_comes_whole() -> None:
    """19 MB, in many reads."""
    (landing,) = asked(echo, bytes(19_000_000))
    assert landing.response == bytes(19_000_000)


def test_a_deadline_is_kept() -> None:
    """At the instant, not later by much; the server sees that nobody waits any longer."""

    async def main() -> tuple[Landing, Landing]:
        gone = asyncio.Event()

        async def behave(peer: Peer) -> None:
            if peer.number:
                await echo(peer)
            await peer.request()
            await peer.gone()
            gone.set()

        async with serving(behave) as port, opened(port) as channel:
            late = await land(channel, deadline_ns=2 * NS_PER_S)
            async with asyncio.timeout(60):
                await gone.wait()
            return late, await land(channel)

    late, after = run(main)
    assert (late.status, late.detail) == (Status.DEADLINE_EXCEEDED, "Deadline Exceeded")
    assert late.done_ns - late.sent_ns < 30 * NS_PER_S
    assert after.status is Status.OK


def test_a_deadline_in_the_middle_of_an_answer() -> None:
    """It is said how much had come: of its content, whose second half never does."""

    async def behave(peer: Peer) -> None:
        await peer.request()
        await peer.say(answer(bytes(10_000))[:-5_000])
        await peer.gone()

    (landing,) = asked(behave, deadline_ns=3 * NS_PER_S)
    assert landing.status is Status.DEADLINE_EXCEEDED
    assert landing.detail == "Deadline Exceeded: at least 4,096 bytes of the answer had come"


def test_a_deadline_passes_while_a_request_waits() -> None:
    """For a connection that never is free: it was not sent."""

    async def behave(peer: Peer) -> None:
        await peer.request()
        await peer.gone()

    async def main() -> Landing:
        async with serving(behave) as port, opened(endpoint(port, connections=1)) as channel:
            channel.start(b"", lambda landing: None)
            return await land(channel, deadline_ns=NS_PER_S // 10)

    landing = run(main)
    assert (landing.status, landing.sent_ns) == (Status.DEADLINE_EXCEEDED, 0)


def test_a_request_is_cancelled() -> None:
    """It lands as UNFINISHED, once; cancelling again changes nothing."""

    async def main() -> list[Landing]:
        asked_for = asyncio.Event()

        async def behave(peer: Peer) -> None:
            await peer.request()
            asked_for.set()
            await peer.gone()

        landed: list[Landing] = []
        async with serving(behave) as port, opened(port) as channel:
            request = channel.start(b"x", landed.append)
            async with asyncio.timeout(60):
                await asked_for.wait()
            request.cancel()
            request.cancel()
        return landed

    (landing,) = run(main)
    assert landing.status is Status.UNFINISHED
    assert landing.sent_ns
    assert not landing.done_ns


def test_landing_may_start_the_next() -> None:
    """From the callback; they all land, one after the other, over one connection."""

    async def main() -> tuple[int, str]:
        count = 0
        done = asyncio.Event()
        async with serving(echo) as port, opened(port) as channel:

            def again(landing: Landing) -> None:
                nonlocal count
                assert landing.status is Status.OK
                count += 1
                if count < 50:
                    channel.start(b"x", again)
                else:
                    done.set()

            channel.start(b"x", again)
            async with asyncio.timeout(60):
                await done.wait()
            assert channel.pool is not None
            return channel.pool.connections, repr(channel)

    connections, shown = run(main)
    assert connections == 1
    assert shown.endswith(", 0 in flight>")


@pytest.mark.parametrize(
    ("where", "status", "detail"),
    [
        ("127.0.0.1:port", "UNAVAILABLE", "not an address"),
        ("127.0.0.1:1", "INTERNAL", "'Host' is the client's own"),
    ],
)
def test_what_cannot_be_sent_lands(where: str, status: str, detail: str) -> None:
    """With the reason, and after `start` has returned."""

    async def main() -> Landing:
        async with opened(endpoint(where, metadata=(("Host", "x"),))) as channel:
            return await land(channel)

    landing = run(main)
    assert landing.status is Status[status]
    assert detail in landing.detail


def test_who_answered_may_stand_for_the_address() -> None:
    """A field of the answer names it, such as a production variant."""

    async def behave(peer: Peer) -> None:
        await peer.request()
        await peer.say(answer(b"", "200 OK", "X-Variant: blue"))
        await peer.gone()

    (landing,) = asked(behave, answered_by="x-variant")
    assert landing.address == "blue"


def test_errors_have_the_names_of_the_service() -> None:
    """As the endpoint has them."""

    async def behave(peer: Peer) -> None:
        await peer.request()
        await peer.say(answer(b"{}", "400 Bad Request", "X-Error: Throttling:http://x"))
        await peer.gone()

    names = (("Throttling", int(Status.RESOURCE_EXHAUSTED)),)
    (landing,) = asked(behave, error_field="x-error", error_names=names)
    assert (landing.status, landing.detail) == (Status.RESOURCE_EXHAUSTED, "HTTP 400 Throttling")


def test_over_tls(tmp_path: Path) -> None:
    """A server that chooses no protocol speaks HTTP/1.1; a wrong certificate fails."""
    pair = certificate(tmp_path)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(pair.cert, pair.key)

    async def main() -> tuple[Landing, Landing]:
        async with serving(echo, tls) as port:
            roots = Path(pair.cert).read_text()
            async with opened(endpoint(port, tls=(roots, None, None))) as channel:
                good = await land(channel, LARGE)
            async with opened(endpoint(port, tls=(None, None, None))) as channel:
                return good, await land(channel)

    good, bad = run(main)
    assert (good.status, good.response) == (Status.OK, LARGE)
    assert bad.status is Status.UNAVAILABLE
    assert "certificate is not accepted" in bad.detail


def test_nothing_is_left_behind() -> None:
    """No request stays in a cycle: the sender's garbage collector is off."""

    async def main() -> list[str]:
        async with serving(echo) as port, opened(port) as channel:
            await land(channel, LARGE)
            gc.collect()
            gc.disable()
            gc.set_debug(gc.DEBUG_SAVEALL)
            try:
                for _ in range(20):
                    await land(channel, LARGE)
                gc.collect()
                return [
                    type(each).__module__
                    for each in gc.garbage
                    if type(each).__module__.startswith(("eiload", "h11"))
                ]
            finally:
                gc.set_debug(0)
                gc.garbage.clear()
                gc.enable()

    assert run(main) == []


def test_a_channel_is_light() -> None:
    """All that it needs is the standard library's, h11, hpack and eiload's base."""
    code = "import sys, eiload.sending.http1.channel; print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"numpy", "google.protobuf", "locust", "gevent", "pydantic", "grpc", "yaml", "rich"}
    assert not set(told.stdout.split()) & heavy


def test_it_is_a_channel() -> None:
    """The seam's, by its name."""

    async def main() -> str:
        async with opened(1) as channel:
            assert isinstance(channel, Http1Channel)
            return repr(channel)

    assert run(main) == "<Http1Channel 127.0.0.1:1, 0 in flight>"
