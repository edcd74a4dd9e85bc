"""Instants, and the clock that they are read from.

Every instant in eiload is an ``int`` of nanoseconds on the system's monotonic clock, which is the
same for all processes of one machine and does not step when the wall clock is set. Modules that
decide anything take instants as arguments; the edges that prepare, send and end a run hold a
`Clock`. Tests hold a `ManualClock`, so that an hour of waiting costs nothing. The sending process
and what merely waits or gives up (for a reader, a worker, a signal) ask the same clock directly.

`wall_ns` exists for labels only (when did this run start); no duration is ever computed from it.
"""

import time
from pathlib import Path
from typing import Protocol

__all__ = ["NS_PER_MS", "NS_PER_S", "Clock", "ManualClock", "SystemClock", "boot_id"]

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000


class Clock(Protocol):
    """What the edges need to know of time."""

    def now_ns(self) -> int:
        """Return the present instant, ns on a clock that never goes back."""
        ...

    def wall_ns(self) -> int:
        """Return the wall clock, ns since the Unix epoch; a label, never a base for durations."""
        ...

    def sleep_until(self, instant_ns: int) -> None:
        """Block the calling thread (or greenlet) until ``now_ns() >= instant_ns``."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_ns(self) -> int:
        """Return the present instant, ns on the monotonic clock."""
        return time.monotonic_ns()

    def wall_ns(self) -> int:
        """Return ns since the Unix epoch."""
        return time.time_ns()

    def sleep_until(self, instant_ns: int) -> None:
        """Block until `instant_ns`; with gevent's patches only the calling greenlet waits."""
        while (left_ns := instant_ns - time.monotonic_ns()) > 0:
            time.sleep(left_ns / NS_PER_S)


class ManualClock:
    """A clock that stands still until it is told to move; for tests."""

    def __init__(self, now_ns: int = 0) -> None:
        self._now_ns = now_ns

    def now_ns(self) -> int:
        """Return the instant that the test has set."""
        return self._now_ns

    def wall_ns(self) -> int:
        """Return the same instant: a manual clock starts at the epoch."""
        return self._now_ns

    def sleep_until(self, instant_ns: int) -> None:
        """Move to `instant_ns` at once."""
        self._now_ns = max(self._now_ns, instant_ns)

    def advance(self, by_ns: int) -> None:
        """Move forward by `by_ns`.

        Raises:
            ValueError: `by_ns` is negative.
        """
        if by_ns < 0:
            raise ValueError(f"`by_ns` must be >= 0, got {by_ns!r}")
        self._now_ns += by_ns


def boot_id() -> str | None:
    """Return what names this boot of this machine, or None where the system does not say.

    Two processes that read the same id share one monotonic clock, so an instant of one of them
    means the same to the other. (Linux: proc(5), ``/proc/sys/kernel/random/boot_id``.)
    """
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return None
