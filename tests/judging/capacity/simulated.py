"""Searches on queues whose capacity is known in closed form; trials cost no time.

A trial draws how many episodes are beyond the limit up to each look, a Poisson number each, with
the true share of M/M/c and a design effect that grows with utilisation. It is judged as a real one
is: Clopper-Pearson limits at the levels of its looks.
"""

import math
from dataclasses import dataclass
from random import Random

import numpy as np

from eiload.judging.capacity import (
    Ask,
    Bounds,
    Purpose,
    Reading,
    Trial,
    TrialWord,
    next_trial,
)
from eiload.judging.statistics import spending
from eiload.judging.statistics.blocks import clopper_pearson
from eiload.judging.statistics.levels import erring

OVERHEAD_S = 30.0
LIMIT = "p99 < 400 ms"
ALLOWED = 0.01


@dataclass(frozen=True)
class Queue:
    """M/M/c, whose 99 % quantile of the response time is to stay under a limit."""

    capacity_per_s: float
    slots: int = 1
    limit_s: float = 0.4605
    limited_per_s: float = math.inf
    """From here on the generator does not manage."""
    dies_per_s: float = math.inf
    """From here on the server dies."""

    @property
    def mu(self) -> float:
        """Return the rate of service of one slot at which the capacity is what it is."""
        low, high = self.capacity_per_s / self.slots, 100 * self.capacity_per_s
        for _ in range(80):
            mu = (low + high) / 2
            at_capacity = beyond(self.capacity_per_s, mu, self.slots, self.limit_s)
            low, high = (mu, high) if at_capacity > ALLOWED else (low, mu)
        return high


def beyond(rate: float, mu: float, slots: int, limit_s: float) -> float:
    """Return the share of requests to M/M/c that take longer than a limit."""
    load, full = rate / mu, slots * mu - rate
    if full <= 0:
        return 1.0
    waits = load**slots / math.factorial(slots) * slots / (slots - load)
    idle = 1 / (sum(load**k / math.factorial(k) for k in range(slots)) + waits)
    wait, gap = waits * idle, full - mu
    served = math.exp(-mu * limit_s)
    if abs(gap) < 1e-9:
        return served * (1 + wait * mu * limit_s)
    # Exponential service, and with probability `wait` an exponential wait before it.
    both = (full * served - mu * math.exp(-full * limit_s)) / gap
    return (1 - wait) * served + wait * both


class Server:
    """A queue that answers trials."""

    def __init__(self, queue: Queue, seed: int) -> None:
        self._queue, self._mu = queue, queue.mu
        self._draw = np.random.default_rng(seed)

    def trial(self, ask: Ask, took_s: float | None = None) -> Trial:
        """Return what comes of a trial."""
        queue, rate = self._queue, ask.rate_per_s
        if rate >= queue.dies_per_s or rate >= queue.limited_per_s:
            word = TrialWord.DIED if rate >= queue.dies_per_s else TrialWord.LIMITED
            return _trial(ask, ask.at_least_s, word)
        share = beyond(rate, self._mu, queue.slots, queue.limit_s)
        busy = min(rate / (queue.slots * self._mu), 0.98)
        effect = (1 + busy) / (1 - busy)
        levels = erring(ask.alpha or 0.05)
        looks = _looks(ask)
        parts = tuple(look / looks[-1] for look in looks)
        passes, fails = (
            spending.levels(parts, round(1 - sure, 9), "linear")
            for sure in (levels.quantile_passes, levels.fails)
        )
        episodes, before, seen, look = 0, 0.0, 0.0, 0.0
        word = TrialWord.UNDECIDED
        for number, look in enumerate(looks):
            worth = rate * look / effect
            episodes += int(self._draw.poisson(share * (worth - before)))
            before, seen = worth, min(episodes / worth, 1.0)
            low, _ = clopper_pearson(seen * worth, worth, 1 - fails[number])
            _, high = clopper_pearson(seen * worth, worth, 1 - passes[number])
            if low > ALLOWED:
                word = TrialWord.FAILS
                break
            if high < ALLOWED:
                word = TrialWord.HOLDS
                break
        return _trial(ask, look, word, seen / ALLOWED)


def _looks(ask: Ask) -> tuple[float, ...]:
    """Return when a trial is looked at: always by the same parts, whose levels are known then."""
    parts = (0.125, 0.25, 0.5, 1.0) if ask.purpose is Purpose.CONFIRM else (1.0,)
    return tuple(part * ask.at_most_s for part in parts)


def _trial(ask: Ask, seconds: float, word: TrialWord, used: float | None = None) -> Trial:
    readings = () if used is None else (Reading(LIMIT, 0.0, 0.0, 0.0, 0.0, used),)
    return Trial(
        ask.number, ask.target, ask.rate_per_s, ask.purpose, seconds, seconds + OVERHEAD_S,
        word, ask.alpha, readings,
    )  # fmt: skip


def search(
    bounds: Bounds, queues: dict[str, Queue], seed: int, known: tuple[Trial, ...] = ()
) -> list[Trial]:
    """Return the trials of a whole search, the known ones first."""
    servers = {name: Server(queue, seed + n) for n, (name, queue) in enumerate(queues.items())}
    trials = list(known)
    while (ask := next_trial(bounds, list(queues), trials)) is not None:
        trials.append(servers[ask.target].trial(ask))
        assert len(trials) < 200
    return trials


def drawn(seed: int) -> Queue:
    """Return a queue of one to four slots with a capacity somewhere in 4/s to 100/s."""
    random = Random(seed)
    return Queue(math.exp(random.uniform(math.log(4), math.log(100))), random.choice((1, 2, 4)))


__all__ = ["Purpose", "Queue", "Server", "beyond", "drawn", "search"]
