"""What one look at a port that does not answer gRPC finds, on real sockets."""

import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from eiload.base.clock import NS_PER_MS, NS_PER_S
from eiload.scenario import Tls
from eiload.serving.diagnose import Place, diagnose, place_of
from tests.grpc_servers import certificate, closed_port, grpc_server, http1, raw_server, silent
from tests.programs import nginx
from tests.serving.model_server import ModelServer, trusting, unusable

PATIENCE_NS = 60 * NS_PER_S
SILENCE_NS = 300 * NS_PER_MS
"""How long one is listened to who says nothing, which is waited out."""


@pytest.mark.parametrize(
    ("server", "place"),
    [
        ("localhost:9000", Place("localhost", 9000, secure=False)),
        ("localhost", Place("localhost", 8500, secure=False)),
        ("grpcs://models.example:443", Place("models.example", 443, secure=True)),
        ("grpc://models.example", Place("models.example", 8500, secure=False)),
        ("[::1]:8500", Place("::1", 8500, secure=False)),
        ("dns:///models.example:1", Place("models.example", 1, secure=False)),
        ("dns:models.example", Place("models.example", 8500, secure=False)),
        ("ipv4:127.0.0.1:1,127.0.0.1:2", Place("127.0.0.1", 1, secure=False)),
        ("ipv6:[::1]:1", Place("::1", 1, secure=False)),
        ("unix:/tmp/a.sock", Place("/tmp/a.sock", None, secure=False)),
        ("unix:///tmp/a.sock", Place("/tmp/a.sock", None, secure=False)),
        ("unix-abstract:a", Place("\0a", None, secure=False)),
    ],
)
def test_place_of(server: str, place: Place) -> None:
    """Every form of address that gRPC takes leads to a place that a socket takes."""
    assert place_of(server) == place


def test_refused() -> None:
    """A closed port is called so, and is the one finding that time may heal."""
    finding = diagnose(f"127.0.0.1:{closed_port()}", None, PATIENCE_NS)
    assert finding.kind == "refused"
    assert finding.cause == "connection refused: nothing listens there"


def test_missing_unix_socket(tmp_path: Path) -> None:
    """A Unix socket that is not there is refused, too."""
    assert diagnose(f"unix:{tmp_path}/none", None, PATIENCE_NS).kind == "refused"


@pytest.mark.parametrize("host", ["no-such-host.invalid", f"{'a' * 70}.invalid", "a..b"])
def test_unknown_host(host: str) -> None:
    """A name that DNS does not know, or that cannot be one, is called by its name."""
    finding = diagnose(f"{host}:8500", None, PATIENCE_NS)
    assert finding.cause == f"the name {host!r} is not known"


def test_http1() -> None:
    """A REST port is recognised, and the gRPC port named."""
    with raw_server(http1) as port:
        finding = diagnose(f"127.0.0.1:{port}", None, PATIENCE_NS)
    assert finding.cause == "HTTP/1 answers there (a REST port?)"
    assert finding.remedy == (
        f"use the gRPC port (8500 by default), not {port}, or ask it over HTTP: `api:`"
    )


def test_silent() -> None:
    """A server that accepts and says nothing is told apart from one that is not there."""
    with raw_server(silent) as port:
        finding = diagnose(f"127.0.0.1:{port}", None, SILENCE_NS)
    assert finding.cause.startswith("connected, no HTTP/2 SETTINGS in 0.3 s")


def test_silent_to_tls() -> None:
    """A server that answers no TLS handshake is not waited for."""
    with raw_server(silent) as port:
        finding = diagnose(f"127.0.0.1:{port}", Tls(), SILENCE_NS)
    assert finding.cause.startswith("TLS fails")


@pytest.mark.parametrize(
    ("behave", "cause"),
    [
        (lambda connection: None, "it accepts connections and closes them"),
        (lambda connection: connection.sendall(b"SSH-2.0-x\r\n"), "what answers there is no gRPC"),
    ],
)
def test_other_servers(behave: Callable[[socket.socket], None], cause: str) -> None:
    """Whatever else answers is described by what it does."""
    with raw_server(behave) as port:
        finding = diagnose(f"127.0.0.1:{port}", None, PATIENCE_NS)
    assert finding.cause.startswith(cause)
    assert finding.kind == "other"


def test_http2() -> None:
    """A gRPC server is one: the cause is above HTTP/2."""
    with grpc_server({}) as port:
        assert diagnose(f"127.0.0.1:{port}", None, PATIENCE_NS).kind == "http2"


