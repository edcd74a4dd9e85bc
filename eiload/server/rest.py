"""TensorFlow Serving's REST: predict, metadata and status in JSON, and the metrics.

Beside the gRPC port (``--rest-port``) or instead of it (``--api tf-rest``). Paths, the map from
codes to HTTP statuses, the errors' form and the time limit are TensorFlow Serving's (model_servers/
http_rest_api_util.cc, http_rest_api_handler.cc, util/prometheus_exporter.cc). Everything is asked
and answered on the event loop; JSON that is large is read beside it (`http.predict`).
"""

import json
import re
from collections.abc import Callable
from typing import Any

from google.protobuf import json_format

from eiload.base.status import Status
from eiload.server.http.exchange import TEXT, Answer, Asked, Ended, stated
from eiload.server.http.predict import JsonPredict, Named, Told
from eiload.server.metrics import Metrics
from eiload.server.model import Rejection
from eiload.server.service import Service
from eiload.serving.protos import get_model_metadata_pb2, get_model_status_pb2
from eiload.serving.tfserving import metadata_request, status_request

__all__ = ["HTTP", "Rest", "answered"]

METRICS_PATH = "/monitoring/prometheus/metrics"

GPU_PATH = "/emulated/gpu"
"""Not TensorFlow Serving's: how the emulated GPU is."""

HTTP = {
    Status.OK: 200,
    Status.CANCELLED: 499,
    Status.UNKNOWN: 500,
    Status.INVALID_ARGUMENT: 400,
    Status.DEADLINE_EXCEEDED: 504,
    Status.NOT_FOUND: 404,
    Status.ALREADY_EXISTS: 409,
    Status.PERMISSION_DENIED: 403,
    Status.RESOURCE_EXHAUSTED: 429,
    Status.FAILED_PRECONDITION: 400,
    Status.ABORTED: 409,
    Status.OUT_OF_RANGE: 400,
    Status.UNIMPLEMENTED: 501,
    Status.INTERNAL: 500,
    Status.UNAVAILABLE: 503,
    Status.DATA_LOSS: 500,
    Status.UNAUTHENTICATED: 401,
}

MODEL = r"(?i:/v1/models/(?P<model>[^/:]+)(?:/versions/(?P<version>\d+)|/labels/(?P<label>[^/:]+))?"
POST = re.compile(MODEL + r":(?P<method>classify|regress|predict))")
GET = re.compile(MODEL + r"(?P<metadata>/metadata)?)")

INDENT = 4
"""Errors are printed prettily."""


class Rest:
    """What is answered on the port."""

    def __init__(
        self,
        service: Service,
        metrics: Metrics,
        predict: JsonPredict,
        *,
        gpu: Callable[[], dict[str, Any]] | None = None,
    ) -> None:
        """Make one.

        Args:
            service: gives the answers.
            metrics: its numbers.
            predict: its Predict in JSON.
            gpu: how the emulated GPU is.
        """
        self._service = service
        self._metrics = metrics
        self._predict = predict
        self._gpu = gpu

    def __call__(self, asked: Asked, ended: Ended) -> None:
        """Answer a request."""
        path = asked.target
        try:
            if asked.method != "POST":
                ended(self._got(asked.method, path))
                return
            found = POST.fullmatch(path)
            if found is None:
                raise Rejection(Status.INVALID_ARGUMENT, f"Malformed request: POST {path}")
            method = found["method"].lower()
            if method != "predict":
                raise Rejection(Status.UNIMPLEMENTED, f"the stand-in does not serve {method}")
            named = _named(found)
        except Rejection as rejection:
            known = path.lower().startswith("/v1/")
            status = HTTP[rejection.status] if known else 404
            ended(stated(status, rejection.text, indent=INDENT))
            return
        self._predict(named, asked.body, asked.arrival_ns, lambda told: ended(answered(told)))

    def _got(self, method: str, path: str) -> Answer:
        """Return the answer to a GET, or to another method than POST.

        Raises:
            Rejection: it is not there, or no such method.
        """
        if path.startswith("/monitoring"):
            if path != METRICS_PATH:
                text = f"Unexpected path: {path}. Should be {METRICS_PATH}"
                return Answer(400, text.encode(), TEXT)
            return Answer(200, self._metrics.text().encode(), TEXT)
        if path == GPU_PATH and self._gpu is not None:
            return Answer(200, json.dumps(self._gpu()).encode())
        found = GET.fullmatch(path)
        if found is None or method not in {"GET", "HEAD"}:
            raise Rejection(Status.INVALID_ARGUMENT, f"Malformed request: {method} {path}")
        named = _named(found)
        text = self._metadata(named) if found["metadata"] else self._status(named)
        return Answer(200, text.encode())

    def _metadata(self, named: Named) -> str:
        request = metadata_request(named.model, version=named.version, version_label=named.label)
        response = get_model_metadata_pb2.GetModelMetadataResponse.FromString(
            self._service.metadata(request)
        )
        signatures = get_model_metadata_pb2.SignatureDefMap()
        response.metadata["signature_def"].Unpack(signatures)
        return json.dumps(
            {
                "model_spec": {
                    "name": response.model_spec.name,
                    "signature_name": "",
                    "version": str(response.model_spec.version.value),
                },
                "metadata": {"signature_def": _plain(signatures)},
            },
            indent=1,
        )

    def _status(self, named: Named) -> str:
        request = status_request(named.model, version=named.version)
        response = get_model_status_pb2.GetModelStatusResponse.FromString(
            self._service.status(request)
        )
        return json.dumps(_plain(response), indent=1)


def answered(told: Told) -> Answer:
    """Return what REST makes of a Predict's end."""
    if told.status is Status.OK:
        return Answer(200, told.text.encode(), server_ns=told.server_ns)
    error = stated(HTTP[told.status], told.text, indent=INDENT)
    return Answer(error.status, error.body, server_ns=told.server_ns)


def _named(found: re.Match[str]) -> Named:
    version = found["version"]
    if version is not None and int(version) >= 2**63:
        raise Rejection(
            Status.INVALID_ARGUMENT, f"Failed to convert version: {version} to numeric."
        )
    return Named(found["model"], None if version is None else int(version), found["label"])


def _plain(message: Any) -> dict[str, Any]:
    plain: dict[str, Any] = json_format.MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    return plain
