"""The users of a closed loop: how many there are when, and how long they think.

What it knows: numbers and times from a phase's start, ns. What it must not know: who sends. Users
who come and go do so in *stints*: the k-th stint of a phase has a beginning and an end, and is what
is numbered and sliced over workers (stint k goes to slice ``k mod N``).
"""

import itertools
import math
from dataclasses import dataclass

__all__ = [
    "Exponential",
    "Lognormal",
    "RampUsers",
    "StepUsers",
    "Stint",
    "Think",
    "Users",
    "most",
    "stints",
]

Stint = tuple[int, int]
"""When a user comes and when it goes, ns from the phase's start."""

NORMAL_P99 = 2.3263478740408408
"""The standard normal law's 99th percentile."""


@dataclass(frozen=True, slots=True)
class RampUsers:
    """From one number of users to another, one after the other, evenly over the phase."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class StepUsers:
    """One number of users after the other."""

    levels: tuple[int, ...]
    each_ns: int | None = None
    """None: the phase in equal parts."""


Users = int | RampUsers | StepUsers


@dataclass(frozen=True, slots=True)
class Exponential:
    """Think times without a memory, as of many tasks."""

    mean_ns: int


@dataclass(frozen=True, slots=True)
class Lognormal:
    """Think times as people's: most are short, some very long."""

    median_ns: int
    p99_ns: int

    @property
    def sigma(self) -> float:
        """Return the standard deviation of the times' logarithms."""
        return math.log(self.p99_ns / self.median_ns) / NORMAL_P99


Think = int | Exponential | Lognormal
"""A constant, ns, or a law."""


def most(users: Users) -> int:
    """Return the largest number of users at once."""
    match users:
        case RampUsers(start, end):
            return max(start, end)
        case StepUsers(levels):
            return max(levels)
        case count:
            return count


def stints(users: Users, duration_ns: int) -> list[Stint]:
    """Return when users come and go over a phase, in the order in which they come."""
    match users:
        case RampUsers(start, end):
            return _ramp(start, end, duration_ns)
        case StepUsers(levels, each_ns):
            return sorted(_steps(levels, each_ns, duration_ns))
        case count:
            return [(0, duration_ns)] * count


def _ramp(start: int, end: int, duration_ns: int) -> list[Stint]:
    """Return the stints of a ramp: in the middle of each n-th part of the phase one comes or goes.

    So the mean number of users is that between the two. Who came last goes first.
    """
    moves = abs(end - start)
    at_ns = [(2 * index + 1) * duration_ns // (2 * moves) for index in range(moves)]
    staying = [(0, duration_ns)] * min(start, end)
    if end > start:
        return [*staying, *((each, duration_ns) for each in at_ns)]
    return [*staying, *((0, each) for each in reversed(at_ns))]


def _steps(levels: tuple[int, ...], each_ns: int | None, duration_ns: int) -> list[Stint]:
    count = len(levels)
    whole_ns = duration_ns if each_ns is None else each_ns * count
    edges = [whole_ns * index // count for index in range(count + 1)]
    found, open_ns = list[Stint](), list[int]()
    for (begin_ns, _), level in zip(itertools.pairwise(edges), levels, strict=True):
        while len(open_ns) < level:
            open_ns.append(begin_ns)
        while len(open_ns) > level:
            found.append((open_ns.pop(), begin_ns))
    return found + [(begin_ns, duration_ns) for begin_ns in open_ns]
