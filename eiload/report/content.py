"""What a report for people says, before anyone decides how it looks.

This file fills a report's sections (`section`) from a run and its judgement, `against` those on a
comparison; `terminal` and `markdown` lay them out. So both say the same, and each stays small.

An invalid run has numbers and no verdict: its objectives are listed without a word on them.
"""

import math
from collections.abc import Iterable
from datetime import UTC, datetime

from eiload.base import wording
from eiload.base.clock import NS_PER_S
from eiload.base.status import Status
from eiload.base.units import format_price
from eiload.judging.judgement import Judgement
from eiload.judging.sla import Word
from eiload.record import stopping
from eiload.record.facts import TargetFacts
from eiload.record.run import Run
from eiload.report import (
    against,
    figures,
    invoked,
    looking,
    observed,
    served,
    sides,
    times,
    went,
    words,
)
from eiload.report.figures import Ledger
from eiload.report.section import Column, Foreign, Line, Row, Section, Tone
from eiload.report.times import labelled

__all__ = ["NO_VERDICT", "sections"]

MOST_FAILURES = 5
"""Kinds of failures listed for each target; a server under stress invents many texts."""

FIRST_NOTE = "it loads the model into the accelerator"

NO_VERDICT = "no verdict"


def sections(run: Run, judgement: Judgement) -> list[Section]:
    """Return everything a report says, in reading order, but for the line that says it all.

    First what was asked (objectives, comparison), then what bears on the answer, then the rest.
    """
    beside = _validity(judgement)
    found = [
        *(() if judgement.validity.valid else (beside,)),
        _objectives(run, judgement),
        *_comparison(run, judgement),
        *((beside,) if judgement.validity.valid else ()),
        _subject(run),
        times.section(run),
        went.section(run),
        sides.section(run),
        invoked.section(run),
        *observed.sections(run),
        _requests(run),
        _failures(run),
        _cost(run, judgement),
    ]
    return [section for section in found if section.rows or section.lines]


# -- what was measured -------------------------------------------------------------------------


