"""The numbers that reports show."""

import math
from dataclasses import replace

import numpy as np
import pytest

from eiload.base.clock import NS_PER_MS, NS_PER_S
from eiload.base.status import Status
from eiload.judging.judgement import judge
from eiload.record.intervals import Intervals
from eiload.report import figures
from tests.golden import MIX, golden_run
from tests.report import runs


def test_ledger_adds_up() -> None:
    """Every scheduled request is in exactly one place of the ledger."""
    gpu, ei = (table[0].ledger for table in figures.tables(runs.golden()))
    assert (gpu.scheduled, gpu.ok) == (3000, 3000)
    assert ei == figures.Ledger(3000, 2990, 7, 2, 1, 0)
    assert ei.scheduled == ei.ok + ei.failed + ei.dropped + ei.unfinished + ei.lost


def test_warm_up_is_left_out() -> None:
    """The figures of a target are of its measured phases only."""
    (table, _) = figures.tables(runs.golden())
    assert [row.phase for row in table] == [""]
    assert table[0].throughput_per_s == pytest.approx(3000 / 60)


def test_quantiles_beyond_the_data_are_withheld() -> None:
    """3,000 requests support p99 and not p99.9."""
    (gpu,), _ = figures.tables(runs.golden())
    assert gpu.response_ns[0.99] is not None
    assert gpu.response_ns[0.999] is None


def test_quantiles_are_those_of_the_times() -> None:
    """A quantile is the recorded time of its rank, within the recorder's 0.05 %."""
    (gpu,), _ = figures.tables(runs.golden())
    exact_ms = np.quantile(runs.times(100, 3000, 1), 0.9, method="inverted_cdf")
    shown = gpu.response_ns[0.9]
    assert shown is not None
    assert shown / NS_PER_MS == pytest.approx(exact_ms, rel=0.001)


def test_a_quantile_among_failures_is_infinite() -> None:
    """When a tenth of the requests failed, p99 is a failed one; the largest OK time stays."""
    batch = runs.ended(runs.results(0, 1, 10, [100.0] * 3000), slice(0, 300), Status.INTERNAL)
    run = replace(runs.golden(), intervals=runs.recorded(batch))
    (gpu,), (ei,) = figures.tables(run)
    assert gpu.response_ns[0.99] == math.inf
    assert gpu.response_ns[0.5] == pytest.approx(100 * NS_PER_MS, rel=0.001)
    assert gpu.max_ok_ns == 100 * NS_PER_MS
    assert gpu.service_p99_ns == math.inf
    assert gpu.lag_p99_ns == pytest.approx(NS_PER_MS / 5, rel=0.001)
    assert ei.ledger.scheduled == 0


def test_nothing_recorded_is_no_number() -> None:
    """A run without any request has figures, none of them a number."""
    run = replace(runs.golden(), intervals=Intervals.empty())
    (gpu,), _ = figures.tables(run)
    assert gpu.ledger.scheduled == 0
    assert math.isnan(gpu.ledger.error_share)
    assert math.isnan(gpu.max_ok_ns)
    assert gpu.response_ns[0.5] is None


def test_throughput_of_a_stopped_run() -> None:
    """Good answers are divided by the time that was measured, not by the time planned."""
    run = replace(
        runs.golden(),
        ended_ns=30 * NS_PER_S,
        intervals=runs.recorded(runs.results(0, 1, 10, [100.0] * 1000)),
    )
    (gpu,), _ = figures.tables(run)
    assert gpu.throughput_per_s == pytest.approx(50)


def test_several_phases_are_shown_apart() -> None:
    """With more than one measured phase, each has its own figures below the whole."""
    text = runs.SCENARIO.replace(
        "for: 60 s}", "for: 30 s}\n  - {phase: burst, rate: 50/s, for: 30 s}"
    )
    run = replace(
        runs.golden(),
        scenario=runs.scenario(text),
        intervals=runs.recorded(
            runs.results(0, 1, 10, [100.0] * 1500), runs.results(0, 2, 40, [200.0] * 1500)
        ),
    )
    table, _ = figures.tables(run)
    assert [(row.phase, row.ledger.ok) for row in table] == [
        ("", 3000),
        ("steady", 1500),
        ("burst", 1500),
    ]


def test_throughput_is_one_figure() -> None:
    """Table, comparison and cost say the same of a target that falls behind: what came in time."""
    behind = [100.0 + 20 * index for index in range(3000)]
    run = replace(
        runs.golden(),
        intervals=runs.recorded(
            runs.results(0, 1, 10, [100.0] * 3000), runs.results(1, 1, 10, behind)
        ),
    )
    judgement = judge(run)
    _, (ei,) = figures.tables(run)
    assert ei.ledger.ok == 3000
    assert ei.throughput_per_s == pytest.approx(25, rel=0.02)
    assert judgement.comparison is not None
    assert judgement.cost is not None
    assert judgement.comparison.candidate.throughput_per_s == ei.throughput_per_s
    assert judgement.cost.targets[1].throughput_per_s == ei.throughput_per_s


def test_each_class_of_a_mix_has_its_line() -> None:
    """After the phases, over all measured ones; together they are the target's first line."""
    for whole, *classes in figures.tables(golden_run(MIX)):
        assert [row.of_class for row in classes] == ["small", "large"]
        assert sum(row.ledger.scheduled for row in classes) == whole.ledger.scheduled
        assert classes[1].response_ns[0.5] > 2 * classes[0].response_ns[0.5]  # type: ignore[operator]
