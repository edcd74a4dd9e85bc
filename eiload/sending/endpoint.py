"""Where and how to call, in the sender's terms.

What it knows: the settings of channels, gRPC's and HTTP's. What it must not know: scenarios,
processes, payloads, instants. An `Endpoint` is plain data, so that it can cross the pipe as JSON;
the sender makes channels of it. Durations are ns.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

from eiload.base.clock import NS_PER_S

__all__ = [
    "CHANNEL_OPTIONS",
    "GRPCIO",
    "HTTP1",
    "HTTP2",
    "PICK_FIRST",
    "ROUND_ROBIN",
    "Endpoint",
    "KeepAlive",
    "Pairs",
]

ROUND_ROBIN = "round_robin"
"""Over all addresses in turn, `Endpoint.connections` to each."""
PICK_FIRST = "pick_first"
"""To the first that answers, until it is gone: what gRPC does by default."""

HTTP2 = "http2"
"""The wire of our own (`sending.http2`)."""
GRPCIO = "grpcio"
"""gRPC's own stack (`sending.grpcio`)."""
HTTP1 = "http1"
"""No gRPC: plain requests by HTTP/1.1 (`sending.http1`)."""

Pairs = tuple[tuple[str, str], ...]
"""Names and values of header fields."""

CHANNEL_OPTIONS: tuple[tuple[str, int | str], ...] = (
    # Answers with raw detections are 19 MB; the client's default limit of 4 MB is not the server's.
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    # Only what a server says it has not looked at may be sent again (`Endpoint.retries`): what else
    # a retry would hide stands in service configs, and those of DNS are not taken.
    ("grpc.service_config_disable_resolution", 1),
    # The load goes where the scenario says, whatever the environment says of proxies.
    ("grpc.enable_http_proxy", 0),
    # Channels to one address would share one connection otherwise.
    ("grpc.use_local_subchannel_pool", 1),
    # A server that comes back is found within seconds, without a storm of attempts.
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 2000),
)


class KeepAlive(NamedTuple):
    """When to ask by a PING whether a server is still there (gRPC's doc/keepalive.md)."""

    after_ns: int
    """How long nothing comes, with requests open, before it is asked."""
    patience_ns: int
    """How long it may take to answer before the connection is given up."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where and how to call (`serving.endpoint` makes one from a scenario's target)."""

    address: str
    method: str
    """Full method name; with `HTTP1` a path, to which requests are posted, or ``GET /path``."""
    deadline_ns: int = 60 * NS_PER_S
    connections: int = 1
    """To each address; with `PICK_FIRST`, to the one that is taken. With `HTTP1`, how many there
    may be at most."""
    metadata: Pairs = ()
    """The user's; values may be secrets."""
    compression: str | None = None
    tls: tuple[str | None, str | None, str | None] | None = None
    """PEM texts of the roots, the key and the certificate; None for plaintext."""
    options: tuple[tuple[str, int | str], ...] = CHANNEL_OPTIONS
    client: str = HTTP2
    """What carries requests: `HTTP2`, `GRPCIO` or `HTTP1`."""
    keep_alive: KeepAlive | None = None
    """None for never asking."""
    balance: str = ROUND_ROBIN
    """How requests are spread over the addresses of the server's name."""
    authority: str = ""
    """What ``:authority`` says if it is not what the address says."""
    connect_ns: int = 0
    """How long connecting may take; 0 for the client's own limit, 20 s."""
    max_age_ns: int = 0
    """After how long a connection is left for a new one; 0 for never."""
    retries: bool = True
    """Whether what a server says it has not looked at is sent again, once (gRPC's transparent
    retries)."""
    headers: Pairs = ()
    """What the API adds to each request (`HTTP1`): its content type, what it accepts. No
    secrets."""
    error_field: str = ""
    """The header field in which an answer names its error, in lower case (`HTTP1`; such as AWS's
    ``x-amzn-errortype``); empty for none."""
    error_names: tuple[tuple[str, int], ...] = ()
    """Which `base.status.Status` such a name stands for; others go by the HTTP status."""
    answered_by: str = ""
    """The header field in which an answer says who gave it, in lower case (`HTTP1`): that stands
    for `channel.Landing.address` then; empty for none."""

    @classmethod
    def told(cls, config: dict[str, Any]) -> "Endpoint":
        """Return the endpoint of which JSON has told ``asdict(endpoint)``."""
        pairs = {
            name: tuple((key, value) for key, value in config[name])
            for name in ("metadata", "options", "headers", "error_names")
        }
        tls = None if config["tls"] is None else tuple(config["tls"])
        asks = config["keep_alive"]
        keep_alive = None if asks is None else KeepAlive(*asks)
        return cls(**{**config, **pairs, "tls": tls, "keep_alive": keep_alive})
