"""csv: what stands in the files is what the run holds."""

import csv
import io
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eiload.base.status import Status
from eiload.record.run import Run
from eiload.report.csv import files
from eiload.report.words import tame
from tests.golden import MIX, away, golden_run, steady
from tests.report import runs
from tests.report.runs import judged

TEXT = """
name: golden
targets:
  gpu: {server: "127.0.0.1:8500", model: ssd}
payload: {synthetic: 64x48}
traffic:
  - {phase: warm-up, rate: 5/s, for: 10 s, warm_up: true}
  - {phase: steady, rate: 50/s, for: 2 min}
objectives: [p95 < 400 ms, errors < 1 %]
"""


def rows(run: Run, name: str) -> list[dict[str, str]]:
    """Return the rows of one of a run's files."""
    return list(csv.DictReader(io.StringIO(files(run, judged(run))[name])))


def ran() -> Run:
    """Return a run in which the server was away for a while."""
    return golden_run(TEXT, {"gpu": away(steady(100, 1), 60, 70)})


def test_seconds_add_up_to_the_run() -> None:
    """Each request is in one second, under one status."""
    run, found = ran(), rows(ran(), "seconds.csv")
    statuses = run.statuses(0, run.phases())
    for status, number in statuses.items():
        assert sum(int(row[status.name]) for row in found) == number
    assert sum(int(row["due"]) for row in found) == sum(statuses.values())
    assert sum(int(row["answered"]) for row in found) <= statuses[Status.OK]
    assert {row["phase"] for row in found if row["warm_up"] == "1"} == {"warm-up"}


def test_no_quantile_without_support() -> None:
    """50 requests a second support a median and nothing beyond; failures are infinite."""
    steady_rows = [row for row in rows(ran(), "seconds.csv") if int(row["due"]) >= 45]
    assert steady_rows
    assert all(not row["response_p99_ms"] for row in steady_rows)
    medians = [float(row["response_p50_ms"]) for row in steady_rows]
    assert any(math.isinf(median) for median in medians)
    assert all(80 < median < 125 for median in medians if math.isfinite(median))


def test_percentiles_are_the_runs() -> None:
    """p50 is that of the measured phases; what has no support is empty."""
    run, found = ran(), {row["percentile"]: row for row in rows(ran(), "percentiles.csv")}
    expected_ms = run.sample(0).quantile_ns(0.5) / 1e6
    assert float(found["50"]["response_ms"]) == pytest.approx(expected_ms, rel=1e-4)
    assert found["99.99"]["response_ms"] == ""
    assert found["99"]["response_ms"] == "inf"


def test_objectives_have_their_verdicts() -> None:
    """An invalid run's have none."""
    run = ran()
    assert [row["verdict"] for row in rows(run, "objectives.csv")] == ["fail", "fail"]
    invalid = rows(replace(run, problems=("the sender died",)), "objectives.csv")
    assert {row["verdict"] for row in invalid} == {"no verdict"}


def test_percentiles_by_class() -> None:
    """Each class has its own rows beside the whole's: its times, its requests."""
    run = golden_run(MIX)
    found = rows(run, "percentiles.csv")
    assert {row["class"] for row in found} == {"", "small", "large"}
    for target, name in enumerate(("gpu", "ei")):
        medians = {
            row["class"]: row for row in found if (row["target"], row["percentile"]) == (name, "50")
        }
        spans = run.measured()
        for of_class in ("small", "large"):
            sample = run.of_class(of_class).sample(target, spans)
            assert int(medians[of_class]["requests"]) == sample.total
            expected_ms = sample.quantile_ns(0.5) / 1e6
            assert float(medians[of_class]["response_ms"]) == pytest.approx(expected_ms, rel=1e-4)
        small, large = (float(medians[each]["response_ms"]) for each in ("small", "large"))
        assert small < float(medians[""]["response_ms"]) < large
        requests = [int(medians[each]["requests"]) for each in ("small", "large", "")]
        assert requests[0] + requests[1] == requests[2]


def test_objectives_by_class() -> None:
    """One text, three classes: each row says whose it is, and its verdict."""
    found = rows(golden_run(MIX), "objectives.csv")
    columns = ("objective", "class", "phase", "target", "verdict")
    assert [tuple(row[key] for key in columns) for row in found] == [
        ("p50 < 200 ms", "", "", "gpu", "pass"),
        ("p50 < 200 ms", "", "", "ei", "pass"),
        ("p95 < 300 ms", "small", "steady", "gpu", "pass"),
        ("p95 < 300 ms", "small", "steady", "ei", "pass"),
        ("p95 < 300 ms", "large", "", "ei", "fail"),
    ]


def test_without_classes_there_is_no_column() -> None:
    """What has no classes has no empty column of them."""
    assert "class" not in rows(ran(), "percentiles.csv")[0]


@given(st.text())
def test_no_cell_is_a_formula(text: str) -> None:
    """Whatever a name is."""
    assert not tame(text).startswith(("=", "+", "-", "@", "\t", "\r"))


def test_hostile_names_make_no_rows() -> None:
    """A line break in a name is no line of the file."""
    tame_run, wild = runs.golden(), runs.hostile()
    for name, text in files(wild, judged(wild)).items():
        assert text.count("\n") == files(tame_run, judged(tame_run))[name].count("\n")
