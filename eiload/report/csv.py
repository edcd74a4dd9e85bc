"""A run as CSV files for spreadsheets, pandas and plots: per second, percentile and objective.

Pure: the files' texts by their names. One header row, names with units, points for decimals, no
thousands' separators; what is not known, or what so few requests cannot support
(`blocks.reportable`), is an empty cell; the time of a request that did not end OK is ``inf``. A
name that a spreadsheet would take for a formula is led by an apostrophe (OWASP, *CSV Injection*).
`docs/run-file.md` says what each column means.
"""

import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping

from eiload.base.clock import NS_PER_MS
from eiload.judging.judgement import Judgement
from eiload.judging.statistics.blocks import reportable
from eiload.record import parts, seconds
from eiload.record.intervals import PARTS, Kind
from eiload.record.run import Run
from eiload.record.sample import Sample
from eiload.record.split import NAMES, split_of
from eiload.report import words

__all__ = ["files"]

PERCENTILES = (*(n / 100 for n in range(1, 100)), 0.995, 0.999, 0.9995, 0.9999)


def files(run: Run, judgement: Judgement) -> Mapping[str, str]:
    """Return the files' texts by name."""
    return {
        "seconds.csv": text_of(_seconds(run)),
        "percentiles.csv": text_of(_percentiles(run)),
        "objectives.csv": text_of(_objectives(judgement)),
        "parts.csv": text_of(_parts(run)),
    }


def text_of(rows: Iterable[Iterable[object]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue()


def number(value: float | None) -> str:
    if value is None or math.isnan(value):
        return ""
    return f"{value:.6g}"


def _ms(value_ns: float | None) -> str:
    return number(None if value_ns is None else value_ns / NS_PER_MS)


def _quantile(sample: Sample, q: float) -> str:
    return _ms(sample.quantile_ns(q)) if reportable(q, sample.total) else ""


# -- per second --------------------------------------------------------------------------------


def _seconds(run: Run) -> Iterator[Iterable[object]]:
    """Yield a row a second, phase and target: what was due then and what became of it."""
    yield seconds.columns(run)
    for name, phase, warm_up, *numbers in seconds.rows(run):
        yield [words.tame(name), words.tame(phase), int(warm_up), *map(_cell, numbers)]


def _cell(value: float) -> object:
    return value if isinstance(value, int) else number(value)


# -- per percentile and per objective ----------------------------------------------------------


def _percentiles(run: Run) -> Iterator[Iterable[object]]:
    """Yield a row a percentile and target, over all phases that are not warm-up; then by class."""
    classes = run.scenario.payload.classes
    yield [
        *("target", "percentile", "response_ms", "service_ms", "lag_ms", "requests"),
        *(("class",) if classes else ()),
        *(f"{NAMES[kind]}_ms" for kind in PARTS),
    ]
    spans = [span for span in run.measured() if span.seconds]
    runs = [("", run), *((name, run.of_class(name)) for name in classes)]
    for target, facts in enumerate(run.targets):
        for name, of in runs:
            kinds = (Kind.RESPONSE, Kind.SERVICE, Kind.LAG)
            samples = [of.sample(target, spans, kind) for kind in kinds]
            total = samples[0].total
            split = split_of(of, target, spans)
            for q in PERCENTILES:
                times = [_quantile(sample, q) for sample in samples]
                row = [words.tame(facts.name), f"{q * 100:.6g}", *times, total]
                parted = [_quantile(split.samples[kind], q) if split else "" for kind in PARTS]
                yield [*row, *((words.tame(name),) if classes else ()), *parted]


def _parts(run: Run) -> Iterator[Iterable[object]]:
    """Yield a row a step, phase and target: the mean of each part of the response times."""
    yield [
        *("target", "phase", "warm_up", "second", "seconds", "answers"),
        *(f"{name}_mean_ms" for name in NAMES.values()),
    ]
    for target, facts in enumerate(run.targets):
        for step in parts.over_time(run, target, run.phases()):
            yield [
                *(words.tame(facts.name), words.tame(step.span.name), int(step.span.warm_up)),
                *(step.first_second, step.seconds, step.answers),
                *(_ms(step.mean_ns[kind]) for kind in NAMES),
            ]


def _objectives(judgement: Judgement) -> Iterator[Iterable[object]]:
    yield [
        "objective",
        "phase",
        "target",
        "verdict",
        "used",
        "used_low",
        "used_high",
        "observed",
        "why",
        "class",
    ]
    for verdict in judgement.verdicts:
        used = verdict.used
        limits = (used.value, used.low, used.high) if used is not None else (None,) * 3
        word = str(verdict.word) if judgement.validity.valid else "no verdict"
        yield [
            *(words.tame(verdict.objective.text), words.tame(verdict.objective.phase or "")),
            *(words.tame(verdict.target), word, *map(number, limits)),
            *(words.tame(verdict.observed), words.tame(verdict.reason)),
            words.tame(verdict.objective.of_class or ""),
        ]
