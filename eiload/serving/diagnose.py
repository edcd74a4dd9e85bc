"""Why a server does not answer gRPC: one look at its port with plain sockets.

gRPC says UNAVAILABLE to nearly everything: a closed port, a REST port, TLS spoken to plaintext, an
expired certificate, often without a hint. This file opens a connection of its own, says what an
HTTP/2 client says first, and tells from the server's first bytes what is there. It knows addresses,
TLS and first bytes; nothing of models, gRPC calls or time limits of a run. It is asked after a call
has failed, never instead of one.

Standard library sockets only: inside Locust they are gevent's, and only the calling greenlet waits.
First bytes: RFC 9113, section 3.4 (preface, SETTINGS) and 4.1 (frames); RFC 8446, section 5.1
(a TLS record begins with its content type, an alert's is 21). A server that gRPC can use chooses
``h2`` in the TLS handshake (RFC 7301).
"""

import os
import re
import socket
import ssl
from dataclasses import dataclass
from typing import Literal

from eiload.base.clock import NS_PER_S
from eiload.scenario.address import DEFAULT_PORT, parse_address
from eiload.scenario.target import Tls

__all__ = [
    "Diagnosis",
    "Place",
    "connect",
    "context_of",
    "diagnose",
    "from_certificate",
    "from_error",
    "place_of",
    "speaks_tls",
]

REST_PORT = 8501
"""TensorFlow Serving's image has its REST API there, next to gRPC."""

SETTINGS = 4
"""The type of the frame that a server's HTTP/2 begins with."""

GREETING_BYTES = 512
"""How much is read of what a server says first: HTTP/1's header, or most of it."""

_SERVER = re.compile(rb"\r\nserver:[ \t]*([\x21-\x7e][\x20-\x7e]*)", re.IGNORECASE)
"""What names itself in a header of HTTP/1; TensorFlow Serving's REST port does not."""

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"
"""What an HTTP/2 client says first: the magic, and an empty SETTINGS frame."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What one look at a server showed."""

    cause: str
    """The likely cause, in words; it continues a sentence that names the target."""
    remedy: str
    """What the user can do about it."""
    kind: Literal["refused", "http1", "http2", "other"] = "other"
    """``refused``: nothing listens there yet; ``http2``: HTTP/2 is fine, the cause is above it, and
    ``http1`` likewise (`diagnose_http`); ``other``: waiting does not help."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server is."""

    host: str
    """A name or an address; the path of a Unix socket."""
    port: int | None
    """None for a Unix socket."""
    secure: bool
    """Whether the address itself asks for TLS (``grpcs://``)."""

    @property
    def name(self) -> str:
        """Return the name that a certificate has to have; gRPC's for a Unix socket."""
        return self.host if self.port is not None else "localhost"


def place_of(server: str) -> Place:
    """Return the place that an address names, its first one if it names several.

    Raises:
        ValueError: it is no address that a scenario may have.
    """
    address, secure = parse_address(server)
    scheme, _, rest = address.partition(":")
    match scheme:
        case "unix":
            return Place(rest.removeprefix("//"), None, secure=bool(secure))
        case "unix-abstract":
            return Place(f"\0{rest}", None, secure=bool(secure))
        case "dns" | "ipv4" | "ipv6":
            # dns://authority/host:port has an authority, nearly always an empty one.
            address = parse_address(rest.rpartition("/")[2].partition(",")[0]).target
    host, _, port = address.rpartition(":")
    return Place(host.strip("[]"), int(port), secure=bool(secure))


def diagnose(server: str, tls: Tls | None, patience_ns: int) -> Diagnosis:
    """Look at a server that has failed a call, and say what is there.

    Args:
        server: its address, as in a scenario.
        tls: how TLS is to be spoken to it; None for plaintext, unless the address asks for TLS.
        patience_ns: how long each step may take.
    """
    place = place_of(server)
    patience_s = patience_ns / NS_PER_S
    try:
        if place.secure or tls is not None:
            return _look_by_tls(place, tls, patience_s)
        return _look(place, patience_s)
    except (OSError, UnicodeError, OverflowError) as error:
        return from_error(place, error, patience_s)


