"""Many small fields as one small picture: a heat map as PNG, in a data address.

As SVG it would be 13,000 rectangles. The colour is the target's, the strength how many requests a
field holds, and what is empty is transparent, so that the same picture does on light and dark.
"""

import base64
import io

import numpy as np
from PIL import Image

from eiload.report.html.over_time import Heat

__all__ = ["COLOURS", "png"]

COLOURS = (
    (30, 130, 200),
    (225, 120, 30),
    (20, 150, 115),
    (185, 90, 145),
    (170, 135, 0),
    (90, 105, 200),
)
"""Of the targets, between the page's light and dark ones."""

FAINTEST = 70
"""Opacity of a field with one request, of 255: one slow request must be seen."""

FAILED = (205, 50, 40)


def png(heat: Heat, target: int) -> str:
    """Return the picture as a ``data:`` address, the slowest at the top, failures above all."""
    counts = heat.counts[::-1]
    most = max(int(counts.max()), 1)
    # The eye sees ratios: from one request to most of all.
    strength = np.log1p(counts) / np.log1p(most)
    alpha = np.where(counts > 0, FAINTEST + (255 - FAINTEST) * strength, 0)
    rows, columns = counts.shape
    pixels = np.zeros((rows + 2, columns, 4), np.uint8)
    pixels[2:, :, :3] = COLOURS[target % len(COLOURS)]
    pixels[2:, :, 3] = alpha.astype(np.uint8)
    pixels[:2, :, :3] = FAILED
    pixels[:2, :, 3] = np.where(heat.bad > 0, 255, 0)
    buffer = io.BytesIO()
    Image.fromarray(pixels, "RGBA").save(buffer, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
