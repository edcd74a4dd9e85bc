"""A capacity search as tables."""

import csv
import io

from eiload.judging.capacity.result import result
from eiload.report.capacity_csv import TABLES, files
from tests.report import searches


def read(text: str) -> list[dict[str, str]]:
    """Return the rows of a table by its header."""
    return [*csv.DictReader(io.StringIO(text))]


def test_tables() -> None:
    """A row a target; a row a trial and objective, times in ms."""
    search = searches.found()
    texts = files(search, result(search))
    assert tuple(texts) == TABLES
    gpu, ei = read(texts["capacity.csv"])
    assert (gpu["target"], gpu["holds_at_per_s"], gpu["fails_at_per_s"]) == ("gpu", "24", "33")
    assert (ei["usd_per_million_low"], ei["usd_per_million_high"]) == ("2.95139", "3.93519")
    rows = read(texts["trials.csv"])
    assert len(rows) == 12
    assert (rows[0]["trial"], rows[0]["observed"], rows[0]["unit"]) == ("1", "180", "ms")
    assert (rows[1]["objective"], rows[1]["high"], rows[1]["unit"]) == (
        "errors < 5 %",
        "0.01",
        "share",
    )
    assert [row["proves"] for row in rows[::2]] == ["0", "0", "1", "1", "1", "1"]


def test_what_is_open() -> None:
    """Empty cells, and why; a trial without readings has a row all the same."""
    search = searches.unfinished()
    texts = files(search, result(search))
    gpu, ei = read(texts["capacity.csv"])
    assert (gpu["fails_at_per_s"], ei["holds_at_per_s"], ei["usd_per_million_high"]) == ("",) * 3
    assert ei["open_below"] == "the target died"
    last = read(texts["trials.csv"])[-1]
    assert (last["word"], last["objective"], last["throughput_per_s"]) == ("died", "", "")


def test_no_formulas() -> None:
    """What a spreadsheet would compute is text."""
    search = searches.hostile()
    assert "\n@" not in files(search, result(search))["trials.csv"]
