"""How long judging takes, and how much memory, for an hour and for a day.

``python -m bench.judging``. The day is built of every tenth request, counted ten times: the record
has the size of the real one, and building it takes seconds instead of minutes. Each run is built
and judged in processes of their own, started by a small one: a process's peak memory on Linux
begins with that of the one that started it.
"""

import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from eiload.base.clock import NS_PER_S
from eiload.judging import judgement
from eiload.judging.compare import compare
from eiload.record import run as runs
from eiload.record.facts import TargetFacts
from eiload.record.recorder import Recorder, step_s_for
from eiload.record.run import Run
from eiload.scenario import parse
from eiload.scenario.arrivals import OpenPhase, phase_seed
from eiload.sending.arrays import RESULT_DTYPE

SCENARIO = """
name: judging
targets:
  gpu: {{server: "127.0.0.1:8500", model: ssd}}
  ei: {{server: "127.0.0.1:9000", model: ssd}}
payload: {{synthetic: 64x48}}
traffic:
  - {{phase: steady, rate: {rate}/s, for: {length}}}
objectives: [p99 < 400 ms, p99.9 < 900 ms, errors < 0.1 %]
compare: {{baseline: gpu, candidate: ei}}
"""

CASES = (("1 h", 100, 1), ("24 h", 1000, 10))
"""Length, requests per second, and how many times each recorded request counts."""

LIMITS = {"1 h": (2.0, 1000.0), "24 h": (30.0, 1000.0)}
"""To be held by a comparison: seconds and MB."""


def build(length: str, rate: int, times: int) -> Run:
    """Return a run of two targets with lognormal times around 100 and 105 ms."""
    scenario = parse(SCENARIO.format(rate=rate, length=length), "judging", Path(), {})
    recorder = Recorder(0, step_s_for(scenario.duration_ns))
    rng = np.random.default_rng(1)
    phase = scenario.traffic[0]
    assert isinstance(phase, OpenPhase)
    for due_ns in _in_bulk(phase.instants(phase_seed(scenario.seed, 0)), times):
        for target, median_s in enumerate((0.100, 0.105)):
            batch = np.zeros(len(due_ns), RESULT_DTYPE)
            took_s = median_s * np.exp(0.3 * rng.standard_normal(len(due_ns)))
            batch["target"], batch["intended_ns"] = target, due_ns
            batch["sent_ns"] = due_ns + rng.integers(50_000, 500_000, len(due_ns))
            batch["done_ns"] = due_ns + (took_s * NS_PER_S).astype(np.int64)
            recorder.record(batch)
    intervals = recorder.take()
    return Run(
        scenario=scenario,
        started_wall_ns=0,
        ended_ns=scenario.duration_ns,
        stopped="",
        environment={},
        targets=tuple(TargetFacts(name, "127.0.0.1:1", "ssd") for name in scenario.targets),
        workers=(),
        intervals=replace(intervals, counts=intervals.counts * times, sums=intervals.sums * times),
    )


def _in_bulk(
    chunks: Iterator["np.typing.NDArray[np.int64]"], times: int
) -> Iterator["np.typing.NDArray[np.int64]"]:
    """Yield every `times`-th instant, many at a time."""
    waiting: list[np.typing.NDArray[np.int64]] = []
    for chunk in chunks:
        waiting.append(chunk[::times])
        if len(waiting) >= 200 * times:
            yield np.concatenate(waiting)
            waiting = []
    if waiting:
        yield np.concatenate(waiting)


def judge(path: str) -> dict[str, float]:
    """Return what judging the run in a file takes."""
    begin = time.perf_counter()
    run = runs.load(Path(path))
    loaded = time.perf_counter()
    compare(run)
    compared = time.perf_counter()
    judgement.judge(run)  # with the comparison once more, and every arrival of the plan counted
    judged = time.perf_counter()
    # Linux counts kB, macOS bytes.
    unit = 1e6 if sys.platform == "darwin" else 1e3
    return {
        "counts": float(len(run.intervals.keys)),
        "load_s": loaded - begin,
        "compare_s": compared - loaded,
        "everything_s": judged - compared,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit,
    }


def write(path: str, length: str, rate: int, times: int) -> float:
    """Write the file of a run; return its size in MB."""
    file = Path(path)
    file.write_text(json.dumps(build(length, rate, times).to_json()), encoding="utf-8")
    return file.stat().st_size / 1e6


def main() -> int:
    """Print a table; return 1 when a limit is not held."""
    print("| run | counts | file MB | load s | compare s | everything s | peak MB |")
    print("|---|---|---|---|---|---|---|")
    held = True
    with tempfile.TemporaryDirectory() as folder:
        for length, rate, times in CASES:
            path = str(Path(folder) / "run.json")
            with get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
                file_mb = pool.apply(write, (path, length, rate, times))
                took = pool.apply(judge, (path,))
            print(
                f"| {length} at {rate}/s x 2 | {took['counts']:,.0f} | {file_mb:.0f}"
                f" | {took['load_s']:.2f} | {took['compare_s']:.2f} | {took['everything_s']:.2f}"
                f" | {took['peak_mb']:.0f} |"
            )
            seconds, megabytes = LIMITS[length]
            held &= took["compare_s"] <= seconds and took["peak_mb"] <= megabytes
            held &= took["everything_s"] <= LIMITS["24 h"][0]
    return 0 if held else 1


__all__ = ["build", "judge", "main"]

if __name__ == "__main__":
    raise SystemExit(main())
