"""What served a target's requests: versions of the model, addresses, sizes of answers.

What it knows: counts that merge in any order. What it must not know: how an answer says which
version gave it, what two versions mean for a verdict.

Versions are those of the answers that were looked at: each worker's first and last one and the
sampled ones; of Locust's users all.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, NamedTuple

__all__ = ["Counting", "Served", "Version", "served_of"]


class Version(NamedTuple):
    """A version of the model, and when it answered."""

    number: int
    first_ns: int
    """When it was first seen, ns from the start of the run."""
    last_ns: int
    answers: int
    """How many of the answers that were looked at are its."""


@dataclass(frozen=True, slots=True)
class Served:
    """What served one target's requests in one phase."""

    answers: int = 0
    """That ended OK."""
    answer_bytes: int = 0
    """Of all of these."""
    largest_bytes: int = 0
    versions: tuple[Version, ...] = ()
    """By when they were first seen."""
    addresses: dict[str, int] = field(default_factory=dict)
    """Requests by the address that they were sent to; empty where the client cannot tell."""

    @property
    def mean_bytes(self) -> float:
        """Return the mean size of an answer; 0 of none."""
        return self.answer_bytes / self.answers if self.answers else 0.0

    def plus(self, other: "Served") -> "Served":
        """Return what both came to."""
        addresses = dict(self.addresses)
        for address, requests in other.addresses.items():
            addresses[address] = addresses.get(address, 0) + requests
        return Served(
            self.answers + other.answers,
            self.answer_bytes + other.answer_bytes,
            max(self.largest_bytes, other.largest_bytes),
            _merged((*self.versions, *other.versions)),
            addresses,
        )

    @staticmethod
    def all(parts: Iterable["Served"]) -> "Served":
        """Return what all of them came to."""
        return reduce(Served.plus, parts, Served())


class Counting:
    """Counts what serves requests while they are answered."""

    def __init__(self) -> None:
        self._answers = self._answer_bytes = self._largest_bytes = 0
        self._versions: dict[int, Version] = {}

    def look(self, version: int, at_ns: int) -> None:
        """Note an answer that says its version, `at_ns` from the start of the run."""
        seen = self._versions.get(version)
        if seen is None:
            self._versions[version] = Version(version, at_ns, at_ns, 1)
        else:
            _, first_ns, last_ns, answers = seen
            first_ns, last_ns = min(first_ns, at_ns), max(last_ns, at_ns)
            self._versions[version] = Version(version, first_ns, last_ns, answers + 1)

    def measure(self, answers: int, answer_bytes: int, largest_bytes: int) -> None:
        """Note how large answers are."""
        self._answers += answers
        self._answer_bytes += answer_bytes
        self._largest_bytes = max(self._largest_bytes, largest_bytes)

    def served(self) -> Served:
        """Return what has served so far."""
        return Served(
            self._answers, self._answer_bytes, self._largest_bytes, _merged(self._versions.values())
        )


def _merged(versions: Iterable[Version]) -> tuple[Version, ...]:
    found: dict[int, Version] = {}
    for each in versions:
        other = found.get(each.number, each._replace(answers=0))
        found[each.number] = Version(
            each.number,
            min(each.first_ns, other.first_ns),
            max(each.last_ns, other.last_ns),
            each.answers + other.answers,
        )
    return tuple(sorted(found.values(), key=lambda each: (each.first_ns, each.number)))


def served_of(data: Iterable[Mapping[str, Any]]) -> tuple[Served, ...]:
    """Read what `asdict` has written, one a phase.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    return tuple(
        Served(
            int(each["answers"]),
            int(each["answer_bytes"]),
            int(each["largest_bytes"]),
            tuple(Version(*map(int, version)) for version in each["versions"]),
            {str(address): int(number) for address, number in each["addresses"].items()},
        )
        for each in data
    )
