"""Releasing answers at their instants: one alarm for all that is due, exact to a fraction of a ms.

This file knows instants and callbacks; what is released and why is not its business, nor how a loop
is woken (`base.alarm`). Polling the clock instead would take a core from the load generator on the
same machine.
"""

import asyncio
import heapq
from collections.abc import Callable

from eiload.base.alarm import alarm_of
from eiload.base.clock import Clock

__all__ = ["Releases"]


class Releases:
    """Callbacks to be called at instants of the monotonic clock, never early."""

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: Clock) -> None:
        self._clock = clock
        self._due: list[tuple[int, int, Callable[[], None]]] = []
        self._count = 0
        self._alarm = alarm_of(loop, self._ring)

    def at(self, instant_ns: int, callback: Callable[[], None]) -> None:
        """Call `callback` at `instant_ns`; at once if that is past."""
        if instant_ns <= self._clock.now_ns():
            callback()
            return
        self._count += 1  # breaks ties in the order of asking
        heapq.heappush(self._due, (instant_ns, self._count, callback))
        self._wind()

    def close(self) -> None:
        """Forget all that is not due yet."""
        self._due.clear()
        self._alarm.close()

    def _ring(self) -> None:
        now_ns = self._clock.now_ns()
        while self._due and self._due[0][0] <= now_ns:
            heapq.heappop(self._due)[2]()
        self._wind()

    def _wind(self) -> None:
        if self._due:
            self._alarm.set(self._due[0][0])
