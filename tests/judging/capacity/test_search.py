"""Searches end, hold what is true, and go on where they were."""

import math
from collections import Counter
from dataclasses import replace

import pytest

from eiload.judging.capacity import (
    Bounds,
    Open,
    Purpose,
    Trial,
    TrialWord,
    bracket,
    next_trial,
    ratio,
)
from tests.judging.capacity.simulated import Queue, Server, drawn, search

BOUNDS = Bounds(2, 200, budget_s=7200)
ONE = Queue(30.0)
"""M/M/1, p99 < 460.5 ms, 40/s: exactly 30/s."""


def test_the_queue_is_what_it_says() -> None:
    """M/M/1: at 30/s of 40/s, e^(-10 x 0.4605) of the requests take longer."""
    assert ONE.mu == pytest.approx(40, rel=1e-3)


def test_brackets_hold_the_capacity() -> None:
    """Of 100 searches on queues of any capacity, at least 95 hold it; most are proved both ways."""
    held = closed = 0
    for seed in range(100):
        queue = drawn(seed)
        found = bracket(BOUNDS, "a", search(BOUNDS, {"a": queue}, seed))
        held += found.low <= queue.capacity_per_s <= found.high
        closed += found.low > 0 and found.high < math.inf
    assert held >= 95
    assert closed >= 50


def test_the_order_is_not_that_of_rates() -> None:
    """Rates neither rise nor fall with time, for any seed."""
    for seed in range(20):
        bounds = Bounds(2, 200, budget_s=7200, seed=seed)
        rates = [trial.rate_per_s for trial in search(bounds, {"a": ONE}, seed)]
        first = rates[:4]
        assert first != sorted(first)
        assert first != sorted(first, reverse=True)
        assert all(2 <= rate <= 200 for rate in rates)


def test_resumed() -> None:
    """From any part of its trials, in any order, a search goes on as it did."""
    trials = search(BOUNDS, {"a": ONE, "b": Queue(12.0, 4)}, 3)
    assert len(trials) > 10
    for known, trial in enumerate(trials):
        ask = next_trial(BOUNDS, ["a", "b"], trials[:known][::-1])
        assert ask is not None
        assert (ask.number, ask.target, ask.rate_per_s) == (
            trial.number,
            trial.target,
            trial.rate_per_s,
        )
        assert (ask.purpose, ask.alpha) == (trial.purpose, trial.alpha)
    assert next_trial(BOUNDS, ["a", "b"], trials) is None


def test_targets_take_turns() -> None:
    """Neither of two targets waits for the other's search."""
    trials = search(BOUNDS, {"a": ONE, "b": Queue(12.0)}, 5)
    first = Counter(trial.target for trial in trials[:8])
    assert min(first["a"], first["b"]) >= 3
    found = {name: bracket(BOUNDS, name, trials) for name in ("a", "b")}
    assert found["a"].low <= 30 <= found["a"].high
    assert found["b"].low <= 12 <= found["b"].high
    times = ratio(found["b"], found["a"])
    assert 0.2 < times.low <= 12 / 30 <= times.high < 0.8


def test_errors_are_spent() -> None:
    """However many trials prove, their errors add up to no more than the search's."""
    for seed in range(20):
        trials = search(BOUNDS, {"a": drawn(seed)}, seed)
        alphas = [trial.alpha for trial in trials if trial.purpose is Purpose.CONFIRM]
        assert sum(alphas) <= BOUNDS.error_rate
        assert all(trial.alpha == 0 for trial in trials if trial.purpose is Purpose.EXPLORE)


@pytest.mark.parametrize("budget_s", [60, 90, 300, 900, 3600])
def test_the_budget_is_kept(budget_s: float) -> None:
    """No trial is begun that would end after the budget, and what is missing is said."""
    bounds = Bounds(2, 200, budget_s=budget_s)
    trials = search(bounds, {"a": ONE, "b": ONE}, 1)
    assert sum(trial.took_s for trial in trials) <= budget_s
    if budget_s <= 300:
        assert next_trial(bounds, ["a", "b"], trials) is None
        found = bracket(bounds, "a", trials)
        assert (found.low, found.high) == (0, math.inf)
        assert found.low_open is found.high_open is Open.BUDGET


def test_holds_everywhere() -> None:
    """A target that keeps its objectives at the largest rate is not searched further."""
    trials = search(BOUNDS, {"a": Queue(1000.0)}, 1)
    found = bracket(BOUNDS, "a", trials)
    assert (found.low, found.high) == (200, math.inf)
    assert (found.high_open, found.high_at) == (Open.HOLDS_EVERYWHERE, 200)
    assert found.low_open is None
    assert sum(trial.took_s for trial in trials) < 3600


