"""The report's pictures: percentile curves, response times over time, slow requests, rates, lag.

Each function draws one picture from a run and returns SVG text. What the data cannot support is
greyed or left out, and failures are drawn as what they are: slower than anything measured.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from eiload.base import wording
from eiload.base.clock import NS_PER_MS
from eiload.base.units import format_percentile
from eiload.judging.statistics import blocks
from eiload.record.buckets import bucket_mid_ns
from eiload.record.facts import PhaseSpan
from eiload.record.intervals import Kind
from eiload.record.parts import PartStep
from eiload.record.run import Run
from eiload.record.sample import Sample
from eiload.record.split import NAMES
from eiload.report.html import over_time
from eiload.report.html.svg import Frame, Linear, Log, Scale, Tail, attribute
from eiload.report.html.went import SHADES
from eiload.scenario import Objective, Quantile

__all__ = [
    "Limits",
    "heat",
    "lags",
    "limits_of",
    "parts",
    "percentiles",
    "rates",
    "span_of",
    "times",
]

WIDTH = 1080.0
LEFT, RIGHT, TOP, BOTTOM = 62.0, 14.0, 26.0, 30.0
CLOCK = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200)
"""Steps of a time axis, s."""

QUANTILES = (0.5, 0.95, 0.99)
HEADROOM = 1.25
"""How far a picture of times goes beyond the slowest."""

TAIL_POINTS = 160

Limits = Sequence[tuple[float, float, str]]
"""Limits of response times: quantile, ns, the objective's text."""


def limits_of(objectives: Iterable[Objective]) -> list[tuple[float, float, str]]:
    """Return the limits on response times of all requests among some objectives."""
    return [
        (each.metric.q, float(each.metric.limit_ns), each.text)
        for each in objectives
        if isinstance(each.metric, Quantile) and each.metric.of == "response" and not each.of_class
    ]


def milliseconds(value_ns: float) -> str:
    """Return a time as an axis has it: with its unit, ms or s."""
    value = value_ns / NS_PER_MS
    return f"{value / 1000:g} s" if value >= 1000 else f"{value:g} ms"


def clock(seconds: float) -> str:
    """Return a time of the run as a time axis has it."""
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    if hours:
        return f"{hours}:{minutes:02} h"
    return f"{minutes} min" if not rest else f"{minutes}:{rest:02} min"


@dataclass(frozen=True, slots=True)
class Heights:
    """From the fastest to the slowest of several samples, and what no time can show."""

    low_ns: float
    high_ns: float

    @staticmethod
    def of(samples: Iterable[Sample], limits: Limits) -> "Heights":
        good = [sample for sample in samples if sample.good]
        low = min((float(each.min_ns) for each in good), default=1e6)
        high = max(
            [float(each.max_ns) for each in good] + [limit for _, limit, _ in limits] + [low]
        )
        return Heights(max(low, 1e3) / HEADROOM, high * HEADROOM)

    def axis(self, height: float) -> Log:
        return Log(self.low_ns, self.high_ns, height - BOTTOM, TOP)


def _frame(height: float, x: Scale, y: Scale) -> Frame:
    return Frame(WIDTH, height, x, y, LEFT, RIGHT, TOP, BOTTOM)


def _seconds(run: Run) -> Linear:
    end = max((span.first_second + span.seconds for span in run.phases()), default=1)
    return Linear(0, max(end, 1), LEFT, WIDTH - RIGHT, CLOCK)


def _phases(frame: Frame, spans: Sequence[PhaseSpan]) -> str:
    parts = []
    number = 0
    for span in spans:
        class_ = "phase warm" if span.warm_up else "phase odd" if number % 2 else "phase"
        number += not span.warm_up
        name = f"{span.name} (warm-up)" if span.warm_up else span.name
        ends = span.first_second, span.first_second + span.seconds
        parts.append(frame.shade(*ends, class_, name))
    return "".join(parts)


# -- percentiles -------------------------------------------------------------------------------


def percentiles(run: Run, spans: Sequence[PhaseSpan], limits: Limits, label: str) -> str:
    """Return each target's response time at every percentile, the tail stretched out."""
    samples = [run.sample(target, spans) for target in range(len(run.targets))]
    most = max((sample.total for sample in samples), default=0)
    highest = max(1 - 1 / most if most else 0.9, 0.9)
    height = 380.0
    x = Tail(highest, LEFT, WIDTH - RIGHT)
    frame = _frame(height, x, Heights.of(samples, limits).axis(height))
    supported = min(
        (blocks.highest_reportable(s.total) or 0.0 for s in samples if s.total), default=0.0
    )
    parts = []
    if supported < highest:
        parts.append(frame.shade(supported, highest, "unsupported", "too few requests"))
    parts.append(frame.axes(_percentile, milliseconds))
    for q, limit_ns, text in limits:
        parts.append(frame.corner(q, limit_ns, text))
    for target, sample in enumerate(samples):
        parts.append(_curve(frame, sample, highest, f"t{target % 6}"))
    return frame.wrap("".join(parts), label)


