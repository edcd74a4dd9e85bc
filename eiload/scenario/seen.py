"""What a trace was when the scenario was read: its fingerprint, its seconds, what it chooses.

It travels with the scenario to workers and into run files, so that all of them and whoever looks at
the run later mean the same requests, with the trace at hand or without.
"""

import base64
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eiload.base.clock import NS_PER_S
from eiload.scenario.trace import Texts
from eiload.scenario.turn import Codes, Passage, Table

__all__ = ["PhaseCounts", "Seen"]

SECONDS_AT_MOST = 40 * 24 * 3600
"""Of a phase."""

Seconds = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a trace was when the scenario was read."""

    sha256: str
    """Of the file."""
    share: float
    """Which share of its requests is sent (`Replay.scale_to`)."""
    seconds: str
    """The requests of each second of the phase: int32, compressed, base64."""
    choices: tuple[tuple[Texts, int], ...] = ()
    """What the requests of the phase choose, and how many choose it; empty if nothing."""
    targets: tuple[tuple[str, str], ...] = ()
    """Of each target that they choose `seconds` of its own; empty if each goes to all."""

    @staticmethod
    def of(sha256: str, share: float, counts: "PhaseCounts") -> "Seen":
        """Return what was seen."""
        return Seen(
            sha256,
            share,
            _packed(counts.per_second),
            tuple(counts.choices.items()),
            tuple((name, _packed(found)) for name, found in counts.of_targets.items()),
        )

    def per_second(self, target: str | None = None) -> Seconds:
        """Return the requests of each second of the phase; to one target, or to any.

        Raises:
            ValueError: it was damaged.
        """
        whole = _unpacked(self.seconds)
        if target is None or not self.targets:
            return whole
        packed = dict(self.targets).get(target)
        return np.zeros_like(whole) if packed is None else _unpacked(packed)

    def share_of(self, wanted: Mapping[int, str]) -> float:
        """Return the share of the requests that has these texts at these places of a choice."""
        total = sum(count for _, count in self.choices)
        found = sum(
            count
            for texts, count in self.choices
            if all(texts[place] == text for place, text in wanted.items())
        )
        return found / total if total else 0.0


@dataclass(slots=True)
class PhaseCounts:
    """The requests of a phase, counted."""

    per_second: Seconds
    choices: dict[Texts, int]
    """How many choose what; empty if nothing is chosen."""
    of_targets: dict[str, Seconds]
    """Of each target that is chosen; empty if none is."""

    @staticmethod
    def of(
        passages: Iterator[Passage], duration_ns: int, table: Table, place: int | None
    ) -> "PhaseCounts":
        """Count the requests of a phase.

        Args:
            passages: all of them.
            duration_ns: how long it is.
            table: what their codes mean.
            place: which text of a choice is that of the target; None if none is.
        """
        counts = PhaseCounts(np.zeros(-(-duration_ns // NS_PER_S), np.int32), {}, {})
        chosen = np.zeros(0, np.int64)
        for passage in passages:
            seconds = passage.instants // NS_PER_S
            _count(counts.per_second, seconds)
            if passage.codes is None:
                continue
            chosen = _plus(chosen, np.bincount(passage.codes))
            if place is not None:
                counts._count_targets(seconds, passage.codes, table, place)
        counts.choices = {
            table.met[code][0]: int(chosen[code]) for code in np.flatnonzero(chosen).tolist()
        }
        return counts

    def _count_targets(
        self, seconds: NDArray[np.int64], codes: Codes, table: Table, place: int
    ) -> None:
        for code in np.unique(codes).tolist():
            name = table.met[code][0][place]
            mine = self.of_targets.setdefault(name, np.zeros_like(self.per_second))
            _count(mine, seconds[codes == code])


def _count(per_second: Seconds, seconds: NDArray[np.int64]) -> None:
    """Count some requests, which are in order."""
    first = int(seconds[0])
    found = np.bincount(seconds - first)
    per_second[first : first + len(found)] += found.astype(np.int32)


def _plus(one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the sum of two counts of which one may be longer."""
    found = np.zeros(max(len(one), len(other)), np.int64)
    found[: len(one)] += one
    found[: len(other)] += other
    return found


def _packed(per_second: Seconds) -> str:
    return base64.b64encode(zlib.compress(per_second.astype("<i4").tobytes(), 9)).decode()


def _unpacked(text: str) -> Seconds:
    try:
        packed = base64.b64decode(text, validate=True)
        whole = zlib.decompressobj().decompress(packed, SECONDS_AT_MOST * 4)
        return np.frombuffer(whole, "<i4")
    except (zlib.error, ValueError) as error:
        raise ValueError(f"damaged counts of a trace ({error}); expected no 'seen:'") from None
