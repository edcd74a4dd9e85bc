"""Sections as a page."""

from eiload.report.html.sections import page
from eiload.report.section import Column, Foreign, Row, Section
from tests.report import runs


def test_sections_below_a_sentence() -> None:
    """Everything is there, and whatever the names are, they are text."""
    rows = tuple(Row((Foreign(name), "1")) for name in runs.HOSTILE)
    part = Section("targets", "a note", (Column("name", right=False), Column("n")), rows)
    made = page(runs.HOSTILE[0], "nothing is <b>wrong</b>", "good", [part])
    assert "nothing is &lt;b&gt;wrong&lt;/b&gt;" in made
    assert 'class="verdict good"' in made
    assert "<img" not in made
    assert "a note" in made
    assert made.count("<tr") == len(runs.HOSTILE) + 1
