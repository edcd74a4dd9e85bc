"""A target of the load: a server under test, or a stand-in for one, and how to talk to it."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    ValidationInfo,
    model_validator,
)

from eiload.base.quantity import shown
from eiload.base.units import parse_duration, parse_price
from eiload.scenario.address import parse_address
from eiload.scenario.fields import FromText, Text, Texts, Whole, duration
from eiload.scenario.form import Form
from eiload.scenario.http import JSON, PORTS, Api, Body, http_conflicts, http_server, with_http
from eiload.scenario.observe import Observe, without_a_stand_in
from eiload.scenario.problem import Problem
from eiload.scenario.sagemaker import Invocable, as_editors_ask, with_sagemaker
from eiload.scenario.standin import StandIn
from eiload.scenario.standin.profiles import PROFILES

__all__ = ["Keepalive", "Target", "Tls"]

DEADLINE = "60 s"
"""AWS's published client waits as long for an answer (Amazon EC2 user guide, ei-tensorflow)."""

READY_WITHIN = "60 s"
"""How long a model that says it is loading is waited for, if the scenario does not say."""

KEEPALIVE_TIMEOUT = "20 s"
"""How long gRPC's own clients wait for the answer to a PING (doc/keepalive.md)."""

_METADATA_KEY = re.compile(r"[0-9a-z_.-]+")
_AUTHORITY = re.compile(r"([A-Za-z0-9._~%!$&'()*+;=-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")
"""RFC 3986, section 3.2, without a user."""

_METADATA_VALUE = re.compile(r"[\x20-\x7e]*")


class Tls(Form):
    """How a connection is secured; `{}` for the system's certificate authorities."""

    ca: Text | None = Field(default=None, description="file of the authorities to trust, PEM")
    cert: Text | None = Field(default=None, description="file of our own certificate, PEM")
    key: Text | None = Field(default=None, description="file of its private key, PEM")
    server_name: Text | None = Field(
        default=None, description="name that the server's certificate is for, if not its host"
    )

    @classmethod
    def conflicts(cls, given: Mapping[str, Any]) -> Iterator[Problem]:
        """Yield a certificate without its key, or the other way round."""
        for one, other in (("cert", "key"), ("key", "cert")):
            if given.get(one) is not None and given.get(other) is None:
                yield Problem((one,), f"{one!r} without {other!r}; expected both, or neither")


class Keepalive(Form):
    """When to ask whether a silent server is there; so no balancer forgets the connection."""

    every_ns: Annotated[int, duration("100 ms", "1 h", example="30 s")] = Field(
        validation_alias="every",
        serialization_alias="every",
        description="how long nothing may come from the server before it is asked by a PING, also "
        "while no request waits for it: less than balancers and firewalls take to forget it",
    )
    timeout_ns: Annotated[int, duration("100 ms", "1 h", example="20 s")] = Field(
        default=parse_duration(KEEPALIVE_TIMEOUT),
        validation_alias="timeout",
        serialization_alias="timeout",
        description="how long it may take to answer before the connection is given up and its "
        "requests fail as UNAVAILABLE",
    )


def _server(text: str, info: ValidationInfo) -> str:
    api = info.data.get("api", "grpc")
    return http_server(text, api) if api in PORTS else parse_address(text).target


def _field_value(text: str) -> str:
    if not _METADATA_VALUE.fullmatch(text):
        raise ValueError(f"not printable ASCII, got {shown(text)}; expected such as {JSON!r}")
    return text


def _stand_in(value: object, info: ValidationInfo) -> StandIn | None:
    if isinstance(value, StandIn | None):
        return value
    given = {"profile": value} if isinstance(value, str) else value
    return StandIn.read(_asked(given, info.data.get("api", "grpc")), info)


def _asked(given: object, api: str) -> object:
    """Return a stand-in's settings with the API that the target is asked by.

    Raises:
        ValueError: they say another one.
    """
    if not isinstance(given, Mapping) or api not in PORTS:
        return given
    said = given.get("api")
    if said is None:
        return {**given, "api": api}
    if said != api:
        raise ValueError(
            f"a stand-in of `api: {said}` is not asked by `api: {api}` of its target; "
            "expected none in the stand-in"
        )
    return given


def _written_stand_in(stand_in: StandIn | None) -> dict[str, Any] | None:
    if stand_in is None:
        return None
    return stand_in.model_dump(mode="json", by_alias=True, exclude_none=True)


