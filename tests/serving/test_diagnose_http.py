"""What one look at a port that does not answer by HTTP/1.1 finds, on real sockets."""

import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from eiload.base.clock import NS_PER_MS
from eiload.scenario import Tls
from eiload.serving.diagnose_http import diagnose_http
from tests.grpc_servers import certificate, closed_port, grpc_server, http1, raw_server, silent
from tests.serving.model_server import ModelServer

PATIENCE_NS = 300 * NS_PER_MS


def words(data: bytes) -> Callable[[socket.socket], None]:
    """Return what answers anything by these bytes."""

    def behave(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(data)

    return behave


@pytest.mark.parametrize(
    ("behave", "kind", "cause"),
    [
        (http1, "http1", "HTTP/1.1 answers, the call does not"),
        (silent, "other", "it accepts and says nothing"),
        (words(b""), "other", "it accepts connections and closes them"),
        (words(b"\x15\3\1\0\2\2\x16"), "other", "the server speaks TLS, the scenario plaintext"),
        (words(b"SSH-2.0-x\r\n"), "other", "no HTTP/1.1 (it begins with b'SSH-2.0-x"),
    ],
)
def test_what_is_there(behave: Callable[[socket.socket], None], kind: str, cause: str) -> None:
    """By its first bytes."""
    patience_ns = PATIENCE_NS if behave is silent else 100 * PATIENCE_NS
    with raw_server(behave) as port:
        finding = diagnose_http(f"127.0.0.1:{port}", None, patience_ns)
    assert finding.kind == kind
    assert cause in finding.cause


def test_a_grpc_port() -> None:
    """Another port is wanted, or another API."""
    with grpc_server(ModelServer().handlers()) as port:
        finding = diagnose_http(f"127.0.0.1:{port}", None, 100 * PATIENCE_NS)
    assert finding.cause == "a gRPC port answers there, which speaks no HTTP/1.1"


def test_a_closed_port() -> None:
    """That time may heal."""
    finding = diagnose_http(f"127.0.0.1:{closed_port()}", None, 100 * PATIENCE_NS)
    assert finding.kind == "refused"


def test_tls(tmp_path: Path) -> None:
    """Wanted and not spoken; spoken and not trusted; spoken to plaintext."""
    pair = certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pair.cert, pair.key)

    def behave(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            secured.recv(4096)
            secured.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

    patience_ns = 100 * PATIENCE_NS
    with raw_server(behave) as port:
        server = f"127.0.0.1:{port}"
        assert "speaks TLS" in diagnose_http(server, None, patience_ns).cause
        assert "certificate" in diagnose_http(server, Tls(), patience_ns).cause
        assert diagnose_http(server, Tls(ca=pair.cert), patience_ns).kind == "http1"
    with raw_server(http1) as port:
        finding = diagnose_http(f"127.0.0.1:{port}", Tls(), patience_ns)
    assert finding.cause.startswith("TLS fails")
