"""A run's numbers at a moment, under the names that others know, and what changed between two.

What it knows: OpenTelemetry's names (semantic conventions, docs/rpc/rpc-metrics.md, v1.44), our
totals. What it must not know: the forms in which they travel.

Service time is what ``rpc.client.call.duration`` measures; response time and lag have no
convention, and names of our own. A moment is immutable, so it can be kept and compared.
"""

import math
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from importlib.metadata import version
from typing import NamedTuple

from eiload.base.clock import NS_PER_S
from eiload.export.exponential import Exponential, classic, exponential
from eiload.export.observed import observed
from eiload.export.totals import Cell, Totals
from eiload.record.facts import Answers, TargetFacts
from eiload.record.intervals import NO_CLASS, Kind
from eiload.scenario import Scenario

__all__ = [
    "NAMES", "Attributes", "Form", "Histogram", "Metric", "Moment", "Name", "Point", "State",
    "moment", "since",
]  # fmt: skip

METHOD = "tensorflow.serving.PredictionService/Predict"

Attributes = tuple[tuple[str, str | int], ...]


class Form(Enum):
    """What a metric's points are."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Name(NamedTuple):
    """A metric without its points."""

    name: str
    """OpenTelemetry's form, with dots."""
    form: Form
    unit: str
    """By UCUM; empty where it has none."""
    says: str
    attributes: tuple[str, ...]
    """Those that its points can have."""


_WHOSE = ("eiload.target", "eiload.phase", "eiload.class")
_SERVER = ("server.address", "server.port")

SERVICE = Name(
    "rpc.client.call.duration", Form.HISTOGRAM, "s",
    "Service time, from the first byte sent to the outcome, of requests that ended OK",
    ("rpc.system.name", "rpc.method", "rpc.response.status_code", *_SERVER, *_WHOSE),
)  # fmt: skip
RESPONSE = Name(
    "eiload.response.duration", Form.HISTOGRAM, "s",
    "Response time, from the intended instant to the outcome, of requests that ended OK", _WHOSE,
)  # fmt: skip
LAG = Name(
    "eiload.lag.duration", Form.HISTOGRAM, "s",
    "Lag, how much later than intended a request was sent: the generator's own lateness", _WHOSE,
)  # fmt: skip
REQUESTS = Name(
    "eiload.requests", Form.COUNTER, "{request}",
    "Requests that were due, by how they ended", (*_WHOSE, "eiload.outcome"),
)  # fmt: skip
IN_FLIGHT = Name(
    "eiload.requests.in_flight", Form.GAUGE, "{request}",
    "Requests without an outcome, by the workers' last reports", (),
)  # fmt: skip
OBSERVED = Name(
    "eiload.objective.observed", Form.GAUGE, "",
    "What was measured of an objective so far; no verdict",
    ("eiload.objective", "eiload.unit", *_WHOSE),
)  # fmt: skip
LIMIT = Name(
    "eiload.objective.limit", Form.GAUGE, "",
    "The objective's limit, in the unit of what was measured",
    ("eiload.objective", "eiload.unit", *_WHOSE),
)  # fmt: skip
ELAPSED = Name(
    "eiload.run.elapsed", Form.GAUGE, "s", "Time since the load began", (),
)  # fmt: skip
WORKERS = Name(
    "eiload.workers", Form.GAUGE, "{worker}", "Workers that take part and are not lost", (),
)  # fmt: skip
TARGET = Name(
    "eiload.target.info", Form.GAUGE, "", "1 for each target: where it is, and whether emulated",
    ("eiload.target", "eiload.model", "eiload.emulated", *_SERVER),
)  # fmt: skip
RUN = Name(
    "eiload.run.info", Form.GAUGE, "", "1 for the present or last run, by its number here",
    ("eiload.run", "eiload.scenario"),
)  # fmt: skip
BUILD = Name(
    "eiload.build.info", Form.GAUGE, "", "1: what makes the load",
    ("eiload.version", "eiload.locust", "eiload.python"),
)  # fmt: skip

