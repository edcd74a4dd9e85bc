"""Confidence intervals drawn with characters."""

import math

from hypothesis import given
from hypothesis import strategies as st

from eiload.report.bars import ASCII, UNICODE, RatioScale, bar, scale_of


def test_a_bar() -> None:
    """The interval stands beside 1; estimate, 1 and margin are marked."""
    scale = RatioScale(0.8, 1.25, margin=0.1)
    assert bar(1.0, 1.06, 1.12, scale, width=21) == "          |--o-]     "
    assert bar(0.85, 0.9, 0.95, scale, width=21) == "   [-o--] |   :      "


def test_unicode_and_ascii_have_the_same_shape() -> None:
    """Both alphabets draw the same picture."""
    scale = RatioScale(0.5, 2, margin=0.1)
    drawn = [bar(0.9, 1.2, 1.5, scale, glyphs=glyphs) for glyphs in (ASCII, UNICODE)]
    assert len(drawn[0]) == len(drawn[1])
    assert drawn[0].index("o") == drawn[1].index("●")


def test_ends_beyond_the_scale() -> None:
    """An interval that runs off the scale points there."""
    drawn = bar(0.0, 1.0, math.inf, scale_of([(0.0, math.inf)], 0.1))
    assert (drawn[0], drawn[-1]) == ("<", ">")


def test_one_wild_interval_does_not_squeeze_the_others() -> None:
    """The scale ends at a factor of four."""
    scale = scale_of([(0.9, 1.1), (0.001, 1000)], 0.1)
    assert (scale.low, scale.high) == (0.25, 4.0)


ratios = st.one_of(st.floats(0, 1e9), st.just(math.inf), st.just(math.nan), st.floats(0.5, 2))


@given(ratios, ratios, ratios, st.floats(0.001, 1), st.integers(5, 60))
def test_every_bar_has_its_width(
    low: float, estimate: float, high: float, margin: float, width: int
) -> None:
    """Whatever the interval, the bar is as wide as it should be."""
    scale = scale_of([(low, high)], margin)
    assert len(bar(low, estimate, high, scale, width=width)) == width


def test_order_of_marks() -> None:
    """One, margin, low end, estimate and high end stand in their order."""
    drawn = bar(1.2, 1.4, 1.6, scale_of([(1.2, 1.6)], 0.1), glyphs=ASCII)
    assert drawn.replace(" ", "").replace("-", "") == "|:[o]"