_TLS_WANTED = Diagnosis(
    "the server speaks TLS, the scenario plaintext", "add `tls: {}` (with `ca:` for a private CA)"
)


_CERTIFICATE_WANTED = Diagnosis(
    "the server ends TLS after the handshake: it may want a client certificate",
    "set `tls: cert` and `key`",
)


def _look(place: Place, patience_s: float) -> Diagnosis:
    """Look by plaintext."""
    with connect(place, patience_s) as connection:
        greeting = _first_bytes(connection)
    if (greeting == b"" or _is_http1(greeting)) and speaks_tls(place, patience_s):
        # A gRPC server that expects TLS just closes, and nothing says why; nginx answers by HTTP/1.
        return _TLS_WANTED
    return _from_greeting(place, greeting, patience_s)


def _look_by_tls(place: Place, tls: Tls | None, patience_s: float) -> Diagnosis:
    """Look by TLS, as the scenario has it."""
    context = context_of(tls)
    if isinstance(context, Diagnosis):
        return context
    context.set_alpn_protocols(["h2"])
    name = (tls.server_name if tls else None) or place.name
    connection = connect(place, patience_s)
    try:
        with context.wrap_socket(connection, server_hostname=name) as secured:
            if secured.selected_alpn_protocol() != "h2":
                return _without_h2(place)
            greeting = _first_bytes(secured)
            if greeting == b"":
                return _CERTIFICATE_WANTED
            return _from_greeting(place, greeting, patience_s)
    except ssl.SSLCertVerificationError as error:
        return from_certificate(name, error.verify_message)
    except OSError as error:
        return _from_handshake(place, error, patience_s)
    finally:
        connection.close()


def context_of(tls: Tls | None) -> ssl.SSLContext | Diagnosis:
    """Return what TLS is spoken by, as the scenario has it; or that its files cannot be read."""
    try:
        context = ssl.create_default_context(cafile=tls.ca if tls else None)
        if tls is not None and tls.cert is not None:
            context.load_cert_chain(tls.cert, tls.key)
    except OSError as error:
        reason = error.strerror or str(error)
        return Diagnosis(f"its TLS files cannot be read ({reason})", "check `ca:`, `cert:`, `key:`")
    return context


