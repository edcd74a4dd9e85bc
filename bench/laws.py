"""Laws that the stand-in follows, and the truth about them.

Pure. What it knows: settings of the stand-in, how it is loaded, what an ideal open loop would see.
What it must not know: contenders, processes.

The truth is simulated: the stand-in's own accelerator (`eiload.server.accelerator`: a virtual
timeline, pure and seeded) is asked for as many arrivals as are due, at even instants. The n-th
inference takes equally long for everybody, so the truth is exact for these requests, tail included,
and no sampling error of the law's is between it and what is reported. The tests hold it against the
laws' formulas.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np

from bench.server import SMALL
from bench.setting import Setting
from eiload.base.clock import NS_PER_MS, NS_PER_S
from eiload.scenario.standin import StandIn
from eiload.server.accelerator import Accelerator, Admission

__all__ = ["Law", "laws", "seed_of_one_stall", "true_times_ms"]

SLOTS = 1000
"""Inferences at a time: nobody queues, so that the law alone is the truth."""

HEADROOM = 3
"""Users and threads for a closed loop: so many times what the law keeps busy (Little's law)."""


@dataclass(frozen=True, slots=True)
class Law:
    """What the stand-in is like, and how it is loaded."""

    name: str
    settings: StandIn
    rate: float
    seconds: float
    busy: int
    """How many requests are in flight on average."""
    first_s: float = 0.0
    """Where the load begins on the stand-in's timeline; matters for a stall only."""
    together: bool = False
    """Whether all contenders may run side by side."""

    @property
    def requests(self) -> int:
        """Return how many requests are due."""
        return round(self.rate * self.seconds)

    @property
    def users(self) -> int:
        """Return how many users or threads a closed loop gets."""
        return self.busy * HEADROOM

    def true_ms(self) -> list[float]:
        """Return the response times that an ideal open loop would see."""
        gaps_ns = NS_PER_S / self.rate
        first_ns = self.first_s * NS_PER_S
        due_ns = [round(first_ns + (k + 0.5) * gaps_ns) for k in range(self.requests)]
        return true_times_ms(self.settings, due_ns)


def true_times_ms(settings: StandIn, due_ns: Sequence[int]) -> list[float]:
    """Return how long each request is in a stand-in with these settings, arriving when it is due.

    Args:
        settings: without faults or a bounded queue: nothing is turned away.
        due_ns: instants from the stand-in's beginning, in order.
    """
    accelerator = Accelerator(settings)
    times = []
    for at_ns in due_ns:
        admission = accelerator.arrive(at_ns, SMALL.tensor_bytes)
        assert isinstance(admission, Admission)
        times.append(admission.server_ns / NS_PER_MS)
    return times


def seed_of_one_stall(within_s: tuple[float, float], clear_s: float) -> int:
    """Return the first seed with one stall that lies within a span, and no other up to `clear_s`.

    The stand-in's stalls begin at random (Poisson), so how many there are in half a minute is
    chance; with one of these seeds it is one.
    """
    every_ns = NS_PER_S // 4
    due_ns = range(0, round(clear_s * NS_PER_S), every_ns)
    for seed in count(1):
        times = np.array(true_times_ms(_stalling(seed), due_ns))
        slow = np.flatnonzero(times > 2 * STALLED_MS) * every_ns / NS_PER_S
        if len(slow) and within_s[0] <= slow[0] and slow[-1] <= within_s[1]:
            return seed
    raise AssertionError


STALLED_MS = 50


def _stalling(seed: int) -> StandIn:
    return StandIn.of(
        compute=f"{STALLED_MS} ms",
        concurrency=SLOTS,
        attach="network",
        stalls={"every": "30 s", "for": "2 s"},
        seed=seed,
    )


def laws(setting: Setting) -> list[Law]:
    """Return what is measured."""
    seconds = 3.0 if setting.quick else 9.0
    # The stall must begin after the slowest contender has started its load and end before the
    # fastest is done.
    within_s, stalled_s = ((7.0, 11.0), 12.0) if setting.quick else ((12.0, 22.0), 30.0)
    seed = seed_of_one_stall(within_s, within_s[1] + stalled_s)
    steady = StandIn.of(compute="50 ms", concurrency=SLOTS)
    tailed = StandIn.of(compute={"median": "80 ms", "p99": "160 ms"}, concurrency=SLOTS)
    return [
        Law("constant 50 ms", steady, 200, seconds, 10),
        Law("lognormal, median 80 ms, p99 160 ms", tailed, 200, seconds, 17),
        Law(
            "constant 50 ms, and one stall of 2 s",
            _stalling(seed), 100, stalled_s, 5, 1.0, together=True,
        ),
    ]  # fmt: skip
