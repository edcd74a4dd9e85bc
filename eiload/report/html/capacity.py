"""A capacity search as a page: what was found, then the throughput-latency curves, then all trials.

Of each objective a picture: a point for each trial with its confidence interval, over the rate that
was offered, the objective's line across it, and a band between the rates that were proved to hold
and to fail. Without scripts all is there.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from eiload.base import wording
from eiload.base.clock import NS_PER_S
from eiload.judging.capacity.found import Bracket
from eiload.judging.capacity.result import Result, Search
from eiload.judging.capacity.trial import Purpose
from eiload.report import capacity_json
from eiload.report.capacity import (
    TIME,
    Point,
    named,
    objective_of,
    points,
    sections,
    shown,
    unit_of,
)
from eiload.report.html.charts import BOTTOM, LEFT, RIGHT, TOP, WIDTH, milliseconds
from eiload.report.html.document import document
from eiload.report.html.svg import Frame, Linear, Log, Scale, attribute, text
from eiload.report.html.tables import section

__all__ = ["badges", "curves", "render", "verdict"]

HEIGHT = 360.0
SPARE = 1.15
"""How far a picture goes beyond what is in it."""

DECADE, DIGITS = 12, (1, 1.5, 2, 3, 4, 5, 6, 8)
"""Up to which ratio of its ends an axis of rates is short, and the digits of its marks then."""

TONES = {0: "good", 3: "open"}

NOTE = (
    "A point is a trial: what it observed, with its confidence interval, at the rate that it"
    " offered; filled where the trial was to prove, hollow where it only explored. The band is"
    " where the capacity is: from the largest rate proved to hold to the smallest proved to fail."
)


def render(search: Search, found: Result) -> str:
    """Return the whole page."""
    parts = sections(search, found)
    first = "".join(f"<section>{section(each)}</section>" for each in parts[:1])
    rest = "".join(f"<section>{section(each)}</section>" for each in parts[1:])
    body = [_head(search, found), first, curves(search, found), rest, _document(search, found)]
    return document(f"{search.scenario.name}: {found.summary}", "".join(body))


def _head(search: Search, found: Result) -> str:
    began = ""
    if search.started_wall_ns:
        moment = datetime.fromtimestamp(search.started_wall_ns // NS_PER_S, UTC)
        began = f"{moment:%Y-%m-%d %H:%M:%S} UTC, "
    who = ", ".join(
        f"{name} ({each.model} at {each.server or 'a stand-in'})"
        for name, each in search.scenario.targets.items()
    )
    return (
        f"<header><h1>{text(search.scenario.name)}: capacity</h1>"
        f'<p class="sub">{began}{text(who)}</p>{verdict(search, found)}</header>'
    )


def verdict(search: Search, found: Result) -> str:
    """Return the line that says it all, and what one must know to read it."""
    tone = "open" if search.stopped else TONES.get(found.exit_status, "bad")
    return f'<p class="verdict {tone}">{text(found.summary)}</p>{badges(search)}'


def badges(search: Search) -> str:
    """Return what one must know of a search to read what it has found; empty if nothing."""
    told = []
    if search.emulated:
        told.append(("emulated", "EMULATED", "stand-ins: says nothing of real hardware"))
    if search.stopped:
        told.append(("open", "STOPPED", f"{search.stopped}: what was found so far"))
    listed = "".join(
        f'<li><span class="badge {class_}">{word}</span>{text(said)}</li>'
        for class_, word, said in told
    )
    return f'<ul class="badges">{listed}</ul>' if listed else ""


def _document(search: Search, found: Result) -> str:
    packed = quote(capacity_json.render(search, found), safe="/+=:,{}[]")
    link = (
        '<a download="capacity.json" href="data:application/json;charset=utf-8,'
        f'{packed}">capacity.json</a>'
    )
    return f"<section><details><summary>as data</summary><p>{link}</p></details></section>"


# -- curves ----------------------------------------------------------------------------------------


def curves(search: Search, found: Result) -> str:
    """Return a picture for each objective of which anything was measured."""
    texts = dict.fromkeys(reading.objective for each in search.trials for reading in each.readings)
    drawn = "".join(_curve(search, found, each) for each in texts)
    if not drawn:
        return ""
    key = "".join(_key(search, index, name) for index, name in enumerate(search.scenario.targets))
    return (
        f'<section><h2>Throughput and latency</h2><p class="note">{text(NOTE)}</p>'
        f'<ul class="key">{key}</ul>{drawn}</section>'
    )


def _key(search: Search, index: int, name: str) -> str:
    line = f'<line x1="0" x2="26" y1="5" y2="5" class="t{index % 6}" stroke-width="3"/>'
    swatch = f'<svg viewBox="0 0 26 10" aria-hidden="true">{line}</svg>'
    return f"<li>{swatch}{text(named(search, name))}</li>"


def _curve(search: Search, found: Result, objective: str) -> str:
    by_target = {name: [*points(search, name, objective)] for name in search.scenario.targets}
    every = [each for found_ in by_target.values() for each in found_]
    if not every:
        return ""
    unit = unit_of(search, every[0].reading)
    frame = Frame(
        WIDTH, HEIGHT, _rates(search), _values(every, unit), LEFT, RIGHT, TOP, BOTTOM + 16
    )
    parts = []
    asked = objective_of(search, every[0].reading)
    for index, each in enumerate(found.brackets):
        if asked is None or search.scenario.concerns(asked, each.target):
            parts.append(_bracket(frame, each, f"t{index % 6}"))
    label = milliseconds if unit == TIME else _per_cent
    parts.append(frame.axes(lambda rate: f"{rate:g}/s", label))
    parts.append(frame.across(every[0].reading.limit, objective, "limit"))
    for index, name in enumerate(search.scenario.targets):
        parts.append(_points(frame, by_target[name], f"t{index % 6}", unit))
    what = f"{objective}: what each trial observed, by the rate that it offered"
    title = f'<p class="note">{text(objective)}</p>'
    return title + frame.wrap("".join(parts), what)


def _per_cent(value: float) -> str:
    return f"{value * 100:g} %"


@dataclass(frozen=True, slots=True)
class _Rates:
    """An axis of rates by their ratio, with more marks than other ones where it is short."""

    log: Log

    def __call__(self, value: float) -> float:
        return self.log(value)

    def ticks(self) -> Sequence[float]:
        low, high = self.log.low, self.log.high
        if high > low * DECADE:
            return self.log.ticks()
        powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        values = (digit * 10.0**power for power in powers for digit in DIGITS)
        return [value for value in values if low <= value <= high]


def _rates(search: Search) -> Scale:
    rates = [each.rate_per_s for each in search.trials]
    return _Rates(Log(min(rates) / SPARE, max(rates) * SPARE, LEFT, WIDTH - RIGHT))


def _values(every: Sequence[Point], unit: str) -> Scale:
    """Return the vertical axis: times by their ratio, shares from 0."""
    seen = [value for each in every for value in _ends(each)] + [every[0].reading.limit]
    known = [value for value in seen if math.isfinite(value)]
    floor = HEIGHT - BOTTOM - 16
    if unit == TIME:
        least = min([value for value in known if value > 0], default=1e6)
        return Log(least / SPARE, max([*known, least]) * SPARE, floor, TOP)
    return Linear(0, max([*known, 1e-6]) * SPARE, floor, TOP)


def _ends(point: Point) -> tuple[float, float, float]:
    reading = point.reading
    return reading.observed, reading.low, reading.high


def _bracket(frame: Frame, of: Bracket, class_: str) -> str:
    """Return where a target's capacity is: a band, or a line where one end is open."""
    top, floor = frame.top, frame.height - frame.bottom
    if of.low and math.isfinite(of.high):
        return frame.shade(of.low, of.high, f"area {class_}", f"{of.target}'s capacity")
    lines = []
    for rate in (of.low, of.high):
        if rate and math.isfinite(rate):
            x = frame.x(rate)
            at = attribute(x1=x, x2=x, y1=top, y2=floor, class_=class_, stroke_dasharray="2 4")
            lines.append(f"<line{at}/>")
    return "".join(lines)


def _points(frame: Frame, found: Sequence[Point], class_: str, unit: str) -> str:
    """Return a target's points with their intervals, and a thin line from one to the next."""
    line = frame.line([(each.rate_per_s, each.reading.observed) for each in found], f"{class_} q0")
    drawn = [line]
    for each in found:
        x, y = frame.x(each.rate_per_s), frame.y(each.reading.observed)
        low, high = each.reading.low, each.reading.high
        said = f"{wording.rate(each.rate_per_s)}: {shown(each.reading.observed, unit)}"
        if not math.isnan(low):
            ends = attribute(x1=x, x2=x, y1=frame.y(low), y2=frame.y(high), class_=class_)
            drawn.append(f"<line{ends}/>")
            said += f" ({shown(low, unit)} to {shown(high, unit)})"
        proves = each.seen.trial.purpose is Purpose.CONFIRM
        kind = f"part {class_}" if proves else f"hollow {class_}"
        dot = attribute(cx=x, cy=y, r=4.5 if proves else 3.5, class_=kind)
        label = f"{said}: {each.seen.trial.word}"
        drawn.append(f"<circle{dot}><title>{text(label)}</title></circle>")
    return f"<g>{''.join(drawn)}</g>"
