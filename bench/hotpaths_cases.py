"""The code that runs once per request, per batch or per run, each by itself: for pytest-benchmark.

``python -m bench hotpaths`` runs them and prints CPU per item;
``pytest -o addopts="-p no:locust" bench/hotpaths_cases.py`` shows pytest-benchmark's own table. No
part of the test suite, which leaves that plugin out: nothing here is asserted of a time.

Each case tells in `extra_info` what one call handles: how many `items`, of which kind (`item`), and
in which process of eiload it runs (`where`).
"""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.judging import build
from eiload.base.clock import NS_PER_MS, NS_PER_S
from eiload.judging import health, sla
from eiload.judging.compare import compare
from eiload.record.intervals import Intervals
from eiload.record.recorder import Recorder
from eiload.record.run import Run
from eiload.report.figures import tables
from eiload.scenario.arrivals import (
    BurstRate,
    ConstantRate,
    MarkovRate,
    OpenPhase,
    PointsRate,
    RampRate,
    Rate,
    Replay,
    SineRate,
    StepsRate,
)
from eiload.scenario.laws import BatchArrivals, Gamma, Law, Weibull
from eiload.scenario.schedule import Schedule
from eiload.scenario.trace import Trace
from eiload.sending.arrays import RESULT_DTYPE
from eiload.sending.result import RESULT, SEND, Result, Send
from eiload.sending.wire import ToSender, WireReader, frame

RECORDED = 64
"""Batches that are recorded in one call, with the merge that comes once in so many."""

LENGTH, RATE_PER_S = "10 min", 100
"""Of the run that is judged, per target; it has two."""


def _measure(benchmark: Any, call: Callable[[], object], items: int, item: str, where: str) -> None:
    benchmark.extra_info.update(items=items, item=item, where=where)
    benchmark(call)


def _results(count: int) -> "np.typing.NDArray[np.void]":
    """Return results of 1,000 requests per second with lognormal times around 80 ms."""
    rng = np.random.default_rng(count)
    batch = np.zeros(count, RESULT_DTYPE)
    batch["seq"] = np.arange(count)
    batch["intended_ns"] = np.arange(count) * NS_PER_MS
    batch["sent_ns"] = batch["intended_ns"] + rng.integers(50_000, 500_000, count)
    took_ns = 80 * NS_PER_MS * np.exp(0.3 * rng.standard_normal(count))
    batch["done_ns"] = batch["sent_ns"] + took_ns.astype(np.int64)
    return batch


# -- results and orders on the pipe --------------------------------------------------------------


def test_pack_results(benchmark: Any) -> None:
    """Pack results as the sender does, one by one."""
    results = [Result._make(fields) for fields in _results(256).tolist()]
    pack = RESULT.pack
    _measure(benchmark, lambda: [pack(*one) for one in results], 256, "result", "sender")


def test_unpack_results_one_by_one(benchmark: Any) -> None:
    """Unpack results as an answer that somebody waits for is."""
    packed = [RESULT.pack(*fields) for fields in _results(256).tolist()]

    def unpack() -> list[Result]:
        return [Result._make(RESULT.unpack(one)) for one in packed]

    _measure(benchmark, unpack, 256, "result", "Locust")


@pytest.mark.parametrize("count", [1, 16, 256])
def test_read_results(benchmark: Any, count: int) -> None:
    """See a batch of packed results as an array and as tuples for Locust's events."""
    body = _results(count).tobytes()
    _measure(
        benchmark, lambda: np.frombuffer(body, RESULT_DTYPE).tolist(), count, "result", "Locust"
    )


def test_read_orders(benchmark: Any) -> None:
    """Cut a frame of orders from the stream and unpack them."""
    body = b"".join(SEND.pack(k, k * NS_PER_MS, 0, 0, 0, 0) for k in range(256))
    framed = frame(ToSender.SENDS, body)
    reader = WireReader()

    def read() -> list[Send]:
        return [
            Send._make(fields)
            for _, body in reader.feed(framed)
            for fields in SEND.iter_unpack(body)
        ]

    _measure(benchmark, read, 256, "order", "sender")


# -- records -------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 4, 16, 256, 4096])
def test_record(benchmark: Any, count: int) -> None:
    """Count batches, with the merging that keeps the record small."""
    recorder, batch = Recorder(0), _results(count)

    def record() -> None:
        for _ in range(RECORDED):
            recorder.record(batch)

    _measure(benchmark, record, RECORDED * count, "result", "Locust")


def _second() -> Intervals:
    """Return a second's record at 1,000 requests."""
    recorder = Recorder(0)
    recorder.record(_results(1000))
    return recorder.take()


def test_report_written(benchmark: Any) -> None:
    """Write the record of 1,000 requests as a report."""
    _measure(benchmark, _second().to_bytes, 1000, "result", "Locust")


def test_report_read(benchmark: Any) -> None:
    """Read it."""
    data = _second().to_bytes()
    _measure(benchmark, lambda: Intervals.from_bytes(data), 1000, "result", "master")


