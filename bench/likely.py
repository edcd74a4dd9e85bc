"""How often runs are decided as often as `eiload plan --like` says.

``python -m bench.likely`` (about 2 minutes on 2 cores; ``--quick`` for a part of it) prints a
Markdown table, which docs/statistics.md quotes. Of each simulated system (`bench.queues`) some
runs are what a plan is told to be like, one at a time; other ones are what was planned, judged by
the code that judges real ones. Beside each other: the chance that plans told, in the mean and from
their tenth to their ninetieth percentile, and the share of the repeated runs that were decided.
"""

import argparse
import sys
from collections.abc import Iterable
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bench.queues import SYSTEMS, Pairs, simulate
from bench.table import Table, markdown
from eiload.base.clock import NS_PER_S
from eiload.judging import likely
from eiload.judging.compare.comparison import Change, word_of
from eiload.judging.statistics import shares, shift
from eiload.judging.statistics.blocks import Blocks
from eiload.judging.statistics.shares import Word
from eiload.record.facts import TargetFacts
from eiload.record.recorder import Recorder
from eiload.record.run import Run
from eiload.scenario import Compare, parse, parse_objective
from eiload.sending.arrays import RESULT_DTYPE

NAMES = ("A30", "A60", "A80", "M60")
ROOM = (0.8, 1.0, 1.5, 3.0)
"""The limit beside the true percentile."""
LIKE_S, PLANNED_S = 300, (300, 900)
"""How long the run is that a plan is like, and the planned ones."""
LIKE_RUNS, REPEATS = 10, 100
Q = 0.95
MARGIN = 0.10
SLOWER = (1.0, 1.05, 1.2)
"""The candidate's service time beside the baseline's."""

TEXT = """
name: likely
targets:
  baseline: {server: "127.0.0.1:1", model: ssd}
  candidate: {server: "127.0.0.1:2", model: ssd}
payload: {synthetic: 64x48}
traffic:
  - {phase: steady, rate: %g/s, for: %d s}
"""


class Cell(NamedTuple):
    """What plans told of one thing, and what became of it."""

    system: str
    what: str
    planned_s: int
    told: tuple[float, ...]
    """Chances, by the run that the plan was like."""
    decided: float
    """The share of repeated runs that were."""


def run_of(pairs: Pairs, run: int, seconds: int, per_s: float) -> Run:
    """Return the first seconds of a simulated run as a recorded one."""
    scenario = parse(TEXT % (per_s, seconds), "likely", Path(), {})
    recorder = Recorder(0)
    intended = pairs.intended_s[:, run]
    within = (intended >= 0) & (intended < seconds)
    due_ns = (intended[within] * NS_PER_S).astype(np.int64)
    for target, took_s in enumerate((pairs.baseline_s, pairs.candidate_s)):
        batch = np.zeros(len(due_ns), RESULT_DTYPE)
        batch["target"], batch["intended_ns"], batch["sent_ns"] = target, due_ns, due_ns
        batch["done_ns"] = due_ns + (took_s[within, run] * NS_PER_S).astype(np.int64)
        recorder.record(batch)
    made = Run(
        scenario=scenario, started_wall_ns=0, ended_ns=scenario.duration_ns, stopped="",
        environment={}, workers=(), intervals=recorder.take(),
        targets=tuple(TargetFacts(name, "127.0.0.1:1", "ssd") for name in scenario.targets),
    )  # fmt: skip
    return made.counted(made.intervals)


def of_objectives(name: str, like_runs: int, repeats: int) -> list[Cell]:
    """Return the cells of objectives of one system."""
    system, found = SYSTEMS[name], []
    pooled = simulate(system, 900, 40, seed=999).pooled(900)
    truth_ms = float(np.quantile(pooled, Q)) * 1e3
    like = simulate(system, LIKE_S, like_runs, seed=11)
    runs = [run_of(like, index, LIKE_S, system.rate) for index in range(like_runs)]
    real = simulate(system, max(PLANNED_S), repeats, seed=12)
    for room in ROOM:
        limit_ms = truth_ms * room
        objective = parse_objective(f"p{100 * Q:g} < {limit_ms:.3f} ms")
        for planned_s in PLANNED_S:
            told = [
                likely.chance(each, 0, objective, planned_s, system.rate, longer=False)
                for each in runs
            ]
            words = [
                shares.decide_quantile(
                    Blocks.of(real.sample(run, planned_s)), Q, limit_ms * 1e6
                ).word
                for run in range(repeats)
            ]
            decided = sum(word is not Word.UNDECIDED for word in words) / repeats
            what = f"p{100 * Q:g}, limit {room:g} of the truth"
            chances = tuple(each.decided for each in told if each)
            found.append(Cell(name, what, planned_s, chances, decided))
    return found


def of_comparisons(name: str, like_runs: int, repeats: int) -> list[Cell]:
    """Return the cells of comparisons of one system with a slower one."""
    system, found = SYSTEMS[name], []
    compare = Compare(baseline="baseline", candidate="candidate", margin=MARGIN, headline=Q)
    for slower in SLOWER:
        other = system.slower(slower)
        like = simulate(system, LIKE_S, like_runs, seed=21, candidate=other)
        real = simulate(system, LIKE_S, repeats, seed=22, candidate=other)
        told = [
            likely.chance_to_compare(
                run_of(like, index, LIKE_S, system.rate),
                compare,
                LIKE_S,
                system.rate,
                longer=False,
            )
            for index in range(like_runs)
        ]
        decided = 0
        for run in range(repeats):
            sides = [
                Blocks.of(real.sample(run, LIKE_S, of)) for of in ("baseline_s", "candidate_s")
            ]
            (row,), _ = shift.shift(sides[0], sides[1], [Q], paired=True)
            decided += word_of(row, MARGIN) is not Change.INCONCLUSIVE
        what = f"comparison at p{100 * Q:g}, service time x {slower:g}"
        chances = tuple(each.decided for each in told if each)
        found.append(Cell(name, what, LIKE_S, chances, decided / repeats))
    return found


def work(task: tuple[str, str, int, int]) -> list[Cell]:
    """Return the cells of one kind and system."""
    kind, name, like_runs, repeats = task
    return (of_objectives if kind == "objectives" else of_comparisons)(name, like_runs, repeats)


def table(cells: Iterable[Cell]) -> Table:
    """Return the cells as a table."""
    rows = []
    for cell in cells:
        low, high = np.quantile(cell.told, (0.1, 0.9))
        rows.append(
            (
                cell.system,
                cell.what,
                f"{cell.planned_s} s",
                f"{np.mean(cell.told):.0%} ({low:.0%} .. {high:.0%})",
                f"{cell.decided:.0%}",
            )
        )
    header = ("system", "what", "length", "the plan's chance", "decided")
    return Table("What a plan says beside what repeated runs say", header, tuple(rows))


def main() -> int:
    """Simulate, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.likely", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a part of it")
    quick = parser.parse_args().quick
    like_runs, repeats = (5, 50) if quick else (LIKE_RUNS, REPEATS)
    names = NAMES[:2] if quick else NAMES
    kinds = ("comparisons", "objectives")
    tasks = [(kind, name, like_runs, repeats) for kind in kinds for name in names]
    cells: list[Cell] = []
    with get_context("spawn").Pool(2) as pool:
        for found in pool.imap_unordered(work, tasks):
            cells += found
            sys.stderr.write(f"{found[0].system}, {found[0].what} and more: simulated\n")
    cells.sort(key=lambda cell: (cell.what.startswith("comparison"), NAMES.index(cell.system)))
    sys.stdout.write(markdown([table(cells)]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
