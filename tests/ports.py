"""Ports that a test may give to a server which is started later.

A port that the system gives (port 0) and that is closed again may be anybody's a moment later: of
another test process that asks, or of any connection that is made meanwhile. So these lie below the
range that systems give ports from, and each test process on this machine has a hundred for itself
for as long as it runs: it listens on the first of them.
"""

import functools
import itertools
import os
import socket
from collections.abc import Iterator

__all__ = ["free_port"]

FIRST, LAST = 20_000, 32_700
"""Linux gives ports from 32,768 on, macOS from 49,152 on."""
EACH = 100


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on, and that only this process may take."""
    return next(port for port in _own() if _is_free(port))


@functools.cache
def _own() -> Iterator[int]:
    """Claim a hundred ports; yield all but the first, which is the claim, again and again."""
    hundreds = range(FIRST, LAST, EACH)
    begin = os.getpid() % len(hundreds)
    for first in (*hundreds[begin:], *hundreds[:begin]):
        claim = socket.socket()
        try:
            claim.bind(("127.0.0.1", first))
            claim.listen()
        except OSError:
            claim.close()
        else:
            _claims.append(claim)
            return itertools.cycle(range(first + 1, first + EACH))
    raise RuntimeError(f"no hundred ports are free between {FIRST} and {LAST}")


_claims: list[socket.socket] = []
"""Kept open until this process ends."""


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
