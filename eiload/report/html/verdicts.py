"""What was judged, as pictures beside the words: objectives and the comparison."""

import math

from eiload.base import wording
from eiload.base.units import format_percentile
from eiload.judging.compare.comparison import Change, Comparison, PhaseChange, word_of
from eiload.judging.judgement import Judgement
from eiload.judging.sla import Word
from eiload.judging.statistics.shift import QuantileShift
from eiload.record.run import Run
from eiload.report import words
from eiload.report.content import NO_VERDICT
from eiload.report.html import bars
from eiload.report.html.svg import Log, attribute, text
from eiload.report.html.tables import cell, table, tone_class
from eiload.report.section import Column, Tone

__all__ = ["comparison", "objectives"]

GOOD = {Word.PASS: True, Word.FAIL: False}


def objectives(run: Run, judgement: Judgement) -> str:
    """Return one row for each verdict: how much of what is allowed was used, with its interval."""
    if not judgement.verdicts:
        return ""
    known = [each.used for each in judgement.verdicts if each.used is not None]
    on = bars.scale(known, (1.0,))
    ruler = bars.ruler(on, [(1.0, "limit")])
    rows = []
    for verdict in judgement.verdicts:
        valid = judgement.validity.valid
        good = GOOD.get(verdict.word) if valid else None
        word = str(verdict.word) if valid else NO_VERDICT
        used = verdict.used
        label = "not measured"
        if used is not None:
            label = f"{wording.share(used.value)} of what is allowed was used"
        badge = cell(Tone(word, good))
        bar = bars.bar(used, on, (1.0,), tone_class(good), label)
        emulated = any(t.emulated for t in run.targets if t.name == verdict.target)
        name = wording.marked(verdict.target, emulated)
        texts = verdict.objective.said, name, verdict.observed, verdict.reason
        one, two, observed, why = map(text, texts)
        rows.append(([badge, one, two, bar, observed, why], ""))
    columns = (
        Column("verdict", right=False),
        Column("objective", right=False),
        Column("target", right=False),
        Column("used of what is allowed", right=False),
        Column("observed", right=False, wrap=True),
        Column("why", right=False, wrap=True),
    )
    drawn = table(columns, rows, "objectives")
    return drawn.replace("used of what is allowed</th>", f"used of what is allowed{ruler}</th>")


def comparison(found: Comparison) -> str:
    """Return the shift function as a picture: the change at each percentile with its interval."""
    tables: list[Comparison | PhaseChange] = [found, *found.phases]
    known = [
        row.ratio
        for each in tables
        for row in (*each.response, *each.service)
        if row.ratio is not None
    ]
    on = bars.scale(known, (1.0, 1 + found.margin))
    if not found.phases:
        return _tables(found, found, on, "")
    # All are shown until the script has hidden what is not chosen: without it none is missing.
    names = ["all compared phases", *(phase.name for phase in found.phases)]
    options = "".join(
        f'<option value="{number}">{text(name)}</option>' for number, name in enumerate(names)
    )
    chosen = f'<select data-choose="comparison" aria-label="phase">{options}</select>'
    parts = []
    for number, (name, each) in enumerate(zip(names, tables, strict=True)):
        at = attribute(data_part="comparison", data_value=number)
        parts.append(f"<div{at}>{_tables(found, each, on, name)}</div>")
    note = '<p class="note">No verdict is on a phase by itself.</p>'
    return f"<p>{chosen}</p>{note}{''.join(parts)}"


def _tables(found: Comparison, of: Comparison | PhaseChange, on: Log, name: str) -> str:
    """Return the shift functions of response and service times, of all phases or of one."""
    marks = (1.0, 1 + found.margin)
    ruler = bars.ruler(on, [(1.0, "equal"), (1 + found.margin, wording.change(1 + found.margin))])
    parts = []
    for title, shifts in (("response times", of.response), ("service times", of.service)):
        headline = of is found and title == "response times"
        rows = [_row(row, found, on, marks, headline=headline) for row in shifts]
        columns = (
            Column("", right=False),
            Column(words.safe(found.baseline.name, 30)),
            Column(words.safe(found.candidate.name, 30)),
            Column("change", right=False),
            Column("change, 95 % confidence interval", right=False),
            Column("in ms, 95 % confidence interval", right=False),
        )
        whole = f"{title}, {name}" if name else title
        drawn = table(columns, rows, f"comparison, {whole}")
        drawn = drawn.replace(">change</th>", f">change{ruler}</th>", 1)
        parts.append(f"<h3>{text(whole)}</h3>{drawn}")
    return "".join(parts)


def _row(
    row: QuantileShift, found: Comparison, on: Log, marks: tuple[float, ...], *, headline: bool
) -> tuple[list[str], str]:
    times = [words.milliseconds(each) for each in (row.baseline_ns, row.candidate_ns)]
    verdict_here = headline and row.q == found.headline
    name = format_percentile(row.q) + (" (verdict)" if verdict_here else "")
    if row.ratio is None or row.difference_ns is None:
        needs = f"needs about {wording.count(row.needs)} requests" if row.needs else words.NOT_KNOWN
        return [text(name), *times, "", text(needs), words.NOT_KNOWN], ""
    word = word_of(row, found.margin)
    good = None if word is Change.INCONCLUSIVE else not word.bad
    ratio, by = row.ratio, row.difference_ns
    label = f"{wording.change(ratio.low)} to {wording.change(ratio.high)}"
    bar = bars.bar(ratio, on, marks, tone_class(good), label)
    change = f"{_change(ratio.value)} [{_change(ratio.low)}, {_change(ratio.high)}]"
    absolute = "{} [{}, {}]".format(
        *(words.signed_milliseconds(each) for each in (by.value, by.low, by.high))
    )
    class_ = "headline" if verdict_here else ""
    return [text(name), *times, bar, text(change), text(absolute)], class_


def _change(ratio: float) -> str:
    return wording.change(ratio) if math.isfinite(ratio) else words.milliseconds(ratio)
