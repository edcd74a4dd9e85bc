"""How often a run that goes on until decided errs, by all of its looks, on queues of known truth.

``python -m bench.looks`` (15 minutes on 2 cores; ``--quick``: one system, few runs)
prints Markdown tables, which docs/statistics.md quotes ("Until decided").

Each simulated run (`bench.queues`) is as long as its plan. It is looked at as a real one is: the
requests up to each look, judged by the code that judges real runs at the levels of that look
(`eiload.judging.looks`), until a look decides. Beside it the same run judged once, at its end, and
looked at as often with a fixed run's levels, as who peeks does. Comparisons are of equal targets,
and of a candidate that is a factor slower.
"""

import argparse
import math
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from multiprocessing import get_context
from typing import NamedTuple

import numpy as np

from bench.queues import SYSTEMS, Pairs, simulate
from bench.rates import MARGIN, Tally, table
from eiload.judging.compare.comparison import Change, word_of
from eiload.judging.looks import levels_of
from eiload.judging.statistics import shares, shift
from eiload.judging.statistics.blocks import Blocks
from eiload.judging.statistics.levels import FIXED, Levels
from eiload.judging.statistics.shares import Word
from eiload.judging.statistics.shift import Interval, QuantileShift
from eiload.record.looks import Plan
from eiload.scenario.until import Until

PLANS_S = {"1 h": (300, 600, 1200, 2400, 3600), "15 min": (300, 600, 900)}
"""Of each plan, its looks."""

NAMES = ("A30", "A60", "A80", "M60", "A60i", "A60d")
QUANTILES = (0.95, 0.99)
ROOM = (1.25, 1.5, 2.0)
FACTORS = (1.0, 1 + MARGIN, 1.2, 1.5)
CHUNK = 10

Words = Sequence[tuple[int, str]]
"""Of each look, its time in s and its word."""


class Task(NamedTuple):
    """One chunk of simulated runs."""

    system: str
    plan: str
    runs: int
    seed: int
    limits_ns: dict[float, float]
    """True quantiles."""


Key = tuple[str, str, str, float, str]
"""Plan, system, what, quantile, way of looking."""


def truth(name: str, quick: bool) -> dict[float, float]:
    """Return true quantiles (ns) of a system, from runs that nothing else uses."""
    pooled = [
        simulate(SYSTEMS[name], 900, 100, 800_000 + part).pooled(900)
        for part in range(1 if quick else 3)
    ]
    times = np.concatenate(pooled)
    return {q: float(np.quantile(times, q)) * 1e9 for q in QUANTILES}


def ways(plan: str) -> dict[str, tuple[Levels, ...]]:
    """Return how sure each look is, by how it is looked at."""
    looks_s = PLANS_S[plan]
    planned = Plan(Until(), "steady", 0, looks_s)
    return {"until decided": levels_of(planned), "peeking": (FIXED,) * len(looks_s)}


def decided(words: Words, open_: str) -> tuple[str, int]:
    """Return the first word that decides, and when; what is open to the end took all of it."""
    for seconds, word in words:
        if word != open_:
            return word, seconds
    return open_, words[-1][0]


def work(task: Task) -> dict[Key, list[tuple[str, int]]]:
    """Return the word and the time of each run, for each cell."""
    looks_s = PLANS_S[task.plan]
    pairs = simulate(SYSTEMS[task.system], looks_s[-1], task.runs, task.seed)
    found: dict[Key, list[tuple[str, int]]] = defaultdict(list)
    for run in range(task.runs):
        cuts = [_blocks(pairs, run, seconds, "baseline_s") for seconds in looks_s]
        _objectives(found, task, cuts)
        others = [_blocks(pairs, run, seconds, "candidate_s") for seconds in looks_s]
        _comparisons(found, task, cuts, others)
    return dict(found)


def _blocks(pairs: Pairs, run: int, seconds: int, of: str) -> Blocks:
    return Blocks.of(pairs.sample(run, seconds, of))


class Asked(NamedTuple):
    """What is asked of a run."""

    what: str
    q: float
    word: Callable[[int, Levels], str]
    """Returns the word of a look, by its number, at levels."""
    open: str
    """The word that decides nothing."""


def _looked(task: Task, found: dict[Key, list[tuple[str, int]]], asked: Asked) -> None:
    """Note the words of a run by each way of looking."""
    looks_s = PLANS_S[task.plan]
    of = task.plan, task.system, asked.what, asked.q
    for way, levels in ways(task.plan).items():
        words = [(seconds, asked.word(n, levels[n])) for n, seconds in enumerate(looks_s)]
        found[*of, way].append(decided(words, asked.open))
    last = asked.word(len(looks_s) - 1, FIXED)
    found[*of, "once"].append((last, looks_s[-1]))


def _objectives(
    found: dict[Key, list[tuple[str, int]]], task: Task, cuts: Sequence[Blocks]
) -> None:
    for q, limit_ns in task.limits_ns.items():
        factors = [1.0, *ROOM, *(1 / room for room in ROOM[:2])]
        for factor in factors:

            def word(n: int, levels: Levels, limit: float = limit_ns * factor, q: float = q) -> str:
                return str(shares.word_on_quantile(cuts[n], q, limit, levels))

            what = f"limit x {factor:.2f}"
            _looked(task, found, Asked(what, q, word, str(Word.UNDECIDED)))


