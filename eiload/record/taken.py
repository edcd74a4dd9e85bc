"""The looks that were taken at a run while it went on, as they are in its file.

What was decided is judged anew from the counts, by whoever reads the file (`judging.looks`); this
says when it was looked at, and what was open then.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["LookFacts", "looks_of", "written"]


@dataclass(frozen=True, slots=True)
class LookFacts:
    """A look, as it was then."""

    second: int
    """Up to which second of the run it is."""
    taken_ns: int
    """When it was judged, ns from the start of the load: all that it is of had to end first."""
    open: tuple[str, ...]
    """What it left open, in words."""


def written(looks: Iterable[LookFacts]) -> list[dict[str, Any]]:
    """Return looks as plain data."""
    return [{**asdict(each), "open": list(each.open)} for each in looks]


def looks_of(data: Iterable[dict[str, Any]]) -> tuple[LookFacts, ...]:
    """Read what `written` wrote.

    Raises:
        KeyError, TypeError, ValueError: it is something else.
    """
    return tuple(
        LookFacts(int(each["second"]), int(each["taken_ns"]), tuple(map(str, each["open"])))
        for each in data
    )
