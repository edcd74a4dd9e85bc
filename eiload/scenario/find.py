"""Where the capacity of a scenario's targets is looked for: from which rate to which, how long.

``find: {from: 2/s, to: 200/s, budget: 1 h}``. What it knows: how that is written, and what of a
scenario has no capacity: an SLA that nobody wrote, users who wait for their answers, a trace that
has its own rates. What it must not know: how a search goes (`judging.capacity`), who runs it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from eiload.base.clock import NS_PER_S
from eiload.base.units import format_rate, parse_rate
from eiload.scenario.fields import duration, rate
from eiload.scenario.form import Form
from eiload.scenario.problem import Problem, part
from eiload.scenario.replay import Replay

__all__ = ["BUDGET_NS", "Find", "backwards", "has_rate", "problems"]

BUDGET_NS = 3600 * NS_PER_S
"""How long a search may take where nobody says: one target is found within 36 to 45 % in about so
long (docs/capacity.md)."""

BUDGET = ("10 s", "30 d")
"""The shortest and the longest budget."""

PerS = Annotated[float, rate(above=True)]
BudgetNs = Annotated[int, duration(*BUDGET, example="1 h")]


class Find(Form):
    """The range of rates in which ``eiload capacity`` looks for the highest one that holds."""

    from_per_s: PerS = Field(
        alias="from", description="the lowest rate, which should hold", examples=["2/s"]
    )
    to_per_s: PerS = Field(
        alias="to", description="the highest rate, which should not hold", examples=["200/s"]
    )
    budget_ns: BudgetNs = Field(
        default=BUDGET_NS,
        alias="budget",
        description="how long the search may take, for all targets together",
    )

    @classmethod
    def conflicts(cls, given: Mapping[str, Any]) -> Iterator[Problem]:
        """Yield a range that is none."""
        low, high = (_per_s(given.get(key)) for key in ("from", "to"))
        if low and high and (said := backwards(low, high)):
            yield Problem(("to",), said)


def backwards(low: float, high: float) -> str:
    """Return what is wrong with a range of rates, per second; empty if it is one."""
    if high > low:
        return ""
    got = format_rate(high)
    return f"not above 'from' ({format_rate(low)}), got {got}; expected a higher rate"


def problems(given: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what a scenario lacks whose capacity is looked for; nothing where nobody looks.

    Args:
        given: the scenario's keys and values, however wrong they are; parts may be records.
    """
    if given.get("find") is None:
        return
    objectives = given.get("objectives", ())
    if isinstance(objectives, Sequence) and not objectives:
        yield Problem(
            ("find",),
            "a capacity under no objective; expected one under 'objectives:', such as "
            "'p99 < 400 ms'",
        )
    traffic = given.get("traffic")
    if not isinstance(traffic, Sequence) or isinstance(traffic, str):
        return
    judged = [each for each in traffic if part(each, "warm_up") is not True]
    if judged and not any(map(has_rate, judged)):
        yield Problem(
            ("find",),
            "no phase with a rate: users of a closed loop slow down with their server, and a trace "
            "has rates of its own; expected a judged phase with 'rate:'",
        )


def has_rate(phase: object) -> bool:
    """Tell whether a phase, however it was given, has a rate that a search could set."""
    others = any(part(phase, key) is not None for key in ("users", "think", "replay"))
    return not others and not isinstance(part(phase, "rate"), Replay)


def _per_s(given: object) -> float | None:
    """Return a rate, however wrong what was given may be; None if it cannot be read."""
    if isinstance(given, int | float) and not isinstance(given, bool):
        return float(given)
    try:
        return parse_rate(given)
    except ValueError:
        return None
