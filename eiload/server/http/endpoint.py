"""SageMaker's endpoint: InvokeEndpoint in front of the containers of its variants.

What the service itself decides, in its order: whose request it is, whether there is such an
endpoint, whether the body is small enough, which variant answers, whether that one has room. Then
the container is asked, with the few headers that reach it; what it says badly comes back as a
ModelError with its status inside. Names, codes and limits: botocore's service model
sagemaker-runtime 2017-05-13; the texts are AWS's where they are known and plausible where not
(docs/stand-in.md).
"""

import asyncio
import json
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import unquote

import numpy as np

from eiload.base.clock import NS_PER_S
from eiload.server.http.connection import STAND_IN
from eiload.server.http.exchange import Answer, Asked, Ended, Handler
from eiload.server.http.sigv4 import Keys, refused
from eiload.server.http.tf_container import ATTRIBUTES

__all__ = ["LARGEST_BYTES", "PATIENCE_S", "Endpoint", "Variant"]

LARGEST_BYTES = 6_291_456
"""Of a request's body, 6 MiB."""

PATIENCE_S = 60.0
"""A container has this long to answer."""

ACCOUNT = "000000000000"
"""There is none."""

TARGET = "x-amzn-sagemaker-target-variant"

_PATH = re.compile(r"/endpoints/(?P<name>[^/]+)/invocations")

_PASSED_ON = ("content-type", "accept", ATTRIBUTES)
"""Every other header stays with the service."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One production variant."""

    name: str
    container: Handler
    weight: float = 1.0
    """Its share of the requests that name no variant, by the sum of all weights."""
    throttle: int | None = None
    """Requests at a time before ThrottlingException, None for any number."""
    kind: str = ""
    """What its answers say they are from; empty for what the port says."""


class Endpoint:
    """What is answered on the service's port."""

    def __init__(
        self,
        name: str,
        variants: Sequence[Variant],
        *,
        keys: Keys | None = None,
        region: str | None = None,
        wall_ns: Callable[[], int],
        seed: int = 1,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """Make one.

        Args:
            name: the endpoint's.
            variants: at least one; not all weights 0.
            keys: what requests have to be signed with, None for not looking.
            region: where it is; None for any.
            wall_ns: its clock, ns since 1970.
            seed: of the choice of variants by weight.
            patience_s: how long a container has.
        """
        self._name = name
        self._variants = {each.name: each for each in variants}
        weights = np.array([each.weight for each in variants], dtype=float)
        self._shares = weights / weights.sum()
        self._rng = np.random.default_rng(seed)
        self._keys = keys
        self._region = region
        self._wall_ns = wall_ns
        self._patience_s = patience_s
        self._busy = dict.fromkeys(self._variants, 0)

    def __repr__(self) -> str:
        """Return what is going on, for the log and for tests."""
        busy = ", ".join(f"{name} {count}" for name, count in self._busy.items())
        return f"<Endpoint {self._name!r}, under way: {busy}>"

    def __call__(self, asked: Asked, ended: Ended) -> None:
        """Answer a request."""
        found = _PATH.fullmatch(asked.path)
        if found is None or asked.method != "POST":
            ended(_refusal(404, "UnknownOperationException", None))
            return
        if self._keys is not None:
            why = refused(asked, self._keys, self._wall_ns(), self._region)
            if why is not None:
                ended(_refusal(403, why.error, why.text))
                return
        name = unquote(found["name"])
        if name != self._name:
            text = f"Endpoint {name} of account {ACCOUNT} not found."
            ended(_refusal(400, "ValidationError", text))
            return
        if len(asked.body) > LARGEST_BYTES:
            text = (
                "1 validation error detected: Value at 'body' failed to satisfy constraint: Member "
                f"must have length less than or equal to {LARGEST_BYTES}"
            )
            ended(_refusal(400, "ValidationError", text))
            return
        chosen = asked.headers.get(TARGET) or self._by_weight()
        variant = self._variants.get(chosen)
        if variant is None:
            text = f"Variant {chosen} not found for endpoint {name} of account {ACCOUNT}."
            ended(_refusal(400, "ValidationError", text))
            return
        if variant.throttle is not None and self._busy[chosen] >= variant.throttle:
            ended(_refusal(400, "ThrottlingException", "Rate exceeded"))
            return
        self._invoke(variant, asked, ended)

    def _by_weight(self) -> str:
        index = int(self._rng.choice(len(self._shares), p=self._shares))
        return list(self._variants)[index]

    def _invoke(self, variant: Variant, asked: Asked, ended: Ended) -> None:
        """Ask a variant's container, for as long as it may take."""
        headers = {name: asked.headers[name] for name in _PASSED_ON if name in asked.headers}
        self._busy[variant.name] += 1
        over = False

        def end(answer: Answer) -> None:
            nonlocal over
            if not over:
                over = True
                self._busy[variant.name] -= 1
                patience.cancel()
                ended(answer)

        def late() -> None:
            text = (
                "Your invocation timed out while waiting for a response from container "
                f"{variant.name}. Review the latency metrics for each container in Amazon "
                "CloudWatch, resolve the issue, and try again."
            )
            answer = _model_error(self._name, 0, text, message=text)
            end(replace(answer, server_ns=round(self._patience_s * NS_PER_S)))

        def answered(answer: Answer) -> None:
            end(self._told(variant, answer))

        patience = asyncio.get_running_loop().call_later(self._patience_s, late)
        variant.container(
            Asked("POST", "/invocations", headers, asked.body, asked.arrival_ns), answered
        )

    def _told(self, variant: Variant, answer: Answer) -> Answer:
        """Return what the client is told of a container's answer."""
        headers = {STAND_IN: variant.kind} if variant.kind else {}
        if answer.status >= 400:
            original = answer.body.decode("utf-8", "replace")
            error = _model_error(self._name, answer.status, original, variant.name)
            headers |= error.headers
            return replace(error, headers=headers, server_ns=answer.server_ns)
        headers |= {"x-Amzn-Invoked-Production-Variant": variant.name, **_request_id()}
        return replace(answer, status=200, headers=headers)


def _model_error(
    endpoint: str, status: int, original: str, variant: str = "", *, message: str = ""
) -> Answer:
    """Return what is told of a container that has answered badly, or not at all."""
    whose = "client" if 0 < status < 500 else "server"
    log = (
        "https://console.aws.amazon.com/cloudwatch/home#logEventViewer:group="
        f"/aws/sagemaker/Endpoints/{endpoint}"
    )
    message = message or (
        f"Received {whose} error ({status}) from {variant} with message "
        f'"{original}". See {log} in account {ACCOUNT} for more information.'
    )
    document = {
        "ErrorCode": f"{whose.upper()}_ERROR_FROM_MODEL",
        "LogStreamArn": f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws/sagemaker/Endpoints/"
        f"{endpoint}",
        "Message": message,
        "OriginalMessage": original,
        "OriginalStatusCode": status,
    }
    return _error(424, "ModelError", document)


def _refusal(status: int, error: str, text: str | None) -> Answer:
    key = "Message" if error == "ValidationError" else "message"
    return _error(status, error, {key: text})


def _error(status: int, error: str, document: Mapping[str, object]) -> Answer:
    headers = {"x-amzn-ErrorType": error, **_request_id()}
    return Answer(status, json.dumps(document).encode(), "application/json", headers)


def _request_id() -> dict[str, str]:
    return {"x-amzn-RequestId": str(uuid.uuid4())}
