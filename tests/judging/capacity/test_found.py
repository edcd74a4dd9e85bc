"""What trials prove, and what follows of two brackets."""

import math
from dataclasses import replace

import pytest

from eiload.judging.capacity import (
    Bounds,
    Bracket,
    Open,
    Purpose,
    Trial,
    TrialWord,
    bracket,
    per_million,
    per_million_ratio,
    ratio,
)

BOUNDS = Bounds(2, 200, budget_s=3600)
GPU = Bracket("gpu", 40, 50, 0.05, 45)
EI = Bracket("ei", 10, 12.5, 0.05, 11)


def trial(rate: float, word: TrialWord, purpose: Purpose = Purpose.CONFIRM) -> Trial:
    """Return a trial."""
    return Trial(0, "a", rate, purpose, 300, 330, word, 0.01)


def test_what_is_proved() -> None:
    """The largest rate that holds and the smallest that fails, of trials that prove only."""
    found = bracket(
        BOUNDS,
        "a",
        [
            trial(20, TrialWord.HOLDS),
            trial(25, TrialWord.HOLDS),
            trial(28, TrialWord.HOLDS, Purpose.EXPLORE),
            trial(29, TrialWord.UNDECIDED),
            trial(31, TrialWord.FAILS, Purpose.EXPLORE),
            trial(33, TrialWord.FAILS),
            trial(40, TrialWord.FAILS),
            replace(trial(30, TrialWord.HOLDS), target="b"),
        ],
    )
    assert (found.low, found.high, found.error_rate) == (25, 33, 0.05)
    assert found.low_open is found.high_open is None
    assert not found.contradicted


def test_contradicted() -> None:
    """Where more load seems to make it better, the capacity is under the failure; it is said."""
    found = bracket(
        BOUNDS,
        "a",
        [trial(30, TrialWord.HOLDS), trial(25, TrialWord.FAILS), trial(20, TrialWord.HOLDS)],
    )
    assert (found.low, found.high) == (20, 25)
    assert found.contradicted


def test_why_open() -> None:
    """An end that nothing proves says why, and at which rate."""
    tried = bracket(BOUNDS, "a", [trial(25, TrialWord.UNDECIDED), trial(33, TrialWord.FAILS)])
    assert (tried.low, tried.low_open, tried.low_at) == (0, Open.UNDECIDED, 25)
    none = bracket(BOUNDS, "a", [trial(20, TrialWord.HOLDS)])
    assert (none.high, none.high_open, none.high_at) == (math.inf, Open.BUDGET, None)
    once = bracket(BOUNDS, "a", [trial(50, TrialWord.LIMITED)])
    assert once.high_open is Open.BUDGET
    twice = bracket(BOUNDS, "a", [trial(50, TrialWord.LIMITED)] * 2)
    assert (twice.high_open, twice.high_at) == (Open.LIMITED, 50)


def test_ratio() -> None:
    """From the smallest to the largest that both brackets leave, wrong as often as either."""
    found = ratio(EI, GPU)
    assert (found.low, found.high) == (10 / 50, 12.5 / 40)
    assert found.error_rate == pytest.approx(0.1)


def test_ratio_of_open_brackets() -> None:
    """What is open on one side leaves the ratio open on one side."""
    never_failed = replace(GPU, high=math.inf)
    assert ratio(EI, never_failed).low == 0
    assert ratio(EI, never_failed).high == 12.5 / 40
    never_held = replace(GPU, low=0.0)
    assert ratio(EI, never_held).high == math.inf
    assert ratio(replace(EI, high=math.inf), never_failed).high == math.inf


def test_cost_at_capacity() -> None:
    """USD per hour over inferences per hour; the dearer end is at the rate shown to hold."""
    gpu = per_million(GPU, 0.90)
    assert gpu.high == pytest.approx(0.90 / (40 * 3600) * 1e6)
    assert gpu.low == pytest.approx(0.90 / (50 * 3600) * 1e6)
    assert per_million(replace(GPU, low=0.0), 0.90).high == math.inf
    assert per_million(replace(GPU, high=math.inf), 0.90).low == 0


def test_ratio_of_costs() -> None:
    """A fifth of the price at a quarter of the capacity is 20 % cheaper, within the brackets."""
    found = per_million_ratio(ratio(EI, GPU), 0.18, 0.90)
    assert found.low == pytest.approx(0.2 / (12.5 / 40))
    assert found.high == pytest.approx(0.2 / (10 / 50))
    assert found.low < 0.8 < found.high
    assert per_million_ratio(ratio(replace(EI, low=0), GPU), 0.18, 0.90).high == math.inf