def _percentile(q: float) -> str:
    return "fastest" if q == 0 else format_percentile(q)


def _curve(frame: Frame, sample: Sample, highest: float, class_: str) -> str:
    """Return one target's curve; where requests failed it leaves the picture, dashed."""
    if not sample.total:
        return ""
    nines = np.linspace(0, -math.log10(1 - highest), TAIL_POINTS)
    qs = 1 - 10**-nines
    # As `Sample.quantile_ns`, for many quantiles at once.
    order = np.argsort(sample.bucket, kind="stable")
    reached = np.cumsum(sample.count[order])
    ranks = np.maximum(1, np.ceil(qs * sample.total - 1e-9))
    good = ranks <= sample.good
    places = np.searchsorted(reached, ranks[good])
    values = np.clip(bucket_mid_ns(sample.bucket[order][places]), sample.min_ns, sample.max_ns)
    points = list(zip(qs[good].tolist(), values.tolist(), strict=True))
    line = frame.line(points, class_)
    if not good.all():
        start = points[-1] if points else (0.0, math.inf)
        line += frame.line([start, (start[0], math.inf), (highest, math.inf)], f"{class_} failed")
    return line


# -- over time ---------------------------------------------------------------------------------


def times(run: Run, limits: Limits, label: str) -> tuple[str, list[list[over_time.Stretches]]]:
    """Return response times over time, and the quantiles that were drawn of each target."""
    spans = run.phases()
    samples = [run.sample(target, spans) for target in range(len(run.targets))]
    height = 320.0
    frame = _frame(height, _seconds(run), Heights.of(samples, limits).axis(height))
    parts = [_phases(frame, spans), frame.axes(clock, milliseconds)]
    for number, (_, limit_ns, text) in enumerate(limits):
        # Labels of near limits stand beside each other.
        parts.append(frame.across(limit_ns, text, "limit", number % 5 * 120.0))
    first = min((span.first_second for span in spans), default=0)
    drawn = [over_time.quantiles(sample, QUANTILES, first, run.step_s) for sample in samples]
    for target, found in enumerate(drawn):
        for each in found:
            class_ = f"t{target % 6} q{QUANTILES.index(each.q)}"
            parts.append(f'<g class="target-{target}">{frame.steps(each.steps, class_)}</g>')
    return frame.wrap("".join(parts), label, "timed"), drawn


def heat(run: Run, label: str, image: str, heights: Heights) -> str:
    """Return requests by time and response time; `image` is a PNG as a data address."""
    height = 210.0
    frame = _frame(height, _seconds(run), heights.axis(height))
    spans = run.phases()
    box = attribute(
        x=LEFT, y=TOP, width=WIDTH - LEFT - RIGHT, height=height - TOP - BOTTOM,
        preserveAspectRatio="none", href=image,
    )  # fmt: skip
    parts = [_phases(frame, spans), f"<image{box}/>", frame.axes(clock, milliseconds)]
    return frame.wrap("".join(parts), label, "timed")


# -- soundness ---------------------------------------------------------------------------------


def rates(run: Run, target: int, label: str) -> str:
    """Return requests a second: due (line), answered well (area), failed (dashed)."""
    spans = run.phases()
    found = over_time.rates(run, target, spans)
    seconds = sum(span.seconds for span in spans)
    width = found.column_s
    lengths = np.minimum(width, seconds - np.arange(len(found.due)) * width)
    series = [each / np.maximum(lengths, 1) for each in (found.due, found.answered, found.failed)]
    most = max((float(each.max()) for each in series if len(each)), default=1.0)
    height = 190.0
    y = Linear(0, max(most, 1.0) * 1.1, height - BOTTOM, TOP)
    frame = _frame(height, _seconds(run), y)
    class_ = f"t{target % 6}"
    parts = [_phases(frame, spans), frame.axes(clock, lambda rate: f"{rate:g}", "per s")]
    starts = [float(start) for start in range(0, seconds, width)]
    stretches = [
        [
            (start, start + length, value)
            for start, length, value in zip(starts, lengths.tolist(), each.tolist(), strict=True)
        ]
        for each in series
    ]
    parts.append(_area(frame, stretches[1], class_))
    parts.append(frame.steps(stretches[0], f"{class_} q0"))
    if found.failed.any():
        parts.append(frame.steps(stretches[2], "limit"))
    return frame.wrap("".join(parts), label, "timed")


