"""What goes before a request's body: its request line and header fields, made once.

Follows RFC 9112, section 3 (request line, Host) and 6.2 (Content-Length), and RFC 9110, section 5
(fields).

Rules.

- A load's requests have few different heads: those of a target's payloads, by their lengths. They
  are checked and made by `h11` once, and kept. A connection's `h11` is told of each request only
  what it has to know to read the answer, its method: to tell it all would be half of its cost.
- Fields come from three places: the endpoint's own, the user's metadata, and, where a request has
  them, lines of its own (a signature), which another process may renew while the run goes on.
- A field that decides where a body ends, or a line break in a value, would be another request.
"""

from typing import NamedTuple

import h11

from eiload.sending.endpoint import Pairs

__all__ = ["Head", "Heads", "pairs_of"]

KEPT = 4096
"""Heads that are kept; then they are made anew."""

GET = "GET "
"""In front of a path that is asked for without a body."""

_OURS = frozenset(
    {"connection", "content-length", "expect", "host", "transfer-encoding", "upgrade"}
)
"""Fields that are this wire's."""


class Head(NamedTuple):
    """A request up to its body."""

    event: h11.Request
    """What a connection's `h11` is told of it: a request of its method, without a body."""
    data: bytes
    """What goes over the connection."""


TOLD = {
    verb: h11.Request(method=verb, target="/", headers=[("Host", "told")])
    for verb in ("GET", "POST")
}
"""What a connection's `h11` is told, by the method."""


def pairs_of(lines: bytes) -> Pairs:
    """Return the header fields of a request's own lines."""
    pairs = []
    for line in lines.decode("latin-1").split("\r\n"):
        if line:
            name, _, value = line.partition(":")
            pairs.append((name, value.strip()))
    return tuple(pairs)


class Heads:
    """Makes the heads of one target's requests.

    Args:
        authority: what ``Host`` says.
        pairs: fields that every request has.
    """

    def __init__(self, authority: str, pairs: Pairs) -> None:
        self._pairs = (("Host", authority), ("User-Agent", "eiload"), *pairs)
        self._wrong = next((name for name, _ in pairs if name.lower() in _OURS), "")
        self._kept: dict[tuple[str, int, bytes], Head] = {}

    def head(self, method: str, length: int, lines: bytes = b"") -> Head:
        """Return a request's head.

        Args:
            method: its path, to which `length` bytes are posted; or ``GET`` and its path.
            length: bytes of its body.
            lines: fields of its own, each ``name: value`` and CRLF.

        Raises:
            ValueError: a field is not one that HTTP allows, or is this wire's.
        """
        key = (method, length, lines)
        head = self._kept.get(key)
        if head is None:
            if len(self._kept) >= KEPT:
                self._kept.clear()
            head = self._kept[key] = self._made(method, length, lines)
        return head

    def _made(self, method: str, length: int, lines: bytes) -> Head:
        own = pairs_of(lines)
        wrong = self._wrong or next((name for name, _ in own if name.lower() in _OURS), "")
        if wrong:
            raise ValueError(f"the header field {wrong!r} is the client's own")
        pairs = [*self._pairs, *own]
        verb, path = ("GET", method[len(GET) :]) if method.startswith(GET) else ("POST", method)
        if verb == "POST":
            pairs.append(("Content-Length", str(length)))
        try:
            event = h11.Request(
                method=verb, target=path, headers=[(name, value) for name, value in pairs]
            )
            data = h11.Connection(h11.CLIENT).send(event)
        except (h11.LocalProtocolError, UnicodeEncodeError) as error:
            raise ValueError(f"not a request of HTTP/1.1: {error}") from None
        return Head(TOLD[verb], bytes(data))
