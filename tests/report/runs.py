"""Runs to report on, made of known times by the real recorder."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from eiload.base.clock import NS_PER_MS, NS_PER_S
from eiload.base.status import Status
from eiload.judging.judgement import Judgement, judge
from eiload.record.facts import TargetFacts, WorkerFacts
from eiload.record.intervals import Intervals
from eiload.record.recorder import Recorder
from eiload.record.run import Run
from eiload.scenario import Scenario, parse
from eiload.sending.arrays import RESULT_DTYPE

SCENARIO = """
name: golden
targets:
  gpu: {server: "127.0.0.1:8500", model: ssd, price: 0.90 USD/h}
  ei: {server: "127.0.0.1:9000", model: ssdresnet, price: 0.17 USD/h}
payload: {synthetic: 64x48}
traffic:
  - {phase: warm-up, rate: 2/s, arrivals: constant, for: 10 s, warm_up: true}
  - {phase: steady, rate: 50/s, arrivals: constant, for: 60 s}
objectives: [p99 < 400 ms, errors < 5 %]
compare: {baseline: gpu, candidate: ei}
"""

HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "a|b`c`[d](http://e)",
    "\x1b[31mred\x07",
    "\u202eevil\u2066",
    "שלום",
    "🐕 dogs",
    "e\u0301clair",
    "@everyone #1 **bold** _it_",
    "[bold]rich[/bold] :smile:",
    "]]> & </script>",
    "line\nforged",
)
"""Names and messages that are markup, control or merely unusual somewhere."""


def scenario(text: str = SCENARIO) -> Scenario:
    """Return the scenario that `text` is."""
    return parse(text, "golden.yaml", Path(), {})


def results(
    target: int, phase: int, first_s: float, response_ms: list[float], rate: float = 50.0
) -> np.ndarray:
    """Return OK results, due every 1/rate from `first_s` on, sent 0.2 ms late."""
    batch = np.zeros(len(response_ms), RESULT_DTYPE)
    due_s = first_s + np.arange(len(response_ms)) / rate
    batch["intended_ns"] = (due_s * NS_PER_S).astype(np.int64)
    batch["sent_ns"] = batch["intended_ns"] + NS_PER_MS // 5
    batch["done_ns"] = batch["intended_ns"] + (np.array(response_ms) * NS_PER_MS).astype(np.int64)
    batch["target"], batch["phase"], batch["status"] = target, phase, Status.OK
    return batch


def ended(batch: np.ndarray, positions: slice, status: Status) -> np.ndarray:
    """Return `batch` with some of its results ended otherwise."""
    changed = batch.copy()
    changed["status"][positions] = status
    if status is Status.DROPPED:
        changed["sent_ns"][positions] = changed["done_ns"][positions] = 0
    return changed


def recorded(*batches: np.ndarray) -> Intervals:
    """Return the counts of results of a run that began at instant 0."""
    recorder = Recorder(0)
    for batch in batches:
        recorder.record(batch)
    return recorder.take()


def times(median_ms: float, number: int, seed: int) -> list[float]:
    """Return lognormal response times."""
    rng = np.random.default_rng(seed)
    return list(median_ms * np.exp(0.2 * rng.standard_normal(number)))


@cache
def golden() -> Run:
    """Return a run of 70 s: gpu 100 ms, ei 120 ms with 7 failed, 2 dropped and 1 unfinished."""
    ei = results(1, 1, 10, times(120, 3000, 2))
    ei = ended(ei, slice(0, 700, 100), Status.UNAVAILABLE)
    ei = ended(ei, slice(1000, 1002), Status.DROPPED)
    ei = ended(ei, slice(2000, 2001), Status.UNFINISHED)
    return Run(
        scenario=scenario(),
        started_wall_ns=1_767_225_600 * NS_PER_S,
        ended_ns=70 * NS_PER_S,
        stopped="",
        environment={"eiload": "0.1.0", "python": "3.12"},
        targets=(
            TargetFacts("gpu", "127.0.0.1:8500", "ssd", first_inference_ns=231 * NS_PER_MS),
            TargetFacts(
                "ei",
                "127.0.0.1:9000",
                "ssdresnet",
                first_inference_ns=8412 * NS_PER_MS,
                answers_checked=30,
                details={"UNAVAILABLE: Socket closed": 7},
            ),
        ),
        workers=(WorkerFacts("worker-0", 12.5, 70.0, 3 * NS_PER_MS, 120_000_000),),
        intervals=recorded(
            results(0, 0, 0, times(100, 20, 3), rate=2),
            results(1, 0, 0, times(120, 20, 4), rate=2),
            results(0, 1, 10, times(100, 3000, 1)),
            ei,
        ),
    )


@cache
def hostile() -> Run:
    """Return the golden run with hostile text wherever text comes from outside."""
    run = golden()
    everything = " ".join(HOSTILE)
    gpu, ei = run.targets
    return replace(
        run,
        stopped=everything,
        targets=(
            replace(gpu, name=HOSTILE[0], address=HOSTILE[1], model=HOSTILE[2], notes=HOSTILE),
            replace(
                ei,
                name=HOSTILE[7],
                address=HOSTILE[8],
                model=HOSTILE[3],
                emulated=HOSTILE[5],
                details={f"UNKNOWN: {text}": 1 for text in HOSTILE},
            ),
        ),
        problems=HOSTILE,
        environment=dict.fromkeys(HOSTILE, everything),
    )


_JUDGED: dict[tuple[int, bool], tuple[Run, Judgement]] = {}


def judged(run: Run, *, undecided_ok: bool = False) -> Judgement:
    """Return the judgement of a run, made once: several parts of a report are looked at."""
    key = (id(run), undecided_ok)  # the run is kept, so that nothing else gets its identity
    if key not in _JUDGED:
        _JUDGED[key] = run, judge(run, undecided_ok=undecided_ok)
    return _JUDGED[key][1]