def _price(text: object) -> object:
    if not isinstance(text, str):
        parse_price(text)  # says what is missing
        return text
    for term in text.split("+"):
        if not term.strip():
            raise ValueError(
                f"not a price, got {shown(text)}; "
                "expected such as '0.085 USD/h + 0.12 USD/h', or the name of a published one"
            )
        if not term.strip()[0].isalpha():  # names of published prices are `judging.cost`'s affair
            parse_price(term)
    return text


def _metadata(metadata: dict[str, str]) -> dict[str, str]:
    # Values may be secrets: they are never shown.
    for key, value in metadata.items():
        if key.lower() in {"host", ":authority"}:
            raise ValueError(
                f"{shown(key)} is no metadata of HTTP/2; expected the name in `authority:`"
            )
        if not _METADATA_KEY.fullmatch(key) or key.startswith("grpc-") or key.endswith("-bin"):
            raise ValueError(
                f"not a key of gRPC metadata, got {shown(key)}; expected lower-case letters, "
                "digits, '_', '-', '.', no 'grpc-' in front and no '-bin' at the end"
            )
        if not _METADATA_VALUE.fullmatch(value):
            raise ValueError(f"the value of {shown(key)} is not printable ASCII; expected that")
    return metadata


def _authority(text: str) -> str:
    if not _AUTHORITY.fullmatch(text):
        raise ValueError(
            f"not a host name, got {shown(text)}; expected such as 'ssd.default.example.com'"
        )
    return text