def _subject(run: Run) -> Section:
    scenario = run.scenario
    started = datetime.fromtimestamp(run.started_wall_ns // NS_PER_S, UTC)
    planned_ns = sum(phase.duration_ns for phase in scenario.traffic)
    length = wording.length(run.ended_ns / NS_PER_S)
    lines: list[Line] = [
        (f"{length} of load, from {started:%Y-%m-%d %H:%M:%S} UTC, seed {scenario.seed}",)
    ]
    if run.stopped:
        planned = stopping.as_planned(run.stopped)
        most = f"{'at most ' if planned else ''}{wording.length(planned_ns / NS_PER_S)}"
        said = "ended as planned (" if planned else "stopped early ("
        lines.append((said, Foreign(run.stopped), f"): {length} of {most}"))
    lines += looking.taken(run)
    for target in run.targets:
        lines.append(
            (
                *_name(target),
                ": ",
                Foreign(target.address),
                ", model ",
                Foreign(target.model),
                *((", ", Foreign(target.emulated)) if target.emulated else ()),
            )
        )
        lines += [("  ", Foreign(note)) for note in target.notes]
    title = "emulated run" if run.emulated else "run"
    return Section(f"{title} {words.safe(scenario.name)}", lines=tuple(lines))


def _name(target: TargetFacts) -> Line:
    """Return a target's name, with the word that must stand wherever a stand-in is shown."""
    return (Foreign(target.name), *((" (emulated)",) if target.emulated else ()))


# -- what became of every request --------------------------------------------------------------


def _requests(run: Run) -> Section:
    lines: list[Line] = []
    for index, target in enumerate(run.targets):
        whole = run.phases()
        everything = figures.ledger(run.statuses(index, whole))
        warm_up = figures.ledger(run.statuses(index, [span for span in whole if span.warm_up]))
        apart = (
            f"; {wording.count(warm_up.scheduled)} of them in warm-up" if warm_up.scheduled else ""
        )
        lines.append((*_name(target), f": {_sum(everything)}{apart}"))
        lines += _beside(run, index)
    return Section("every request", lines=tuple(lines))


def _sum(ledger: Ledger) -> str:
    """Return the ledger as an equation: nothing is lost in silence."""
    lost = f" + {wording.count(ledger.lost)} lost" if ledger.lost else ""
    return (
        f"scheduled {wording.count(ledger.scheduled)} = {wording.count(ledger.ok)} ok"
        f" + {wording.count(ledger.failed)} failed + {wording.count(ledger.dropped)} dropped"
        f" + {wording.count(ledger.unfinished)} unfinished{lost}"
    )


def _beside(run: Run, index: int) -> Iterable[Line]:
    """Yield what is known beside the load: the first inference, the answers' contents."""
    target = run.targets[index]
    if target.first_inference_ns is not None:
        took = words.milliseconds(target.first_inference_ns)
        yield (f"  first inference, before the load: {took} ms ({FIRST_NOTE})",)
    if target.answers_checked:
        measured = run.answers(index)
        line = f"  answers checked: {wording.count(measured.checked)}, bad:"
        line += f" {wording.count(measured.bad)}"
        before = target.answers_checked - measured.checked
        if before:
            bad = wording.count(target.answers_bad - measured.bad)
            line += f"; in warm-up {wording.count(before)}, bad: {bad}"
        yield (line,)
    yield from served.lines(run, index)


_MEANINGS = {
    Status.DROPPED: "DROPPED: due and never sent",
    Status.UNFINISHED: "UNFINISHED: sent, no answer when the run ended",
    Status.LOST: "LOST: scheduled on a worker that died, its fate is not known",
}
"""What the statuses of our own mean; gRPC's come with the server's words."""


def _failures(run: Run) -> Section:
    rows: list[Row] = []
    for index in range(len(run.targets)):
        rows += _failure_rows(run, index, warm_up=False)
        rows += _failure_rows(run, index, warm_up=True)
    columns = (times.TARGET, Column("requests"), Column("how", right=False, wrap=True))
    return Section("what did not end well", "", columns, tuple(rows))


def _failure_rows(run: Run, index: int, *, warm_up: bool) -> Iterable[Row]:
    """Yield the kinds of failures of one target, in warm-up or in the other phases."""
    target = run.targets[index]
    kinds = run.failures(index, warm_up=warm_up)
    # What came without a text is in the counts only.
    spans = [span for span in run.phases() if span.warm_up == warm_up]
    for status, number in run.statuses(index, spans).items():
        explained = sum(n for text, n in kinds.items() if text.startswith(status.name))
        if status is not Status.OK and number > explained:
            kinds[_MEANINGS.get(status, status.name)] = number - explained
    ranked = sorted(kinds.items(), key=lambda kind: (-kind[1], kind[0]))
    name = labelled(run, target.name)
    when = "in warm-up: " if warm_up else ""
    for text, number in ranked[:MOST_FAILURES]:
        yield Row((name, wording.count(number), Foreign(f"{when}{text}")))
    if rest := ranked[MOST_FAILURES:]:
        total = wording.count(sum(number for _, number in rest))
        yield Row((name, total, f"{when}of {len(rest)} other kinds"))


# -- comparison and cost -----------------------------------------------------------------------


def _comparison(run: Run, judgement: Judgement) -> Iterable[Section]:
    comparison = judgement.comparison
    if comparison is None:
        return
    names = {comparison.baseline.name, comparison.candidate.name}
    emulated = any(target.emulated for target in run.targets if target.name in names)
    yield from against.sections(comparison, emulated=emulated)
    if agreement := judgement.agreement:
        agreed, compared = map(wording.count, (agreement.agreed, agreement.compared))
        line = (f"{agreed} of {compared} compared answers agree ({agreement.percent})",)
        yield Section("do the two answer the same?", lines=(line,))


def _cost(run: Run, judgement: Judgement) -> Section:
    cost = judgement.cost
    if cost is None:
        return Section("cost")
    headings = ("price", "USD/h", "good/s", "USD per million\ngood inferences")
    columns = (times.TARGET, *map(Column, headings))
    rows = tuple(
        Row(
            (
                labelled(run, each.name),
                Foreign(each.price.text),
                format_price(each.price.usd_per_h).removesuffix(" USD/h"),
                words.per_second(each.throughput_per_s),
                f"{each.usd_per_million:,.2f}"
                if math.isfinite(each.usd_per_million)
                else words.NOT_KNOWN,
            )
        )
        for each in cost.targets
    )
    lines: list[Line] = [(cost.statement,)] if cost.statement else []
    title = wording.marked("cost", run.emulated)
    return Section(title, "", columns, rows, (*lines, *((note,) for note in cost.notes)))


# -- verdicts ----------------------------------------------------------------------------------


def _objectives(run: Run, judgement: Judgement) -> Section:
    columns = (
        Column("verdict", right=False),
        Column("objective", right=False),
        times.TARGET,
        Column("observed", right=False, wrap=True),
        Column("why", right=False, wrap=True),
    )
    rows = tuple(
        Row(
            (
                _tone(verdict.word) if judgement.validity.valid else NO_VERDICT,
                verdict.objective.said,
                labelled(run, verdict.target),
                verdict.observed,
                verdict.reason,
            )
        )
        for verdict in judgement.verdicts
    )
    return Section("objectives", "", columns, rows)


def _tone(word: Word) -> Tone:
    good = {Word.PASS: True, Word.FAIL: False}
    return Tone(str(word), good.get(word))


def _validity(judgement: Judgement) -> Section:
    validity = judgement.validity
    lines: list[Line] = [
        (Tone("invalid", good=False), ": ", Foreign(each)) for each in validity.reasons
    ]
    lines += [(f"caution: {each}",) for each in validity.cautions]
    title = "keep in mind" if validity.valid else "the run is invalid: numbers only, no verdict"
    return Section(title, lines=tuple(lines))
