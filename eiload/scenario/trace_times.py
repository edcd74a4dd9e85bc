"""What a cell of a trace says of an instant: a number in a unit that was declared, or an ISO time.

What it knows: one column's cells, batch by batch, and that all of them are of one kind. What it
must not know: files. Instants are ns from the first cell; who asks for cells out of order gets
negative ones.

ISO 8601 as traces write it: a T or a space in between, any number of digits after the second (what
is finer than 1 ns is cut off), a zone or none. Cells with a zone are brought to UTC; without one
they are taken as they are, so that a change to summer time is in them as it was recorded. A trace
has one or the other: between them lies an unknown number of hours.
"""

import re
from collections.abc import Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from eiload.base.clock import NS_PER_S
from eiload.base.quantity import shown

__all__ = ["UNITS", "CellError", "Times"]

UNITS = {"s": NS_PER_S, "ms": 10**6, "us": 10**3, "ns": 1}
"""Size of a declared unit, ns."""

ABSURD_NS = float(2**62)
DAYS_AT_MOST = 50_000
"""Between instants: 137 years, in ns within 63 bits as `ABSURD_NS`."""

_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d+))?\s*(Z|z|UTC|[+-]\d\d(?::?\d\d)?)?"
)
_WHOLE = re.compile(r"[+-]?\d{1,19}")

Instants = NDArray[np.int64]


class CellError(ValueError):
    """A cell is no instant; `index` is its place in the batch."""

    def __init__(self, index: int, text: str) -> None:
        super().__init__(text)
        self.index = index


class Times:
    """Reads a column's cells as ns from its first one.

    Args:
        unit: what plain numbers count, of `UNITS`; empty if it was not declared.
    """

    def __init__(self, unit: str) -> None:
        self._unit = unit
        self._first: float | int | None = None
        self._iso = False
        self._zoned = False
        self._day = 0
        self._days: dict[str, int] = {}

    def read(self, cells: Sequence[object]) -> Instants:
        """Return the instants of the next cells.

        Args:
            cells: texts, or numbers from JSON; not empty.

        Raises:
            CellError: one of them is no instant.
        """
        if self._first is None:
            self._begin(cells[0])
        assert self._first is not None
        first = self._first
        if self._iso:
            times = [self._iso_ns(i, each) - int(first) for i, each in enumerate(cells)]
            return np.array(times, np.int64)
        size_ns = UNITS[self._unit]
        apart = np.array([(_number(i, each) - first) * size_ns for i, each in enumerate(cells)])
        absurd = ~(np.abs(apart.astype(np.float64)) < ABSURD_NS)  # NaN, too
        if absurd.any():
            index = int(absurd.argmax())
            raise CellError(index, f"no instant, got {shown(cells[index])}; {self._expected()}")
        return np.asarray(np.rint(apart).astype(np.int64))

    def _begin(self, cell: object) -> None:
        """Look at the first cell, for what kind all of them are."""
        if isinstance(cell, str) and _ISO.fullmatch(cell.strip()):
            if self._unit:
                raise CellError(
                    0, f"a time of its own, got {shown(cell)}; expected plain numbers, or no 'unit'"
                )
            self._iso = True
            self._zoned = _ISO.fullmatch(cell.strip())[6] is not None  # type: ignore[index]
            self._first = self._iso_ns(0, cell)
            (self._day,) = self._days.values()
            return
        self._first = _number(0, cell)
        if not self._unit:
            raise CellError(
                0,
                f"a plain number, got {shown(cell)}; expected 'unit:' to say what it counts "
                "('s', 'ms', 'us' or 'ns')",
            )

    def _iso_ns(self, index: int, cell: object) -> int:
        found = _ISO.fullmatch(cell.strip()) if isinstance(cell, str) else None
        if found is None:
            raise CellError(index, f"no time, got {shown(cell)}; {self._expected()}")
        day, hour, minute, second, digits, zone = found.groups()
        if (zone is not None) is not self._zoned:
            one = "with a zone" if zone is not None else "without a zone"
            raise CellError(
                index, f"a time {one}, got {shown(cell)}; expected all of them like the first"
            )
        if day not in self._days:
            try:
                self._days = {day: date.fromisoformat(day).toordinal()}
            except ValueError:
                raise CellError(index, f"no such day, got {shown(cell)}; a date expected") from None
        if int(hour) > 23 or int(minute) > 59 or int(second) > 60:  # 60: a leap second
            raise CellError(index, f"no time of day, got {shown(cell)}; {self._expected()}")
        if self._first is not None and abs(self._days[day] - self._day) > DAYS_AT_MOST:
            raise CellError(index, f"centuries from the first, got {shown(cell)}; a date expected")
        seconds = ((self._days[day] * 24 + int(hour)) * 60 + int(minute)) * 60 + int(second)
        fraction_ns = int(digits[:9].ljust(9, "0")) if digits else 0
        return (seconds - _offset_s(zone)) * NS_PER_S + fraction_ns

    def _expected(self) -> str:
        if self._iso:
            return "expected one such as '2023-11-16 18:15:46.680'"
        return f"expected a number of {self._unit or 'a unit'}"


def _offset_s(zone: str | None) -> int:
    if zone is None or zone in {"Z", "z", "UTC"}:
        return 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    offset_s = (int(digits[:2]) * 60 + int(digits[2:])) * 60
    return -offset_s if zone[0] == "-" else offset_s


def _number(index: int, cell: object) -> float | int:
    """Return a cell's number: whole ones exactly, because an epoch in ns has 19 digits."""
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return cell
    text = cell.strip() if isinstance(cell, str) else ""
    try:
        return int(text) if _WHOLE.fullmatch(text) else float(text)
    except ValueError:
        raise CellError(index, f"no time, got {shown(cell)}; expected a number or a time") from None
