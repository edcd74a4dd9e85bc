"""What the service asks of a model, whatever computes behind it.

The vocabulary between TensorFlow Serving's semantics (`service.py`) and the two kinds of model
(`emulated.py`, `savedmodel.py`): a `Servable` is one version of a model; a `CheckedRequest` is a
request that has passed the checks; a `Job` does what it asks for, once for each time that it is
asked; an `Ending` is what became of that. No I/O and no asyncio here: a servable calls back when
the work has ended, whether or not anybody still waits for it, because that is how TensorFlow
Serving works (a client that has gone stops no run; tensorflow/serving#1265).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple, Protocol, Self

from eiload.base.status import Status
from eiload.serving.protos import meta_graph_pb2, predict_pb2, tensor_pb2

__all__ = [
    "CheckedRequest",
    "Ended",
    "Ending",
    "Input",
    "Job",
    "Rejection",
    "Repository",
    "Servable",
    "ServedSignature",
    "Signatures",
    "VersionState",
    "entries",
]


class VersionState(IntEnum):
    """What a version of a model is doing (get_model_status.proto)."""

    START = 10
    LOADING = 20
    AVAILABLE = 30
    UNLOADING = 40
    END = 50


@dataclass(frozen=True, slots=True)
class ServedSignature:
    """One way to call a model, with what every request asks of it made ready."""

    definition: meta_graph_pb2.SignatureDef
    inputs: tuple[str, ...]
    """Aliases, sorted."""
    outputs: tuple[str, ...]
    """Aliases, sorted."""

    @classmethod
    def of(cls, definition: meta_graph_pb2.SignatureDef) -> Self:
        """Return the signature that a definition gives."""
        return cls(definition, tuple(sorted(definition.inputs)), tuple(sorted(definition.outputs)))


Signatures = Mapping[str, ServedSignature]
"""Signatures by name."""


class Rejection(Exception):  # noqa: N818  (an answer, not a fault of ours)
    """A request that is refused, with a gRPC status and in TensorFlow Serving's words."""

    def __init__(self, status: Status, text: str) -> None:
        super().__init__(f"{status.name}: {text}")
        self.status = status
        self.text = text


@dataclass(frozen=True, slots=True)
class Input:
    """One tensor of a request, known to be consistent in itself."""

    proto: tensor_pb2.TensorProto
    shape: tuple[int, ...]
    content: bytes
    """Its `tensor_content`, read once because each reading copies it; empty if the values are in
    the typed fields."""


@dataclass(frozen=True, slots=True)
class CheckedRequest:
    """A request that a servable is to work on."""

    signature: str
    inputs: Mapping[str, Input]
    """By alias, exactly those of the signature."""
    outputs: tuple[str, ...]
    """Aliases that are wanted, all known, none twice; in the order of the answer."""


class Ending(NamedTuple):
    """What became of an inference."""

    status: Status
    text: str
    """In the server's words, if `status` is not OK."""
    outputs: bytes
    """If it is OK: a serialised PredictResponse with its outputs and no more (see `entries`)."""
    server_ns: int
    """From its arrival to its release by the server's own account, the emulated one if it is."""
    runtime_ns: int
    """The part of it spent in TensorFlow's Session::Run; with batching that is the queue, too."""


Ended = Callable[[Ending], None]
"""Is told what became of an inference."""


class Job(Protocol):
    """An inference that a servable has looked at; equal requests can share one."""

    def __call__(self, arrival_ns: int, deadline_ns: int | None, ended: Ended) -> None:
        """Begin to work; call `ended` once, on the event loop, when the work has ended.

        Args:
            arrival_ns: the instant of the request's arrival.
            deadline_ns: the instant at which its client goes, or None.
            ended: is given what became of it.

        Raises:
            Rejection: it will not be worked on; `ended` is not called.
        """
        ...


class Servable(Protocol):
    """One version of a model, loaded."""

    @property
    def signatures(self) -> Signatures:
        """Return how it can be called."""
        ...

    def job(self, inference: CheckedRequest) -> Job:
        """Return what is to be done for an inference.

        Raises:
            Rejection: the inputs are not what the model can work on.
        """
        ...


class Repository(Protocol):
    """The versions of the one model that is served."""

    @property
    def name(self) -> str:
        """Return the model's name."""
        ...

    @property
    def labels(self) -> Mapping[str, int]:
        """Return which labels stand for which versions."""
        ...

    def states(self) -> Mapping[int, tuple[VersionState, str]]:
        """Return all versions that were ever seen: their state, and an error's text or ""."""
        ...

    def servable(self, version: int) -> Servable | None:
        """Return a version that is available, or None."""
        ...

    def latest(self) -> int | None:
        """Return the newest version that is available, or None."""
        ...


def entries(outputs: Mapping[str, tensor_pb2.TensorProto]) -> bytes:
    """Return the serialised outputs of a PredictResponse, sorted by alias.

    Serialised messages may be joined end to end to give the joined message (protobuf's encoding
    guide, "Last One Wins" and map fields), so an answer's parts can be made and kept separately.
    """
    response = predict_pb2.PredictResponse()
    for alias, tensor in outputs.items():
        response.outputs[alias].CopyFrom(tensor)
    data: bytes = response.SerializeToString(deterministic=True)
    return data
