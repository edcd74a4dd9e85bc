"""How long a phase lasts: a time, or until all is decided. Mistakes are in `errors.txt`, too."""

from pathlib import Path

from eiload.base.clock import NS_PER_S
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
