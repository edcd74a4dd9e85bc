"""The REST port: predict, metadata and status in JSON, and the metrics.

For users who probe with curl; the load goes over gRPC. Each connection has a thread of the standard
library's HTTP server, so that a megabyte of JSON is parsed beside the gRPC loop and not on it; what
the service has to say is asked for on the loop, where it lives. Paths, the map from codes to HTTP
statuses, the errors' form and the time limit are TensorFlow Serving's (model_servers/
http_rest_api_util.cc, http_rest_api_handler.cc, util/prometheus_exporter.cc).

The answers say by a header what they are from, as the metadata of the gRPC ones does.
"""

import asyncio
import json
import re
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, NamedTuple, TypeVar

from google.protobuf import json_format

from eiload.base.clock import NS_PER_S, Clock
from eiload.base.status import Status
from eiload.server import json_tensors
from eiload.server.metrics import Metrics
from eiload.server.model import Rejection
from eiload.server.service import Served, Service
from eiload.serving.protos import get_model_metadata_pb2, get_model_status_pb2
from eiload.serving.tfserving import (
    decode_metadata,
    decode_response,
    metadata_request,
    predict_request,
    status_request,
)

__all__ = ["Rest"]

TIMEOUT_S = 30
"""--rest_api_timeout_in_ms."""

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

T = TypeVar("T")


class _Named(NamedTuple):
    """What a path names."""

    model: str
    version: int | None
    label: str | None


