"""What a report for people says of where the time went: lag, upload, wait, download. Pure.

Means, and so shares, add up to the response time; percentiles do not. What a client cannot tell
(gRPC's own) is said to be unknown; of run files that are older than the parts nothing is said.
"""

from collections.abc import Iterable

from eiload.base import wording
from eiload.base.clock import NS_PER_MS
from eiload.record.intervals import Kind
from eiload.record.run import Run
from eiload.record.split import (
    NAMES,
    RESENT,
    WAITED_CONNECTION,
    WAITED_STREAM,
    WAITED_WINDOW,
    Split,
    split_of,
)
from eiload.report import words
from eiload.report.figures import quantile_ns
from eiload.report.section import Cell, Column, Foreign, Line, Row, Section

__all__ = ["QUANTILES", "UNKNOWN", "plain_split", "section", "shown"]

QUANTILES = (0.5, 0.99)

TITLE = "where the time went"
NOTE = (
    "ms, of good answers; share: of the mean response time; percentiles of the parts do not add up;"
    " blocked: the server kept a request from being sent"
)
UNKNOWN = "unknown: gRPC's own client (client: grpcio) cannot tell upload, wait and download apart"

_WAITS = {
    WAITED_STREAM: "for a free stream (the server's limit on requests at a time)",
    WAITED_CONNECTION: "for a connection",
    WAITED_WINDOW: "for a server or a network that took no more bytes",
}


def section(run: Run) -> Section:
    """Return the section on all targets; empty where nothing is known and nothing to be said."""
    rows: list[Row] = []
    lines: list[Line] = []
    clients = [target.client for target in run.scenario.targets.values()]
    for index, facts in enumerate(run.targets):
        name = Foreign(f"{facts.name} (emulated)" if facts.emulated else facts.name)
        split = split_of(run, index)
        if split is not None:
            rows += _rows(name, split)
        elif clients[index] == "grpcio":
            lines.append((name, f": {UNKNOWN}"))
        lines += [(name, f": {said}") for said in _wire(run, index)]
    lines += _compared(run)
    columns = (
        Column("target", right=False, wrap=True),
        Column("", right=False),
        *map(Column, ("share", "mean", "p50", "p99")),
    )
    return Section(TITLE, NOTE if rows else "", columns, tuple(rows), tuple(lines))


def shown(split: Split) -> list[Kind]:
    """Return the parts that are worth a row: all, but for a wait that nobody had."""
    return [k for k in NAMES if k is not Kind.BLOCKED or split.mean_ns(k)]


def _rows(name: str, split: Split) -> Iterable[Row]:
    for number, kind in enumerate(shown(split)):
        sample = split.samples[kind]
        cells: tuple[Cell, ...] = (
            name if not number else "",
            NAMES[kind],
            wording.share(split.share(kind)),
            words.milliseconds(split.mean_ns(kind)),
            *(words.milliseconds(quantile_ns(sample, q)) for q in QUANTILES),
        )
        yield Row(cells)


def _wire(run: Run, target: int) -> Iterable[str]:
    """Yield what requests waited for before they could be sent, and how many were sent again."""
    found = run.wire(target)
    waits = [f"{wording.count(found[f])} {why}" for f, why in _WAITS.items() if found.get(f)]
    if waits:
        yield f"requests that waited before they could be sent: {', '.join(waits)}; the wait counts"
    if resent := found.get(RESENT):
        yield (
            f"{wording.count(resent)} sent again, once, over another connection: the server had"
            " said that it would not look at them"
        )


def _compared(run: Run) -> Iterable[Line]:
    """Yield by how much each part's mean differs between two compared targets."""
    compare = run.scenario.compare
    if compare is None:
        return
    names = (compare.baseline, compare.candidate)
    one, other = (split_of(run, run.target_index(name)) for name in names)
    if one is None or other is None:
        return
    kinds = [kind for kind in NAMES if one.mean_ns(kind) or other.mean_ns(kind)]
    changes = [
        f"{NAMES[k]} {words.signed_milliseconds(other.mean_ns(k) - one.mean_ns(k))}" for k in kinds
    ]
    told = f": {', '.join(changes)} ms on the mean (without intervals, no verdict)"
    yield (Foreign(names[1]), " against ", Foreign(names[0]), told)


def plain_split(run: Run, target: int) -> dict[str, object] | None:
    """Return where the time went as plain data, ms and shares; None if it is unknown."""
    split = split_of(run, target)
    if split is None:
        return None
    return {
        NAMES[kind]: {
            "share": round(split.share(kind), 6),
            "mean_ms": split.mean_ns(kind) / NS_PER_MS,
            **{
                f"p{q * 100:g}_ms": None if value is None else value / NS_PER_MS
                for q in QUANTILES
                for value in (quantile_ns(split.samples[kind], q),)
            },
        }
        for kind in NAMES
    }
