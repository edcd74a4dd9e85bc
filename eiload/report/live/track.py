"""A run over time while it goes on: columns of some seconds each, and what they can support.

What it knows: what became known when, by target. What it must not know: where that is from, how it
is drawn. Everything stands in the column in which it became known (an answer when it came, a
failure when it was reported), so a column whose time is over stays as it is, and is told once, as
an item:

    ["r", start_s, length_s, [[offered, answered, failed, lag p99, blocked, upload, wait, download],
    ...]]
    ["q", target, quantile's number, from_s, to_s, ms]

Rates are counts of the column, with null for what nobody knows; lag and the parts of the service
times, of which these are the means, are in ms. A quantile is over as many columns
as it takes (20 requests beyond it, `blocks.reportable`); -1 is one among requests that failed.

A track of the whole run has at most `COLUMNS` columns: when there are more, each two become one,
and everything is told anew under the next generation. Until then the times of what was told are
kept packed. One of the last minutes forgets instead, the times of a column as soon as it is told.
"""

import json
import math
import zlib
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from eiload.base.clock import NS_PER_MS
from eiload.judging.statistics.blocks import reportable
from eiload.record.buckets import Ints
from eiload.record.intervals import PARTS, Kind
from eiload.report.live.counts import quantile_ns, together

__all__ = ["COLUMNS", "QUANTILES", "Known", "Track"]

QUANTILES = (0.5, 0.95, 0.99)
COLUMNS = 450
"""Columns of a picture: two pixels each."""

COARSE_BITS = 3
"""Buckets are kept by eights: 0.8 % wide, finer than a pixel."""

FAILED = -1

Offered = Callable[[int, int, int], float | None]
"""Returns how many requests were due from one second to another to a target, by its index; None if
nobody knows."""


@dataclass(frozen=True, slots=True)
class Known:
    """What became known of one target; parallel int64 arrays."""

    second: Ints
    """When, whole seconds from the start of the run."""
    bucket: Ints
    count: Ints


@dataclass(slots=True)
class _Cell:
    """One target in one column."""

    offered: float | None = None
    answered: int = 0
    failed: int = 0
    times: list[tuple[Ints, Ints]] = field(default_factory=list)
    lags: list[tuple[Ints, Ints]] = field(default_factory=list)
    parts_ns: list[float] = field(default_factory=lambda: [0.0] * len(PARTS))
    """Sums of the parts of service times."""
    told: int = 0
    """Answers of which the parts are known."""
    packed: tuple[bytes, bytes] | None = None
    """Times and lags, instead of those above, once they are told."""

    def leave(self) -> None:
        """Keep the times small, which are told."""
        self.packed = _packed(_together(self.times)), _packed(_together(self.lags))
        self.times, self.lags = [], []

    def come_back(self) -> None:
        """Have the times that were kept."""
        if self.packed is not None:
            times, lags = map(_unpacked, self.packed)
            self.times, self.lags = [times, *self.times], [lags, *self.lags]
            self.packed = None

    def plus(self, other: "_Cell") -> "_Cell":
        known = self.offered is not None and other.offered is not None
        return _Cell(
            (self.offered or 0) + (other.offered or 0) if known else None,
            self.answered + other.answered,
            self.failed + other.failed,
            [_together([*self.times, *other.times])],
            [_together([*self.lags, *other.lags])],
            [one + two for one, two in zip(self.parts_ns, other.parts_ns, strict=True)],
            self.told + other.told,
        )


def _joined(one: _Cell, other: _Cell) -> _Cell:
    """Return two cells as one; at no time are more of them unpacked."""
    for each in (one, other):
        each.come_back()
    cell = one.plus(other)
    cell.leave()
    return cell


def _together(parts: Sequence[tuple[Ints, Ints]]) -> tuple[Ints, Ints]:
    """Return counts by bucket, ascending."""
    if not parts:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    return together(
        np.concatenate([bucket for bucket, _ in parts]),
        np.concatenate([count for _, count in parts]),
    )


def _packed(held: tuple[Ints, Ints]) -> bytes:
    """Return counts by bucket, ascending, as bytes."""
    buckets, counts = held
    table = np.stack([np.diff(buckets, prepend=0), counts]).astype("<i8")
    return zlib.compress(np.ascontiguousarray(table.view(np.uint8).reshape(-1, 8).T).tobytes())


def _unpacked(data: bytes) -> tuple[Ints, Ints]:
    table = np.frombuffer(zlib.decompress(data), np.uint8).reshape(8, -1)
    steps, counts = np.ascontiguousarray(table.T).view("<i8").reshape(2, -1).astype(np.int64)
    return np.cumsum(steps), counts


