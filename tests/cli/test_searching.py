"""A search goes on trial by trial, by what their runs show."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import count

import pytest

from eiload.base.clock import NS_PER_S
from eiload.base.errors import EngineError, ScenarioError, TargetError
from eiload.cli.searching import go_on, scenario_of
from eiload.cli.trials import Ended, Tell
from eiload.judging.capacity import Ask, Bounds, Purpose, TrialWord
from eiload.judging.capacity.result import Search, result
from eiload.judging.capacity.seen import Seen
from eiload.record.run import Run
from eiload.scenario import Scenario
from eiload.scenario.arrivals import OpenPhase
from eiload.scenario.rates import ConstantRate
from eiload.scenario.trial import model, written
from tests.golden import golden_run, steady
from tests.report import searches

SEARCH = replace(searches.found(), seen=(), bounds=replace(searches.BOUNDS, at_most_s=300.0))
MODEL = model(SEARCH.scenario)
CAPACITIES = {"gpu": 30.0, "ei": 15.0}
WARM_UP_NS = 10 * NS_PER_S


def rate_of(trial: Scenario) -> float:
    """Return the rate of a trial."""
    phase = trial.traffic[-1]
    assert isinstance(phase, OpenPhase)
    assert isinstance(phase.rate, ConstantRate)
    return phase.rate.per_s


def played(trial: Scenario, capacities: Mapping[str, float] = CAPACITIES) -> Run:
    """Return the run of a trial whose target is slow from its capacity on."""
    (name,) = trial.targets
    slow = rate_of(trial) > capacities[name]
    return golden_run(written(trial), {name: steady(500.0 if slow else 80.0, seed=1)})


class Player:
    """Plays trials instead of running them, a minute each and what they last."""

    def __init__(
        self,
        *errors: EngineError | TargetError | ScenarioError,
        capacities: Mapping[str, float] = CAPACITIES,
    ) -> None:
        self.trials: list[Scenario] = []
        self._capacities = capacities
        self._errors = [*errors]

    def __call__(self, trial: Scenario, number: int, tell: Tell) -> Ended:
        """Return what comes of it: an error as long as there are any."""
        assert number >= 0
        self.trials.append(trial)
        tell(5.0, "")
        if self._errors:
            return Ended(None, 5.0, self._errors.pop(0))
        return Ended(played(trial, self._capacities), trial.duration_ns / NS_PER_S + 5)


def steps(search: Search, player: Player, kept: list[Seen]) -> Iterator[Search]:
    """Yield the search after each trial."""
    for _ in count():
        further = go_on(search, MODEL, WARM_UP_NS, player, kept.append, pause=pauses.append)
        if further is search:
            return
        yield (search := further)


pauses: list[float] = []


def test_a_whole_search(capsys: pytest.CaptureFixture[str]) -> None:
    """It finds both capacities; targets take turns, no rate order is time's, each trial is kept."""
    kept: list[Seen] = []
    player = Player()
    (*_, last) = steps(SEARCH, player, kept)
    assert tuple(kept) == last.seen
    found = result(last)
    assert found.exit_status == 0
    for bracket in found.brackets:
        assert bracket.low <= CAPACITIES[bracket.target] <= bracket.high
    names = [next(iter(each.targets)) for each in player.trials]
    assert {*names[:2]} == {"gpu", "ei"}
    assert len({each.seed for each in player.trials}) == len(player.trials)
    rates = [rate_of(each) for each in player.trials]
    assert rates != sorted(rates)
    lines = capsys.readouterr().err.splitlines()
    assert any(" to see; 0 s of 60 min used" in line for line in lines)
    assert any(" until decided, " in line for line in lines)
    assert any(": holds (proved)" in line for line in lines)
    assert any(": fails (proved): p95 < 300 ms: " in line for line in lines)


@pytest.mark.parametrize(
    ("ei", "said"),
    [
        (0.1, "is under 2/s (95 % confidence): the objectives fail from 2/s on, where the range"),
        (999, "is at least 120/s (95 % confidence): the objectives hold up to 120/s, where the"),
    ],
)
def test_one_of_two_is_out_of_the_range(ei: float, said: str) -> None:
    """It is proved to be, which is the user's to change; the other one is found all the same."""
    (*_, last) = steps(SEARCH, Player(capacities={**CAPACITIES, "ei": ei}), [])
    found = result(last)
    gpu, out = found.brackets
    assert gpu.low <= CAPACITIES["gpu"] <= gpu.high
    assert math.isfinite(gpu.high)
    assert not (out.low and math.isfinite(out.high))
    assert found.statements[1].startswith(f"ei's capacity {said}")
    assert found.exit_status == 2
    # What one end says of both is said: it is a bound.
    bound = "at most" if ei < 1 else "at least"
    assert found.statements[2].startswith(f"ei's capacity is {bound} ")
    assert found.statements[2].endswith(" times gpu's (90 % confidence)")
    assert {each.target for each in last.trials} == {"gpu", "ei"}


