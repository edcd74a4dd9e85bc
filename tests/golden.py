"""Whole runs made of known results through the real recorder; for tests of whatever takes a `Run`.

`golden_run` plays a scenario's schedule: its arrivals are the ones that a real run would send, and
each target answers them with given times. `None` or infinity is a request that failed.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eiload.base.clock import NS_PER_MS, NS_PER_S
from eiload.base.status import Status
from eiload.record.facts import TargetFacts, WorkerFacts
from eiload.record.intervals import Intervals
from eiload.record.recorder import Recorder
from eiload.record.run import Run
from eiload.scenario import Scenario, parse
from eiload.scenario.arrivals import OpenPhase, phase_seed
from eiload.scenario.mix import Draw
from eiload.scenario.users import most
from eiload.sending.arrays import RESULT_DTYPE
from eiload.sending.result import WAITED_STREAM

Floats = NDArray[np.float64]
Answer = Callable[[Floats], Floats]
"""From the instants (s, from the start of the run) at which requests were due, to response times in
seconds, infinite where the request fails."""

TWO = """
name: golden
targets:
  gpu: {server: "127.0.0.1:8500", model: ssd, price: 0.90 USD/h}
  ei: {server: "127.0.0.1:9000", model: ssdresnet, price: 0.17 USD/h}
payload: {synthetic: 64x48}
traffic:
  - {phase: warm-up, rate: 5/s, for: 10 s, warm_up: true}
  - {phase: steady, rate: 20/s, for: 5 min}
objectives: [p95 < 300 ms, errors < 5 %]
compare: {baseline: gpu, candidate: ei}
"""

MIX = """
name: mixed
targets:
  gpu: {server: "127.0.0.1:8500", model: ssd}
  ei: {server: "127.0.0.1:9000", model: ssdresnet}
payload:
  mix:
    - {class: small, weight: 3, synthetic: 64x48}
    - {class: large, synthetic: 640x480}
traffic:
  - {phase: warm-up, rate: 5/s, for: 10 s, warm_up: true}
  - {phase: steady, rate: 40/s, for: 5 min}
objectives:
  - p50 < 200 ms
  - {class: small, phase: steady, objective: p95 < 300 ms}
  - {class: large, target: ei, objective: p95 < 300 ms}
compare: {baseline: gpu, candidate: ei}
"""

ONE = """
name: golden
targets:
  gpu: {server: "127.0.0.1:8500", model: ssd}
payload: {synthetic: 64x48}
traffic:
  - {phase: steady, rate: 20/s, for: 5 min}
"""


@lru_cache
def scenario(text: str = TWO) -> Scenario:
    """Return the scenario that `text` is."""
    return parse(text, "golden.yaml", Path(), {})


@cache
def steady(median_ms: float, seed: int, spread: float = 0.2) -> Answer:
    """Return independent lognormal response times; the same function for the same law."""

    def answer(due_s: Floats) -> Floats:
        rng = np.random.default_rng(seed)
        return np.asarray(median_ms / 1e3 * np.exp(spread * rng.standard_normal(len(due_s))))

    return answer


def away(answer: Answer, first_s: float, last_s: float) -> Answer:
    """Return `answer`, but failing between two instants."""

    def failing(due_s: Floats) -> Floats:
        return np.where((due_s >= first_s) & (due_s < last_s), np.inf, answer(due_s))

    return failing


def due(of: Scenario) -> list[Floats]:
    """Return each phase's arrivals, s from the start of the run."""
    start_ns, found = 0, []
    for index, phase in enumerate(of.traffic):
        if isinstance(phase, OpenPhase):
            chunks = list(phase.instants(phase_seed(of.seed, index)))
            offsets = np.concatenate([np.empty(0, np.int64), *chunks])
        else:  # a closed loop: as if each user got an answer every second
            step = NS_PER_S // most(phase.users)
            offsets = np.arange(0, phase.duration_ns, step, dtype=np.int64)
        found.append((start_ns + offsets) / NS_PER_S)
        start_ns += phase.duration_ns
    return found


