"""Capacity searches to report on, of trials made up."""

import math
from dataclasses import replace
from functools import cache
from pathlib import Path

from eiload.base.clock import NS_PER_MS, NS_PER_S
from eiload.judging.capacity import Bounds, Purpose, Reading, Trial, TrialWord
from eiload.judging.capacity.result import Search
from eiload.judging.capacity.seen import Seen
from eiload.scenario import Scenario, parse
from tests.report.runs import HOSTILE

SCENARIO = """
name: two
targets:
  gpu: {server: "127.0.0.1:8500", model: ssd, price: 0.90 USD/h}
  ei: {server: "127.0.0.1:9000", model: ssdresnet, price: 0.17 USD/h}
payload: {synthetic: 64x48}
traffic: [{phase: steady, rate: 10/s, for: 5 min}]
objectives: [p95 < 300 ms, errors < 5 %]
compare: {baseline: gpu, candidate: ei}
"""

BOUNDS = Bounds(2, 120, budget_s=3600)


def scenario(text: str = SCENARIO) -> Scenario:
    """Return the scenario that `text` is."""
    return parse(text, "two.yaml", Path(), {})


def trial(
    number: int,
    target: str,
    rate: float,
    word: TrialWord,
    *,
    purpose: Purpose = Purpose.CONFIRM,
    p95_ms: float = 200.0,
) -> Seen:
    """Return a trial and its readings, of an SLA of p95 < 300 ms and errors < 5 %."""
    of = Trial(
        number, target, rate, purpose, 300.0, 330.0, word, 0.0125,
        (
            Reading(
                "p95 < 300 ms", p95_ms * NS_PER_MS, 0.9 * p95_ms * NS_PER_MS,
                1.2 * p95_ms * NS_PER_MS, 300 * NS_PER_MS, p95_ms / 300,
            ),
            Reading("errors < 5 %", 0.0, 0.0, 0.01, 0.05, 0.0),
        ),
    )  # fmt: skip
    return Seen(of, 0.99 * rate, "", "", f"trial-{number + 1:03}.json")


@cache
def found() -> Search:
    """Return a search that has found both: gpu 24 to 33/s, ei 12 to 16/s."""
    see, holds, fails = Purpose.EXPLORE, TrialWord.HOLDS, TrialWord.FAILS
    return Search(
        scenario(),
        BOUNDS,
        (
            trial(0, "gpu", 20, TrialWord.UNDECIDED, purpose=see, p95_ms=180),
            trial(1, "ei", 20, fails, purpose=see, p95_ms=2000),
            trial(2, "gpu", 33, fails, p95_ms=700),
            trial(3, "ei", 12, holds),
            trial(4, "gpu", 24, holds),
            trial(5, "ei", 16, fails, p95_ms=800),
        ),
        notes=("trials are like phase steady",),
        started_wall_ns=1_767_225_600 * NS_PER_S,
    )


@cache
def unfinished() -> Search:
    """Return one that was stopped: gpu holds at 24/s, ei has died, one was generator-limited."""
    limited = trial(1, "gpu", 100, TrialWord.LIMITED)
    died = trial(2, "ei", 9, TrialWord.DIED)
    return replace(
        found(),
        seen=(
            trial(0, "gpu", 24, TrialWord.HOLDS),
            replace(limited, why="requests to gpu were sent late"),
            replace(
                died, why="connection refused", throughput_per_s=math.nan,
                trial=replace(died.trial, readings=()),
            ),
        ),
        stopped="SIGINT",
    )  # fmt: skip


@cache
def hostile() -> Search:
    """Return the search with hostile text wherever text comes from outside."""
    text = " ".join(HOSTILE)
    whole = unfinished()
    seen = tuple(replace(each, why=text, emulated=text, run_file=text) for each in whole.seen)
    return replace(whole, seen=seen, notes=HOSTILE, stopped="")
