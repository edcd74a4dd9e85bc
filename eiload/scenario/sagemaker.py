"""What a target says that is an endpoint of Amazon SageMaker's (`api: sagemaker`).

What it knows: its words (`Endpoint`), where the service is in a region, what follows from its words
and what does not go together with them. What it must not know: requests, signatures, answers. Pure.

Source of names and lengths: botocore's service model sagemaker-runtime 2017-05-13; of hosts: its
data/endpoints.json.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from eiload.base.quantity import shown
from eiload.scenario.fields import Text
from eiload.scenario.form import Form
from eiload.scenario.problem import Problem, part

__all__ = ["API", "Invocable", "as_editors_ask", "host_of", "sagemaker_conflicts", "with_sagemaker"]

API = "sagemaker"

HTTPS_PORT = 443

_NAME = re.compile(r"[A-Za-z0-9](-*[A-Za-z0-9]){0,62}")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]{1,2}")

_SUFFIXES = {"cn-": "amazonaws.com.cn"}
"""Partitions whose hosts end otherwise, by how their regions begin."""

_WORDS = ("endpoint", "region", "variant")

_SIGNED = ("authorization", "x-amz-")
"""How names of header fields begin that the signature is made of."""


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError(
            f"not a name of SageMaker's, got {shown(text)}; "
            "expected up to 63 letters, digits and '-'"
        )
    return text


def _region(text: str) -> str:
    if not _REGION.fullmatch(text):
        raise ValueError(f"not a region, got {shown(text)}; expected such as 'eu-west-1'")
    return text


class Invocable(Form):
    """The words of an endpoint."""

    endpoint: Annotated[Text, AfterValidator(_name)] | None = Field(
        default=None, description="sagemaker: name of the endpoint"
    )
    region: Annotated[Text, AfterValidator(_region)] | None = Field(
        default=None,
        description="sagemaker: the endpoint's region",
        examples=["eu-west-1", "${AWS_REGION}"],
    )
    variant: Annotated[Text, AfterValidator(_name)] | None = Field(
        default=None,
        description="sagemaker: which of its production variants is to answer, whatever their "
        "weights; as the weights have it if absent",
    )


def as_editors_ask(schema: dict[str, Any]) -> None:
    """Make a target's JSON Schema ask for an endpoint by `api: sagemaker`, for a model else."""
    schema["required"].remove("model")
    schema["if"] = {"properties": {"api": {"const": API}}, "required": ["api"]}
    schema["then"] = {"required": ["endpoint"]}
    schema["else"] = {"required": ["model"]}


def host_of(region: str) -> str:
    """Return the host that serves the endpoints of a region."""
    suffix = next(
        (end for begin, end in _SUFFIXES.items() if region.startswith(begin)), "amazonaws.com"
    )
    return f"runtime.sagemaker.{region}.{suffix}"


def with_sagemaker(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a target says, with what follows: the service's host, over TLS; a model's name.

    Another `server:` stands for the service: a VPC endpoint's host, or a stand-in.
    """
    if given.get("api") != API:
        return given
    made = dict(given)
    region, endpoint = given.get("region"), given.get("endpoint")
    if given.get("server") is None and given.get("stand_in") is None and isinstance(region, str):
        made["server"] = f"{host_of(region)}:{HTTPS_PORT}"
        made["tls"] = {} if given.get("tls") is None else given["tls"]
    if given.get("model") is None and endpoint is not None:
        made["model"] = endpoint
    return made


def sagemaker_conflicts(given: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what an endpoint lacks, and what others have of it."""
    cloudwatch = part(given.get("observe"), "cloudwatch", "cloudwatch_ns")
    if given.get("api") != API:
        for word in _WORDS:
            if given.get(word) is not None:
                yield Problem((word,), f"expected only beside `api: {API}`")
        if cloudwatch is not None:
            yield Problem(("observe", "cloudwatch"), f"expected only beside `api: {API}`")
        return
    if given.get("stand_in") is not None and cloudwatch is not None:
        yield Problem(("observe", "cloudwatch"), "CloudWatch knows no stand-in; expected none")
    if given.get("endpoint") is None:
        yield Problem((), "no endpoint; expected 'endpoint: NAME'")
    if given.get("region") is None:
        yield Problem((), "no region; expected such as 'region: eu-west-1'")
    for word in ("version", "version_label"):
        if given.get(word) is not None:
            yield Problem((word,), "an endpoint has variants, and no versions; expected `variant:`")
    metadata = given.get("metadata")
    for key in metadata if isinstance(metadata, Mapping) else ():
        if str(key).lower().startswith(_SIGNED):
            yield Problem(("metadata",), f"{shown(key)} is the signature's; expected none")
