"""How long a phase lasts: a time, or until all is decided. Mistakes are in `errors.txt`, too."""

from pathlib import Path

import pytest

from eiload.base.clock import NS_PER_S
from eiload.base.errors import ScenarioError
from eiload.scenario import Scenario, parse, restore
from eiload.scenario.arrivals import OpenPhase
from eiload.scenario.until import Until

TEXT = """\
name: x
targets: {gpu: {server: "localhost:8500", model: ssd}}
payload: {synthetic: 64x48}
traffic:
  - {phase: warm, rate: 2/s, for: 2 s, warm_up: true}
  - {phase: steady, RATE, for: LENGTH}
objectives: [p99 < 400 ms]
"""
HOUR = "{at_least: 5 min, at_most: 1 h, until: decided}"


def read(length: str = HOUR, rate: str = "rate: 8/s", **other: str) -> Scenario:
    """Return the scenario with a phase of this length."""
    text = TEXT.replace("LENGTH", length).replace("RATE", rate)
    for old, new in other.items():
        text = text.replace(f"{old}:", new)
    return parse(text, "s.yaml", Path("/nowhere"), {})


def test_read_and_written() -> None:
    """The resolved form says the same, and what is not said stays out of it."""
    scenario = read()
    phase = scenario.traffic[-1]
    assert isinstance(phase, OpenPhase)
    assert phase.duration_ns == 3600 * NS_PER_S
    assert phase.until == Until(300 * NS_PER_S)
    assert restore(scenario.to_json()) == scenario
    full = read("{at_most: 1 h, looks: [5 min, 20 min], until: decided, give_up: hopeless}")
    assert restore(full.to_json()) == full
    assert '"looks": ["5 min", "20 min"]' in full.to_json()


def test_how_often_it_may_be_wrong() -> None:
    """Less often than a word on a fixed run, and never more often."""
    scenario = read("{at_most: 1 h, until: decided, error: 1 %}")
    phase = scenario.traffic[-1]
    assert isinstance(phase, OpenPhase)
    assert phase.until == Until(error=0.01)
    assert restore(scenario.to_json()) == scenario
    with pytest.raises(ScenarioError, match=r"for\.error: wrong more often than on a fixed run"):
        read("{at_most: 1 h, until: decided, error: 6 %}")
