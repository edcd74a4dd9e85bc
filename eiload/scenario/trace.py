"""Files of recorded arrivals, read as a stream: each batch of lines becomes instants.

What it knows: the forms that traces have, found out from their first line.

- CSV with a header (Azure LLM inference, Azure Functions 2021, BurstGPT ...): a column of instants
- JSON lines (Mooncake, Qwen-Bailian, SageMaker's data capture): a key, perhaps below others (`a.b`)
- gaps: a number a line, us between requests (perf_analyzer's ``--request-intervals``)
- counts per minute (Azure Functions 2019): columns 1, 2, 3 ... of a CSV

Instants are ns from the trace's first one (gaps: from the start; counts: from the first minute), in
the file's order. Of the forms with a line for each request, further columns may be asked for, that
choose what the request is (`Trace.choose`). What is wrong is a `TraceError` that names the file and
the line. What it must not know: phases, what the texts in those columns mean (`choice`).
"""

import csv
import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from eiload.base.near import nearest
from eiload.base.quantity import is_number, shown
from eiload.scenario.trace_lines import Lines, TraceError, batched
from eiload.scenario.trace_times import UNITS, CellError, Times

__all__ = ["Lot", "Texts", "Trace", "TraceError"]

KNOWN = (
    *("timestamp", "time", "arrival_time", "arrival", "start_time", "start_timestamp", "ts"),
    *("timestamp_s", "timestamp_ms", "gmt_create", "timestamp_anon", "at"),
)
"""How public traces call the instant of a request, in any case of letters."""

CAPTURED = "eventMetadata.inferenceTime"
"""Where SageMaker's data capture has it."""

ENDS, LENGTHS = "end_timestamp", "duration"
"""Azure Functions 2021 has the end of an invocation and its duration instead, both in s."""

GAPS = "us"
"""What perf_analyzer's gaps count."""

Instants = NDArray[np.int64]
Row = Sequence[str]
Kind = Literal["csv", "json", "gaps", "minutes"]

Texts = tuple[str, ...]
"""What one request has in the columns that choose, in their order."""


class Lot(NamedTuple):
    """Some requests of a trace, in the file's order."""

    instants: Instants
    """ns, shape (n,)."""
    lines: Sequence[int]
    """Which line of the file each is in."""
    texts: Sequence[Texts] = ()
    """What each has in the columns that choose; empty where none do."""


