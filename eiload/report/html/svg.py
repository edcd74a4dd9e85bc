"""Pictures as SVG text: scales, axes, lines, bands. Nothing here knows what is drawn.

Colours and fonts are the page's own (`style`), by class; positions are attributes. A picture uses
no inline style and no script, so that it shows under a content policy that allows neither, and
printed. All text is escaped here and nowhere else.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Protocol

from eiload.report import words

__all__ = ["Frame", "Linear", "Log", "Scale", "Tail", "attribute", "text"]

TEXT_AT_MOST = 300
"""Characters of one foreign text."""


def text(value: str) -> str:
    """Return text that is text in HTML and SVG, whatever is in it."""
    return escape(words.safe(value, TEXT_AT_MOST), quote=True)


def attribute(**values: object) -> str:
    """Return attributes, floats to a tenth of a pixel; `class_` is `class`, `_` is `-`."""
    parts = []
    for name, value in values.items():
        shown = f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)
        parts.append(f' {name.rstrip("_").replace("_", "-")}="{escape(shown, quote=True)}"')
    return "".join(parts)


class Scale(Protocol):
    """From a value to a position along an axis, px."""

    def __call__(self, value: float) -> float:
        """Return the position of a value; beyond the ends at the end."""

    def ticks(self) -> Sequence[float]:
        """Return the values to be marked."""


def _within(share: float, start: float, end: float) -> float:
    return start + min(max(share, 0.0), 1.0) * (end - start)


@dataclass(frozen=True, slots=True)
class Linear:
    """Equal steps are equally long."""

    low: float
    high: float
    start: float
    end: float
    steps: tuple[float, ...] = (1, 2, 5)
    """Of a tick, times a power of ten; or of seconds: 15, 30, 60 ..."""

    def __call__(self, value: float) -> float:
        """Return the position of a value."""
        return _within((value - self.low) / (self.high - self.low or 1), self.start, self.end)

    def ticks(self) -> list[float]:
        """Return at most some seven round values."""
        span = self.high - self.low
        step = next((s for s in self._steps() if span / s <= 7), span or 1)
        first = math.ceil(self.low / step - 1e-9)
        return [step * n for n in range(first, math.floor(self.high / step + 1e-9) + 1)]

    def _steps(self) -> Iterable[float]:
        if self.steps != (1, 2, 5):
            yield from self.steps
        power = 10 ** math.floor(math.log10(max(self.high - self.low, 1e-9)) - 1)
        yield from (power * ten * digit for ten in (1, 10, 100) for digit in (1, 2, 5))


@dataclass(frozen=True, slots=True)
class Log:
    """Equal ratios are equally long; both ends are positive."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the position of a value; what is smaller than the low end is there, too."""
        if value <= self.low:
            return self.start
        if math.isinf(value):
            return self.end
        return _within(
            math.log(value / self.low) / math.log(self.high / self.low), self.start, self.end
        )

    def ticks(self) -> list[float]:
        """Return 1, 2 and 5 of each power of ten, or the powers alone where those are many."""
        powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        digits = (1, 2, 5) if len(powers) <= 4 else (1,)
        values = (digit * 10.0**power for power in powers for digit in digits)
        return [value for value in values if self.low <= value * 1.0001 <= self.high * 1.0002]


