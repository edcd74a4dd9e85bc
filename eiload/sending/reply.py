"""What a parent asks of its sender beside single sends, and what it is told back: plain values."""

from dataclasses import dataclass
from typing import NamedTuple

from eiload.base.status import Status

__all__ = ["Loop", "Reply", "Stats"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """A closed loop of users: each sends, waits for the answer, thinks, and sends again."""

    users: tuple[int, ...]
    """Numbers of the users that this sender has, among all users of the loop."""
    total_users: int
    think_ns: int
    start_ns: int
    end_ns: int
    """When it begins and ends; a request intended before the end is sent."""
    target: int
    targets: int
    """Index of the target, and how many targets the run has: request number ``turn * targets +
    target`` belongs to turn `turn` of all users together."""
    phase: int
    payloads: tuple[int, ...]
    """Taken in turn."""
    sample: int
    """One in how many answers is wanted (`result.sampled`); 0 for none."""


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


class Stats(NamedTuple):
    """The sender's last pulse."""

    cpu_ns: int
    loop_delay_ns: int
    in_flight: int
    rss_bytes: int
