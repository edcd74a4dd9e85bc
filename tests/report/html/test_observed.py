"""The server's side on the page: a picture each, and what the tables say."""

from xml.etree import ElementTree as ET

from eiload.judging.judgement import judge
from eiload.report.html import page
from eiload.report.html.observed import observed as drawn
from tests.golden import golden_run
from tests.report.observed_runs import observed


def test_pictures_and_tables() -> None:
    """Of all that was read; it is well-formed."""
    found = drawn(observed())
    ET.fromstring(f"<div>{found.replace(' data-sort', '').replace(' class=right', '')}</div>")
    for said in (
        "mean time in the server, by its own account over the run",
        "requests that the server counted over the run",
        "GPU use over the run",
        "GPU power over the run",
        "was power-capped in 9.09 % of the phases",
        "ms slower at the mean",
    ):
        assert said in found, said


def test_nothing_was_observed() -> None:
    """Then there is no such part."""
    assert drawn(golden_run()) == ""
    assert "server&#x27;s side" not in page.render(golden_run(), judge(golden_run()))


def test_it_is_on_the_page() -> None:
    """With what it is."""
    text = page.render(observed(), judge(observed()))
    assert "The server&#x27;s side" in text
    assert "percentiles between two limits only" in text
