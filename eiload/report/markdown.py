r"""A run as GitHub-flavoured Markdown: for pull requests and job summaries.

Pure. What is said is in `content`; this file knows the markup and how to disarm text in it. Foreign
text that is more than letters and digits becomes a code span: there nothing is markup, no name
turns into a mention or a link, and HTML stays text. A pipe ends a table's cell even in a code span
and is written ``\|`` (GitHub Flavored Markdown Spec, sections 4.10 and 6.3).
"""

import re
from collections.abc import Iterable

from eiload.judging.judgement import Judgement
from eiload.record.run import Run
from eiload.report import bars, words
from eiload.report.content import sections
from eiload.report.section import Bar, Cell, Foreign, Line, Section, Tone

__all__ = ["render"]

TEXT_AT_MOST = 2000
"""Characters of one text: a server's messages may be long."""

_TAME = re.compile(r"[A-Za-z0-9]+(?:[.-][A-Za-z0-9]+)*")
"""Foreign text that cannot be markup wherever it stands, links aside."""

_ITEM = re.compile(r"([-+]|[0-9]+(?=[.)]))")
"""What begins a list at the beginning of a line (Spec, section 5.2)."""

_ACTIVE = re.compile(r"([\\`*_\[\]#|~$^])")
"""What can be markup within a line, to be escaped by a backslash (Spec, section 6.1)."""

_LINKED = re.compile(r"@|://|www\.", re.IGNORECASE)
"""What GitHub turns into mentions and links, backslashes or not (Spec, section 6.9)."""

_SIGNS = {True: "✅", False: "❌", None: "❔"}


def render(run: Run, judgement: Judgement) -> str:
    """Return the report as Markdown; its first line is the one that says it all."""
    return page(sections(run, judgement), judgement.summary)


def page(parts: Iterable[Section], first: str) -> str:
    """Return sections one below the other, below a first line that says it all."""
    blocks = [f"**{_plain(first).strip() or '-'}**"]
    for section in parts:
        blocks += _section(section)
    return "\n\n".join(blocks) + "\n"


def _section(section: Section) -> list[str]:
    blocks = [f"### {_plain(section.title)}"]
    if section.note:
        blocks.append(f"<sub>{_plain(section.note)}</sub>")
    if section.rows:
        header = " | ".join(_plain(column.heading.replace("\n", " ")) for column in section.columns)
        rule = " | ".join("--:" if column.right else ":--" for column in section.columns)
        rows = [" | ".join(_cell(cell) for cell in row.cells) for row in section.rows]
        blocks.append("\n".join(f"| {line} |" for line in [header, rule, *rows]))
    if section.lines:
        blocks.append("\n".join(_line(line) for line in section.lines))
    return blocks


def _line(line: Line) -> str:
    """Return a line as an item of a list, below the one before it when it is indented."""
    text = "".join(_cell(part) for part in line)
    level = "  " if text.startswith("  ") else ""
    text = text.strip()
    if begun := _ITEM.match(text):
        # A backslash before a digit would be shown; before the dot or the sign it is not.
        at = begun.end() if text[0].isdigit() else 0
        text = f"{text[:at]}\\{text[at:]}"
    return f"{level}- {text}"


def _cell(cell: Cell) -> str:
    match cell:
        case Bar():
            return _code(bars.bar(cell.low, cell.estimate, cell.high, cell.scale))
        case Foreign():
            tame = _TAME.fullmatch(cell) and not _LINKED.search(cell)
            return cell if tame else _code(cell)
        case Tone():
            return f"{_SIGNS[cell.good]} {_plain(cell.text)}"
        case _:
            return _plain(cell)


def _plain(text: str) -> str:
    """Return text that reads as it is, whatever is in it."""
    if _LINKED.search(text):
        return _code(text)
    html = (
        words.safe(text, TEXT_AT_MOST)
        .replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
    )
    return _ACTIVE.sub(r"\\\1", html)


def _code(text: str) -> str:
    """Return a code span; its fence is longer than any run of backticks in the text."""
    shown = words.safe(text, TEXT_AT_MOST).replace("|", r"\|")
    longest = max((len(run) for run in re.findall(r"`+", shown)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if not shown.strip() or shown[0] in "` " or shown[-1] in "` " else ""
    return f"{fence}{pad}{shown}{pad}{fence}"