class Target(Invocable):
    """One server under test, or a stand-in for one."""

    model_config = ConfigDict(json_schema_extra=as_editors_ask)

    api: Api = Field(
        default="grpc",
        description="how the model is asked: grpc, tf-rest (TensorFlow Serving's REST), or "
        "container (/invocations and /ping, as SageMaker's containers have them), or sagemaker "
        "(InvokeEndpoint, signed)",
    )
    server: Annotated[Text, AfterValidator(_server)] | None = Field(
        default=None,
        description="address of the server: host:port of its gRPC port, or of the port of what "
        "`api` says; grpcs:// or https:// in front asks for TLS",
        examples=["localhost:8500", "grpcs://ei.example.com:9000"],
    )
    stand_in: Annotated[
        StandIn | None,
        PlainValidator(
            _stand_in,
            json_schema_input_type=Annotated[str, Field(json_schema_extra={"enum": [*PROFILES]})]
            | StandIn
            | None,
        ),
        PlainSerializer(_written_stand_in),
    ] = Field(default=None, description="emulate a server instead: a profile's name, or settings")
    model: Text = Field(description="name of the model", examples=["ssd"])
    signature: Text = Field(default="serving_default", description="signature of the model")
    version: Annotated[int, Field(ge=0, lt=2**63), FromText] | None = Field(
        default=None, description="version of the model; the newest if absent"
    )
    version_label: Text | None = Field(default=None, description="label of the version instead")
    input: Text = Field(default="inputs", description="name of the input")
    outputs: Texts = Field(default=(), description="names of the outputs to ask for; all if absent")
    body: Body | None = Field(
        default=None,
        description="form of a request in JSON: instances (rows, unless it is said), inputs "
        "(columns), or a bare list of the one input, as the PyTorch containers take it",
    )
    content_type: Annotated[Text, AfterValidator(_field_value)] | None = Field(
        default=None,
        description="of requests to a container or an endpoint: application/json (unless it is "
        "said), application/x-npy, text/csv, application/jsonlines, or a file's own such as "
        "image/jpeg (with `encoding: jpeg`)",
    )
    accept: Annotated[Text, AfterValidator(_field_value)] | None = Field(
        default=None, description="content type that answers are asked for, likewise"
    )
    deadline_ns: Annotated[int, duration("1 ms", "1 h", example="60 s")] = Field(
        default=parse_duration(DEADLINE),
        validation_alias="deadline",
        serialization_alias="deadline",
        description="how long an answer may take before the request counts as failed",
    )
    ready_within_ns: Annotated[int, duration("0 s", "1 h", example="60 s")] | None = Field(
        default=None,
        validation_alias="ready_within",
        serialization_alias="ready_within",
        description="how long to wait for the model before the load, also while its port is "
        f"closed; if absent, {READY_WITHIN} for a model that is loading, and a closed port fails "
        "at once",
    )
    client: Literal["http2", "grpcio"] = Field(
        default="http2",
        description="what speaks gRPC to the server: http2, eiload's own, or grpcio, gRPC's own, "
        "which costs more and cannot tell upload, wait and download apart",
    )
    connections: Whole = Field(
        default=1,
        ge=1,
        le=10_000,
        description="connections of each load-generating process to each of the server's addresses "
        "(at most 256); over HTTP/1.1, how many there may be at most, 1000 if absent",
    )
    balance: Literal["round_robin", "pick_first"] = Field(
        default="round_robin",
        description="how requests are spread over the addresses of the server's name: over all in "
        "turn, or to the first that answers, as gRPC's clients do if nobody tells them",
    )
    authority: Annotated[Text, AfterValidator(_authority)] | None = Field(
        default=None,
        description="host name that requests ask for, if not the server's: what an ingress goes by",
        examples=["ssd.default.example.com"],
    )
    connect_timeout_ns: Annotated[int, duration("1 ms", "10 min", example="5 s")] | None = Field(
        default=None,
        validation_alias="connect_timeout",
        serialization_alias="connect_timeout",
        description="how long connecting may take; 20 s if absent",
    )
    max_connection_age_ns: Annotated[int, duration("10 ms", "24 h", example="5 min")] | None = (
        Field(
            default=None,
            validation_alias="max_connection_age",
            serialization_alias="max_connection_age",
            description="after how long a connection is left for a new one, as clients behind a "
            "layer-4 balancer do to reach all servers; never if absent",
        )
    )
    retry: Literal["transparent", "none"] = Field(
        default="transparent",
        description="what becomes of requests that the server says it has not looked at: they are "
        "sent again, once, as gRPC's clients do, or they have failed",
    )
    metadata: Annotated[dict[str, str], AfterValidator(_metadata)] = Field(
        default={}, repr=False, description="sent with each request; secrets from ${NAME}"
    )
    compression: Literal["gzip"] | None = Field(default=None, description="of the requests")
    tls: Tls | None = Field(default=None, description="secure the connection; {} is enough")
    keepalive: Keepalive | None = Field(
        default=None,
        description="notice a server that is gone without a word before the deadline does; a "
        "server may forbid more than a few PINGs in 5 min",
    )
    observe: Observe | None = Field(
        default=None,
        description="what is read of the server while the load is on: its metrics, GPU, host",
    )
    price: Annotated[Text, BeforeValidator(_price)] | None = Field(
        default=None,
        description="of the host and the accelerator: an amount, a published price, or a sum",
        examples=["0.90 USD/h", "0.085 USD/h + 0.12 USD/h", "t2.medium + eia2.medium"],
    )

    @property
    def patience_ns(self) -> int:
        """Return how long to wait for a model that is loading."""
        if self.ready_within_ns is not None:
            return self.ready_within_ns
        return parse_duration(READY_WITHIN)

    @model_validator(mode="before")
    @classmethod
    def _secured(cls, given: object) -> object:
        """Take `grpcs://` and `https://` as a request for TLS."""
        if isinstance(given, Mapping):
            given = with_http(given)
        server = given.get("server") if isinstance(given, Mapping) else None
        if isinstance(given, Mapping) and isinstance(server, str) and "://" in server:
            scheme, rest = server.split("://", 1)
            if scheme.lower() == "grpcs":
                tls = {} if given.get("tls") is None else given["tls"]
                return {**given, "server": rest, "tls": tls}
        return given

    @classmethod
    def conflicts(cls, given: Mapping[str, Any]) -> Iterator[Problem]:
        """Yield what cannot be had together."""
        yield from http_conflicts(given)
        given = with_sagemaker(given)
        server, stand_in = given.get("server"), given.get("stand_in")
        if server is None and stand_in is None:
            yield Problem((), "no server; expected 'server: host:port' or 'stand_in: PROFILE'")
        if server is not None and stand_in is not None:
            yield Problem(("stand_in",), "both a server and a stand-in; expected one of them")
        if given.get("version") is not None and given.get("version_label") is not None:
            yield Problem(("version_label",), "both a version and a label; expected one of them")
        if given.get("max_connection_age") is not None and given.get("client") == "grpcio":
            yield Problem(
                ("max_connection_age",), "grpcio leaves no connection; expected `client: http2`"
            )
        for problem in without_a_stand_in(given.get("observe"), server):
            yield problem.below(("observe",))
        if given.get("tls") is not None:
            if stand_in is not None:
                yield Problem(("tls",), "a stand-in has no TLS; expected none")
            elif isinstance(server, str) and server.lower().startswith("grpc://"):
                yield Problem(("tls",), "grpc:// means plaintext; expected grpcs://, or no tls")
