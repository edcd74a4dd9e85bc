"""A run as text for a terminal, a log file or a pipe.

Pure: a run, its judgement and a `Look` in, text out. What the text may use (how many columns,
colours, characters beyond ASCII) is in the look; `look_of` asks a stream and the environment for
it. Layout is rich's work: tables that fit, wide and combining characters. Nothing that came from
outside is read as rich's markup or reaches the terminal as a control character.

What is said is in `content`. A table that does not fit the width is written as a list.
"""

import io
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from eiload.judgement import Judgement
from eiload.report import bars, words
from eiload.report.content import Bar, Cell, Line, Row, Section, Tone, sections
from eiload.run import Run

__all__ = ["PLAIN", "Look", "look_of", "render"]

WIDTH = 100
"""Columns when nobody says how many there are: a log viewer's usual width."""

LEAST_WIDTH = 40

TONES = {
    "pass": "green",
    "no increase": "green",
    "decrease": "green",
    "increase within margin": "green",
    "fail": "bold red",
    "increase": "bold red",
}
"""Every other word leaves something open."""

LEFT_TO_RIGHT_MARK = "\u200e"
"""Ends a name in a right-to-left script, so that a terminal that reorders such runs leaves the
numbers beside it where they are (Unicode Standard Annex 9)."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a text may use."""

    width: int = WIDTH
    colour: bool = False
    unicode: bool = True
    """Whether characters beyond ASCII can be shown."""

    def show(self, text: str) -> str:
        """Return `text` as this look can show it, hiding nothing."""
        shown = words.safe(text)
        if not self.unicode:
            return shown.encode("ascii", "backslashreplace").decode("ascii")
        if any(unicodedata.bidirectional(character) in {"R", "AL"} for character in shown):
            return shown + LEFT_TO_RIGHT_MARK
        return shown


PLAIN = Look()


def look_of(stream: TextIO, environ: Mapping[str, str]) -> Look:
    """Return what `stream` can show: colours only on a terminal, and not with NO_COLOR set.

    COLUMNS sets the width, of pipes too. (NO_COLOR: no-color.org.)
    """
    terminal = stream.isatty()
    columns = environ.get("COLUMNS", "")
    width = int(columns) if columns.isdecimal() else 0
    if not width and terminal:
        width = Console(file=stream).width
    return Look(
        width=max(LEAST_WIDTH, width or WIDTH),
        colour=terminal and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb",
        unicode=(stream.encoding or "").lower().replace("-", "") == "utf8",
    )


def render(run: Run, judgement: Judgement, look: Look = PLAIN) -> str:
    """Return the report as text; its last line says it all."""
    page = _Page(look)
    for section in sections(run, judgement):
        page.add(section)
    page.last(judgement)
    return page.text()


class _Page:
    """Lays sections out, one below the other."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._file = io.StringIO()
        self._console = Console(
            file=self._file,
            width=look.width,
            force_terminal=look.colour,
            color_system="standard" if look.colour else None,
            highlight=False,
            markup=False,
            emoji=False,
            legacy_windows=False,
        )

    def add(self, section: Section) -> None:
        """Write one section."""
        self._print(Text(self._look.show(section.title), style="bold"))
        if section.note:
            self._print(Text(section.note, style="dim"))
        if section.rows:
            self._add_table(section)
        for line in section.lines:
            self._print(self._line(line))
        self._print(Text())

    def last(self, judgement: Judgement) -> None:
        """Write the line that says it all; never broken in two."""
        style = "bold green" if judgement.exit_status == 0 else "bold"
        summary = Text(self._look.show(judgement.summary), style=style)
        self._console.print(summary, soft_wrap=True)

    def text(self) -> str:
        """Return everything written so far, without the padding of tables."""
        return "".join(f"{line.rstrip()}\n" for line in self._file.getvalue().splitlines())

    def _print(self, text: "Text | Table") -> None:
        self._console.print(text, overflow="fold")

    def _add_table(self, section: Section) -> None:
        table = Table(
            box=box.SIMPLE_HEAD if self._look.unicode else None,
            padding=(0, 1),
            pad_edge=False,
            header_style="bold",
        )
        for column in section.columns:
            table.add_column(
                Text(column.heading),
                justify="right" if column.right else "left",
                no_wrap=column.right,
                overflow="fold",
            )
        for row in section.rows:
            cells = [self._cell(cell) for cell in row.cells]
            table.add_row(*cells, style="dim" if row.minor else None)
        options = self._console.options
        if Measurement.get(self._console, options.update(width=10_000), table).minimum <= (
            self._look.width
        ):
            self._print(table)
            return
        for row in section.rows:
            self._print(self._listed(section, row))

    def _listed(self, section: Section, row: Row) -> Text:
        """Return a row as one wrapped line of headings and cells."""
        text = self._cell(row.cells[0])
        for column, cell in zip(section.columns[1:], row.cells[1:], strict=True):
            text = Text("").join([text, Text(f", {column.heading} "), self._cell(cell)])
        return text

    def _line(self, line: Line) -> Text:
        return Text("").join([self._cell(part) for part in line])

    def _cell(self, cell: Cell) -> Text:
        match cell:
            case Bar():
                glyphs = bars.UNICODE if self._look.unicode else bars.ASCII
                drawn = bars.bar(cell.low, cell.estimate, cell.high, cell.scale, glyphs=glyphs)
                return Text(drawn, no_wrap=True)
            case Tone():
                return Text(str(cell), style=TONES.get(cell, "yellow"))
            case _:
                return Text(self._look.show(cell))