def test_http2_on_unix_socket(tmp_path: Path) -> None:
    """A gRPC server on a Unix socket is found as well."""
    with grpc_server({}, address=f"unix:{tmp_path}/s"):
        assert diagnose(f"unix:{tmp_path}/s", None, PATIENCE_NS).kind == "http2"


def test_http2_in_tls(tmp_path: Path) -> None:
    """A gRPC server behind TLS is one, when the certificate is accepted."""
    pair = certificate(tmp_path)
    with grpc_server({}, pair.server_credentials()) as port:
        assert diagnose(f"localhost:{port}", Tls(ca=pair.cert), PATIENCE_NS).kind == "http2"


def test_plaintext_to_tls(tmp_path: Path) -> None:
    """Plaintext spoken to TLS is named; gRPC itself says only that the socket was closed."""
    with grpc_server({}, certificate(tmp_path).server_credentials()) as port:
        finding = diagnose(f"127.0.0.1:{port}", None, PATIENCE_NS)
    assert finding.cause == "the server speaks TLS, the scenario plaintext"
    assert finding.remedy.startswith("add `tls: {}`")


@pytest.mark.parametrize("server", ["127.0.0.1", "grpcs://127.0.0.1"])
def test_tls_to_plaintext(server: str) -> None:
    """TLS spoken to plaintext is named, whether the settings or the address asked for it."""
    with grpc_server({}) as port:
        tls = None if server.startswith("grpcs") else Tls()
        finding = diagnose(f"{server}:{port}", tls, PATIENCE_NS)
    assert finding.cause == "the server speaks plaintext, the scenario TLS"
    assert finding.remedy == "remove `tls:` (and `grpcs://`)"


def test_tls_to_http1() -> None:
    """TLS spoken to a plain REST port finds the REST port."""
    with raw_server(http1) as port:
        finding = diagnose(f"127.0.0.1:{port}", Tls(), PATIENCE_NS)
    assert finding.cause.startswith("HTTP/1 answers there")


