"""Agents that answer at once, as told: no process, no socket, real threads and clock.

And the scenarios of this room's tests.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from eiload.base.clock import NS_PER_MS, SystemClock
from eiload.control.coordinator import Coordinator
from eiload.control.messages import Failed, Final, Go, Order, Prepare, Ready, encode
from eiload.record.facts import Answers, TargetFacts, WorkerFacts
from eiload.record.intervals import Intervals
from eiload.record.journal import Journal
from eiload.record.recorder import Recorder
from eiload.record.run import Run
from eiload.scenario import Scenario, build
from eiload.scenario.schedule import Schedule
from eiload.sending.arrays import RESULT_DTYPE

PATIENCE_S = 60

Heard = TypeVar("Heard")


def a_scenario(**changes: Any) -> Scenario:
    """Return a scenario of one target and, as far as time goes, nothing to wait for."""
    plain = {
        "name": "coordinated",
        "targets": {"gpu": {"server": "127.0.0.1:1", "model": "ssd", "deadline": "1 ms"}},
        "payload": {"synthetic": "8x8"},
        "traffic": [{"phase": "steady", "rate": "2000/s", "for": "100 ms"}],
    }
    return build({**plain, **changes}, "test", Path())


def two_targets(address: str, **changes: Any) -> Scenario:
    """Return a scenario of two targets at one address and a second of traffic."""
    target = {"server": address, "model": "ssd", "deadline": "10 s"}
    plain = {
        "name": "two",
        "targets": {"a": target, "b": target},
        "payload": {"synthetic": {"width": 8, "height": 8, "count": 3}},
        "sample": 0,
        "traffic": [{"phase": "steady", "rate": "60/s", "for": "1 s"}],
    }
    return build({**plain, **changes}, "test", Path())


class Script:
    """Agents that answer at once, as told; their coordinator under test."""

    def __init__(
        self,
        scenario: Scenario,
        workers: int = 2,
        journal: Journal | None = None,
        **options: Any,
    ) -> None:
        self.told: list[tuple[str, Order]] = []
        self.said: list[str] = []
        self.answers: dict[type[Order], Callable[[str, Order], None]] = {
            Prepare: self.ready,
            Go: self.everything,
        }
        self.names = [f"w{i}" for i in range(workers)]
        self.coordinator = Coordinator(
            scenario,
            self.names,
            send=self._hear,
            clock=SystemClock(),
            say=self.said.append,
            on_intervals=lambda _intervals: None,
            journal=journal,
            **options,
        )
        self.schedule = Schedule(scenario.traffic, scenario.seed)

    def _hear(self, name: str, order: Order) -> None:
        self.told.append((name, order))
        if (answer := self.answers.get(type(order))) is not None:
            answer(name, order)

    def say(self, name: str, content: object) -> None:
        """Have something arrive from an agent, over the network."""
        self.coordinator.hear(name, content)

    def ready(self, name: str, order: Order, digest: str = "same") -> None:
        """Be ready."""
        facts = TargetFacts(name="gpu", address="127.0.0.1:1", model="ssd")
        self.say(name, encode(Ready(run=order.run, digest=digest, targets=(facts,))))

    def fail(self, name: str, order: Order, why: str, status: int) -> None:
        """Be unable."""
        self.say(name, encode(Failed(run=order.run, why=why, exit_status=status)))

    def everything(self, name: str, order: Order) -> None:
        """Report the whole slice as answered, and end."""
        self.final(name, order, self.slice_of(self.names.index(name)))

    def slice_of(self, index: int) -> Intervals:
        """Return the records of one slice, each request answered within 1 ms."""
        recorder = Recorder(0)
        for chunk in self.schedule.chunks():
            numbers = chunk.first + np.arange(len(chunk.offsets_ns))
            offsets = chunk.offsets_ns[numbers % len(self.names) == index]
            results = np.zeros(len(offsets), RESULT_DTYPE)
            results["intended_ns"], results["phase"] = offsets, chunk.phase
            results["sent_ns"], results["done_ns"] = offsets + 1, offsets + NS_PER_MS
            recorder.record(results)
        return recorder.take()

    def final(
        self,
        name: str,
        order: Order,
        intervals: Intervals,
        lost: str = "",
        ended_ns: int | None = None,
    ) -> None:
        """Make the final report."""
        report = Final(
            run=order.run,
            intervals=intervals,
            failures={"gpu": ({},)},
            answers={"gpu": (Answers(checked=1),)},
            facts=WorkerFacts(name, 0.1, 0.1, 0, 0, lost=lost),
            ended_ns=self.schedule.duration_ns if ended_ns is None else ended_ns,
        )
        self.say(name, encode(report))

    def play(self) -> Coordinator:
        """Conduct the run to its end."""
        self.coordinator.start()
        assert self.coordinator.done.wait(PATIENCE_S)
        return self.coordinator

    def run(self) -> Run:
        """Conduct the run to its end and return it."""
        run = self.play().run
        assert run is not None, self.coordinator.error
        return run

    def heard(self, kind: type[Heard]) -> list[tuple[str, Heard]]:
        """Return the orders of a kind that were sent to agents."""
        return [(name, order) for name, order in self.told if isinstance(order, kind)]
