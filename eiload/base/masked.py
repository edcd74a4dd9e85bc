"""What is shown instead of what may be a secret.

The sender has it, too, so that it imports next to nothing.
"""

import re
from collections.abc import Iterable

__all__ = ["MASK", "masked"]

MASK = "***"


def masked(text: str, values: Iterable[str]) -> str:
    """Return a text with `MASK` for each of the values, in their order, in whatever case."""
    for value in values:
        text = re.sub(re.escape(value), MASK, text, flags=re.IGNORECASE)
    return text
