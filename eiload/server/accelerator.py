"""An emulated accelerator: when would each inference be done? A queueing model, pure and seeded.

It knows arrivals, slots, laws of time and faults, on a virtual timeline: it is told the instant of
each arrival and answers with the instant of its release. It holds no clock, waits for nothing and
knows neither gRPC nor tensors. Because the answer follows from the arrivals' instants alone, the
emulated law is exact however busy the machine is; whoever releases the answers late (`release.py`)
adds an error that it can state, not one that piles up in the queue.

The model:

- Arrivals are served in order. Each takes the slot (of `concurrency`) that is free first:
  ``start = max(arrival, slot free)``, ``release = start + service``. While it waits it counts
  against `queue`; with the queue full it is turned away at once.
- service = computing time x `slowdown` x (1 + `further_image` x (images - 1)), and with
  ``attach: network`` one round trip and ``bytes / bandwidth``. A slot is taken for all of it: the
  server's thread waits for the accelerator. Transfers in different slots do not share bandwidth.
- Attaching (the first inference: `cold_start`; after idling: `reattach`) keeps every slot waiting
  until it is done; where each slot attaches by itself, it alone waits, at its first inference.
- In a stall time stands still: what is under way ends later by as much as it met of it.
- A failing request takes its turn and its time. A hanging one frees its slot and is never answered.
- Each arrival uses up the same random draws whatever becomes of it, so the n-th arrival has the
  same times in two runs with one seed, also if the runs differ in load.
"""

import heapq
from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from eiload.base.clock import NS_PER_S
from eiload.scenario.standin import StandIn
from eiload.server.gpu import EmulatedGpu
from eiload.server.laws import Draw, Gaps, law

__all__ = ["Accelerator", "Admission", "Overload"]


class Admission(NamedTuple):
    """An inference that was taken on."""

    arrival_ns: int
    start_ns: int
    """When its slot was free and the accelerator attached."""
    release_ns: int
    """When its answer is due."""
    fails: bool = False
    hangs: bool = False

    @property
    def server_ns(self) -> int:
        """Return how long it is in the server: waiting and service, ns."""
        return self.release_ns - self.arrival_ns


@dataclass(frozen=True, slots=True)
class Overload:
    """An inference that was turned away: `queue` others wait already."""

    waiting: int


class Accelerator:
    """The emulated accelerator of one model."""

    def __init__(
        self, settings: StandIn, origin_ns: int = 0, *, each_slot_attaches: bool = False
    ) -> None:
        """Make one that is idle and not yet attached.

        Args:
            settings: what it is like.
            origin_ns: the instant at which its time begins; no arrival is earlier.
            each_slot_attaches: each slot is a worker with a model of its own, which it loads at its
                first inference, while the others go on.

        Raises:
            ScenarioError: the file of an empirical law cannot be used.
        """
        seeds = [int(n) for n in np.random.SeedSequence(settings.seed).generate_state(4, np.uint64)]
        self._settings = settings
        self._compute: Draw = law(settings.compute, seeds[0])
        self._round_trip = law(settings.round_trip, seeds[1]) if settings.round_trip else None
        self._gaps = Gaps(settings.stalls, origin_ns, seeds[2]) if settings.stalls else None
        self._gap = self._gaps.next() if self._gaps else None
        self._gaps_ahead: deque[tuple[int, int]] = deque()
        self._faults = np.random.default_rng(seeds[3])
        self._fail_rate = settings.fail.rate if settings.fail else 0.0
        self._faulty = bool(self._fail_rate or settings.hang)
        self._free_ns = [origin_ns] * settings.concurrency
        self._slots_ns: deque[int] = deque()
        self._attached_ns: int | None = None
        self._to_load = settings.concurrency if each_slot_attaches else 0
        self._busy_until_ns = origin_ns
        self.gpu = EmulatedGpu(origin_ns)

    def __repr__(self) -> str:
        """Return what is going on, for the log and for tests."""
        return f"<Accelerator {self._settings.attach}, {len(self._slots_ns)} waiting>"

    def arrive(self, now_ns: int, request_bytes: int, images: int = 1) -> Admission | Overload:
        """Take on, or turn away, an inference that arrives at `now_ns`.

        Args:
            now_ns: the instant of its arrival; never earlier than the one before.
            request_bytes: size of its input tensors.
            images: how many images it carries.

        Returns:
            When its answer is due, or that there is no room.
        """
        service_ns = self._service_ns(request_bytes, images)
        fails = hangs = False
        if self._faulty:
            fate = self._faults.random()
            hangs = fate < self._settings.hang
            fails = not hangs and fate < self._settings.hang + self._fail_rate
        waiting = self._waiting(now_ns)
        limit = self._settings.queue
        if limit is not None and waiting >= limit and self._free_ns[0] > now_ns:
            return Overload(waiting)
        slot_ns = max(now_ns, self._free_ns[0])
        start_ns = self._attach(slot_ns)
        release_ns = self._through_stalls(start_ns, start_ns + service_ns)
        heapq.heapreplace(self._free_ns, release_ns)
        self._busy_until_ns = max(self._busy_until_ns, release_ns)
        self.gpu.runs(start_ns, release_ns, now_ns)
        if slot_ns > now_ns:
            self._slots_ns.append(slot_ns)
        return Admission(now_ns, start_ns, release_ns, fails=fails, hangs=hangs)

    def _service_ns(self, request_bytes: int, images: int) -> int:
        settings = self._settings
        service_ns = self._compute() * settings.slowdown
        service_ns *= 1.0 + settings.further_image * (images - 1)
        if self._round_trip is not None:
            service_ns += self._round_trip()
        if settings.bandwidth is not None:
            service_ns += request_bytes / settings.bandwidth * NS_PER_S
        return round(service_ns)

    def _waiting(self, now_ns: int) -> int:
        """Return how many of those taken on have no slot yet; slots are given in order."""
        slots_ns = self._slots_ns
        while slots_ns and slots_ns[0] <= now_ns:
            slots_ns.popleft()
        return len(slots_ns)

    def _attach(self, start_ns: int) -> int:
        """Return when an inference can begin that would begin at `start_ns` if all is attached."""
        reattach = self._settings.reattach
        if self._to_load:
            # The slot that is free first is given, so those that never had one come first.
            self._to_load -= 1
            self._attached_ns = start_ns
            return start_ns + self._settings.cold_start_ns
        if self._attached_ns is None:
            self._attached_ns = start_ns + self._settings.cold_start_ns
        elif reattach is not None and start_ns - self._busy_until_ns >= reattach.idle_ns:
            self._attached_ns = start_ns + reattach.for_ns
        return max(start_ns, self._attached_ns)

    def _through_stalls(self, start_ns: int, end_ns: int) -> int:
        """Return when work from `start_ns` ends that would end at `end_ns` without stalls.

        Starts never go back, so a stall that ended before one start matters to none after it.
        """
        if self._gaps is None:
            return end_ns
        ahead = self._gaps_ahead
        while ahead and ahead[0][1] <= start_ns:
            ahead.popleft()
        for begin_ns, stop_ns in ahead:
            if begin_ns >= end_ns:
                return end_ns
            end_ns += stop_ns - max(begin_ns, start_ns)
        while True:
            gap = self._gap
            assert gap is not None
            if gap[0] >= end_ns:
                return end_ns
            self._gap = self._gaps.next()
            if gap[1] > start_ns:
                ahead.append(gap)
                end_ns += gap[1] - max(gap[0], start_ns)
