"""What stands between, over both wires: an nginx that answers itself, a balancer that forgets."""

import contextlib
import socket
import threading
import time
from dataclasses import replace
from pathlib import Path

import grpc
import pytest

from eiload.base.clock import NS_PER_MS, NS_PER_S
from eiload.base.status import Status
from eiload.sending import proxies
from eiload.sending.endpoint import Endpoint, KeepAlive
from eiload.serving.tfserving import PREDICT
from tests.grpc_servers import GRPC, closed_port, grpc_server
from tests.programs import nginx
from tests.sending.driver import PATIENCE_S, Driver, echo

ANSWERS = {
    "large": (
        *(Status.UNKNOWN, 413),
        "a proxy takes no body of 2,005 bytes: raise its limit (nginx: client_max_body_size, 1 MB",
    ),
    "gone": (Status.UNAVAILABLE, 502, "a proxy does not reach the server"),
    "none": (Status.UNAVAILABLE, 503, "a proxy has no server for it now"),
    "late": (Status.UNAVAILABLE, 504, "raise its timeout (nginx: grpc_read_timeout"),
    "forbidden": (Status.PERMISSION_DENIED, 403, "a proxy or a policy forbids it"),
    "unknown": (Status.UNIMPLEMENTED, 404, "an ingress that goes by host names (`authority:`)"),
}
"""What nginx says of its locations, and what we say of it."""


def hang(request: bytes, context: grpc.ServicerContext) -> bytes:
    """Answer when the proxy has given up."""
    while context.is_active():
        time.sleep(0.01)
    return request


def test_what_a_proxy_says_is_named(client: str, tmp_path: Path) -> None:
    """The status, what it mostly means, and what to change; a REST answer; an ingress by name."""
    port, named = closed_port(), closed_port()
    with grpc_server({"/late/x": hang, PREDICT: echo}) as backend:
        to_it = f"grpc_pass grpc://127.0.0.1:{backend};"
        http = f"""
          server {{ listen 127.0.0.1:{port} http2;
            location /large/ {{ client_max_body_size 1k; {to_it} }}
            location /gone/ {{ grpc_pass grpc://127.0.0.1:{closed_port()}; }}
            location /none/ {{ return 503; }}
            location /late/ {{ grpc_read_timeout 100ms; {to_it} }}
            location /forbidden/ {{ return 403; }}
            location /unknown/ {{ return 404; }}
            location /rest/ {{ default_type application/json; return 200 "{{}}"; }} }}
          server {{ listen 127.0.0.1:{named} http2 default_server; return 404; }}
          server {{ listen 127.0.0.1:{named} http2; server_name ssd.example.com;
            location / {{ {to_it} }} }}
        """
        plain = Endpoint(f"127.0.0.1:{port}", PREDICT, client=client)
        by_name = Endpoint(
            f"127.0.0.1:{named}", PREDICT, client=client, authority="ssd.example.com"
        )
        with nginx(tmp_path, http, port), Driver(plain, by_name) as driver:
            for place, (status, number, words) in ANSWERS.items():
                reply = driver.engine.call(0, f"/{place}/x", bytes(2000))
                assert reply.status is status, (place, reply)
                assert str(number) in reply.detail
                assert words in reply.detail
            rest = driver.engine.call(0, "/rest/x", b"abc")
            assert rest.status is Status.UNKNOWN
            silent = client == "grpcio" and GRPC < (1, 85) and rest.detail == "Stream removed"
            if not silent:  # gRPC 1.74 does not say what came instead
                assert "REST" in rest.detail
                assert rest.detail.endswith("answers there, not gRPC")
            assert driver.engine.call(1, "", b"abc").response == b"abc"


class Balancer:
    """Forwards connections at layer 4, and forgets idle ones without a word when it is told to."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets = [self._listener]
        self._idle: dict[int, bool] = {}
        self._forgotten: set[int] = set()
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def mark(self) -> None:
        """Take all connections for idle from now on, until something comes."""
        self._idle = dict.fromkeys(self._idle, True)

    def idle(self) -> int:
        """Return over how many connections nothing has come since then."""
        return sum(self._idle.values())

    def forget(self) -> None:
        """Drop all that comes over these from now on."""
        self._forgotten = {number for number, idle in self._idle.items() if idle}

    def close(self) -> None:
        """End all connections."""
        for each in self._sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near = self._listener.accept()[0]
                far = socket.create_connection(("127.0.0.1", self._port))
                self._sockets += [near, far]
                number = len(self._idle)
                self._idle[number] = False
                for pair in ((near, far), (far, near)):
                    args = (*pair, number)
                    threading.Thread(target=self._forward, args=args, daemon=True).start()

    def _forward(self, source: socket.socket, sink: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                self._idle[number] = False
                if number not in self._forgotten:
                    sink.sendall(data)


def test_a_balancer_that_forgets_idle_connections(client: str) -> None:
    """The failure's text says what to try; with it nothing fails."""
    asks = KeepAlive(100 * NS_PER_MS, PATIENCE_S * NS_PER_S)
    options = [
        ("grpc.http2.min_ping_interval_without_data_ms", 10),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.max_ping_strikes", 0),
    ]
    with grpc_server({PREDICT: echo}, options=options) as backend:
        balancer = Balancer(backend)
        where = Endpoint(f"127.0.0.1:{balancer.port}", PREDICT, client=client)
        with (
            contextlib.closing(balancer),
            Driver(where, replace(where, keep_alive=asks)) as driver,
        ):
            for target in (0, 1):
                assert driver.engine.call(target, "", b"abc").status is Status.OK
            time.sleep(2 * proxies.IDLE_NS / NS_PER_S)
            balancer.mark()
            until = time.monotonic() + PATIENCE_S
            while balancer.idle() > 1 and time.monotonic() < until:
                time.sleep(0.01)
            balancer.forget()
            reply = driver.engine.call(0, "", b"abc", 500 * NS_PER_MS)
            assert reply.status is Status.DEADLINE_EXCEEDED
            assert reply.detail == proxies.forgotten("Deadline Exceeded")
            assert driver.engine.call(1, "", b"abc").status is Status.OK


@pytest.mark.parametrize(
    "words", ["received HTTP status {}", "Received http2 header with status: {}"]
)
def test_both_clients_words(words: str) -> None:
    """Ours and gRPC's; what says nothing of HTTP stays as it is, and nothing is said twice."""
    told = proxies.of_text(words.format(413))
    assert told.startswith(words.format(413) + ": a proxy takes no body of this size")
    assert proxies.of_text(told) == told
    assert "of 2,359,365 bytes" in proxies.with_size(told, 2_359_360)
    assert proxies.with_size("this size", 1) == "this size"
    for text in ("", "Deadline Exceeded", words.format(418)):
        assert proxies.of_text(text) == text
