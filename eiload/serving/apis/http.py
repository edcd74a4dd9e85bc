"""What the ways by HTTP/1.1 have in common: bodies, their content types, what refusals mean."""

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar

from eiload.base.errors import ScenarioError
from eiload.base.status import Status
from eiload.base.units import format_duration
from eiload.scenario import Target
from eiload.sending.endpoint import HTTP1, Pairs
from eiload.serving import recorded
from eiload.serving.apis.api import Carried, Question
from eiload.serving.bodies.answers import read_body
from eiload.serving.bodies.media import JSON, kind_of
from eiload.serving.bodies.requests import Form, body_of
from eiload.serving.diagnose import Diagnosis
from eiload.serving.diagnose_http import diagnose_http
from eiload.serving.explain import Unready, said
from eiload.serving.tensors import Tensor, TensorInfo
from eiload.serving.tfserving import ModelState, Response, Signature

__all__ = ["Http"]


class Http:
    """One target by HTTP/1.1.

    Args:
        target: what the scenario says of it.
    """

    remedies: ClassVar[tuple[tuple[Status, str, str], ...]] = ()
    """Status, what its text has in it, what to do: before those of all. The first that fits is
    taken."""

    def __init__(self, target: Target) -> None:
        self._target = target

    @property
    def carried(self) -> Carried:
        """Return how requests are carried."""
        return Carried(HTTP1, self._target.connections, self.headers)

    @property
    def headers(self) -> Pairs:
        """Return the header fields of each request."""
        accept = self._target.accept
        return (("Content-Type", self.content_type), *((("Accept", accept),) if accept else ()))

    @property
    def content_type(self) -> str:
        """Return what requests are."""
        return self._target.content_type or JSON

    @property
    def form(self) -> Form:
        """Return the form of requests in JSON."""
        return self._target.body or "instances"

    def request(self, inputs: Mapping[str, Tensor]) -> bytes:
        """Return a request's body."""
        return body_of(inputs, self.content_type, self.form, signature=self._target.signature)

    def readdressed(self, data: bytes) -> tuple[bytes, str]:
        """Return the inputs of a PredictRequest as a body."""
        tensors, other = recorded.inputs(data, self._target)
        try:
            return self.request(tensors), other
        except ValueError as error:
            raise ScenarioError(str(error)) from None

    def read(self, response: bytes, declared: Mapping[str, TensorInfo]) -> Response:
        """Return the outputs in an answer's content, whose first bytes say what it is."""
        kind = self._target.accept or self.content_type
        itself = response.startswith(b"\x93NUMPY") or response.lstrip()[:1] in {b"{", b"["}
        if itself and kind_of(kind) != "lines":
            kind = ""  # containers have a mind of their own
        return read_body(response, kind, names=self._target.outputs, declared=declared)

    def version_of(self, response: bytes) -> int | None:
        """Return None: answers by HTTP do not say."""
        del response
        return None

    def inputs_of(self, request: bytes) -> dict[str, TensorInfo]:
        """Return nothing: a body does not say what types its numbers are of."""
        del request
        return {}

    def own_fields(self, question: Question) -> bytes:
        """Return nothing: all is the endpoint's."""
        del question
        return b""

    def states(self, response: bytes) -> tuple[ModelState, ...]:
        """Return nothing: what is no TensorFlow Serving tells no versions."""
        del response
        return ()

    def unready(self, states: Sequence[ModelState]) -> Unready | None:
        """Return None: only versions could say so."""
        del states
        return None

    def metadata(self) -> Question | None:
        """Return None: it does not tell its model's signatures."""
        return None

    def signatures(self, response: bytes) -> dict[str, Signature]:
        """Return nothing."""
        del response
        return {}

    def diagnose(self, address: str, patience_ns: int) -> Diagnosis:
        """Look at a server that does not answer, and say what is there."""
        return diagnose_http(address, self._target.tls, patience_ns)

    def refusal(
        self, status: Status, detail: str, sent: Mapping[str, TensorInfo], *, pictures: bool
    ) -> str:
        """Return what a failed call says of the target, and what to change."""
        del sent, pictures
        for code, pattern, remedy in (*self.remedies, *_REMEDIES):
            if status is code and re.search(pattern, detail, re.IGNORECASE):
                told = remedy.format(
                    content_type=self.content_type,
                    body=self.form,
                    input=self._target.input,
                    deadline=format_duration(self._target.deadline_ns),
                )
                return f"{said(status, detail)}; {told}"
        return f"{said(status, detail)}; see the server's log"


_CONTENT = (
    "it does not take or give such content: correct `content_type:` ({content_type}) or `accept:`"
)
_SENT = (
    "check what is sent: `content_type:` ({content_type}), `body:` ({body}), `encoding:`, `input:`"
    " ({input})"
)
_SIZE = (
    "a limit on the size of requests: raise it there (nginx: client_max_body_size), or send less:"
    " `encoding: jpeg`, smaller images, a smaller `batch:`"
)
_LOADING = (
    "a first inference may load the model into the accelerator: raise `deadline:` ({deadline}), or"
    " the server's own time limit"
)
_CREDENTIALS = "set `metadata:` to the credentials that it wants"

_UNSUPPORTED = (
    r"HTTP 415|HTTP 406|nsupported (media|content|accept)|UnsupportedFormat"
    r"|content type \S+ is not supported"
)

_REMEDIES: tuple[tuple[Status, str, str], ...] = (
    (Status.INVALID_ARGUMENT, _UNSUPPORTED, _CONTENT),
    (Status.INTERNAL, _UNSUPPORTED, _CONTENT),  # the PyTorch toolkit's own code for it
    (Status.INVALID_ARGUMENT, "", _SENT),
    (Status.RESOURCE_EXHAUSTED, "HTTP 413", _SIZE),
    (Status.RESOURCE_EXHAUSTED, "HTTP 507", "it has no memory left: fewer workers there, or more"),
    (Status.RESOURCE_EXHAUSTED, "", "it is overloaded before any load: see what else uses it"),
    (Status.DEADLINE_EXCEEDED, "", _LOADING),
    (Status.UNAUTHENTICATED, "", _CREDENTIALS),
    (Status.PERMISSION_DENIED, "", _CREDENTIALS),
)
