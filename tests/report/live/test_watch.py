"""A run that is watched while it goes on, against the same run when it has ended."""

from collections.abc import Sequence

import numpy as np
import pytest

from eiload.base.status import Status
from eiload.record.intervals import Intervals, Kind, parts_of
from eiload.record.run import Run
from eiload.report.live.watch import Now, Watch
from tests.golden import TWO, away, golden_run, steady


def reported(run: Run, start_s: int, end_s: int) -> Intervals:
    """Return what a worker would report of some seconds."""
    second = parts_of(run.intervals.keys)[3]
    within = (second >= start_s) & (second < end_s)
    none = np.empty(0, np.int64)
    keys, counts = run.intervals.keys[within], run.intervals.counts[within]
    return Intervals(keys, counts, none, none, none, none)


def watched(run: Run, until_s: int, every_s: int = 3) -> tuple[Watch, Sequence[Now]]:
    """Return what was watched of a run up to a moment."""
    watch = Watch(run.scenario)
    now: Sequence[Now] = []
    for start in range(0, until_s, every_s):
        when_s = start + every_s + 0.5
        watch.add(reported(run, start, start + every_s), when_s)
        now = watch.look(when_s, [when_s])
    return watch, now


def test_all_of_it() -> None:
    """When all is reported, the judged time has the numbers of the run's own report."""
    run = golden_run(TWO, {"ei": away(steady(120, 2), 100, 130)})
    watch, _ = watched(run, 310)
    for target in range(2):
        part, sample = watch.part(target), run.sample(target)
        assert part.statuses == run.statuses(target)
        assert watch.totals[target] == run.statuses(target, run.phases())
        for q in (0.5, 0.9):
            assert part.response.quantile_ns(q) == pytest.approx(sample.quantile_ns(q), rel=1e-3)
        lag = run.sample(target, kind=Kind.LAG)
        assert part.lag.quantile_ns(0.99) == pytest.approx(lag.quantile_ns(0.99), rel=1e-3)
    assert watch.totals[1][Status.UNAVAILABLE] > 400


def test_the_last_seconds() -> None:
    """They are the last ten only, and failures count in them."""
    run = golden_run(TWO, {"gpu": steady(100, 1), "ei": away(steady(100, 2), 150, 200)})
    _, (gpu, ei) = watched(run, 180)
    assert gpu.seconds == ei.seconds == 10
    assert gpu.offered == pytest.approx(200, abs=60)
    assert gpu.answered == pytest.approx(200, abs=60)
    assert gpu.failed == 0
    assert gpu.quantile_ns(0.5) == pytest.approx(100e6, rel=0.2)
    assert ei.answered == 0
    assert ei.failed == pytest.approx(200, abs=80)
    assert np.isinf(ei.quantile_ns(0.5))


def test_in_flight() -> None:
    """What was due and is not accounted for is on its way."""
    run = golden_run()
    watch = Watch(run.scenario)
    watch.add(reported(run, 0, 100), 100.0)
    (gpu, _) = watch.look(100.0, [100.0])
    assert gpu.in_flight == 0
    (gpu, _) = watch.look(110.0, [110.0])  # ten seconds of silence from a server
    assert gpu.in_flight == pytest.approx(watch.due.between(100, 110))


def test_a_worker_that_lags_behind() -> None:
    """What is told is over on all workers; of one that says nothing it is not waited for ever."""
    run = golden_run()
    watch = Watch(run.scenario)
    watch.look(20.0, [19.0, 14.0])
    assert watch.heard_s == 14
    watch.look(60.0, [60.0, 14.0])
    assert watch.heard_s == 52
    watch.look(61.0, [])
    assert watch.heard_s == 61


def test_twenty_workers_are_one() -> None:
    """Counts are the same, whoever reports them."""
    run = golden_run()
    one, _ = watched(run, 60)
    many, _ = watched(run, 60, every_s=1)
    assert one.part(0).statuses == many.part(0).statuses
    assert one.part(0).response.quantile_ns(0.99) == many.part(0).response.quantile_ns(0.99)


def test_a_class_of_a_mix() -> None:
    """An objective of one class has its requests alone, the whole all of them."""
    text = TWO.replace("payload: {synthetic: 64x48}", "payload: {mix: MIX}").replace(
        "[p95 < 300 ms, errors < 5 %]", "[{class: large, objective: p95 < 300 ms}]"
    )
    mix = "[{class: small, weight: 3, synthetic: 64x48}, {class: large, weight: 1, synthetic: 8x8}]"
    run = golden_run(text.replace("MIX", mix))
    watch = Watch(run.scenario)
    watch.add(run.by_class, 310.0)
    watch.look(310.0, [])
    whole, large = watch.part(0), watch.part(0, None, "large")
    assert whole.statuses == run.statuses(0)
    assert large.statuses == run.of_class("large").statuses(0)
    assert 0 < large.total < whole.total / 2
