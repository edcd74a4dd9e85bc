"""Stand-ins for tests: real processes on loopback, and a plain client for them."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import grpc
import numpy as np

from eiload.base.status import Status
from eiload.scenario.standin import StandIn
from eiload.server.launch import StandInProcess
from eiload.serving.tensors import Tensor
from eiload.serving.tfserving import predict_request
from tests.stand_in import WarmStandIn, WarmTensorFlow

__all__ = ["CLIENT_OPTIONS", "Client", "answer", "picture", "request", "running"]

CLIENT_OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


@contextmanager
def running(*arguments: str, cold: bool = False, **settings: Any) -> Iterator["Client"]:
    """Run a stand-in with settings written as in a scenario, and give a client for it.

    Args:
        arguments: of its command line.
        cold: it loads all that it needs itself, as a user's does.
        settings: of the stand-in.
    """
    warm = WarmTensorFlow if "saved_model" in settings else WarmStandIn
    kind: type[StandInProcess] = StandInProcess if cold else warm
    with (
        kind(StandIn.of(**settings), arguments=arguments) as process,
        grpc.insecure_channel(process.address, CLIENT_OPTIONS) as channel,
    ):
        yield Client(channel, process)


def picture(height: int = 5, width: int = 4, *, count: int = 1, seed: int = 1) -> Tensor:
    """Return random images, uint8 [count, height, width, 3]."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (count, height, width, 3), dtype=np.uint8)


def request(inputs: Tensor | None = None, *, model: str = "ssd", **named: Any) -> bytes:
    """Return a PredictRequest for the SSD."""
    return predict_request(model, {"inputs": picture() if inputs is None else inputs}, **named)


class Client:
    """Bytes to a stand-in and back."""

    def __init__(self, channel: grpc.Channel, process: StandInProcess) -> None:
        self.channel = channel
        self.process = process

    def call(self, method: str, data: bytes, timeout_s: float = 90) -> bytes:
        """Return the answer's bytes, or raise grpc.RpcError."""
        answered: bytes = self._method(method)(data, timeout=timeout_s)
        return answered

    def told(self, method: str, data: bytes, timeout_s: float = 90) -> tuple[Status, str]:
        """Return the status and the details."""
        return answer(lambda: self.call(method, data, timeout_s))

    def _method(self, method: str) -> "grpc.UnaryUnaryMultiCallable[bytes, bytes]":
        return self.channel.unary_unary(method, None, None)

    def timed(self, method: str, data: bytes, timeout_s: float = 90) -> int:
        """Return the server's own account of the time that it took, ns."""
        _, call = self._method(method).with_call(data, timeout=timeout_s)
        return int(trailing(call.trailing_metadata())["x-eiload-server-time-ns"])


def answer(call: Callable[[], object]) -> tuple[Status, str]:
    """Return the status and the details of a call."""
    try:
        call()
    except grpc.RpcError as error:
        return Status(error.code().value[0]), error.details() or ""
    return Status.OK, ""


def trailing(metadata: Iterable[tuple[str, str | bytes]] | None) -> dict[str, str]:
    """Return trailing metadata as a mapping."""
    return {key: str(value) for key, value in metadata or ()}
