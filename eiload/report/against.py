"""What a report for people says of a comparison: the shift function, its picture, its verdict.

Pure: a `Comparison` in, sections out (`content`), for the report of a run and for
``eiload compare``. The shift function is one row a quantile, because what an attachment costs is
not one number: a network hop moves the median most, a full queue the tail. Response times come
first and carry the verdict; service times stand below, so that a reader sees queueing apart from
inference, and below these each target by itself.
"""

import math
from collections.abc import Sequence

from eiload.base import wording
from eiload.base.units import format_percentile
from eiload.judging.compare.comparison import Change, Comparison, Side
from eiload.judging.statistics.shift import Interval, QuantileShift
from eiload.report import bars, words
from eiload.report.section import Bar, Cell, Column, Foreign, Line, Row, Section, Tone

__all__ = ["sections", "tone_of"]

NOTE = "ms; ratio: candidate over baseline; in brackets: 95 % confidence interval"
APART = (
    "response times, ms; in brackets: 95 % confidence interval, within which an objective is"
    " undecided; wider, because what disturbs both does not cancel"
)
PARTS = "means, ms, of good answers; without intervals, no verdict is on these"
BY_PHASE = "in brackets: 95 % confidence interval, each by itself; no verdict is on these"
OVER_RUNS = "response times, ms; in brackets: 95 % confidence interval of the mean over runs"


def sections(comparison: Comparison, *, emulated: bool, parts: bool = False) -> list[Section]:
    """Return the sections on a comparison: response times with the verdict, then the rest.

    Args:
        comparison: the comparison.
        emulated: whether a target was a stand-in.
        parts: also where the time of each went, which the report of one run has anyway.
    """
    title = f"comparison of {comparison.candidate.name} with {comparison.baseline.name}"
    title = wording.marked(title, emulated)
    if comparison.runs > 1:
        title += f", {comparison.runs} {comparison.kind}"
    response = Section(
        f"{title}: response times",
        NOTE,
        _columns(comparison),
        _rows(comparison.response, comparison),
        (*_verdict(comparison), *_beside(comparison)),
    )
    service = Section(
        f"{title}: service times",
        "the same without queues before sending; no verdict is on these",
        _columns(comparison),
        _rows(comparison.service, comparison),
    )
    apart = Section(
        f"{title}: each by itself",
        OVER_RUNS if comparison.kind == "repeated runs" else APART,
        _columns(comparison)[:3],
        tuple(
            Row((_name(row, comparison), _within(row.baseline_within_ns), _within(other)))
            for row in comparison.response
            if (other := row.candidate_within_ns) or row.baseline_within_ns
        ),
    )
    by_phase = Section(
        f"{title}: response times by phase",
        BY_PHASE,
        (Column("phase", right=False, wrap=True), *_columns(comparison)),
        _by_phase(comparison),
    )
    found = (response, by_phase, *([_parts(title, comparison)] if parts else []), service, apart)
    return [each for each in found if each.rows or each.lines]


def _parts(title: str, comparison: Comparison) -> Section:
    """Return where the time of each went, part by part; empty unless both clients could tell."""
    one, other = comparison.baseline.parts_ns, comparison.candidate.parts_ns
    rows = tuple(
        Row(
            (
                name,
                words.milliseconds(one[name]),
                words.milliseconds(other[name]),
                words.signed_milliseconds(other[name] - one[name]),
            )
        )
        for name in one
        if name in other and (one[name] or other[name])
    )
    columns = (*_columns(comparison)[:3], Column("difference"))
    return Section(f"{title}: where the time went", PARTS, columns, rows)


def _by_phase(comparison: Comparison) -> tuple[Row, ...]:
    """Return each phase's median and headline, all on one scale."""
    shown = {0.5, comparison.headline}
    chosen = [
        (phase.name, row) for phase in comparison.phases for row in phase.response if row.q in shown
    ]
    known = [row.ratio for _, row in chosen if row.ratio is not None]
    scale = bars.scale_of([(ratio.low, ratio.high) for ratio in known], comparison.margin)
    return tuple(
        Row((Foreign(name), *_row(row, scale, format_percentile(row.q)).cells))
        for name, row in chosen
    )


def _within(interval: Interval | None) -> str:
    if interval is None:
        return words.NOT_KNOWN
    high = "open" if math.isinf(interval.high) else words.milliseconds(interval.high)
    return f"{words.milliseconds(interval.value)} [{words.milliseconds(interval.low)}, {high}]"


