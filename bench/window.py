"""CPU time per request while the load is on: between two looks, of which each knows both.

What it knows: how to run a command and look at it, again and again: what its processes have used so
far (the kernel's CPU clock of each, exact to the ns), and what has reached the server so far. What
it must not know: who the command is, rounds, tables.

Nothing has to be taken off for starting up, reading images or a report at the end, and nobody is
asked how many requests it has sent.
"""

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import psutil

from bench.process import TIMEOUT_S, Running, Spent, started, tree
from bench.server import Counted

__all__ = ["Look", "Window", "cost_ms"]

LOOK_S = 0.1

FEWEST = 30
"""With fewer requests in between there is no figure: what a process costs by being there would be
divided by next to nothing."""

EDGE = 0.05
"""What share of the requests is left out at both ends, where a load begins and ends."""


@dataclass(frozen=True, slots=True)
class Look:
    """A command and its server at one moment."""

    cpu_s: Mapping[int, float]
    """By process: user and system time of all of its threads so far."""
    requests: int
    """What has reached the server so far."""


def cost_ms(looks: Sequence[Look]) -> float | None:
    """Return the CPU time per request, ms, of all processes while the load was on.

    It is that between the first look that saw a twentieth of all requests, and the last that did
    not see more than all but a twentieth. None if there are no two such looks.
    """
    total = looks[-1].requests if looks else 0
    inner = [look for look in looks if EDGE * total <= look.requests <= (1 - EDGE) * total]
    if len(inner) < 2 or inner[-1].requests - inner[0].requests < FEWEST:
        return None
    first, last = inner[0], inner[-1]
    used_s = sum(cpu_s - first.cpu_s.get(pid, 0.0) for pid, cpu_s in last.cpu_s.items())
    return used_s * 1000 / (last.requests - first.requests)


class Window:
    """Runs commands that load a server, and looks.

    Args:
        counted: returns what has reached the server since it was last asked.
    """

    def __init__(self, counted: Callable[[], Counted | None]) -> None:
        self._counted = counted
        self.looks: list[Look] = []
        self.total: Counted | None = None
        """What has reached the server in all; None if it does not count."""

    def finished(
        self,
        command: Sequence[str],
        env: Mapping[str, str] | None = None,
        *,
        timeout_s: float = TIMEOUT_S,
    ) -> Spent:
        """Run a command to its end, as `process.finished`, and look meanwhile."""
        self._counted()  # what came before is nobody's
        self.looks.clear()
        self.total = None
        give_up_s = time.monotonic() + timeout_s
        with started(command, env) as running:
            while (spent := running.poll()) is None:
                if time.monotonic() > give_up_s:
                    return running.wait(timeout_s)  # raises, with what the command said
                self._look(running)
                time.sleep(LOOK_S)
        self._add()
        if self.looks and self.total is not None:
            self.looks.append(Look(self.looks[-1].cpu_s, self.total.requests))
        return spent

    def _add(self) -> None:
        new = self._counted()
        if new is not None:
            self.total = new if self.total is None else Counted.together([self.total, new])

    def _look(self, running: Running) -> None:
        self._add()
        if self.total is not None:
            self.looks.append(Look(cpu_of(running.pid), self.total.requests))


def cpu_of(pid: int) -> dict[int, float]:
    """Return the CPU time, s, of a process and its living descendants, by process id."""
    found = {}
    for process in tree(pid):
        with contextlib.suppress(OSError, psutil.Error):
            found[process.pid] = time.clock_gettime(_cpu_clock(process.pid))
    return found


def _cpu_clock(pid: int) -> int:
    """Return the id of a process's CPU clock, as clock_getcpuclockid(3) makes it on Linux."""
    scheduler = 2
    return (~pid << 3) | scheduler
