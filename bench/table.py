"""Tables of results: Markdown for people, JSON for programs, and their place in a document.

Pure. A table in a document lives between ``<!-- bench NAME -->`` and ``<!-- end -->``; `placed`
renews what is in between and touches nothing else.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Table", "markdown", "placed"]


@dataclass(frozen=True, slots=True)
class Table:
    """One table: what was measured, under which conditions, the figures."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    """Below the table: versions, payload, rounds, what was skipped and why."""

    def to_json(self) -> dict[str, Any]:
        """Return the table as plain data."""
        return {
            "title": self.title,
            "rows": [dict(zip(self.columns, row, strict=True)) for row in self.rows],
            "notes": list(self.notes),
        }


def markdown(tables: Sequence[Table]) -> str:
    """Return the tables as Markdown, columns aligned."""
    return "\n\n".join(_markdown(table) for table in tables) + "\n"


def _markdown(table: Table) -> str:
    lines = [table.columns, *table.rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(table.columns))]
    shown = [_line(line, widths) for line in lines]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    notes = "".join(f"\n- {note}" for note in table.notes)
    body = "\n".join([shown[0], rule, *shown[1:]])
    return f"**{table.title}**\n\n{body}\n" + (f"{notes}\n" if notes else "")


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded)} |"


def placed(document: str, name: str, content: str) -> str:
    """Return the document with the content of its place for `name` renewed.

    Raises:
        ValueError: the document has no such place.
    """
    place = re.compile(rf"(<!-- bench {re.escape(name)} -->\n).*?(<!-- end -->)", re.DOTALL)
    if not place.search(document):
        raise ValueError(f"no <!-- bench {name} --> ... <!-- end --> in the document")
    return place.sub(lambda found: f"{found[1]}{content.rstrip()}\n{found[2]}", document, count=1)