@dataclass(frozen=True, slots=True)
class Trace:
    """A file of recorded arrivals, and how to read it."""

    file: str
    column: str = ""
    """Of instants; empty: the one known name that the file has."""
    unit: str = ""
    """What plain numbers count (`trace_times.UNITS`); empty if they are none."""
    where: tuple[tuple[str, str], ...] = ()
    """Only lines that have these texts in these columns."""
    choose: tuple[tuple[str, str], ...] = ()
    """What is chosen (`choice.KINDS`), and the column that has it."""

    def kind(self) -> Kind:
        """Return which form the file has.

        Raises:
            TraceError: it cannot be read, or has none of the forms.
        """
        with Lines(self.file) as lines:
            first = lines.first.strip()
            if first.startswith("{"):
                return "json"
            if first.startswith("["):
                raise lines.error("a JSON array; expected an object a line (jq -c '.[]')", 1)
            if is_number(first):
                return "gaps"
            return "minutes" if {"1", "2"} <= set(_header(lines)) else "csv"

    def batches(self) -> Iterator[Lot]:
        """Yield the requests, some at a time. Not of a file of counts.

        Raises:
            TraceError: the file cannot be read, or a line of it.
        """
        kind = self.kind()
        with Lines(self.file) as lines:
            match kind:
                case "json":
                    yield from self._of_json(lines)
                case "gaps":
                    yield from self._of_gaps(lines)
                case _:
                    yield from self._of_csv(lines)

    def minutes(self) -> Instants:
        """Return the requests of each minute, of a file that counts them.

        Raises:
            TraceError: the file cannot be read, or a line of it.
        """
        with Lines(self.file) as lines:
            header = _header(lines)
            names, first = set(header), header.index("1")
            count = next(n for n in itertools.count(1) if str(n) not in names) - 1
            if header[first : first + count] != [str(n + 1) for n in range(count)]:
                raise lines.error("minutes out of order; expected columns 1, 2, 3 ...", 1)
            if self.column or self.unit or self.choose:
                raise lines.error(
                    "counts per minute; expected no 'column', no 'unit' and no 'choose'", 1
                )
            keep, total = self._filter(header, lines), np.zeros(count, np.int64)
            for number, row in _rows(lines):
                if keep(row):
                    total += _counts(row[first : first + count], count, lines, number)
            return total

    def _of_csv(self, lines: Lines) -> Iterator[Lot]:
        header = _header(lines)
        keep = self._filter(header, lines)
        lower = [name.lower() for name in header]
        ends = not self.column and ENDS in lower and LENGTHS in lower
        column = lower.index(ENDS) if ends else self._column(header, lines)
        minus = lower.index(LENGTHS) if ends else None
        chosen = [_index(name, header, lines) for _, name in self.choose]
        last = max(column, minus or 0, *chosen)
        times = Times(self.unit or ("s" if ends else ""))
        for batch in batched((number, row) for number, row in _rows(lines) if keep(row)):
            numbers = [number for number, _ in batch]
            cells: list[object] = []
            for number, row in batch:
                if len(row) <= last:
                    what = f"{len(row)} cells, the header has {len(header)}; expected as many"
                    raise lines.error(what, number)
                cell = row[column]
                cells.append(cell if minus is None else _start(cell, row[minus], lines, number))
            texts = [tuple(row[each].strip() for each in chosen) for _, row in batch]
            yield Lot(_read(times, cells, numbers, lines), numbers, texts if chosen else ())

    def _of_json(self, lines: Lines) -> Iterator[Lot]:
        times, path = Times(self.unit), tuple(self.column.split(".")) if self.column else ()
        for batch in batched(_records(lines)):
            kept = [
                (number, record)
                for number, record in batch
                if all(str(_below(record, key.split("."))) == text for key, text in self.where)
            ]
            if not kept:
                continue
            path = path or _known_key(kept[0][1], lines, kept[0][0])
            numbers = [number for number, _ in kept]
            cells = [_below(record, path) for _, record in kept]
            chosen = [self._chosen(record, lines, number) for number, record in kept]
            yield Lot(_read(times, cells, numbers, lines), numbers, chosen if self.choose else ())

    def _of_gaps(self, lines: Lines) -> Iterator[Lot]:
        if self.where or self.column or self.choose:
            raise lines.error(
                "gaps, a number a line; expected no 'column', no 'where' and no 'choose'", 1
            )
        size_ns, last_ns = UNITS[self.unit or GAPS], 0.0
        for batch in batched((n, line) for n, line in enumerate(lines, 1) if line.strip()):
            gaps_ns = []
            for number, line in batch:
                if not is_number(line) or not 0 <= float(line) * size_ns < 2**62:
                    what = f"no gap, got {shown(line.strip())}; expected a number of "
                    raise lines.error(what + (self.unit or GAPS), number)
                gaps_ns.append(float(line) * size_ns)
            found_ns = np.cumsum([last_ns, *gaps_ns])[1:]
            last_ns = float(found_ns[-1])
            yield Lot(np.rint(found_ns).astype(np.int64), [number for number, _ in batch])

    def _chosen(self, record: Mapping[str, object], lines: Lines, number: int) -> Texts:
        """Return what a record has under the keys that choose."""
        found = [_below(record, name.split(".")) for _, name in self.choose]
        for (_, name), value in zip(self.choose, found, strict=True):
            if value is None or isinstance(value, Mapping | list):
                what = "nothing" if value is None else shown(value)
                raise lines.error(f"{name!r} has {what}; expected a text or a number", number)
        return tuple(str(value).strip() for value in found)

    def _column(self, header: Sequence[str], lines: Lines) -> int:
        """Return which column has the instants."""
        if self.column:
            return _index(self.column, header, lines)
        found = [index for index, name in enumerate(header) if name.lower() in KNOWN]
        if len(found) != 1:
            several = " and ".join(repr(header[index]) for index in found)
            what = f"instants in {several}" if found else "no column of a known name"
            raise lines.error(
                f"{what}, got {shown(','.join(header))}; expected 'column:' to name that of the "
                "instants",
                1,
            )
        return found[0]

    def _filter(self, header: Sequence[str], lines: Lines) -> Callable[[Row], bool]:
        """Return what tells whether a row is asked for."""
        wanted = [(_index(name, header, lines), text) for name, text in self.where]
        return lambda row: all(at < len(row) and row[at] == text for at, text in wanted)