def test_fails_everywhere() -> None:
    """A target that breaks them at the smallest rate has no capacity in the range."""
    trials = search(BOUNDS, {"a": Queue(0.5)}, 1)
    found = bracket(BOUNDS, "a", trials)
    assert (found.low, found.high) == (0, 2)
    assert (found.low_open, found.low_at) == (Open.FAILS_EVERYWHERE, 2)
    assert sum(trial.took_s for trial in trials) < 3600


@pytest.mark.parametrize("seed", range(5))
def test_the_generator_is_no_capacity(seed: int) -> None:
    """What the generator cannot offer fails nothing: the upper end stays open, at that rate."""
    trials = search(BOUNDS, {"a": Queue(100.0, limited_per_s=40)}, seed)
    found = bracket(BOUNDS, "a", trials)
    assert 0 < found.low < 40
    assert found.high == math.inf
    assert found.high_open is Open.LIMITED
    assert found.high_at is not None
    assert found.high_at >= 40
    at = [trial.rate_per_s for trial in trials if trial.word is TrialWord.LIMITED]
    assert all(times == 2 for times in Counter(at).values())


def test_the_generator_offers_nothing() -> None:
    """Where it cannot offer the smallest rate, the search ends soon and has found nothing."""
    trials = search(BOUNDS, {"a": Queue(100.0, limited_per_s=1)}, 1)
    found = bracket(BOUNDS, "a", trials)
    assert (found.low, found.high) == (0, math.inf)
    assert found.low_open is found.high_open is Open.LIMITED
    assert sum(trial.took_s for trial in trials) < BOUNDS.budget_s / 2


def test_a_moments_trouble_of_the_generator() -> None:
    """A rate that it did not manage once is asked again, for the same purpose."""
    ask = next_trial(BOUNDS, ["a"], [])
    assert ask is not None
    trouble = Trial(0, "a", ask.rate_per_s, ask.purpose, 60, 90, TrialWord.LIMITED)
    again = next_trial(BOUNDS, ["a"], [trouble])
    assert again is not None
    assert (again.rate_per_s, again.purpose, again.number) == (ask.rate_per_s, ask.purpose, 1)
    trials = [trouble, Server(ONE, 1).trial(again)]
    assert bracket(BOUNDS, "a", search(BOUNDS, {"a": ONE}, 1, tuple(trials))).high < 60


def test_a_target_that_is_there_again() -> None:
    """The rate at which it died is asked again, and the search goes on to its end."""
    queue = Queue(30.0, dies_per_s=32)
    trials = search(BOUNDS, {"a": queue}, 2)
    assert trials[-1].word is TrialWord.DIED
    died = replace(trials[-1], word=TrialWord.REVIVED)
    again = next_trial(BOUNDS, ["a"], [*trials[:-1], died])
    assert again is not None
    assert (again.rate_per_s, again.purpose) == (died.rate_per_s, died.purpose)
    found = bracket(BOUNDS, "a", search(BOUNDS, {"a": ONE}, 2, (*trials[:-1], died)))
    assert found.low <= 30 <= found.high < math.inf
    assert Open.DIED not in (found.low_open, found.high_open)


def test_a_target_dies() -> None:
    """It is left alone, with what was found; the other one is searched to the end."""
    trials = search(BOUNDS, {"a": Queue(30.0, dies_per_s=32), "b": ONE}, 2)
    died = next(trial for trial in trials if trial.word is TrialWord.DIED)
    assert [trial for trial in trials[died.number + 1 :] if trial.target == "a"] == []
    found = bracket(BOUNDS, "a", trials)
    assert found.high == math.inf
    assert (found.high_open, found.high_at) == (Open.DIED, died.rate_per_s)
    other = bracket(BOUNDS, "b", trials)
    assert 0 < other.low <= 30 <= other.high < math.inf


def test_nothing_is_ever_decided() -> None:
    """A search whose every trial stays open ends, says so, and claims nothing."""
    trials: list[Trial] = []
    while (ask := next_trial(BOUNDS, ["a"], trials)) is not None:
        trials.append(
            Trial(
                ask.number,
                "a",
                ask.rate_per_s,
                ask.purpose,
                ask.at_most_s,
                ask.at_most_s + 30,
                TrialWord.UNDECIDED,
                ask.alpha,
            )
        )
    found = bracket(BOUNDS, "a", trials)
    assert (found.low, found.high) == (0, math.inf)
    assert found.estimate is None
    assert Open.UNDECIDED in (found.low_open, found.high_open)