NAMES = (
    SERVICE, RESPONSE, LAG, REQUESTS, IN_FLIGHT, OBSERVED, LIMIT, ELAPSED, WORKERS, TARGET, RUN,
    BUILD,
)  # fmt: skip
"""All metrics that there are; docs/metrics.md tells of them."""


@dataclass(frozen=True, slots=True)
class Histogram:
    """Times of requests, s."""

    count: int
    sum_ns: int
    exponential: Exponential
    classic: tuple[int, ...]
    """Up to each of `exponential.BOUNDS_S`, each by itself, and above all."""


class Point(NamedTuple):
    """A metric's value for some attributes."""

    attributes: Attributes
    value: float | Histogram


class Metric(NamedTuple):
    """A metric and its points."""

    name: Name
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Moment:
    """All metrics at an instant."""

    began_wall_ns: int
    """From when on counters count; ns since the epoch, like the next."""
    wall_ns: int
    metrics: tuple[Metric, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A run at a moment, as whoever conducts it knows it."""

    scenario: Scenario
    number: int
    """Which run of this process it is, from 1."""
    totals: Totals
    targets: Sequence[TargetFacts]
    """What was found out of them before the load; empty until then."""
    answers: Mapping[str, Answers]
    elapsed_ns: int
    heard_ns: int
    """Up to when all is known that was counted, from the start of the load."""
    in_flight: int
    workers: int


def moment(state: State | None, began_wall_ns: int, wall_ns: int) -> Moment:
    """Return all metrics that have points.

    Args:
        state: the run's; None before the first one.
        began_wall_ns: when its counting began.
        wall_ns: now.
    """
    metrics = [Metric(name, tuple(points(state))) for name, points in _OF_RUN] if state else []
    build = (
        ("eiload.version", version("eiload")),
        ("eiload.locust", version("locust")),
        ("eiload.python", platform.python_version()),
    )
    metrics.append(Metric(BUILD, (Point(build, 1.0),)))
    return Moment(began_wall_ns, wall_ns, tuple(each for each in metrics if each.points))


def _times(kind: Kind) -> Callable[[State], Iterator[Point]]:
    def points(state: State) -> Iterator[Point]:
        for cell, times in state.totals.times(kind):
            held = times.counts.held()
            value = Histogram(times.counts.good, times.sum_ns, exponential(*held), classic(*held))
            whose = _whose(state.scenario, cell)
            yield Point((*_call(state, cell), *whose) if kind is Kind.SERVICE else whose, value)

    return points


def _whose(scenario: Scenario, cell: Cell) -> Attributes:
    found: list[tuple[str, str | int]] = [
        ("eiload.target", list(scenario.targets)[cell.target]),
        ("eiload.phase", scenario.traffic[cell.phase].name),
    ]
    if scenario.payload.mix:
        known = cell.of_class != NO_CLASS
        name = scenario.payload.classes[cell.of_class] if known else "unknown"
        found.append(("eiload.class", name))
    return tuple(found)


def _call(state: State, cell: Cell) -> Attributes:
    facts = state.targets[cell.target] if cell.target < len(state.targets) else None
    return (
        ("rpc.system.name", "grpc"),
        ("rpc.method", METHOD),
        ("rpc.response.status_code", "OK"),
        *(_server(facts.address) if facts else ()),
    )


def _server(address: str) -> Attributes:
    """Return an address in OpenTelemetry's two attributes; what is no host and port as one."""
    host, colon, port = address.rpartition(":")
    if not (colon and port.isdigit() and port.isascii()) or "," in host:
        return (("server.address", address),)
    return (("server.address", host.strip("[]")), ("server.port", int(port)))


def _requests(state: State) -> Iterator[Point]:
    for cell, statuses in state.totals.statuses():
        for status, number in sorted(statuses.items()):
            whose = _whose(state.scenario, cell)
            yield Point((*whose, ("eiload.outcome", status.name)), float(number))


def _objectives(state: State, *, limits: bool) -> Iterator[Point]:
    heard_s = state.heard_ns / NS_PER_S
    for each in observed(state.scenario, state.totals, heard_s, state.answers):
        objective = each.objective
        attributes: Attributes = (
            ("eiload.objective", objective.text),
            ("eiload.unit", each.unit),
            ("eiload.target", each.target),
            *((("eiload.phase", objective.phase),) if objective.phase else ()),
            *((("eiload.class", objective.of_class),) if objective.of_class else ()),
        )
        value = each.limit if limits else each.value
        if not math.isnan(value):
            yield Point(attributes, value)


def _targets(state: State) -> Iterator[Point]:
    for facts in state.targets:
        attributes: Attributes = (
            ("eiload.target", facts.name),
            ("eiload.model", facts.model),
            ("eiload.emulated", "true" if facts.emulated else "false"),
            *_server(facts.address),
        )
        yield Point(attributes, 1.0)


def _one(value: Callable[[State], float]) -> Callable[[State], Iterator[Point]]:
    return lambda state: iter((Point((), float(value(state))),))


def _run(state: State) -> Iterator[Point]:
    yield Point((("eiload.run", str(state.number)), ("eiload.scenario", state.scenario.name)), 1.0)


_OF_RUN: tuple[tuple[Name, Callable[[State], Iterator[Point]]], ...] = (
    (SERVICE, _times(Kind.SERVICE)),
    (RESPONSE, _times(Kind.RESPONSE)),
    (LAG, _times(Kind.LAG)),
    (REQUESTS, _requests),
    (IN_FLIGHT, _one(lambda state: state.in_flight)),
    (OBSERVED, lambda state: _objectives(state, limits=False)),
    (LIMIT, lambda state: _objectives(state, limits=True)),
    (ELAPSED, _one(lambda state: state.elapsed_ns / NS_PER_S)),
    (WORKERS, _one(lambda state: state.workers)),
    (TARGET, _targets),
    (RUN, _run),
)


# -- what changed ----------------------------------------------------------------------------------


def since(before: Moment | None, now: Moment) -> Moment:
    """Return a moment whose counters count from another one on; gauges are as they are now.

    A point that has not changed since is left out. Both moments are of one run.
    """
    if before is None:
        return now
    metrics: list[Metric] = []
    old = {metric.name: dict(metric.points) for metric in before.metrics}
    for name, points in now.metrics:
        gauge = name.form is Form.GAUGE
        known = {} if gauge else old.get(name, {})
        metrics.append(Metric(name, points if gauge else tuple(_differences(points, known))))
    return replace(
        now, began_wall_ns=before.wall_ns, metrics=tuple(each for each in metrics if each.points)
    )


def _differences(
    points: Sequence[Point], known: Mapping[Attributes, float | Histogram]
) -> Iterator[Point]:
    for attributes, value in points:
        old = known.get(attributes)
        if old is None:
            yield Point(attributes, value)
        elif isinstance(value, Histogram) and isinstance(old, Histogram):
            if value.count > old.count:
                yield Point(attributes, _minus(value, old))
        elif isinstance(value, float) and isinstance(old, float) and value > old:
            yield Point(attributes, value - old)


def _minus(value: Histogram, old: Histogram) -> Histogram:
    return Histogram(
        value.count - old.count,
        value.sum_ns - old.sum_ns,
        _exponential_minus(value.exponential, old.exponential),
        tuple(one - other for one, other in zip(value.classic, old.classic, strict=True)),
    )


def _exponential_minus(value: Exponential, old: Exponential) -> Exponential:
    counts = list(value.counts)
    for place, number in enumerate(old.counts, old.offset - value.offset):
        counts[place] -= number  # buckets only come: the old ones are among them
    return Exponential(value.zero - old.zero, value.offset, tuple(counts))
