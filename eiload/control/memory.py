"""How many bytes of requests a load process may have in flight, by the memory there is.

What it knows: this machine's memory, and what a container or a limit leaves of it. What it must not
know: who sends. A server that does not answer must not cost the process that sends: what would be
more is dropped, and counted as that.

Workers do not know how many of them share a machine. As many as it has CPUs is the usual most, so
each takes its part of half of the memory by the smaller of that number and of all workers.
"""

import contextlib
import os
import resource
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

from eiload.base import wording
from eiload.record.facts import TargetFacts
from eiload.scenario import Scenario

__all__ = ["available_bytes", "bound_bytes", "limit_bytes", "told"]

AT_LEAST_BYTES = 64_000_000
"""Enough for a load of large requests that is no overload."""

CGROUP = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")
_CURRENT, _MOST = "memory.current", "memory.max"  # cgroup v2
_CURRENT_V1, _MOST_V1 = "memory.usage_in_bytes", "memory.limit_in_bytes"


def limit_bytes(scenario: Scenario, workers: int) -> int:
    """Return the guard of each of so many workers: the scenario's, or by this machine's memory."""
    if scenario.max_in_flight_bytes is not None:
        return scenario.max_in_flight_bytes
    cpus = os.cpu_count() or 1
    space = resource.getrlimit(resource.RLIMIT_AS)[0]
    return bound_bytes(
        available_bytes(), None if space == resource.RLIM_INFINITY else space, min(workers, cpus)
    )


def bound_bytes(available: int, address_space: int | None, processes: int) -> int:
    """Return a load process's bound.

    Args:
        available: memory that nobody uses, bytes.
        address_space: how much each process may have mapped (``RLIMIT_AS``); None for no limit. A
            quarter of it is left for requests, beside code and what each of them takes more.
        processes: how many may be on this machine.
    """
    parts = [available // 2 // max(1, processes)]
    if address_space is not None:
        parts.append(address_space // 4)
    return max(AT_LEAST_BYTES, min(parts))


def available_bytes(cgroup: Path = CGROUP, own: Path = OWN) -> int:
    """Return how much memory is left to this process, bytes; by a limit on its group if less.

    Args:
        cgroup: where the kernel shows control groups: a container's own, or all of the machine's.
        own: in which of them this process is, for each kind (cgroups(7)).
    """
    available = int(psutil.virtual_memory().available)
    for folder, most, current in _groups(cgroup, own):
        try:
            left = int((folder / most).read_text()) - int((folder / current).read_text())
        except (OSError, ValueError):  # no such limit ("max"), or no such files
            continue
        available = min(available, max(0, left))
    return available


def _groups(cgroup: Path, own: Path) -> Iterator[tuple[Path, str, str]]:
    """Return where limits may be, and the names of limit and use: in this group and all above."""
    mine: dict[str, str] = {"": "", "memory": ""}  # in a container its own is the topmost
    with contextlib.suppress(OSError):
        for line in own.read_text().splitlines():
            _, kinds, path = line.split(":", 2)
            mine.update((kind, path.strip("/")) for kind in kinds.split(",") if kind in mine)
    for kind, names in (("", (_MOST, _CURRENT)), ("memory", (_MOST_V1, _CURRENT_V1))):
        below = Path(mine[kind])
        for group in (below, *below.parents):
            yield (cgroup / kind / group, *names)


def told(bound: int, scenario: Scenario, targets: Sequence[TargetFacts]) -> str:
    """Return what is to be said of a bound before the load; empty if it is never the closer one."""
    largest = max((size for facts in targets for size in facts.request_bytes), default=0)
    if largest * scenario.max_in_flight <= bound:
        return ""
    why = "" if scenario.max_in_flight_bytes is not None else ", by the memory there is"
    most = wording.count(max(1, bound // largest), "request")
    return (
        f"in flight at most {bound / 1e6:,.0f} MB in each load process (max_in_flight_bytes){why}: "
        f"{most} of the largest, fewer than max_in_flight"
    )