class Track:
    """Columns of one length.

    Args:
        targets: how many there are.
        width_s: how long a column is at first.
        forgets: keep the last `COLUMNS` columns only, instead of making them longer.
    """

    def __init__(self, targets: int, width_s: int, *, forgets: bool = False) -> None:
        self.generation = 0
        """Rises when everything is told anew."""
        self.width_s = width_s
        self.first = 0
        """The number of the first item that is still kept."""
        self.items: deque[str] = deque()
        """What was told of this generation, as JSON."""
        self._targets = range(targets)
        self._forgets = forgets
        self._columns: deque[list[_Cell]] = deque()
        self._from = 0
        self._closed = 0
        self._stretches = self._fresh()

    def _fresh(self) -> "dict[tuple[int, int], _Stretch]":
        return {(target, q): _Stretch() for target in self._targets for q in range(len(QUANTILES))}

    def answered(self, target: int, known: Known) -> None:
        """Count answers that came, with their response times."""
        for cell, bucket, count in self._parts(target, known):
            cell.answered += int(count.sum())
            cell.times.append((bucket >> COARSE_BITS, count))

    def sent(self, target: int, known: Known) -> None:
        """Count requests that were sent, with their lag."""
        for cell, bucket, count in self._parts(target, known):
            cell.lags.append((bucket >> COARSE_BITS, count))

    def failed(self, target: int, second: int, number: int) -> None:
        """Count requests that did not end OK."""
        self._cell(target, second).failed += number

    def told(self, target: int, second: int, part: int, sum_ns: float, number: int) -> None:
        """Count a part of the service times of answers.

        Args:
            target: its index.
            second: when that became known.
            part: which of `PARTS`, by number.
            sum_ns: how long it took all of them.
            number: how many they are.
        """
        cell = self._cell(target, second)
        cell.parts_ns[part] += sum_ns
        if PARTS[part] is Kind.WAIT:  # which every answer has
            cell.told += number

    def _parts(self, target: int, known: Known) -> list[tuple[_Cell, Ints, Ints]]:
        columns = np.maximum(known.second // self.width_s, self._closed)
        found = []
        for column in np.unique(columns).tolist():
            at = columns == column
            cell = self._cell(target, column * self.width_s)
            found.append((cell, known.bucket[at], known.count[at]))
        return found

    def _cell(self, target: int, second: int) -> _Cell:
        """Return where to count what became known in a second; never in a column that is told."""
        at = max(second // self.width_s, self._closed) - self._from
        while len(self._columns) <= at:
            self._columns.append([_Cell() for _ in self._targets])
        return self._columns[at][target]

    def close(self, until_s: float, offered: Offered) -> None:
        """Tell the columns whose time is over.

        Args:
            until_s: up to when everything is known.
            offered: how many requests were due to each target.
        """
        while (self._closed + 1) * self.width_s <= until_s:
            start = self._closed * self.width_s
            for target in self._targets:
                due = offered(start, start + self.width_s, target)
                self._cell(target, start).offered = due
            self._tell(self._closed)
            self._closed += 1
            if self._forgets:
                self._forget()
            elif self._closed > COLUMNS:
                self._double()

    def _tell(self, column: int) -> None:
        cells, start = self._columns[column - self._from], column * self.width_s
        for cell in cells:
            cell.come_back()
            cell.times, cell.lags = [_together(cell.times)], [_together(cell.lags)]
        rates = [
            [None if cell.offered is None else round(cell.offered, 2), cell.answered, cell.failed,
             _lag_ms(cell), *_parts_ms(cell)]
            for cell in cells
        ]  # fmt: skip
        self._say(["r", start, self.width_s, rates])
        for (target, number), stretch in self._stretches.items():
            cell = cells[target]
            if stretch.failed + stretch.good == 0:
                stretch.start_s = start
            stretch.add(cell)
            if reportable(QUANTILES[number], stretch.good + stretch.failed):
                value = stretch.quantile_ms(QUANTILES[number])
                self._say(["q", target, number, stretch.start_s, start + self.width_s, value])
                self._stretches[target, number] = _Stretch()
        for cell in cells:
            cell.leave()
        if self._forgets:  # nobody looks back
            self._columns[column - self._from] = []

    def _say(self, item: list[object]) -> None:
        self.items.append(json.dumps(item, separators=(",", ":")))

    def _forget(self) -> None:
        while self._closed - self._from > COLUMNS:
            self._columns.popleft()
            self._from += 1
        most = COLUMNS * (1 + len(self._targets) * len(QUANTILES))
        while len(self.items) > most:
            self.items.popleft()
            self.first += 1

    def _double(self) -> None:
        """Make one column of each two, and tell all again."""
        self.items.clear()  # first: what is told and both sets of columns at once would be a peak
        if len(self._columns) % 2:
            self._columns.append([_Cell() for _ in self._targets])
        for _ in range(len(self._columns) // 2):
            one, other = self._columns.popleft(), self._columns.popleft()
            self._columns.append([_joined(*each) for each in zip(one, other, strict=True)])
        self.width_s *= 2
        self.generation += 1
        self.first = 0
        self._closed //= 2
        self._stretches = self._fresh()
        for column in range(self._closed):
            self._tell(column)


class _Stretch:
    """Columns that a quantile is over."""

    def __init__(self) -> None:
        self.start_s = 0
        self.good = 0
        self.failed = 0
        self._times: list[tuple[Ints, Ints]] = []

    def add(self, cell: _Cell) -> None:
        self.good += cell.answered
        self.failed += cell.failed
        self._times += cell.times

    def quantile_ms(self, q: float) -> float:
        value_ns = quantile_ns(*_middle(_together(self._times)), self.failed, q)
        return FAILED if math.isinf(value_ns) else _ms(value_ns)


def _middle(coarse: tuple[Ints, Ints]) -> tuple[Ints, Ints]:
    """Return coarse buckets as the middle ones of those that they hold."""
    buckets, counts = coarse
    return (buckets << COARSE_BITS) + (1 << COARSE_BITS >> 1), counts


def _lag_ms(cell: _Cell) -> float | None:
    value_ns = quantile_ns(*_middle(_together(cell.lags)), 0, 0.99)
    return None if math.isnan(value_ns) else _ms(value_ns)


def _parts_ms(cell: _Cell) -> list[float | None]:
    """Return the means of the parts; None where they are not known."""
    return [_ms(sum_ns / cell.told) if cell.told else None for sum_ns in cell.parts_ns]


def _ms(value_ns: float) -> float:
    return float(f"{value_ns / NS_PER_MS:.4g}")
