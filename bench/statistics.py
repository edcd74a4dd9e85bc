"""How often the verdicts are wrong, measured on queues whose truth is known.

``python -m bench.statistics`` (about 10 minutes on 2 cores; ``--quick`` for a slice of a minute)
prints Markdown tables, which docs/statistics.md quotes; ``--json FILE`` keeps the numbers.

Every cell is many simulated runs (`bench.queues`) judged by the code that judges real ones:

- comparisons: how often the 95 % interval of the ratio misses 1 when both targets are equal, how
  often the word is "increase" then, how often a gate passes when the truth is exactly at the
  margin, and how often a true +5, +10, +20 % is seen;
- candidates that differ by a mechanism instead of a factor, with their true ratio;
- runs repeated five times;
- objectives of a system exactly at its limit, and with room to spare, beside the rules that other
  tools use: compare the observed quantile, or trust independent requests;
- error shares exactly at their limit, of failures that come one by one or in bursts, and
  throughputs.

Percentages are of all runs, so a rule that stays silent is not wrong; "judged" says how often it
speaks. The same runs serve every length: the first 60 s, the first 300 s.
"""

import argparse
import json
import math
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bench.queues import Pairs, simulate
from bench.rates import (
    INCREASES,
    Tally,
    by_worth,
    comparison,
    errors,
    finite,
    mechanism,
    objective,
    repeated,
    table,
    throughputs,
)
from bench.worlds import ALL, OVER_THE_RUN, SLOW, WORLDS, cut_for, true_quantile_s
from eiload.judging.statistics import blocks, shares, shift
from eiload.judging.statistics.blocks import Blocks
from eiload.judging.statistics.means import mean_limits
from eiload.judging.statistics.shares import Word

QUANTILES = (0.5, 0.9, 0.95, 0.99)
LONG_QUANTILES = (0.99, 0.999)
OBJECTIVES = (0.9, 0.95, 0.99)
LENGTHS_S = (60, 300, 900)
LONG_S = 3600
ROOM = (1.25, 1.5)
CHUNK = 50
"""Runs simulated at a time: bounds the memory of a process to some 150 MB."""

MECHANISMS = {
    "hop +10 ms": lambda system: replace(system, hop_s=0.010),
    "service +10 %": lambda system: system.slower(1.10),
    "2 % slow requests": lambda system: replace(system, slow_share=0.02),
}

FAILED_S = 60.0
"""What a request that failed counts in a mean: the deadline."""

HELD = 5.0
"""To be held: per cent of false words in every cell of 300 s and longer. What is over is listed,
and what is surely over (500 runs leave 5 % uncertain by 2 points) makes the command fail."""

DRIFTING = ("A60o", *SLOW)
"""Systems for which docs/statistics.md states that no comparison in one run holds that: each
target's speed drifts on its own."""


RARE = ("A60t", "rarestall", "ar1slow", "errburst")
"""Systems for which it states that no objective holds it: a run holds few of the states that make
its tail, or fewer than one can tell of."""


class Task(NamedTuple):
    """One chunk of simulated runs."""

    system: str
    mechanism: str
    lengths_s: tuple[int, ...]
    quantiles: tuple[float, ...]
    runs: int
    seed: int
    limits_ns: dict[float, float]
    """True quantiles, at which objectives are judged; empty for none. Key 0 is the true mean."""


WHOLE_S = 900
Limits = dict[tuple[str, str, int], dict[float, float]]
"""True quantiles by system, mechanism and the length that they are of."""

Key = tuple[str, str, int, float]
"""System, mechanism, length in s, quantile (0 for the mean)."""


# -- one chunk of runs -----------------------------------------------------------------------------


