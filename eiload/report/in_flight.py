"""What `eiload plan` says of what is in flight at once, and of what bounds it. Pure.

Little's law says how many are in flight in the mean; `max_in_flight` and `max_in_flight_bytes` are
guards of each load process, beyond which requests are dropped.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from eiload.base import wording
from eiload.base.clock import NS_PER_S
from eiload.report import words
from eiload.report.section import Column, Foreign, Line, Row, Section
from eiload.scenario import Scenario
from eiload.scenario.arrivals import ClosedPhase
from eiload.scenario.census import PhaseCensus

__all__ = ["Load", "section", "short"]

KEPT_PER_S, KEPT_BYTES_PER_S = 3000, 250e6
"""What one load process sent on time of requests of 1 kB, and of 820 kB (docs/benchmarks.md)."""

ALWAYS_BYTES = 64_000_000
"""What a load process may have in flight however little memory there is (`control.memory`)."""

STREAMS = 100
"""Requests at once on a connection: a usual limit of HTTP/2 servers and proxies (RFC 9113, 6.5.2
recommends no less); TensorFlow Serving by itself has none."""


@dataclass(frozen=True, slots=True)
class Load:
    """What one target gets."""

    target: str
    sizes_bytes: tuple[tuple[int, ...], ...]
    """Of its requests, by the payload's parts; empty if nobody knows."""
    service_ns: float
    """Of a request in the mean; NaN if nobody said."""


def section(
    scenario: Scenario, phases: Sequence[PhaseCensus], loads: Sequence[Load], like: str
) -> Section:
    """Return what Little's law says: in flight = rate x time in the system, in the mean."""
    fullest = max((each.peak[1] for each in phases), default=0)
    bytes_s = sum(fullest * _largest_bytes([load]) for load in loads)
    total_s = fullest * len(loads)
    processes = max(1, math.ceil(max(total_s / KEPT_PER_S, bytes_s / KEPT_BYTES_PER_S)))
    kept = f"{KEPT_PER_S:,}/s of 1 kB, and {short(KEPT_BYTES_PER_S)}/s of pictures"
    lines: list[Line] = [(f"load processes: {processes} (one kept its schedule up to {kept})",)]
    lines += _guard(scenario, loads)
    columns = (
        Column("target", right=False, wrap=True),
        Column("phase", right=False, wrap=True),
        Column("service\ntime"),
        Column("in flight,\nmean"),
        Column("fullest\nsecond"),
        Column("connections\nat 100 each"),
    )
    rows = []
    at_once = [(0.0, 0.0)] * len(phases)  # requests and their bytes, of all targets
    for index, load in enumerate(loads):
        if math.isnan(load.service_ns):
            continue
        for number, (phase, counted) in enumerate(zip(scenario.traffic, phases, strict=True)):
            requests = int(counted.sent[index].sum())
            if isinstance(phase, ClosedPhase) or not requests:
                continue
            service_s = load.service_ns / NS_PER_S
            mean = requests / (phase.duration_ns / NS_PER_S) * service_s
            peak = counted.peak[1] * max(service_s, 0.0)
            rows.append(
                Row(
                    (
                        Foreign(load.target),
                        Foreign(phase.name),
                        wording.time(load.service_ns),
                        words.three_digits(mean),
                        words.three_digits(peak),
                        str(max(1, math.ceil(peak / STREAMS))),
                    )
                )
            )
            before, before_bytes = at_once[number]
            at_once[number] = before + peak, before_bytes + peak * _largest_bytes([load])
    for phase, (peak, peak_bytes) in zip(scenario.traffic, at_once, strict=True):
        lines += _dropped(scenario, phase.name, peak, peak_bytes, processes)
    source = f"service times in the mean of {like}" if like else ""
    if not rows:
        lines.append(
            ("in flight: not known; --service-time or --like RUN says how long an answer takes",)
        )
    note = f"in flight = rate x service time (Little's law), if it does not queue; {source}"
    return Section(
        "in flight", note.rstrip("; ") if rows else "", columns if rows else (), tuple(rows),
        tuple(lines),
    )  # fmt: skip


def _largest_bytes(loads: Sequence[Load]) -> int:
    return max((size for load in loads for each in load.sizes_bytes for size in each), default=0)


def _guard(scenario: Scenario, loads: Sequence[Load]) -> Iterator[Line]:
    """Yield how many requests their bytes let be in flight, where that may be the closer bound."""
    largest, limit = _largest_bytes(loads), scenario.max_in_flight
    bound = scenario.max_in_flight_bytes
    if bound is not None and largest * limit > bound:
        most = wording.count(max(1, bound // largest), "request")
        said = f"in flight at most {short(bound)} in each load process ('max_in_flight_bytes'): "
        yield (said, f"{most} of the largest, fewer than 'max_in_flight: {limit}'")
    elif bound is None and largest * limit > ALWAYS_BYTES:
        said = f"in flight at most {limit} ('max_in_flight'), {short(largest * limit)} of the"
        yield (said, " largest, or what memory lets through ('max_in_flight_bytes')")


def _dropped(
    scenario: Scenario, phase: str, peak: float, peak_bytes: float, processes: int
) -> Iterator[Line]:
    """Yield that more would be in flight in a phase than the guards let through."""
    bound, bound_bytes = scenario.max_in_flight, scenario.max_in_flight_bytes
    for more, said in (
        (peak > bound * processes, f"more in flight than 'max_in_flight: {bound}'"),
        (
            bound_bytes is not None and peak_bytes > bound_bytes * processes,
            (
                f"{short(peak_bytes)} in flight, more than 'max_in_flight_bytes:"
                f" {short(bound_bytes or 0)}'"
            ),
        ),
    ):
        if more:
            through = f": {said} of {processes} lets through: the rest would be dropped"
            yield (Foreign(phase), through)


def short(size_bytes: float) -> str:
    """Return a size roughly: ``1.23 GB``."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size_bytes >= size:
            return f"{float(f'{size_bytes / size:.3g}'):g} {unit}"
    return f"{size_bytes:.0f} bytes"