def _name(row: QuantileShift, comparison: Comparison) -> str:
    return format_percentile(row.q) + (" *" if row.q == comparison.headline else "")


def _columns(comparison: Comparison) -> tuple[Column, ...]:
    return (
        Column("", right=False),
        Column(_heading(comparison.baseline.name)),
        Column(_heading(comparison.candidate.name)),
        Column("ratio [95 %]", right=False),
        Column("difference [95 %]", right=False),
        Column(f"| equal, : {wording.change(1 + comparison.margin)}", right=False),
    )


def _heading(name: str) -> str:
    """Return a target's name above its numbers; of separate runs, its file's below it."""
    return words.safe(name, 20).replace(" (", "\n(", 1)


def _rows(quantiles: Sequence[QuantileShift], comparison: Comparison) -> tuple[Row, ...]:
    known = [row.ratio for row in quantiles if row.ratio is not None]
    scale = bars.scale_of([(ratio.low, ratio.high) for ratio in known], comparison.margin)
    return tuple(_row(row, scale, _name(row, comparison)) for row in quantiles)


def _row(row: QuantileShift, scale: bars.RatioScale, name: str) -> Row:
    times = (words.milliseconds(row.baseline_ns), words.milliseconds(row.candidate_ns))
    if row.ratio is None or row.difference_ns is None:
        needs = f"needs about {wording.count(row.needs)} requests" if row.needs else words.NOT_KNOWN
        return Row((name, *times, needs, words.NOT_KNOWN, ""))
    low, value, high = (_ratio(each) for each in (row.ratio.low, row.ratio.value, row.ratio.high))
    change = (row.difference_ns.low, row.difference_ns.value, row.difference_ns.high)
    from_, by, to = (words.signed_milliseconds(each) for each in change)
    picture: Cell = ""
    if not math.isnan(row.ratio.value):
        picture = Bar(row.ratio.low, row.ratio.value, row.ratio.high, scale)
    return Row((name, *times, f"{value} [{low}, {high}]", f"{by} [{from_}, {to}]", picture))


def _ratio(value: float) -> str:
    if not math.isfinite(value):
        return words.milliseconds(value)
    return f"{value:.3f}" if value < 10 else words.three_digits(value)


def tone_of(word: Change | None) -> bool | None:
    """Return whether a comparison's word is good; None when it leaves something open."""
    if word is None:
        return None
    return True if word.good else False if word.bad else None


def _verdict(comparison: Comparison) -> tuple[Line, ...]:
    statement, word = comparison.statement, comparison.word
    if word is None:
        return ((statement,),)
    good = tone_of(word)
    if not statement.startswith(word):
        return ((Tone(statement, good),),)
    return ((Tone(str(word), good), statement.removeprefix(word)),)


def _beside(comparison: Comparison) -> tuple[Line, ...]:
    headline = f"* the verdict is on {format_percentile(comparison.headline)}"
    sides = (_side(comparison.baseline), _side(comparison.candidate))
    notes: list[Line] = [(f"note: {note}",) for note in comparison.notes]
    first: Line = (f"{headline}, margin {wording.share(comparison.margin)}",)
    return (first, *sides, *_lags(comparison), *notes)


def _side(side: Side) -> Line:
    """Return what is compared without a verdict: throughput, errors, cold start."""
    first = "not measured"
    if side.first_inference_ns is not None:
        first = f"{words.milliseconds(side.first_inference_ns)} ms"
    rate, errors = wording.rate(side.throughput_per_s), wording.share(side.error_share)
    return (
        Foreign(side.name),
        f": {rate} good answers, {errors} errors, first inference {first}{_versions(side)}",
    )


def _versions(side: Side) -> str:
    if not side.versions:
        return ""
    plural = "s" if len(side.versions) > 1 else ""
    return f", answered as version{plural} {', '.join(map(str, side.versions))}"


def _lags(comparison: Comparison) -> tuple[Line, ...]:
    """Return how late each target's requests were sent, apart from the other's."""
    sides = comparison.baseline, comparison.candidate
    if any(math.isnan(side.lag_p50_ns) for side in sides):
        return ()
    (one, its), (other, theirs) = (
        (
            Foreign(side.name),
            f" p50 {words.milliseconds(side.lag_p50_ns)} p99 {words.milliseconds(side.lag_p99_ns)}",
        )
        for side in sides
    )
    return (("lag by target: ", one, its, ", ", other, theirs, " ms"),)