def test_tls_without_http2(tmp_path: Path) -> None:
    """A TLS server that does not choose h2 cannot be gRPC's."""
    pair = certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pair.cert, pair.key)

    def behave(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            secured.recv(100)

    with raw_server(behave) as port:
        finding = diagnose(f"localhost:{port}", Tls(ca=pair.cert), PATIENCE_NS)
    assert finding.cause.startswith("TLS answers, but not HTTP/2 (ALPN): a REST port, or a proxy")


@pytest.mark.parametrize(
    ("name", "trusted", "reason", "remedy"),
    [
        ("expired", True, "certificate has expired", "renew the server's certificate"),
        ("localhost", False, "self-signed certificate", "set `tls: ca`"),
        ("models.example", True, "IP address mismatch", "set `tls: server_name`"),
    ],
)
def test_certificates(tmp_path: Path, name: str, trusted: bool, reason: str, remedy: str) -> None:
    """A certificate that is not accepted is reported with OpenSSL's reason and its own remedy."""
    pair = certificate(tmp_path, name, expired=name == "expired")
    with grpc_server({}, pair.server_credentials()) as port:
        tls = Tls(ca=pair.cert if trusted else None)
        finding = diagnose(f"127.0.0.1:{port}", tls, PATIENCE_NS)
    assert finding.cause.startswith("its certificate is not accepted (")
    assert reason in finding.cause
    assert finding.remedy.startswith(remedy)


def test_server_name(tmp_path: Path) -> None:
    """The name to expect in the certificate can be set."""
    pair = certificate(tmp_path, "models.example")
    with grpc_server({}, pair.server_credentials()) as port:
        tls = Tls(ca=pair.cert, server_name="models.example")
        assert diagnose(f"127.0.0.1:{port}", tls, PATIENCE_NS).kind == "http2"


def test_client_certificate(tmp_path: Path) -> None:
    """A server that wants our certificate is satisfied by one, and reported without."""
    pair = certificate(tmp_path)
    with grpc_server({}, pair.server_credentials(clients=pair.cert)) as port:
        without = diagnose(f"localhost:{port}", Tls(ca=pair.cert), PATIENCE_NS)
        with_it = diagnose(
            f"localhost:{port}", Tls(ca=pair.cert, cert=pair.cert, key=pair.key), PATIENCE_NS
        )
    assert with_it.kind == "http2"
    assert without.remedy == "set `tls: cert` and `key`"


def test_unreadable_tls_files(tmp_path: Path) -> None:
    """A missing or wrong PEM file is the finding, before anything is connected."""
    missing = diagnose("127.0.0.1:1", Tls(ca=str(tmp_path / "none.pem")), PATIENCE_NS)
    assert missing.cause == "its TLS files cannot be read (No such file or directory)"
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("no certificate")
    found = diagnose("127.0.0.1:1", Tls(ca=str(wrong)), PATIENCE_NS)
    assert found.cause.startswith("its TLS files cannot be read (")


def test_a_proxy_that_is_spoken_to_wrongly(tmp_path: Path) -> None:
    """Real nginx: plaintext to its TLS port, a port without h2c, TLS without HTTP/2."""
    pair = certificate(tmp_path)
    secure, old, old_tls = closed_port(), closed_port(), closed_port()
    http = f"""
      ssl_certificate {pair.cert}; ssl_certificate_key {pair.key};
      server {{ listen 127.0.0.1:{secure} ssl http2; }}
      server {{ listen 127.0.0.1:{old}; }}
      server {{ listen 127.0.0.1:{old_tls} ssl; }}
    """
    with nginx(tmp_path, http, secure):
        assert diagnose(f"127.0.0.1:{secure}", None, PATIENCE_NS).cause == (
            "the server speaks TLS, the scenario plaintext"
        )
        found = diagnose(f"127.0.0.1:{old}", None, PATIENCE_NS)
        assert found.cause.startswith("a proxy or web server (nginx")
        assert "HTTP/2 without TLS (h2c) is not enabled on this port" in found.cause
        assert "`listen PORT http2`" in found.remedy
        found = diagnose(f"localhost:{old_tls}", Tls(ca=pair.cert), PATIENCE_NS)
        assert "a proxy without HTTP/2" in found.cause
        assert "enable HTTP/2 in the proxy" in found.remedy


# -- by way of preflight, in its words ------------------------------------------------------------


def test_row_4_silent() -> None:
    """A server that accepts and says nothing is told from one that is not there."""
    with raw_server(silent) as port:
        assert unusable(f"127.0.0.1:{port}", patience_ns=SILENCE_NS).startswith(
            "connected, no HTTP/2 SETTINGS in 0.3 s: it accepts and says nothing; check that"
        )


def test_row_9_rest_port() -> None:
    """The REST port is recognised."""
    with raw_server(http1) as port:
        assert unusable(f"127.0.0.1:{port}") == (
            f"HTTP/1 answers there (a REST port?); use the gRPC port (8500 by default), not {port}"
            ", or ask it over HTTP: `api:`"
        )


def test_row_10_plaintext_to_tls(tmp_path: Path) -> None:
    """Plaintext spoken to TLS is named, where gRPC only says that the socket was closed."""
    with grpc_server({}, certificate(tmp_path).server_credentials()) as port:
        assert unusable(f"127.0.0.1:{port}") == (
            "the server speaks TLS, the scenario plaintext;"
            " add `tls: {}` (with `ca:` for a private CA)"
        )


def test_row_10_tls_to_plaintext(tmp_path: Path) -> None:
    """TLS spoken to plaintext is named."""
    pair = certificate(tmp_path)
    with grpc_server(ModelServer().handlers()) as port:
        reason = unusable(f"127.0.0.1:{port}", credentials=trusting(pair), tls={"ca": pair.cert})
    assert reason == (
        "the server speaks plaintext, the scenario TLS; remove `tls:` (and `grpcs://`)"
    )


@pytest.mark.parametrize(
    ("name", "trusted", "reason"),
    [
        ("expired", True, "certificate has expired"),
        ("localhost", False, "self-signed certificate"),
        ("models.example", True, "IP address mismatch"),
    ],
)
def test_row_11_certificates(tmp_path: Path, name: str, trusted: bool, reason: str) -> None:
    """A certificate that is not accepted is reported with OpenSSL's reason."""
    pair = certificate(tmp_path, name, expired=name == "expired")
    ours = pair if trusted else certificate(tmp_path, "other")
    with grpc_server(ModelServer().handlers(), pair.server_credentials()) as port:
        text = unusable(f"127.0.0.1:{port}", credentials=trusting(ours), tls={"ca": ours.cert})
    assert text.startswith("its certificate is not accepted (")
    assert reason in text


def test_row_12_unknown_host() -> None:
    """A name that DNS does not know is named."""
    assert unusable("no-such-host.invalid:8500").startswith(
        "the name 'no-such-host.invalid' is not known; check the host in `server:`"
    )
