"""TensorFlow Serving's REST API: predict, status and metadata as JSON.

Paths and forms: tensorflow/serving, g3doc/api_rest.md; status and metadata are the messages of the
gRPC API in protobuf's JSON mapping (model_servers/http_rest_api_handler.cc).
"""

import json
from collections.abc import Sequence
from typing import Any, ClassVar
from urllib.parse import quote

from google.protobuf import json_format

from eiload.base.status import Status
from eiload.scenario import Target
from eiload.serving import explain
from eiload.serving.apis.api import Question
from eiload.serving.apis.http import Http
from eiload.serving.explain import Unready
from eiload.serving.protos import get_model_metadata_pb2, get_model_status_pb2
from eiload.serving.tfserving import ModelState, Signature, decode_status, signatures_of

__all__ = ["TfRest"]


class TfRest(Http):
    """TensorFlow Serving's REST.

    Args:
        target: what the scenario says of it.
    """

    remedies: ClassVar[tuple[tuple[Status, str, str], ...]] = (
        (Status.NOT_FOUND, r"Specific\(|version", "correct `version:` or `model:`"),
        (
            Status.NOT_FOUND,
            "Malformed request",
            "no REST API of TensorFlow Serving's answers there",
        ),
        (Status.NOT_FOUND, "", "correct `model:`, or `server:`: REST has a port of its own, 8501"),
        (Status.INVALID_ARGUMENT, "Malformed request", "correct `model:` or `server:`"),
        (Status.INVALID_ARGUMENT, "signature", "correct `signature:`"),
        (
            Status.UNIMPLEMENTED,
            "",
            "what answers is not TensorFlow Serving's REST API: check `server:`",
        ),
    )

    @property
    def predict(self) -> str:
        """Return the path that predicts."""
        return f"{_path(self._target)}:predict"

    def state(self, model: str = "") -> Question:
        """Ask for the model's versions."""
        return Question(f"GET {_model(model) if model else _path(self._target, label=False)}")

    def states(self, response: bytes) -> tuple[ModelState, ...]:
        """Return the versions in a status."""
        message = get_model_status_pb2.GetModelStatusResponse()
        return decode_status(_parsed(response, message).SerializeToString())

    def unready(self, states: Sequence[ModelState]) -> Unready | None:
        """Return why a model of these versions cannot be used; None if it can."""
        return explain.unready(self._target.model, states, self._target.version)

    def metadata(self) -> Question:
        """Ask for the model's signatures."""
        return Question(f"GET {_path(self._target)}/metadata")

    def signatures(self, response: bytes) -> dict[str, Signature]:
        """Return the signatures in a metadata."""
        # Its one field is a message of any type, which is written without the type's name.
        message = get_model_metadata_pb2.SignatureDefMap()
        return signatures_of(_parsed(response, message, "metadata", "signature_def"))


def _model(name: str) -> str:
    return f"/v1/models/{quote(name, safe='')}"


def _path(target: Target, *, label: bool = True) -> str:
    path = _model(target.model)
    if target.version is not None:
        return f"{path}/versions/{target.version}"
    if target.version_label is not None and label:
        return f"{path}/labels/{quote(target.version_label, safe='')}"
    return path


def _parsed(response: bytes, message: Any, *keys: str) -> Any:
    """Return the message that a JSON answer holds under `keys`.

    Raises:
        ValueError: it holds none.
    """
    what = message.DESCRIPTOR.name
    try:
        found = json.loads(response)
        for key in keys:
            found = found[key]
        return json_format.ParseDict(found, message, ignore_unknown_fields=True)
    except (ValueError, KeyError, TypeError, RecursionError, json_format.ParseError):
        raise ValueError(f"{len(response)} bytes that are no {what} in JSON") from None