class Rest:
    """One HTTP server."""

    def __init__(
        self,
        service: Service,
        metrics: Metrics,
        clock: Clock,
        kind: str,
        loop: asyncio.AbstractEventLoop,
        *,
        gpu: Callable[[], dict[str, Any]] | None = None,
    ) -> None:
        self._service = service
        self._metrics = metrics
        self._clock = clock
        self._loop = loop
        self._gpu = gpu
        self.kind = kind
        self._server: ThreadingHTTPServer | None = None

    def listen(self, host: str, port: int) -> int:
        """Open the port and serve in the background; return its number.

        Raises:
            OSError: it cannot be opened.
        """
        handler = type("Handler", (_Handler,), {"rest": self})
        self._server = _server(host)((host, port), handler)
        # The default poll of 0.5 s is how long `close` would take.
        threading.Thread(
            target=self._server.serve_forever, args=(0.02,), name="rest", daemon=True
        ).start()
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Close the port; connections end with the process."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def get(self, path: str) -> tuple[int, str, str]:
        """Return the answer to a GET: HTTP status, content type, body."""
        if path.startswith("/monitoring"):
            if path != METRICS_PATH:
                return 400, "text/plain", f"Unexpected path: {path}. Should be {METRICS_PATH}"
            return 200, "text/plain", self._on_loop(self._metrics.text)
        if path == GPU_PATH and self._gpu is not None:
            return 200, "application/json", json.dumps(self._on_loop(self._gpu))
        found = GET.fullmatch(path)
        if found is None:
            raise Rejection(Status.INVALID_ARGUMENT, f"Malformed request: GET {path}")
        named = _named(found)
        return (
            200,
            "application/json",
            (self._metadata(named) if found["metadata"] else self._status(named)),
        )

    def post(self, path: str, body: bytes) -> tuple[int, str, str]:
        """Return the answer to a POST: HTTP status, content type, body."""
        found = POST.fullmatch(path)
        if found is None:
            raise Rejection(Status.INVALID_ARGUMENT, f"Malformed request: POST {path}")
        method = found["method"].lower()
        if method != "predict":
            raise Rejection(Status.UNIMPLEMENTED, f"the stand-in does not serve {method}")
        return 200, "application/json", self._predict(_named(found), body)

    def _predict(self, named: _Named, body: bytes) -> str:
        given = json_tensors.body(body)
        signatures = decode_metadata(
            self._on_loop(
                lambda: self._service.metadata(
                    metadata_request(named.model, version=named.version, version_label=named.label)
                )
            )
        )
        name = given.signature or "serving_default"
        if name not in signatures:
            raise Rejection(
                Status.INVALID_ARGUMENT,
                f'Serving signature name: "{name}" not found in signature def',
            )
        request = predict_request(
            named.model,
            json_tensors.tensors(given, signatures[name].inputs),
            signature=given.signature,
            version=named.version,
            version_label=named.label,
        )
        reply = self._ask(request)
        if reply.status is not Status.OK:
            raise Rejection(reply.status, reply.text)
        return json_tensors.rendered(decode_response(reply.response), given.form)

    def _ask(self, request: bytes) -> Served:
        future: Future[Served] = Future()

        def begin() -> None:
            now_ns = self._clock.now_ns()
            self._service.predict(
                request, now_ns, now_ns + TIMEOUT_S * NS_PER_S, future.set_result, entrypoint="REST"
            )

        self._loop.call_soon_threadsafe(begin)
        try:
            return future.result(TIMEOUT_S)
        except TimeoutError:
            text = "Timed out waiting for notification"
            return Served(Status.DEADLINE_EXCEEDED, text, b"", TIMEOUT_S * NS_PER_S)

    def _metadata(self, named: _Named) -> str:
        request = metadata_request(named.model, version=named.version, version_label=named.label)
        response = get_model_metadata_pb2.GetModelMetadataResponse.FromString(
            self._on_loop(lambda: self._service.metadata(request))
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

    def _status(self, named: _Named) -> str:
        request = status_request(named.model, version=named.version)
        response = get_model_status_pb2.GetModelStatusResponse.FromString(
            self._on_loop(lambda: self._service.status(request))
        )
        return json.dumps(_plain(response), indent=1)

    def _on_loop(self, ask: Callable[[], T]) -> T:
        """Return what `ask` returns or raises on the event loop."""
        future: Future[T] = Future()

        def run() -> None:
            try:
                future.set_result(ask())
            except Rejection as rejection:
                future.set_exception(rejection)

        self._loop.call_soon_threadsafe(run)
        return future.result(TIMEOUT_S)


class _Handler(BaseHTTPRequestHandler):
    """HTTP to `Rest` and back."""

    rest: ClassVar[Rest]
    protocol_version = "HTTP/1.1"
    server_version = "eiload"
    sys_version = ""

    def do_GET(self) -> None:
        self._answer(lambda: self.rest.get(self.path))

    def do_POST(self) -> None:
        try:
            length = int(self.headers["Content-Length"])
        except (TypeError, ValueError):
            self.close_connection = True
            self._answer(lambda: (411, "application/json", _error("Content-Length is required")))
            return
        body = self.rfile.read(length)
        self._answer(lambda: self.rest.post(self.path, body))

    def _answer(self, ask: Callable[[], tuple[int, str, str]]) -> None:
        try:
            status, kind, text = ask()
        except Rejection as rejection:
            known = self.path.lower().startswith("/v1/")
            status = HTTP[rejection.status] if known else 404
            kind, text = "application/json", _error(rejection.text)
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("X-Eiload-Stand-In", self.rest.kind)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing: the metrics count."""


def _server(host: str) -> type[ThreadingHTTPServer]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return type(
        "Server", (ThreadingHTTPServer,), {"address_family": family, "daemon_threads": True}
    )


def _named(found: re.Match[str]) -> _Named:
    version = found["version"]
    if version is not None and int(version) >= 2**63:
        raise Rejection(
            Status.INVALID_ARGUMENT, f"Failed to convert version: {version} to numeric."
        )
    return _Named(found["model"], None if version is None else int(version), found["label"])


def _plain(message: Any) -> dict[str, Any]:
    plain: dict[str, Any] = json_format.MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    return plain


def _error(text: str) -> str:
    return json.dumps({"error": text}, indent=4)
