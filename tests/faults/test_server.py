"""What servers and networks do to a load: each request has its fate, and the load goes on.

Real senders to real sockets; the row of README.md is in each test's name.
"""

import itertools
import os
import re
import signal
import socket
import struct
import threading
import time
from collections import Counter

import grpc
import numpy as np
import psutil
import pytest

from eiload.base.clock import NS_PER_MS, NS_PER_S
from eiload.base.status import Status
from eiload.sending.endpoint import GRPCIO, HTTP2
from eiload.sending.result import WAITED_STREAM
from tests.faults.load import METHOD, Load, endpoint, wait_for
from tests.faults.served import served
from tests.grpc_servers import closed_port, grpc_server, raw_server
from tests.ports import free_port
from tests.sending.driver import PATIENCE_S, Driver, echo
from tests.sending.http2.calls import START, Scripted, scripted


def test_row_2_killed_and_started_again() -> None:
    """Its requests fail while it is away, and none after it is back; the run goes on."""
    with served(free_port()) as (first, port), Driver(endpoint(port)) as driver:
        load = Load(driver)
        load.wait(Status.OK, 5)
        first.kill()
        load.wait(Status.UNAVAILABLE, 5)
        with served(port):
            load.wait(Status.OK, 5)
            results = load.end()
    assert set(results["status"].tolist()) == {Status.OK, Status.UNAVAILABLE}
    failed = np.flatnonzero(results["status"] == Status.UNAVAILABLE)
    assert 5 <= failed[0] < failed[-1] < len(results) - 1


def test_row_3_stopped_and_continued() -> None:
    """Requests end at their deadlines, and sending goes on by the plan while it hangs."""
    with served() as (server, port), Driver(endpoint(port, 2 * NS_PER_S)) as driver:
        load = Load(driver)
        load.wait(Status.OK, 5)
        os.kill(server.pid, signal.SIGSTOP)
        load.wait(Status.DEADLINE_EXCEEDED, 50)
        os.kill(server.pid, signal.SIGCONT)
        load.wait(Status.OK, 5)
        results = load.end()
    assert set(results["status"].tolist()) == {Status.OK, Status.DEADLINE_EXCEEDED}
    late = results[results["status"] == Status.DEADLINE_EXCEEDED]
    assert (late["done_ns"] - late["intended_ns"] >= 2 * NS_PER_S).all()
    # A closed loop would have sent one in the first's two seconds; this one, up to 200.
    assert (late["sent_ns"] < late["done_ns"][0]).sum() > 5


def test_row_5_an_answer_that_trickles() -> None:
    """The deadline holds, and it is said how much of the answer had come."""

    def trickle(server: Scripted) -> None:
        while True:
            stream = server.request()
            server.h2.send_headers(stream, START)
            for _ in range(3):
                server.h2.send_data(stream, b"\0")
                server.send()
                time.sleep(0.01)

    with scripted(trickle) as port, Driver(endpoint(port, 3 * NS_PER_S)) as driver:
        load = Load(driver, count=1)
        load.wait(Status.DEADLINE_EXCEEDED)
        results = load.end()
        (text,) = load.details(results, Status.DEADLINE_EXCEEDED)
        words = r"Deadline Exceeded: at least [\d,]+ bytes? of the answer had come"
        assert re.fullmatch(words, text)


RESETS = {
    1: Status.INTERNAL,
    2: Status.INTERNAL,
    8: Status.CANCELLED,
    11: Status.RESOURCE_EXHAUSTED,
    12: Status.PERMISSION_DENIED,
}
"""HTTP/2's error codes (RFC 9113, section 7), and what gRPC makes of a stream that is reset so
(PROTOCOL-HTTP2.md)."""


def test_row_6_reset() -> None:
    """A stream that is reset costs that one; a connection that is, what was in flight on it."""
    codes = [*RESETS] * 2

    def behave(server: Scripted) -> None:
        while codes:
            server.h2.reset_stream(server.request(), error_code=codes.pop())
            server.send()
        while not heard.is_set():
            server.answer(server.request())
        if not lives:
            server.request()
            lives.append(1)
            server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            server.socket.close()
            return
        while True:
            server.answer(server.request())

    lives: list[int] = []
    heard = threading.Event()
    with scripted(behave) as port, Driver(endpoint(port)) as driver:
        load = Load(driver)
        load.wait(Status.OK)
        heard.set()  # what is not read when a connection is reset is lost
        load.wait(Status.UNAVAILABLE)
        load.wait(Status.OK, 3)
        results = load.end()
        for code, status in RESETS.items():
            texts = load.details(results, status)
            assert any(f"error code {code}" in text for text in texts), texts
    counts = Counter(results["status"].tolist())
    assert counts[Status.INTERNAL] == 4
    assert counts[Status.CANCELLED] == counts[Status.RESOURCE_EXHAUSTED] == 2
    assert counts[Status.PERMISSION_DENIED] == 2
    assert counts[Status.UNAVAILABLE] >= 1


