"""What a server says back of what the request said in confidence.

What it knows: that values of metadata may be secrets, and that servers and proxies repeat them in
the texts of their errors ("token abc... is not valid"), which end in reports, logs and run files.
What it must not know: where a text goes.
"""

from collections.abc import Iterable

from eiload.base.wording import MASK
from eiload.sending.endpoint import Endpoint

__all__ = ["SHORTEST", "Echoes"]

SHORTEST = 6
"""Shorter values are words that stand in many texts, and no secrets."""


class Echoes:
    """Takes the values of metadata out of texts.

    Args:
        endpoints: whose metadata is not to be seen.
    """

    def __init__(self, endpoints: Iterable[Endpoint] = ()) -> None:
        values = {
            part
            for endpoint in endpoints
            for _, value in endpoint.metadata
            for part in _parts(value)
            if len(part) >= SHORTEST
        }
        # The longest first: "Bearer abc" is one thing, and not a word before a mask.
        self._values = sorted(values, key=lambda value: (-len(value), value))

    def masked(self, text: str) -> str:
        """Return a text with `MASK` for each of the values."""
        for value in self._values:
            if value in text:
                text = text.replace(value, MASK)
        return text


def _parts(value: str) -> Iterable[str]:
    """Yield a value, and the credentials in it: what follows the scheme (RFC 9110, 11.4)."""
    yield value
    _, _, credentials = value.partition(" ")
    yield credentials.strip()