def test_it_goes_on_from_any_trial() -> None:
    """The same trials lead to the same next one: who was killed loses nothing."""
    kept: list[Seen] = []
    whole = [*steps(SEARCH, Player(), kept)]
    half = whole[len(whole) // 2]
    (*_, again) = steps(half, Player(), [])
    assert again == whole[-1]


def test_a_trial_until_decided() -> None:
    """Its words are wrong as rarely as it is asked, each objective with its share."""
    ask = Ask(4, "gpu", 24.0, Purpose.CONFIRM, 120.0, 600.0, 0.0125)
    *_, phase = scenario_of(ask, MODEL, WARM_UP_NS).traffic
    assert isinstance(phase, OpenPhase)
    assert phase.duration_ns == 600 * NS_PER_S
    assert phase.until is not None
    assert phase.until.at_least_ns == 120 * NS_PER_S
    assert phase.until.error == 0.0125 / 2
    explores = replace(ask, purpose=Purpose.EXPLORE, at_most_s=60.0)
    *_, phase = scenario_of(explores, MODEL, WARM_UP_NS).traffic
    assert isinstance(phase, OpenPhase)
    assert (phase.duration_ns, phase.until) == (60 * NS_PER_S, None)


def test_a_target_that_dies() -> None:
    """What could be used, and cannot be any more however often it is asked, has died."""
    kept: list[Seen] = []
    gone = TargetError("gpu: connection refused")
    first = next(steps(SEARCH, Player(), kept))
    name = first.trials[0].target
    one = replace(first, scenario=_alone(name))
    player = Player(*[gone] * 3)
    pauses.clear()
    after = go_on(one, model(one.scenario), WARM_UP_NS, player, kept.append, pause=pauses.append)
    assert len(player.trials) == 3
    assert len(pauses) == 2
    assert after.trials[-1].word is TrialWord.DIED
    assert after.trials[-1].took_s == 3 * 5.0 + 2 * 10.0
    assert kept[-1].why == "before its load: gpu: connection refused"
    assert result(after).exit_status == 4
    # One that only had to work off its queue goes on.
    player = Player(gone)
    after = go_on(one, model(one.scenario), WARM_UP_NS, player, kept.append, pause=pauses.append)
    assert after.trials[-1].word is not TrialWord.DIED


def _alone(name: str) -> Scenario:
    scenario = SEARCH.scenario
    return scenario.model_copy(update={"targets": {name: scenario.targets[name]}, "compare": None})


@pytest.mark.parametrize("error", [TargetError("refused"), EngineError("lost")])
def test_no_trial(error: TargetError | EngineError) -> None:
    """A target that never could be used, or a generator that does not work, ends the search."""
    with pytest.raises(type(error), match=f"^trial 1: {error}$"):
        go_on(SEARCH, MODEL, WARM_UP_NS, Player(error), lambda _: None)


def test_a_trial_that_was_stopped() -> None:
    """By somebody else's signal: nothing is made of it."""

    def stopped(trial: Scenario, number: int, tell: Tell) -> Ended:
        del number, tell
        return Ended(replace(played(trial), stopped="SIGTERM"), 5.0)

    with pytest.raises(EngineError, match=r"trial 1 was stopped \(SIGTERM\)"):
        go_on(SEARCH, MODEL, WARM_UP_NS, stopped, lambda _: None)


def test_too_small_a_budget() -> None:
    """Is said before any load, with what one trial takes."""
    small = replace(SEARCH, bounds=Bounds(2, 120, budget_s=30))
    with pytest.raises(
        ScenarioError, match="--budget 30 s: too small for one trial; expected 90 s"
    ):
        go_on(small, MODEL, WARM_UP_NS, Player(), lambda _: None)


def test_how_a_trial_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal's line has what the trial says; where there is no room, without the budget."""
    shown: list[str] = []
    monkeypatch.setattr("eiload.base.console.over", lambda text, _: shown.append(text))
    how = "steady, 33 s left: 336 ok, p50 101 p90 130 ms"

    def told(trial: Scenario, number: int, tell: Tell) -> Ended:
        assert len(trial.targets) == 1 + number
        for columns in (200, 75, 20):
            monkeypatch.setattr("eiload.base.console.width", lambda columns=columns: columns)
            tell(27.0, how)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        go_on(SEARCH, MODEL, WARM_UP_NS, told, lambda _: None)
    whole, narrow, cut = shown
    assert f"/s: {how}; 27 s of 60 min used" in whole
    assert narrow.endswith(f"/s: {how}")
    assert len(cut) == 19
