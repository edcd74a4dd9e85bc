"""One load process of Locust's users without Locust's runner: what their requests come to.

Real are the model server, the sender, the agent; Locust's environment is there for its events. The
coordinator's part, which needs a run of some length, is a few words to the agent.
"""

import contextlib
import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import grpc
import numpy as np
from locust.env import Environment

from eiload.base.clock import NS_PER_S, SystemClock, boot_id
from eiload.control.agent import Agent
from eiload.control.messages import Final, Go, Prepare, Ready, Stop, Word
from eiload.control.session import Hooks
from eiload.plugin import targets
from eiload.plugin.requests import Requests
from eiload.serving.protos import get_model_metadata_pb2, predict_pb2
from eiload.serving.tensors import from_proto, to_proto
from eiload.serving.tfserving import GET_MODEL_METADATA, PREDICT
from tests.grpc_servers import Handler, grpc_server

PATIENCE_S = 60


@dataclass
class Half:
    """A server of half_plus_two, whatever its model and input are called, and what it was sent."""

    takes: dict[str, int] = field(default_factory=dict)
    """Types of its inputs (DT_...) by name, one number each; if none, it does not tell."""
    port: int = 0
    requests: list[Any] = field(default_factory=list)
    metadata: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, data: bytes, context: grpc.ServicerContext) -> bytes:
        """Answer as the model does."""
        request = predict_pb2.PredictRequest.FromString(data)
        self.requests.append(request)
        self.metadata.append(dict([*(context.invocation_metadata() or ())]))
        sent = {name: each.dtype for name, each in request.inputs.items()}
        ranks = {len(each.tensor_shape.dim) for each in request.inputs.values()}
        if self.takes and (sent != self.takes or ranks != {1}):
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "input size does not match signature")
        alias = next(iter(request.inputs))
        answer = predict_pb2.PredictResponse()
        x = from_proto(request.inputs[alias]).astype(np.float32)
        answer.outputs["y"].CopyFrom(to_proto(x / 2 + 2))
        return bytes(answer.SerializeToString())

    def metadata_of(self, _data: bytes, _context: grpc.ServicerContext) -> bytes:
        """Answer GetModelMetadata."""
        signatures = get_model_metadata_pb2.SignatureDefMap()
        entry = signatures.signature_def["serving_default"]
        for alias, dtype in self.takes.items():
            entry.inputs[alias].dtype = dtype
            entry.inputs[alias].tensor_shape.dim.add(size=-1)
        answer = get_model_metadata_pb2.GetModelMetadataResponse()
        answer.metadata["signature_def"].Pack(signatures)
        return bytes(answer.SerializeToString())


@contextlib.contextmanager
def half(**takes: int) -> Iterator[Half]:
    """Serve the model; it tells its inputs if they are given."""
    server = Half(takes)
    handlers: dict[str, Handler] = {PREDICT: server.answer}
    if takes:
        handlers[GET_MODEL_METADATA] = server.metadata_of
    with grpc_server(handlers) as port:
        server.port = port
        yield server


class Load:
    """The load of some user classes.

    Args:
        server: what they load.
        classes: the classes.
        options: as if given on the command line.
    """

    def __init__(self, server: Half, *classes: Any, **options: Any) -> None:
        self.said: list[str] = []
        self.events: list[dict[str, Any]] = []
        self.over = False
        self.heard: Word | None = None
        self._origin_ns = 0
        self._heard: queue.SimpleQueue[Word] = queue.SimpleQueue()
        self.environment = Environment()
        self.environment.events.request.add_listener(lambda **event: self.events.append(event))
        given = {"model": "", "encoding": "uint8", "image": None, "num_users": None, **options}
        address = f"127.0.0.1:{server.port}"
        self.scenario = targets.plain(SimpleNamespace(**given), classes, address)
        clock = SystemClock()
        fire = self.environment.events.request.fire
        self.requests = Requests(fire, clock, classes, lambda: self.over, self.said.append)
        self.agent = self.requests.agent = Agent(
            send=self._heard.put,
            final=self._final,
            clock=clock,
            hooks=Hooks(
                self.requests.fire,
                self.said.append,
                self.requests.open.settle,
                self.requests.maker,
            ),
            requests_of=self.requests.bytes_for,
        )
        self.environment.eiload = SimpleNamespace(requests=self.requests)  # type: ignore[attr-defined]

    def _final(self) -> None:
        report = self.agent.report()
        assert report is not None
        self._heard.put(report)

    def prepare(self) -> Word:
        """Get ready; return what the agent says of it."""
        self.agent.post(Prepare(run="this", scenario=self.scenario, index=0, count=1, driven=True))
        return self.hear()

    def prepare_in_time(self) -> None:
        """Get ready, on whatever thread; `heard` is what came of it."""
        self.heard = self.prepare()

    def go(self) -> None:
        """Get ready and begin."""
        ready = self.prepare()
        assert isinstance(ready, Ready), ready
        self._origin_ns = origin_ns = SystemClock().now_ns() + NS_PER_S // 10
        self.agent.post(Go(run="this", origin_ns=origin_ns, in_ns=0, boot_id=boot_id()))
        assert self.agent.going.wait(PATIENCE_S)

    def stop(self) -> Final:
        """End the load; return the final report."""
        self.agent.post(Stop(run="this", at_ns=SystemClock().now_ns() - self._origin_ns))
        final = self.hear()
        assert isinstance(final, Final), final
        return final

    def hear(self) -> Word:
        """Return what the agent says next."""
        return self._heard.get(timeout=PATIENCE_S)

    def close(self) -> None:
        """End what is left of it."""
        self.agent.close()


@contextlib.contextmanager
def load(server: Half, *classes: Any, **options: Any) -> Iterator[Load]:
    """Get a load ready and begin it; end it with the block."""
    one = Load(server, *classes, **options)
    try:
        one.go()
        yield one
    finally:
        one.close()


def in_time(event: threading.Event) -> None:
    """Wait for what must come."""
    assert event.wait(PATIENCE_S)
