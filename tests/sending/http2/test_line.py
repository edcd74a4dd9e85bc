"""A connection's life: made when needed, waited for, lost, made anew."""

import asyncio
import contextlib
import socket
import time
from typing import Any

import pytest

from eiload.base.status import Status
from eiload.sending.channel import Landing
from eiload.sending.result import RESENT
from tests.grpc_servers import closed_port, raw_server
from tests.sending.http2.calls import (
    MS,
    Scripted,
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


def test_five_instants_in_order() -> None:
    """Of a request of 3 MB to a real server: sent, written, first byte, done."""
    with echoing() as port:
        before_ns = time.monotonic_ns()
        landing = ours(endpoint(port), bytes(3_000_000))
    instants = [
        *(before_ns, landing.sent_ns, landing.written_ns, landing.first_byte_ns, landing.done_ns),
        time.monotonic_ns(),
    ]
    assert instants == sorted(instants)
    assert landing.written_ns > landing.sent_ns
    assert landing.response == bytes(3_000_000)
    assert landing.sent_ns - landing.waited_ns >= before_ns, "it waited for the connection"
    assert not landing.flags & RESENT


def test_many_requests_wait_for_one_connection() -> None:
    """The first connects, the others use what it has made."""
    accepted: list[int] = []

    def behave(server: Scripted) -> None:
        accepted.append(1)
        while True:
            server.answer(server.request())

    async def main(port: int) -> None:
        async with opened(port) as channel:
            landings = await land_all(channel, [b"%d" % number for number in range(50)])
            assert {landing.status for landing in landings} == {Status.OK}
            assert repr(line_of(channel)) == "<Line 0 ready, 0 waiting>"

    with scripted(behave) as port:
        run(lambda: main(port))
    assert accepted == [1]


def test_nothing_lands_before_start_has_returned() -> None:
    """Not even where there is nobody, and it is known."""

    async def main() -> None:
        async with opened(closed_port()) as channel:
            for _ in range(3):
                landed: list[Landing] = []
                channel.start(b"", landed.append)
                assert landed == []
                while not landed:
                    await asyncio.sleep(0.001)
                assert landed[0].status is Status.UNAVAILABLE

    run(main)


def test_a_server_that_dies_takes_its_requests_with_it() -> None:
    """In flight: UNAVAILABLE at once, not at the deadline; the next request connects anew."""
    lives: list[int] = []

    def behave(server: Scripted) -> None:
        lives.append(1)
        server.answer(server.request())
        if len(lives) == 1:
            server.request()
            return
        while True:
            server.answer(server.request())

    async def main(port: int) -> None:
        async with opened(port) as channel:
            assert (await land(channel)).status is Status.OK
            lost = await land(channel)
            assert lost.status is Status.UNAVAILABLE
            assert lost.sent_ns
            assert "closed" in lost.detail or "broke" in lost.detail
            assert (await land(channel)).status is Status.OK

    with scripted(behave) as port:
        run(lambda: main(port))
    assert len(lives) == 2


# -- GOAWAY --------------------------------------------------------------------------------------


def test_a_graceful_goaway_costs_no_request() -> None:
    """GRPC's own server ends its connections each 50 ms; 2 s of requests do not notice."""
    options = [("grpc.max_connection_age_ms", 50), ("grpc.max_connection_age_grace_ms", 5000)]

    async def main(port: int) -> None:
        async with opened(port) as channel:
            until = time.monotonic() + 2
            while time.monotonic() < until:
                landings = await land_all(channel, [b"x"] * 4)
                assert [landing.status for landing in landings] == [Status.OK] * 4

    with echoing(options=options) as port:
        run(lambda: main(port))


def test_what_was_not_looked_at_is_sent_again_once() -> None:
    """Streams above the last id go over a new connection, and say so; those below are answered."""
    lives: list[int] = []

    def behave(server: Scripted) -> None:
        lives.append(1)
        if len(lives) == 1:
            first, second = server.request(), server.request()
            server.h2.close_connection(0, last_stream_id=first)
            server.send()
            assert second > first
            head = server.h2.encoder.encode(
                [(":status", "200"), ("content-type", "application/grpc")]
            )
            tail = server.h2.encoder.encode([("grpc-status", "0")])
            server.send(frame(1, 4, first, head) + frame(0, 0, first, b"\0\0\0\0\0"))
            server.send(frame(1, 5, first, tail))
            server.socket.recv(1000)
            return
        while True:
            server.answer(server.request())

    async def main(port: int) -> None:
        async with opened(port) as channel:
            landings = await land_all(channel, [b"first", b"second"])
            assert [landing.status for landing in landings] == [Status.OK] * 2
            assert [landing.flags & RESENT for landing in landings] == [0, RESENT]
            assert landings[1].sent_ns

    with scripted(behave) as port:
        run(lambda: main(port))
    assert len(lives) == 2


def test_but_not_twice() -> None:
    """A server that never looks: UNAVAILABLE, with its words."""

    def behave(server: Scripted) -> None:
        server.request()
        server.h2.close_connection(11, b"too_many_pings", last_stream_id=0)
        server.send()
        server.socket.recv(1000)

    with scripted(behave) as port:
        landing = ours(endpoint(port))
    assert landing.status is Status.UNAVAILABLE
    assert landing.detail == "the server went away: too_many_pings"
    assert landing.flags & RESENT


def test_what_was_refused_is_sent_again_once() -> None:
    """REFUSED_STREAM says that it was not looked at, as well (RFC 9113, section 8.7)."""

    def behave(server: Scripted, refusals: int) -> None:
        for _ in range(refusals):
            server.h2.reset_stream(server.request(), error_code=7)
        while True:
            server.answer(server.request())

    with scripted(lambda server: behave(server, 1)) as port:
        landing = ours(endpoint(port))
        assert (landing.status, landing.resent) == (Status.OK, True)
    with scripted(lambda server: behave(server, 2)) as port:
        landing = ours(endpoint(port))
        assert (landing.status, landing.resent) == (Status.UNAVAILABLE, True)
        assert "REFUSED_STREAM" in landing.detail


def test_nothing_is_sent_again_where_that_is_asked_for() -> None:
    """`retry: none`: what a server has not looked at has failed."""

    def behave(server: Scripted) -> None:
        server.h2.reset_stream(server.request(), error_code=7)
        server.h2.close_connection(0, last_stream_id=server.request() - 2)
        server.send()
        server.socket.recv(1000)

    async def main(port: int) -> None:
        async with opened(endpoint(port, retries=False)) as channel:
            refused, gone = await land(channel), await land(channel)
            assert refused.status is gone.status is Status.UNAVAILABLE
            assert "REFUSED_STREAM" in refused.detail
            assert gone.detail == "the server went away: NO_ERROR"
            assert [refused.resent, gone.resent] == [False, False]

    with scripted(behave) as port:
        run(lambda: main(port))


# -- age -----------------------------------------------------------------------------------------


def test_a_connection_that_has_its_age_is_left_for_another() -> None:
    """New connections come while requests go on; none fails, and the old ones are closed."""
    lives: list[int] = []
    ends: list[int] = []

    def behave(server: Scripted) -> None:
        lives.append(1)
        try:
            while True:
                server.answer(server.request())
        finally:
            ends.append(1)

    async def main(port: int) -> None:
        async with opened(endpoint(port, max_age_ns=50 * MS)) as channel:
            until = time.monotonic() + 60
            while len(ends) < 3 and time.monotonic() < until:
                assert (await land(channel, b"x")).status is Status.OK

    with scripted(behave) as port:
        run(lambda: main(port))
    assert len(lives) >= len(ends) >= 3


def frame(kind: int, flags: int, stream_id: int, payload: bytes) -> bytes:
    """Return any frame."""
    head = len(payload).to_bytes(3, "big") + bytes((kind, flags))
    return head + stream_id.to_bytes(4, "big") + payload


def test_a_server_that_greets_and_goes() -> None:
    """SETTINGS and GOAWAY in one breath: requests wait for another connection, without a storm."""
    lives: list[int] = []
    breath = b"\0\0\0\4\0\0\0\0\0" + frame(7, 0, 0, bytes(8))

    def behave(connection: socket.socket) -> None:
        lives.append(1)
        if len(lives) < 4:
            connection.recv(1000)
            connection.sendall(breath)
            connection.recv(1000)
            return
        server = Scripted(connection)
        server.answer(server.request())
        with contextlib.suppress(ConnectionError):
            server.request()

    with raw_server(behave) as port:
        before_ns = time.monotonic_ns()
        landing = ours(endpoint(port))
    assert landing.status is Status.OK
    assert not landing.flags & RESENT
    assert len(lives) == 4
    assert landing.done_ns - before_ns > 500 * MS


def test_a_defect_of_ours_is_told_and_loses_no_request(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """INTERNAL, its cause in the detail and on stderr; a new connection follows."""

    def behave(server: Scripted) -> None:
        while True:
            server.answer(server.request())

    async def main(port: int) -> None:
        async with opened(port) as channel:
            assert (await land(channel)).status is Status.OK
            conversation = line_of(channel)._conversation
            assert conversation is not None
            broken: dict[int, Any] = {}
            monkeypatch.setattr(conversation.connection, "_handlers", broken)
            landing = await land(channel)
            assert landing.status is Status.INTERNAL
            assert landing.detail == "client: KeyError: 1"
            assert (await land(channel)).status is Status.OK

    with scripted(behave) as port:
        run(lambda: main(port))
    assert "KeyError" in capfd.readouterr().err
