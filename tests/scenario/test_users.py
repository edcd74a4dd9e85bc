"""users: how many there are when, and how they are written."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eiload.base.errors import ScenarioError
from eiload.scenario import Scenario, build, restore
from eiload.scenario.arrivals import ClosedPhase
from eiload.scenario.users import (
    Exponential,
    Lognormal,
    RampUsers,
    StepUsers,
    Users,
    most,
    stints,
)

S = 10**9


def present(users: Users, duration_ns: int, at_ns: int) -> int:
    """Return how many users there are at an instant."""
    return sum(begin <= at_ns < end for begin, end in stints(users, duration_ns))


def test_a_constant_number() -> None:
    """All of them, all the time."""
    assert stints(3, 10) == [(0, 10)] * 3


@pytest.mark.parametrize("users", [RampUsers(1, 9), RampUsers(9, 1), RampUsers(0, 7)])
def test_a_ramp_is_linear(users: RampUsers) -> None:
    """At every instant within one user of the line; in the mean on it."""
    length = 1000 * S
    at = np.arange(0, length, S)
    there = np.array([present(users, length, int(each)) for each in at])
    line = users.start + (users.end - users.start) * at / length
    assert np.abs(there - line).max() <= 0.5 + 0.01
    assert there.mean() == pytest.approx((users.start + users.end) / 2, abs=0.01)
    assert most(users) == max(users.start, users.end)


@given(st.lists(st.integers(0, 20), min_size=1, max_size=8), st.integers(100, 10_000))
def test_steps_have_their_levels(levels: list[int], length: int) -> None:
    """In the middle of each step there are as many users as it says; nobody stays for no time."""
    users = StepUsers(tuple(levels))
    for index, level in enumerate(levels):
        middle = (2 * index + 1) * length // (2 * len(levels))
        assert present(users, length, middle) == level
    assert all(begin < end for begin, end in stints(users, length))
    assert stints(users, length) == sorted(stints(users, length))
    assert most(users) == max(levels)


def test_who_came_last_goes_first() -> None:
    """Whoever stays over several steps is one stint: a user that is not interrupted."""
    assert stints(StepUsers((1, 3, 2)), 9) == [(0, 9), (3, 6), (3, 9)]


# -- as they are written -------------------------------------------------------------------------


def scenario(**phase: Any) -> Scenario:
    """Return a scenario of one closed phase of 6 min."""
    return build(
        {
            "name": "x",
            "targets": {"a": {"server": "h", "model": "m"}},
            "payload": {"synthetic": "64x48"},
            "traffic": [{"phase": "p", "for": "6 min", **phase}],
        },
        "s",
        Path("/"),
    )


@pytest.mark.parametrize(
    ("written", "users", "think"),
    [
        ({"users": 10}, 10, 0),
        ({"users": {"from": 0, "to": 50}, "think": "1 s"}, RampUsers(0, 50), S),
        ({"users": {"steps": [5, 0, 20]}}, StepUsers((5, 0, 20)), 0),
        (
            {
                "users": {"steps": [5, 10, 20], "each": "2 min"},
                "think": {"exponential": {"mean": "2 s"}},
            },
            StepUsers((5, 10, 20), 120 * S),
            Exponential(2 * S),
        ),
        (
            {"users": 3, "think": {"lognormal": {"median": "2 s", "p99": "20 s"}}},
            3,
            Lognormal(2 * S, 20 * S),
        ),
    ],
)
def test_users_as_they_are_written(written: dict[str, Any], users: Users, think: object) -> None:
    """A number, a ramp, steps; a constant, exponential, lognormal think time."""
    of = scenario(**written)
    assert of.traffic == (ClosedPhase("p", 360 * S, users, think),)  # type: ignore[arg-type]
    assert restore(of.to_json()) == of


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"users": 0}, ".users: out of range, got 0; expected 1 or more"),
        ({"users": 100_001}, ".users: out of range, got 100001; expected 100000 at most"),
        ({"users": "x"}, ".users: not a whole number, got 'x'; expected 10, {from, to} or {steps}"),
        ({"users": True}, ".users: not a whole number, got True; expected 10, {from, to} or"),
        ({"users": [1]}, ".users: not a whole number, got a list; expected"),
        ({"users": {"from": 3, "to": 3}}, ".users: a ramp from 3 to 3; expected two different"),
        ({"users": {"from": 3}}, ".users: 'to' is missing; expected 'to:' (users at the end)"),
        ({"users": {"step": [3]}}, ".users: no such users, got 'step'; expected 10, {from, to} or"),
        ({"users": {"steps": [0]}}, ".users: nobody; expected a step above 0"),
        (
            {"users": {"steps": [3, -1]}},
            ".users.steps[1]: out of range, got -1; expected 0 or more",
        ),
        (
            {"users": {"steps": [3, 4], "each": "2 min"}},
            ": 2 steps of 2 min are 4 min, the phase is 6 min; expected 'for: 4 min', or no 'each'",
        ),
        ({"users": 1, "think": {"exp": 1}}, ".think: no such law, got 'exp'; expected 1 s, {expon"),
        (
            {"users": 1, "think": {"lognormal": {"median": "2 s", "p99": "1 s"}}},
            ".think: a p99 of 1 s and a median of 2 s; expected 'p99' above 'median'",
        ),
        (
            {"users": 1, "think": {"exponential": {"mean": 1}}},
            ".think.exponential.mean: no unit, got 1; expected a duration such as",
        ),
    ],
)
def test_what_is_wrong_with_users(written: dict[str, Any], said: str) -> None:
    """One line each, at its place."""
    with pytest.raises(ScenarioError) as refused:
        scenario(**written)
    (line,) = str(refused.value).split("\n")
    assert line.startswith(f"s: traffic[0]{said}")
