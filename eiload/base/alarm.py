"""Waking an event loop at an instant, to a fraction of a millisecond.

What it knows: one instant and whom to call. What it must not know: what is due then.

A loop's own timers round to whole milliseconds, which would be lag in the sender and a wrong law in
the stand-in. On Linux the alarm is a timerfd (timerfd_create(2)): the kernel's high-resolution
timer as a file descriptor that the loop watches. Elsewhere it is the loop's timer, set so early
that its rounding cannot make it late; whoever is called looks at the clock and, if it is too soon,
sets the alarm again, which polls the last bit, a turn of the loop at a time.

Instants are ns on the monotonic clock.
"""

import asyncio
import contextlib
import ctypes
import os
import sys
import time
from collections.abc import Callable
from typing import Protocol

from eiload.base.clock import NS_PER_S

__all__ = ["Alarm", "alarm_of"]

LOOP_TIMER_NS = 1_050_000
"""How much earlier the loop's own timer is set: uvloop rounds to whole ms, by half a ms up or down,
from a time that it knows to the ms."""


class Alarm(Protocol):
    """Rings at the instant it was last set to, on some systems a ms or two early.

    It may ring for no reason too: who is called looks at the clock.
    """

    def set(self, at_ns: int) -> None:
        """Ring at `at_ns`, at once if that is past; replaces what was set."""

    def close(self) -> None:
        """Ring no more."""


def alarm_of(loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> Alarm:
    """Return the best alarm that this system has; `ring` is called by the loop."""
    if sys.platform == "linux" and sys.maxsize > 1 << 32:  # the layout below is that of 64 bits
        with contextlib.suppress(OSError, AttributeError, NotImplementedError):
            return _TimerFd(loop, ring)
    return _LoopTimer(loop, ring)


class _LoopTimer:
    """The event loop's own timer, set early."""

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> None:
        self._loop = loop
        self._ring = ring
        self._set_ns = 0
        self._timer: asyncio.TimerHandle | None = None

    def set(self, at_ns: int) -> None:
        if at_ns != self._set_ns:
            self.close()
            self._set_ns = at_ns
            wait_s = max(0, at_ns - LOOP_TIMER_NS - time.monotonic_ns()) / NS_PER_S
            self._timer = self._loop.call_later(wait_s, self._rung)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _rung(self) -> None:
        self._set_ns = 0
        self._ring()


class _ITimerSpec(ctypes.Structure):
    """``struct itimerspec``: an interval (0: once) and an instant (0: never), s and ns each."""

    _fields_ = tuple(
        (name, ctypes.c_long) for name in ("interval_s", "interval_ns", "at_s", "at_ns")
    )


class _TimerFd:
    """The kernel's timer, by way of the C library (`os` has it from Python 3.13 on)."""

    _ABSOLUTE = 1  # TFD_TIMER_ABSTIME, linux/timerfd.h

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> None:
        # PyDLL: these calls take a microsecond; letting go of the GIL for them would cost more.
        libc = ctypes.PyDLL(None, use_errno=True)
        self._settime = libc.timerfd_settime
        # TFD_NONBLOCK and TFD_CLOEXEC are defined as these.
        self._fd: int = libc.timerfd_create(time.CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        self._loop = loop
        self._spec = _ITimerSpec()
        self._set_ns = 0
        self._ring = ring
        loop.add_reader(self._fd, self._rung)

    def set(self, at_ns: int) -> None:
        if at_ns != self._set_ns:
            self._set_ns = at_ns
            self._settle(at_ns)

    def close(self) -> None:
        self._loop.remove_reader(self._fd)
        os.close(self._fd)
        self._fd = -1  # it may be closed while it rings, and the number be somebody else's

    def _rung(self) -> None:
        self._set_ns = 0
        try:
            self._ring()
        finally:
            # Setting it also makes it unreadable again, so nobody needs to read it; but somebody
            # must set it, or the loop would find it readable for ever.
            if not self._set_ns:
                self._settle(0)

    def _settle(self, at_ns: int) -> None:
        self._spec.at_s, self._spec.at_ns = divmod(at_ns, NS_PER_S)
        self._settime(self._fd, self._ABSOLUTE, ctypes.byref(self._spec), None)
