"""How often a run too short to pass fails wrongly, and what it fails rightly.

``python -m bench.short`` (about 4 minutes on 2 cores) prints Markdown tables, which
docs/statistics.md quotes: systems exactly at their limit (`bench.queues`), failures exactly at the
allowed share that come one by one or in bursts, and shares far beyond what is allowed. The first 5
to 55 s of each simulated run are judged by the code that judges real ones.
"""

from collections.abc import Iterator, Sequence
from multiprocessing import get_context
from typing import NamedTuple

import numpy as np

from bench.queues import SYSTEMS, simulate
from bench.table import Table, markdown
from eiload.judging.statistics import shares
from eiload.judging.statistics.blocks import Blocks
from eiload.judging.statistics.cut import Cut, Floats
from eiload.judging.statistics.shares import Word
from eiload.record.sample import Sample

LENGTHS_S = (5, 10, 20, 30, 45, 55)
LONGEST_S = 60
QUANTILES = (0.5, 0.9, 0.95, 0.99)
RUNS = 400
BURST_RUNS = 1500
RATES = (5, 20, 60)
BURSTS_S = (0.0, 0.5, 2.0, 5.0, 10.0)
ALLOWED = (0.001, 0.01, 0.05, 0.1)
FAR_BEYOND = ((0.46, 0.01), (0.3, 0.01), (0.1, 0.01), (0.05, 0.01))
"""Observed in the long run, and allowed."""


class Cell(NamedTuple):
    """How often runs of one kind failed."""

    kind: str
    what: str
    length_s: int
    per_cent: float


def first(sample: Sample, seconds: int) -> Sample:
    """Return the first seconds of a sample."""
    early = sample.second < seconds
    return Sample(
        seconds, sample.second[early], sample.bucket[early], sample.count[early],
        sample.bad[:seconds], sample.sum_ns, sample.min_ns, sample.max_ns,
    )  # fmt: skip


def of_system(name: str) -> list[Cell]:
    """Return how often a system exactly at its limit fails."""
    system = SYSTEMS[name]
    pooled = simulate(system, 3000, 40, seed=999).pooled(3000)
    limits = {q: float(np.quantile(pooled, q)) * 1e9 for q in QUANTILES}
    pairs = simulate(system, LONGEST_S, RUNS, seed=5)
    fails: dict[tuple[float, int], int] = {}
    for run in range(RUNS):
        whole = pairs.sample(run, LONGEST_S)
        for seconds in LENGTHS_S:
            cut = Blocks.of(first(whole, seconds))
            for q, limit in limits.items():
                failed = cut.n and shares.decide_quantile(cut, q, limit).word is Word.FAIL
                fails[q, seconds] = fails.get((q, seconds), 0) + bool(failed)
    return [
        Cell(name, f"p{100 * q:g}", seconds, 100 * count / RUNS)
        for (q, seconds), count in fails.items()
    ]


def failing(
    rng: np.random.Generator, per_s: float, share: float, burst_s: float, *, fixed: bool
) -> tuple[Floats, Floats]:
    """Return failures and requests per second, failures in bursts of a mean length (0: singly)."""
    due = np.sort(rng.uniform(0, LONGEST_S, rng.poisson(LONGEST_S * per_s)))
    if not burst_s:
        bad = rng.random(len(due)) < share
    else:
        bad = np.zeros(len(due), bool)
        at, on = 0.0, bool(rng.random() < share)
        while at < LONGEST_S:
            pause_s = float(rng.exponential(burst_s * (1 - share) / share))
            length_s = pause_s if not on else burst_s if fixed else float(rng.exponential(burst_s))
            bad |= on & (due >= at) & (due < at + length_s)
            at, on = at + length_s, not on
    second = due.astype(np.int64)
    totals = np.bincount(second, minlength=LONGEST_S).astype(np.float64)
    events = np.bincount(second[bad], minlength=LONGEST_S).astype(np.float64)
    return events, totals


def fails(events: Floats, totals: Floats, seconds: int, allowed: float) -> bool:
    """Tell whether the first seconds fail."""
    cut = Cut.even(seconds)
    decision = shares.decide(
        cut.sums(events[:seconds]), cut.sums(totals[:seconds]), allowed, lengths_s=cut.lengths_s()
    )
    return decision.word is Word.FAIL


def of_bursts(allowed: float) -> list[Cell]:
    """Return how often failures exactly at the allowed share fail."""
    rng = np.random.default_rng(7)
    found = []
    for burst_s in BURSTS_S:
        for per_s in RATES:
            for fixed in (True, False) if burst_s else (False,):
                runs = [
                    failing(rng, per_s, allowed, burst_s, fixed=fixed) for _ in range(BURST_RUNS)
                ]
                kind = "of one length" if fixed else "of exponential length"
                what = f"{100 * allowed:g} % in bursts of {burst_s:g} s, {kind}, {per_s}/s"
                for seconds in LENGTHS_S:
                    hits = [fails(*run, seconds, allowed) for run in runs]
                    found.append(Cell("errors", what, seconds, 100 * float(np.mean(hits))))
    return found


def far_beyond(_: float) -> list[Cell]:
    """Return how often failures that come one by one, far beyond what is allowed, fail."""
    rng = np.random.default_rng(9)
    found = []
    for share, allowed in FAR_BEYOND:
        runs = [failing(rng, 20, share, 0.0, fixed=False) for _ in range(RUNS)]
        for seconds in LENGTHS_S:
            hits = [fails(*run, seconds, allowed) for run in runs]
            what = f"{100 * share:g} % where {100 * allowed:g} % is allowed, 20/s"
            found.append(Cell("beyond", what, seconds, 100 * float(np.mean(hits))))
    return found


def rows(cells: Sequence[Cell]) -> Iterator[tuple[str, ...]]:
    """Yield a row for each kind and subject: its name, then the rate at each length."""
    for what in dict.fromkeys((cell.kind, cell.what) for cell in cells):
        of = {cell.length_s: cell.per_cent for cell in cells if (cell.kind, cell.what) == what}
        name = what[1] if what[0] in {"errors", "beyond"} else " ".join(what)
        yield (name, *(f"{of[seconds]:.1f}" for seconds in LENGTHS_S))


def main() -> int:
    """Run the benchmark."""
    with get_context("spawn").Pool(2) as pool:
        systems = [cell for cells in pool.map(of_system, SYSTEMS) for cell in cells]
        bursts = [cell for cells in pool.map(of_bursts, ALLOWED) for cell in cells]
    columns = ("per cent of runs that fail", *(f"{seconds} s" for seconds in LENGTHS_S))
    over = [cell for cell in (*systems, *bursts) if cell.per_cent > 5]
    tables = [
        Table("exactly at the limit", columns, tuple(rows(systems))),
        Table("errors exactly at the limit", columns, tuple(rows(bursts))),
        Table("far beyond the limit", columns, tuple(rows(far_beyond(0)))),
    ]
    print(markdown(tables))
    everything = [cell.per_cent for cell in (*systems, *bursts)]
    print(f"{len(everything)} cells, mean {np.mean(everything):.2f} %, over 5 %: {len(over)}")
    for cell in over:
        print(f"  {cell.kind} {cell.what}, {cell.length_s} s: {cell.per_cent:.1f} %")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
