"""wording: numbers in sentences, rounded, with their unit."""

import math

import pytest

from eiload.base import wording


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (wording.time(389.123e6), "389 ms"),
        (wording.time(1.2345e9), "1.23 s"),
        (wording.time(0.4123e6), "412 us"),
        (wording.time(math.inf), "failed"),
        (wording.time(math.nan), "-"),
        (wording.time(0), "0 s"),
        (wording.span(45.2), "46 s"),
        (wording.span(1000), "17 min"),
        (wording.length(45.2), "46 s"),
        (wording.length(310), "5 min 10 s"),
        (wording.length(600), "10 min"),
        (wording.length(7500), "2 h 5 min"),
        (wording.span(7500), "2 h 5 min"),
        (wording.span(7200), "2 h"),
        (wording.span(300_000), "3.5 days"),
        (wording.share(0.006234), "0.623 %"),
        (wording.share(math.nan), "-"),
        (wording.rate(7.9444), "7.94/s"),
        (wording.rate(1234.5), "1,230/s"),
        (wording.rate(math.nan), "-"),
        (wording.change(1.1), "+10 %"),
        (wording.change(0.5), "-50 %"),
        (wording.change(math.inf), "without end"),
        (wording.change(math.nan), "-"),
        (wording.count(12345), "12,345"),
        (wording.count(1, "request"), "1 request"),
        (wording.count(0, "request"), "0 requests"),
    ],
)
def test_said(said: str, text: str) -> None:
    """Three digits; times and spans in the unit that fits."""
    assert said == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0062, "0.62 %"),
        (1.0, "100 %"),
        (0.9996, "99.96 %"),
        (0.99999, "99.99 %"),
        (1.25, "125 %"),
    ],
)
def test_a_share_is_not_rounded_up_to_all(value: float, text: str) -> None:
    """Three digits, but what is not all is not called all."""
    assert wording.share(value) == text


def test_a_stand_in_is_called_one() -> None:
    """Beside its name, wherever it is shown."""
    assert wording.marked("ei", "a p2.xlarge") == "ei (emulated)"
    assert wording.marked("ei", "") == "ei"
