"""What is wanted of a search, and the bounds that it makes."""

from dataclasses import replace

from eiload.base.clock import NS_PER_S
from eiload.judging.capacity.wanted import Wanted, bounds_of, resumed, warm_up_of
from eiload.scenario import trial
from tests.report import searches


def test_defaults() -> None:
    """An hour, trials of a minute; those that prove take 2 to 40 times as long."""
    found = bounds_of(searches.scenario(), Wanted(2.0, 20.0), 10 * NS_PER_S)
    assert (found.low_per_s, found.high_per_s) == (2, 20)
    assert (found.budget_s, found.explore_s) == (3600, 60)
    assert (found.at_least_s, found.at_most_s, found.overhead_s) == (120, 2400, 20)


def test_resumed() -> None:
    """What is not said again is as it was, the warm-up too."""
    scenario = searches.scenario()
    said = Wanted(2.0, 20.0, 1800 * NS_PER_S, 8 * NS_PER_S, 5 * NS_PER_S)
    there = bounds_of(scenario, said, 5 * NS_PER_S)
    assert resumed(Wanted(), there) == said
    longer = Wanted(budget_ns=7200 * NS_PER_S)
    assert resumed(longer, there) == replace(said, budget_ns=7200 * NS_PER_S)


def test_the_warm_up() -> None:
    """As said; else the scenario's; else half a trial."""
    model = trial.model(searches.scenario())
    assert warm_up_of(model, Wanted(warm_up_ns=0)) == 0
    own = model.warm_up_ns or 4 * NS_PER_S
    assert warm_up_of(model, Wanted(trial_ns=8 * NS_PER_S)) == own
