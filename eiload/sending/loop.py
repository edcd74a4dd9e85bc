"""A closed loop of users: each sends, waits for the answer, thinks, and sends again.

What it knows: when a user's next request is due and which one it is. What it must not know: who
sends it, the clock, gRPC. The number of users is the loop's own guard on requests in flight.

The requests of all users together are numbered by *turns*: user u of n has turns u, u + n, u + 2n,
... Turn t has the payload, the number and the think time that it would have whoever took it.

Instants are ns on the monotonic clock.
"""

import itertools
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass

from eiload.sending.result import WANT_RESPONSE, Send, sampled

__all__ = ["Loop", "User"]

MASK = 0xFFFFFFFFFFFFFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """What the parent asks of its sender (`engine.Engine.loop`)."""

    users: tuple[int, ...]
    """Numbers of the users that this sender has, among all users of the loop."""
    total_users: int
    think_ns: int
    """Between an answer and the next request: constant, or of a law the mean (median of a lognormal
    one)."""
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
    think_law: str = "constant"
    """Or "exponential", or "lognormal" with `think_sigma`."""
    think_sigma: float = 0.0
    seed: int = 0
    """Of the think times, which are a function of it and the turn alone."""
    stints_ns: tuple[tuple[int, int], ...] = ()
    """When each of the users comes and goes; empty if all stay from start to end."""

    @classmethod
    def from_json(cls, text: bytes) -> "Loop":
        """Return the loop that ``json.dumps(asdict(loop))`` has told."""
        told = json.loads(text)
        lists = {name: tuple(told[name]) for name in ("users", "payloads")}
        stints_ns = tuple((begin, end) for begin, end in told.get("stints_ns", ()))
        return cls(**{**told, **lists, "stints_ns": stints_ns})

    def comers(self) -> Iterator[tuple[int, "User"]]:
        """Yield the users, each with the instant of its first request."""
        stints_ns = self.stints_ns or itertools.repeat((self.start_ns, self.end_ns))
        for number, (start_ns, end_ns) in zip(self.users, stints_ns, strict=False):
            # Users that think do not all come in the door together.
            late_ns = self.think_ns * number // self.total_users
            if start_ns + late_ns < end_ns:
                yield start_ns + late_ns, User(self, number, end_ns)

    def thought_ns(self, turn: int) -> int:
        """Return how long the user thinks who had this turn."""
        match self.think_law:
            case "exponential":
                return round(-math.log1p(-_uniform(self.seed, 2 * turn)) * self.think_ns)
            case "lognormal":
                # Box & Muller, *A note on the generation of random normal deviates*, 1958.
                radius = math.sqrt(-2 * math.log1p(-_uniform(self.seed, 2 * turn)))
                normal = radius * math.cos(2 * math.pi * _uniform(self.seed, 2 * turn + 1))
                return round(self.think_ns * math.exp(self.think_sigma * normal))
        return self.think_ns


def _uniform(seed: int, index: int) -> float:
    """Return a number in [0, 1) that depends on nothing but a seed and an index.

    By SplitMix64's output function (Steele, Lea & Flood, *Fast splittable pseudorandom number
    generators*, OOPSLA 2014): nothing to be kept for each of a hundred thousand users.
    """
    bits = (seed + (index + 1) * 0x9E3779B97F4A7C15) & MASK
    bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & MASK
    return ((bits ^ (bits >> 31)) >> 11) * 2.0**-53


@dataclass(slots=True, eq=False)
class User:
    """One user of a closed loop."""

    loop: Loop
    turn: int
    """The turn of its next request: its own number at first."""
    end_ns: int
    """When it goes; what it asks before is sent."""

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
        """Return when it asks again after an answer; None if it has gone by then."""
        instant_ns = answered_ns + self.loop.thought_ns(self.turn - self.loop.total_users)
        return instant_ns if instant_ns < self.end_ns else None
