"""The parts of a report for people, before anyone decides how they look.

A report is a few sections, each a title, perhaps a table, and lines. Everything that came from
outside (names, addresses, the server's texts) is marked as `Foreign`, because what is harmless in
one form is markup in another; verdicts are marked with their `Tone`, because one form has colours
and another has none; intervals are left to be drawn (`Bar`). These are values and nothing else:
`content` and `against` make them, `terminal` and `markdown` lay them out.
"""

from dataclasses import dataclass

from eiload.report.bars import RatioScale

__all__ = ["Bar", "Cell", "Column", "Foreign", "Line", "Row", "Section", "Tone"]


class Foreign(str):
    """Text that came from outside: a name, an address, a server's message."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Tone:
    """A verdict's word, which a form may colour."""

    text: str
    good: bool | None
    """None when it leaves something open."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A confidence interval of a ratio, to be drawn."""

    low: float
    estimate: float
    high: float
    scale: RatioScale


Cell = str | Tone | Bar
Line = tuple[str | Tone, ...]
"""Parts of a line, some of them `Foreign`."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column's heading and what its cells are."""

    heading: str
    """May be broken at a line break."""
    right: bool = True
    """Numbers, which end at the right."""
    wrap: bool = False
    """Sentences or names, which may take several lines."""
    wide: bool = False
    """Only for whoever has room for it: a wide terminal, a page that scrolls."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table."""

    cells: tuple[Cell, ...]
    minor: bool = False
    """A part of the row above it."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a report; what is empty is left out."""

    title: str
    note: str = ""
    columns: tuple[Column, ...] = ()
    rows: tuple[Row, ...] = ()
    lines: tuple[Line, ...] = ()
