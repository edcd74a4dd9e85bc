"""What a target's server, GPUs and host said in the last seconds, for who looks while a run is on.

What it knows: the last readings of sources (`watch.Glance`). What it must not know: runs, how
anything is shown. Pure. Each source has its own last seconds, up to its last reading: what is read
once a second is up to a second old. Of one that says something new seldom it is the time between
its last two changes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from eiload.base import wording
from eiload.observe.device import GPUS, HOSTS, Gpu, Host, gpus, host
from eiload.observe.growth import Growth
from eiload.observe.notes import EXPORTERS, restarted, seldom, several, unknown
from eiload.observe.server import SERVERS, Server, Stretch, served, together
from eiload.observe.watch import Glance

__all__ = ["Lately", "lately"]

SILENT_BEATS = 3
"""Readings that may be missing before it is said."""


@dataclass(frozen=True, slots=True)
class Lately:
    """What one target's sources said."""

    server: Server | None
    gpus: tuple[Gpu, ...]
    hosts: tuple[Host, ...]
    notes: tuple[str, ...]
    """What should be known of it, a sentence each."""


def lately(glances: Sequence[Glance], model: str, span_s: float, now_s: float) -> Lately:
    """Return what a target's sources said in the last seconds.

    Args:
        glances: of each of its sources.
        model: the model that it asks for.
        span_s: how many seconds.
        now_s: s from the start of the load.
    """
    servers: list[Server | None] = []
    devices: list[Gpu] = []
    hosts: list[Host] = []
    notes: list[str] = []
    for glance in glances:
        growth = Growth.of(glance.source)
        notes += _notes(glance, growth, now_s)
        where = _where(growth, span_s)
        if growth.several or not where:
            continue
        match glance.source.kind:
            case kind if kind in SERVERS:
                servers.append(served(growth, where, model, means=True))
            case kind if kind in GPUS:
                devices += gpus(growth, where)
            case kind if kind in HOSTS and (found := host(growth, where)) is not None:
                hosts.append(found)
    found_server = together(servers)
    if found_server is not None:
        notes += found_server.notes
    return Lately(found_server, tuple(devices), tuple(hosts), tuple(notes))


def _where(growth: Growth, span_s: float) -> list[Stretch]:
    """Return the last seconds of a source; nothing where there are no two readings."""
    if len(growth.at_s) < 2:
        return []
    at_s = growth.at_s
    fresh = np.flatnonzero(growth.fresh)
    if growth.source.kind in EXPORTERS and len(fresh) < len(at_s):
        first, last = (fresh[-2], fresh[-1]) if len(fresh) > 1 else (0, len(at_s) - 1)
        return [Stretch(float(at_s[first]), float(at_s[last]), whole=False)]
    return [Stretch(max(float(at_s[0]), float(at_s[-1]) - span_s), float(at_s[-1]), whole=False)]


def _notes(glance: Glance, growth: Growth, now_s: float) -> Iterator[str]:
    source = glance.source
    if not source.readings:
        yield f"{source.name} cannot be read: {source.why}"
        return
    if not source.kind:
        yield unknown(source)
        return
    silent_s = now_s - float(growth.at_s[-1])
    if source.missed and silent_s > SILENT_BEATS * max(source.every_ns / 1e9, 1.0):
        yield f"{source.name}: no reading for {wording.span(silent_s)}: {source.why}"
    if growth.several:
        yield several(source)
        return
    for before_s, after_s in glance.fell_s:
        yield restarted(source, before_s, after_s)
    if source.kind in EXPORTERS:
        yield from seldom(growth)
