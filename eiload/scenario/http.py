"""What a target that is asked over HTTP/1.1 says otherwise than one over gRPC.

What it knows: the words of a target (`target`), where such servers are, what of gRPC's they do not
have. What it must not know: what is in a request. Pure.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from eiload.base.quantity import shown
from eiload.scenario.address import DEFAULT_PORT, parse_address
from eiload.scenario.problem import Problem, part
from eiload.scenario.sagemaker import sagemaker_conflicts, with_sagemaker

__all__ = [
    "APIS",
    "BY_ADDRESS",
    "CONNECTIONS",
    "JSON",
    "PORTS",
    "Api",
    "Body",
    "default_server",
    "http_conflicts",
    "http_server",
    "with_http",
]

Api = Literal["grpc", "tf-rest", "container", "sagemaker"]
APIS = ("grpc", "tf-rest", "container", "sagemaker")
BY_ADDRESS = ("grpc", "tf-rest", "container")
"""APIs of which an address and a model's name say enough; an endpoint has a scenario."""

PORTS = {"tf-rest": 8501, "container": 8080, "sagemaker": 8080}
"""Where servers of each API are if nobody says: TensorFlow Serving's image, and SageMaker's
containers; what stands in for an endpoint is where these are."""

CONNECTIONS = 1000
"""How many connections there may be if the scenario does not say: as many as requests may be in
flight (`max_in_flight`), so that it is not the client that has them wait."""

GRPC_CONNECTIONS = 256
"""The most of gRPC's, each of which takes many requests at a time."""

JSON = "application/json"

Body = Literal["instances", "inputs", "list"]

_SCHEME = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<rest>.*)", re.DOTALL)
_NO_PORT = re.compile(r"[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\]")

_OF_GRPC = {"client": "http2", "compression": None, "keepalive": None}
"""Words that HTTP/1.1 has nothing for, and what they are where nobody says them."""

_OF_HTTP = ("body", "content_type", "accept")

_FIELDS = {"content-type": "content_type", "accept": "accept", "host": "authority"}
"""Header fields that have a word of their own."""

_WIRES = frozenset({"connection", "content-length", "expect", "transfer-encoding", "upgrade"})


def default_server(api: str) -> str:
    """Return where a server of an API is if nobody says: on this machine."""
    return f"localhost:{PORTS.get(api, DEFAULT_PORT)}"


def with_http(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a target says, with what follows from its API: TLS from ``https://``, say."""
    if given.get("api") not in PORTS:
        return given
    made = dict(with_sagemaker(given))
    if made.get("connections") is None:
        made["connections"] = CONNECTIONS
    server = made.get("server")
    found = _SCHEME.fullmatch(server) if isinstance(server, str) else None
    if found is not None and found["scheme"].lower() == "https":
        made["tls"] = {} if made.get("tls") is None else made["tls"]
        made["server"] = _with_port(found["rest"].removesuffix("/"), 443)
    return made


def http_server(text: str, api: str) -> str:
    """Return where a server of an API is, ``host:port``.

    Raises:
        ValueError: it is no address.
    """
    found = _SCHEME.fullmatch(text)
    rest, port = text, PORTS[api]
    if found is not None:
        if found["scheme"].lower() != "http":
            raise ValueError(
                f"not an address for `api: {api}`, got {shown(text)}; expected 'host:port', "
                "'http://host:port' or 'https://host:port'"
            )
        rest, port = found["rest"].removesuffix("/"), 80
    if "/" in rest and not rest.startswith("unix"):
        raise ValueError(
            f"an address with a path, got {shown(text)}; expected {rest.partition('/')[0]!r}: the "
            "path follows from `api:` and `model:`"
        )
    return parse_address(_with_port(rest, port)).target


def _with_port(host: str, port: int) -> str:
    return f"{host}:{port}" if _NO_PORT.fullmatch(host) else host


def http_conflicts(given: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what a target's API and its other words do not have in common."""
    api = given.get("api", "grpc")
    yield from _of_stand_in(given.get("stand_in"), api)
    yield from sagemaker_conflicts(given)
    if api not in PORTS:
        if api == "grpc":
            yield from _of_grpc(given)
        return
    for word, default in _OF_GRPC.items():
        if given.get(word) not in (None, default):
            yield Problem((word,), f"HTTP/1.1 has none; expected none beside `api: {api}`")
    if api == "tf-rest":
        yield from _of_rest(given)
    for word in ("version", "version_label"):
        if api == "container" and given.get(word) is not None:
            yield Problem((word,), "a container has one model, and no versions; expected none")
    metadata = given.get("metadata")
    for key in metadata if isinstance(metadata, Mapping) else ():
        name = str(key).lower()
        if name in _FIELDS:
            yield Problem(("metadata",), f"{shown(key)} has a word of its own: `{_FIELDS[name]}:`")
        elif name in _WIRES:
            yield Problem(("metadata",), f"{shown(key)} is the connection's; expected none")


def _of_stand_in(stand_in: object, api: object) -> Iterator[Problem]:
    """Yield that a stand-in would serve another way than its target is asked."""
    said = part(stand_in, "api")
    if said in (None, "tfs", api) or (said == "ei" and api == "grpc") or api not in APIS:
        return
    if said in APIS:
        remedy = f"expected `api: {said}` in the target, or no `api:` here"
    else:
        remedy = "expected no `api:` here"
    yield Problem(
        ("stand_in", "api"), f"the target is asked by {shown(api)}, got {shown(said)}; {remedy}"
    )


def _of_grpc(given: Mapping[str, Any]) -> Iterator[Problem]:
    for word in _OF_HTTP:
        if given.get(word) is not None:
            yield Problem((word,), "gRPC has none; expected `api: tf-rest` or `api: container`")
    connections = given.get("connections")
    if isinstance(connections, int) and connections > GRPC_CONNECTIONS:
        yield Problem(
            ("connections",),
            f"too many, got {connections}; expected at most {GRPC_CONNECTIONS} with gRPC, each of "
            "which takes many requests at a time",
        )


def _of_rest(given: Mapping[str, Any]) -> Iterator[Problem]:
    if given.get("content_type") not in (None, JSON):
        yield Problem(
            ("content_type",),
            f"TensorFlow Serving's REST takes JSON, got {shown(given['content_type'])}; "
            "expected none, or `api: container`",
        )
    if given.get("body") == "list":
        yield Problem(
            ("body",),
            "TensorFlow Serving's REST takes no bare list, got 'list'; expected 'instances' (rows) "
            "or 'inputs' (columns)",
        )
