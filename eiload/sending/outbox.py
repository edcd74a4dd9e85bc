"""Results on their way from the sender to its parent.

What it knows: how a result is packed, that results travel in company, that a status text travels
once and is a number from then on. What it must not know: sockets, what a request was for.
"""

from collections.abc import Callable
from typing import Protocol

from eiload.sending.channel import Landing
from eiload.sending.echoes import Echoes
from eiload.sending.result import RESULT, Send
from eiload.sending.wire import DETAIL, FromSender

__all__ = ["Outbox"]

FLUSH_S = 0.1
"""How long a result may wait for company on the way to the parent: Locust's charts have a second's
grain, and waking the parent for each takes more than counting it."""

MAX_DETAILS = 200
"""Different status texts that are told apart; servers may put numbers into them without end."""

MAX_DETAIL_CHARS = 1024
"""TensorFlow Serving cuts its own texts here (model_servers/grpc_status_util.cc)."""


class Say(Protocol):
    """What tells the parent: the kind of a frame and its body, in one piece or two."""

    def __call__(self, kind: FromSender, body: bytes, more: bytes = b"", /) -> None: ...


class Outbox:
    """Takes what became of requests and tells it.

    Args:
        say: sends a frame to the parent.
        later: calls something after so many seconds.
    """

    def __init__(self, say: Say, later: Callable[[float, Callable[[], None]], object]) -> None:
        self._say = say
        self._later = later
        self.echoes = Echoes()
        """What is taken out of status texts."""
        self._results = bytearray()
        self._details: dict[str, int] = {"": 0}

    def put(self, send: Send, landing: Landing, *, answer: bool = False) -> None:
        """Tell what became of a request; with the answer's bytes, and at once, if wanted."""
        response = landing.response
        detail = self._details.get(landing.detail)
        if detail is None:
            detail = self._number(landing.detail)
        # What it waited for the server is the server's: a limit there is no lag of ours.
        sent_ns = landing.sent_ns - landing.waited_ns
        packed = RESULT.pack(
            send.seq, send.intended_ns, sent_ns, landing.done_ns, len(response),
            send.payload, send.target, detail, send.phase, landing.status, landing.flags,
            landing.written_ns, landing.first_byte_ns, landing.waited_ns,
        )  # fmt: skip
        if answer:
            self._say(FromSender.RESPONSE, packed, response)
            return
        if not self._results:
            self._later(FLUSH_S, self.flush)
        self._results += packed

    def flush(self) -> None:
        """Tell what waits for company."""
        if self._results:
            self._say(FromSender.RESULTS, bytes(self._results))
            self._results.clear()

    def _number(self, text: str) -> int:
        """Return the number of a new status text; the parent is told of it before its first use."""
        # Before it is cut, which would leave a part of a secret behind.
        text = self.echoes.masked(text)[:MAX_DETAIL_CHARS]
        if text not in self._details and len(self._details) > MAX_DETAILS:
            text = "(another text)"
        if text not in self._details:
            self._details[text] = len(self._details)
            packed = DETAIL.pack(self._details[text])
            self._say(FromSender.DETAIL, packed, text.encode("utf-8", "replace"))
        return self._details[text]
