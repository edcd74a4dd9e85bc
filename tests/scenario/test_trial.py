"""A trial as a scenario: what it keeps, what it leaves out, and that Locust can read it."""

from pathlib import Path

import pytest

from eiload.base.clock import NS_PER_S
from eiload.base.errors import ScenarioError
from eiload.scenario import Scenario, parse
from eiload.scenario.arrivals import OpenPhase
from eiload.scenario.rates import ConstantRate
from eiload.scenario.trial import model, written
from eiload.scenario.until import Until
from eiload.scenario.until_field import Length

TEXT = """
name: two
seed: 7
targets:
  gpu: {server: "h:1", model: ssd, metadata: {authorization: "a${KEY}"}}
  ei: {server: "h:2", model: ssdresnet}
payload: {synthetic: 64x48}
traffic:
  - {phase: warm-up, rate: 2/s, for: 20 s, warm_up: true}
  - {phase: burst, rate: 30/s, for: 1 min}
  - {phase: steady, rate: {from: 1/s, to: 9/s}, arrivals: {gamma: {cv: 2}}, for: 10 min}
objectives:
  - p99 < 400 ms
  - {target: ei, phase: steady, objective: p95 < 300 ms}
  - {phase: burst, objective: p50 < 100 ms}
  - throughput > 7/s
  - agreement >= 90 %
compare: {baseline: gpu, candidate: ei}
find: {from: 2/s, to: 200/s}
"""
MINUTE = Length(60 * NS_PER_S)


def read(text: str = TEXT) -> Scenario:
    """Return the scenario that a text is; what it refers to in the environment is a `$`."""
    return parse(text, "two.yaml", Path(), {"KEY": "${X}"})


def test_what_a_trial_is() -> None:
    """One target at one rate that stays, by the law of the longest phase, after a warm-up."""
    made = model(read())
    assert made.warm_up_ns == 20 * NS_PER_S
    trial = made.trial(3, "ei", 12.5, made.warm_up_ns, MINUTE)
    assert [*trial.targets] == ["ei"]
    assert trial.seed == 10
    before, judged = trial.traffic
    assert isinstance(before, OpenPhase)
    assert isinstance(judged, OpenPhase)
    assert (before.name, before.warm_up, before.duration_ns) == ("warm-up", True, 20 * NS_PER_S)
    assert (judged.name, judged.warm_up, judged.duration_ns) == ("steady", False, 60 * NS_PER_S)
    assert before.rate == judged.rate == ConstantRate(12.5)
    steady = read().traffic[2]
    assert isinstance(steady, OpenPhase)
    assert before.process == judged.process == steady.process
    assert [each.text for each in trial.objectives] == ["p99 < 400 ms", "p95 < 300 ms"]
    assert trial.compare is None
    assert trial.find is None
    assert [each.text for each in made.objectives("gpu")] == ["p99 < 400 ms"]


def test_what_is_left_out_is_said() -> None:
    """Phases, moving rates and objectives that a trial cannot have, a sentence each."""
    assert model(read()).notes == (
        "trials are like phase steady, the longest with a rate; not like burst",
        "the rate of phase steady moves over its 10 min; that of a trial stays",
        "not asked of trials: p50 < 100 ms in burst (trials are like phase steady)",
        "not asked of trials: throughput > 7/s (it is on the rate itself, which trials set)",
        "not asked of trials: agreement >= 90 % (a trial has one target alone)",
    )


def test_as_a_file() -> None:
    """It reads back as the same trial, whatever is in its texts, and however long it may go on."""
    until = Until(at_least_ns=120 * NS_PER_S, give_up=True, error=0.0125 / 3)
    length = Length(600 * NS_PER_S, until)
    trial = model(read()).trial(0, "gpu", 1 / 3, 5 * NS_PER_S, length)
    assert trial.targets["gpu"].metadata == {"authorization": "a${X}"}
    again = parse(written(trial), "trial.yaml", Path("/"), {})
    assert again.model_copy(update={"source": None}) == trial


def test_no_warm_up() -> None:
    """None if none is wanted; a phase of its name gets another before it."""
    made = model(read())
    assert [each.name for each in made.trial(0, "ei", 1, 0, MINUTE).traffic] == ["steady"]
    renamed = TEXT.replace("phase: warm-up", "phase: first").replace("steady", "warm-up")
    names = [each.name for each in model(read(renamed)).trial(0, "ei", 1, 1, MINUTE).traffic]
    assert names == ["before", "warm-up"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("  - p99 < 400 ms\n", "", "nothing is asked of gpu in phase steady"),
        (
            "payload: {synthetic: 64x48}",
            "payload: {synthetic: 64x48, expect: {outputs: {boxes: {equals: baseline}}}}",
            "output boxes is expected to equal the baseline's",
        ),
    ],
)
def test_no_trials(old: str, new: str, said: str) -> None:
    """What could not be judged is refused before any."""
    with pytest.raises(ScenarioError, match=said):
        model(read(TEXT.replace(old, new)))


def test_no_rate() -> None:
    """A closed loop has no rate that a search could set, whether or not the scenario says find."""
    text = TEXT.replace("find: {from: 2/s, to: 200/s}", "")
    users = "users: 3, for: 10 min}\n"
    closed = text.replace("rate: 30/s, for: 1 min}\n", users).replace(
        "rate: {from: 1/s, to: 9/s}, arrivals: {gamma: {cv: 2}}, for: 10 min}\n", users
    )
    with pytest.raises(ScenarioError, match=r"two.yaml: no phase with a rate: users of a closed"):
        model(read(closed))
