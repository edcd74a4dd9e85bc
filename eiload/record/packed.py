"""A record that grows all run long and is asked for at its end: kept packed.

What it knows: how counts are made small. What it must not know: whose they are.

In memory an `Intervals` takes 16 bytes for each second and bucket that has a request, which is 10
MB an hour at 50 requests a second; nearly all of these bytes are zero. So what has come is packed,
some reports at a time, into a byte for each or less, and written to a file that has no name and is
gone with the process: what an hour adds to memory does not depend on what was measured. Where no
file can be written, a full disk for one, it stays in memory. What comes out is what went in.
"""

import tempfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import numpy as np

from eiload.record.buckets import Ints
from eiload.record.intervals import Intervals

__all__ = ["TOGETHER", "Packed"]

TOGETHER = 20
"""So many reports are kept as they came before they become one that is packed: a minute of a
worker's. More are hardly smaller for it, and leave larger holes in the heap behind."""

LEVEL = 6
"""Of zlib: 9 makes it no smaller, 1 half as large again."""


class _Part(NamedTuple):
    """Where some reports are that became one."""

    data: bytes
    """Empty if they are in the file."""
    at: int
    length: int
    n_keys: int
    n_moments: int


class Packed:
    """Counts added up, of which the older ones are packed."""

    def __init__(self) -> None:
        self._fresh: list[Intervals] = []
        self._parts: list[_Part] = []
        self._file: BinaryIO | None = None
        self._end = 0

    def add(self, counts: Intervals) -> None:
        """Add counts."""
        self._fresh.append(counts)
        if len(self._fresh) >= TOGETHER:
            data, n_keys, n_moments = _pack(Intervals.merge(self._fresh))
            self._parts.append(self._kept(data, n_keys, n_moments))
            self._fresh = []

    def _kept(self, data: bytes, n_keys: int, n_moments: int) -> _Part:
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  # goes with this
            self._file.seek(self._end)
            written = self._file.write(data)
        except OSError:  # no room, or no folder for it
            written = 0
        if written != len(data):
            return _Part(data, 0, len(data), n_keys, n_moments)
        part = _Part(b"", self._end, len(data), n_keys, n_moments)
        self._end += len(data)
        return part

    def __iter__(self) -> Iterator[Intervals]:
        """Yield parts that are together what was added.

        Raises:
            OSError: the file that holds them cannot be read any more.
        """
        for part in self._parts:
            data = part.data
            if not data and self._file is not None:
                self._file.seek(part.at)
                data = self._file.read(part.length)
            yield _unpack(data, part.n_keys, part.n_moments)
        yield from self._fresh

    @property
    def size_bytes(self) -> int:
        """Return how many bytes the packed ones take, wherever they are."""
        return sum(part.length for part in self._parts)

    @property
    def held_bytes(self) -> int:
        """Return how many of these are in memory."""
        return sum(len(part.data) for part in self._parts)


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
