"""How far a run is at this moment, for whoever looks while it goes on.

What it knows: what the coordinator knows. What it must not know: who looks, what is made of it.
"""

import functools
from collections import Counter
from dataclasses import dataclass

from eiload.control.workers import Workers
from eiload.record.facts import Answers, TargetFacts
from eiload.scenario.schedule import Schedule

__all__ = ["Present", "position", "present"]


@dataclass(frozen=True, slots=True)
class Present:
    """A run at one moment."""

    elapsed_ns: int
    """Since second 0 began; 0 before it."""
    begun: bool
    """Whether the load is on, or was."""
    stopped_ns: int | None
    """When it was stopped before its plan ended; None if it was not."""
    targets: tuple[TargetFacts, ...]
    """What was found out of them before the load; empty until then."""
    workers: int
    """How many take part and are not lost."""
    ready: int
    """How many of them have said that they are."""
    in_flight: int
    """Requests without an outcome, by what each worker has reported last."""
    heard_ns: tuple[int, ...]
    """When each that is not over has last reported, from second 0."""
    problems: tuple[str, ...]
    """What went wrong with the generator; any makes the run invalid."""
    failures: dict[str, dict[str, int]]
    """By target's name and ``STATUS: text``, of all phases."""
    answers: dict[str, Answers]
    """Sampled answers by target's name, of all phases."""


def present(workers: Workers, elapsed_ns: int, stopped_ns: int | None, *, begun: bool) -> Present:
    """Return the run as its workers have told it so far.

    Args:
        workers: those who take part.
        elapsed_ns: since second 0.
        stopped_ns: when sending was stopped early, from second 0; None if it was not.
        begun: whether the load is on, or was.
    """
    failures: dict[str, Counter[str]] = {}
    answers: dict[str, Answers] = {}
    for report in workers.reports:
        for name, phases in report.failures.items():
            mine = failures.setdefault(name, Counter())
            for texts in phases:
                if texts:
                    mine.update(texts)
        for name, each in report.answers.items():
            answers[name] = functools.reduce(Answers.plus, each, answers.get(name, Answers()))
    ready = next((worker.ready for worker in workers if worker.ready), None)
    remaining = [worker for worker in workers if not worker.lost]
    return Present(
        elapsed_ns=elapsed_ns,
        begun=begun,
        stopped_ns=max(0, stopped_ns) if begun and stopped_ns is not None else None,
        targets=ready.targets if ready else (),
        workers=len(remaining),
        ready=sum(worker.ready is not None for worker in remaining),
        in_flight=sum(worker.last.in_flight for worker in workers.live if worker.last is not None),
        heard_ns=tuple(worker.heard_ns for worker in workers.live if not worker.coming),
        problems=tuple(workers.problems),
        failures={name: dict(texts) for name, texts in failures.items()},
        answers=answers,
    )


def position(schedule: Schedule, elapsed_ns: int, *, stopping: bool) -> tuple[str, int]:
    """Return the name of the phase at an offset, and the length of all of them, ns.

    It is "drain" after the last phase, and when sending is stopped.
    """
    for phase, start_ns in zip(schedule.traffic, schedule.starts_ns, strict=True):
        if elapsed_ns < start_ns + phase.duration_ns and not stopping:
            return phase.name, schedule.duration_ns
    return "drain", schedule.duration_ns
