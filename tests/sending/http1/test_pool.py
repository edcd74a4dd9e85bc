"""pool: over which addresses a target's requests are spread."""

import asyncio
import contextlib
import socket
from collections import Counter

from eiload.base.status import Status
from eiload.sending.channel import Landing
from eiload.sending.net.address import Hosts, ServerName
from tests.grpc_servers import closed_port
from tests.sending.http1.servers import echo, land, opened, run, serving


def found(*ports: int) -> Hosts:
    """Return the addresses of a name: ports of 127.0.0.1."""
    return (tuple((socket.AF_INET, ("127.0.0.1", port)) for port in ports),)


def test_requests_go_to_all_addresses_in_turn() -> None:
    """Each has its share."""

    async def main() -> Counter[str]:
        async with contextlib.AsyncExitStack() as stack:
            ports = [await stack.enter_async_context(serving(echo)) for _ in range(3)]
            where = f"ipv4:{','.join(f'127.0.0.1:{port}' for port in ports)}"
            channel = await stack.enter_async_context(opened(where))
            return Counter([(await land(channel)).address for _ in range(9)])

    assert sorted(run(main).values()) == [3, 3, 3]


def test_where_nobody_is_is_left_out() -> None:
    """The others have its requests, and none fails."""

    async def main() -> list[Landing]:
        async with serving(echo) as port:
            where = f"ipv4:127.0.0.1:{closed_port()},127.0.0.1:{port}"
            async with opened(where) as channel:
                return [await land(channel) for _ in range(6)]

    assert {landing.status for landing in run(main)} == {Status.OK}


def test_a_name_is_looked_up() -> None:
    """Requests wait for it; a name that is not known fails them with the reason."""

    async def main() -> tuple[Landing, Landing]:
        async with serving(echo) as port:

            async def look_up(_: ServerName) -> Hosts:
                await asyncio.sleep(0.01)
                return found(port)

            async def nobody(_: ServerName) -> Hosts:
                raise OSError("the name 'x' is not known")

            async with opened("x:1", look_up=look_up) as channel:
                known = await land(channel)
            async with opened("x:1", look_up=nobody) as channel:
                return known, await land(channel)

    known, unknown = run(main)
    assert known.status is Status.OK
    assert (unknown.status, unknown.detail) == (
        Status.UNAVAILABLE,
        "failed to connect: the name 'x' is not known",
    )


def test_what_is_waiting_ends_with_the_channel() -> None:
    """For a name, and for an answer."""

    async def main() -> list[Landing]:
        forever = asyncio.Event()

        async def look_up(_: ServerName) -> Hosts:
            await forever.wait()
            return ()

        landed: list[Landing] = []
        async with opened("x:1", look_up=look_up) as channel:
            channel.start(b"", landed.append)
        return landed

    (landing,) = run(main)
    assert (landing.status, landing.detail) == (Status.UNAVAILABLE, "the channel was closed")
