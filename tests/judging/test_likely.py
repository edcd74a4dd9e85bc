"""How likely a planned run is decided, if it is like one that was made."""

import numpy as np
import pytest

from eiload.judging import likely
from eiload.judging.sla import judge
from eiload.judging.statistics.shares import Word
from eiload.scenario import parse_objective
from tests.golden import MIX, TWO, Answer, Floats, golden_run, steady


def stalling(due_s: Floats) -> Floats:
    """Answer in 100 ms, but for a second in every 40, in which each takes a second longer."""
    return steady(100, 1)(due_s) + np.where(due_s % 40 < 1, 1.0, 0.0)


def chance(text: str, seconds: int = 300, answer: Answer | None = None) -> likely.Chance:
    """Return how likely an objective is decided in a run that is like a golden one."""
    run = golden_run(TWO, {"gpu": answer or steady(100, 1)})
    found = likely.chance(run, 0, parse_objective(text), seconds, 20.0)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "good", "bad"),
    [("p95 < 300 ms", 1, 0), ("p95 < 100 ms", 0, 1), ("errors < 5 %", 1, 0)],
)
def test_what_is_clear_is_decided(text: str, good: float, bad: float) -> None:
    """Far from the limit every replicate has the word that the run itself has."""
    found = chance(text)
    assert (found.good, found.bad, found.longer_s) == (good, bad, 300)
    (verdict, *_) = judge(golden_run(f"{TWO.split('objectives')[0]}objectives: [{text}]\n"))
    assert verdict.word is (Word.PASS if good else Word.FAIL)


def test_near_the_limit_it_takes_longer() -> None:
    """A stall in every 40 s: 2.5 % are over, 5 % allowed; that takes more than five minutes."""
    found = chance("p95 < 500 ms", answer=stalling)
    assert found.decided < likely.SURE
    assert found.longer_s is not None
    assert found.longer_s > 300


def test_too_few_requests_decide_nothing() -> None:
    """99.9 % of 600 requests are no number, whatever they are like."""
    assert chance("p99.9 < 1 s", 60).decided == 0


def test_a_comparison() -> None:
    """Equal targets get a word with as much as they have; a minute at p99 has none."""
    run = golden_run(MIX)
    compare = run.scenario.compare
    assert compare is not None
    at_p50 = compare.model_copy(update={"headline": 0.5})
    found = likely.chance_to_compare(run, at_p50, 300, 40.0)
    assert found is not None
    assert found.good > 0.9
    short = likely.chance_to_compare(run, compare, 30, 40.0)
    assert short is not None
    assert short.decided == 0


def test_what_nothing_is_known_of() -> None:
    """Nobody simulates a maximum; a class that never came tells nothing."""
    run = golden_run(MIX)
    assert likely.chance(run, 0, parse_objective("max < 1 s"), 300, 20.0) is None
    of_large = run.of_class("large")
    found = likely.chance(of_large, 0, parse_objective("p95 < 300 ms"), 300, 10.0)
    assert found is not None
    assert found.bad == 1
