"""A rate over time, drawn with characters.

What it knows: numbers and a width. What it must not know: what they count. Each column is the mean
of its part of the numbers, eight steps to a row (or two without characters beyond ASCII), from 0.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["columns", "curve", "ruler"]

UNICODE = " ▁▂▃▄▅▆▇█"
ASCII = " .#"
ROWS = 6


def curve(values: NDArray[np.float64], width: int, *, unicode: bool, rows: int = ROWS) -> list[str]:
    """Return the drawing's lines, the highest first, `width` characters each.

    Args:
        values: shape (n,), n >= 1, none negative.
        width: columns.
        unicode: whether characters beyond ASCII can be shown.
        rows: lines.
    """
    glyphs = UNICODE if unicode else ASCII
    means = columns(values, width)
    most = float(means.max()) or 1.0
    steps = len(glyphs) - 1
    heights = np.ceil(means / most * rows * steps - 1e-9).astype(int)
    return [
        "".join(glyphs[int(np.clip(each - row * steps, 0, steps))] for each in heights)
        for row in range(rows - 1, -1, -1)
    ]


def columns(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Return the mean of each of `width` equal parts of the values."""
    sums = np.concatenate(([0.0], np.cumsum(values)))
    edges = np.linspace(0, len(values), width + 1)
    return np.asarray(np.diff(np.interp(edges, np.arange(len(sums)), sums)) / (edges[1] - edges[0]))


def ruler(parts: Sequence[tuple[str, float]], width: int) -> str:
    """Return names over the lengths they stand for, each after a bar, cut where the next begins.

    Args:
        parts: names and lengths.
        width: columns.
    """
    whole = sum(length for _, length in parts) or 1.0
    line, begin = "", 0.0
    for name, length in parts:
        at = min(round(begin / whole * width), width - 1)
        if at >= len(line):
            end = max(at + 1, round((begin + length) / whole * width))
            line = line.ljust(at) + f"|{name}"[: end - at]
        begin += length
    return line[:width]
