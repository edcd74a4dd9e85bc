"""gRPC's own stack as a channel: statuses, deadlines, connections, TLS, against real servers."""

import asyncio
import gc
import threading
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import h2.events
import pytest
import uvloop

from eiload.base.clock import NS_PER_MS, NS_PER_S
from eiload.base.status import Status
from eiload.scenario import Target, Tls
from eiload.sending.channel import Landing, Request
from eiload.sending.endpoint import PICK_FIRST, Endpoint
from eiload.sending.grpcio import GrpcioChannel
from eiload.serving.endpoint import endpoint_of
from eiload.serving.tfserving import PREDICT
from tests.grpc_servers import certificate, closed_port, grpc_server, raw_server, silent
from tests.sending.driver import CLOCK, PATIENCE_S, Driver, Handler, Serve, echo, failing
from tests.sending.http2.calls import Scripted, scripted


@pytest.mark.parametrize("code", [c for c in grpc.StatusCode if c is not grpc.StatusCode.OK])
def test_statuses(code: grpc.StatusCode, serve: Serve) -> None:
    """Every gRPC status arrives as itself, with its text."""
    with Driver(serve(failing(code, f"as {code.name}"))) as driver:
        reply = driver.engine.call(0, "", b"abc")
    assert reply.status.name == code.name
    assert reply.detail == f"as {code.name}"
    assert reply.response == b""


def test_deadline(serve: Serve, hang: Handler) -> None:
    """A call ends at the endpoint's deadline, or at its own."""
    with Driver(serve(hang, deadline_ns=200 * NS_PER_MS)) as driver:
        short = driver.engine.call(0, "", b"abc")
        longer = driver.engine.call(0, "", b"abc", 400 * NS_PER_MS)
    assert short.status is longer.status is Status.DEADLINE_EXCEEDED
    assert short.done_ns - short.intended_ns >= 190 * NS_PER_MS
    assert longer.done_ns - longer.sent_ns >= 390 * NS_PER_MS


