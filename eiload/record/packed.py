"""A record that grows all run long and is asked for at its end: kept packed.

What it knows: how counts are made small. What it must not know: whose they are.

In memory an `Intervals` takes 16 bytes for each second and bucket that has a request, which is 10
MB an hour at 50 requests a second; nearly all of these bytes are zero. So what has come is packed,
some reports at a time, into a byte for each or less; what comes out is what went in.
"""

import zlib
from collections.abc import Iterator

import numpy as np

from eiload.record.buckets import Ints
from eiload.record.intervals import Intervals

__all__ = ["TOGETHER", "Packed"]

TOGETHER = 20
"""So many reports are kept as they came before they become one that is packed: a minute of a
worker's. More are hardly smaller for it, and leave larger holes in the heap behind."""

LEVEL = 6
"""Of zlib: 9 makes it no smaller, 1 half as large again."""


class Packed:
    """Counts added up, of which the older ones are packed."""

    def __init__(self) -> None:
        self._fresh: list[Intervals] = []
        self._packed: list[tuple[bytes, int, int]] = []

    def add(self, counts: Intervals) -> None:
        """Add counts."""
        self._fresh.append(counts)
        if len(self._fresh) >= TOGETHER:
            self._packed.append(_pack(Intervals.merge(self._fresh)))
            self._fresh = []

    def __iter__(self) -> Iterator[Intervals]:
        """Yield parts that are together what was added."""
        for part in self._packed:
            yield _unpack(*part)
        yield from self._fresh

    @property
    def size_bytes(self) -> int:
        """Return how many bytes the packed ones take."""
        return sum(len(data) for data, _, _ in self._packed)


def _pack(counts: Intervals) -> tuple[bytes, int, int]:
    """Return counts as bytes, with the lengths of their two kinds of columns."""
    columns = (
        np.diff(counts.keys, prepend=0), counts.counts,
        np.diff(counts.moment_keys, prepend=0), counts.sums, counts.mins, counts.maxs,
    )  # fmt: skip
    # All the first bytes, then all the second ones: those that are zero come together.
    text = b"".join(np.ascontiguousarray(_bytes(each).T).tobytes() for each in columns)
    return zlib.compress(text, LEVEL), len(counts.keys), len(counts.moment_keys)


def _bytes(column: Ints) -> "np.ndarray[tuple[int, int], np.dtype[np.uint8]]":
    return column.astype("<i8").view(np.uint8).reshape(-1, 8)


def _unpack(data: bytes, n_keys: int, n_moments: int) -> Intervals:
    lengths = 8 * np.cumsum([n_keys, n_keys, n_moments, n_moments, n_moments])
    text = np.frombuffer(zlib.decompress(data), np.uint8)
    keys, counts, moment_keys, sums, mins, maxs = (
        np.ascontiguousarray(part.reshape(8, -1).T).view("<i8").ravel().astype(np.int64)
        for part in np.split(text, lengths)
    )
    return Intervals(np.cumsum(keys), counts, np.cumsum(moment_keys), sums, mins, maxs)
