"""The points of a rate as they are written: a list of pairs, or a CSV file of them.

A file has a header that names its columns: `at` (or time, time_s, timestamp) and `rate` (or
rate_per_s, per_s, qps, value). Its cells are written with units, as in a scenario, or plain: then
they are seconds and requests per second.
"""

import csv
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import ValidationInfo

from eiload.base.quantity import shown
from eiload.base.units import parse_duration, parse_rate
from eiload.scenario.fields import duration, rate

__all__ = ["points_of"]

AT = duration("0 s", "30 d", example="10 min")
PER_S = rate()

AT_NAMES = ("at", "time", "time_s", "timestamp", "timestamp_s")
RATE_NAMES = ("rate", "rate_per_s", "per_s", "qps", "value")

BYTES_AT_MOST = 10_000_000
"""Of a file of points: far more than the points that a phase may have."""


def points_of(value: object, info: ValidationInfo) -> tuple[tuple[int, float], ...]:
    """Return the points that `value` says: ns from the phase's start, and requests per second.

    Raises:
        ValueError: it is neither pairs nor a file of them, or they do not ascend from 0.
    """
    if isinstance(value, str):
        base = (info.context or {}).get("base", Path())
        points = list(_read(base / value, value))
    elif isinstance(value, Sequence):
        points = [_pair(each, info) for each in value]
    else:
        raise ValueError(  # noqa: TRY004 - pydantic collects ValueErrors
            f"not points, got {shown(value)}; expected [[0 s, 5/s], [10 min, 40/s]] or a CSV file"
        )
    if len(points) < 2:
        raise ValueError(f"too few points, got {len(points)}; expected at least two")
    if points[0][0] != 0:
        raise ValueError("no point at the start; expected a first one at 0 s")
    for (sooner_ns, _), (later_ns, _) in itertools.pairwise(points):
        if later_ns < sooner_ns:
            raise ValueError(
                f"a point at {later_ns / 1e9:g} s after one at {sooner_ns / 1e9:g} s; "
                "expected them in order"
            )
    return tuple(points)


def _pair(value: object, info: ValidationInfo) -> tuple[int, float]:
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != 2:
        raise ValueError(f"not a point, got {shown(value)}; expected a pair such as [10 min, 40/s]")
    at, per_s = value
    return int(AT.number(at, info)), float(PER_S.number(per_s, info))


def _read(path: Path, given: str) -> Iterator[tuple[int, float]]:
    """Yield the points in a CSV file.

    Raises:
        ValueError: it cannot be read, or a line in it is no point; names the line.
    """
    try:
        if path.stat().st_size > BYTES_AT_MOST:
            raise ValueError(f"too large, got {shown(given)}; expected at most 10 MB")
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.reader(file, skipinitialspace=True, strict=True)
            header = [cell.strip().lower() for cell in next(rows, [])]
            columns = [_column(given, header, names) for names in (AT_NAMES, RATE_NAMES)]
            for row in rows:
                if row:
                    yield _line(given, rows.line_num, row, columns)
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        raise ValueError(f"{reason}, got {shown(given)}; expected a CSV file of points") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{given}: not CSV: {error}; expected lines such as '0 s,5/s'") from None


def _column(given: str, header: Sequence[str], names: Sequence[str]) -> int:
    found = [index for index, cell in enumerate(header) if cell in names]
    if len(found) != 1:
        raise ValueError(
            f"{given}:1: {'no' if not found else 'more than one'} column of "
            f"{'instants' if names is AT_NAMES else 'rates'}, got {shown(','.join(header))}; "
            f"expected one of {', '.join(map(repr, names))}"
        )
    return found[0]


def _line(given: str, number: int, row: Sequence[str], columns: Sequence[int]) -> tuple[int, float]:
    try:
        at, per_s = (row[column].strip() for column in columns)
        at = f"{at} s" if _plain(at) else at
        per_s = f"{per_s}/s" if _plain(per_s) else per_s
        return parse_duration(at), parse_rate(per_s)
    except IndexError:
        raise ValueError(
            f"{given}:{number}: {len(row)} cells; expected as many as in the header"
        ) from None
    except ValueError as error:
        raise ValueError(f"{given}:{number}: {error}") from None


def _plain(text: str) -> bool:
    return bool(text) and (text[-1].isdigit() or text[-1] == ".")
