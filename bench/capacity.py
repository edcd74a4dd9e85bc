"""How often a search for the capacity is wrong, and how long it takes, on queues of known capacity.

``python -m bench.capacity`` (6 minutes on 2 cores; ``--quick``: one law, few searches) prints a
Markdown table, which docs/statistics.md quotes ("The capacity").

Each trial is a simulated run of its own (`bench.queues.alone`), in the recorder's buckets, judged
by the code that judges real runs, at the levels of its looks; the search asks `next_trial`, as a
real one does. Beside it bisection on the observed quantile, each rate once, as MLPerf's LoadGen
does (FindPeakPerformanceBinarySearch: doubling until a trial is over the limit, then halving).
Every trial costs its warm-up, too. The capacity of M/M/1 is known in closed form; the others' is
from three million requests at each rate that nothing else uses.
"""

import argparse
import math
import random
import time
from collections.abc import Sequence
from dataclasses import replace
from multiprocessing import get_context
from typing import NamedTuple

import numpy as np

from bench.disturbances import exponential
from bench.queues import WARM_UP_S, System, alone, sample_of
from bench.rates import Tally, table
from eiload.base.clock import NS_PER_S
from eiload.judging.capacity import (
    Ask,
    Bounds,
    Purpose,
    Reading,
    Trial,
    TrialWord,
    bracket,
    next_trial,
)
from eiload.judging.looks import SHORT_S
from eiload.judging.statistics import shares, spending
from eiload.judging.statistics.blocks import Blocks
from eiload.judging.statistics.levels import FIXED, Levels, erring
from eiload.judging.statistics.shares import Word
from eiload.scenario.until import Until

__all__ = ["LAWS", "Found", "Law", "capacity_of", "main", "searched", "summary"]

Q = 0.99
LOW_PER_S, HIGH_PER_S = 2.0, 200.0
BISECT_FROM, BISECT_TO = (3.0, 8.0), 1.04
"""Bisection begins somewhere in the first and ends when both ends are within the second."""


class Law(NamedTuple):
    """A server, and what is asked of it."""

    system: System
    limit_s: float
    """Of the response time's 99 % quantile."""


_PLAIN = System(1, 0.100, 4, shared_stalls=False)
LAWS = {
    "M/M/1": Law(System(1, 0.025, 1, slow_share=0.0, service=exponential, shared_stalls=False),
                 math.log(100) / 10),
    "M/G/4": Law(_PLAIN, 0.7),
    "M/G/4, stalls": Law(replace(_PLAIN, shared_stalls=True), 1.0),
}  # fmt: skip
"""M/M/1: 40/s at most, p99 < 460.5 ms, so exactly 30/s. M/G/4: 100 ms, 1 % five times as long, p99
< 700 ms; with the host's stalls, p99 < 1 s."""


class Found(NamedTuple):
    """What a search came to."""

    low: float
    high: float
    seconds: float
    trials: int


# -- one trial -------------------------------------------------------------------------------------


