"""What a load process and its sender have used of the machine since the load began.

What it knows: the system's accounts of this process and of the machine. What it must not know: the
load. The sender tells its own part with its pulse (`reply.Stats`).
"""

import time
from dataclasses import dataclass
from typing import Self

import psutil

from eiload.base.clock import NS_PER_S, Clock
from eiload.record.facts import WorkerFacts
from eiload.sending.engine import Engine

__all__ = ["Used", "facts"]


@dataclass(frozen=True, slots=True)
class Used:
    """Accounts at one moment."""

    cpu_s: float = 0.0
    """CPU time of this process and its sender."""
    wall_s: float = 0.0
    stolen_s: float = 0.0
    """CPU time of the whole machine that its hypervisor gave to others."""
    machine_s: float = 0.0
    """CPU time of the whole machine, idle and stolen included."""

    @classmethod
    def now(cls, engine: Engine | None, clock: Clock) -> Self:
        """Read the accounts."""
        sender_s = engine.stats.cpu_ns / NS_PER_S if engine else 0.0
        times = psutil.cpu_times()
        return cls(
            time.process_time() + sender_s,
            clock.now_ns() / NS_PER_S,
            float(getattr(times, "steal", 0.0)),  # Linux has it
            float(sum(times[:8])),  # those after it are part of the first two
        )


def facts(name: str, since: Used, engine: Engine | None, clock: Clock, lost: str) -> WorkerFacts:
    """Return what a worker says of itself: what it used since a moment, and whether it was lost."""
    now = Used.now(engine, clock)
    sender_bytes = engine.stats.rss_bytes if engine else 0
    return WorkerFacts(
        name=name,
        cpu_s=now.cpu_s - since.cpu_s,
        wall_s=now.wall_s - since.wall_s,
        loop_delay_max_ns=engine.loop_delay_max_ns if engine else 0,
        rss_bytes=psutil.Process().memory_info().rss + sender_bytes,
        steal_share=(now.stolen_s - since.stolen_s) / max(now.machine_s - since.machine_s, 1e-9),
        lost=lost,
    )
