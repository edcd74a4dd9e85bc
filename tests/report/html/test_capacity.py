"""The page on a capacity search."""

import re

from eiload.judging.capacity.result import result
from eiload.report.html.capacity import render
from tests.report import searches


def test_curves() -> None:
    """A picture for each objective: points with intervals, its line, a band for each target."""
    search = searches.found()
    page = render(search, result(search))
    assert page.count('role="img"') == 2
    assert page.count("<circle") == 12
    assert page.count('class="hollow') == 4
    assert page.count("area t0") == page.count("area t1") == 2
    assert "gpu&#x27;s capacity" in page
    assert "24/s: 200 ms (180 ms to 240 ms): holds" in page
    assert re.search(r'<p class="verdict good">two: gpu&#x27;s capacity is 24/s to 33/s', page)
    assert "&lt; 300 ms</text>" in page
    assert ">15/s</text>" in page


def test_open_ends() -> None:
    """What nothing has proved has no band; a search without a trial has no picture."""
    search = searches.unfinished()
    page = render(search, result(search))
    assert "area t" not in page
    assert "STOPPED" in page
    nothing = type(search)(search.scenario, search.bounds)
    assert "<svg" not in render(nothing, result(nothing)).partition("<script>")[0]


def test_nothing_foreign_is_markup() -> None:
    """Whatever texts say, it stays text; and the policy lets nothing else run."""
    search = searches.hostile()
    page = render(search, result(search))
    assert "<img src=x" not in page
    assert page.count("<script>") == 1
    assert "default-src 'none'" in page
