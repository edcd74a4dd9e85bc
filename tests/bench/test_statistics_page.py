"""The tables of docs/statistics.md from what `bench.statistics` wrote."""

import json
from pathlib import Path
from typing import Any

import pytest

from bench.statistics_page import main, tables
from bench.table import placed

DOCUMENT = Path(__file__).parents[2] / "docs" / "statistics.md"
JUDGED = {"runs": 500, "pass": 0.6, "fail": 5.2, "pass 1.5": 95.6, "fail 1.5": 100.0}
EQUAL = {"false increase": 5.2, "false pass": 1.0, "half-width": None, "+20 %": 9.96, "runs": 500}
DATA: dict[str, list[dict[str, Any]]] = {
    "objectives": [
        {"cell": ["A30", "objective", length, q], **JUDGED, "pass": q * 10}
        for length in (60, 300, 900)
        for q in (0.9, 0.0)
    ]
    + [{"cell": ["errburst", "objective", 300, 0.99], **JUDGED, "fail": 45.0}],
    "equal": [{"cell": ["A60", "", length, 0.5], **EQUAL} for length in (300, 3600)],
    "different": [
        {"cell": ["A60", "hop +10 ms", 900, 0.5], "true": 10.3, "below": 1.0, "above": 2.0,
         "increase": 100.0, "passes": 0.4}
    ],
    "repeated": [{"cell": ["M60", "", 300, 0.99], "runs": 3.0}],
    "worth": [{"cell": "54 to 57", "runs": 412.0, "pass": 1.0, "fail": 2.0}],
    "errors": [
        {"cell": f"3 bursts expected at the limit, one lengths, {part}", "pass": share}
        for part, share in (
            ("at the limit", 7.0), ("1/2 of the limit", 24.0), ("1/4 of the limit", 48.0)
        )
    ]
    + [{"cell": "300 s at 20/s, 1 %, one by one", "pass": 1.0}],
    "throughput": [{"cell": "60 s at 2/s", "pass": 1.7, "fail": 3.0}],
}  # fmt: skip


def test_a_system_is_a_row_and_false_words_over_5_are_bold() -> None:
    """A system is a row and false words over 5 are bold."""
    rows = tables(DATA)["objectives-300"].splitlines()
    assert rows[0].startswith("| system | false pass: p90 / mean | false fail: p90 / mean |")
    assert rows[2] == "| A30 | **9.0** / 0.0 | **5.2** / **5.2** | 96 / 96 | 100 / 100 |"


def test_a_quantile_that_fails_is_no_time() -> None:
    """A quantile that fails is no time."""
    found = tables(DATA)
    assert "errburst" not in found["objectives-300"]
    assert "45" not in found["held"]


def test_what_no_run_told_is_a_dash() -> None:
    """What no run told is a dash."""
    assert "| A60 | **5.2** | 1.0 | - | 10 |" in tables(DATA)["equal-300"]
    assert tables(DATA)["repeated"].splitlines()[-1] == "| M60 | 3.0 | - | - | - |"


def test_worst_and_how_many_are_over() -> None:
    """Worst and how many are over."""
    held = tables(DATA)["held"]
    assert "| false passes, quantiles | 2 | 9.0 | 9.0 | A30, p90, 300 s | 2: A30 |" in held
    assert "| comparisons, false increases | 2 | 5.2 | 5.2 | A60, p50, 300 s | 2: A60 |" in held


def test_bursts_at_the_limit_and_below_stand_in_a_row() -> None:
    """Bursts at the limit and below stand in a row."""
    assert tables(DATA)["errors"].splitlines()[2:] == ["| 3, one lengths | **7.0** | 24 | 48 |"]


@pytest.mark.parametrize("name", tables(DATA))
def test_each_has_its_place(name: str) -> None:
    """Each has its place."""
    placed(DOCUMENT.read_text(encoding="utf-8"), name, "")


def test_the_command_renews_a_document(tmp_path: Path) -> None:
    """The command renews a document."""
    source, target = tmp_path / "found.json", tmp_path / "page.md"
    source.write_text(json.dumps(DATA), encoding="utf-8")
    target.write_text(DOCUMENT.read_text(encoding="utf-8"), encoding="utf-8")
    assert main([str(source), str(target)]) == 0
    assert "| 54 to 57 | 412 | 1.0 | 2.0 |" in target.read_text(encoding="utf-8")
