"""A comparison of a server with itself: how often a difference is seen that is not there.

``python -m bench.equal --runs 200`` (about 15 minutes; ``--quick`` for 10 runs of 20 s) prints a
Markdown table, which docs/statistics.md quotes. Every run is real: one ``eiload serve --compute
"50 ms" --concurrency 1``, two targets that are both it, the load by eiload's own sender over gRPC
on loopback, judged as any run is. Half of the runs list one target first, half the other.
``--as-listed`` sends each arrival in the order of the YAML instead, as eiload did until 2026-11:
both targets' requests are due at one instant, and the server serves one of them first.
``--compute``, ``--concurrency`` and ``--rate`` ask the same of another server.

Several runs go on side by side: each mostly waits. What was not valid is counted and not judged.
"""

import argparse
import math
import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import numpy as np

from bench.conducted import conducted
from bench.table import Table, markdown
from eiload.control import feeder
from eiload.judging.judgement import judge
from eiload.judging.statistics import blocks
from eiload.record.buckets import Ints
from eiload.scenario import Scenario, build
from eiload.scenario.schedule import target_order
from eiload.scenario.standin import StandIn
from eiload.server.launch import StandInProcess

SIDE_BY_SIDE = 20
LISTED = (("baseline", "candidate"), ("candidate", "baseline"))


class Setting(NamedTuple):
    """The server, and what is asked of it."""

    compute: str = "50 ms"
    concurrency: int = 1
    rate: str = "5/s"
    """To each target; by default half of what the server can do."""

    def server(self) -> StandIn:
        """Return the stand-in's settings."""
        plain = {"compute": self.compute, "concurrency": self.concurrency}
        return StandIn.model_validate(plain)


BUSY = Setting()


class Said(NamedTuple):
    """What became of one run."""

    first: str
    """The target that is listed first."""
    word: str
    ratio: float
    """Of the medians, candidate over baseline; NaN when it was not valid."""


def scenario(
    address: str, listed: Sequence[str], seed: int, length_s: int, rate: str = BUSY.rate
) -> Scenario:
    """Return a run of one server against itself."""
    return build(
        {
            "name": "equal",
            "seed": seed,
            "targets": {name: {"server": address, "model": "ssd"} for name in listed},
            "payload": {"synthetic": "64x48"},
            "traffic": [
                {"phase": "warm-up", "rate": rate, "for": "2 s", "warm_up": True},
                {"phase": "steady", "rate": rate, "for": f"{length_s} s"},
            ],
            "compare": {
                "baseline": "baseline",
                "candidate": "candidate",
                "headline": "p50",
                "quantiles": ["p50", "p90"],
            },
        },
        "bench.equal",
        Path(),
    )


def one_run(number: int, length_s: int, setting: Setting = BUSY) -> Said:
    """Make and judge one run."""
    listed = LISTED[number % 2]
    time.sleep(random.uniform(0, 3))  # so that not all start at once
    with StandInProcess(setting.server()) as server:
        run = conducted(scenario(server.address, listed, number, length_s, setting.rate))
    found = judge(run)
    assert found.comparison is not None
    word = str(found.comparison.word) if found.validity.valid else "invalid"
    ratio = next(row.ratio for row in found.comparison.response if row.q == 0.5)
    known = ratio.value if ratio is not None and found.validity.valid else float("nan")
    return Said(listed[0], word, known)


def as_listed(numbers: Ints, targets: int, _seed: int) -> Ints:
    """Return the order of the YAML for every arrival."""
    return np.tile(np.arange(targets), (len(numbers), 1))


def mean(ratios: Sequence[float]) -> str:
    """Return the geometric mean of ratios and its confidence interval over runs, by Student's t."""
    logs = np.log(ratios)
    if len(logs) < 2:
        return "-"
    middle, error = float(logs.mean()), float(logs.std(ddof=1)) / math.sqrt(len(logs))
    by = blocks.t_quantile(0.975, len(logs) - 1) * error
    low, value, high = (f"{math.exp(each):.3f}" for each in (middle - by, middle, middle + by))
    return f"{value} [{low}, {high}]"


def table(said: Sequence[Said]) -> str:
    """Return a Markdown table: a row for each listing."""
    words = sorted({each.word for each in said})
    rows: list[tuple[str, ...]] = []
    for first in ("baseline", "candidate"):
        of = [each for each in said if each.first == first]
        counts = Counter(each.word for each in of)
        ratios = [each.ratio for each in of if each.word != "invalid"]
        rows.append((first, str(len(of)), *(str(counts[word]) for word in words), mean(ratios)))
    columns = ("listed first", "runs", *words, "mean ratio of p50 [95 %]")
    return markdown([Table("a server against itself", columns, tuple(rows))])


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark; the exit status is 1 when nothing could be judged."""
    parser = argparse.ArgumentParser(prog="python -m bench.equal", description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--from", type=int, default=0, dest="first", help="number of the first run")
    parser.add_argument("--length", type=int, default=62, metavar="S", help="measured, in seconds")
    parser.add_argument("--side-by-side", type=int, default=SIDE_BY_SIDE)
    parser.add_argument("--as-listed", action="store_true", help="in the order of the YAML")
    for option, value in BUSY._asdict().items():
        parser.add_argument(f"--{option}", type=type(value), default=value)
    parser.add_argument("--quick", action="store_true", help="10 runs of 20 s")
    options = parser.parse_args(argv)
    runs, length_s = (10, 20) if options.quick else (options.runs, options.length)
    setting = Setting(options.compute, options.concurrency, options.rate)
    order = as_listed if options.as_listed else target_order
    said: list[Said] = []
    lock = threading.Lock()
    with (
        mock.patch.object(feeder, "target_order", order),
        ThreadPoolExecutor(options.side_by_side) as pool,
    ):
        waiting = [
            pool.submit(one_run, number, length_s, setting)
            for number in range(options.first, options.first + runs)
        ]
        for done in as_completed(waiting):
            with lock:
                said.append(done.result())
            print(f"{len(said)}/{runs}: {said[-1]}", flush=True)
    print()
    print(table(said))
    return 0 if any(each.word != "invalid" for each in said) else 1


if __name__ == "__main__":
    raise SystemExit(main())
