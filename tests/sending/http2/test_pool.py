"""A target's lines: shares, names that change, servers that are not there."""

import asyncio
import contextlib
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest

from eiload.base.status import Status
from eiload.sending.endpoint import PICK_FIRST
from eiload.sending.http2 import pool
from eiload.sending.net.address import Hosts, ServerName
from tests.grpc_servers import closed_port, grpc_server
from tests.sending.http2.calls import METHOD, MS, endpoint, land, land_all, opened, run

Shares = Counter[str]


@contextlib.contextmanager
def servers(number: int) -> Iterator[tuple[list[int], Shares]]:
    """Serve by so many; yield their ports, and what each has answered by its letter."""
    shares: Shares = Counter()

    def counting(name: str) -> Callable[[bytes, grpc.ServicerContext], bytes]:
        def handle(request: bytes, context: grpc.ServicerContext) -> bytes:
            del request, context
            shares[name] += 1
            return name.encode()

        return handle

    with contextlib.ExitStack() as stack:
        ports = [
            stack.enter_context(grpc_server({METHOD: counting(name)})) for name in "abcd"[:number]
        ]
        yield ports, shares


def listed(ports: list[int]) -> str:
    """Return the name of servers in gRPC's words."""
    return "ipv4:" + ",".join(f"127.0.0.1:{port}" for port in ports)


def hosts(*ports: int) -> Hosts:
    """Return what a look-up finds."""
    return (tuple((socket.AF_INET, ("127.0.0.1", port)) for port in ports),)


@pytest.mark.parametrize("connections", [1, 3])
def test_each_address_has_its_share(connections: int) -> None:
    """To the request, whatever the number of connections; the first waits for no other."""

    async def main(address: str) -> None:
        async with opened(endpoint(address, connections=connections)) as channel:
            await land_all(channel, [b""] * 6)
            assert channel.pool is not None
            while not all(line.ready for line in channel.pool.lines):
                await asyncio.sleep(0.001)
            assert len(channel.pool.lines) == 3 * connections
            shares.clear()
            landings = await land_all(channel, [b""] * 90)
            assert Counter(landing.address for landing in landings) == dict.fromkeys(
                (f"127.0.0.1:{port}" for port in ports), 30
            )

    with servers(3) as (ports, shares):
        run(lambda: main(listed(ports)))
        assert shares == {"a": 30, "b": 30, "c": 30}


def test_pick_first_sends_all_to_one_until_it_is_gone() -> None:
    """As gRPC does by default."""
    with servers(1) as (last, lasts), contextlib.ExitStack() as stack:
        first, firsts = stack.enter_context(servers(1))

        async def main() -> None:
            where = endpoint(listed([*first, *last]), balance=PICK_FIRST, connections=2)
            async with opened(where) as channel:
                await land_all(channel, [b""] * 20)
                assert firsts == {"a": 20}
                assert not lasts
                stack.close()
                until = time.monotonic() + 60
                while not lasts and time.monotonic() < until:
                    await land(channel)
                    await asyncio.sleep(0.01)
                assert lasts

        run(main)


def test_a_server_that_is_not_there_costs_no_request() -> None:
    """What waits for it goes to another; the rest shares evenly."""

    async def main(address: str) -> None:
        async with opened(endpoint(address)) as channel:
            landings = await land_all(channel, [b""] * 30)
            assert {landing.status for landing in landings} == {Status.OK}
            shares.clear()
            await land_all(channel, [b""] * 30)

    with servers(2) as (ports, shares):
        run(lambda: main(listed([ports[0], closed_port(), ports[1]])))
        assert shares == {"a": 15, "b": 15}


def test_nobody_anywhere_is_told_at_once() -> None:
    """With the reason of the address that failed last."""

    async def main() -> None:
        async with opened(endpoint(listed([closed_port(), closed_port()]))) as channel:
            landings = await land_all(channel, [b""] * 4)
            assert {landing.status for landing in landings} == {Status.UNAVAILABLE}
            assert all("connection refused" in landing.detail for landing in landings)

    run(main)


def test_names_are_looked_up_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """New addresses get their share, those that are gone none; what is on its way is answered."""
    monkeypatch.setattr(pool, "LOOK_NS", 20 * MS)
    now: list[int] = []

    async def look_up(target: ServerName) -> Hosts:
        del target
        return hosts(*now)

    async def main() -> None:
        async with opened(endpoint("name:8500"), look_up=look_up) as channel:
            for wanted in ({"a"}, {"a", "b"}, {"b", "c"}):
                now[:] = [ports["abc".index(name)] for name in sorted(wanted)]
                until = time.monotonic() + 60
                found: set[str] = set()
                while found != wanted and time.monotonic() < until:
                    landings = await land_all(channel, [b""] * 6)
                    assert {landing.status for landing in landings} == {Status.OK}
                    found = {landing.response.decode() for landing in landings}
                    await asyncio.sleep(0.01)
                assert found == wanted

    with servers(3) as (ports, _):
        run(main)


def test_a_name_that_is_not_known_at_first() -> None:
    """Requests fail with the reason until it is; later failures of the look-up change nothing."""
    unknown: list[Any] = [OSError("the name 'server' is not known"), None]

    async def look_up(target: ServerName) -> Hosts:
        error = unknown.pop(0) if unknown else OSError("no DNS")
        if error is not None:
            raise error
        assert target.host == "server"
        return hosts(*ports)

    async def main() -> None:
        async with opened(endpoint("server:8500"), look_up=look_up) as channel:
            first = await land(channel)
            assert first.status is Status.UNAVAILABLE
            assert first.detail == "failed to connect: the name 'server' is not known"
            until = time.monotonic() + 60
            while (await land(channel)).status is not Status.OK and time.monotonic() < until:
                await asyncio.sleep(0.01)
            assert channel.pool is not None
            channel.pool.troubled()
            await asyncio.sleep(0.05)
            assert (await land(channel)).status is Status.OK

    with servers(1) as (ports, _):
        run(main)


def test_a_name_that_is_gone_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server dies, and its name with it: requests fail until both are back."""
    monkeypatch.setattr(pool, "LOOK_NS", 20 * MS)
    known: list[int] = []

    async def look_up(target: ServerName) -> Hosts:
        if not known:
            raise OSError(f"the name {target.host!r} is not known")
        return hosts(*known)

    async def main() -> None:
        async with opened(endpoint("server:8500"), look_up=look_up) as channel:
            for _ in range(2):
                with servers(1) as (ports, _):
                    known[:] = ports
                    give_up = time.monotonic() + 60
                    while (await land(channel)).status is not Status.OK:
                        assert time.monotonic() < give_up
                        await asyncio.sleep(0.01)
                known.clear()
                gone = await land(channel)
                assert gone.status is Status.UNAVAILABLE
                assert gone.detail

    run(main)


def test_a_deadline_holds_while_a_name_is_looked_up() -> None:
    """And closing ends the wait."""

    async def look_up(target: ServerName) -> Hosts:
        await asyncio.sleep(60)
        return hosts(closed_port()) if target else ()

    async def main() -> None:
        async with opened(endpoint("server:8500"), look_up=look_up) as channel:
            late = await land(channel, deadline_ns=50 * MS)
            assert late.status is Status.DEADLINE_EXCEEDED
            waiting = asyncio.ensure_future(land(channel))
            await asyncio.sleep(0)
            assert channel.pool is not None
            channel.pool.close()
            assert (await waiting).detail == "the channel was closed"

    run(main)
