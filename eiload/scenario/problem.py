"""What is wrong with a scenario, before it is known where in the file that is.

A `Problem` is a path into the data (``("targets", "gpu", "model")``) and a text. Whoever checks
something makes Problems and never stops at the first; `eiload.scenario.reading` alone knows the
file, gives each its line and column and raises them all together.
"""

import re
from typing import NamedTuple

__all__ = ["Path", "Problem"]

Path = tuple[str | int, ...]
"""Keys and indices from the top of the data to a value."""


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
