"""Which rates are tried next."""

import math

import pytest

from eiload.judging.capacity import Bounds, Purpose, Reading, Trial, TrialWord
from eiload.judging.capacity.rates import CLOSE, FURTHER, OVER, UNDER, Rates

BOUNDS = Bounds(2, 200, budget_s=3600)


def trial(
    number: int,
    rate: float,
    used: float,
    word: TrialWord = TrialWord.UNDECIDED,
    purpose: Purpose = Purpose.EXPLORE,
) -> Trial:
    """Return a trial."""
    readings = (Reading("p99 < 400 ms", 0, 0, 0, 0, used),)
    return Trial(number, "a", rate, purpose, 60, 90, word, 0, readings)


def explored(capacity: float) -> list[Trial]:
    """Return what exploring comes to where what is used goes with the cube of the rate."""
    trials: list[Trial] = []
    while (rate := Rates.of(BOUNDS, "a", trials).exploring()) is not None:
        used = (rate / capacity) ** 3
        word = TrialWord.FAILS if used > 5 else TrialWord.UNDECIDED
        trials.append(trial(len(trials), rate, used, word))
    return trials


@pytest.mark.parametrize("capacity", [0.5, 2.1, 7, 30, 190, 900])
def test_exploring_comes_close(capacity: float) -> None:
    """A few trials leave a factor of 1.25 around the capacity, or to the end of the range."""
    trials = explored(capacity)
    assert len(trials) <= 10
    rates = [each.rate_per_s for each in trials]
    below = max([rate for rate in rates if rate <= capacity], default=2.0)
    above = min([rate for rate in rates if rate > capacity], default=200.0)
    assert above <= max(below, 2.0) * CLOSE * 1.0001 or len(trials) == 10
    about = Rates.of(BOUNDS, "a", trials).about()
    assert about == pytest.approx(min(max(capacity, 2), 200), rel=0.1)


def test_no_load_beyond_what_failed() -> None:
    """What is over a rate that failed, however briefly, is not asked of the target."""
    trials = [trial(0, 20, 100, TrialWord.FAILS)]
    for _ in range(6):
        rate = Rates.of(BOUNDS, "a", trials).exploring()
        if rate is None:
            break
        assert rate < 20
        trials.append(trial(len(trials), rate, 0.1))


def test_a_narrow_range() -> None:
    """Of a range that is hardly one, little is explored."""
    assert len([*_all(Bounds(10, 12, budget_s=3600))]) <= 2


def _all(bounds: Bounds) -> list[Trial]:
    trials: list[Trial] = []
    while (rate := Rates.of(bounds, "a", trials).exploring()) is not None:
        trials.append(trial(len(trials), rate, rate / 11))
    return trials


def proved(number: int, rate: float, word: TrialWord, seconds: float = 600) -> Trial:
    """Return a trial that was to prove something, where the capacity is 30/s."""
    used = (Reading("p99 < 400 ms", 0, 0, 0, 0, (rate / 30) ** 3),)
    return Trial(number, "a", rate, Purpose.CONFIRM, seconds, seconds + 30, word, 0.01, used)


def test_both_ends() -> None:
    """First a little over and under the estimate; after an open word further off."""
    trials = explored(30)
    rates = Rates.of(BOUNDS, "a", trials)
    about = rates.about()
    upper, lower = (proof.rate_per_s for proof in rates.proving())
    assert upper == pytest.approx(about * math.exp(OVER))
    assert lower == pytest.approx(about * math.exp(-UNDER))
    trials.append(proved(len(trials), lower, TrialWord.UNDECIDED))
    further = Rates.of(BOUNDS, "a", trials)
    assert further.proving()[1].rate_per_s <= further.about() * math.exp(-UNDER * FURTHER) * 1.0001


def test_an_unexpected_word_moves_the_other_end() -> None:
    """Where the rate over the estimate holds, it is the lower end, and the upper one is above."""
    trials = explored(30)
    upper = Rates.of(BOUNDS, "a", trials).proving()[0].rate_per_s
    trials.append(proved(len(trials), upper, TrialWord.HOLDS))
    rates = Rates.of(BOUNDS, "a", trials)
    assert rates.found.low == upper
    (other,) = rates.proving()
    assert other.rate_per_s > upper


def test_narrowing() -> None:
    """Between two proofs, half as far from the estimate, in trials that are long enough."""
    trials = [*explored(30), proved(20, 22, TrialWord.HOLDS), proved(21, 35, TrialWord.FAILS, 200)]
    lower, upper = Rates.of(BOUNDS, "a", trials).proving()
    assert lower.rate_per_s == pytest.approx(math.sqrt(22 * 30), rel=0.03)
    assert upper.rate_per_s == pytest.approx(math.sqrt(35 * 30), rel=0.03)
    assert (lower.least_s, upper.least_s) == (1200, 400)
    trials.append(proved(22, lower.rate_per_s, TrialWord.UNDECIDED))
    (only,) = Rates.of(BOUNDS, "a", trials).proving()
    assert only.rate_per_s > 30
    trials.append(proved(23, 29, TrialWord.HOLDS))
    trials.append(proved(24, 31.5, TrialWord.FAILS))
    assert Rates.of(BOUNDS, "a", trials).proving() == []
