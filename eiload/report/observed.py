"""What a report for people says of the server's side: requests, times, counts against ours. Pure.

Nothing is said of runs of which nothing was read. Means are exact; quantiles of servers are known
between two limits only, and are written so: ``67.5-121``.
"""

from collections.abc import Iterable

from eiload.base import wording
from eiload.base.clock import NS_PER_MS
from eiload.judging.statistics.blocks import reportable
from eiload.observe import foreign
from eiload.observe.foreign import Check
from eiload.observe.histogram import Bounds, Histogram
from eiload.observe.notes import notes
from eiload.observe.pages import KINDS
from eiload.observe.server import Server, server_of
from eiload.record.observed import Source
from eiload.record.run import Run
from eiload.report import devices, words
from eiload.report.section import Cell, Column, Foreign, Line, Row, Section
from eiload.report.times import TARGET, labelled

__all__ = ["between", "sections"]

TITLE = "the server's side"
NOTE = (
    "ms, by the server's own account: in the server (without network and parsing), of that the run"
    " of the graph; percentiles lie between the two limits of a bucket"
)
CHECK = "requests on both sides"
CHECK_NOTE = (
    "what was sent against what the server counted, from before the load to after its drain"
)

US_PER_MS = NS_PER_MS / 1_000


def sections(run: Run) -> list[Section]:
    """Return the sections on what was read beside the load; empty ones where nothing was."""
    return [_server(run), _checked(run), devices.section(run), _sources(run)]


def between(bounds: Bounds | None) -> str:
    """Return limits in ns as ``67.5-121``, ms; one number where they are one."""
    if bounds is None:
        return words.NOT_KNOWN
    low, high = words.milliseconds(bounds.low), words.milliseconds(bounds.high)
    if bounds.high == float("inf") and bounds.low < float("inf"):
        return f"over {low}"
    return low if low == high else f"{low}-{high}"


# -- what the server did -----------------------------------------------------------------------


def _server(run: Run) -> Section:
    rows: list[Row] = []
    lines: list[Line] = []
    spans = [span for span in run.measured() if span.seconds]
    for index, facts in enumerate(run.targets):
        name = labelled(run, facts.name)
        whole = server_of(run, index)
        if whole is None:
            continue
        rows.append(_row(name, whole, minor=False))
        for span in spans if len(spans) > 1 else ():
            part = server_of(run, index, [span])
            if part is not None:
                rows.append(_row(Foreign(f"- {span.name}"), part, minor=True))
        lines += [(name, f": {said}") for said in _beside(whole)]
    columns = (
        TARGET,
        Column("counted/s"),
        *(Column(f"in server\n{which}") for which in ("mean", "p50", "p99")),
        Column("runtime\nmean"),
        Column("runtime\np99"),
        Column("queue\nmean"),
        Column("batch\nmean"),
    )
    return Section(TITLE, NOTE if rows else "", columns, tuple(rows), tuple(lines))


def _row(name: Foreign, of: Server, *, minor: bool) -> Row:
    cells: tuple[Cell, ...] = (
        name,
        words.per_second(of.per_s),
        _mean(of.request),
        *(_quantile(of.request, q) for q in (0.5, 0.99)),
        _mean(of.runtime),
        _quantile(of.runtime, 0.99),
        _mean(of.queue),
        words.three_digits(of.batch.mean) if of.batch is not None else words.NOT_KNOWN,
    )
    return Row(cells, minor)


def _mean(of: Histogram | None) -> str:
    return words.NOT_KNOWN if of is None else words.three_digits(of.mean / US_PER_MS)


def _quantile(of: Histogram | None, q: float) -> str:
    if of is None or not reportable(q, round(of.count)):
        return words.NOT_KNOWN
    return between(of.quantile(q).times(1_000))


def _beside(of: Server) -> Iterable[str]:
    """Yield what a row has no room for."""
    failed = {status: n for status, n in of.by_status.items() if status != "OK" and n >= 0.5}
    if failed:
        listed = ", ".join(f"{wording.count(round(n))} {status}" for status, n in failed.items())
        yield f"ended otherwise than OK by the server's account: {listed}"
    if not of.by_status and of.graph_runs:
        mean_ms = of.graph_us / of.graph_runs / US_PER_MS
        yield (
            f"{wording.count(round(of.graph_runs), 'run')} of the graph of all models together,"
            f" mean {words.three_digits(mean_ms)} ms; this build counts no requests"
        )
    yield from of.notes


# -- both sides' counts ------------------------------------------------------------------------


def _checked(run: Run) -> Section:
    lines: list[Line] = []
    for index, facts in enumerate(run.targets):
        found = foreign.check(run, index)
        if found is None or (found.together and found.together[0] != facts.name):
            continue
        name = labelled(run, facts.name)
        lines.append((name, f": {_counted(found)}"))
        if found.agrees:
            continue
        for phase in foreign.by_phase(run, index):
            if phase.foreign:
                extra, counted = (wording.count(round(n)) for n in (phase.foreign, phase.counted))
                lines.append(
                    ("  in ", Foreign(phase.phase), f": at least {extra} of {counted} not ours")
                )
    return Section(CHECK, CHECK_NOTE if lines else "", lines=tuple(lines))


def _counted(of: Check) -> str:
    """Return what both sides counted, and what a difference means."""
    shared = f" to {' and '.join(of.together)} together" if len(of.together) > 1 else ""
    said = f"{wording.count(of.sent)} sent{shared}, {wording.count(of.total)} counted by the server"
    if of.agrees:
        return f"{said}: the same, by status too" if len(of.counted) > 1 else f"{said}: the same"
    parts = []
    if of.least:
        parts.append(f"{wording.count(of.least)} ({wording.share(of.low)}) are not ours")
    if of.most > of.least:
        parts.append(f"up to {wording.count(of.most)} may not be ours")
    if of.unanswered:
        parts.append(f"{wording.count(of.unanswered)} ended well there and not with us")
    if of.uncounted:
        parts.append(f"{wording.count(of.uncounted)} good answers are not in its counts")
    if of.restarted:
        parts.append("it was restarted, so part of its counts is lost")
    return f"{said}: {'; '.join(parts)}"


# -- where it is all from ----------------------------------------------------------------------


def _sources(run: Run) -> Section:
    lines: list[Line] = []
    for index, facts in enumerate(run.targets):
        name = labelled(run, facts.name)
        lines += [(name, ": ", Foreign(said)) for said in notes(run, index)]
        lines += [(name, ": ", *_cost(each)) for each in run.sources(index) if each.readings]
    return Section("what was read beside the load", lines=tuple(lines))


def _cost(of: Source) -> Line:
    """Return a source, how often it was read, and what that cost."""
    took_ms, cpu_ms = (ns / of.readings / NS_PER_MS for ns in (of.took_ns, of.cpu_ns))
    cost = f"each {words.three_digits(took_ms)} ms, {words.three_digits(cpu_ms)} ms of our CPU"
    kind = KINDS.get(of.kind, "unknown")
    return (f"{kind}, ", Foreign(of.name), f": {wording.count(of.readings, 'reading')}, {cost}")
