"""A locustfile as Locust's documentation tells to write one for gRPC: the recipe eiload replaces.

Written after Locust's own gRPC example: gRPC made to work with gevent, a user with a channel of its
own, an interceptor that times the call and fires Locust's `request` event, a request object that
is serialised for each call. ``BENCH_REQUEST`` names the file of the PredictRequest.

One kindness: unless ``BENCH_ORDINARY_IMPORT`` is set, TensorFlow Serving's messages are imported
without TensorFlow's runtime, which would add 15 s to each start; the benchmark `startup` measures
the ordinary import.

``BENCH_RATE`` paces each user with Locust's `constant_throughput`; without it they do not wait.
"""

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import grpc
import grpc.experimental.gevent as grpc_gevent  # type: ignore[import-not-found]  # no stub for it
from locust import User, constant, constant_throughput, task

if os.environ.get("BENCH_ORDINARY_IMPORT"):
    from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc
else:
    from eiload.serving.protos import protos_only

    with protos_only():
        from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

grpc_gevent.init_gevent()

RATE = float(os.environ.get("BENCH_RATE", "0"))


class Reporter(grpc.UnaryUnaryClientInterceptor):  # type: ignore[type-arg]  # only in the stubs
    """Tells Locust of each call."""

    def __init__(self, environment: Any) -> None:
        self._environment = environment

    def intercept_unary_unary(
        self, continuation: Callable[..., Any], client_call_details: Any, request: Any
    ) -> Any:
        """Make the call, wait for it, fire the event."""
        start_time = time.time()
        began_s = time.perf_counter()
        exception, response_length = None, 0
        response = continuation(client_call_details, request)
        try:
            response_length = response.result().ByteSize()
        except grpc.RpcError as error:
            exception = error
        self._environment.events.request.fire(
            request_type="grpc",
            name=client_call_details.method,
            response_time=(time.perf_counter() - began_s) * 1000,
            response_length=response_length,
            response=response,
            context=None,
            exception=exception,
            start_time=start_time,
        )
        return response


class RecipeUser(User):
    """Sends one and the same request again and again."""

    wait_time = constant_throughput(RATE) if RATE else constant(0)
    data: ClassVar[bytes] = Path(os.environ["BENCH_REQUEST"]).read_bytes()

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        channel = grpc.insecure_channel(self.host or "")
        channel = grpc.intercept_channel(channel, Reporter(environment))
        self.stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        self.request = predict_pb2.PredictRequest.FromString(self.data)

    @task
    def predict(self) -> None:
        """Make one call; a failed one is in Locust's statistics already."""
        with contextlib.suppress(grpc.RpcError):
            self.stub.Predict(self.request)
