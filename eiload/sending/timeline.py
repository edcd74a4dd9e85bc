"""What is due when, in the sender, and waking up for it exactly.

What it knows: a heap of instants, and how to have the event loop wake at one. What it must not
know: what the items are, what is done with them.

A loop's own timers round to whole milliseconds, which would be lag. On Linux a timerfd wakes the
loop at any ns of the very clock that instants are on; elsewhere the loop's timer wakes it a
millisecond early. Either way the last bit is polled, one turn of the loop after the other, so that
gRPC's own events are served between two looks at the clock. Polling alone, without the timerfd,
took a quarter of a core at 200 requests/s (docs/tuning-notes.md).

Instants are ns on the monotonic clock.
"""

import asyncio
import contextlib
import ctypes
import heapq
import os
import sys
import time
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

__all__ = ["Timeline"]

EARLY_NS = 150_000
"""How long before an instant the polling begins: waking up takes 50 to 100 us (measured)."""

LOOP_TIMER_NS = 1_050_000
"""How much earlier the loop's own timer is set: it rounds to whole ms, by half a ms up or down,
from a time that it knows to the ms."""

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
        self._alarm = _alarm(loop, self._turn)

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


class _Alarm(Protocol):
    """Rings once, at or a little before the instant it was last set to, or for no reason."""

    def set(self, at_ns: int) -> None: ...


def _alarm(loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> _Alarm:
    """Return the best alarm that this system has."""
    if sys.platform == "linux" and sys.maxsize > 1 << 32:  # the layout below is that of 64 bits
        with contextlib.suppress(OSError, AttributeError, NotImplementedError):
            return _TimerFd(loop, ring)
    return _LoopTimer(loop, ring)


class _LoopTimer:
    """The event loop's own timer, set so early that its rounding cannot make it late."""

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> None:
        self._loop = loop
        self._ring = ring
        self._timer: asyncio.TimerHandle | None = None

    def set(self, at_ns: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
        wait_s = max(0, at_ns - LOOP_TIMER_NS - now_ns()) / 1e9
        self._timer = self._loop.call_later(wait_s, self._ring)


class _ITimerSpec(ctypes.Structure):
    """``struct itimerspec``: an interval (0: once) and an instant, s and ns each."""

    _fields_ = tuple(
        (name, ctypes.c_long) for name in ("interval_s", "interval_ns", "at_s", "at_ns")
    )


class _TimerFd:
    """timerfd_create(2) by way of the C library (Python has it from 3.13 on)."""

    _ABSOLUTE = 1  # TFD_TIMER_ABSTIME

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._settime = libc.timerfd_settime
        # TFD_NONBLOCK and TFD_CLOEXEC are defined as these.
        self._fd: int = libc.timerfd_create(time.CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        self._spec = _ITimerSpec()
        self._set_ns = 0
        self._ring = ring
        loop.add_reader(self._fd, self._rung)

    def set(self, at_ns: int) -> None:
        if at_ns != self._set_ns:
            self._set_ns = at_ns
            self._spec.at_s, self._spec.at_ns = divmod(at_ns, 1_000_000_000)
            self._settime(self._fd, self._ABSOLUTE, ctypes.byref(self._spec), None)

    def _rung(self) -> None:
        with contextlib.suppress(BlockingIOError):  # set anew after the loop had seen it ring
            os.read(self._fd, 8)
            self._set_ns = 0
            self._ring()
