"""What the form says of a capacity search: its defaults, its mistakes in one line each."""

import pytest

from eiload.base.clock import NS_PER_S
from eiload.base.errors import ScenarioError
from eiload.judging.capacity.wanted import Wanted
from eiload.plugin import sought
from tests.report import searches

ON = {sought.SEARCH: "on"}
FOUND = searches.SCENARIO + "\nfind: {from: 5/s, to: 50/s, budget: 30 min}\n"


def test_a_form_without_a_search() -> None:
    """Other fields are nothing without the tick."""
    assert sought.of_form({"eiload_from": "nonsense"}) is None


def test_its_fields() -> None:
    """Empty ones are the scenario's."""
    assert sought.of_form({**ON, "eiload_from": " ", "eiload_to": "20/s"}) == Wanted(None, 20.0)
    wanted = sought.of_form({**ON, "eiload_budget": "10 min", "eiload_trial": "5 s"})
    assert wanted == Wanted(budget_ns=600 * NS_PER_S, trial_ns=5 * NS_PER_S)
    with pytest.raises(ScenarioError, match=r"^capacity search, to: not a rate, got 'much'"):
        sought.of_form({**ON, "eiload_to": "much"})


def test_bounds() -> None:
    """The scenario's where the form says nothing; what does not fit is one line."""
    scenario = searches.scenario(FOUND)
    found = sought.bounds(scenario, Wanted(high_per_s=20.0))
    assert (found.low_per_s, found.high_per_s, found.budget_s) == (5, 20, 1800)
    with pytest.raises(ScenarioError, match=r"^capacity search, to: not above 'from' \(60/s\)"):
        sought.bounds(scenario, Wanted(low_per_s=60.0))
    with pytest.raises(ScenarioError, match=r"^capacity search, budget 3 s: too small for one"):
        sought.bounds(scenario, Wanted(budget_ns=3 * NS_PER_S))
    with pytest.raises(ScenarioError, match=r"^no range of rates; expected capacity search, from"):
        sought.bounds(searches.scenario(searches.SCENARIO), Wanted())


def test_what_is_offered() -> None:
    """The scenario's range; without objectives none, and why."""
    assert sought.offered(searches.scenario(FOUND)) == {
        "from": "5/s", "to": "50/s", "budget": "30 min", "trial": "1 min",
    }  # fmt: skip
    nothing = searches.SCENARIO.replace("objectives: [p95 < 300 ms, errors < 5 %]\n", "")
    why = str(sought.offered(searches.scenario(nothing))["why"])
    assert "a capacity under no objective" in why
