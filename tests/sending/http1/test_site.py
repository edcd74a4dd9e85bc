"""site: connections as they are needed, kept, and made anew."""

import asyncio

import pytest

from eiload.base.status import Status
from eiload.sending.channel import Landing
from eiload.sending.http1.channel import Http1Channel
from eiload.sending.http1.site import CROSSING_NS, Site
from eiload.sending.result import RESENT, WAITED_CONNECTION
from tests.grpc_servers import closed_port
from tests.sending.http1.servers import (
    Peer,
    answer,
    asked,
    echo,
    endpoint,
    land,
    opened,
    run,
    serving,
    stepping,
    until,
)


def site_of(channel: Http1Channel) -> Site:
    """Return a channel's only place."""
    assert channel.pool is not None
    (site,) = channel.pool.sites
    return site


def test_a_connection_is_kept() -> None:
    """The second request waits for none."""
    first, second = asked(echo, times=2)
    assert first.flags == WAITED_CONNECTION
    assert first.waited_ns > 0
    assert (second.flags, second.waited_ns) == (0, 0)


def test_there_are_as_many_as_requests_at_a_time() -> None:
    """They are kept, and those that come later take them."""

    async def main() -> tuple[int, list[Landing]]:
        async with serving(echo) as port, opened(port) as channel:
            await asyncio.gather(*(land(channel) for _ in range(7)))
            await until(lambda: "7 idle" in repr(site_of(channel)))
            again = await asyncio.gather(*(land(channel) for _ in range(7)))
            return site_of(channel).connections, again

    count, again = run(main)
    assert count == 7
    assert [landing.flags for landing in again] == [0] * 7


def test_beyond_the_bound_requests_wait() -> None:
    """And say so; none is lost, and they are sent in the order in which they came."""
    order: list[bytes] = []

    async def behave(peer: Peer) -> None:
        while True:
            _, body = await peer.request()
            order.append(body)
            await peer.say(answer(body))

    async def main() -> list[Landing]:
        where = endpoint(0, connections=1)
        async with serving(behave) as port:
            where = endpoint(port, connections=1)
            async with opened(where) as channel:
                await land(channel)
                landings = await asyncio.gather(*(land(channel, b"%d" % i) for i in range(5)))
                assert site_of(channel).connections == 1
                return landings

    landings = run(main)
    assert [landing.response for landing in landings] == [b"%d" % i for i in range(5)]
    assert order == [b"{}", *(b"%d" % i for i in range(5))]
    assert [bool(landing.flags & WAITED_CONNECTION) for landing in landings] == [False] + [True] * 4


def test_an_idle_close_is_nobodys_error() -> None:
    """A server that closes after each answer, without a word."""

    async def behave(peer: Peer) -> None:
        _, body = await peer.request()
        await peer.say(answer(body))

    async def main() -> list[Landing]:
        landings = []
        async with serving(behave) as port, opened(port) as channel:
            for _ in range(4):
                landings.append(await land(channel))
                await until(lambda: not site_of(channel).connections)
        return landings

    for landing in run(main):
        assert (landing.status, landing.flags) == (Status.OK, WAITED_CONNECTION)


async def crossing(peer: Peer) -> None:
    """Close the first connection when its second request comes, as an idle close that crosses."""
    _, body = await peer.request()
    await peer.say(answer(body))
    await peer.request()
    if peer.number:
        await peer.say(answer(b"again"))
        await peer.gone()


def test_a_request_that_crosses_with_an_idle_close_is_sent_again() -> None:
    """Once, over a new connection, and it says so."""

    async def behave(peer: Peer) -> None:
        _, body = await peer.request()
        await peer.say(answer(body))
        if not peer.number:
            await peer.request()

    first, second = asked(behave, times=2, now_ns=stepping(1))
    assert (first.status, first.flags & RESENT) == (Status.OK, 0)
    assert (second.status, second.flags) == (Status.OK, RESENT | WAITED_CONNECTION)
    assert second.waited_ns > 0


def test_retries_may_be_forbidden() -> None:
    """Then it has failed."""
    _, second = asked(crossing, times=2, retries=False, now_ns=stepping(1))
    assert (second.status, second.detail) == (
        Status.UNAVAILABLE,
        "the server closed the connection",
    )
    assert not second.resent


def test_it_is_sent_again_once() -> None:
    """A server that ends each second request without a word has it failed."""

    async def behave(peer: Peer) -> None:
        await peer.request()
        if not peer.number:
            await peer.say(answer(b"x"))
            await peer.request()

    first, second = asked(behave, times=2, now_ns=stepping(1))
    assert first.status is Status.OK
    assert (second.status, second.flags & RESENT) == (Status.UNAVAILABLE, RESENT)


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"])
def test_nothing_else_is_sent_again(said: bytes) -> None:
    """Not over a new connection, not when a part of the answer has come."""
    seen: list[int] = []

    async def behave(peer: Peer) -> None:
        if said:
            _, body = await peer.request()
            await peer.say(answer(body))
        await peer.request()
        seen.append(peer.number)
        await peer.say(said)

    landing = asked(behave, times=2 if said else 1, now_ns=stepping(1))[-1]
    assert landing.status is Status.UNAVAILABLE
    assert not landing.resent
    assert seen == [0]


def test_a_late_end_is_about_the_request() -> None:
    """A server that has had it for long has looked at it: it is not sent again."""

    async def behave(peer: Peer) -> None:
        _, body = await peer.request()
        await peer.say(answer(body))
        await peer.request()

    # By a clock of such steps 120 s are over in no time.
    clock, far_ns = stepping(CROSSING_NS), 10**6 * CROSSING_NS
    _, second = asked(behave, times=2, now_ns=clock, deadline_ns=far_ns)
    assert (second.status, second.resent) == (Status.UNAVAILABLE, False)


def test_a_closed_port_fails_at_once() -> None:
    """With the reason; and it is found when it opens."""

    async def main() -> None:
        port = closed_port()
        async with opened(port) as channel:
            landing = await land(channel)
            assert landing.status is Status.UNAVAILABLE
            assert landing.detail == (f"failed to connect: 127.0.0.1:{port}: connection refused")
            assert landing.sent_ns == 0
            assert (await land(channel)).detail == landing.detail
            server = await asyncio.start_server(lambda *_: None, "127.0.0.1", port)
            await until(lambda: not site_of(channel).failing)
            server.close()

    run(main)


def test_an_old_connection_is_left() -> None:
    """After an answer; the next request has a new one."""
    first, second = asked(echo, times=2, max_age_ns=1)
    assert first.flags == second.flags == WAITED_CONNECTION


def test_what_it_shows() -> None:
    """Its counts, for logs."""

    async def main() -> str:
        async with serving(echo) as port, opened(port) as channel:
            await land(channel)
            return repr(site_of(channel))

    assert run(main) == "<Site 1 open, 1 idle, 0 waiting>"
