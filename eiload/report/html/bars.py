"""Confidence intervals as small pictures in a table's cells, all of one table on one scale."""

import math
from collections.abc import Sequence

from eiload.judging.statistics.shift import Interval
from eiload.report.html.svg import Log, attribute, text

__all__ = ["bar", "ruler", "scale"]

WIDTH, HEIGHT = 260.0, 30.0
EDGE = 10.0
WIDEST = 16.0
"""Ratios beyond this, or below its inverse, run off the scale."""


def scale(intervals: Sequence[Interval], marks: Sequence[float]) -> Log:
    """Return a scale of ratios that shows the marks and, within reason, all intervals."""
    ends = [end for each in intervals for end in (each.low, each.high)]
    shown = [end for end in ends if 0 < end < math.inf]
    low = max(min([*shown, *marks, 0.9]) / 1.06, 1 / WIDEST)
    high = min(max([*shown, *marks, 1.1]) * 1.06, WIDEST)
    return Log(low, high, EDGE, WIDTH - EDGE)


def bar(interval: Interval | None, on: Log, marks: Sequence[float], class_: str, label: str) -> str:
    """Return an interval as a line with its estimate as a dot; nothing of no interval.

    Args:
        interval: of a ratio.
        on: the table's scale.
        marks: ratios that are marked: 1 first, then a margin.
        class_: `good`, `bad` or `open`.
        label: what it says in words.
    """
    middle = HEIGHT / 2
    parts = []
    for number, mark in enumerate(marks):
        at = attribute(
            x1=on(mark), x2=on(mark), y1=2.0, y2=HEIGHT - 2,
            class_="mark margin" if number else "mark",
        )  # fmt: skip
        parts.append(f"<line{at}/>")
    if interval is not None and not math.isnan(interval.value):
        low, high = on(interval.low), on(interval.high)
        at = attribute(x1=low, x2=max(high, low + 1), y1=middle, y2=middle, class_="whisker")
        parts.append(f"<line{at}/>")
        for end, value, beyond in ((low, interval.low, on.low), (high, interval.high, on.high)):
            if (value < beyond) if beyond == on.low else (value > beyond):
                sign = -1 if beyond == on.low else 1
                path = f"M{end:.1f} {middle - 4}l{5 * sign} 4l{-5 * sign} 4"
                parts.append(f"<path{attribute(d=path, class_='whisker')}/>")
            else:
                at = attribute(x1=end, x2=end, y1=middle - 5, y2=middle + 5, class_="whisker")
                parts.append(f"<line{at}/>")
        at = attribute(cx=on(interval.value), cy=middle, r=4.0, class_="dot")
        parts.append(f"<circle{at}/>")
    box = attribute(viewBox=f"0 0 {WIDTH:g} {HEIGHT:g}", role="img", aria_label=label)
    return f'<svg class="bar {class_}"{box}><title>{text(label)}</title>{"".join(parts)}</svg>'


def ruler(on: Log, marks: Sequence[tuple[float, str]]) -> str:
    """Return the heading of a column of intervals: what the marks mean."""
    parts = []
    for value, name in marks:
        where = "middle"
        if on(value) > WIDTH * 0.8:
            where = "end"
        at = attribute(x=on(value), y=12.0, class_=where)
        parts.append(f"<text{at}>{text(name)}</text>")
    box = attribute(viewBox=f"0 0 {WIDTH:g} 16", role="img", aria_label="scale")
    return f'<svg class="bar"{box}>{"".join(parts)}</svg>'
