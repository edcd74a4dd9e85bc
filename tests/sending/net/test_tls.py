"""TLS that fails: UNAVAILABLE, and a reason that tells what to do."""

import socket
import ssl
from pathlib import Path

import pytest

from eiload.base.status import Status
from eiload.sending.channel import Landing
from eiload.sending.endpoint import CHANNEL_OPTIONS
from eiload.sending.net.tls import TlsError, tls_context
from tests.grpc_servers import Pair, certificate, grpc_server, raw_server
from tests.sending.http2.calls import METHOD, echo, endpoint, ours


def text(path: str) -> str:
    """Return a file's text."""
    return Path(path).read_text(encoding="ascii")


def call(port: int, ca: Pair, name: str = "", host: str = "127.0.0.1") -> Landing:
    """Make a call by TLS."""
    options = (*CHANNEL_OPTIONS, ("grpc.ssl_target_name_override", name))
    tls = (text(ca.cert), None, None)
    return ours(endpoint(f"{host}:{port}", tls=tls, options=options), b"x")


def test_the_name_may_be_another_than_the_address(tmp_path: Path) -> None:
    """`server_name`: what the certificate has to be for, and the authority of requests."""
    pair = certificate(tmp_path, "models.test")
    with grpc_server({METHOD: echo}, pair.server_credentials()) as port:
        assert call(port, pair, "models.test").response == b"x"
        landing = call(port, pair)
    assert landing.status is Status.UNAVAILABLE
    assert "certificate is not accepted: IP address mismatch" in landing.detail


def test_certificates_that_are_not_accepted(tmp_path: Path) -> None:
    """Of an unknown authority, or expired."""
    other = certificate(tmp_path, "other.test")
    pair = certificate(tmp_path)
    with grpc_server({METHOD: echo}, pair.server_credentials()) as port:
        landing = call(port, other)
    assert landing.status is Status.UNAVAILABLE
    assert "certificate is not accepted: self-signed certificate" in landing.detail
    old = certificate(tmp_path, expired=True)
    with grpc_server({METHOD: echo}, old.server_credentials()) as port:
        landing = call(port, old)
    assert "certificate is not accepted: certificate has expired" in landing.detail


def test_tls_to_plaintext_and_back(tmp_path: Path) -> None:
    """Each other's port."""
    pair = certificate(tmp_path)
    with grpc_server({METHOD: echo}) as port:
        landing = call(port, pair)
    assert landing.status is Status.UNAVAILABLE
    assert landing.detail.startswith(f"failed to connect: 127.0.0.1:{port}: ")
    with grpc_server({METHOD: echo}, pair.server_credentials()) as port:
        landing = ours(endpoint(port))
    assert landing.status is Status.UNAVAILABLE
    assert landing.sent_ns == 0


def test_a_web_server_by_tls(tmp_path: Path) -> None:
    """TLS is fine, HTTP/2 was not chosen."""
    pair = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.cert, pair.key)
    context.set_alpn_protocols(["http/1.1"])

    def behave(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            secured.recv(1000)

    with raw_server(behave) as port:
        landing = call(port, pair)
    assert landing.detail.endswith("TLS answers, but not HTTP/2 (ALPN did not choose h2)")


def test_words_between_certificates_do_not_matter(tmp_path: Path) -> None:
    """PEM files often say whose a certificate is."""
    pair = certificate(tmp_path)
    tls_context(f"# Zürich\n{text(pair.cert)}\nsubject=é\n{text(pair.cert)}", None, None)


@pytest.mark.parametrize("roots", ["", "nonsense"])
def test_texts_that_are_no_certificates(roots: str, tmp_path: Path) -> None:
    """Said when the channel is made, by every request."""
    with pytest.raises(TlsError, match="the TLS files cannot be used"):
        tls_context(roots, None, None)
    landing = ours(endpoint("127.0.0.1:1", tls=(roots, None, None)))
    assert landing.status is Status.UNAVAILABLE
    assert landing.detail.startswith("the TLS files cannot be used")
    pair = certificate(tmp_path)
    with pytest.raises(TlsError, match="the TLS files cannot be used"):
        tls_context(None, "no key", text(pair.cert))
