"""A report's sections as HTML, and each table once more as CSV to be kept.

Foreign text is escaped, in CSV too: a cell that a spreadsheet would take for a formula is led by an
apostrophe (OWASP, *CSV Injection*).
"""

import csv
import io
from urllib.parse import quote

from eiload.report import bars
from eiload.report.html.svg import text
from eiload.report.section import Bar, Cell, Column, Foreign, Line, Section, Tone
from eiload.report.words import tame

__all__ = ["cell", "csv_link", "section", "table", "tone_class"]


def tone_class(good: bool | None) -> str:
    """Return the class of a verdict's word."""
    return {True: "good", False: "bad", None: "open"}[good]


def cell(value: Cell) -> str:
    """Return a cell's or a line's part as HTML."""
    match value:
        case Tone():
            return f'<span class="badge {tone_class(value.good)}">{text(value.text)}</span>'
        case Bar():
            drawn = bars.bar(value.low, value.estimate, value.high, value.scale)
            return f"<code>{text(drawn)}</code>"
        case _:
            return text(value)


def table(columns: tuple[Column, ...], rows: list[tuple[list[str], str]], name: str) -> str:
    """Return a table of cells that are HTML already, each row with its class.

    Args:
        columns: headings and what their cells are.
        rows: cells, and the row's class.
        name: what the table is, for its CSV.
    """
    head = "".join(
        f"<th{' class=right' if column.right else ''} data-sort>"
        f"{text(column.heading.replace(chr(10), ' '))}</th>"
        for column in columns
    )
    body = []
    for cells, class_ in rows:
        kept = "".join(
            f"<td{_class(column)}>{each}</td>" for column, each in zip(columns, cells, strict=True)
        )
        body.append(f"<tr{f' class={class_}' if class_ else ''}>{kept}</tr>")
    return (
        f'<div class="scroll"><table data-name="{text(name)}"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )


def _class(column: Column) -> str:
    classes = [name for name, on in (("right", column.right), ("wrap", column.wrap)) if on]
    return f' class="{" ".join(classes)}"' if classes else ""


def section(of: Section, level: int = 2) -> str:
    """Return a section: title, note, table with its CSV, lines."""
    parts = [f"<h{level}>{text(of.title)}</h{level}>"] if level else []
    if of.note:
        parts.append(f'<p class="note">{text(of.note)}</p>')
    if of.rows:
        rows = [
            ([cell(each) for each in row.cells], "minor" if row.minor else "") for row in of.rows
        ]
        parts += [table(of.columns, rows, of.title), csv_link(of)]
    if of.lines:
        parts.append(f"<ul>{''.join(f'<li>{_line(line)}</li>' for line in of.lines)}</ul>")
    return "".join(parts)


def _line(line: Line) -> str:
    return "".join(cell(part) for part in line)


def csv_link(of: Section) -> str:
    """Return a link to the table's numbers as CSV; it needs no script and no network."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([column.heading.replace("\n", " ") for column in of.columns])
    writer.writerows([[_plain(each) for each in row.cells] for row in of.rows])
    address = "data:text/csv;charset=utf-8," + quote(buffer.getvalue(), safe="")
    name = "".join(each if each.isalnum() else "-" for each in of.title)[:60]
    return f'<a class="csv" download="{text(name)}.csv" href="{address}">CSV</a>'


def _plain(value: Cell) -> str:
    match value:
        case Tone():
            return value.text
        case Bar():
            return f"{value.estimate:g} [{value.low:g}, {value.high:g}]"
        case Foreign():
            return tame(value)
        case _:
            return value
