"""What was read of servers, GPUs and hosts beside the load: numbers over time, as they were read.

What it knows: readings, and their form in a run file. What it must not know: where numbers come
from, what they mean (`eiload.observe`).

A *source* is a page of metrics or a device. It is read about once a second; a *reading* is stamped
with the instant at which its first byte came. A *series* is one number of a source: it is kept as
its changes only, because most of a histogram's buckets never change. A number that is not on a page
any more has changed to None.
"""

import base64
import json
import math
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Floats", "Labels", "Pieces", "Series", "Source", "joined", "observed_of", "written"]

Floats = NDArray[np.float64]
Labels = tuple[tuple[str, str], ...]
"""In the order of their names."""


@dataclass(frozen=True, slots=True)
class Series:
    """One number over time."""

    name: str
    labels: Labels
    changes: tuple[tuple[int, float | None], ...]
    """From which reading on it had which value; None: it was not there. In ascending order."""

    def label(self, name: str) -> str:
        """Return a label's value; empty if it has none of the name."""
        return dict(self.labels).get(name, "")

    def values(self, readings: int) -> Floats:
        """Return the value at each reading, shape (readings,); NaN where it was not there."""
        found = np.full(readings, np.nan)
        if self.changes:
            at = np.array([first for first, _ in self.changes])
            values = [np.nan if value is None else value for _, value in self.changes]
            found[at[0] :] = np.repeat(values, np.diff(at, append=readings))
        return found


@dataclass(frozen=True, slots=True)
class Source:
    """Everything that was read of one source."""

    kind: str
    """``tfs``, ``ovms``, ``dcgm``, ``node``, ``gpu``, ``host``; empty if that was never known."""
    name: str
    """Where it is, in words: an address, ``nvml``."""
    every_ns: int
    """How often it was to be read."""
    at_ns: tuple[int, ...] = ()
    """When each reading's first byte came, ns from the start of the load; before it: negative."""
    series: tuple[Series, ...] = ()
    changed: int = 0
    """Readings that said something else than the one before."""
    missed: int = 0
    """Times at which there was no reading, or one that took too long."""
    why: str = ""
    """Why there was none, the last time; empty if there always was."""
    took_ns: int = 0
    """Of all readings together, from asking to the last byte."""
    cpu_ns: int = 0
    """Of our own CPU that they cost."""
    emulated: bool = False
    """It is a stand-in's."""

    @property
    def readings(self) -> int:
        """Return how many readings there are."""
        return len(self.at_ns)

    def named(self, name: str, /, **labels: str) -> list[Series]:
        """Return the series of a name that have these labels, perhaps among others."""
        wanted = labels.items()
        return [
            each
            for each in self.series
            if each.name == name and wanted <= dict(each.labels).items()
        ]


def joined(pieces: Sequence[Source]) -> Source:
    """Return a source of which the readings came piece by piece, in order, as one.

    A piece's series are the numbers that have changed in it, by its own readings; what it tells of
    all readings (how many were missed, what they cost) is of all up to then.
    """
    changes: dict[tuple[str, Labels], list[tuple[int, float | None]]] = {}
    at_ns: list[int] = []
    for piece in pieces:
        for each in piece.series:
            mine = changes.setdefault((each.name, each.labels), [])
            mine += [(len(at_ns) + at, value) for at, value in each.changes]
        at_ns += piece.at_ns
    series = tuple(Series(*key, tuple(mine)) for key, mine in sorted(changes.items()))
    return replace(pieces[-1], at_ns=tuple(at_ns), series=series)


class Pieces:
    """What was read of all targets, as it comes piece by piece from a journal."""

    def __init__(self) -> None:
        self._pieces: list[list[list[Source]]] = []
        """By target, source and time."""

    def add(self, data: Sequence[Sequence[Mapping[str, Any]]]) -> None:
        """Take the next piece of each source, by target, as `written` wrote it.

        Raises:
            KeyError, TypeError, ValueError, AttributeError: it is none.
        """
        for target, sources in enumerate(data):
            while len(self._pieces) <= target:
                self._pieces.append([])
            mine = self._pieces[target]
            for number, piece in enumerate(observed_of(sources)):
                while len(mine) <= number:
                    mine.append([])
                mine[number].append(piece)

    def sources(self) -> tuple[tuple[Source, ...], ...]:
        """Return all of it as a run has it."""
        return tuple(tuple(map(joined, sources)) for sources in self._pieces)


def written(sources: Iterable[Source]) -> list[dict[str, Any]]:
    """Return the sources of one target as plain data, the form of the run file."""
    return [
        {
            **{name: getattr(source, name) for name in _PLAIN},
            "at_ns": list(source.at_ns),
            "series": _packed(source.series),
        }
        for source in sources
    ]


_PLAIN = {
    **dict.fromkeys(("kind", "name", "why"), str),
    **dict.fromkeys(("every_ns", "changed", "missed", "took_ns", "cpu_ns"), int),
    "emulated": bool,
}
"""The fields that are what they are, and what they are."""


UNPACKED_AT_MOST = 1 << 30
"""Bytes of a source's series: a day of TensorFlow Serving's page is 100 MB."""


def _packed(series: Iterable[Series]) -> str:
    """Return series as text: a page says a hundred numbers a second, most of them alike."""
    plain = [
        [each.name, dict(each.labels), [[at, _short(value)] for at, value in each.changes]]
        for each in series
    ]
    text = json.dumps(plain, allow_nan=False, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode("ascii")


def _short(value: float | None) -> float | None:
    return int(value) if value is not None and value == int(value) else value


def observed_of(data: Sequence[Mapping[str, Any]]) -> tuple[Source, ...]:
    """Read what `written` wrote.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: it is none.
    """
    return tuple(
        Source(
            **{name: of(source[name]) for name, of in _PLAIN.items()},
            at_ns=tuple(map(int, source["at_ns"])),
            series=tuple(
                _series(name, labels, changes, len(source["at_ns"]))
                for name, labels, changes in _unpacked(source["series"])
            ),
        )
        for source in data
    )


def _unpacked(text: str) -> Any:
    try:
        unpacker = zlib.decompressobj()
        found = unpacker.decompress(base64.b64decode(text, validate=True), UNPACKED_AT_MOST)
    except zlib.error as error:
        raise ValueError(f"damaged series: {error}") from error
    if not unpacker.eof:
        raise ValueError("damaged series: cut off, or larger than any run's")
    return json.loads(found)


def _series(name: str, labels: Mapping[str, str], changes: Any, readings: int) -> Series:
    try:
        read = tuple((int(at), None if value is None else float(value)) for at, value in changes)
    except OverflowError as error:
        raise ValueError(f"{name} changes at no reading: {error}") from error
    if any(value is not None and not math.isfinite(value) for _, value in read):
        raise ValueError(f"{name} has a value that is no number")
    instants = [at for at, _ in read]
    if instants != sorted(set(instants)) or any(not 0 <= at < readings for at in instants):
        raise ValueError(f"{name} does not change when it was read")
    pairs = tuple(sorted((str(key), str(value)) for key, value in labels.items()))
    return Series(str(name), pairs, read)
