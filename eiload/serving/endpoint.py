"""A scenario's target, as the sender calls it."""

from pathlib import Path

from eiload.base.errors import ScenarioError
from eiload.scenario import Target
from eiload.sending.endpoint import CHANNEL_OPTIONS, Endpoint, KeepAlive
from eiload.serving.apis.choice import api_of

__all__ = ["endpoint_of"]


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
    asks, api = target.keepalive, api_of(target)
    carried = api.carried
    return Endpoint(
        address=server,
        method=api.predict,
        deadline_ns=target.deadline_ns,
        client=carried.client,
        connections=carried.connections,
        metadata=tuple(target.metadata.items()),
        compression=target.compression,
        tls=tls,
        options=tuple(options),
        keep_alive=None if asks is None else KeepAlive(asks.every_ns, asks.timeout_ns),
        balance=target.balance,
        authority=target.authority or carried.authority,
        connect_ns=target.connect_timeout_ns or 0,
        max_age_ns=target.max_connection_age_ns or 0,
        retries=target.retry == "transparent",
        headers=carried.headers,
        error_field=carried.error_field,
        error_names=carried.error_names,
        answered_by=carried.answered_by,
    )


def _pem(path: str | None) -> str | None:
    if path is None:
        return None
    try:
        return Path(path).read_text(encoding="latin-1")
    except OSError as error:
        raise ScenarioError(f"{path}: cannot be read: {error.strerror}") from error