def _comparisons(
    found: dict[Key, list[tuple[str, int]]],
    task: Task,
    cuts: Sequence[Blocks],
    others: Sequence[Blocks],
) -> None:
    rows: dict[tuple[int, float], list[QuantileShift]] = {}

    def row(n: int, levels: Levels, q: float) -> QuantileShift:
        key = n, levels.ratio
        if key not in rows:
            rows[key], _ = shift.shift(
                cuts[n], others[n], QUANTILES, paired=True, confidence=2 * levels.ratio - 1
            )
        return rows[key][QUANTILES.index(q)]

    for q in QUANTILES:
        for factor in FACTORS:

            def word(n: int, levels: Levels, factor: float = factor, q: float = q) -> str:
                known = row(n, levels, q)
                ratio = known.ratio
                if ratio is not None:
                    ends = (ratio.value * factor, ratio.low * factor, ratio.high * factor)
                    known = replace(known, ratio=Interval(*ends))
                return str(word_of(known, MARGIN))

            what = f"candidate x {factor:.2f}"
            _looked(task, found, Asked(what, q, word, str(Change.INCONCLUSIVE)))


# -- what it adds up to ----------------------------------------------------------------------------


def share(cell: Sequence[tuple[str, int]], *words: str) -> float:
    """Return how many runs of a cell end with one of the words, per cent."""
    return 100 * sum(word in words for word, _ in cell) / len(cell)


def mean_s(cell: Sequence[tuple[str, int]]) -> float:
    """Return how long its runs take in the mean."""
    return sum(seconds for _, seconds in cell) / len(cell)


def summary(cells: dict[Key, list[tuple[str, int]]], plan: str, way: str, q: float) -> Tally:
    """Return the error rates of the systems of a plan, and how long they take, by one quantile."""

    def over(what: str, count: Callable[[Sequence[tuple[str, int]]], float]) -> list[float]:
        return [
            count(cell)
            for key, cell in cells.items()
            if (key[0], key[2], key[3], key[4]) == (plan, what, q, way)
        ]

    def mean(values: Sequence[float]) -> float:
        return sum(values) / len(values) if values else math.nan

    passes, fails = "pass", "fail"
    good = (str(Change.NO_INCREASE), str(Change.WITHIN_MARGIN), str(Change.DECREASE))
    slower = (str(Change.INCREASE), str(Change.WITHIN_MARGIN))
    at_limit = over("limit x 1.00", lambda cell: share(cell, passes))
    found = {
        "FP worst": max(at_limit),
        "FP mean": mean(at_limit),
        "FF worst": max(over("limit x 1.00", lambda cell: share(cell, fails))),
    }
    for room in ROOM:
        found[f"pass {room}x"] = mean(over(f"limit x {room:.2f}", lambda c: share(c, passes)))
        found[f"{room}x s"] = mean(over(f"limit x {room:.2f}", mean_s))
    for room in ROOM[:2]:
        found[f"fail {room}x"] = mean(over(f"limit x {1 / room:.2f}", lambda c: share(c, fails)))
        found[f"over {room}x s"] = mean(over(f"limit x {1 / room:.2f}", mean_s))
    found["FI worst"] = max(over("candidate x 1.00", lambda cell: share(cell, *slower)))
    found["FP at margin"] = max(over(f"candidate x {1 + MARGIN:.2f}", lambda c: share(c, *good)))
    found["equal: no"] = mean(over("candidate x 1.00", lambda cell: share(cell, *good)))
    found["equal s"] = mean(over("candidate x 1.00", mean_s))
    found["+50 %"] = mean(over("candidate x 1.50", lambda cell: share(cell, *slower)))
    found["+50 % s"] = mean(over("candidate x 1.50", mean_s))
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the grid and print its tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.looks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one system, few runs")
    parser.add_argument("--runs", type=int, default=0, help="simulated runs a system")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--systems", default="", help="only these, as in A60,A80")
    parser.add_argument("--plans", default="", help="only these, as in '15 min'")
    options = parser.parse_args(arguments)
    runs = options.runs or (10 if options.quick else 200)
    names = tuple(filter(None, options.systems.split(","))) or (
        ("A60",) if options.quick else NAMES
    )
    plans = tuple(filter(None, options.plans.split(","))) or tuple(PLANS_S)
    began = time.monotonic()
    with get_context("spawn").Pool(options.processes) as pool:
        limits = pool.starmap(truth, [(name, options.quick) for name in names])
        known = dict(zip(names, limits, strict=True))
        tasks = [
            Task(
                name,
                plan,
                min(CHUNK, runs - at),
                1000 * list(SYSTEMS).index(name) + at,
                known[name],
            )
            for plan in plans
            for name in names
            for at in range(0, runs, CHUNK)
        ]
        cells: dict[Key, list[tuple[str, int]]] = defaultdict(list)
        for part in pool.imap_unordered(work, tasks):
            for key, words in part.items():
                cells[key] += words
    print(f"{runs} simulated runs of {', '.join(names)}, {time.monotonic() - began:.0f} s.\n")
    for plan in plans:
        for q in QUANTILES:
            rows = [
                (way, summary(cells, plan, way, q)) for way in ("once", "until decided", "peeking")
            ]
            print(table(f"{plan}, p{q * 100:g}: per cent of runs, and s", list(rows[0][1]), rows))
    return 0


__all__ = ["decided", "main", "summary", "work"]

if __name__ == "__main__":
    raise SystemExit(main())
