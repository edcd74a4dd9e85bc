"""agreement: enough answers compared and alike, or no pass."""

import pytest

from eiload.judging import agreement
from eiload.judging.agreement import Agreed
from eiload.judging.statistics.shares import Word
from tests.golden import ONE, TWO, golden_run, with_target


@pytest.mark.parametrize(
    ("compared", "agreed", "at_least", "word"),
    [
        (100, 100, 0.99, "pass"),
        (100, 99, 0.99, "pass"),
        (100, 98, 0.99, "fail"),
        (5, 4, 0.99, "fail"),
        (19, 19, 0.99, "undecided"),
        (20, 20, 1.0, "pass"),
        (0, 0, 0.5, "undecided"),
    ],
)
def test_words(compared: int, agreed: int, at_least: float, word: str) -> None:
    """One disagreement too many fails at once; a pass takes 20 comparisons."""
    run = with_target(golden_run(), "ei", answers_compared=compared, answers_agreed=agreed)
    assert agreement.verdict(run, at_least)[0] == word


def test_many_payloads_take_many_comparisons() -> None:
    """A folder of 100 images is not seen in 20 answers."""
    text = TWO.replace("{synthetic: 64x48}", "{synthetic: {width: 64, height: 48, count: 100}}")
    run = with_target(golden_run(text), "ei", answers_compared=50, answers_agreed=50)
    word, _, reason = agreement.verdict(run, 0.99)
    assert word is Word.UNDECIDED
    assert reason == "needs at least 100 compared answers: `sample: 50`"


def test_without_a_comparison_there_is_none() -> None:
    """One target agrees with nobody."""
    assert agreement.find(golden_run(ONE)) is None
    assert agreement.find(golden_run()) is None
    assert agreement.verdict(golden_run(ONE), 0.99)[0] is Word.UNDECIDED


@pytest.mark.parametrize(
    ("agreed", "compared", "text"),
    [
        (100_000, 100_000, "100 %"),
        (99_999, 100_000, "99.999 %"),
        (9_996, 10_000, "99.96 %"),
        (29, 30, "96.7 %"),
        (0, 30, "0 %"),
    ],
)
def test_a_share_is_never_rounded_up_to_all(agreed: int, compared: int, text: str) -> None:
    """One answer in 100,000 that differs is not none."""
    assert Agreed("gpu", "ei", compared, agreed).percent == text
