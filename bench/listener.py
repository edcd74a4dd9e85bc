"""A server that notes when each Predict reached it: what happened, told by the other side.

It answers as the benchmarks' C++ server does, but it runs in the benchmark's own process, so that
the instants are on the same clock as the start of whoever calls, and the count of requests owes
nothing to who sent them. It is Python and costs what Python costs: for hundreds of requests per
second, not for thousands.
"""

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import grpc

from bench.server import answers
from eiload.serving.tfserving import GET_MODEL_METADATA, GET_MODEL_STATUS, PREDICT

__all__ = ["Listener", "listening"]

THREADS = 16
MAX_MESSAGE = [("grpc.max_receive_message_length", -1)]


class Listener(grpc.GenericRpcHandler):  # type: ignore[type-arg]  # only in the stubs
    """Answers every call that it knows and keeps the instants of Predicts.

    Args:
        answered: serialised answers by method path.
    """

    def __init__(self, answered: Mapping[str, bytes]) -> None:
        self.address = ""
        """``127.0.0.1:PORT``, once it serves."""
        self.predicts_s: list[float] = []
        """When each Predict came in whole, monotonic, s."""
        self._answered = answered

    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> "grpc.RpcMethodHandler[bytes, bytes] | None":
        """Return what handles a call."""
        method = str(handler_call_details.method)
        if method not in self._answered:
            return None

        def answer(_request: bytes, _context: grpc.ServicerContext) -> bytes:
            if method == PREDICT:
                self.predicts_s.append(time.monotonic())
            return self._answered[method]

        return grpc.unary_unary_rpc_method_handler(answer)


@contextmanager
def listening(folder: Path) -> Iterator[Listener]:
    """Serve on a free port of 127.0.0.1 for the length of a block.

    Args:
        folder: where the answers are put.
    """
    paths = answers(folder)
    methods = (PREDICT, GET_MODEL_METADATA, GET_MODEL_STATUS)
    listener = Listener(
        {method: path.read_bytes() for method, path in zip(methods, paths, strict=True)}
    )
    server = grpc.server(ThreadPoolExecutor(THREADS), [listener], options=MAX_MESSAGE)
    listener.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield listener
    finally:
        server.stop(None).wait()
