"""A scenario whose last phase goes on until all is decided, as the command line says."""

import pytest

from eiload.base.clock import NS_PER_S
from eiload.base.errors import ScenarioError
from eiload.scenario import restore
from eiload.scenario.arrivals import OpenPhase
from eiload.scenario.prolonged import prolonged
from eiload.scenario.until import Until
from tests.scenario.test_until_field import read


def test_as_long_as_the_command_line_says() -> None:
    """The last phase goes on; its own length is the first look."""
    scenario = prolonged(read("10 min"), "1h")
    phase = scenario.traffic[-1]
    assert isinstance(phase, OpenPhase)
    assert phase.until is not None
    assert [each // NS_PER_S for each in phase.until.looks_ns(phase.duration_ns)] == [
        *(600, 1200, 2400, 3600)
    ]
    assert restore(scenario.to_json()) == scenario
    again = prolonged(read(), "2 h").traffic[-1]
    assert isinstance(again, OpenPhase)
    assert (again.duration_ns, again.until) == (7200 * NS_PER_S, Until(300 * NS_PER_S))


@pytest.mark.parametrize(
    ("at_most", "length", "rate", "why"),
    [
        ("1", "10 min", "rate: 8/s", "--until-decided: no unit, got '1'"),
        ("0 s", "10 min", "rate: 8/s", "out of range; expected more than 0 s"),
        ("5 min", "10 min", "rate: 8/s", "shorter than phase steady is by itself; expected 10 min"),
        ("1 h", "10 min", "users: 3", "phase steady: until decided in a closed loop"),
        ("1 h", "10 min", "rate: {from: 1/s, to: 9/s}", "phase steady: until decided where the"),
        (
            "1 h", "10 min", "rate: {sine: {mean: 8/s, amplitude: 4/s, period: 20 min}}",
            "phase steady: looked at within a period (20 min), first after 10 min",
        ),
    ],
)  # fmt: skip
def test_what_the_command_line_cannot_have(at_most: str, length: str, rate: str, why: str) -> None:
    """One line with the option, its value, and what was expected."""
    with pytest.raises(ScenarioError) as refused:
        prolonged(read(length, rate), at_most)
    assert why in str(refused.value)
    assert "\n" not in str(refused.value)


def test_nothing_is_asked() -> None:
    """Without an objective or a comparison there is nothing to wait for."""
    silent = read("10 min").model_copy(update={"objectives": ()})
    with pytest.raises(ScenarioError, match="nothing is to be decided"):
        prolonged(silent, "1 h")
