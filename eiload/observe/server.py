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

from eiload.base import wording
from eiload.observe.growth import Growth, Window
from eiload.observe.histogram import Histogram, histogram
from eiload.observe.pages import KINDS
from eiload.record.facts import PhaseSpan
from eiload.record.observed import Series, Source
from eiload.record.run import Run

__all__ = ["SERVERS", "Server", "Stretch", "growths", "notes", "server_of", "stretches"]

SERVERS = ("tfs", "ovms")
"""Kinds of sources that count requests."""

SLOW_S = 5.0
"""A source that says something new so seldom is told: a short phase has no reading of its own."""

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
    found: list[Stretch] = []
    for span in spans:
        if not span.seconds:
            continue
        start, stop = span.first_second, span.first_second + span.seconds
        if found and found[-1].end_s == start:
            start = int(found.pop().start_s)
        found.append(Stretch(float(start), float(stop), stop >= end))
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
    parts = [
        part
        for growth in growths(run, target, SERVERS)
        if (part := _of_source(growth, where, model)) is not None
    ]
    if not parts:
        return None
    try:
        return reduce(_plus, parts)
    except ValueError as error:
        return Server(parts[0].kind, math.nan, {}, notes=(str(error),))


def _of_source(growth: Growth, where: Sequence[Stretch], model: str) -> Server | None:
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
            made = histogram(growth, name, within, **labels)
        except ValueError as error:
            made = None
            said.append(str(error))
        found[name] = made if made is not None and made.count else None
    return Server(
        source.kind,
        evenly / sum(each.end_s - each.start_s for each in where) if by_status else math.nan,
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


# -- what stands against the numbers -------------------------------------------------------------


def notes(run: Run, target: int) -> list[str]:
    """Return what should be known of what was read of a target, a sentence each."""
    found: list[str] = []
    for source in run.sources(target):
        found += _notes(run, target, source)
    return found


def _notes(run: Run, target: int, source: Source) -> Iterable[str]:
    name = source.name
    if not source.readings:
        yield f"{name} could not be read: {source.why}"
        return
    if not source.kind:
        yield f"{name} has no metrics that eiload knows"
        return
    if source.missed:
        tries = source.readings + source.missed
        yield (
            f"{name}: {wording.count(source.missed)} of {wording.count(tries, 'reading')} are"
            f" missing, the last time because: {source.why}"
        )
    growth = Growth.of(source)
    if growth.several:
        yield (
            f"{name}: its counters fall and rise again: several servers answer behind this address,"
            " so nothing is computed from them; give each one's own page in `metrics:`"
        )
        return
    for at in growth.restarts:
        before, after = growth.at_s[at - 1], growth.at_s[at]
        yield (
            f"{KINDS[source.kind]} at {name} was restarted between {before:.1f} s and"
            f" {after:.1f} s: what it counted since the reading before is lost"
        )
    yield from _loads(growth)
    update_s = growth.update_s
    busy = source.kind in {"dcgm", "node"} or _is_busy(run, target)
    if busy and update_s is not None and update_s >= max(SLOW_S, 2.5 * source.every_ns / 1e9):
        yield f"{name} says something new every {wording.span(update_s)} only"
    yield from _other_models(run, target, growth)


def _is_busy(run: Run, target: int) -> bool:
    """Tell whether requests came so often that a server's numbers change every second."""
    sent = sum(run.statuses(target, run.phases()).values())
    return sent > 2 * run.ended_ns / 1e9


def _loads(growth: Growth) -> Iterable[str]:
    """Yield that a model was loaded while the load was on: what a slow second may be from."""
    for each in growth.source.named("loads"):
        steps = growth.steps(each)
        for at in range(1, len(steps)):
            if steps[at] and growth.at_s[at] > 0 and at not in growth.restarts:
                yield (
                    f"a model was loaded ({each.label('path')}, {each.label('status')}) between"
                    f" {growth.at_s[at - 1]:.1f} s and {growth.at_s[at]:.1f} s"
                )


def _other_models(run: Run, target: int, growth: Growth) -> Iterable[str]:
    """Yield which models the server counts requests of, if not of the target's."""
    if growth.source.kind not in SERVERS:
        return
    model = run.targets[target].model
    whole = growth.window(0.0, 0.0, whole=True)
    counted: dict[str, float] = {}
    for each in growth.source.named("requests"):
        if whole is not None:
            grown = growth.grown(each, whole)
            counted[each.label("model")] = counted.get(each.label("model"), 0.0) + grown
    others = sorted(name for name, number in counted.items() if number and name != model)
    if others and not counted.get(model):
        listed = ", ".join(repr(name) for name in others[:4])
        yield f"{growth.source.name} counts no requests for {model!r}, but for {listed}"
    elif not counted and growth.source.named("graph_runs"):
        yield (
            f"{growth.source.name} counts runs of the graph, and no requests: builds before 2.4 do"
            " not"
        )