def lines(
    run: Run,
    drawn: Sequence[tuple[str, Sequence[tuple[float, float, float]]]],
    unit: str,
    label: str,
) -> str:
    """Return lines of steps over the run, all on one scale from 0 on.

    Args:
        run: the run.
        drawn: of each line its class and its steps: from s, to s, value.
        unit: of the values.
        label: what it shows.
    """
    values = [value for _, steps in drawn for *_, value in steps if math.isfinite(value)]
    height = 150.0
    y = Linear(0, max([*values, 1e-9]) * 1.1, height - BOTTOM, TOP)
    frame = _frame(height, _seconds(run), y)
    made = [_phases(frame, run.phases()), frame.axes(clock, lambda value: f"{value:g}", unit)]
    made += [frame.steps(steps, class_) for class_, steps in drawn]
    return frame.wrap("".join(made), label, "timed")


def parts(run: Run, target: int, steps: Sequence[PartStep], most_ns: float, label: str) -> str:
    """Return the mean of each part of one target's response times, one on top of the other.

    Args:
        run: the run.
        target: its index.
        steps: of that target.
        most_ns: the longest mean of any target's steps, for one scale.
        label: what it shows.
    """
    height = 170.0
    y = Linear(0, max(most_ns, 1.0) / NS_PER_MS * 1.1, height - BOTTOM, TOP)
    frame = _frame(height, _seconds(run), y)
    drawn = [_phases(frame, run.phases()), frame.axes(clock, lambda ms: f"{ms:g}", "ms")]
    below = [0.0] * len(steps)
    for kind in NAMES:
        above = [
            low + step.mean_ns[kind] / NS_PER_MS for low, step in zip(below, steps, strict=True)
        ]
        path = "".join(
            _layer(frame, [(step, below[n], above[n]) for n, step in group])
            for group in _together(steps)
        )
        if above != below:
            at = attribute(d=path, class_=f"part t{target % 6}", fill_opacity=SHADES[kind])
            drawn.append(f"<path{at}/>")
        below = above
    return frame.wrap("".join(drawn), label, "timed")


def _together(steps: Sequence[PartStep]) -> list[list[tuple[int, PartStep]]]:
    """Return numbered steps in groups without a gap."""
    groups: list[list[tuple[int, PartStep]]] = []
    end = -1
    for n, step in enumerate(steps):
        if step.first_second != end:
            groups.append([])
        groups[-1].append((n, step))
        end = step.first_second + step.seconds
    return groups


def _layer(frame: Frame, steps: Sequence[tuple[PartStep, float, float]]) -> str:
    """Return the outline of a band of steps: along its upper edge, and back along the lower one."""
    first, low, _ = steps[0]
    path = f"M{frame.x(first.first_second):.0f} {frame.y(low):.1f}"
    for step, _, above in steps:
        path += f"V{frame.y(above):.1f}H{frame.x(step.first_second + step.seconds):.0f}"
    for step, below, _ in reversed(steps):
        path += f"V{frame.y(below):.1f}H{frame.x(step.first_second):.0f}"
    return f"{path}Z"


def _area(frame: Frame, stretches: Sequence[tuple[float, float, float]], class_: str) -> str:
    if not stretches:
        return ""
    floor = frame.y(0)
    path = f"M{frame.x(stretches[0][0]):.1f} {floor:.1f}"
    for _, end, value in stretches:
        path += f"V{frame.y(value):.1f}H{frame.x(end):.1f}"
    path += f"V{floor:.1f}Z"
    return f"<path{attribute(d=path, class_=f'area {class_}')}/>"


def lags(run: Run, allowed_ns: float, label: str) -> str:
    """Return the generator's own lateness over time, p50 and p99 of each target."""
    spans = run.phases()
    samples = [run.sample(target, spans, Kind.LAG) for target in range(len(run.targets))]
    height = 190.0
    heights = Heights.of(samples, [(0.99, allowed_ns, "")])
    frame = _frame(height, _seconds(run), heights.axis(height))
    parts = [_phases(frame, spans), frame.axes(clock, milliseconds)]
    parts.append(
        frame.across(allowed_ns, f"p99 up to {wording.time(allowed_ns)} is sound", "limit")
    )
    first = min((span.first_second for span in spans), default=0)
    for target, sample in enumerate(samples):
        for each in over_time.quantiles(sample, (0.5, 0.99), first, run.step_s):
            class_ = f"t{target % 6} q{0 if each.q == 0.5 else 2}"
            parts.append(f'<g class="target-{target}">{frame.steps(each.steps, class_)}</g>')
    return frame.wrap("".join(parts), label, "timed")


def span_of(run: Run, limits: Limits) -> Heights:
    """Return the times that pictures of all targets have in common."""
    return Heights.of((run.sample(t, run.phases()) for t in range(len(run.targets))), limits)
