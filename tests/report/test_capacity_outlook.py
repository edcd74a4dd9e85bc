"""What no trial of a search could prove, said before the first."""

import pytest

from eiload.base.clock import NS_PER_S
from eiload.judging.capacity.wanted import Wanted, bounds_of, warm_up_of
from eiload.report.capacity_outlook import notes
from eiload.scenario.trial import model
from tests.report import searches

TAIL = searches.SCENARIO.replace("p95 < 300 ms", "p99.9 < 300 ms")


def noted(text: str, wanted: Wanted) -> list[str]:
    """Return what is said of a search of a scenario."""
    scenario = searches.scenario(text)
    made = model(scenario)
    return [*notes(made, bounds_of(scenario, wanted, warm_up_of(made, wanted)))]


def test_nothing() -> None:
    """Of a search whose trials can prove whatever is asked."""
    assert noted(searches.SCENARIO, Wanted(2.0, 200.0)) == []


@pytest.mark.parametrize(
    ("to", "said"),
    [
        (200.0, "p99.9 < 300 ms cannot be proved to hold under about 23.3/s: it takes at least 20"),
        (5.0, "no trial can prove that p99.9 < 300 ms holds: it takes at least 67 min at 5/s, and"),
    ],
)
def test_a_tail(to: float, said: str) -> None:
    """Takes requests: a budget that is too small for them at the rates that are tried is told."""
    (note,) = noted(TAIL, Wanted(2.0, to))
    assert note.startswith(said)
    assert "trials are of about 15 min at most; " in note
    assert note.endswith("expected a larger budget")


def test_trials_that_are_too_short() -> None:
    """No budget helps there."""
    wanted = Wanted(20.0, 200.0, 36_000 * NS_PER_S, trial_ns=NS_PER_S)
    for note in noted(searches.SCENARIO, wanted):
        assert note.startswith("no trial can prove that ")
        assert note.endswith("of about 40 s at most; expected longer trials ('trial')")
