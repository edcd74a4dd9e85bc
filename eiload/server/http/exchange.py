"""A question over HTTP and its answer, and what answers: the vocabulary of everything in here.

Whole bodies, no streams: an inference begins when its request is complete and its answer is sent in
one piece, as TensorFlow Serving's REST and SageMaker's containers do it. No I/O and no asyncio.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

__all__ = ["JSON", "TEXT", "Answer", "Asked", "Ended", "Handler", "stated"]

JSON = "application/json"
TEXT = "text/plain"

NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, complete."""

    method: str
    target: str
    """As it stands in the request: a path, perhaps with a query."""
    headers: Mapping[str, str]
    """By lower-case name; of a name that is there twice the values joined by a comma."""
    body: bytes
    arrival_ns: int
    """The instant at which its last byte was there, by the server's clock."""

    @property
    def path(self) -> str:
        """Return the target without its query."""
        return self.target.partition("?")[0]


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered."""

    status: int
    body: bytes = b""
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    """Further ones, as they are to be written."""
    server_ns: int | None = None
    """How long an inference was in the server by its own account; None where nothing ran."""


Ended = Callable[[Answer], None]
"""Is given the answer; never called for what hangs."""

Handler = Callable[[Asked, Ended], None]
"""Answers a request, now or later, on the event loop."""


def stated(status: int, text: str, *, indent: int | None = None) -> Answer:
    """Return an error as ``{"error": text}``, the form of TensorFlow Serving and its container."""
    return Answer(status, json.dumps({"error": text}, indent=indent).encode())
