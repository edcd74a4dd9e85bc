"""Why a server does not answer by HTTP/1.1: one look at its port, as `diagnose` has for gRPC.

It opens a connection of its own, asks for ``/``, and tells from the first bytes what is there. A
gRPC port begins with a frame of HTTP/2's settings (RFC 9113, section 3.4), TLS answers plaintext by
an alert (RFC 8446, section 5.1) or by closing; nginx says in words that it wants HTTPS.
"""

import socket
import ssl

from eiload.base.clock import NS_PER_S
from eiload.scenario.target import Tls
from eiload.serving.diagnose import (
    GREETING_BYTES,
    SETTINGS,
    Diagnosis,
    Place,
    connect,
    context_of,
    from_certificate,
    from_error,
    place_of,
    speaks_tls,
)

__all__ = ["diagnose_http"]

_TLS_WANTED = Diagnosis(
    "the server speaks TLS, the scenario plaintext",
    "write `https://` before the address, or `tls: {}` (with `ca:` for a private CA)",
)

_PORTS = "REST is on 8501 by default, SageMaker's containers are on 8080"


def diagnose_http(server: str, tls: Tls | None, patience_ns: int) -> Diagnosis:
    """Look at a server that has failed a call, and say what is there.

    Args:
        server: its address, as in a scenario.
        tls: how TLS is to be spoken to it; None for plaintext.
        patience_ns: how long each step may take.
    """
    place, patience_s = place_of(server), patience_ns / NS_PER_S
    try:
        if tls is not None:
            return _look_by_tls(place, tls, patience_s)
        with connect(place, patience_s) as connection:
            greeting = _first_bytes(connection, place)
        wanted = greeting == b"" or b"HTTPS" in (greeting or b"")
        if wanted and speaks_tls(place, patience_s):
            return _TLS_WANTED
        return _from_greeting(greeting, patience_s)
    except (OSError, UnicodeError, OverflowError) as error:
        return from_error(place, error, patience_s)


def _look_by_tls(place: Place, tls: Tls, patience_s: float) -> Diagnosis:
    context = context_of(tls)
    if isinstance(context, Diagnosis):
        return context
    name = tls.server_name or place.name
    connection = connect(place, patience_s)
    try:
        with context.wrap_socket(connection, server_hostname=name) as secured:
            return _from_greeting(_first_bytes(secured, place), patience_s)
    except ssl.SSLCertVerificationError as error:
        return from_certificate(name, error.verify_message)
    except ssl.SSLError as error:
        reason = " ".join((error.reason or str(error)).lower().replace("_", " ").split())
        return Diagnosis(
            f"TLS fails ({reason})", "check the port, and whether it speaks TLS at all (`http://`)"
        )
    finally:
        connection.close()


def _first_bytes(connection: socket.socket, place: Place) -> bytes | None:
    try:
        host = place.name.encode("ascii", "replace")
        connection.sendall(b"GET / HTTP/1.1\r\nHost: %b\r\nConnection: close\r\n\r\n" % host)
        return connection.recv(GREETING_BYTES)
    except TimeoutError:
        return None
    except (BrokenPipeError, ConnectionResetError):
        return b""


def _from_greeting(greeting: bytes | None, patience_s: float) -> Diagnosis:
    """Tell what kind of server begins so."""
    if greeting is None:
        return Diagnosis(
            f"connected, no answer of HTTP/1.1 in {patience_s:g} s: it accepts and says nothing",
            "check that the port is the model server's, and that the server is not stuck",
        )
    if greeting.startswith(b"HTTP/1"):
        return Diagnosis("HTTP/1.1 answers, the call does not", "see the server's log", "http1")
    if len(greeting) >= 4 and greeting[3] == SETTINGS:
        return Diagnosis(
            "a gRPC port answers there, which speaks no HTTP/1.1",
            f"use the port of what `api:` says ({_PORTS}), or leave `api:` out",
        )
    if greeting[:1] == b"\x15":
        return _TLS_WANTED
    if not greeting:
        return Diagnosis(
            "it accepts connections and closes them", "check the port, and the server's log"
        )
    return Diagnosis(
        f"what answers there is no HTTP/1.1 (it begins with {greeting[:16]!r})", "check the port"
    )
