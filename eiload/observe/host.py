"""CPU time of the machine, by psutil: where the server under test is on the master's machine.

What the hypervisor took is `steal`, on Linux. Elsewhere node_exporter's page says the same
(`pages`); the names are its own.
"""

import time

import psutil

from eiload.base.clock import Clock
from eiload.observe.pages import Values
from eiload.observe.reader import Reading

__all__ = ["MODES", "Host"]

MODES = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
"""Of CPU time; a guest's is part of the first two (proc(5), /proc/stat)."""


class Host:
    """Reads the CPU time of this machine."""

    name = "this machine"
    emulated = False

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def close(self) -> None:
        """Do nothing."""

    def read(self) -> Reading:
        """Read it."""
        asked_ns, begun_ns = self._clock.now_ns(), time.thread_time_ns()
        times = psutil.cpu_times()
        values: Values = {
            ("host_cpu_s", (("mode", mode),)): float(getattr(times, mode))
            for mode in MODES
            if hasattr(times, mode)
        }
        now_ns, cpu_ns = self._clock.now_ns(), time.thread_time_ns() - begun_ns
        return Reading(asked_ns, now_ns - asked_ns, cpu_ns, "host", values, tuple(values.values()))
