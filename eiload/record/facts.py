"""What a run was: its phases, its targets and its workers, as plain values."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from eiload.record.served import Served, served_of

__all__ = ["Answers", "PhaseSpan", "TargetFacts", "WorkerFacts", "facts_of"]


@dataclass(frozen=True, slots=True)
class PhaseSpan:
    """Where a phase lies in the run, in whole seconds from the run's start."""

    index: int
    name: str
    first_second: int
    seconds: int
    """How many seconds hold arrivals of the phase; 0 when the run was stopped before it."""
    warm_up: bool
    closed: bool
    """Closed loop: response times flatter a slow server, so they cannot make an objective pass."""


class Answers(NamedTuple):
    """Sampled answers of one target in one phase."""

    checked: int = 0
    bad: int = 0
    compared: int = 0
    """Those of a comparison's candidate that were held against the baseline's."""
    agreed: int = 0
    """Of these, how many said the same."""

    def plus(self, other: "Answers") -> "Answers":
        """Return the counts of both together."""
        return Answers(*(one + two for one, two in zip(self, other, strict=True)))


@dataclass(frozen=True, slots=True)
class TargetFacts:
    """What preflight and the answers told of a target."""

    name: str
    address: str
    model: str
    emulated: str = ""
    """What was emulated, in words; empty for a real server."""
    first_inference_ns: int | None = None
    """Service time of the very first inference, before the load; None when none was made."""
    notes: tuple[str, ...] = ()
    answers_checked: int = 0
    """Of all phases, like the next three; `Run.answers` tells them apart."""
    answers_bad: int = 0
    answers_compared: int = 0
    answers_agreed: int = 0
    details: dict[str, int] = field(default_factory=dict)
    """Failures of all phases by ``STATUS: text of the server``, with their number."""
    answers: tuple[Answers, ...] = ()
    """By phase, in the scenario's order; empty in the files of versions that did not know."""
    failures: tuple[dict[str, int], ...] = ()
    """`details` by phase; empty likewise."""
    served: tuple[Served, ...] = ()
    """What served its requests, by phase; empty likewise."""
    request_bytes: tuple[int, ...] = ()
    """Of a request in the mean, by the payload's parts; empty likewise."""


@dataclass(frozen=True, slots=True)
class WorkerFacts:
    """What one load-generating pair (Locust process and sender) says of itself."""

    name: str
    cpu_s: float
    """CPU time (user + system) of the pair during the load."""
    wall_s: float
    loop_delay_max_ns: int
    """The longest the sender's event loop was kept from running."""
    rss_bytes: int
    """Resident memory of the pair at the end."""
    steal_share: float = 0.0
    """Share of the machine's CPU time taken by its hypervisor during the load (Linux)."""
    lost: str = ""
    """Why this worker's record is not whole; empty when it is."""


def facts_of(data: Iterable[dict[str, Any]]) -> tuple[TargetFacts, ...]:
    """Read the facts of targets that were written by `asdict`.

    Raises:
        KeyError, TypeError, ValueError: they are not.
    """
    return tuple(
        TargetFacts(
            **{
                **facts,
                "notes": tuple(facts["notes"]),
                "answers": tuple(Answers(*map(int, each)) for each in facts.get("answers", ())),
                "failures": tuple(facts.get("failures", ())),
                "served": served_of(facts.get("served", ())),
                "request_bytes": tuple(map(int, facts.get("request_bytes", ()))),
            }
        )
        for facts in data
    )