def _header(lines: Lines) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([lines.first], strict=True))]
    except csv.Error as error:
        raise lines.error(f"no CSV: {error}", 1) from None


def _index(name: str, header: Sequence[str], lines: Lines) -> int:
    if name not in header:
        listed = shown(",".join(header))
        raise lines.error(f"no column {name!r}, got {listed}{nearest(name, header)}", 1)
    return header.index(name)


def _rows(lines: Lines) -> Iterator[tuple[int, Row]]:
    """Yield the rows after the header that are not empty, each with its last line's number."""
    reader = csv.reader(lines, strict=True)
    try:
        next(reader)
        for row in reader:
            if row:
                yield reader.line_num, row
    except csv.Error as error:
        raise lines.error(f"no CSV: {error}", reader.line_num) from None


def _records(lines: Lines) -> Iterator[tuple[int, Mapping[str, object]]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            what = f"not JSON, got {shown(line.strip())}; expected an object a line"
            raise lines.error(what, number) from None
        if not isinstance(record, Mapping):
            raise lines.error(f"no object, got {shown(record)}; expected one a line", number)
        yield number, record


def _known_key(record: Mapping[str, object], lines: Lines, number: int) -> tuple[str, ...]:
    found = [key for key in record if key.lower() in KNOWN]
    if len(found) == 1:
        return (found[0],)
    captured = tuple(CAPTURED.split("."))
    if not found and _below(record, captured) is not None:
        return captured
    what = f"instants in {' and '.join(map(repr, found))}" if found else "no key of a known name"
    listed = shown(",".join(record))
    raise lines.error(f"{what}, got {listed}; expected 'column:' to name it", number)


def _below(record: object, path: Sequence[str]) -> object:
    """Return what a record has under a path of keys; None if nothing."""
    for key in path:
        record = record.get(key) if isinstance(record, Mapping) else None
    return record


def _start(end: str, length: str, lines: Lines, number: int) -> float:
    """Return when an invocation began."""
    if not (is_number(end) and is_number(length)):
        what = f"no time, got {shown(end)} and {shown(length)}; expected two numbers of s"
        raise lines.error(what, number)
    return float(end) - float(length)


def _read(times: Times, cells: Sequence[object], numbers: Sequence[int], lines: Lines) -> Instants:
    try:
        return times.read(cells)
    except CellError as error:
        raise lines.error(str(error), numbers[error.index]) from None


def _counts(cells: Row, count: int, lines: Lines, number: int) -> Instants:
    """Return the requests of each minute in a row."""
    if len(cells) == count and all(cell.isdecimal() for cell in cells):
        return np.array(cells, dtype="U").astype(np.int64)
    bad = next((cell for cell in cells if not cell.isdecimal()), None)
    what = f"no count, got {shown(bad)}" if bad is not None else f"{len(cells)} minutes"
    raise lines.error(f"{what}; expected {count} whole numbers", number)
