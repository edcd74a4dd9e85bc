"""What is said of a capacity search, in the forms for people."""

import math

from eiload.judging.capacity.result import result
from eiload.report import markdown, terminal
from eiload.report.capacity import SHARE, TIME, USED, points, sections, shown, unit_of
from eiload.report.terminal import Look
from tests.report import searches


def test_sections() -> None:
    """Capacities first, then what they cost, the trials by rate, and the search itself."""
    search = searches.found()
    made = {each.title: each for each in sections(search, result(search), "here")}
    assert [*made] == ["capacity", "cost at capacity", "trials", "search two"]
    (gpu, ei) = made["capacity"].rows
    assert gpu.cells[:3] == ("gpu", "24/s", "33/s")
    assert ei.cells[:3] == ("ei", "12/s", "16/s")
    cost = made["cost at capacity"].rows[0].cells
    assert cost[2:] == ("0.90", "7.58 to 10.4")
    trials = [row.cells for row in made["trials"].rows if not row.minor]
    assert [(row[0], row[1]) for row in trials] == [
        ("gpu", "20/s"), ("gpu", "24/s"), ("gpu", "33/s"),
        ("ei", "12/s"), ("ei", "16/s"), ("ei", "20/s"),
    ]  # fmt: skip
    assert trials[1][6:] == ("p95 < 300 ms", "200 ms", "180 ms to 240 ms")
    assert made["trials"].rows[1].cells[6:] == ("errors < 5 %", "0 %", "0 % to 1 %")
    said = ["".join(map(str, line)) for line in made["search two"].lines]
    assert "from 2/s to 120/s, 33 min of a budget of 60 min used, seed 1" in said
    assert "run files of all trials: here" in said


def test_what_is_open() -> None:
    """An end that nothing has proved is no number, and why a trial says nothing is said."""
    search = searches.unfinished()
    made = {each.title: each for each in sections(search, result(search))}
    gpu, ei = made["capacity"].rows
    assert gpu.cells[1:3] == ("24/s", "-")
    assert ei.cells[1:4] == ("-", "-", "-")
    assert [row.cells for row in made["what neither holds nor fails"].rows] == [
        ("2", "generator-limited", "requests to gpu were sent late"),
        ("3", "died", "connection refused"),
    ]


def test_texts() -> None:
    """The forms for people say the same, in as many columns as there are, whatever is in it."""
    for search in (searches.found(), searches.unfinished(), searches.hostile()):
        found = result(search)
        parts = sections(search, found)
        text = terminal.page(parts, found.summary, Look(100), good=False, first=True)
        assert text.startswith(found.summary[:80])
        assert "\x1b" not in text
        assert markdown.page(parts, found.summary).startswith("**")


def test_units() -> None:
    """Of each objective its own; of what is gone from the scenario only how much was used."""
    search = searches.found()
    first, second = search.trials[0].readings
    assert unit_of(search, first) == TIME
    assert unit_of(search, second) == SHARE
    other = type(first)("max < 1 s", 0.5, 0.5, 0.5, 1)
    assert unit_of(search, other) == USED
    assert shown(0.5, USED) == "50 %"
    assert shown(math.inf, SHARE) == "without end"
    assert shown(math.nan, TIME) == "-"


def test_points() -> None:
    """A target's curve, by rate, of trials that say something of it."""
    search = searches.unfinished()
    assert [each.rate_per_s for each in points(search, "gpu", "p95 < 300 ms")] == [24]
    assert [*points(search, "ei", "p95 < 300 ms")] == []
    assert [each.rate_per_s for each in points(searches.found(), "gpu", "errors < 5 %")] == [
        *(20, 24, 33)
    ]
