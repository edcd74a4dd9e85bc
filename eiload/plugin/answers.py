"""Answers, and who has yet to count them: none is forgotten.

What it knows: what became of a request, what is in the response, who still has it. What it must not
know: Locust, runs.

``predict(catch_response=True)`` leaves the counting to the end of a ``with`` block. Who writes no
such block has been answered all the same: the request is counted when nobody has its answer any
more, at the latest when the run ends, and how to write it is said once.
"""

import weakref
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from eiload.base.clock import NS_PER_MS
from eiload.base.status import Status
from eiload.control.session import Left
from eiload.serving.detections import Detection, check, detections
from eiload.serving.tensors import Tensor
from eiload.serving.tfserving import decode_response

if TYPE_CHECKING:
    from eiload.sending.reply import Reply

__all__ = ["Answer", "Asker", "OpenAnswers"]


class Asker(Protocol):
    """Whoever made a request."""

    @property
    def user(self) -> str:
        """Return the name of the user's class."""

    def count(self, reply: "Reply", answer: "Answer", target: int, name: str) -> None:
        """Count a finished request."""

    def forget(self, answer: "Answer") -> None:
        """Leave it to others to count an answer that is going out of existence."""


class Answer:
    """What became of one request.

    With ``catch_response=True`` it is a context manager, and the request is counted when the block
    ends, as failed if `failure` was called in it. Without a block it is counted when nobody has
    the answer any more, at the latest when the run ends.
    """

    def __init__(self, client: Asker, reply: "Reply", target: int, name: str) -> None:
        self._client = client
        self._reply = reply
        self._target = target
        self._name = name
        self.counted = False
        """Whether the request is in the counts."""
        self.judging = False
        """Whether a ``with`` block is at work on it."""
        self._outputs: dict[str, Tensor] | None = None
        self.status = reply.status
        """The gRPC status; `BAD_ANSWER` once `failure` was called on an OK one."""
        self.detail = reply.detail
        """The server's words on a status that is not OK."""

    def __del__(self) -> None:
        """See that the request is counted."""
        if not self.counted:
            self._client.forget(self)

    @property
    def asked_by(self) -> str:
        """Return the name of the user class that made the request."""
        return self._client.user

    @property
    def ok(self) -> bool:
        """Tell whether the request ended OK and was not called a failure."""
        return self.status is Status.OK

    @property
    def response_bytes(self) -> bytes:
        """Return the serialised PredictResponse; empty when there is none."""
        return self._reply.response

    @property
    def outputs(self) -> dict[str, Tensor]:
        """Return the answer's arrays by name, decoded when first asked for.

        An answer that cannot be decoded is marked as a failure and has no outputs.
        """
        if self._outputs is None:
            self._outputs = {}
            if self._reply.status is Status.OK:
                try:
                    self._outputs = decode_response(self._reply.response)
                except ValueError as error:
                    self.failure(f"cannot be decoded: {error}")
        return self._outputs

    def detections(self, min_score: float = 0.5) -> list[Detection]:
        """Return what an SSD model has seen in the (first) image, best first.

        An answer that is not one of an SSD model is marked as a failure; then there are none.
        """
        outputs = self.outputs
        if not self.ok:
            return []
        if (problem := check(outputs, None, wanted=())) is not None:
            self.failure(problem)
            return []
        return detections(outputs, min_score)

    @property
    def response_time_ms(self) -> float:
        """Return what the user waited: done - intended, ms."""
        return (self._reply.done_ns - self._reply.intended_ns) / NS_PER_MS

    @property
    def service_time_ms(self) -> float:
        """Return what the server and the network took: done - sent, ms."""
        return (self._reply.done_ns - self._reply.sent_ns) / NS_PER_MS

    def failure(self, reason: str) -> None:
        """Mark the answer as a failure because of what is in it."""
        if self.status is Status.OK:
            self.status = Status.BAD_ANSWER
            self.detail = reason

    def count(self) -> None:
        """Count the request, once; `predict` and the end of a ``with`` block do this."""
        if not self.counted:
            self.counted = True
            self._client.count(self._reply, self, self._target, self._name)

    def __enter__(self) -> Self:
        """Begin judging."""
        self.judging = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Count the request; an exception in the block makes it a failure."""
        self.judging = False
        if error is not None and isinstance(error, Exception):
            self.failure(f"{type(error).__name__}: {error}")
        self.count()


class OpenAnswers:
    """The answers of one load process that are not counted yet.

    Args:
        say: tells the user.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._alive: weakref.WeakSet[Answer] = weakref.WeakSet()
        self._dropped: deque[Answer] = deque()
        self._warned = False

    def add(self, answer: Answer) -> None:
        """Take note of an answer that its user will count."""
        self._alive.add(answer)

    def drop(self, answer: Answer) -> None:
        """Keep an answer that is going out of existence until it is counted.

        It is called by the garbage collector, at any moment, so nothing else is done here.
        """
        self._dropped.append(answer)

    def settle(self, left: Left) -> None:
        """Count the answers that their users leave uncounted."""
        while self._dropped:
            self._count(self._dropped.popleft())
        if left is not Left.DROPPED:
            for answer in list(self._alive):
                if left is Left.ALL or not answer.judging:
                    self._count(answer)

    def _count(self, answer: Answer) -> None:
        self._alive.discard(answer)
        if not answer.counted:
            if not answer.judging:
                self._warn(answer.asked_by)
            answer.count()

    def _warn(self, user: str) -> None:
        if not self._warned:
            self._warned = True
            self._say(
                f"{user}: predict(catch_response=True) without `with`: its requests are counted "
                "when their answers are dropped; write `with self.client.predict(catch_response="
                "True) as answer:`, or leave catch_response out"
            )
