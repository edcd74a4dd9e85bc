"""Mergeable counts per target, phase and second.

What it knows: how counts are kept, merged, cut and packed. What it must not know: results,
scenarios, objectives, files, clocks.

Everything countable is a count under one int64 key (class, target, phase, kind, second, bucket):
histogram buckets of response time, service time and its parts, of requests that ended OK; of the
lag of all that were sent; and one bucket per status for all. `Intervals` holds the keys sorted and
unique with their counts, plus the exact sum, minimum and maximum per (class, target, phase, kind,
second). Merging is concatenating and adding equal keys, so it is lossless, associative and
commutative: the merge of parts is the record of the whole, whichever process counted which part.

The class is that of a mix's requests, 0 for all where there is none; what is asked of a target
(`slab`, `moments`, `statuses`) is of class 0: ask what is `folded`, or `of_class`.
"""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from eiload.base.status import Status
from eiload.record.buckets import Ints

__all__ = [
    "CLASS_SHIFT",
    "FILE_BYTES",
    "NO_CLASS",
    "PARTS",
    "Intervals",
    "Kind",
    "base_of",
    "class_of",
    "grouped",
    "parts_of",
]


class Kind(IntEnum):
    """What a count is of."""

    RESPONSE = 0
    """Response times (done - intended) of OK requests."""
    SERVICE = 1
    """Service times (done - sent) of OK requests."""
    LAG = 2
    """Lag (sent - intended) of every request that was sent."""
    STATUS = 3
    """Requests by status; the bucket is the `Status`."""
    BLOCKED = 4
    """Parts of the service times of OK requests, whose sum it is, where the client can tell: how
    long the server kept a request from being sent; counted of those that it did."""
    UPLOAD = 5
    """From its first byte to its last."""
    WAIT = 6
    """From its last byte to the first of the answer."""
    DOWNLOAD = 7
    """From there to the answer's end."""
    WIRE = 8
    """Requests that had to wait to be sent, or were sent again, however they ended; the bucket is
    the flag of `sending.result` that says so."""


PARTS = (Kind.BLOCKED, Kind.UPLOAD, Kind.WAIT, Kind.DOWNLOAD)
"""The parts of a service time, in their order."""

# A key's bits, from the top: group of kinds 2, class 4, target 4, phase 8, kind within its group 2,
# second 25 (388 days), bucket 17; 62 in all. Groups came later: keys of the first are as they were.
BUCKET_BITS = 17
_SECOND_BITS = 25
KIND_SHIFT = BUCKET_BITS + _SECOND_BITS
PHASE_SHIFT = KIND_SHIFT + 2
TARGET_SHIFT = PHASE_SHIFT + 8
CLASS_SHIFT = TARGET_SHIFT + 4
NO_CLASS = 15
"""Class of requests of a mix of which nobody knows which they were, as they are lost."""
_GROUP_SHIFT = CLASS_SHIFT + 4
MAX_SECOND = (1 << _SECOND_BITS) - 1

_KEYS = 1 << (_GROUP_SHIFT + 2)
_WITHOUT_CLASS = ~(15 << CLASS_SHIFT)
_MAX_COUNT = 1 << 40
"""More than any run has; sums of so many columns stay far from overflowing."""

FILE_BYTES = 1 << 29
"""How long the longest runs' records may be, inflated; those of a day's run take a third."""


def parts_of(keys: Ints) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """Return target, phase, kind, second and bucket of each key."""
    return (
        (keys >> TARGET_SHIFT) & 15,
        (keys >> PHASE_SHIFT) & 0xFF,
        _kinds(keys),
        (keys >> BUCKET_BITS) & MAX_SECOND,
        keys & ((1 << BUCKET_BITS) - 1),
    )


def class_of(keys: Ints) -> Ints:
    """Return the class of each key."""
    return (keys >> CLASS_SHIFT) & 15


def base_of(kind: Kind) -> int:
    """Return what a kind adds to a key."""
    return (kind >> 2 << _GROUP_SHIFT) | ((kind & 3) << KIND_SHIFT)


def _kinds(keys: Ints) -> Ints:
    return (keys >> _GROUP_SHIFT << 2) | ((keys >> KIND_SHIFT) & 3)