@dataclass(frozen=True, slots=True)
class Tail:
    """Quantiles, each nine as wide as the one before: 0.9 is as far from 0 as 0.99 from 0.9."""

    highest: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the position of a quantile."""
        nines = -math.log10(max(1 - value, 1e-9))
        return _within(nines / -math.log10(1 - self.highest), self.start, self.end)

    def ticks(self) -> list[float]:
        """Return the percentiles that people name, as far as they are shown."""
        return [q for q in (0.0, 0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999) if q <= self.highest]


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture with a horizontal and a vertical axis."""

    width: float
    height: float
    x: Scale
    y: Scale
    left: float
    right: float
    top: float
    bottom: float

    def axes(
        self, x_label: Callable[[float], str], y_label: Callable[[float], str], unit: str = ""
    ) -> str:
        """Return grid lines and labels; `unit` stands above the vertical axis."""
        floor, end = self.height - self.bottom, self.width - self.right
        parts = ['<g class="grid">']
        for value in self.y.ticks():
            y = self.y(value)
            parts.append(f"<line{attribute(x1=self.left, x2=end, y1=y, y2=y)}/>")
            at = attribute(x=self.left - 6, y=y + 4, class_="end")
            parts.append(f"<text{at}>{text(y_label(value))}</text>")
        for value in self.x.ticks():
            x = self.x(value)
            parts.append(f"<line{attribute(x1=x, x2=x, y1=floor, y2=floor + 4)}/>")
            at = attribute(x=x, y=floor + 17, class_="middle")
            parts.append(f"<text{at}>{text(x_label(value))}</text>")
        parts.append(f"<line{attribute(x1=self.left, x2=end, y1=floor, y2=floor, class_='axis')}/>")
        if unit:
            at = attribute(x=self.left - 6, y=self.top - 8, class_="end")
            parts.append(f"<text{at}>{text(unit)}</text>")
        return "".join([*parts, "</g>"])

    def line(self, points: Sequence[tuple[float, float]], class_: str) -> str:
        """Return a line through points; one with a NaN breaks it."""
        path, pen = [], "M"
        for x, y in points:
            if math.isnan(y):
                pen = "M"
                continue
            path.append(f"{pen}{self.x(x):.1f} {self.y(y):.1f}")
            pen = "L"
        return f"<path{attribute(d=''.join(path), class_=class_)}/>" if path else ""

    def steps(self, stretches: Sequence[tuple[float, float, float]], class_: str) -> str:
        """Return a line of steps: from, to, value each; one with a NaN breaks it."""
        path, before = "", math.nan
        for start, end, value in stretches:
            if math.isnan(value):
                before = math.nan
                continue
            y = f"{self.y(value):.1f}"
            path += f"V{y}" if start == before else f"M{self.x(start):.1f} {y}"
            path += f"H{self.x(end):.1f}"
            before = end
        return f"<path{attribute(d=path, class_=class_)}/>" if path else ""

    def across(self, value: float, label: str, class_: str, back: float = 0.0) -> str:
        """Return a horizontal line at a value, with its label `back` px before the end."""
        y, end = self.y(value), self.width - self.right
        line = f"<line{attribute(x1=self.left, x2=end, y1=y, y2=y, class_=class_)}/>"
        at = attribute(x=end - 4 - back, y=y - 4, class_=f"end {class_}")
        return f"{line}<text{at}>{text(label)}</text>"

    def corner(self, at: float, limit: float, label: str) -> str:
        """Return what a curve must pass on the right of and below: a limit at one place."""
        x, y = self.x(at), self.y(limit)
        line = attribute(d=f"M{x - 70:.1f} {y:.1f}H{x:.1f}V{self.top:.1f}", class_="limit")
        place = attribute(x=x - 6, y=y - 5, class_="end limit")
        return f"<path{line}/><text{place}>{text(label)}</text>"

    def shade(self, start: float, end: float, class_: str, label: str = "") -> str:
        """Return a band over the whole height, with its label at the top."""
        x1, x2 = self.x(start), self.x(end)
        tall = self.height - self.top - self.bottom
        box = attribute(x=x1, y=self.top, width=max(x2 - x1, 0.0), height=tall, class_=class_)
        words_ = ""
        if label and x2 - x1 > 7 * len(label[:20]):
            at = attribute(x=(x1 + x2) / 2, y=self.top + 12, class_="middle phase-name")
            words_ = f"<text{at}>{text(label)}</text>"
        return f"<rect{box}/>{words_}"

    def wrap(self, body: str, label: str, class_: str = "") -> str:
        """Return the whole picture, in a box in which it can be wider than the screen.

        Args:
            body: what is drawn.
            label: what it shows, for those who do not see it.
            class_: more classes.
        """
        box = f"0 0 {self.width:g} {self.height:g}"
        at = attribute(viewBox=box, role="img", aria_label=label, class_=f"chart {class_}".strip())
        drawn = f"<svg{at}><title>{text(label)}</title>{body}</svg>"
        return f'<div class="scroll">{drawn}</div>'
