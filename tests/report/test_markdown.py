"""Reports as GitHub-flavoured Markdown, read back by a real parser."""

from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from eiload.record.run import Run
from eiload.report import markdown
from eiload.report.section import Column, Foreign, Row, Section, Tone
from tests.report import runs
from tests.report.runs import judged

PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


class Page(HTMLParser):
    """What a browser would see of a report."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.rows: list[list[str]] = []
        self.text = ""
        self._cell: str | None = None
        self.feed(PARSER.render(text))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open a row or a cell."""
        self.tags.add(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self._cell = ""

    def handle_endtag(self, tag: str) -> None:
        """Close a cell."""
        if tag in {"td", "th"} and self._cell is not None:
            self.rows[-1].append(self._cell)
            self._cell = None

    def handle_data(self, data: str) -> None:
        """Collect text."""
        self.text += data
        if self._cell is not None:
            self._cell += data


def report(run: Run) -> str:
    """Return a run's report."""
    return markdown.render(run, judged(run))


MARKUP = {
    "p",
    "strong",
    "h3",
    "sub",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "ul",
    "li",
    "code",
}
"""The elements of a report."""


def test_the_first_line_says_it_all() -> None:
    """A report begins with the judgement's line."""
    run = runs.golden()
    assert Page(report(run)).text.startswith(judged(run).summary)


def test_tables() -> None:
    """The tables of the report are tables, with every cell in its place."""
    rows = Page(report(runs.golden())).rows
    assert [
        "gpu", "3,000", "50.0", "0 %", "100", "129", "159", "-", "212", "159", "0.200",
    ] in rows  # fmt: skip
    verdicts = [row for row in rows if row[0] in {"✅ pass", "❌ fail", "❔ undecided"}]
    assert [row[1:3] for row in verdicts] == [
        ["p99 < 400 ms", "gpu"],
        ["p99 < 400 ms", "ei"],
        ["errors < 5 %", "gpu"],
        ["errors < 5 %", "ei"],
    ]
    p99 = next(row for row in rows if row[0] == "p99 *")
    assert p99[3].startswith("1.234 [1.131, ")
    assert "o" in p99[5]


def test_lists_are_nested() -> None:
    """What belongs to a target stands below it."""
    text = report(runs.golden())
    assert "\n  - first inference, before the load: 231 ms" in text
    assert "\n- ❌ increase: p99 of ei against gpu" in text


def test_only_the_markup_of_a_report() -> None:
    """No other element is in a report, whatever the names."""
    for problems in ((), runs.HOSTILE):
        run = replace(runs.hostile(), problems=problems)
        assert Page(report(run)).tags <= MARKUP


@pytest.mark.parametrize("text", runs.HOSTILE)
def test_hostile_names_stay_in_their_cell(text: str) -> None:
    """A name with pipes, markup, HTML, mentions or controls is one cell, and reads as it is."""
    section = Section(
        "t", columns=(Column("a"), Column("b")), rows=(Row((Foreign(text), "1")), Row((text, "2")))
    )
    page = Page(markdown.page([section], text))
    assert page.tags <= MARKUP
    assert [len(row) for row in page.rows] == [2, 2, 2]
    assert page.rows[1][1] == "1"
    if text.isprintable():
        assert page.rows[1][0] == page.rows[2][0] == text


@given(st.text(max_size=60))
def test_any_text_stays_in_its_place(text: str) -> None:
    """Whatever a text holds, it makes no element and no cell."""
    section = Section(
        text,
        text,
        (Column(text), Column("b")),
        (Row((Foreign(text), "1")), Row((Tone(text, good=None), text))),
        ((Foreign(text), text),),
    )
    page = Page(markdown.page([section], text))
    assert page.tags <= MARKUP
    assert [len(row) for row in page.rows] == [2, 2, 2]


@pytest.mark.parametrize("text", ["@everyone", "see https://evil.example", "www.evil.example"])
def test_no_mentions_and_no_links(text: str) -> None:
    """What GitHub would turn into a mention or a link stands in a code span."""
    page = markdown.page([Section("t", lines=((Foreign(text), " and ", text),))], "x")
    assert page.count(f"`{text}`") == 2


def test_tame_names_stay_bare() -> None:
    """An ordinary name is no code span."""
    assert "| gpu | 3,000 |" in report(runs.golden())
