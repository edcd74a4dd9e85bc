"""What a report of a capacity search says, before anyone decides how it looks.

Pure: a search and its result in, sections out (`section`), which `terminal`, `markdown` and `html`
lay out. A rate that nothing has proved is no number but why; readings are in the unit of their
objective, with their confidence interval.
"""

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from eiload.base import wording
from eiload.base.clock import NS_PER_S
from eiload.base.units import format_price
from eiload.judging.capacity.found import Bracket
from eiload.judging.capacity.result import Result, Search, between
from eiload.judging.capacity.seen import Seen
from eiload.judging.capacity.trial import Purpose, Reading, TrialWord
from eiload.report import words
from eiload.report.section import Column, Foreign, Line, Row, Section, Tone
from eiload.scenario import Max, Mean, Objective, Quantile, Share

__all__ = ["TIME", "Point", "objective_of", "points", "sections", "shown", "unit_of"]

TIME, SHARE, USED = "ns", "share", "of what is allowed"
"""Units of readings."""

GOOD = {TrialWord.HOLDS: True, TrialWord.FAILS: False}

PURPOSES = {Purpose.EXPLORE: "to see", Purpose.CONFIRM: "to prove"}


def sections(search: Search, found: Result, folder: str = "") -> list[Section]:
    """Return everything a report says, in reading order, but for the line that says it all.

    Args:
        search: the search.
        found: what it comes to.
        folder: where its trials' files are; empty if that is not to be said.
    """
    made = [
        _capacities(search, found),
        _cost(search, found),
        _trials(search),
        _open(search),
        _subject(search, folder),
    ]
    return [each for each in made if each.rows or each.lines]


def _capacities(search: Search, found: Result) -> Section:
    columns = (
        Column("target", right=False),
        Column("holds at"),
        Column("fails at"),
        Column("about"),
        Column("trials"),
        Column("took"),
    )
    rows = []
    for each in found.brackets:
        mine = [trial for trial in search.trials if trial.target == each.target]
        rows.append(
            Row(
                (
                    named(search, each.target),
                    wording.rate(each.low) if each.low else words.NOT_KNOWN,
                    wording.rate(each.high) if math.isfinite(each.high) else words.NOT_KNOWN,
                    _about(each),
                    str(len(mine)),
                    wording.span(sum(trial.took_s for trial in mine)),
                )
            )
        )
    note = "holds at, fails at: the largest and the smallest rate that a trial has proved"
    lines: list[Line] = [(each,) for each in found.statements]
    title = wording.marked("capacity", search.emulated)
    return Section(title, note, columns, tuple(rows), tuple(lines))


def named(search: Search, target: str) -> str:
    """Return a target's name, marked if it was emulated."""
    return wording.marked(target, search.is_emulated(target))


def _about(of: Bracket) -> str:
    at = of.estimate
    return wording.rate(at) if at is not None and 0 < at < math.inf else words.NOT_KNOWN


def _cost(search: Search, found: Result) -> Section:
    headings = ("price", "USD/h", "USD per million\ninferences at capacity")
    columns = (Column("target", right=False), *map(Column, headings))
    rows = tuple(
        Row(
            (
                named(search, each.target),
                Foreign(each.price.text),
                format_price(each.price.usd_per_h).removesuffix(" USD/h"),
                between(each.usd_per_million),
            )
        )
        for each in found.costs
    )
    caveats = dict.fromkeys(caveat for each in found.costs for caveat in each.price.caveats)
    note = "each at its own highest rate, from the smallest that fails to the largest that holds"
    title = wording.marked("cost at capacity", search.emulated)
    return Section(title, note, columns, rows, tuple((each,) for each in caveats))


# -- trials ----------------------------------------------------------------------------------------


