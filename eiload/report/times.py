"""A report's main table: each target's requests, errors and times, in all and part by part.

Which percentiles it has is the user's to say: p50, p99, and those that the objectives and the
comparison's headline name. The others, and what is read more seldom, are `Column.wide`: there for
whoever has the room.
"""

import math

from eiload.base import wording
from eiload.base.units import format_percentile
from eiload.record.run import Run
from eiload.report import figures, words
from eiload.report.figures import Figures
from eiload.report.section import Column, Foreign, Row, Section

__all__ = ["TARGET", "labelled", "section"]

DEFINITIONS = (
    "ms; response time: from when a request was due to its answer, service time: from when it was "
    "sent, lag: from due to sent (our own lateness)"
)

TARGET = Column("target", right=False, wrap=True)


def labelled(run: Run, name: str) -> Foreign:
    """Return a target's name as a cell, with the word that must stand wherever a stand-in is."""
    emulated = any(target.emulated for target in run.targets if target.name == name)
    return Foreign(wording.marked(name, emulated))


def section(run: Run) -> Section:
    """Return the table."""
    rows = tuple(_row(run, row) for table in figures.tables(run) for row in table)
    return Section("response times", DEFINITIONS, _columns(run), rows)


def _columns(run: Run) -> tuple[Column, ...]:
    asked = figures.asked(run.scenario)
    asked_of_service = figures.asked_of_service(run.scenario)
    return (
        TARGET,
        Column("requests"),
        Column("good/s"),
        Column("errors"),
        *(Column(format_percentile(q), wide=q not in asked) for q in _quantiles(run)),
        Column("max\nok", wide=True),
        *(
            Column(f"service\n{format_percentile(q)}", wide=q not in asked_of_service)
            for q in sorted({0.99, *asked_of_service})
        ),
        Column("lag\np99"),
    )


def _quantiles(run: Run) -> list[float]:
    return sorted({*figures.QUANTILES, *figures.asked(run.scenario)})


def _row(run: Run, row: Figures) -> Row:
    return Row(
        (
            _part(row) or labelled(run, row.facts.name),
            wording.count(row.ledger.scheduled),
            words.per_second(row.throughput_per_s),
            wording.share(row.ledger.error_share),
            *(words.milliseconds(value) for value in row.response_ns.values()),
            words.milliseconds(row.max_ok_ns),
            *(words.milliseconds(value) for value in row.service_ns.values()),
            _lag(row),
        ),
        minor=bool(row.phase or row.of_class),
    )


def _lag(row: Figures) -> str:
    """Return the lag at p99, or the longest where so few requests do not support that: never none.

    Whoever reads times must see how late the generator itself was.
    """
    if row.lag_p99_ns is None and not math.isnan(row.lag_max_ns):
        return f"max {words.milliseconds(row.lag_max_ns)}"
    return words.milliseconds(row.lag_p99_ns)


def _part(row: Figures) -> Foreign:
    """Return which part of a target's requests a row is of; empty if it is all of them."""
    if row.of_class:
        return Foreign(f"- of {row.of_class}")
    return Foreign(f"- {row.phase}" if row.phase else "")
