"""Confidence intervals of ratios, drawn with characters.

What it knows: a width in characters. What it must not know: where the ratios come from. The scale
is logarithmic, because half and double are equally far from "no difference", and one scale holds
for all bars of a table, so that they can be compared by eye:

    p50        |    :  |-o-|        the interval, with the estimate as o
    p99        |----:-o-----------  > an end beyond the scale
               1.0  the margin
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["ASCII", "UNICODE", "Glyphs", "RatioScale", "bar", "scale_of"]

WIDEST = 4.0
"""Ratios beyond this, or below its inverse, run off the scale: one wild interval must not squeeze
the others into a dot."""


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The characters to draw with."""

    line: str
    estimate: str
    one: str
    margin: str
    low: str
    high: str
    beyond_low: str
    beyond_high: str


ASCII = Glyphs("-", "o", "|", ":", "[", "]", "<", ">")
UNICODE = Glyphs("─", "●", "│", "┊", "├", "┤", "◁", "▷")


@dataclass(frozen=True, slots=True)
class RatioScale:
    """What the first and the last character of a bar stand for, and the ratios that are marked."""

    low: float
    high: float
    margin: float

    def place(self, ratio: float, width: int) -> int:
        """Return the position of a ratio, 0..width-1; beyond the ends outside of that."""
        if not ratio > 0:  # NaN, too
            return -1
        if math.isinf(ratio):
            return width
        span = math.log(self.high / self.low)
        return round(math.log(ratio / self.low) / span * (width - 1))


def scale_of(intervals: Sequence[tuple[float, float]], margin: float) -> RatioScale:
    """Return a scale that shows 1, the margin and, within reason, all intervals."""
    ends = [end for interval in intervals for end in interval if end > 0 and math.isfinite(end)]
    low = min([*ends, 1 / (1 + 2 * margin)])
    high = max([*ends, 1 + 2 * margin])
    return RatioScale(max(low, 1 / WIDEST), min(high, WIDEST), margin)


def bar(
    low: float,
    estimate: float,
    high: float,
    scale: RatioScale,
    *,
    width: int = 25,
    glyphs: Glyphs = ASCII,
) -> str:
    """Return the confidence interval [low, high] of a ratio as `width` characters."""
    cells = [" "] * width

    def put(ratio: float, glyph: str) -> None:
        position = scale.place(ratio, width)
        if 0 <= position < width:
            cells[position] = glyph

    first, last = (min(max(scale.place(end, width), 0), width - 1) for end in (low, high))
    put(1 + scale.margin, glyphs.margin)
    for position in range(first, last + 1):
        cells[position] = glyphs.line
    put(low, glyphs.low)
    put(high, glyphs.high)
    put(1.0, glyphs.one)
    put(estimate, glyphs.estimate)
    if scale.place(low, width) < 0:
        cells[0] = glyphs.beyond_low
    if scale.place(high, width) >= width:
        cells[-1] = glyphs.beyond_high
    return "".join(cells)
