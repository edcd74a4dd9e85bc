"""Where the time of a target's requests went, on both sides: ours, the network's, the server's.

What it knows: our five instants (`record.split`), the server's own account (`observe.server`). What
it must not know: how anything is shown. Pure.

A good answer's response time is lag + blocked + upload + *outside* + queue + handling + runtime +
download. What the server counts as its time lies within our wait for the answer's first byte, so
the outside is the wait less that: the network's way there and back, gRPC's queues, the parsing of
the request and the writing of the answer. *Handling* is what the server takes around the run of the
graph. Means are exact on both sides, so they add up to the mean response time. Quantiles do not;
those of the server are known between two limits, and so are those of the outside (`difference`).

With gRPC's own client, which knows no parts, upload, outside and download are one: *network*.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eiload.observe.histogram import Bounds, Histogram, difference
from eiload.observe.server import Server, server_of
from eiload.record.facts import PhaseSpan
from eiload.record.intervals import Kind
from eiload.record.run import Run
from eiload.record.sample import Sample
from eiload.record.split import NAMES, split_of

__all__ = ["GROUPS", "ExcessShare", "TimePart", "TimeParts", "excess", "parts_of"]

NS_PER_US = 1_000.0

GROUPS: Mapping[str, str] = {
    "lag": "our own lateness",
    "blocked": "network and transfer",
    "upload": "network and transfer",
    "outside": "network and transfer",
    "network": "network and transfer",
    "download": "network and transfer",
    "queue": "server's queue",
    "handling": "server's handling",
    "runtime": "runtime",
}
"""What each part belongs to, where two targets are compared."""

GRID = tuple(float(q) for q in np.linspace(0.0, 1.0, 201))
"""Quantiles that the bounds of a difference are made of."""


@dataclass(frozen=True, slots=True)
class TimePart:
    """One part of the time."""

    name: str
    mean_ns: float
    quantiles: Mapping[float, Bounds | None]
    """By which quantile; None where nothing bounds it."""


@dataclass(frozen=True, slots=True)
class TimeParts:
    """All parts of one target's mean response time, in the order in which they come."""

    parts: tuple[TimePart, ...]
    requests: float
    """Of which the server told."""

    @property
    def response_ns(self) -> float:
        """Return their sum: the mean response time of good answers."""
        return sum(part.mean_ns for part in self.parts)


def parts_of(
    run: Run,
    target: int,
    spans: Sequence[PhaseSpan] | None = None,
    qs: Sequence[float] = (0.5, 0.99),
) -> TimeParts | None:
    """Return where the time went; None where the server's side is not known.

    Args:
        run: the run.
        target: its index.
        spans: the phases; None means all that are not warm-up.
        qs: the quantiles that are bounded.
    """
    server = server_of(run, target, spans)
    if server is None or server.request is None:
        return None
    response = run.sample(target, spans).answered()
    if not response.good:
        return None
    split = split_of(run, target, spans)
    inside = _inside(server, qs)
    inside_ns = sum(part.mean_ns for part in inside)
    if split is not None:
        before = [
            _ours(NAMES[kind], split.mean_ns(kind), split.samples[kind], qs)
            for kind in (Kind.LAG, Kind.BLOCKED, Kind.UPLOAD)
        ]
        wait = split.samples[Kind.WAIT]
        outside = _outside("outside", wait, server.request, inside_ns, qs)
        after = [_ours("download", split.mean_ns(Kind.DOWNLOAD), split.samples[Kind.DOWNLOAD], qs)]
    else:
        service = run.sample(target, spans, Kind.SERVICE).answered()
        lag_ns = response.mean_ns() - service.mean_ns()
        before = [_ours("lag", lag_ns, run.sample(target, spans, Kind.LAG), qs)]
        outside = _outside("network", service, server.request, inside_ns, qs)
        after = []
    kept = [part for part in before if part.name != "blocked" or part.mean_ns]
    return TimeParts((*kept, outside, *inside, *after), server.request.count)


def _inside(server: Server, qs: Sequence[float]) -> list[TimePart]:
    """Return the parts that the server knows, by its own account; together its time."""
    assert server.request is not None
    request_us = server.request.mean
    queue_us = server.queue.mean if server.queue is not None else 0.0
    run_us = server.runtime.mean if server.runtime is not None else 0.0
    if server.queue_in_runtime:
        run_us = max(0.0, run_us - queue_us)
    handling_us = max(0.0, request_us - queue_us - run_us)
    found = [TimePart("handling", handling_us * NS_PER_US, dict.fromkeys(qs))]
    if server.queue is not None:
        found.insert(0, TimePart("queue", queue_us * NS_PER_US, _bounded(server.queue, qs)))
    if server.runtime is not None:
        bounds: Mapping[float, Bounds | None] = _bounded(server.runtime, qs)
        if server.queue is not None and server.queue_in_runtime:
            bounds = {q: _less(server.runtime, server.queue, q) for q in qs}
        found.append(TimePart("runtime", run_us * NS_PER_US, bounds))
    return found


def _bounded(of: Histogram, qs: Sequence[float]) -> dict[float, Bounds | None]:
    return {q: of.quantile(q).times(NS_PER_US) for q in qs}


def _less(whole: Histogram, part: Histogram, q: float) -> Bounds:
    grid = sorted({*GRID, q})
    bounds = [of.quantile(each) for of in (whole, part) for each in grid]
    return difference(bounds[: len(grid)], bounds[len(grid) :], grid, q).times(NS_PER_US)


def _ours(name: str, mean_ns: float, sample: Sample, qs: Sequence[float]) -> TimePart:
    return TimePart(name, mean_ns, {q: _exact(sample, q) for q in qs})


def _exact(sample: Sample, q: float) -> Bounds:
    value = sample.quantile_ns(q) if q > 0 else float(sample.min_ns)
    return Bounds(value, value)


def _outside(
    name: str, whole: Sample, server: Histogram, inside_ns: float, qs: Sequence[float]
) -> TimePart:
    """Return what of a time the server does not account for."""
    grid = sorted({*GRID, *qs})
    ours = [_exact(whole, q) for q in grid]
    theirs = [server.quantile(q).times(NS_PER_US) for q in grid]
    bounds: dict[float, Bounds | None] = {q: difference(ours, theirs, grid, q) for q in qs}
    return TimePart(name, whole.mean_ns() - inside_ns, bounds)


@dataclass(frozen=True, slots=True)
class ExcessShare:
    """What one group of parts adds to the difference of two targets' means."""

    name: str
    difference_ns: float


def excess(baseline: TimeParts, candidate: TimeParts) -> list[ExcessShare]:
    """Return how the difference of two mean response times is made up, the largest part first."""
    found = dict.fromkeys(GROUPS.values(), 0.0)
    for sign, of in ((1.0, candidate), (-1.0, baseline)):
        for part in of.parts:
            found[GROUPS[part.name]] += sign * part.mean_ns
    shares = [ExcessShare(name, value) for name, value in found.items() if value]
    return sorted(shares, key=lambda share: -abs(share.difference_ns))
