"""The sender's pulse: what it tells of itself twice a second, and what its silence means.

What it knows: the figures of the process that it runs in, and how much silence is too much. What it
must not know: requests, sockets, who does what about it. Both ends of the conversation use it.
"""

import resource
import sys
import time
from typing import NamedTuple

from eiload.base.clock import NS_PER_S

__all__ = ["CHECK_STEP_NS", "PULSE_S", "SILENCE_NS", "Silence", "Stats", "measured"]

PULSE_S = 0.5
"""How often the sender tells that it lives and how it is."""

SILENCE_NS = 5 * NS_PER_S
"""A sender that has said nothing for so long hangs."""

CHECK_STEP_NS = NS_PER_S
"""The most of the time between two checks that counts as the sender's silence: what is beyond it
was a pause of this process, in which nobody listened."""


class Stats(NamedTuple):
    """One pulse."""

    cpu_ns: int
    loop_delay_ns: int
    """How much later than due it was: how long the loop had been kept busy."""
    in_flight: int
    rss_bytes: int


def measured(in_flight: int, loop_delay_ns: int) -> Stats:
    """Return this process's pulse."""
    return Stats(time.process_time_ns(), loop_delay_ns, in_flight, _rss_bytes())


class Silence:
    """How long a sender has said nothing, as far as anybody listened."""

    def __init__(self) -> None:
        self._checked_ns = 0
        self._silent_ns = 0

    def broken(self) -> None:
        """Take note that it has said something."""
        self._silent_ns = 0

    def too_long(self, now_ns: int) -> bool:
        """Tell whether it hangs; to be asked about once a second."""
        self._silent_ns += min(now_ns - self._checked_ns, CHECK_STEP_NS)
        self._checked_ns = now_ns
        return self._silent_ns > SILENCE_NS


def _rss_bytes() -> int:
    """Return the resident memory now (Linux) or its peak (elsewhere), bytes."""
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123  # pathlib costs more here
            return int(file.read().split()[1]) * resource.getpagesize()
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