def run(
    law: Law, rate: float, seconds: int, seed: int, up_to_s: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return when the requests of a run were due, and their times, s; of its begin, or all."""
    return alone(replace(law.system, rate=rate), seconds, seed, up_to_s)


def trial(law: Law, ask: Ask, seed: int) -> Trial:
    """Return what comes of a trial, judged look by look until it is decided."""
    looks_s = _looks_s(ask)
    if ask.purpose is Purpose.EXPLORE:
        levels: tuple[Levels, ...] = (FIXED,)
    else:
        levels = _levels(looks_s, erring(ask.alpha))
    word, used, seconds = TrialWord.UNDECIDED, 0.0, 0
    due, times = run(law, ask.rate_per_s, looks_s[-1], seed, looks_s[0])
    for look, (seconds, level) in enumerate(zip(looks_s, levels, strict=True)):
        if look == 1:  # overload is known by the first
            due, times = run(law, ask.rate_per_s, looks_s[-1], seed)
        seen = due < seconds
        blocks = Blocks.of(sample_of(due[seen], times[seen], seconds))
        decision = shares.decide_quantile(blocks, Q, law.limit_s * NS_PER_S, level)
        used = decision.share / decision.allowed
        if decision.word is not Word.UNDECIDED:
            passes = decision.word is Word.PASS
            word = TrialWord.HOLDS if passes else TrialWord.FAILS
            break
        if ask.alpha and _hopeless(blocks, law, levels[-1], looks_s[-1] / seconds):
            break
    reading = Reading("p99", 0, 0, 0, 0, used)
    return Trial(
        ask.number, ask.target, ask.rate_per_s, ask.purpose, seconds, seconds + WARM_UP_S,
        word, ask.alpha, (reading,),
    )  # fmt: skip


def _hopeless(blocks: Blocks, law: Law, at_end: Levels, left: float) -> bool:
    """Tell whether the rest of the trial would hardly decide it, as `judging.looks` does."""
    then = shares.decide_quantile(blocks, Q, law.limit_s * NS_PER_S, at_end)
    if then.word is not Word.UNDECIDED or not then.enough:
        return False
    return then.needs is None or then.needs / then.n > left


def _looks_s(ask: Ask) -> tuple[int, ...]:
    if ask.purpose is Purpose.EXPLORE:
        return (int(ask.at_most_s),)
    until = Until(int(ask.at_least_s) * NS_PER_S)
    most_s = int(ask.at_most_s)
    return tuple(-(-look // NS_PER_S) for look in until.looks_ns(most_s * NS_PER_S))


def _levels(looks_s: tuple[int, ...], together: Levels) -> tuple[Levels, ...]:
    """Return how sure each look must be (`judging.looks.levels_of`)."""
    parts = tuple(look / looks_s[-1] for look in looks_s)
    way: spending.Spending = "O'Brien-Fleming" if looks_s[-1] <= SHORT_S else "linear"
    return tuple(
        replace(
            together,
            quantile_passes=_sure(parts, way, n, together.quantile_passes),
            fails=_sure(parts, way, n, together.fails),
            short_fails=_sure(parts, way, n, together.short_fails),
        )
        for n in range(len(parts))
    )


def _sure(parts: tuple[float, ...], way: spending.Spending, look: int, of_one: float) -> float:
    return 1 - spending.levels(parts, round(1 - of_one, 9), way)[look]


# -- one search ------------------------------------------------------------------------------------


def searched(law: Law, seed: int, budget_s: float) -> Found:
    """Return what a search finds."""
    bounds = Bounds(LOW_PER_S, HIGH_PER_S, budget_s, overhead_s=WARM_UP_S, seed=seed)
    trials: list[Trial] = []
    while (ask := next_trial(bounds, ["a"], trials)) is not None:
        trials.append(trial(law, ask, 1000 * seed + len(trials)))
    found = bracket(bounds, "a", trials)
    return Found(found.low, found.high, sum(each.took_s for each in trials), len(trials))


def bisected(law: Law, seed: int, seconds: int) -> Found:
    """Return what bisection on the observed quantile finds, each rate measured once."""
    rate = random.Random(seed).uniform(*BISECT_FROM)
    low, high, trials = 0.0, math.inf, 0
    while high > low * BISECT_TO:
        _, times = run(law, rate, seconds, 1000 * seed + 500 + trials)
        trials += 1
        if np.quantile(times, Q) < law.limit_s:
            low = rate
        else:
            high = rate
        rate = (low + high) / 2 if low else high / 2
        if math.isinf(high):
            rate = low * 2
    return Found(low, high, trials * (seconds + WARM_UP_S), trials)


class Task(NamedTuple):
    """One search."""

    law: str
    way: str
    seed: int


def ways() -> tuple[str, ...]:
    """Return how the capacity is searched for."""
    return ("1 h", "2 h", "bisection, 60 s", "bisection, 300 s")


def work(task: Task) -> tuple[Task, Found]:
    """Return what one search finds."""
    law = LAWS[task.law]
    if task.way.startswith("bisection"):
        return task, bisected(law, task.seed, int(task.way.split()[1]))
    return task, searched(law, task.seed, 3600.0 * int(task.way.split()[0]))


# -- the truth, and what it adds up to -------------------------------------------------------------


def capacity_of(name: str, seconds: int = 20_000, parts: int = 4) -> float:
    """Return a law's capacity, per second, from other seeds; of M/M/1 in closed form.

    Args:
        name: of the law.
        seconds: of each simulated run.
        parts: runs at each rate.
    """
    law = LAWS[name]
    if law.system.slots == 1 and law.system.service is exponential and not law.system.shared_stalls:
        return 1 / law.system.service_s + math.log(1 - Q) / law.limit_s
    low, high = 25.0, law.system.slots / law.system.service_s
    while high > low * 1.002:
        rate = (low + high) / 2
        beyond = [run(law, rate, seconds, 900_000 + part)[1] > law.limit_s for part in range(parts)]
        low, high = (rate, high) if np.concatenate(beyond).mean() < 1 - Q else (low, rate)
    return (low + high) / 2


def summary(found: Sequence[Found], capacity: float) -> Tally:
    """Return how often searches are wrong, per cent, and how long they take, minutes."""
    n = len(found)
    both = [each for each in found if each.low and each.high < math.inf]
    minutes = sorted(each.seconds / 60 for each in found)
    widths = sorted(100 * (each.high / each.low - 1) for each in both)
    tally = {
        "L > cap": 100 * sum(each.low > capacity for each in found) / n,
        "U < cap": 100 * sum(each.high < capacity for each in found) / n,
        "both ends": 100 * len(both) / n,
        "lower end": 100 * sum(each.low > 0 for each in found) / n,
        "minutes": minutes[n // 2],
        "90 %": minutes[9 * n // 10],
        "trials": sum(each.trials for each in found) / n,
    }
    if both:
        tally |= {"width %": widths[len(both) // 2]}
        tally["low / cap"] = 100 * float(np.median([each.low / capacity for each in both]))
    return tally


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the searches and print their table."""
    parser = argparse.ArgumentParser(prog="python -m bench.capacity", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one law, few searches")
    parser.add_argument("--searches", type=int, default=0, help="of each law and way")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--ways", default="", help="only these, as in '1 h;bisection, 60 s'")
    options = parser.parse_args(arguments)
    searches = options.searches or (10 if options.quick else 200)
    laws = ("M/M/1",) if options.quick else tuple(LAWS)
    chosen = tuple(filter(None, options.ways.split(";"))) or ways()
    began = time.monotonic()
    with get_context("spawn").Pool(options.processes) as pool:
        truth = dict(zip(laws, pool.map(capacity_of, laws), strict=True))
        tasks = [Task(law, way, seed) for law in laws for way in chosen for seed in range(searches)]
        cells: dict[tuple[str, str], list[Found]] = {}
        for task, found in pool.imap_unordered(work, tasks, chunksize=4):
            cells.setdefault((task.law, task.way), []).append(found)
    print(f"{searches} searches of each, {time.monotonic() - began:.0f} s. Capacities: ", end="")
    print(", ".join(f"{law} {rate:.2f}/s" for law, rate in truth.items()), end=".\n\n")
    rows = [
        (f"{law}, {way}", summary(cells[law, way], truth[law])) for way in chosen for law in laws
    ]
    head = max((list(tally) for _, tally in rows), key=len)
    print(table("Searches for the capacity", head, rows))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