def golden_run(
    text: str = TWO,
    answers: Mapping[str, Answer] | None = None,
    *,
    lag_ms: float = 0.2,
    failed: Status = Status.UNAVAILABLE,
    times: tuple[float, ...] = (1.0, 3.0),
) -> Run:
    """Return the run of a scenario whose targets answer as told; made once, as it never changes.

    Args:
        text: the scenario.
        answers: by target's name; others answer lognormally around 100 ms.
        lag_ms: how late every request was sent.
        failed: how requests with an infinite time ended.
        times: of a mix, how many times as long each class takes.
    """
    return _golden_run(text, tuple((answers or {}).items()), lag_ms, failed, times)


@lru_cache(maxsize=32)
def _golden_run(
    text: str,
    answers: tuple[tuple[str, Answer], ...],
    lag_ms: float,
    failed: Status,
    times: tuple[float, ...],
) -> Run:
    of = scenario(text)
    weights = of.payload.weights
    draw = Draw([1] * len(weights), weights, of.seed)
    recorder = Recorder(0, classes=np.arange(len(weights), dtype=np.uint8))
    for target, name in enumerate(of.targets):
        answer = dict(answers).get(name) or steady(100, seed=target + 1)
        first = 0
        for phase, due_s in enumerate(due(of)):
            part = draw.parts(first + np.arange(len(due_s)))
            took_s = answer(due_s) * np.asarray(times)[part] if of.payload.mix else answer(due_s)
            batch = results(target, phase, due_s, took_s, lag_ms=lag_ms, failed=failed)
            batch["payload"] = part
            recorder.record(batch)
            first += len(due_s)
    run = Run(
        scenario=of,
        started_wall_ns=1_767_225_600 * NS_PER_S,
        ended_ns=of.duration_ns,
        stopped="",
        environment={"eiload": "0.1.0"},
        targets=tuple(
            TargetFacts(name, target.server or "127.0.0.1:1", target.model)
            for name, target in of.targets.items()
        ),
        workers=(WorkerFacts("worker-0", 10.0, of.duration_ns / NS_PER_S, NS_PER_MS, 100_000_000),),
        intervals=Intervals.empty(),
    )
    return run.counted(recorder.take())


def results(
    target: int,
    phase: int,
    due_s: Floats,
    response_s: Floats,
    *,
    lag_ms: float = 0.2,
    failed: Status = Status.UNAVAILABLE,
) -> "NDArray[np.void]":
    """Return the results of requests due at `due_s` that were answered after `response_s`."""
    batch = np.zeros(len(due_s), RESULT_DTYPE)
    ok = np.isfinite(response_s)
    batch["seq"] = np.arange(len(due_s))
    batch["target"], batch["phase"] = target, phase
    batch["intended_ns"] = np.round(due_s * NS_PER_S)
    batch["sent_ns"] = batch["intended_ns"] + int(lag_ms * NS_PER_MS)
    took_ns = np.round(np.where(ok, response_s, 1.0) * NS_PER_S)
    batch["done_ns"] = batch["intended_ns"] + took_ns.astype(np.int64)
    batch["status"] = np.where(ok, Status.OK, failed)
    if failed is Status.DROPPED:
        batch["sent_ns"][~ok] = batch["done_ns"][~ok] = 0
    return batch


def instants(batch: "NDArray[np.void]", *, blocked_of: int = 0) -> "NDArray[np.void]":
    """Return results with all five instants: a fifth upload, the rest wait, a tenth download.

    Of the first `blocked_of` a tenth of the service time is a wait for a free stream before that.
    """
    known = batch.copy()
    service_ns = known["done_ns"] - known["sent_ns"]
    known["flags"][:blocked_of] = WAITED_STREAM
    known["waited_ns"][:blocked_of] = service_ns[:blocked_of] // 10
    known["written_ns"] = known["sent_ns"] + known["waited_ns"] + service_ns // 5
    known["first_byte_ns"] = known["done_ns"] - service_ns // 10
    return known


def with_target(run: Run, name: str, **changes: Any) -> Run:
    """Return `run` with some facts of one target changed."""
    return replace(
        run,
        targets=tuple(
            replace(facts, **changes) if facts.name == name else facts for facts in run.targets
        ),
    )
