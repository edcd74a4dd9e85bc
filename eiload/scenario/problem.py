"""What is wrong with a scenario, before it is known where in the file that is.

A `Problem` is a path into the data (``("targets", "gpu", "model")``) and a text. Whoever checks
something makes Problems and never stops at the first; `eiload.scenario.reading` alone knows the
file, gives each its line and column and raises them all together.
"""

import difflib
from collections.abc import Collection, Iterable
from typing import NamedTuple

from eiload.units import shown

__all__ = ["Path", "Problem", "choice", "nearest"]

Path = tuple[str | int, ...]
"""Keys and indices from the top of the data to a value."""


class Problem(NamedTuple):
    """One thing that is wrong."""

    path: Path
    text: str
    """What is wrong, what was given and what was expected, in one line without a full stop."""
    at_key: bool = False
    """The key is meant, not the value behind it."""

    def below(self, path: Path) -> "Problem":
        """Return the same problem as seen from further up, `path` away."""
        return self._replace(path=path + self.path)


def nearest(word: str, known: Iterable[str]) -> str:
    """Return `` (did you mean 'x'?)`` with the known word that `word` may have meant, or ''."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def choice(what: str, got: object, known: Collection[str]) -> str:
    """Return the text of a problem: `got` is none of the `known` words."""
    hint = nearest(got, known) if isinstance(got, str) else ""
    offered = " or ".join(map(shown, known))
    return f"{what}, got {shown(got)}; expected {offered}{hint}"
