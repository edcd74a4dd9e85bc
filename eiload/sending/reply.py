"""What whoever calls through the engine gets."""

from typing import NamedTuple

from eiload.base.status import Status

__all__ = ["Reply"]


class Reply(NamedTuple):
    """What became of one `Engine.call`."""

    status: Status
    detail: str
    response: bytes
    intended_ns: int
    sent_ns: int
    done_ns: int
    packed: bytes
    """The `result.Result` of it, as it came."""
