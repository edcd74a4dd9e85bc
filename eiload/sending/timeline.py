"""What is due when, in the sender, and waking up for it exactly.

What it knows: a heap of instants, and how to have the event loop wake at one. What it must not
know: what the items are, what is done with them.

An `alarm` wakes the loop a little early, and the last bit is polled, one turn of the loop after the
other, so that gRPC's own events are served between two looks at the clock. Polling alone, without
the alarm's timerfd, took a quarter of a core at 200 requests/s (docs/tuning-notes.md).

Instants are ns on the monotonic clock.
"""

import asyncio
import heapq
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from eiload.base.alarm import alarm_of

__all__ = ["Timeline"]

EARLY_NS = 150_000
"""How long before an instant the polling begins: waking up takes 50 to 100 us (measured)."""

BATCH = 100
"""Items handled in one turn of the loop: after a stall, answers must be heard between them."""

Item = TypeVar("Item")

now_ns = time.monotonic_ns


class Timeline(Generic[Item]):
    """Items by their instants, each handed over once its instant has come.

    Args:
        loop: the event loop.
        on_due: takes an item and its instant, never before that instant; those of one instant in
            the order they were pushed.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, on_due: Callable[[int, Item], None]
    ) -> None:
        self._loop = loop
        self._on_due = on_due
        self._heap: list[tuple[int, int, Item]] = []
        self._pushed = 0
        self._polling = False
        self._alarm = alarm_of(loop, self._turn)

    def __len__(self) -> int:
        """Return how many items are not due yet."""
        return len(self._heap)

    def push(self, instant_ns: int, item: Item) -> None:
        """Add an item."""
        self._pushed += 1  # breaks ties in the order of arrival
        heapq.heappush(self._heap, (instant_ns, self._pushed, item))
        if self._heap[0][1] == self._pushed:
            self._arm()

    def cut(self, from_ns: int) -> list[Item]:
        """Take out what is due at or after an instant, and return it in no special order."""
        gone = [entry[2] for entry in self._heap if entry[0] >= from_ns]
        self._heap = [entry for entry in self._heap if entry[0] < from_ns]
        heapq.heapify(self._heap)
        return gone

    def _arm(self) -> None:
        """See to it that `_turn` runs in time for the first item."""
        if self._polling or not self._heap:
            return
        wake_ns = self._heap[0][0] - EARLY_NS
        if now_ns() < wake_ns:
            self._alarm.set(wake_ns)
        else:
            self._polling = True
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        self._polling = False
        for _ in range(BATCH):
            if not self._heap or self._heap[0][0] > now_ns():
                break
            instant_ns, _, item = heapq.heappop(self._heap)
            self._on_due(instant_ns, item)
        self._arm()