def test_row_8_goaway_in_flight() -> None:
    """What the server had looked at has failed, once and in its words; nobody storms it."""
    lives: list[int] = []

    def behave(server: Scripted) -> None:
        lives.append(1)
        server.answer(server.request())
        if len(lives) <= 3:
            stream = server.request()
            server.h2.close_connection(11, last_stream_id=stream)  # ENHANCE_YOUR_CALM
            server.send()
            server.socket.shutdown(socket.SHUT_WR)
            while server.socket.recv(1 << 16):  # closed with bytes unread, it would be a reset
                pass
            return
        while True:
            server.answer(server.request())

    with scripted(behave) as port, Driver(endpoint(port)) as driver:
        load = Load(driver)
        wait_for(lambda: len(lives) > 3)
        load.wait(Status.OK, 5)
        results = load.end()
        assert load.details(results, Status.UNAVAILABLE) == {
            "the server went away: ENHANCE_YOUR_CALM"
        }
    assert set(results["status"].tolist()) == {Status.OK, Status.UNAVAILABLE}
    assert len(lives) == 4


@pytest.mark.parametrize("client", [HTTP2, GRPCIO])
def test_row_13_a_proxy_in_the_environment(monkeypatch: pytest.MonkeyPatch, client: str) -> None:
    """Requests go straight to their target."""
    for name in ("http_proxy", "https_proxy", "grpc_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port()}")
    with (
        grpc_server({METHOD: echo}) as port,
        Driver(endpoint(port, client=client)) as driver,
    ):
        load = Load(driver)
        load.wait(Status.OK, 3)
        assert set(load.end()["status"].tolist()) == {Status.OK}


def test_row_18_shed_by_an_overloaded_server() -> None:
    """Each is told in the server's words, and sent once: nothing is tried again in secret."""
    asked = itertools.count(1)
    gate = threading.Event()

    def busy(request: bytes, context: grpc.ServicerContext) -> bytes:
        if next(asked) > 2:
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "the queue is full")
        gate.wait(PATIENCE_S)
        return request

    with grpc_server({METHOD: busy}) as port, Driver(endpoint(port)) as driver:
        load = Load(driver)
        load.wait(Status.RESOURCE_EXHAUSTED, 5)
        gate.set()
        results = load.end()
        assert load.details(results, Status.RESOURCE_EXHAUSTED) == {"the queue is full"}
    assert (results["status"] == Status.OK).sum() == 2
    assert (results["status"] == Status.RESOURCE_EXHAUSTED).sum() == len(results) - 2
    assert next(asked) == len(results) + 1


def test_row_22_one_stream_at_a_time() -> None:
    """The wait is in the times, and named as what it is."""
    gate = threading.Event()

    def behave(server: Scripted) -> None:
        while True:
            stream = server.request()
            gate.wait(PATIENCE_S)
            server.answer(stream)

    with (
        scripted(behave, MAX_CONCURRENT_STREAMS=1) as port,
        Driver(endpoint(port)) as driver,
    ):
        load = Load(driver, count=10)
        wait_for(lambda: driver.engine.stats.in_flight == 10)
        gate.set()
        wait_for(lambda: len(driver.results()) == 10)
        results = load.end()
    assert (results["status"] == Status.OK).all()
    waited = results[(results["flags"] & WAITED_STREAM) != 0]
    assert len(waited) == 9
    assert (waited["waited_ns"] > 0).all()


def test_row_44_a_server_that_never_answers() -> None:
    """As many as may be are in flight, the rest is named and costs nothing; the drain ends."""

    def take(server: Scripted) -> None:
        while True:
            server.request()

    with scripted(take) as port:
        guarded = Driver(endpoint(port, 3600 * NS_PER_S), max_in_flight=7)
        with guarded as driver:
            load = Load(driver)
            load.wait(Status.DROPPED, 50)
            results = load.end(drain_ns=100 * NS_PER_MS)
    assert (results["status"] == Status.UNFINISHED).sum() == 7
    assert (results["status"][7:] == Status.DROPPED).all()


def test_row_45_ten_thousand_in_flight() -> None:
    """They are held in little memory, what is more is named, and the drain ends."""

    def swallow(connection: socket.socket) -> None:
        window = b"\0\0\4\x08\0\0\0\0\0" + (1 << 30).to_bytes(4, "big")
        connection.sendall(b"\0\0\0\4\0\0\0\0\0" + window)
        while connection.recv(1 << 16):
            pass

    with raw_server(swallow) as port:
        wide = Driver(endpoint(port, 3600 * NS_PER_S), max_in_flight=10_000)
        with wide as driver:
            load = Load(driver, count=10_500, step_ns=100_000)
            load.wait(Status.DROPPED, 500)
            assert driver.engine.pid is not None
            used_bytes = psutil.Process(driver.engine.pid).memory_info().rss
            results = load.end(drain_ns=100 * NS_PER_MS)
    assert used_bytes < 1_000_000_000
    assert (results["status"] == Status.UNFINISHED).sum() == 10_000
    assert (results["status"] == Status.DROPPED).sum() == 500