def work(task: Task) -> dict[Key, dict[str, list[float]]]:
    """Return, for each cell, one number a run for each thing that is counted."""
    base = ALL[task.system]
    other = MECHANISMS[task.mechanism](base) if task.mechanism else None
    pairs = simulate(base, max(task.lengths_s), task.runs, task.seed, other)
    found: dict[Key, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for length in task.lengths_s:
        for run in range(task.runs):
            _compare(found, task, pairs, run, length)
            _objectives(found, task, pairs, run, length)
    return {key: dict(cell) for key, cell in found.items()}


def _compare(
    found: dict[Key, dict[str, list[float]]], task: Task, pairs: Pairs, run: int, length: int
) -> None:
    cut = cut_for(task.system, length)
    cuts = [Blocks.of(pairs.sample(run, length, of), cut) for of in ("baseline_s", "candidate_s")]
    rows, _ = shift.shift(cuts[0], cuts[1], task.quantiles, paired=True)
    drifts = bool(shift.drifts(cuts[0], cuts[1], paired=True)) if not task.mechanism else False
    for row in rows:
        cell = found[task.system, task.mechanism, length, row.q]
        cell["judged"].append(row.ratio is not None)
        cell["theta"].append(_log(row.ratio.value) if row.ratio else math.nan)
        cell["low"].append(_log(row.ratio.low) if row.ratio else -math.inf)
        cell["high"].append(_log(row.ratio.high) if row.ratio else math.inf)
        cell["drift"].append(drifts)


def _log(ratio: float) -> float:
    """Return the logarithm of a ratio, of which one side may have failed."""
    return math.log(ratio) if ratio else -math.inf


def _objectives(
    found: dict[Key, dict[str, list[float]]], task: Task, pairs: Pairs, run: int, length: int
) -> None:
    if not task.limits_ns:
        return
    sample = pairs.sample(run, length)
    cut = Blocks.of(sample, cut_for(task.system, length))
    worth = cut.n**2 / float(cut.totals @ cut.totals)
    for q in OBJECTIVES:
        cell, limit = found[task.system, "objective", length, q], task.limits_ns[q]
        cell["worth"].append(worth)
        decision = shares.decide_quantile(cut, q, limit)
        cell["pass"].append(decision.word is Word.PASS)
        cell["fail"].append(decision.word is Word.FAIL)
        # As if requests were independent, one-sided 95 %, and the plain comparison of k6 or Locust.
        upper = blocks.clopper_pearson(decision.beyond, decision.n, 0.95)[1]
        cell["iid"].append(upper < 1 - q)
        cell["raw"].append(sample.quantile_ns(q) < limit)
        for room in ROOM:
            word = shares.decide_quantile(cut, q, limit * room).word
            cell[f"pass {room}"].append(word is Word.PASS)
            word = shares.decide_quantile(cut, q, limit / room).word
            cell[f"fail {room}"].append(word is Word.FAIL)
    cell, limit = found[task.system, "objective", length, 0.0], task.limits_ns[0.0]
    cell["worth"].append(worth)
    sound = cut.sound
    sums = cut.sums_ns() + (cut.totals - cut.good) * FAILED_S * 1e9
    lower, upper = mean_limits(sums, cut.totals, planned=cut.planned)
    cell["pass"].append(sound and upper < limit)
    cell["fail"].append(sound and lower > limit)
    for room in ROOM:
        cell[f"pass {room}"].append(sound and upper < limit * room)
        cell[f"fail {room}"].append(sound and lower > limit / room)


def truth(name: str, mechanism: str, seconds: int, runs: int, quick: bool) -> dict[float, float]:
    """Return true quantiles (ns) of a target from runs that nothing else uses; key 0: the mean."""
    base = ALL[name]
    other = MECHANISMS[mechanism](base) if mechanism else None
    pooled = []
    for part in range(2 if quick else 6):
        pairs = simulate(base, seconds, runs * 900 // seconds, 900_000 + part, other)
        pooled.append(pairs.pooled(seconds, "candidate_s"))
    times = np.concatenate(pooled)
    # Of a tail that failed it is infinite; between two times there is nothing to interpolate.
    at = {q: float(np.quantile(times, q, method="inverted_cdf")) for q in QUANTILES}
    values = {q: time_s * 1e9 for q, time_s in at.items()}
    known = {q: true_quantile_s(name, q) for q in values}
    values |= {q: at * 1e9 for q, at in known.items() if at is not None}
    finite = np.minimum(times, FAILED_S)
    return values | {0.0: float(finite.mean()) * 1e9}


# -- the grid --------------------------------------------------------------------------------------


def tasks(runs: int, limits: Limits, quick: bool) -> list[Task]:
    """Return everything to simulate, the longest first."""
    found = []
    systems = list(dict.fromkeys(name for name, change, _ in limits if not change))
    lengths = LENGTHS_S[:2] if quick else LENGTHS_S
    chunks = range(0, runs, CHUNK)
    if not quick and "A60" in systems:
        found += [
            Task("A60", "", (LONG_S,), LONG_QUANTILES, CHUNK, 50_000 + at, {}) for at in chunks
        ]
    for name in systems:
        index = [*ALL].index(name)
        # A part of a day is no day.
        spans = lengths[1:] if ALL[name].moving or name in WORLDS else lengths
        for each in [(span,) for span in spans] if name in OVER_THE_RUN else [spans]:
            known = limits[name, "", each[-1] if name in OVER_THE_RUN else WHOLE_S]
            seed = 1000 * index + (each[0] if len(each) == 1 else 0)
            found += [Task(name, "", each, QUANTILES, CHUNK, seed + at, known) for at in chunks]
    for index, (name, change, _) in enumerate(key for key in limits if key[1]):
        seed = 100_000 + 1000 * index
        found += [Task(name, change, lengths[1:], QUANTILES, CHUNK, seed + at, {}) for at in chunks]
    return found


def gather(parts: Iterable[dict[Key, dict[str, list[float]]]]) -> dict[Key, dict[str, np.ndarray]]:
    """Return every cell's numbers of all chunks together."""
    found: dict[Key, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for part in parts:
        for key, cell in part.items():
            for name, values in cell.items():
                found[key][name] += values
    return {
        key: {name: np.array(values, float) for name, values in cell.items()}
        for key, cell in found.items()
    }


def _name(key: Key) -> str:
    system, _, length, q = key
    return f"{system}, {length} s, {f'p{q * 100:g}' if q else 'mean'}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the grid, print its tables; return 1 when a cell is surely worse than is stated."""
    parser = argparse.ArgumentParser(prog="python -m bench.statistics", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a slice, in about a minute")
    parser.add_argument("--runs", type=int, default=0, help="simulated runs a cell")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--systems", help="only these, as in A60g,rarestall", default="")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers there as well")
    options = parser.parse_args(arguments)
    runs = options.runs or (100 if options.quick else 500)
    began = time.monotonic()
    systems = ("A60", "A80") if options.quick else tuple(ALL)
    if options.systems:
        systems = tuple(options.systems.split(","))
    changed = [(name, each) for name in ("A60", "A80") if name in systems for each in MECHANISMS]
    kinds = [
        (name, "", span)
        for name in systems
        for span in (LENGTHS_S[1:] if name in OVER_THE_RUN else (WHOLE_S,))
    ] + ([] if options.quick else [(*each, WHOLE_S) for each in changed])
    with get_context("spawn").Pool(options.processes) as pool:
        jobs = [(*kind, 100, options.quick) for kind in kinds]
        limits = dict(zip(kinds, pool.starmap(truth, jobs, chunksize=1), strict=True))
        cells = gather(pool.imap_unordered(work, tasks(runs, limits, options.quick)))
    return report(cells, limits, time.monotonic() - began, options.json)


def report(
    cells: dict[Key, dict[str, np.ndarray]],
    limits: Limits,
    took_s: float,
    file: Path | None,
) -> int:
    """Print the tables, write the file; return 1 when a cell is surely worse than is stated."""
    keys = sorted(cells, key=lambda key: (key[3], key[2], list(ALL).index(key[0])))
    equal = {key: comparison(cells[key]) for key in keys if not key[1]}
    slower = {
        key: mechanism(
            cells[key],
            limits[*key[:2], WHOLE_S][key[3]] / limits[key[0], "", WHOLE_S][key[3]],
        )
        for key in keys
        if key[1] in MECHANISMS
    }
    again = {key: repeated(cells[key]) for key in keys if not key[1] and key[2] == 300}
    judged = {key: objective(cells[key]) for key in keys if key[1] == "objective"}
    plus = [f"+{round((factor - 1) * 100)} %" for factor in INCREASES]
    room = [f"{word} {each}" for word in ("pass", "fail") for each in ROOM]
    false = ["false increase", "false pass"]
    runs = max(int(tally["runs"]) for tally in equal.values())
    print(f"{runs} simulated runs a cell, {took_s:.0f} s. Per cent of all runs.\n")
    head = ["judged", "half-width", "miss", *false, "no increase", *plus, "drift"]
    print(table("Equal targets", head, ((_name(k), t) for k, t in equal.items())))
    head = ["true", "judged", "below", "above", "increase", "passes"]
    rows = ((f"{_name(k)}, {k[1]}", t) for k, t in slower.items())
    print(table("Candidates that differ", head, rows))
    head = ["runs", "half-width", "false increase", "false decrease"]
    print(table("Five runs of 300 s", head, ((_name(k), t) for k, t in again.items())))
    head = ["pass", "fail", "iid", "raw", *room]
    print(table("Objectives at the limit", head, ((_name(k), t) for k, t in judged.items())))
    unequal = by_worth([cells[key] for key in judged if key[2] >= 300])
    print(table("By how many equal blocks they are worth", ["runs", "pass", "fail"], unequal))
    failing, flowing = errors(4 * runs), throughputs(8 * runs)
    print(table("Errors at the limit", ["episodes", "pass", "fail"], failing))
    print(table("Throughput at the limit", ["pass", "fail"], flowing))
    over = [
        *_over(equal, ("false increase", "false pass"), DRIFTING),
        *_over(judged, ("pass", "fail"), RARE),
    ]
    print("\n".join(f"- over {HELD:.0f} %: {text}" for text, _ in over))
    if file is not None:
        data: dict[str, object] = {
            name: [{"cell": list(key), **finite(tally)} for key, tally in part.items()]
            for name, part in (
                ("equal", equal), ("different", slower), ("repeated", again), ("objectives", judged)
            )
        }  # fmt: skip
        for name, known in (("errors", failing), ("throughput", flowing), ("worth", unequal)):
            data[name] = [{"cell": cell, **finite(tally)} for cell, tally in known]
        file.write_text(
            json.dumps(data | {"over": [text for text, _ in over]}, indent=1) + "\n",
            encoding="utf-8",
        )
    return 1 if any(certain for _, certain in over) else 0


def _over(
    cells: dict[Key, Tally], names: Sequence[str], stated: Sequence[str]
) -> Iterable[tuple[str, bool]]:
    """Yield the cells of 300 s and longer with more false words than are to be held.

    And whether it is surely more, of a system that docs/statistics.md does not state it of.
    """
    for key, tally in cells.items():
        for name in names:
            if key[2] >= 300 and tally[name] > HELD:
                n = tally["runs"]
                low, high = blocks.clopper_pearson(tally[name] / 100 * n, n, 0.975)
                between = f"{low * 100:.1f} to {high * 100:.1f}"
                worse = key[0] not in stated and low * 100 > HELD
                yield f"{_name(key)}: {name} {tally[name]:.1f} ({between})", worse


if __name__ == "__main__":
    raise SystemExit(main())