def speaks_tls(place: Place, patience_s: float) -> bool:
    """Return whether a TLS handshake succeeds, whoever the server is."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    try:
        with connect(place, patience_s) as connection, context.wrap_socket(connection):
            return True
    except OSError:
        return False


def connect(place: Place, patience_s: float) -> socket.socket:
    """Return a connection to a place.

    Raises:
        OSError: there is none.
    """
    if place.port is not None:
        return socket.create_connection((place.host, place.port), timeout=patience_s)
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(patience_s)
    try:
        connection.connect(place.host)
    except BaseException:
        connection.close()
        raise
    return connection


def _first_bytes(connection: socket.socket) -> bytes | None:
    try:
        connection.sendall(PREFACE)
        return connection.recv(GREETING_BYTES)
    except TimeoutError:
        return None
    except (BrokenPipeError, ConnectionResetError):
        return b""


def _from_greeting(place: Place, greeting: bytes | None, patience_s: float) -> Diagnosis:
    """Tell what kind of server begins so."""
    if greeting is None:
        return Diagnosis(
            f"connected, no HTTP/2 SETTINGS in {patience_s:g} s: it accepts and says nothing",
            "check that the port is the model server's, and that the server is not stuck",
        )
    if len(greeting) >= 4 and greeting[3] == SETTINGS:
        return Diagnosis("HTTP/2 answers, the call does not", "see the server's log", "http2")
    if _is_http1(greeting):
        return _from_http1(place, greeting)
    if greeting[:1] == b"\x15":
        return _TLS_WANTED
    if not greeting:
        return Diagnosis(
            "it accepts connections and closes them", "check the port, and the server's log"
        )
    return Diagnosis(
        f"what answers there is no gRPC server (it begins with {greeting[:16]!r})", "check the port"
    )


def from_error(place: Place, error: Exception, patience_s: float) -> Diagnosis:
    """Tell what it means that there is no connection."""
    kind: Literal["refused", "other"] = "other"
    match error:
        case socket.gaierror() | UnicodeError():
            cause = f"the name {place.host!r} is not known"
            remedy = "check the host in `server:`, and the DNS of this machine"
        case ConnectionRefusedError() | FileNotFoundError():
            kind = "refused"
            cause = "connection refused: nothing listens there"
            remedy = (
                "start the server, or check the address"
                " (TensorFlow Serving opens its port only when its models are loaded)"
            )
        case TimeoutError():
            cause = f"no connection in {patience_s:g} s"
            remedy = "check the address, the network and firewalls"
        case OSError():
            cause = f"cannot connect ({error.strerror or os.strerror(error.errno or 0)})"
            remedy = "check the address and the network"
        case _:
            cause = f"not an address ({error})"
            remedy = "expected `server: host:port`"
    return Diagnosis(cause, remedy, kind)


def _from_handshake(place: Place, error: OSError, patience_s: float) -> Diagnosis:
    """Tell what it means that TLS fails on a connection, certificates apart."""
    reason = getattr(error, "reason", None) or error.strerror or str(error)
    reason = " ".join(reason.lower().replace("_", " ").split())
    if "application protocol" in reason:
        return _without_h2(place)
    if "certificate" in reason or "handshake failure" in reason:
        return _CERTIFICATE_WANTED
    return _plaintext(place, patience_s) or Diagnosis(
        f"TLS fails ({reason})", "check `tls:` and the port"
    )


def _plaintext(place: Place, patience_s: float) -> Diagnosis | None:
    """Return that the server speaks plaintext, if that is why TLS failed."""
    try:
        with connect(place, patience_s) as connection:
            greeting = _first_bytes(connection)
    except OSError:
        return None
    if not greeting:
        return None
    finding = _from_greeting(place, greeting, patience_s)
    if finding.kind != "http2":
        return finding
    return Diagnosis(
        "the server speaks plaintext, the scenario TLS", "remove `tls:` (and `grpcs://`)"
    )


def from_certificate(name: str, reason: str) -> Diagnosis:
    """Tell what to do about a certificate that OpenSSL rejects."""
    lower = reason.lower()
    if "hostname" in lower or "ip address" in lower:
        remedy = f"set `tls: server_name` to a name in the certificate instead of {name!r}"
    elif "expired" in lower or "not yet valid" in lower:
        remedy = "renew the server's certificate, or check this machine's date"
    else:
        remedy = "set `tls: ca` to the certificate of the authority that signed it"
    return Diagnosis(f"its certificate is not accepted ({reason})", remedy)


def _is_http1(greeting: bytes | None) -> bool:
    return greeting is not None and greeting.startswith(b"HTTP/1")


def _from_http1(place: Place, greeting: bytes) -> Diagnosis:
    """Tell what to do about a server that answers a client of HTTP/2 by HTTP/1."""
    found = _SERVER.search(greeting)
    if found is None:
        return Diagnosis(f"HTTP/1 answers there{_rest_hint(place)}", _rest_remedy(place))
    server = found[1].decode("ascii").strip()[:40]
    return Diagnosis(
        f"a proxy or web server ({server}) answers there by HTTP/1: HTTP/2 without TLS (h2c)"
        " is not enabled on this port",
        "enable it there (nginx: `listen PORT http2`), or use its port for gRPC or TLS",
    )


def _without_h2(place: Place) -> Diagnosis:
    """Tell what to do about a server that does not choose h2 in the handshake of TLS."""
    return Diagnosis(
        "TLS answers, but not HTTP/2 (ALPN): a REST port, or a proxy without HTTP/2",
        f"{_rest_remedy(place)}, or enable HTTP/2 in the proxy (nginx: `http2`)",
    )


def _rest_hint(place: Place) -> str:
    return f"; {place.port} looks like REST" if place.port == REST_PORT else " (a REST port?)"


def _rest_remedy(place: Place) -> str:
    used = f"not {place.port}" if place.port is not None else "with its own address"
    return f"use the gRPC port ({DEFAULT_PORT} by default), {used}, or ask it over HTTP: `api:`"