def _trials(search: Search) -> Section:
    columns = (
        Column("target", right=False),
        Column("rate"),
        Column("good/s", wide=True),
        Column("measured", right=False, wide=True),
        Column("trial"),
        Column("word", right=False),
        Column("objective", right=False),
        Column("observed"),
        Column("between", right=False),
    )
    rows = []
    order = {name: index for index, name in enumerate(search.scenario.targets)}
    by_rate = sorted(
        search.seen, key=lambda each: (order[each.trial.target], each.trial.rate_per_s)
    )
    for each in by_rate:
        trial = each.trial
        first: tuple[str | Tone, ...] = (
            named(search, trial.target),
            wording.rate(trial.rate_per_s),
            words.per_second(each.throughput_per_s),
            f"{wording.span(trial.seconds)} {PURPOSES[trial.purpose]}",
            str(trial.number + 1),
            Tone(str(trial.word), GOOD.get(trial.word)),
        )
        readings = trial.readings or (None,)
        for number, reading in enumerate(readings):
            start = first if not number else ("",) * len(first)
            rows.append(Row((*start, *_read(search, reading)), minor=number > 0))
    note = "by rate; between: the confidence interval of what was observed"
    return Section("trials", note, columns, tuple(rows))


def _read(search: Search, reading: Reading | None) -> tuple[str, str, str]:
    if reading is None:
        return "", words.NOT_KNOWN, ""
    unit = unit_of(search, reading)
    interval = f"{shown(reading.low, unit)} to {shown(reading.high, unit)}"
    known = not math.isnan(reading.low)
    return reading.objective, shown(reading.observed, unit), interval if known else ""


def objective_of(search: Search, reading: Reading) -> Objective | None:
    """Return the objective that a reading is of; None if the scenario has none of it."""
    return next(
        (each for each in search.scenario.objectives if each.said == reading.objective),
        None,
    )


def unit_of(search: Search, reading: Reading) -> str:
    """Return the unit of a reading: one of `TIME`, `SHARE`, `USED`."""
    objective = objective_of(search, reading)
    match objective.metric if objective else None:
        case Quantile() | Mean() | Max():
            return TIME
        case Share():
            return SHARE
    return USED


def shown(value: float, unit: str) -> str:
    """Return a value of a reading with its unit."""
    if math.isnan(value):
        return words.NOT_KNOWN
    if unit == TIME:
        return wording.time(value)
    return wording.share(value) if math.isfinite(value) else "without end"


def _open(search: Search) -> Section:
    """Return why trials came to what they did that neither hold nor fail."""
    rows = tuple(
        Row((str(each.trial.number + 1), str(each.trial.word), Foreign(each.why)))
        for each in search.seen
        if each.why and each.trial.word not in GOOD
    )
    columns = (
        Column("trial"),
        Column("word", right=False),
        Column("why", right=False, wrap=True),
    )
    return Section("what neither holds nor fails", "", columns, rows)


def _subject(search: Search, folder: str) -> Section:
    bounds = search.bounds
    used = sum(trial.took_s for trial in search.trials)
    lines: list[Line] = [
        (
            f"from {wording.rate(bounds.low_per_s)} to {wording.rate(bounds.high_per_s)}",
            f", {wording.span(used)} of a budget of {wording.span(bounds.budget_s)} used",
            f", seed {bounds.seed}",
        )
    ]
    if search.started_wall_ns:
        started = datetime.fromtimestamp(search.started_wall_ns // NS_PER_S, UTC)
        lines.insert(0, (f"begun {started:%Y-%m-%d %H:%M:%S} UTC",))
    for name, target in search.scenario.targets.items():
        where = target.server or "a stand-in on this machine, anew for each trial"
        line = (Foreign(name), ": ", Foreign(where), ", model ", Foreign(target.model))
        lines.append(line)
    lines += [(note,) for note in search.notes]
    if folder:
        lines.append(("run files of all trials: ", Foreign(folder)))
    return Section(f"search {words.safe(search.scenario.name)}", lines=tuple(lines))


# -- curves ----------------------------------------------------------------------------------------


class Point(NamedTuple):
    """What one trial has measured of one objective."""

    rate_per_s: float
    seen: Seen
    reading: Reading


def points(search: Search, target: str, objective: str) -> Iterator[Point]:
    """Yield a target's throughput-latency curve: trials that say something of it, by rate.

    Args:
        search: the search.
        target: its name.
        objective: whose readings, as written.
    """
    for each in sorted(search.seen, key=lambda each: each.trial.rate_per_s):
        trial = each.trial
        if trial.target != target or not trial.word.tells:
            continue
        for reading in trial.readings:
            if reading.objective == objective and not math.isnan(reading.observed):
                yield Point(trial.rate_per_s, each, reading)
