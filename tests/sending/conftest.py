"""Real gRPC servers for the tests of this room."""

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from eiload.sending.endpoint import GRPCIO, HTTP2, Endpoint
from eiload.serving.tfserving import PREDICT
from tests.grpc_servers import grpc_server
from tests.sending.driver import PATIENCE_S, Handler, Serve, echo


@pytest.fixture(params=[HTTP2, GRPCIO])
def client(request: pytest.FixtureRequest) -> str:
    """Return each wire in turn: what holds of the sender holds over both."""
    return str(request.param)


@pytest.fixture
def serve(client: str) -> Iterator[Serve]:
    """Yield what starts a server with one handler and returns its endpoint."""
    with contextlib.ExitStack() as stack:

        def start(handler: Any = echo, **endpoint: Any) -> Endpoint:
            port = stack.enter_context(grpc_server({PREDICT: handler}))
            return Endpoint(f"127.0.0.1:{port}", PREDICT, client=client, **endpoint)

        yield start


@pytest.fixture
def hang(serve: Serve) -> Iterator[Handler]:  # its servers end after the hanging
    """Yield a handler that does not answer before the end of the test."""
    gate = threading.Event()

    def answer(request: bytes, _context: grpc.ServicerContext) -> bytes:
        gate.wait(PATIENCE_S)
        return request

    yield answer
    gate.set()