def test_reports_merged(benchmark: Any) -> None:
    """Merge the reports of 60 seconds of 1,000 requests."""
    parts = []
    for k in range(60):
        recorder, batch = Recorder(0), _results(1000)
        for name in ("intended_ns", "sent_ns", "done_ns"):
            batch[name] += k * NS_PER_S
        recorder.record(batch)
        parts.append(recorder.take())
    _measure(benchmark, lambda: Intervals.merge(parts), 60_000, "result", "master")


# -- schedules -----------------------------------------------------------------------------------

RATES: dict[str, Rate] = {
    "constant": ConstantRate(1000),
    "ramp": RampRate(0, 2000),
    "bursts": BurstRate(500, 3000, 2 * NS_PER_S, 10 * NS_PER_S),
    "steps": StepsRate((500, 1000, 1500), 20 * NS_PER_S),
    "points": PointsRate(((0, 500), (30 * NS_PER_S, 1500), (60 * NS_PER_S, 500))),
    "sine": SineRate(1000, 800, 20 * NS_PER_S),
    "two-state": MarkovRate(500, 4000, 12 * NS_PER_S, 2 * NS_PER_S),
}

LAWS: dict[str, Law] = {
    "constant": "constant",
    "gamma": Gamma(3),
    "weibull": Weibull(3),
    "batch": BatchArrivals(8),
}


@pytest.mark.parametrize("shape", RATES)
def test_schedule(benchmark: Any, shape: str) -> None:
    """Compute a minute of Poisson arrivals at 1,000 per second."""
    schedule = Schedule((OpenPhase("all", 60 * NS_PER_S, RATES[shape]),), seed=1)

    def arrivals() -> int:
        return sum(len(chunk.offsets_ns) for chunk in schedule.chunks())

    _measure(benchmark, arrivals, arrivals(), "arrival", "Locust")


@pytest.mark.parametrize("law", LAWS)
def test_arrivals(benchmark: Any, law: str) -> None:
    """Compute a minute of arrivals of a law at 1,000 per second."""
    schedule = Schedule((OpenPhase("all", 60 * NS_PER_S, ConstantRate(1000), LAWS[law]),), seed=1)

    def arrivals() -> int:
        return sum(len(chunk.offsets_ns) for chunk in schedule.chunks())

    _measure(benchmark, arrivals, arrivals(), "arrival", "Locust")


@pytest.mark.parametrize("columns", ["instants", "choices"])
def test_replay(benchmark: Any, tmp_path: Path, columns: str) -> None:
    """Read a minute of a trace of 1,000 requests per second, with what they choose or without."""
    rows = "".join(f"{n / 1000:.3f},{'ab'[n % 2]}\n" for n in range(60_000))
    (tmp_path / "trace.csv").write_text(f"timestamp,class\n{rows}")
    choose = (("class", "class"),) if columns == "choices" else ()
    replay = Replay(Trace(str(tmp_path / "trace.csv"), unit="s", choose=choose))
    schedule = Schedule((OpenPhase("all", 60 * NS_PER_S, replay),), seed=1)

    def arrivals() -> int:
        return sum(len(chunk.offsets_ns) for chunk in schedule.chunks())

    _measure(benchmark, arrivals, arrivals(), "arrival", "Locust")


def test_due(benchmark: Any) -> None:
    """Count a minute's arrivals by second, for what must have been recorded."""
    schedule = Schedule((OpenPhase("all", 60 * NS_PER_S, ConstantRate(1000)),), seed=1)
    due = schedule.due([schedule.duration_ns])
    _measure(
        benchmark,
        lambda: schedule.due([schedule.duration_ns]),
        sum(due.values()),
        "arrival",
        "master",
    )


# -- verdicts ------------------------------------------------------------------------------------


@functools.cache
def _run() -> Run:
    return build(LENGTH, RATE_PER_S, 1)


JUDGED: dict[str, Callable[[Run], object]] = {
    "health": health.check,
    "objectives": sla.judge,
    "comparison": compare,
    "figures": tables,
}


@pytest.mark.parametrize("what", JUDGED)
def test_verdicts(benchmark: Any, what: str) -> None:
    """Judge a run of ten minutes of 100 requests per second to each of two targets."""
    run, judge = _run(), JUDGED[what]
    judge(run)  # the bootstrap's weights are kept from the first time on
    _measure(benchmark, lambda: judge(run), 1, "run", "master")


# -- the yardstick ---------------------------------------------------------------------------------


def test_statistics_of_locust(benchmark: Any) -> None:
    """Count requests in Locust's own statistics, without the event that brings them there."""
    from locust.stats import RequestStats

    stats, batch = RequestStats(), _results(256)
    times_ms = ((batch["done_ns"] - batch["intended_ns"]) / NS_PER_MS).tolist()

    def count() -> None:
        for each_ms in times_ms:
            stats.log_request("grpc", "ssd Predict", each_ms, 1000)

    _measure(benchmark, count, 256, "result", "Locust")
