"""What a report for people says of where the time went on both sides, ours and the server's. Pure.

Means add up to the response time, so a comparison's excess is split the same way, in one sentence.
Percentiles do not add up; those of the server, and of what lies outside of it, are limits.
"""

from collections.abc import Iterable

from eiload.base import wording
from eiload.base.clock import NS_PER_MS
from eiload.judging.statistics.blocks import reportable
from eiload.observe.parts import TimeParts, excess, parts_of
from eiload.record.run import Run
from eiload.report import words
from eiload.report.observed import between
from eiload.report.section import Cell, Column, Foreign, Line, Row, Section
from eiload.report.times import TARGET, labelled

__all__ = ["QUANTILES", "section", "sentence"]

QUANTILES = (0.5, 0.99)

TITLE = "where the time went, with the server's account"
NOTE = (
    "ms, of good answers; share: of the mean response time; outside: network and gRPC, neither ours"
    " nor the server's; handling: in the server, around the run of the graph; percentiles of the"
    " parts do not add up, and two limits are all that is known"
)

LONGER = (
    "the server says longer than we have waited: its account is of other requests too, or another"
    " server has answered"
)

NEGLIGIBLE = 0.02
"""Share of a difference below which a group of parts is not named."""


def section(run: Run) -> Section:
    """Return the section; empty where no server gave account."""
    rows: list[Row] = []
    lines: list[Line] = []
    for index, facts in enumerate(run.targets):
        found = parts_of(run, index, qs=QUANTILES)
        if found is None:
            continue
        rows += _rows(labelled(run, facts.name), found)
        outside = next(part for part in found.parts if part.name in {"outside", "network"})
        if outside.mean_ns < 0:
            lines.append((labelled(run, facts.name), f": {LONGER}"))
    if said := sentence(run):
        lines.append(said)
    columns = (TARGET, Column("", right=False), *map(Column, ("share", "mean", "p50", "p99")))
    return Section(TITLE, NOTE if rows else "", columns, tuple(rows), tuple(lines))


def _rows(name: Foreign, of: TimeParts) -> Iterable[Row]:
    whole = of.response_ns
    for number, part in enumerate(of.parts):
        cells: tuple[Cell, ...] = (
            name if not number else "",
            part.name,
            wording.share(part.mean_ns / whole) if whole else words.NOT_KNOWN,
            words.milliseconds(part.mean_ns),
            *(
                between(part.quantiles[q]) if reportable(q, round(of.requests)) else words.NOT_KNOWN
                for q in QUANTILES
            ),
        )
        yield Row(cells)


def sentence(run: Run) -> Line:
    """Return by how much the candidate is slower, and what that is made of; empty if not known."""
    compare = run.scenario.compare
    if compare is None:
        return ()
    sides = [
        parts_of(run, run.target_index(name)) for name in (compare.baseline, compare.candidate)
    ]
    baseline, candidate = sides
    if baseline is None or candidate is None:
        return ()
    difference_ns = candidate.response_ns - baseline.response_ns
    word = "slower" if difference_ns >= 0 else "faster"
    shares = excess(baseline, candidate)
    named = [s for s in shares if abs(s.difference_ns) >= NEGLIGIBLE * abs(difference_ns)]
    sign = 1 if difference_ns >= 0 else -1
    listed = ", ".join(
        f"{words.three_digits(sign * each.difference_ns / NS_PER_MS)} ms {each.name}"
        for each in named
    )
    by = words.three_digits(abs(difference_ns) / NS_PER_MS)
    return (
        Foreign(compare.candidate),
        f" is {by} ms {word} at the mean: {listed} (without intervals, no verdict)",
    )
