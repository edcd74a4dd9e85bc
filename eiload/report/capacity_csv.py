"""A capacity search as CSV files for spreadsheets and plots: its trials, its capacities.

Pure: the files' texts by their names, in the manner of `csv`. `trials.csv` has a row for each
trial and objective, which is the throughput-latency curve with its intervals; `capacity.csv` one
for each target. A rate that nothing has proved is an empty cell.
"""

import math
from collections.abc import Iterable, Iterator, Mapping

from eiload.base.clock import NS_PER_MS
from eiload.judging.capacity.result import Result, Search
from eiload.judging.capacity.trial import Reading
from eiload.report import words
from eiload.report.capacity import TIME, unit_of
from eiload.report.csv import number, text_of

__all__ = ["TABLES", "files"]

TABLES = ("capacity.csv", "trials.csv")


def files(search: Search, found: Result) -> Mapping[str, str]:
    """Return the files' texts by name."""
    return dict(zip(TABLES, map(text_of, (_capacities(found), _trials(search))), strict=True))


def _finite(value: float | None) -> str:
    """Return a number, and nothing where an end is open."""
    return number(value) if value and math.isfinite(value) else ""


def _capacities(found: Result) -> Iterator[Iterable[object]]:
    yield [
        *("target", "holds_at_per_s", "fails_at_per_s", "about_per_s", "error_rate"),
        *("usd_per_million_low", "usd_per_million_high", "open_below", "open_above"),
    ]
    costs = {each.target: each.usd_per_million for each in found.costs}
    for each in found.brackets:
        cost = costs.get(each.target)
        yield [
            *(words.tame(each.target), *map(_finite, (each.low, each.high, each.estimate))),
            number(each.error_rate),
            *(map(_finite, (cost.low, cost.high)) if cost else ("", "")),
            *(each.low_open or "", each.high_open or ""),
        ]


def _trials(search: Search) -> Iterator[Iterable[object]]:
    yield [
        *("trial", "target", "rate_per_s", "purpose", "word", "proves", "measured_s", "took_s"),
        *("throughput_per_s", "objective", "observed", "low", "high", "limit", "unit", "used"),
        *("run_file", "why"),
    ]
    for seen in search.seen:
        trial = seen.trial
        for reading in trial.readings or (None,):
            yield [
                *(trial.number + 1, words.tame(trial.target), number(trial.rate_per_s)),
                *(trial.purpose, trial.word, int(trial.counts)),
                *map(number, (trial.seconds, trial.took_s, seen.throughput_per_s)),
                *_reading(search, reading),
                *(words.tame(seen.run_file), words.tame(seen.why)),
            ]


def _reading(search: Search, reading: Reading | None) -> Iterable[str]:
    if reading is None:
        return ("",) * 7
    unit, scale = unit_of(search, reading), 1.0
    if unit == TIME:
        unit, scale = "ms", NS_PER_MS
    values = (reading.observed, reading.low, reading.high, reading.limit)
    numbers = [number(value / scale) for value in values]
    return [words.tame(reading.objective), *numbers, unit, number(reading.used)]
