"""A closed loop of users: each sends, waits for the answer, thinks, and sends again.

What it knows: when a user's next request is due and which one it is. What it must not know: who
sends it, the clock, gRPC. The number of users is the loop's own guard on requests in flight.

The requests of all users together are numbered by *turns*: user u of n has turns u, u + n, u + 2n,
... Turn t has the payload and the number that it would have whoever took it.

Instants are ns on the monotonic clock.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from eiload.sending.result import WANT_RESPONSE, Send, sampled

__all__ = ["Loop", "User"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """What the parent asks of its sender (`engine.Engine.loop`)."""

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

    @classmethod
    def from_json(cls, text: bytes) -> "Loop":
        """Return the loop that ``json.dumps(asdict(loop))`` has told."""
        told = json.loads(text)
        lists = {name: tuple(told[name]) for name in ("users", "payloads")}
        return cls(**{**told, **lists})

    def comers(self) -> Iterator[tuple[int, "User"]]:
        """Yield the users, each with the instant of its first request."""
        for number in self.users:
            # Users that think do not all come in the door together.
            late_ns = self.think_ns * number // self.total_users
            if self.start_ns + late_ns < self.end_ns:
                yield self.start_ns + late_ns, User(self, number)


@dataclass(slots=True, eq=False)
class User:
    """One user of a closed loop."""

    loop: Loop
    turn: int
    """The turn of its next request: its own number at first."""

    def ask(self, intended_ns: int) -> Send:
        """Return its next request, due at `intended_ns`."""
        loop, turn = self.loop, self.turn
        self.turn += loop.total_users
        return Send(
            turn * loop.targets + loop.target,
            intended_ns,
            loop.payloads[turn % len(loop.payloads)],
            loop.target,
            loop.phase,
            WANT_RESPONSE if sampled(turn, loop.sample) else 0,
        )

    def again_ns(self, answered_ns: int) -> int | None:
        """Return when it asks again after an answer; None if the loop ends before."""
        instant_ns = answered_ns + self.loop.think_ns
        return instant_ns if instant_ns < self.loop.end_ns else None
