"""A run as a table, and as a pandas DataFrame."""

import importlib.util
import math
import sys
from pathlib import Path

import pytest

import eiload
from eiload.base.status import Status
from eiload.judging.statistics import blocks
from eiload.record import run as run_file
from eiload.record import seconds
from tests.golden import ONE, away, golden_run, steady


def test_the_rule_is_that_of_all_reports() -> None:
    """A percentile has a number here where it has one there."""
    assert seconds.BEYOND == blocks.BEYOND
    for number in (0, 39, 40, 399, 400, 2000):
        for q in seconds.QUANTILES:
            assert seconds.supports(q, number) == blocks.reportable(q, number)


def test_rows_have_the_columns_that_are_named() -> None:
    """Each request is in one second under one status; times are numbers, NaN or infinite."""
    run = golden_run(ONE, {"gpu": away(steady(100, 1), 60, 70)})
    names = seconds.columns(run)
    found = [dict(zip(names, row, strict=True)) for row in seconds.rows(run)]
    statuses = run.statuses(0)
    assert sum(row["OK"] for row in found) == statuses[Status.OK]
    assert sum(row["UNAVAILABLE"] for row in found) == statuses[Status.UNAVAILABLE]
    assert any(math.isinf(row["response_max_ms"]) for row in found)
    assert all(math.isnan(row["response_p99_ms"]) for row in found)


def test_without_pandas_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """In one line."""
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(
        ModuleNotFoundError, match=r"^Run\.frame\(\) needs pandas.*pip install pandas$"
    ):
        golden_run(ONE).frame()


@pytest.mark.skipif(importlib.util.find_spec("pandas") is None, reason="no pandas")
def test_a_data_frame(tmp_path: Path) -> None:
    """From a run file, with types that pandas computes with."""
    run = golden_run(ONE)
    path = tmp_path / "run.json"
    run_file.save(path, run.to_json())
    frame = eiload.load_run(path).frame()
    assert list(frame.columns) == seconds.columns(run)
    assert frame.groupby("target")["OK"].sum().to_dict() == {"gpu": run.sample(0).good}
    assert frame["response_max_ms"].max() == pytest.approx(run.sample(0).max_ns / 1e6, rel=1e-3)
    assert str(frame["warm_up"].dtype) == "bool"
