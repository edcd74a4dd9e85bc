"""An open loop the plain gevent way: sleep until a request is due, spawn a greenlet that sends it.

What one writes by hand when Locust's users, a closed loop, will not do: gRPC made to work with
gevent, one greenlet that sleeps with `gevent.sleep`, one more for each request, a request object
that is serialised for each call. No Locust around it, which would only cost more.
``python -m bench.clients.plain_gevent ADDRESS FILE PLANS``: the file holds the PredictRequest,
PLANS is a JSON file with lists of instants (ns from the start), which are sent one list after the
other. It prints as JSON when, by its own clock, each one's requests were sent (ns from the start,
in the order of the plan).
"""

from gevent import monkey

monkey.patch_all()

import json  # noqa: E402  # after the patches
import sys  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import gevent  # noqa: E402
import grpc  # noqa: E402
import grpc.experimental.gevent as grpc_gevent  # type: ignore[import-not-found]  # noqa: E402

from eiload.sending.endpoint import CHANNEL_OPTIONS  # noqa: E402
from eiload.serving.protos import protos_only  # noqa: E402

with protos_only():
    from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

START_IN_NS = 50_000_000
"""From the plan's start to its first instant, so that nothing is late before it began."""


def load(predict: Callable[[Any], Any], request: Any, plan: list[int]) -> list[int]:
    """Send at the plan's instants; return when each was sent, ns from the start."""
    sent_ns = [0] * len(plan)
    start_ns = time.monotonic_ns() + START_IN_NS

    def one(index: int) -> None:
        sent_ns[index] = time.monotonic_ns() - start_ns
        predict(request)

    calls = []
    for index, due_ns in enumerate(plan):
        gevent.sleep(max(0, start_ns + due_ns - time.monotonic_ns()) / 1e9)
        calls.append(gevent.spawn(one, index))
    gevent.joinall(calls, raise_error=True)
    return sent_ns


def main(arguments: list[str]) -> None:
    """Load as the command line says."""
    address, file, plans = arguments
    grpc_gevent.init_gevent()
    request = predict_pb2.PredictRequest.FromString(Path(file).read_bytes())
    with grpc.insecure_channel(address, CHANNEL_OPTIONS) as channel:
        predict = prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict
        predict(request)
        sent = [load(predict, request, plan) for plan in json.loads(Path(plans).read_text())]
    print(json.dumps(sent))


if __name__ == "__main__":
    main(sys.argv[1:])
