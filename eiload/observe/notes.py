"""What stands against believing what was read of a target's servers, GPUs and host.

What it knows: readings, phases. What it must not know: how anything is shown. Pure. A sentence
each: what could not be read, what began anew, what several servers said in turn.
"""

from collections.abc import Iterable

from eiload.base import wording
from eiload.base.clock import NS_PER_S
from eiload.observe.growth import SLOW_S, Growth
from eiload.observe.pages import KINDS
from eiload.observe.server import SERVERS
from eiload.record import stopping
from eiload.record.observed import Source
from eiload.record.run import Run

__all__ = ["EXPORTERS", "notes", "restarted", "seldom", "several", "unknown"]

EXPORTERS = ("dcgm", "node")
"""Kinds of sources that ask at times of their own; of a server that nobody asks nothing is new."""


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
        yield unknown(source)
        return
    if source.missed:
        tries = source.readings + source.missed
        yield (
            f"{name}: {wording.count(source.missed)} of {wording.count(tries, 'reading')} are"
            f" missing, the last time because: {source.why}"
        )
    growth = Growth.of(source)
    if growth.several:
        yield several(source)
        return
    for at in growth.restarts:
        between = restarted(source, growth.at_s[at - 1], growth.at_s[at])
        yield f"{between}: what it counted since the reading before is lost"
    yield from _ends(run, growth)
    yield from _loads(growth)
    if source.kind in EXPORTERS or _is_busy(run, target):
        yield from seldom(growth)
    yield from _other_models(run, target, growth)


def unknown(source: Source) -> str:
    """Return that a page is of nothing we know."""
    return f"{source.name} has no metrics that eiload knows"


def several(source: Source) -> str:
    """Return that several servers answer in turn."""
    return (
        f"{source.name}: its counters fall and rise again: several servers answer behind this"
        " address, so nothing is computed from them; give each one's own page in `metrics:`"
    )


def restarted(source: Source, before_s: float, after_s: float) -> str:
    """Return that a server began anew between two instants."""
    return (
        f"{KINDS[source.kind]} at {source.name} was restarted between {before_s:.1f} s and"
        f" {after_s:.1f} s"
    )


def seldom(growth: Growth) -> Iterable[str]:
    """Yield that a source says something new seldom, if so."""
    update_s, every_s = growth.update_s, growth.source.every_ns / NS_PER_S
    if update_s is not None and update_s >= max(SLOW_S, 2.5 * every_s):
        yield f"{growth.source.name} says something new every {wording.span(update_s)} only"


def _ends(run: Run, growth: Growth) -> Iterable[str]:
    """Yield that there is no reading after the load, without which counts cannot be compared."""
    if growth.source.kind not in SERVERS or run.stopped == stopping.UNFINISHED:
        return
    if growth.at_s[-1] * NS_PER_S < run.ended_ns:
        yield (
            f"{growth.source.name} was read for the last time at {growth.at_s[-1]:.1f} s, before"
            " the load ended: what both sides counted cannot be compared"
        )


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
