"""One request between its start and its result, in the sender: values, no rules.

What it knows: what was ordered, who waits for it, and what a stand-in says of itself in an answer.
"""

from dataclasses import dataclass

from eiload.base.status import Status
from eiload.sending.channel import Landing
from eiload.sending.loop import User
from eiload.sending.result import Send

__all__ = ["Flight", "labelled"]

STAND_IN = "x-eiload-stand-in"
"""Trailing metadata of our own stand-in server (`eiload.server.transport`)."""


@dataclass(slots=True, eq=False)
class Flight:
    """A request that is being made."""

    send: Send
    answer: bool
    """Whether the response's bytes are wanted."""
    size_bytes: int
    """Of the request."""
    user: User | None = None
    """Who waits for the answer before the next request."""
    load: bool = True
    """Whether it is of the load, and not a question to the server before it."""


def labelled(landing: Landing) -> Landing:
    """Return a landing whose detail is what a stand-in says it is, if the answer is from one.

    Nobody shall take a stand-in for a server. The trailers of wanted answers are looked at.
    """
    if landing.status != Status.OK:
        return landing
    for key, value in landing.trailers:
        if key == STAND_IN:
            return landing._replace(detail=str(value))
    return landing