@dataclass(frozen=True, slots=True, eq=False)
class Intervals:
    """Counts per target, phase and second; a value: merging makes a new one.

    All arrays are int64; `keys` and `moment_keys` are sorted and unique.
    """

    keys: Ints
    counts: Ints
    moment_keys: Ints
    sums: Ints
    mins: Ints
    maxs: Ints

    @staticmethod
    def empty() -> "Intervals":
        """Return the neutral element of `merge`."""
        none = np.empty(0, np.int64)
        return Intervals(none, none, none, none, none, none)

    def __eq__(self, other: object) -> bool:
        """Tell whether both hold the same counts and moments."""
        if not isinstance(other, Intervals):
            return NotImplemented
        return all(
            np.array_equal(mine, theirs)
            for mine, theirs in zip(self._columns(), other._columns(), strict=True)
        )

    __hash__ = None  # type: ignore[assignment]  # arrays inside

    def __repr__(self) -> str:
        """Show what a reader asks first: how many requests, over which seconds."""
        seconds = (self.keys >> BUCKET_BITS) & MAX_SECOND
        span = f"seconds {seconds.min()}..{seconds.max()}" if len(seconds) else "no seconds"
        return f"<Intervals {self.total()} requests, {span}>"

    def _columns(self) -> tuple[Ints, ...]:
        return (self.keys, self.counts, self.moment_keys, self.sums, self.mins, self.maxs)

    @staticmethod
    def merge(parts: "Iterable[Intervals]") -> "Intervals":
        """Return the counts of all `parts` together."""
        columns = [part._columns() for part in parts]  # noqa: SLF001  # our own
        if not columns:
            return Intervals.empty()
        keys, counts, moment_keys, sums, mins, maxs = (
            np.concatenate(column) for column in zip(*columns, strict=True)
        )
        unique, (total,) = grouped(keys, (np.add, counts))
        moments, (sums, mins, maxs) = grouped(
            moment_keys, (np.add, sums), (np.minimum, mins), (np.maximum, maxs)
        )
        return Intervals(unique, total, moments, sums, mins, maxs)

    def folded(self) -> "Intervals":
        """Return the counts of all classes together: of none, what `slab` and the like tell."""
        if not class_of(self.keys).any():
            return self
        keys, moments = self.keys & _WITHOUT_CLASS, self.moment_keys & _WITHOUT_CLASS
        return Intervals.merge(
            [Intervals(keys, self.counts, moments, self.sums, self.mins, self.maxs)]
        )

    def of_class(self, which: int) -> "Intervals":
        """Return the counts of one class alone, without its number."""
        mine, timed = class_of(self.keys) == which, class_of(self.moment_keys) == which
        return Intervals(
            self.keys[mine] & _WITHOUT_CLASS,
            self.counts[mine],
            self.moment_keys[timed] & _WITHOUT_CLASS,
            *(column[timed] for column in (self.sums, self.mins, self.maxs)),
        )

    def before(self, second: int) -> "Intervals":
        """Return the counts of the seconds before one, in which steps begin there."""
        mine = (self.keys >> BUCKET_BITS) & MAX_SECOND < second
        timed = (self.moment_keys >> BUCKET_BITS) & MAX_SECOND < second
        moments = (self.moment_keys, self.sums, self.mins, self.maxs)
        return Intervals(self.keys[mine], self.counts[mine], *(each[timed] for each in moments))

    def in_class(self, which: int) -> "Intervals":
        """Return counts without a class as those of one."""
        base = which << CLASS_SHIFT
        return Intervals(
            self.keys | base, self.counts, self.moment_keys | base, self.sums, self.mins, self.maxs
        )

    def slab(self, target: int, phase: int, kind: Kind) -> tuple[Ints, Ints, Ints]:
        """Return (seconds, buckets, counts) of one target, phase and kind, in that order sorted."""
        low, high = _slab_bounds(self.keys, target, phase, kind)
        keys = self.keys[low:high]
        return (
            (keys >> BUCKET_BITS) & MAX_SECOND,
            keys & ((1 << BUCKET_BITS) - 1),
            self.counts[low:high],
        )

    def moments(self, target: int, phase: int, kind: Kind) -> tuple[int, int, int] | None:
        """Return the exact (sum, minimum, maximum) in ns, or None when nothing was counted."""
        low, high = _slab_bounds(self.moment_keys, target, phase, kind)
        if low == high:
            return None
        window = slice(low, high)
        return (
            int(self.sums[window].sum()),
            int(self.mins[window].min()),
            int(self.maxs[window].max()),
        )

    def statuses(self, target: int, phase: int) -> dict[Status, int]:
        """Return how many requests ended with which status."""
        _, buckets, counts = self.slab(target, phase, Kind.STATUS)
        found, (totals,) = grouped(buckets, (np.add, counts))
        return {Status(int(s)): int(n) for s, n in zip(found, totals, strict=True)}

    def wire(self, target: int, phase: int) -> dict[int, int]:
        """Return how many requests had which flag of `sending.result`, `WAITED_STREAM` and such."""
        _, buckets, counts = self.slab(target, phase, Kind.WIRE)
        found, (totals,) = grouped(buckets, (np.add, counts))
        return dict(zip(found.tolist(), totals.tolist(), strict=True))

    def total(self) -> int:
        """Return how many requests are accounted for, all statuses together."""
        return int(self.counts[_kinds(self.keys) == Kind.STATUS].sum())

    def to_bytes(self) -> bytes:
        """Return a compact form for the wire and the run file (`from_bytes` reads it).

        Two little-endian u32 lengths, then the columns as int64 with sorted ones as differences
        (small numbers, which deflate well), all of it deflated.
        """
        sizes = np.array([len(self.keys), len(self.moment_keys)], "<u4").tobytes()
        columns = (
            np.diff(self.keys, prepend=0), self.counts,
            np.diff(self.moment_keys, prepend=0), self.sums, self.mins, self.maxs - self.mins,
        )  # fmt: skip
        return zlib.compress(sizes + b"".join(c.astype("<i8").tobytes() for c in columns), 1)

    @staticmethod
    def from_bytes(data: bytes, limit_bytes: int = FILE_BYTES) -> "Intervals":
        """Read what `to_bytes` wrote.

        Args:
            data: anything.
            limit_bytes: how long it may be, inflated; no more memory than that is taken for it.

        Raises:
            ValueError: `data` is cut, damaged, too long or something else.
        """
        inflate = zlib.decompressobj()
        try:
            head = inflate.decompress(data, 8)
            n_keys, n_moments = (int(n) for n in np.frombuffer(head, "<u4"))
            length = 8 * (2 * n_keys + 4 * n_moments)
            if length > limit_bytes:
                raise ValueError(f"{length} bytes are more than the {limit_bytes} there may be")
            body = inflate.decompress(inflate.unconsumed_tail, length + 1)
        except (zlib.error, ValueError, TypeError) as error:
            raise ValueError(f"not interval data: {error}") from error
        if len(body) != length or not inflate.eof or inflate.unused_data:
            raise ValueError("not interval data: the lengths do not add up")
        keys, counts, moment_keys, sums, mins, spans = np.split(
            np.frombuffer(body, "<i8").astype(np.int64),
            np.cumsum([n_keys, n_keys, n_moments, n_moments, n_moments]),
        )
        keys, moment_keys = np.cumsum(keys), np.cumsum(moment_keys)
        maxs = mins + spans
        # What wraps around is negative somewhere, or no longer in order.
        sound = (
            all(bool((k[1:] > k[:-1]).all()) and (not len(k) or (k[0] >= 0 and k[-1] < _KEYS))
                for k in (keys, moment_keys))
            and bool(((counts > 0) & (counts < _MAX_COUNT)).all())
            and bool(((mins >= 0) & (spans >= 0) & (maxs >= mins) & (sums >= maxs)).all())
        )  # fmt: skip
        if not sound:
            raise ValueError("not interval data: counts or keys out of range")
        return Intervals(keys, counts, moment_keys, sums, mins, maxs)


def grouped(keys: Ints, *reductions: tuple[np.ufunc, Ints]) -> tuple[Ints, list[Ints]]:
    """Return the sorted unique keys, and each values array reduced over equal keys."""
    if not len(keys):
        return keys, [values for _, values in reductions]
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    return ordered[starts], [ufunc.reduceat(values[order], starts) for ufunc, values in reductions]


def _slab_bounds(keys: Ints, target: int, phase: int, kind: Kind) -> tuple[int, int]:
    base = base_of(kind) | (target << TARGET_SHIFT) | (phase << PHASE_SHIFT)
    low, high = np.searchsorted(keys, [base, base + (1 << KIND_SHIFT)])
    return int(low), int(high)
