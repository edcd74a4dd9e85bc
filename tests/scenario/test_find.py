"""`find:` in a scenario: what it says, and what has no capacity to look for."""

from pathlib import Path

import pytest

from eiload.base.clock import NS_PER_S
from eiload.base.errors import ScenarioError
from eiload.scenario import Scenario, parse, restore
from eiload.scenario.find import BUDGET_NS, backwards

TEXT = """
name: x
targets: {a: {server: "h:1", model: m}}
payload: {synthetic: 64x48}
traffic: [{phase: steady, rate: 8/s, for: 5 min}]
objectives: [p99 < 400 ms]
find: {from: 2/s, to: 200/s}
"""


def read(text: str) -> Scenario:
    """Return the scenario that a text is."""
    return parse(text, "x.yaml", Path(), {})


def test_what_it_says() -> None:
    """Rates and a budget with their units; an hour if none is said; it travels like the rest."""
    found = read(TEXT).find
    assert found is not None
    assert (found.from_per_s, found.to_per_s, found.budget_ns) == (2, 200, BUDGET_NS)
    scenario = read(TEXT.replace("200/s}", "300/min, budget: 10 min}"))
    assert scenario.find is not None
    assert (scenario.find.to_per_s, scenario.find.budget_ns) == (5, 600 * NS_PER_S)
    assert restore(scenario.to_json()) == scenario


@pytest.mark.parametrize(
    ("find", "said"),
    [
        ("{from: 5/s, to: 2/s}", r"find.to: not above 'from' \(5/s\), got 2/s"),
        ("{from: 5/s, to: 5/s}", "find.to: not above"),
        ("{from: 0/s, to: 5/s}", "find.from: out of range"),
        ("{from: 5, to: 9/s}", "find.from: no unit"),
        ("{from: 2/s, to: 5/s, budget: 1 s}", "find.budget: out of range"),
        ("{from: 2/s}", "find: 'to' is missing"),
    ],
)
def test_no_range(find: str, said: str) -> None:
    """One line with its place."""
    with pytest.raises(ScenarioError, match=said) as error:
        read(TEXT.replace("{from: 2/s, to: 200/s}", find))
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("objectives: [p99 < 400 ms]", "objectives: []", "a capacity under no objective"),
        ("objectives: [p99 < 400 ms]\n", "", "a capacity under no objective"),
        ("rate: 8/s", "users: 3", "no phase with a rate"),
    ],
)
def test_no_capacity(old: str, new: str, said: str) -> None:
    """Nothing asked, or nothing that a search could set; without `find:` all of it is right."""
    with pytest.raises(ScenarioError, match=f"x.yaml:.*: find: {said}"):
        read(TEXT.replace(old, new))
    assert read(TEXT.replace(old, new).replace("find: {from: 2/s, to: 200/s}", "")).find is None


def test_backwards() -> None:
    """A range goes up."""
    assert not backwards(1, 2)
    assert "expected a higher rate" in backwards(2, 1)
