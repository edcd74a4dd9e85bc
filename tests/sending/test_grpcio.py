"""gRPC's own stack as a channel: statuses, deadlines, connections, TLS, against real servers."""

from pathlib import Path
from typing import Any

import grpc
import pytest

from eiload.base.clock import NS_PER_MS
from eiload.base.status import Status
from eiload.scenario import Target, Tls
from eiload.sending.endpoint import Endpoint
from eiload.serving.endpoint import endpoint_of
from eiload.serving.tfserving import PREDICT
from tests.grpc_servers import certificate, closed_port, grpc_server
from tests.sending.driver import Driver, Handler, Serve, echo, failing


@pytest.mark.parametrize("code", [c for c in grpc.StatusCode if c is not grpc.StatusCode.OK])
def test_statuses(code: grpc.StatusCode) -> None:
    """Every gRPC status arrives as itself, with its text."""
    with (
        grpc_server({PREDICT: failing(code, f"as {code.name}")}) as port,
        Driver(Endpoint(f"127.0.0.1:{port}", PREDICT)) as driver,
    ):
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
    assert short.done_ns - short.sent_ns >= 190 * NS_PER_MS
    assert longer.done_ns - longer.sent_ns >= 390 * NS_PER_MS


def test_refused() -> None:
    """A closed port is UNAVAILABLE, not an exception."""
    with Driver(Endpoint(f"127.0.0.1:{closed_port()}", PREDICT)) as driver:
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
        for _ in range(6):
            driver.engine.call(0, "", b"abc")
    assert len(peers) == 3


def test_tls(tmp_path: Path) -> None:
    """TLS and mTLS by files, through the target's settings."""
    pair, ours = certificate(tmp_path), certificate(tmp_path, "client")
    for clients in (None, ours.cert):
        credentials = pair.server_credentials(clients)
        with grpc_server({PREDICT: echo}, credentials) as port:
            tls = Tls(ca=pair.cert, cert=ours.cert, key=ours.key, server_name="localhost")
            target = Target(server=f"127.0.0.1:{port}", model="ssd", tls=tls)
            with Driver(endpoint_of(target)) as driver:
                reply = driver.engine.call(0, "", b"abc")
                assert (reply.status, reply.response) == (Status.OK, b"abc"), reply.detail
