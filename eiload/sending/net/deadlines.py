"""The deadlines of the requests in flight, at the cost of a dictionary's entry each.

What it knows: that nearly all requests of a target have the same time, so that of those with the
same time the first to begin is the first due, and one alarm for it is enough. What it must not
know: what a request is, what becomes of one whose time is up.

Instants are ns on the monotonic clock.
"""

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

__all__ = ["Deadlines", "Due"]

KEPT = 16
"""Different times that are kept while nobody has them."""


class Due(Protocol):
    """What has a deadline; `timeout_ns` before it, it was added."""

    timeout_ns: int
    deadline_ns: int


Item = TypeVar("Item", bound=Due)


class Deadlines(Generic[Item]):
    """Items by their deadlines.

    Args:
        set_alarm: has `ring` called at an instant, or before; replaces what was set.
        expired: called with an item whose deadline has passed, once it is taken out.
    """

    def __init__(self, set_alarm: Callable[[int], None], expired: Callable[[Item], None]) -> None:
        self._set_alarm = set_alarm
        self._expired = expired
        self._by_timeout: dict[int, dict[Item, None]] = {}
        self._set_ns = 0
        """What the alarm is set to; 0 if it is not."""

    def __len__(self) -> int:
        """Return how many items have time left."""
        return sum(map(len, self._by_timeout.values()))

    def add(self, item: Item) -> None:
        """Add an item, not before those of the same timeout that began earlier."""
        items = self._by_timeout.get(item.timeout_ns)
        if items is None:
            if len(self._by_timeout) >= KEPT:
                self._by_timeout = {t: some for t, some in self._by_timeout.items() if some}
            items = self._by_timeout[item.timeout_ns] = {}
        items[item] = None
        if not self._set_ns or item.deadline_ns < self._set_ns:
            self._arm(item.deadline_ns)

    def discard(self, item: Item) -> None:
        """Take an item out, if it is still there; the alarm may ring for nothing."""
        items = self._by_timeout.get(item.timeout_ns)
        if items is not None:
            items.pop(item, None)

    def ring(self, now_ns: int) -> None:
        """Let go of whatever is due, and have the alarm ring for the next."""
        self._set_ns = 0
        for items in list(self._by_timeout.values()):
            while items and (first := next(iter(items))).deadline_ns <= now_ns:
                del items[first]
                self._expired(first)
        firsts = [next(iter(items)).deadline_ns for items in self._by_timeout.values() if items]
        if firsts:
            self._arm(min(firsts))

    def _arm(self, at_ns: int) -> None:
        self._set_ns = at_ns
        self._set_alarm(at_ns)
