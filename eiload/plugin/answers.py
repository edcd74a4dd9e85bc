"""Answers, and who has yet to count them: none is forgotten.

What it knows: what became of a request, what is in the response, how Locust's clients let users
judge one, who still has it. What it must not know: runs.

``predict(catch_response=True)`` leaves the counting to the end of a ``with`` block. Who writes no
such block has been answered all the same: the request is counted when nobody has its answer any
more, at the latest when the run ends, and how to write it is said once.

What an answer *was found* to be (the call's status, what does not decode) and how its user *judged*
it are kept apart: a judgement may come again, and the last one holds, as in Locust
(locust/clients.py, ResponseContextManager).
"""

import weakref
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from gevent import GreenletExit
from locust import exception

from eiload.base.clock import NS_PER_MS
from eiload.base.status import Status
from eiload.control.session import Left
from eiload.serving.detections import SSD_OUTPUTS, Detection, check, detections
from eiload.serving.explain import quoted
from eiload.serving.tensors import Tensor

if TYPE_CHECKING:
    from eiload.sending.reply import Reply

__all__ = ["Answer", "Asker", "OpenAnswers"]

BLOCK = "`with self.client.predict(catch_response=True) as answer:`"
"""How to write what judges an answer."""

FLOW: tuple[type[BaseException], ...] = (
    exception.RescheduleTask,
    exception.RescheduleTaskImmediately,
    exception.InterruptTaskSet,
    exception.StopUser,
    exception.StopTest,
    GreenletExit,
    GeneratorExit,
    KeyboardInterrupt,
    SystemExit,
)
"""What a block is left by without a word on its answer: Locust's own flow, and the end of all."""


class Asker(Protocol):
    """Whoever made a request."""

    @property
    def user(self) -> str:
        """Return the name of the user's class."""

    def tell(self, reply: "Reply", answer: "Answer", name: str) -> None:
        """Tell Locust of a request that is being counted."""

    def forget(self, answer: "Answer") -> None:
        """Leave it to others to count an answer that is going out of existence."""

    def late(self, problem: str) -> None:
        """Tell that an answer was found to be bad after it had been counted."""


class Counter(Protocol):
    """What counts the requests of a run: its session's `Tally`."""

    def count(self, reply: "Reply", status: Status, detail: str) -> None:
        """Count a user's request with the outcome that the user found."""

    def outputs(self, reply: "Reply") -> dict[str, Tensor]:
        """Return the arrays in the answer to a user's request.

        Raises:
            ValueError: it is no answer.
        """


