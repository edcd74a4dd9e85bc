"""What is wanted of a search, by the command line or by a form, and the bounds that it makes.

Pure. What is not said the scenario says (`find:`), and what that leaves open has a default. What
it must not know: argparse, HTTP. `said` is how the user who reads an error writes a name.
"""

from collections.abc import Callable
from dataclasses import dataclass

from eiload.base import wording
from eiload.base.clock import NS_PER_S
from eiload.base.errors import ScenarioError
from eiload.base.units import format_duration
from eiload.judging.capacity.bounds import Bounds
from eiload.judging.capacity.search import next_trial
from eiload.scenario import Scenario
from eiload.scenario.find import BUDGET_NS, backwards
from eiload.scenario.trial import Model

__all__ = ["TRIAL_NS", "Wanted", "bounds_of", "check_budget", "option", "resumed", "warm_up_of"]

TRIAL_NS = 60 * NS_PER_S

FIRST_LOOK, AT_MOST = 2, 40
"""Times the length of a trial that explores: when one that proves is looked at first, and how long
it is at most."""

ENDS_S = 10.0
"""What a trial takes beside its warm-up and what it measures, about: start, last answers."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was said of a search; None where nothing was."""

    low_per_s: float | None = None
    high_per_s: float | None = None
    budget_ns: int | None = None
    trial_ns: int | None = None
    """How long a trial measures that only explores."""
    warm_up_ns: int | None = None

    @property
    def explores_ns(self) -> int:
        """Return the same, whoever says it."""
        return TRIAL_NS if self.trial_ns is None else self.trial_ns


def option(name: str) -> str:
    """Return how a name is written on a command line."""
    return f"--{name}"


def warm_up_of(model: Model, wanted: Wanted) -> int:
    """Return how long the warm-up of each trial is, ns: the scenario's, else half a trial."""
    if wanted.warm_up_ns is not None:
        return wanted.warm_up_ns
    return model.warm_up_ns or wanted.explores_ns // 2


def resumed(wanted: Wanted, there: Bounds) -> Wanted:
    """Return what is wanted of a search that goes on: what is not said is as it was.

    Args:
        wanted: what was said now.
        there: the bounds that the search had.
    """
    return Wanted(
        there.low_per_s if wanted.low_per_s is None else wanted.low_per_s,
        there.high_per_s if wanted.high_per_s is None else wanted.high_per_s,
        round(there.budget_s * NS_PER_S) if wanted.budget_ns is None else wanted.budget_ns,
        round(there.explore_s * NS_PER_S) if wanted.trial_ns is None else wanted.trial_ns,
        round((there.overhead_s - ENDS_S) * NS_PER_S)
        if wanted.warm_up_ns is None
        else wanted.warm_up_ns,
    )


def bounds_of(
    scenario: Scenario, wanted: Wanted, warm_up_ns: int, said: Callable[[str], str] = option
) -> Bounds:
    """Return the bounds of a search.

    Raises:
        ScenarioError: there is no range, or the values do not fit together.
    """
    find = scenario.find
    low, high = wanted.low_per_s, wanted.high_per_s
    if find is not None:
        low = find.from_per_s if low is None else low
        high = find.to_per_s if high is None else high
    if low is None or high is None:
        raise ScenarioError(
            f"no range of rates; expected {said('from')} 2/s {said('to')} 200/s, or "
            "'find: {from: 2/s, to: 200/s}' in the scenario"
        )
    if not low:
        raise ScenarioError(
            f"{said('from')} 0/s: nothing is sent at that; expected a rate above 0/s"
        )
    if wrong := backwards(low, high):
        raise ScenarioError(f"{said('to')}: {wrong}")
    budget_ns = find.budget_ns if find else BUDGET_NS
    if wanted.budget_ns is not None:
        budget_ns = max(wanted.budget_ns, 1)  # nothing is too small for a trial as well
    if wanted.explores_ns < NS_PER_S:
        raise ScenarioError(
            f"{said('trial')} {format_duration(wanted.explores_ns)}: nothing is measured in that; "
            "expected 1 s or more"
        )
    trial_s = wanted.explores_ns / NS_PER_S
    return Bounds(
        low_per_s=low,
        high_per_s=high,
        budget_s=budget_ns / NS_PER_S,
        explore_s=trial_s,
        at_least_s=FIRST_LOOK * trial_s,
        at_most_s=AT_MOST * trial_s,
        overhead_s=warm_up_ns / NS_PER_S + ENDS_S,
        seed=scenario.seed,
    )


def check_budget(scenario: Scenario, bounds: Bounds, said: Callable[[str], str] = option) -> None:
    """Look whether there is time for a first trial.

    Raises:
        ScenarioError: there is not.
    """
    if next_trial(bounds, [*scenario.targets], ()) is None:
        least = wording.span(bounds.explore_s + bounds.overhead_s)
        raise ScenarioError(
            f"{said('budget')} {wording.span(bounds.budget_s)}: too small for one trial; expected "
            f"{least} or more for each target, and as a rule an hour"
        )
