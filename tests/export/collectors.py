"""A collector of OTLP over HTTP on a real socket, which decodes what it is brought."""

import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric


class Stub:
    """Takes points; with a status of refusal, takes none."""

    def __init__(self, port: int = 0) -> None:
        self.taken: list[ExportMetricsServiceRequest] = []
        self.headers: list[dict[str, str]] = []
        self.status = 200
        self.rejected = 0
        stub = self

        class Handler(BaseHTTPRequestHandler):
            """Answers one request."""

            def do_POST(self) -> None:  # the library's name
                """Take what is brought."""
                body = self.rfile.read(int(self.headers["content-length"]))
                stub.headers.append({name.lower(): each for name, each in self.headers.items()})
                assert self.path == "/v1/metrics"
                assert self.headers["content-type"] == "application/x-protobuf"
                answer = ExportMetricsServiceResponse()
                if stub.status == 200:
                    stub.taken.append(ExportMetricsServiceRequest.FromString(body))
                if stub.rejected:
                    answer.partial_success.rejected_data_points = stub.rejected
                    answer.partial_success.error_message = "too old"
                said = answer.SerializeToString() if stub.status == 200 else b"come\r\nlater"
                self.send_response(stub.status)
                self.send_header("content-length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=[0.05], daemon=True).start()

    @property
    def endpoint(self) -> str:
        """Return what ``--otlp`` is told."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


def metrics(request: ExportMetricsServiceRequest) -> dict[str, Metric]:
    """Return what a request has, by name."""
    (of,) = request.resource_metrics
    (scope,) = of.scope_metrics
    return {metric.name: metric for metric in scope.metrics}


def attributes(point: Any) -> dict[str, str | int]:
    """Return a point's attributes."""
    return {
        each.key: each.value.int_value
        if each.value.HasField("int_value")
        else each.value.string_value
        for each in point.attributes
    }


def requests(request: ExportMetricsServiceRequest) -> Counter[tuple[str, str]]:
    """Return how many requests there are by target and outcome."""
    found: Counter[tuple[str, str]] = Counter()
    metric = metrics(request).get("eiload.requests")
    for point in metric.sum.data_points if metric is not None else ():
        of = attributes(point)
        found[str(of["eiload.target"]), str(of["eiload.outcome"])] += point.as_int
    return found