class Answer:
    """What became of one request.

    With ``catch_response=True`` it is a context manager, and the request is counted when the block
    ends: as its user judged it by `success` or `failure`, else as failed if an exception (other
    than Locust's own flow, such as `RescheduleTask`) has left the block. Without a block it is
    counted when nobody has the answer any more, at the latest when the run ends.

    Args:
        client: who made the request.
        tally: what counts it.
        reply: what came of it.
        name: what Locust's statistics call it.
        catch: whether a block judges it.
    """

    def __init__(
        self, client: Asker, tally: Counter, reply: "Reply", name: str, *, catch: bool = True
    ) -> None:
        self._client = client
        self._tally = tally
        self._reply = reply
        self._name = name
        self._catch = catch
        self.counted = False
        """Whether the request is in the counts."""
        self.judging = False
        """Whether a ``with`` block is at work on it."""
        self._outputs: dict[str, Tensor] | None = None
        self._found = reply.status, reply.detail
        self._judged: bool | None = None
        self._reason = ""

    def __del__(self) -> None:
        """See that the request is counted."""
        if not self.counted:
            self._client.forget(self)

    @property
    def asked_by(self) -> str:
        """Return the name of the user class that made the request."""
        return self._client.user

    @property
    def status(self) -> Status:
        """Return the gRPC status; `BAD_ANSWER` for a bad answer to a call that ended OK.

        After `success` it is OK; but a request that was never sent, or has no outcome, stays that.
        """
        status, _ = self._found
        if self._judged and self._reply.sent_ns and self._reply.done_ns:
            return Status.OK
        return Status.BAD_ANSWER if self._judged is False and status is Status.OK else status

    @property
    def detail(self) -> str:
        """Return what there is to say of the status: the server's words, the user's reason."""
        status, detail = self._found
        if self._judged is not False:
            return detail
        both = [detail, self._reason] if status is not Status.OK else [self._reason]
        return "; ".join(filter(None, both))

    @property
    def ok(self) -> bool:
        """Tell whether the request counts as good: ended OK, or what its user calls it."""
        return self.status is Status.OK

    @property
    def response_bytes(self) -> bytes:
        """Return the answer's bytes, such as a serialised PredictResponse; empty if none."""
        return self._reply.response

    @property
    def outputs(self) -> dict[str, Tensor]:
        """Return the answer's arrays by name, decoded when first asked for.

        An answer that cannot be decoded is a failure and has no outputs.
        """
        if self._outputs is None:
            self._outputs = {}
            if self._reply.status is Status.OK:
                try:
                    self._outputs = self._tally.outputs(self._reply)
                except ValueError as error:
                    self._find(f"cannot be decoded: {error}")
        return self._outputs

    def detections(self, min_score: float = 0.5) -> list[Detection]:
        """Return what an SSD model has seen in the (first) image, best first.

        An answer that is not one of an SSD model is a failure; then there are none.
        """
        outputs = self.outputs
        if self._found[0] is not Status.OK:
            return []
        if missing := [name for name in SSD_OUTPUTS if name not in outputs]:
            has = ", ".join(map(repr, outputs)) or "no outputs"
            self._find(
                f"detections() needs the outputs of an SSD detector; the answer has {has}, "
                f"not {', '.join(map(repr, missing))}"
            )
            return []
        if (problem := check(outputs, None, wanted=())) is not None:
            self._find(problem)
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

    def success(self) -> None:
        """Call the answer good, whatever it was found to be, such as a status that is expected.

        Raises:
            LocustError: outside a ``with`` block that catches.
        """
        self._judge(good=True)

    def failure(self, reason: object) -> None:
        """Call the answer a failure because of what is in it; the reason is a text or an exception.

        A request that had failed already keeps its status, and the reason follows the server's own.

        Raises:
            LocustError: outside a ``with`` block that catches.
        """
        self._judge(good=False, reason=reason)

    def _judge(self, *, good: bool, reason: object = "") -> None:
        if not self.judging:
            word = "success()" if good else "failure()"
            raise exception.LocustError(
                f"{self.asked_by}: {word} outside a `with` block that catches; write {BLOCK}"
            )
        self._judged = good
        self._reason = quoted(str(reason)) or type(reason).__name__

    def _find(self, problem: str) -> None:
        """Take note that the answer is bad, whoever judges it."""
        self._found = Status.BAD_ANSWER, problem
        if self.counted:
            self._client.late(problem)

    def count(self) -> None:
        """Count the request, once; `predict` and the end of a ``with`` block do this."""
        if not self.counted:
            self.counted = True
            self._tally.count(self._reply, self.status, self.detail)
            self._client.tell(self._reply, self, self._name)

    def __enter__(self) -> Self:
        """Begin judging.

        Raises:
            LocustError: the request has been counted already, as ``catch_response`` is not set.
        """
        if not self._catch:
            raise exception.LocustError(
                f"{self.asked_by}: `with` without catch_response, so the request is counted "
                f"already; write {BLOCK}"
            )
        self.judging = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        """Count the request; an exception in the block makes it a failure if nothing is said yet.

        Returns:
            Whether the exception was but a way to say `failure`, and goes no further.
        """
        was_word = False
        if error is not None and self._judged is None and not isinstance(error, FLOW):
            was_word = isinstance(error, exception.ResponseError)  # as for Locust's own clients
            self.failure(error if was_word else f"{type(error).__name__}: {error}".rstrip(": "))
        self.judging = False
        self.count()
        return was_word


class OpenAnswers:
    """The answers of one load process that are not counted yet.

    Args:
        say: tells the user.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._alive: weakref.WeakSet[Answer] = weakref.WeakSet()
        self._dropped: deque[Answer] = deque()
        self._said: set[str] = set()

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

    def late(self, user: str, problem: str) -> None:
        """Tell, once, that an answer was found to be bad after it had been counted."""
        self._once(
            f"late {user}",
            f"{user}: an answer that is counted already turns out to be bad: {problem}; write "
            f"{BLOCK}, and it is counted as failed",
        )

    def _warn(self, user: str) -> None:
        self._once(
            "no block",
            f"{user}: predict(catch_response=True) without `with`: its requests are counted "
            f"when their answers are dropped; write {BLOCK}, or leave catch_response out",
        )

    def _once(self, what: str, text: str) -> None:
        if what not in self._said:
            self._said.add(what)
            self._say(text)
