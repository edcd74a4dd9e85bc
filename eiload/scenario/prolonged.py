"""A scenario that goes on until all is decided, though its file gives its last phase a time.

What it knows: what ``--until-decided`` says, and to which scenarios that can be said. What it must
not know: when a run is looked at (`until`), and how an end is found.
"""

from dataclasses import replace

from eiload.base.errors import ScenarioError
from eiload.base.units import format_duration, parse_duration
from eiload.scenario.arrivals import OpenPhase
from eiload.scenario.models import Scenario
from eiload.scenario.rate_field import RUN_AT_MOST
from eiload.scenario.until import Until
from eiload.scenario.until_field import CLOSED, fits, problems

__all__ = ["prolonged"]


def prolonged(scenario: Scenario, at_most: str) -> Scenario:
    """Return a scenario whose last phase goes on until all is decided, as ``--until-decided`` says.

    Its own length is the least: no look is before it.

    Raises:
        ScenarioError: that is no time, or does not fit the scenario.
    """
    said = f"--until-decided {at_most}"
    try:
        at_most_ns = parse_duration(at_most)
    except ValueError as error:
        raise ScenarioError(f"--until-decided: {error}") from None
    if not 0 < at_most_ns <= parse_duration(RUN_AT_MOST):
        raise ScenarioError(f"{said}: out of range; expected more than 0 s, {RUN_AT_MOST} at most")
    last = scenario.traffic[-1]
    if not isinstance(last, OpenPhase):
        raise ScenarioError(f"{said}: phase {last.name}: {CLOSED}")
    until = last.until or Until(at_least_ns=last.duration_ns)
    if until.at_least_ns is not None and until.at_least_ns > at_most_ns:
        least = format_duration(until.at_least_ns)
        raise ScenarioError(
            f"{said}: shorter than phase {last.name} is by itself; expected {least} or more"
        )
    last = replace(last, duration_ns=at_most_ns, until=until)
    traffic = (*scenario.traffic[:-1], last)
    asked = {"objectives": scenario.objectives, "compare": scenario.compare}
    for problem in problems({"traffic": traffic, **asked}):
        raise ScenarioError(f"{said}: phase {last.name}: {problem.text}")
    try:
        fits(last)
    except ValueError as error:
        raise ScenarioError(f"{said}: phase {last.name}: {error}") from None
    return scenario.model_copy(update={"traffic": traffic})