def test_a_deadline_has_one_text(client: str) -> None:
    """Wherever a request has got to, Locust's statistics have one row for it.

    One waits for the server's SETTINGS, one is with the server, one waits for a free stream.
    """

    def deaf(server: Scripted) -> None:
        while server.socket.recv(4096):
            pass

    seen = set()
    with scripted(deaf, MAX_CONCURRENT_STREAMS=1) as port, raw_server(silent) as nobody:
        ends = [Endpoint(f"127.0.0.1:{p}", PREDICT, 300 * NS_PER_MS) for p in (port, nobody)]
        with Driver(*(replace(each, client=client) for each in ends)) as driver:
            threads = [
                threading.Thread(
                    target=lambda at: seen.add(driver.engine.call(at, "", b"abc")[:2]), args=[at]
                )
                for at in (0, 0, 0, 1)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(PATIENCE_S)
    assert {status for status, _ in seen} == {Status.DEADLINE_EXCEEDED}
    assert len(seen) == 1 or client == "grpcio", seen


def test_refused(client: str) -> None:
    """A closed port is UNAVAILABLE, not an exception."""
    endpoint = Endpoint(f"127.0.0.1:{closed_port()}", PREDICT, client=client)
    with Driver(endpoint) as driver:
        assert driver.engine.call(0, "", b"abc").status is Status.UNAVAILABLE


def test_large_answers(serve: Serve) -> None:
    """An answer of 19 MB, raw detections, is no matter."""
    size = 19_000_000
    with Driver(serve(lambda _request, _context: bytes(size))) as driver:
        assert len(driver.engine.call(0, "", b"abc").response) == size


def test_metadata_and_compression(serve: Serve) -> None:
    """Metadata arrives with each request; gzip is really used."""
    seen: dict[str, Any] = {}

    def look(request: bytes, context: grpc.ServicerContext) -> bytes:
        seen.update(context.invocation_metadata())
        return request

    with Driver(serve(look, metadata=(("x-key", "secret"),), compression="gzip")) as driver:
        assert driver.engine.call(0, "", bytes(100_000)).response == bytes(100_000)
    assert seen["x-key"] == "secret"


def test_connections(serve: Serve) -> None:
    """Several connections are several TCP connections, used in turn."""
    peers: set[str] = set()

    def look(request: bytes, context: grpc.ServicerContext) -> bytes:
        peers.add(context.peer())
        return request

    with Driver(serve(look, connections=3)) as driver:
        until_ns = CLOCK.now_ns() + PATIENCE_S * NS_PER_S
        while len(peers) < 3 and CLOCK.now_ns() < until_ns:
            driver.engine.call(0, "", b"abc")
    assert len(peers) == 3


def test_all_addresses_are_used(client: str) -> None:
    """By either wire, in turn; `pick_first` sends all to one."""
    seen: list[str] = []

    def called(name: str) -> Handler:
        def handle(request: bytes, context: grpc.ServicerContext) -> bytes:
            del context
            seen.append(name)
            return request

        return handle

    with grpc_server({PREDICT: called("a")}) as one, grpc_server({PREDICT: called("b")}) as two:
        both = Endpoint(f"ipv4:127.0.0.1:{one},127.0.0.1:{two}", PREDICT, client=client)
        with Driver(both, replace(both, balance=PICK_FIRST)) as driver:
            until_ns = CLOCK.now_ns() + PATIENCE_S * NS_PER_S
            while len(set(seen)) < 2 and CLOCK.now_ns() < until_ns:
                driver.engine.call(0, "", b"abc")
            seen.clear()
            for _ in range(10):
                driver.engine.call(0, "", b"abc")
            assert Counter(seen) == {"a": 5, "b": 5}
            seen.clear()
            for _ in range(10):
                driver.engine.call(1, "", b"abc")
            assert Counter(seen) == {"a": 10}


def test_authority(client: str) -> None:
    """An ingress hears the name that it goes by."""
    heard: list[str] = []

    def behave(server: Scripted) -> None:
        while True:
            told = server.wait(h2.events.RequestReceived)
            heard.append(dict(told.headers)[":authority"])
            server.answer(told.stream_id, b"abc")

    with scripted(behave) as port:
        server = f"127.0.0.1:{port}"
        target = Target(server=server, model="ssd", authority="ssd.default.example.com")
        for each in (target, target.model_copy(update={"authority": None})):
            with Driver(replace(endpoint_of(each), client=client)) as driver:
                reply = driver.engine.call(0, "", b"abc")
                assert reply.status is Status.OK, reply.detail
    assert heard == ["ssd.default.example.com", server]


def test_connecting_takes_no_longer_than_is_said(client: str) -> None:
    """A server that accepts and says nothing."""
    with raw_server(silent) as port:
        endpoint = Endpoint(f"127.0.0.1:{port}", PREDICT, client=client, connect_ns=NS_PER_S // 3)
        with Driver(endpoint) as driver:
            reply = driver.engine.call(0, "", b"abc")
    assert reply.status is Status.UNAVAILABLE
    assert reply.done_ns - reply.intended_ns < 19 * NS_PER_S


def test_what_was_not_looked_at_is_sent_again(client: str) -> None:
    """Once, as every gRPC client does; not where `retry: none` is said."""
    lives: list[int] = []

    def behave(server: Scripted) -> None:
        lives.append(1)
        if len(lives) % 2:
            server.request()
            server.h2.close_connection(0, last_stream_id=0)
            server.send()
            server.socket.recv(1000)
            return
        while True:
            server.answer(server.request(), b"abc")

    with scripted(behave) as port:
        endpoint = Endpoint(f"127.0.0.1:{port}", PREDICT, client=client)
        for retries, status in ((True, Status.OK), (False, Status.UNAVAILABLE)):
            with Driver(replace(endpoint, retries=retries)) as driver:
                assert driver.engine.call(0, "", b"abc").status is status


def test_tls(tmp_path: Path, client: str) -> None:
    """TLS and mTLS by files, through the target's settings."""
    pair, ours = certificate(tmp_path), certificate(tmp_path, "client")
    for clients in (None, ours.cert):
        credentials = pair.server_credentials(clients)
        with grpc_server({PREDICT: echo}, credentials) as port:
            tls = Tls(ca=pair.cert, cert=ours.cert, key=ours.key, server_name="localhost")
            target = Target(server=f"127.0.0.1:{port}", model="ssd", tls=tls)
            endpoint = replace(endpoint_of(target), client=client)
            with Driver(endpoint) as driver:
                reply = driver.engine.call(0, "", b"abc")
                assert (reply.status, reply.response) == (Status.OK, b"abc"), reply.detail


class Landings:
    """A channel in this process, and how its requests landed."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.channel = GrpcioChannel(endpoint)
        self.landed: list[Landing] = []
        self._news = asyncio.Event()

    def start(self, payload: Any = b"abc", **options: Any) -> Request:
        """Start a request."""
        before = len(self.landed)
        request = self.channel.start(payload, self._landed, **options)
        assert len(self.landed) == before, "it landed before `start` had returned"
        return request

    def _landed(self, landing: Landing) -> None:
        self.landed.append(landing)
        self._news.set()

    async def wait(self) -> Landing:
        """Wait for a landing."""
        await asyncio.wait_for(self._news.wait(), PATIENCE_S)
        self._news.clear()
        return self.landed[-1]


def test_instants_and_trailers(serve: Serve) -> None:
    """Trailing metadata come when they are asked for, of answers and of failures."""

    def tell(request: bytes, context: grpc.ServicerContext) -> bytes:
        context.set_trailing_metadata((("x-model", "ssd"),))
        if not request:
            context.abort(grpc.StatusCode.NOT_FOUND, "no such model")
        return request

    async def play(endpoint: Endpoint) -> None:
        here = Landings(endpoint)
        before_ns = CLOCK.now_ns()
        here.start()
        plain = await here.wait()
        assert before_ns <= plain.sent_ns <= plain.done_ns <= CLOCK.now_ns()
        assert plain.trailers == ()
        for payload, status in ((b"abc", Status.OK), (b"", Status.NOT_FOUND)):
            here.start(payload, trailers=True)
            told = await here.wait()
            assert (told.status, told.response) == (status, payload)
            assert ("x-model", "ssd") in told.trailers

    uvloop.run(play(serve(tell)))


def test_cancelled_requests_land_once(serve: Serve, hang: Handler) -> None:
    """As UNFINISHED: not begun yet, or sent and not done. Cancelled again, they stay so."""
    asked = threading.Event()

    def handler(request: bytes, context: grpc.ServicerContext) -> bytes:
        asked.set()
        return hang(request, context)

    async def play(endpoint: Endpoint) -> None:
        here = Landings(endpoint)
        here.start().cancel()
        assert await here.wait() == Landing(Status.UNFINISHED)
        before_ns = CLOCK.now_ns()
        request = here.start()
        while not asked.is_set():
            await asyncio.sleep(0.01)
        request.cancel()
        request.cancel()
        landing = await here.wait()
        assert landing == Landing(Status.UNFINISHED, landing.sent_ns)
        assert landing.sent_ns >= before_ns
        request.cancel()
        await asyncio.sleep(0.05)
        assert len(here.landed) == 2

    uvloop.run(play(serve(handler)))


def test_landed_requests_cannot_be_cancelled(serve: Serve) -> None:
    """What has landed has landed."""

    async def play(endpoint: Endpoint) -> None:
        here = Landings(endpoint)
        request = here.start()
        assert (await here.wait()).status is Status.OK
        request.cancel()
        await asyncio.sleep(0.05)
        assert len(here.landed) == 1

    uvloop.run(play(serve()))


@pytest.mark.parametrize("wrong", [{"payload": "no bytes"}, {"method": 7}])
def test_what_the_client_refuses_lands_too(serve: Serve, wrong: dict[str, Any]) -> None:
    """`start` raises nothing: the request ends as INTERNAL, with the cause."""

    async def play(endpoint: Endpoint) -> None:
        here = Landings(endpoint)
        here.start(**wrong)
        landing = await here.wait()
        assert landing.status is Status.INTERNAL
        assert landing.detail.startswith("client: ")
        assert landing.done_ns

    uvloop.run(play(serve()))


def test_requests_leave_no_cycles(serve: Serve) -> None:
    """The sender's garbage collector is off."""

    async def play(endpoint: Endpoint) -> None:
        here = Landings(endpoint)
        for _ in range(3):  # what is made once
            here.start()
            await here.wait()
        gc.collect()
        for _ in range(50):
            here.start()
            await here.wait()
        assert gc.collect() < 50

    uvloop.run(play(serve()))
