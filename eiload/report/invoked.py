"""What a report for people says of SageMaker's own account of the answers' time. Pure."""

import math
from collections.abc import Iterable

from eiload.base import wording
from eiload.observe.invoked import Invoked, invoked
from eiload.record.run import Run
from eiload.report import words
from eiload.report.section import Column, Foreign, Line, Row, Section
from eiload.report.times import TARGET, labelled

__all__ = ["section"]

TITLE = "where the time went, by SageMaker's account"
NOTE = (
    "ms, means of the same whole minutes; model: in the container (ModelLatency); overhead: the"
    " rest within SageMaker (OverheadLatency); outside: network, TLS and its front end"
)
UNKNOWN = "unknown"

OTHERS = 0.05
"""By which share the service's count may be beyond ours: minutes are cut elsewhere."""


def section(run: Run) -> Section:
    """Return the section; empty where nobody asked for the account."""
    rows: list[Row] = []
    lines: list[Line] = []
    for index, facts in enumerate(run.targets):
        name = labelled(run, facts.name)
        for of in invoked(run, index):
            rows.append(_row(name, of))
            lines += [(name, ": ", *line) for line in _beside(of)]
    columns = (
        TARGET,
        Column("minutes"),
        Column("invocations"),
        Column("service\ntime"),
        Column("model"),
        Column("overhead"),
        Column("outside"),
    )
    return Section(TITLE, NOTE if rows else "", columns, tuple(rows), tuple(lines))


def _row(name: Foreign, of: Invoked) -> Row:
    times = (of.service_ns, of.model_ns, of.overhead_ns, of.outside_ns)
    return Row(
        (
            name,
            f"{of.minutes} of {of.of_minutes}",
            UNKNOWN if math.isnan(of.invocations) else wording.count(round(of.invocations)),
            *(UNKNOWN if math.isnan(time) else words.milliseconds(time) for time in times),
        )
    )


def _beside(of: Invoked) -> Iterable[Line]:
    """Yield what a row has no room for."""
    if of.why:
        yield (Foreign(of.name), ": ", Foreign(of.why))
    if of.outside_ns < 0:
        yield ("the service says longer than we have waited: its account is of others' too",)
    if of.invocations > of.sent * (1 + OTHERS):
        counted, ours = wording.count(round(of.invocations)), wording.count(of.sent)
        said = f"{counted} invocations counted by the service, {ours} of them ours"
        yield (f"{said}: others use this variant",)
