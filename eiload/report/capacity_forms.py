"""The forms of a capacity search's report, by name: the command's options, the web UI's links.

What it knows: which there are, what a file of each is called and what type it has. What it must
not know: where a report goes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from eiload.judging.capacity.result import Result, Search
from eiload.report import capacity, capacity_json, capacity_junit, markdown, terminal
from eiload.report.html import capacity as html

__all__ = ["FORMS", "Form"]


@dataclass(frozen=True, slots=True)
class Form:
    """One form of a report."""

    file: str
    """What a file of it is called."""
    type_: str
    """Of the internet's media types."""
    render: Callable[[Search, Result], str]

    @property
    def shown(self) -> bool:
        """Tell whether a browser shows it, and need not keep it."""
        return self.type_ in {"text/html", "text/plain"}


def _markdown(search: Search, found: Result) -> str:
    return markdown.page(capacity.sections(search, found), found.summary)


def _text(search: Search, found: Result) -> str:
    return terminal.page(
        capacity.sections(search, found), found.summary, terminal.PLAIN, good=True, first=True
    )


FORMS: Mapping[str, Form] = {
    "html": Form("capacity.html", "text/html", html.render),
    "json": Form("capacity.json", "application/json", capacity_json.render),
    "markdown": Form("capacity.md", "text/markdown", _markdown),
    "junit": Form("capacity.xml", "application/xml", capacity_junit.render),
    "text": Form("capacity.txt", "text/plain", _text),
}
"""By the name that an option has, in the order in which they are offered."""
