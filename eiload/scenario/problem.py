"""What is wrong with a scenario, before it is known where in the file that is.

A `Problem` is a path into the data (``("targets", "gpu", "model")``) and a text. Whoever checks
something makes Problems and never stops at the first; `eiload.scenario.reading` alone knows the
file, gives each its line and column and raises them all together.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

__all__ = ["Path", "Problem", "part"]

Path = tuple[str | int, ...]
"""Keys and indices from the top of the data to a value."""


def part(whole: object, key: str, attribute: str | None = None) -> Any:
    """Return a part of what was given, however wrong it may be; None if there is none.

    Args:
        whole: a mapping from a file, or a record from code.
        key: the mapping's.
        attribute: the record's, if it is called otherwise.
    """
    if isinstance(whole, Mapping):
        return whole.get(key)
    return getattr(whole, attribute or key, None)


class Problem(NamedTuple):
    """One thing that is wrong."""

    path: Path
    text: str
    """What is wrong, what was given and what was expected, in one line without a full stop."""
    at_key: bool = False
    """The key is meant, not the value behind it."""

    def __str__(self) -> str:
        """Return it in one line: ``targets.gpu.model: not a text, ...``."""
        where = ""
        for part in self.path:
            if isinstance(part, int):
                where += f"[{part}]"
            else:
                word = part if re.fullmatch(r"[\w-]{1,64}", part) else f"{part[:64]!r}"
                where += f".{word}" if where else word
        return f"{where}: {self.text}" if where else self.text

    def below(self, path: Path) -> "Problem":
        """Return the same problem as seen from further up, `path` away."""
        return self._replace(path=path + self.path)
