"""A run as text for a terminal, a log file or a pipe.

Pure: a run, its judgement and a `Look` in, text out. What the text may use (how many columns,
colours, characters beyond ASCII) is in the look; `look_of` asks a stream and the environment for
it. Layout is rich's work: tables that fit, wide and combining characters. Nothing that came from
outside is read as rich's markup or reaches the terminal as a control character.

What is said is in `content`. A table that does not fit the width is written as a list.
"""

import io
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TextIO

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from eiload.judging.judgement import Judgement
from eiload.record.run import Run
from eiload.report import bars, words
from eiload.report.content import sections
from eiload.report.section import Bar, Cell, Column, Line, Row, Section, Tone

__all__ = ["PLAIN", "Look", "look_of", "render"]

WIDTH = 100
"""Columns when nobody says how many there are: a log viewer's usual width."""

WIDE = 120
"""Columns of a terminal from which tables are wide; below, they keep to what was asked for."""

LEAST_WIDTH = 40
LEAST_COLUMN = 12
GAP = 2

TEXT_AT_MOST = 500
LAST_AT_MOST = 2000
"""Characters of one text, and of the last line: names are short, a server's messages may not be."""

TONES = {True: "green", False: "bold red", None: "yellow"}

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

    def show(self, text: str, limit: int = TEXT_AT_MOST) -> str:
        """Return `text` as this look can show it, hiding nothing, at most so many characters."""
        shown = words.safe(text, limit)
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
    """Return the report as text; its first line says it all, and so does its last."""
    good = judgement.exit_status == 0
    return page(sections(run, judgement), judgement.summary, look, good=good, first=True)


def page(
    parts: Iterable[Section], last: str, look: Look = PLAIN, *, good: bool, first: bool = False
) -> str:
    """Return sections laid out one below the other, and a last line.

    Args:
        parts: the sections.
        last: the line that says it all.
        look: what the text may use.
        good: whether the last line is good news.
        first: say it at the top, too: a terminal shows the end of a long text, a log its beginning.
    """
    sheet = _Page(look)
    if first:
        sheet.say(last, good=good, space=True)
    for section in parts:
        sheet.add(section)
    sheet.say(last, good=good)
    return sheet.text()


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
            self._print(self._hanging(self._line(line)))
        self._print(Text())

    def say(self, line: str, *, good: bool, space: bool = False) -> None:
        """Write the line that says it all; it is not broken where the width ends.

        Args:
            line: the line.
            good: whether it is good news.
            space: leave an empty line below it.
        """
        style = "bold green" if good else "bold"
        shown = Text(self._look.show(line, LAST_AT_MOST), style=style)
        self._console.print(shown, soft_wrap=True)
        if space:
            self._print(Text())

    def text(self) -> str:
        """Return everything written so far, without the padding of tables."""
        return "".join(f"{line.rstrip()}\n" for line in self._file.getvalue().splitlines())

    def _print(self, text: "Text | Table") -> None:
        self._console.print(text, overflow="fold")

    def _add_table(self, section: Section) -> None:
        """Write a table: wide, compact or without its pictures, else as a list."""
        columns = range(len(section.columns))
        every = [i for i in columns if any(row.cells[i] for row in section.rows)]
        compact = [i for i in every if not section.columns[i].wide]
        pictures = {i for row in section.rows for i in every if isinstance(row.cells[i], Bar)}
        choices = [compact, [i for i in compact if i not in pictures]]
        if self._look.width >= WIDE:
            choices.insert(0, every)
        for chosen in choices:
            # The rule below the headings ends one column before the last gap does.
            spare = 1 if self._look.unicode else 0
            needed = sum(self._least_width(section, i) + GAP for i in chosen) - spare
            if needed <= self._look.width:
                self._print(self._table(section, chosen))
                return
        for row in section.rows:
            self._print(self._hanging(self._listed(section, row, choices[-1])))

    def _table(self, section: Section, chosen: Sequence[int]) -> Table:
        table = Table(
            box=box.SIMPLE_HEAD if self._look.unicode else None,
            padding=(0, GAP // 2 if self._look.unicode else GAP, 0, 0),
            show_edge=False,
            header_style="bold",
        )
        for i in chosen:
            column = section.columns[i]
            table.add_column(
                self._heading(column),
                justify="right" if column.right else "left",
                no_wrap=not column.wrap,
                min_width=self._least_width(section, i),
                overflow="fold",
            )
        for row in section.rows:
            cells = [self._cell(row.cells[i]) for i in chosen]
            table.add_row(*cells, style="dim" if row.minor else None)
        return table

    def _least_width(self, section: Section, i: int) -> int:
        """Return how many columns of the terminal a table's column needs at least."""
        column = section.columns[i]
        cells = [self._cell(row.cells[i]).cell_len for row in section.rows]
        heading = max(cell_len(line) for line in self._heading(column).plain.split("\n"))
        needs = max([heading, *cells])
        return min(needs, max(heading, LEAST_COLUMN)) if column.wrap else needs

    def _heading(self, column: Column) -> Text:
        return Text("\n".join(self._look.show(line) for line in column.heading.split("\n")))

    def _listed(self, section: Section, row: Row, chosen: Sequence[int]) -> Text:
        """Return a row as one line of headings and cells."""
        parts = [self._cell(row.cells[chosen[0]])]
        for i in chosen[1:]:
            if row.cells[i]:
                heading = self._heading(section.columns[i]).plain.replace("\n", " ")
                parts += [Text(f", {heading} " if heading else ", "), self._cell(row.cells[i])]
        return Text("").join(parts)

    def _hanging(self, text: Text) -> Text:
        """Return a line broken to fit, whose later lines stand two columns further right."""
        indent = len(text.plain) - len(text.plain.lstrip(" "))
        text = text[indent:]
        lines = text.wrap(self._console, max(1, self._look.width - indent - 2), overflow="fold")
        start = " " * indent
        return Text(start) + Text(f"\n{start}  ").join(lines)

    def _line(self, line: Line) -> Text:
        return Text("").join([self._cell(part) for part in line])

    def _cell(self, cell: Cell) -> Text:
        match cell:
            case Bar():
                glyphs = bars.UNICODE if self._look.unicode else bars.ASCII
                drawn = bars.bar(cell.low, cell.estimate, cell.high, cell.scale, glyphs=glyphs)
                return Text(drawn, no_wrap=True)
            case Tone():
                return Text(self._look.show(cell.text), style=TONES[cell.good])
            case _:
                return Text(self._look.show(cell))
