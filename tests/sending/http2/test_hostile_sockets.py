"""Hostile bytes over real sockets: every request lands, soon, and the channel goes on.

`test_hostile` shows what the protocol makes of any bytes; here the same changed conversation comes
over a connection, which then closes or says no more.
"""

import asyncio
import contextlib
import socket
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eiload.base.clock import NS_PER_S
from eiload.base.status import Status
from tests.grpc_servers import raw_server
from tests.sending.http2.calls import MS, endpoint, land, opened, run
from tests.sending.http2.test_hostile import CHANGES, REQUESTS, Change, conversation


def spoiled(changes: list[tuple[Change, int, int]]) -> bytes:
    """Return the conversation's bytes with changes."""
    data = bytearray(conversation())
    for change, at, value in changes:
        if data:
            change(data, at % len(data), value)
    return bytes(data)


@pytest.mark.parametrize("closes", [True, False])
def test_every_request_lands(closes: bool) -> None:
    """Whatever comes, and in whatever pieces: a status, by the deadline, and never an exception."""
    said = b""
    cuts: list[int] = []

    def behave(connection: socket.socket) -> None:
        connection.settimeout(0.2)
        with contextlib.suppress(TimeoutError):
            connection.recv(1 << 16)
            start = 0
            for cut in [*sorted(cuts), len(said)]:
                connection.sendall(said[start:cut])
                start = max(start, cut)
                connection.recv(1 << 16)
            while not closes and connection.recv(1 << 16):
                pass

    @settings(max_examples=25, deadline=None)
    @given(
        st.lists(CHANGES, max_size=4),
        st.lists(st.integers(0, 30_000), max_size=3),
    )
    def check(changes: list[tuple[Change, int, int]], where: list[int]) -> None:
        nonlocal said, cuts
        said, cuts = spoiled(changes), where
        run(main)

    problems: list[object] = []

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(
            lambda _, context: problems.append(context)
        )
        async with opened(endpoint(port, deadline_ns=300 * MS)) as channel:
            began_ns = time.monotonic_ns()
            sent = [land(channel, bytes(number)) for number in range(REQUESTS)]
            landings = await asyncio.gather(*sent)
            assert time.monotonic_ns() - began_ns < 30 * NS_PER_S
            assert all(isinstance(landing.status, Status) for landing in landings)
            assert repr(channel).endswith("0 in flight>")
        assert problems == []

    with raw_server(behave) as port:
        check()
