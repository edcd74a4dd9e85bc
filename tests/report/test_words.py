"""Numbers and foreign text in reports."""

import math
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eiload.report import words
from tests.report.runs import HOSTILE


@pytest.mark.parametrize(
    ("value_ns", "text"),
    [
        (0, "0"),
        (412_300, "0.412"),
        (4_123_000, "4.12"),
        (41_230_000, "41.2"),
        (412_300_000, "412"),
        (12_345_678_900, "12,346"),
        (math.inf, "failed"),
        (math.nan, "-"),
        (None, "-"),
    ],
)
def test_milliseconds(value_ns: float | None, text: str) -> None:
    """A time has three significant digits; what is no time is a word."""
    assert words.milliseconds(value_ns) == text


def test_safe_keeps_what_people_write() -> None:
    """Scripts, combining characters and emoji stay as they are."""
    for text in ("שלום", "e\u0301clair", "👩\u200d💻 日本", "tab-free | <b> `x`"):
        assert words.safe(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31m", "\\x1b[31m"),
        ("a\nb\r\t", "a\\nb\\r\\t"),
        ("\u202eevil", "\\u202eevil"),
        ("\ud800", "\\ud800"),
        ("\ufffe", "\\ufffe"),
    ],
)
def test_safe_escapes_what_steers(text: str, shown: str) -> None:
    """What would steer the display is shown as Python writes it."""
    assert words.safe(text) == shown


@given(st.text(max_size=300), st.integers(3, 250))
def test_safe_is_one_short_visible_line(text: str, limit: int) -> None:
    """Whatever is given, the result is short and has no control, format or surrogate in it."""
    shown = words.safe(text, limit)
    assert len(shown) <= limit
    kinds = {unicodedata.category(c) for c in shown if c not in "\u200c\u200d"}
    assert not kinds & {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    assert shown.encode("utf-8").decode("utf-8") == shown


def test_hostile_names_do_not_survive() -> None:
    """None of the hostile texts keeps an escape or an override."""
    for text in HOSTILE:
        assert not set(words.safe(text)) & {"\x1b", "\x07", "\n", "\u202e", "\u2066"}
