"""Sections as a page: a plan, a comparison of separate runs, whatever has no pictures."""

from collections.abc import Iterable

from eiload.report.html.document import document
from eiload.report.html.svg import text
from eiload.report.html.tables import section
from eiload.report.section import Section

__all__ = ["page"]


def page(title: str, said: str, tone: str, parts: Iterable[Section]) -> str:
    """Return sections below a sentence.

    Args:
        title: what it is about.
        said: the sentence that says it all.
        tone: `good`, `bad`, `open`, or nothing.
        parts: the sections.
    """
    head = (
        f'<header><h1>{text(title)}</h1><p class="verdict {text(tone)}">{text(said)}</p></header>'
    )
    return document(title, head + "".join(section(each) for each in parts))
