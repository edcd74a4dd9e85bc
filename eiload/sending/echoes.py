"""What a server says back of what the request said in confidence.

What it knows: that values of metadata may be secrets, and that servers and proxies repeat them in
the texts of their errors ("token abc... is not valid"), which end in reports, logs and run files.
What it must not know: where a text goes.
"""

import json
import re
from binascii import b2a_base64
from collections.abc import Iterable
from urllib.parse import quote

from eiload.base.masked import masked
from eiload.sending.endpoint import Endpoint

__all__ = ["SHORTEST", "Echoes"]

SECRET_FIELDS = frozenset({"x-amz-security-token"})
"""Which fields of a request's own are secrets. A signature (``authorization``) is none: it is good
for one body and some minutes, and what it is made with is not in it. The name of the key in it is
nobody else's affair."""

_KEY_NAME = re.compile(r"Credential=([^/,\s]+)/")

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
        self._always = values
        self._learnt: dict[int, frozenset[str]] = {}
        """What the latest header fields of each target's requests have of secrets."""
        self._values = _sorted(values)

    def learn(self, target: int, headers: bytes) -> None:
        """Take note of the secrets in header fields that requests to a target have from now on."""
        found = frozenset(_secrets(headers))
        if found != self._learnt.get(target, frozenset()):
            self._learnt[target] = found
            self._values = _sorted(self._always.union(*self._learnt.values()))

    def masked(self, text: str) -> str:
        """Return a text with `base.masked.MASK` for each of the values."""
        return masked(text, self._values)


def _sorted(values: Iterable[str]) -> list[str]:
    # The longest first: "Bearer abc" is one thing, and not a word before a mask.
    return sorted(values, key=lambda value: (-len(value), value))


def _secrets(headers: bytes) -> Iterable[str]:
    """Yield what is secret in a request's own header fields: a signature's is its token."""
    for line in headers.decode("latin-1").split("\r\n"):
        name, _, value = line.partition(":")
        values = [value.strip()] if name.strip().lower() in SECRET_FIELDS else []
        if name.strip().lower() == "authorization":
            values += _KEY_NAME.findall(value)
        yield from (each for each in values if len(each) >= SHORTEST)


def _parts(value: str) -> Iterable[str]:
    """Yield a value, and the credentials in it: what follows the scheme (RFC 9110, 11.4).

    Each as it stands and as it is written where not every character may stand: in an address, in
    JSON, in base64, whose last character depends on what follows.
    """
    _, _, credentials = value.partition(" ")
    for part in (value, credentials.strip()):
        yield part
        yield quote(part, safe="")
        yield json.dumps(part)[1:-1]
        yield b2a_base64(part.encode(), newline=False).rstrip(b"=")[:-1].decode()
