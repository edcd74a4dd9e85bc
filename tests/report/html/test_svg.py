"""svg: scales keep their ends, ticks are round, text is text."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eiload.report.html.svg import Frame, Linear, Log, Tail, attribute, text

POSITIVE = st.floats(1e-3, 1e12)


@given(POSITIVE, st.floats(1.01, 1e6), st.floats(allow_nan=False))
def test_every_value_has_a_place(low: float, times: float, value: float) -> None:
    """Whatever is drawn stays within the picture, failures (infinite) at its end."""
    for scale in (Linear(low, low * times, 10, 90), Log(low, low * times, 10, 90)):
        assert 10 <= scale(value) <= 90
        assert scale(math.inf) == 90
        assert scale(low) == pytest.approx(10)


@given(POSITIVE, st.floats(1.01, 1e6))
def test_ticks_are_few_and_within(low: float, times: float) -> None:
    """Some, not many, none beyond the ends."""
    for scale in (Linear(low, low * times, 0, 1), Log(low, low * times, 0, 1)):
        ticks = scale.ticks()
        assert len(ticks) <= 18
        assert all(low * 0.999 <= tick <= low * times * 1.001 for tick in ticks)


def test_each_nine_is_as_wide_as_the_one_before() -> None:
    """The tail is where the picture has its room."""
    tail = Tail(0.9999, 0, 400)
    assert [tail(q) for q in (0, 0.9, 0.99, 0.999, 0.9999)] == pytest.approx(
        [0, 100, 200, 300, 400]
    )
    assert tail.ticks() == [0.0, 0.5, 0.9, 0.99, 0.999, 0.9999]


def test_text_is_text() -> None:
    """No markup, no control characters, in texts and in attributes."""
    assert text("<b>&\"'\x1b[31m") == "&lt;b&gt;&amp;&quot;&#x27;\\x1b[31m"
    assert attribute(class_="a", data_x='"><script>', x1=1.25) == (
        ' class="a" data-x="&quot;&gt;&lt;script&gt;" x1="1.2"'
    )


def test_steps() -> None:
    """Up and along, as short as it can be written; a NaN breaks the line."""
    frame = Frame(100, 100, Linear(0, 10, 0, 100), Linear(0, 10, 100, 0), 0, 0, 0, 0)
    steps = [(0.0, 1.0, 2.0), (1.0, 2.0, 3.0), (2.0, 3.0, math.nan), (3.0, 4.0, 1.0), (5.0, 6.0, 1)]
    assert frame.steps(steps, "t0") == (
        '<path d="M0.0 80.0H10.0V70.0H20.0M30.0 90.0H40.0M50.0 90.0H60.0" class="t0"/>'
    )
    assert frame.steps([], "t0") == ""
