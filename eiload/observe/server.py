"""What a server said of its own work on one target's requests, over some phases.

What it knows: readings of its pages, phases, the target's model. What it must not know: how
anything is shown, what is good or bad. Pure.

A phase's totals lie between the last reading before it and the first after it; after the last phase
that is the reading after the drain. A server counts by the model's name as clients send it: several
versions of a model are one.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import NamedTuple

from eiload.observe.growth import Growth, Window
from eiload.observe.histogram import Histogram, histogram, totals
from eiload.record import stopping
from eiload.record.facts import PhaseSpan
from eiload.record.observed import Series
from eiload.record.run import Run

__all__ = [
    "ENTRYPOINT", "SERVERS", "Server", "Stretch", "covered_s", "growths", "served", "server_of",
    "stretches", "together", "windows",
]  # fmt: skip

SERVERS = ("tfs", "ovms")
"""Kinds of sources that count requests."""

ENTRYPOINT = "GRPC"


class Stretch(NamedTuple):
    """Phases that follow one another."""

    start_s: float
    end_s: float
    whole: bool
    """Nothing comes after it."""


@dataclass(frozen=True, slots=True)
class Server:
    """What a server did, by its own account."""

    kind: str
    per_s: float
    """Requests for the target's model that ended per second of the phases; NaN if not counted."""
    by_status: Mapping[str, float]
    """Requests for the target's model that have ended; empty of builds that do not count them."""
    request: Histogram | None = None
    """Time in the server of those that ended well, us; without the network and parsing."""
    runtime: Histogram | None = None
    """Of that, the run of the graph; of TensorFlow Serving it holds the wait in the batch queue."""
    queue: Histogram | None = None
    """Wait in the queue, us; None without batching."""
    batch: Histogram | None = None
    """Examples in a batch that ran."""
    graph_runs: float = 0.0
    graph_us: float = 0.0
    """Of all models together: all that builds before 2.4 know."""
    notes: tuple[str, ...] = field(default=())
    """Why something is not known, a sentence each."""

    @property
    def total(self) -> float:
        """Return how many requests it counted."""
        return sum(self.by_status.values())

    @property
    def queue_in_runtime(self) -> bool:
        """Tell whether its runtime holds the wait in the queue."""
        return self.kind == "tfs"


def stretches(run: Run, spans: Sequence[PhaseSpan] | None = None) -> list[Stretch]:
    """Return where phases lie, those that follow one another as one.

    Args:
        run: the run.
        spans: the phases; None means all that are not warm-up.
    """
    spans = run.measured() if spans is None else spans
    end = max((span.first_second + span.seconds for span in run.phases()), default=0)
    is_whole = run.stopped != stopping.UNFINISHED  # else there is no reading after the drain
    found: list[Stretch] = []
    for span in spans:
        if not span.seconds:
            continue
        start, stop = span.first_second, span.first_second + span.seconds
        if found and found[-1].end_s == start:
            start = int(found.pop().start_s)
        found.append(Stretch(float(start), float(stop), is_whole and stop >= end))
    return found


def growths(run: Run, target: int, kinds: Iterable[str]) -> list[Growth]:
    """Return the sources of some kinds of one target that say something, as growth."""
    kinds = set(kinds)
    return [Growth.of(each) for each in run.sources(target) if each.kind in kinds]


def windows(growth: Growth, of: Sequence[Stretch]) -> list[Window]:
    """Return the windows around stretches of time."""
    found = (growth.window(each.start_s, each.end_s, whole=each.whole) for each in of)
    return [window for window in found if window is not None]


def server_of(run: Run, target: int, spans: Sequence[PhaseSpan] | None = None) -> Server | None:
    """Return what a target's server did; None where it was not looked at, or cannot be told.

    Args:
        run: the run.
        target: its index.
        spans: the phases; None means all that are not warm-up.
    """
    model = run.targets[target].model
    where = stretches(run, spans)
    return together(served(growth, where, model) for growth in growths(run, target, SERVERS))


def together(parts: Iterable[Server | None]) -> Server | None:
    """Return what a server's replicas did together; None where nothing is known of any."""
    known = [part for part in parts if part is not None]
    if not known:
        return None
    try:
        return reduce(_plus, known)
    except ValueError as error:
        return Server(known[0].kind, math.nan, {}, notes=(str(error),))


def served(
    growth: Growth, where: Sequence[Stretch], model: str, *, means: bool = False
) -> Server | None:
    """Return what one source says of a server's work; None where it has no two readings.

    Args:
        growth: the source.
        where: over which stretches of time.
        model: the requests for this model.
        means: of times no more than their means are wanted.
    """
    within = windows(growth, where)
    if not within:
        return None
    source = growth.source
    by_status: dict[str, float] = {}
    evenly = 0.0
    for each in source.named("requests", model=model):
        evenly += sum(_evenly(growth, each, stretch) for stretch in where)
        grown = sum(growth.grown(each, window) for window in within)
        if grown:
            status = each.label("status")
            by_status[status] = by_status.get(status, 0.0) + grown
    found: dict[str, Histogram | None] = {}
    said: list[str] = []
    of_model = {"model": model}
    for name, labels in (
        ("request_us", {**of_model, "entrypoint": ENTRYPOINT}),
        ("runtime_us", of_model),
        # TensorFlow Serving's queue is the threads', not the model's.
        ("queue_us", of_model if source.kind == "ovms" else {}),
        ("batch_size", {}),
    ):
        try:
            made = (totals if means else histogram)(growth, name, within, **labels)
        except ValueError as error:
            made = None
            said.append(str(error))
        found[name] = made if made is not None and made.count else None
    return Server(
        source.kind,
        evenly / max(covered_s(growth, where), 1e-9) if by_status else math.nan,
        by_status,
        found["request_us"],
        found["runtime_us"],
        found["queue_us"],
        found["batch_size"],
        _total(growth, "graph_runs", within),
        _total(growth, "graph_us", within),
        tuple(said),
    )


def _evenly(growth: Growth, series: Series, stretch: Stretch) -> float:
    """Return by how much a counter grew in a stretch, with what was left when all ended."""
    end_s = float(growth.at_s[-1]) if stretch.whole else stretch.end_s
    return growth.at(series, end_s) - growth.at(series, stretch.start_s)


def covered_s(growth: Growth, where: Sequence[Stretch]) -> float:
    """Return for how much of stretches of time there are readings, s."""
    first_s, last_s = float(growth.at_s[0]), float(growth.at_s[-1])
    return sum(max(0.0, min(each.end_s, last_s) - max(each.start_s, first_s)) for each in where)


def _total(growth: Growth, name: str, within: Sequence[Window]) -> float:
    return sum(growth.grown(s, w) for s in growth.source.named(name) for w in within)


def _plus(one: Server, other: Server) -> Server:
    """Return what two replicas did together."""
    statuses = dict(one.by_status)
    for status, number in other.by_status.items():
        statuses[status] = statuses.get(status, 0.0) + number
    return Server(
        one.kind,
        one.per_s + other.per_s,
        statuses,
        _both(one.request, other.request),
        _both(one.runtime, other.runtime),
        _both(one.queue, other.queue),
        _both(one.batch, other.batch),
        one.graph_runs + other.graph_runs,
        one.graph_us + other.graph_us,
        (*one.notes, *other.notes),
    )


def _both(one: Histogram | None, other: Histogram | None) -> Histogram | None:
    if one is None or other is None:
        return one or other
    return one.plus(other)
