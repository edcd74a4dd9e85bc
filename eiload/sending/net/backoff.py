"""When to try again to connect.

Follows gRPC's doc/connection-backoff.md: each attempt waits longer than the one before, up to a
limit, and by a factor of chance, so that the clients of a server that comes back do not all come at
once. The limits are eiload's: a server that comes back is found within seconds.
"""

import random

from eiload.base.clock import NS_PER_MS, NS_PER_S

__all__ = ["Backoff"]

INITIAL_NS = 200 * NS_PER_MS
MAX_NS = 2 * NS_PER_S
MULTIPLIER = 1.6
JITTER = 0.2
"""doc/connection-backoff.md."""


class Backoff:
    """The waits between attempts.

    Args:
        chance: where the factor of chance comes from.
    """

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._next_ns = float(INITIAL_NS)

    def wait_ns(self) -> int:
        """Return how long after its beginning a failed attempt is followed by the next."""
        wait_ns = self._next_ns * self._chance.uniform(1 - JITTER, 1 + JITTER)
        self._next_ns = min(MAX_NS, self._next_ns * MULTIPLIER)
        return int(wait_ns)

    def reset(self) -> None:
        """Forget the failures: a connection was of use."""
        self._next_ns = float(INITIAL_NS)
