"""What a master does for those who look at a run while it is on: for pytest-benchmark.

Cases as in `hotpaths_cases`, with which ``python -m bench hotpaths`` runs them: the live page, and
what is given to Prometheus and to collectors. HTTP is not in them.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eiload.base.clock import NS_PER_MS, NS_PER_S
from eiload.export import native
from eiload.export.metrics import Moment, State, moment
from eiload.export.otlp import message
from eiload.export.prometheus import page
from eiload.export.totals import Totals
from eiload.record.facts import TargetFacts
from eiload.record.intervals import BUCKET_BITS, Intervals
from eiload.record.recorder import Recorder
from eiload.report.live import head
from eiload.report.live.watch import Watch
from eiload.scenario import parse
from eiload.sending.arrays import RESULT_DTYPE


def test_live_page(benchmark: Any) -> None:
    """The live page's share of a master: 20 workers, 1,000 requests/s, one poll a second.

    A worker reports every 3 s; a run of 10 minutes has gone before, so that there is much to tell.
    """
    text = json.dumps(
        {
            "name": "live",
            "targets": {n: {"server": "127.0.0.1:1", "model": "ssd"} for n in ("gpu", "ei")},
            "payload": {"synthetic": "8x8"},
            "traffic": [{"phase": "steady", "rate": "500/s", "for": "1 h"}],
            "objectives": ["p99 < 400 ms", "p95 < 300 ms", "errors < 1 %"],
        }
    )
    watch = Watch(parse(text, "live", Path(), {}))
    reports = [_reported(seed) for seed in range(20)]
    start_s = iter(range(0, 3600, 3))

    def three_seconds() -> None:
        now_s = next(start_s)
        for report in reports:
            moved = report.keys + (now_s << BUCKET_BITS)
            watch.add(replace(report, keys=moved), now_s + 3.0)
        for second in range(3):
            now = watch.look(now_s + 3.0 + second, [now_s + 3.0] * len(reports))
            json.dumps([head.targets(watch, now, (), {}), head.objectives(watch, {})])

    for _ in range(200):
        three_seconds()
    benchmark.extra_info.update(items=3, item="second", where="master")
    benchmark.pedantic(three_seconds, rounds=100)


@pytest.mark.parametrize("way", ["prometheus", "prometheus, native", "otlp"])
def test_given_to_others(benchmark: Any, way: str) -> None:
    """What giving a run's numbers to others takes of a master: 20 workers, 4,000 requests/s.

    A worker reports every 3 s. A page is made every 5 s, a message every 10 s; HTTP is not in it.
    """
    text = json.dumps(
        {
            "name": "given",
            "targets": {n: {"server": "127.0.0.1:1", "model": "ssd"} for n in ("gpu", "ei")},
            "payload": {"synthetic": "8x8"},
            "traffic": [{"phase": "steady", "rate": "2000/s", "for": "1 h"}],
            "objectives": ["p99 < 400 ms", "p95 < 300 ms", "errors < 1 %"],
        }
    )
    scenario, totals = parse(text, "given", Path(), {}), Totals()
    reports = [_reported(seed, 600) for seed in range(20)]
    targets = tuple(TargetFacts(name, "127.0.0.1:1", "ssd") for name in scenario.targets)
    start_s = iter(range(0, 36_000, 30))

    def now(second: int) -> Moment:
        state = State(
            scenario=scenario, number=1, totals=totals, targets=targets, answers={},
            elapsed_ns=second * NS_PER_S, heard_ns=second * NS_PER_S, in_flight=9, workers=20,
        )  # fmt: skip
        return moment(state, 0, second * NS_PER_S)

    def thirty_seconds() -> None:
        begin_s = next(start_s)
        for second in range(begin_s + 1, begin_s + 31):
            if second % 3 == 0:
                for report in reports:
                    moved = report.keys + ((second - 3) << BUCKET_BITS)
                    totals.add(replace(report, keys=moved))
            if way == "otlp" and second % 10 == 0:
                message(now(second), "cumulative", {}, "0")
            elif way != "otlp" and second % 5 == 0:
                page(now(second), native.CONTENT_TYPE if "native" in way else "")

    benchmark.extra_info.update(items=30, item="second", where="master")
    benchmark.pedantic(thirty_seconds, rounds=10, warmup_rounds=5)


def _reported(seed: int, count: int = 150) -> Intervals:
    """Return a worker's report of 3 s with so many requests to two targets."""
    rng, recorder = np.random.default_rng(seed), Recorder(0)
    batch = np.zeros(count, RESULT_DTYPE)
    batch["intended_ns"] = np.sort(rng.integers(0, 3 * NS_PER_S, count))
    batch["sent_ns"] = batch["intended_ns"] + rng.integers(50_000, 500_000, count)
    took_ns = 80 * NS_PER_MS * np.exp(0.3 * rng.standard_normal(count))
    batch["done_ns"] = batch["sent_ns"] + took_ns.astype(np.int64)
    batch["written_ns"] = batch["sent_ns"] + 10_000
    batch["first_byte_ns"] = batch["done_ns"] - 10_000
    batch["target"] = np.arange(count) % 2
    recorder.record(batch)
    return recorder.take()
