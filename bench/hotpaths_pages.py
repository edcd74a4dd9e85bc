"""What a master does beside a run while it is on, for who looks at it: for pytest-benchmark.

Cases as in `hotpaths_cases`, with which ``python -m bench hotpaths`` runs them: the live page, what
is read of servers, what is given to Prometheus and to collectors. HTTP is not in them.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eiload.base.clock import NS_PER_MS, NS_PER_S, SystemClock
from eiload.base.status import Status
from eiload.export import native
from eiload.export.metrics import Moment, State, moment
from eiload.export.otlp import message
from eiload.export.prometheus import page
from eiload.export.totals import Totals
from eiload.observe import pages
from eiload.observe.reader import Reading
from eiload.observe.watch import Watch as Watched
from eiload.record.facts import TargetFacts
from eiload.record.intervals import BUCKET_BITS, Intervals
from eiload.record.observed import written
from eiload.record.recorder import Recorder
from eiload.report.live import beside, head
from eiload.report.live.watch import Watch
from eiload.scenario import Scenario, parse
from eiload.sending.arrays import RESULT_DTYPE
from eiload.server.metrics import Metrics

OBJECTIVES = ("p99 < 400 ms", "p95 < 300 ms", "errors < 1 %")


def _scenario(rate: str, objectives: Sequence[str] = ()) -> Scenario:
    """Return one of two targets and an hour."""
    text = json.dumps(
        {
            "name": "beside",
            "targets": {n: {"server": "127.0.0.1:1", "model": "ssd"} for n in ("gpu", "ei")},
            "payload": {"synthetic": "8x8"},
            "traffic": [{"phase": "steady", "rate": rate, "for": "1 h"}],
            "objectives": [*objectives],
        }
    )
    return parse(text, "beside", Path(), {})


def test_live_page(benchmark: Any) -> None:
    """The live page's share of a master: 20 workers, 1,000 requests/s, one poll a second.

    A worker reports every 3 s; a run of 10 minutes has gone before, so that there is much to tell.
    """
    watch = Watch(_scenario("500/s", OBJECTIVES))
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


def _serving_page(seconds: int) -> str:
    """Return TensorFlow Serving's page after so many seconds of 100 requests."""
    metrics = Metrics()
    for number in range(100 * seconds):
        metrics.request("ssd", Status.OK, 40_000_000 + number % 7 * 10_000_000, "GRPC")
        metrics.runtime("ssd", 38_000_000)
        metrics.graph_run(38_000_000)
        if number % 4 == 0:
            metrics.batch(4, [1_000_000] * 4)
    return metrics.text()


class _Pages:
    """Reads the pages of a server that counts 100 requests a second."""

    name, emulated = "http://gpu:8501/monitoring/prometheus/metrics", False

    def __init__(self) -> None:
        self.texts = [_serving_page(second) for second in range(1, 61)]
        self.second = 0

    def read(self) -> Reading:
        """Return the next second's."""
        text = self.texts[self.second % len(self.texts)]
        self.second += 1
        kind, values = pages.read(text)
        return Reading(self.second * NS_PER_S, 0, 0, kind, values, self.second)

    def close(self) -> None:
        """Do nothing."""


def test_observed(benchmark: Any) -> None:
    """What reading a server's page once a second takes, with what a journal keeps of it."""
    reader = _Pages()
    watch = Watched(reader, NS_PER_S, SystemClock())

    def five_seconds() -> None:
        for _ in range(5):
            watch.look()
        written([watch.since(reader.second - 5, 0)])

    benchmark.extra_info.update(items=5, item="second", where="master")
    benchmark.pedantic(five_seconds, rounds=20, warmup_rounds=2)


def test_live_page_of_servers(benchmark: Any) -> None:
    """What showing two servers on the live page takes, once a second while somebody looks."""
    watch = Watched(_Pages(), NS_PER_S, SystemClock())
    for _ in range(90):
        watch.look()
    scenario = _scenario("500/s")

    def look() -> None:
        glances = [[watch.lately(15, 0)], [watch.lately(15, 0)]]
        json.dumps(beside.now(scenario, glances, (), 10.0, 90.0))

    benchmark.extra_info.update(items=1, item="second", where="master")
    benchmark.pedantic(look, rounds=50, warmup_rounds=2)


@pytest.mark.parametrize("way", ["prometheus", "prometheus, native", "otlp"])
def test_given_to_others(benchmark: Any, way: str) -> None:
    """What giving a run's numbers to others takes of a master: 20 workers, 4,000 requests/s.

    A worker reports every 3 s. A page is made every 5 s, a message every 10 s; HTTP is not in it.
    """
    scenario, totals = _scenario("2000/s", OBJECTIVES), Totals()
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
