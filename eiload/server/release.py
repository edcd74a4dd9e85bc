"""Releasing answers at their instants: one alarm for all that is due, exact to a fraction of a ms.

Event loops round their timers to whole milliseconds, and polling the clock instead would take a
core from the load generator on the same machine. So on Linux the one alarm is a timerfd
(timerfd_create(2)): the kernel's high-resolution timer as a file descriptor that the loop watches.
Elsewhere the loop's own timer wakes us a little early and the rest is polled.

This file knows instants and callbacks; what is released and why is not its business.
"""

import asyncio
import ctypes
import heapq
import os
import sys
from collections.abc import Callable
from typing import Protocol

from eiload.base.clock import NS_PER_S, Clock

__all__ = ["Releases"]

TIMER_STEP_NS = 1_500_000
"""Without a timerfd: how long before the instant polling begins; libuv's timers tick in ms."""


class _Alarm(Protocol):
    def set(self, instant_ns: int) -> None:
        """Ring at `instant_ns` and not before, 0 for never; replaces what was set."""

    def close(self) -> None:
        """Ring no more."""


class Releases:
    """Callbacks to be called at instants of the monotonic clock, never early."""

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: Clock) -> None:
        self._clock = clock
        self._due: list[tuple[int, int, Callable[[], None]]] = []
        self._count = 0
        self._set_ns: int | None = None
        kind = _TimerFd if sys.platform == "linux" else _Polling
        self._alarm: _Alarm = kind(loop, clock, self._ring)

    def at(self, instant_ns: int, callback: Callable[[], None]) -> None:
        """Call `callback` at `instant_ns`; at once if that is past."""
        if instant_ns <= self._clock.now_ns():
            callback()
            return
        self._count += 1
        heapq.heappush(self._due, (instant_ns, self._count, callback))
        self._wind()

    def close(self) -> None:
        """Forget all that is not due yet."""
        self._due.clear()
        self._alarm.close()

    def _ring(self) -> None:
        self._set_ns = None
        now_ns = self._clock.now_ns()
        while self._due and self._due[0][0] <= now_ns:
            heapq.heappop(self._due)[2]()
        self._wind()
        if self._set_ns is None:
            self._alarm.set(0)

    def _wind(self) -> None:
        if self._due and (self._set_ns is None or self._due[0][0] < self._set_ns):
            self._set_ns = self._due[0][0]
            self._alarm.set(self._set_ns)


class _TimeSpec(ctypes.Structure):
    _fields_ = (("tv_sec", ctypes.c_long), ("tv_nsec", ctypes.c_long))


class _TimerSpec(ctypes.Structure):
    _fields_ = (("interval", _TimeSpec), ("value", _TimeSpec))


class _TimerFd:
    """The kernel's timer; `os` has it since Python 3.13 only."""

    _CLOCK_MONOTONIC = 1  # linux/time.h
    _ABSOLUTE = 1  # TFD_TIMER_ABSTIME, linux/timerfd.h

    def __init__(
        self, loop: asyncio.AbstractEventLoop, _clock: Clock, ring: Callable[[], None]
    ) -> None:
        # PyDLL: these calls take a microsecond; letting go of the GIL for them would cost more.
        self._libc = ctypes.PyDLL(None, use_errno=True)
        self._fd = self._libc.timerfd_create(self._CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create failed")
        self._loop = loop
        self._spec = _TimerSpec()
        # Ringing sets it anew, which also makes it unreadable again: nobody needs to read it.
        loop.add_reader(self._fd, ring)

    def set(self, instant_ns: int) -> None:
        self._spec.value.tv_sec, self._spec.value.tv_nsec = divmod(instant_ns, NS_PER_S)
        self._libc.timerfd_settime(self._fd, self._ABSOLUTE, ctypes.byref(self._spec), None)

    def close(self) -> None:
        self._loop.remove_reader(self._fd)
        os.close(self._fd)


class _Polling:
    """The loop's timer up to a little before the instant, then one look per turn of the loop."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, clock: Clock, ring: Callable[[], None]
    ) -> None:
        self._loop = loop
        self._clock = clock
        self._ring = ring
        self._instant_ns = 0
        self._handle: asyncio.Handle | None = None

    def set(self, instant_ns: int) -> None:
        self.close()
        self._instant_ns = instant_ns
        if instant_ns:
            self._wait()

    def close(self) -> None:
        if self._handle is not None:
            self._handle.cancel()

    def _wait(self) -> None:
        left_ns = self._instant_ns - self._clock.now_ns()
        if left_ns <= 0:
            self._ring()
        elif left_ns <= TIMER_STEP_NS:
            self._handle = self._loop.call_soon(self._wait)
        else:
            self._handle = self._loop.call_later((left_ns - TIMER_STEP_NS) / NS_PER_S, self._wait)
