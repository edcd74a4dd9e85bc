"""Where and how to call, in the sender's terms.

What it knows: gRPC's channel settings and how a scenario's target becomes them. What it must not
know: processes, payloads, instants. An `Endpoint` is plain data, so that it can cross the pipe as
JSON; the sender makes channels of it. Durations are ns.
"""

from dataclasses import dataclass
from pathlib import Path

from eiload.base.clock import NS_PER_S
from eiload.base.errors import ScenarioError
from eiload.scenario import Target
from eiload.tfserving import PREDICT

__all__ = ["Endpoint", "endpoint_of"]

CHANNEL_OPTIONS: tuple[tuple[str, int | str], ...] = (
    # Answers with raw detections are 19 MB; the client's default limit of 4 MB is not the server's.
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    # A retry inside the client would hide a failure and stretch a response time.
    ("grpc.enable_retries", 0),
    # The load goes where the scenario says, whatever the environment says of proxies.
    ("grpc.enable_http_proxy", 0),
    # Channels to one address would share one connection otherwise.
    ("grpc.use_local_subchannel_pool", 1),
    # A server that comes back is found within seconds, without a storm of attempts.
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 2000),
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where and how to call; `endpoint_of` makes one from a target."""

    address: str
    method: str = PREDICT
    deadline_ns: int = 60 * NS_PER_S
    connections: int = 1
    metadata: tuple[tuple[str, str], ...] = ()
    compression: str | None = None
    tls: tuple[str | None, str | None, str | None] | None = None
    """PEM texts of the roots, the key and the certificate; None for plaintext."""
    options: tuple[tuple[str, int | str], ...] = CHANNEL_OPTIONS


def endpoint_of(target: Target, address: str | None = None) -> Endpoint:
    """Return the endpoint of a scenario's target.

    Args:
        target: the target.
        address: overrides the target's server (a stand-in's address is known late).

    Raises:
        ScenarioError: a TLS file cannot be read.
    """
    server = address if address is not None else target.server
    if server is None:
        raise ScenarioError(f"the target of model {target.model!r} has no address yet")
    options = list(CHANNEL_OPTIONS)
    tls = None
    if target.tls is not None:
        roots, key, cert = (_pem(p) for p in (target.tls.ca, target.tls.key, target.tls.cert))
        tls = (roots, key, cert)
        if target.tls.server_name:
            options.append(("grpc.ssl_target_name_override", target.tls.server_name))
    return Endpoint(
        address=server,
        deadline_ns=target.deadline_ns,
        connections=target.connections,
        metadata=tuple(target.metadata.items()),
        compression=target.compression,
        tls=tls,
        options=tuple(options),
    )


def _pem(path: str | None) -> str | None:
    if path is None:
        return None
    try:
        return Path(path).read_text(encoding="latin-1")
    except OSError as error:
        raise ScenarioError(f"{path}: cannot be read: {error.strerror}") from error
