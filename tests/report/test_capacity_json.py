"""A capacity search as JSON."""

import json

from eiload.judging.capacity.result import result
from eiload.report.capacity_json import render
from tests.report import searches


def test_document() -> None:
    """Brackets, ratio, cost and every trial, under names with units."""
    search = searches.found()
    data = json.loads(render(search, result(search)))
    assert data["schema"] == "eiload-capacity-report/1"
    assert data["exit_status"] == 0
    gpu, ei = data["capacities"]
    assert (gpu["target"], gpu["low_per_s"], gpu["high_per_s"]) == ("gpu", 24, 33)
    assert (ei["low_per_s"], ei["high_per_s"], ei["low_open"]) == (12, 16, None)
    assert data["ratio"]["low"] == 12 / 33
    assert data["costs"][0]["usd_per_million"]["high"] == 0.9 / (24 * 3600) * 1e6
    assert data["cost_ratio"]["high"] < 1
    first = data["trials"][0]
    assert (first["number"], first["proves"], first["word"]) == (0, False, "undecided")
    assert [each["unit"] for each in first["readings"]] == ["ns", "share"]


def test_what_is_open() -> None:
    """Strict JSON, whatever is not known."""
    for search in (searches.unfinished(), searches.hostile()):
        data = json.loads(render(search, result(search)))
        gpu, ei = data["capacities"]
        assert (gpu["high_per_s"], gpu["high_open"]) == (
            "inf",
            "the budget ended before a trial there",
        )
        assert (ei["low_per_s"], ei["low_open"]) == (0, "the target died")
