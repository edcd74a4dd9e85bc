"""What the web UI's form says of a capacity search, and what it is offered.

What it knows: the form's fields, scenarios. What it must not know: HTTP, how a search is run
(`searches`). None of the fields names a file.
"""

from collections.abc import Callable, Mapping
from typing import TypeVar

from eiload.base.errors import ScenarioError
from eiload.base.units import format_duration, format_rate, parse_duration, parse_rate
from eiload.judging.capacity.bounds import Bounds
from eiload.judging.capacity.wanted import TRIAL_NS, Wanted, bounds_of, check_budget, warm_up_of
from eiload.scenario import Scenario
from eiload.scenario import trial as trials
from eiload.scenario.find import BUDGET_NS

__all__ = ["SEARCH", "bounds", "of_form", "offered"]

T = TypeVar("T")

SEARCH, PREFIX = "eiload_search", "eiload_"
"""The field that asks for a search, "on" or nothing; what the others begin with."""


def of_form(form: Mapping[str, str]) -> Wanted | None:
    """Return what a form wants of a search; None if it asks for none.

    Raises:
        ScenarioError: a field cannot be read.
    """
    if form.get(SEARCH, "") != "on":
        return None

    def field(name: str, parse: Callable[[object], T]) -> T | None:
        text = form.get(f"{PREFIX}{name}", "").strip()
        try:
            return parse(text) if text else None
        except ValueError as error:
            raise ScenarioError(f"{_said(name)}: {error}") from None

    return Wanted(
        field("from", parse_rate),
        field("to", parse_rate),
        field("budget", parse_duration),
        field("trial", parse_duration),
    )


def bounds(scenario: Scenario, wanted: Wanted) -> Bounds:
    """Return the bounds of a search as `eiload capacity` would have them.

    Raises:
        ScenarioError: the scenario has no capacity to look for, or the values do not fit together.
    """
    model = trials.model(scenario)
    found = bounds_of(scenario, wanted, warm_up_of(model, wanted), _said)
    check_budget(scenario, found, _said)
    return found


def offered(scenario: Scenario) -> dict[str, object]:
    """Return what the form offers for a scenario: what its fields hold, or why it offers none."""
    try:
        trials.model(scenario)
    except ScenarioError as error:
        why = str(error).removeprefix(f"{scenario.source or scenario.name}: ")
        return {"why": why}
    find = scenario.find
    return {
        "from": format_rate(find.from_per_s) if find else "",
        "to": format_rate(find.to_per_s) if find else "",
        "budget": format_duration(find.budget_ns if find else BUDGET_NS),
        "trial": format_duration(TRIAL_NS),
    }


def _said(name: str) -> str:
    """Return what a field is called on the page."""
    return f"capacity search, {name}"
