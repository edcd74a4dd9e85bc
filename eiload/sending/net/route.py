"""How a target's servers are reached, wherever they are, as its endpoint says.

What it knows: what of an `Endpoint` is a connection's affair. What it must not know: sockets,
protocols.
"""

import ssl
from typing import NamedTuple

from eiload.base.clock import NS_PER_S
from eiload.sending.endpoint import Endpoint, KeepAlive
from eiload.sending.net.address import ServerName
from eiload.sending.net.tls import H2, tls_context

__all__ = ["CLOSED", "CONNECT_NS", "MAX_ANSWER_BYTES", "Route", "named", "route_of"]

CLOSED = "the channel was closed"
"""Why requests end that are left when it is."""

CONNECT_NS = 20 * NS_PER_S
"""How long connecting may take, TLS and the server's SETTINGS included (gRPC's
MIN_CONNECT_TIMEOUT)."""

MAX_ANSWER_BYTES = 1 << 30
"""The largest answer that is taken: fifty of the largest that SSD's give, 19 MB."""

SERVER_NAME = "grpc.ssl_target_name_override"
"""The option of an endpoint that names the server; gRPC's name for it, which `grpcio` needs."""


class Route(NamedTuple):
    """How a server is reached, wherever it is."""

    tls: ssl.SSLContext | None
    server_name: str
    max_answer_bytes: int
    keep_alive: KeepAlive | None = None
    """When the server is asked whether it is there; HTTP/1.1 has no way to."""
    connect_ns: int = CONNECT_NS
    max_age_ns: int = 0
    """How old a connection may become before another takes its place; 0 for any age."""
    retries: bool = True
    """Whether what a server has not looked at, or cannot have, is sent again, once."""


def named(endpoint: Endpoint) -> str:
    """Return the name that the server is to have, if it is another than its address says."""
    return str(dict(endpoint.options).get(SERVER_NAME) or "")


def route_of(
    endpoint: Endpoint, target: ServerName, max_answer_bytes: int, protocol: str = H2
) -> Route:
    """Return the route to a target.

    Args:
        endpoint: what is said of it.
        target: its name.
        max_answer_bytes: the largest answer that is taken.
        protocol: what is spoken over TLS, by its name in ALPN.

    Raises:
        OSError, ValueError: its keys are none.
    """
    return Route(
        None if endpoint.tls is None else tls_context(*endpoint.tls, protocol=protocol),
        named(endpoint) or target.host,
        max_answer_bytes,
        endpoint.keep_alive,
        endpoint.connect_ns or CONNECT_NS,
        endpoint.max_age_ns,
        endpoint.retries,
    )
