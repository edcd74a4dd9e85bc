"""One trial of a capacity search, as a scenario of its own: one target at one rate.

What it knows: what of a scenario a trial keeps (the payload, a target, what is asked of it, how
requests arrive) and what it leaves out, said in sentences. What it must not know: which rate comes
next (`judging.capacity`), who runs it.

A trial is like the scenario's longest judged phase with a rate: its name, so that objectives of it
stand, and its law of arrivals; the rate is the trial's own, and stays. Before it comes a warm-up at
the same rate, so that what is judged begins with the queue that this rate makes. Each trial has a
seed of its own: two at the same rate are two looks, and not one look twice.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from eiload.base import wording
from eiload.base.clock import NS_PER_S
from eiload.base.errors import ScenarioError
from eiload.scenario import find
from eiload.scenario.arrivals import OpenPhase
from eiload.scenario.expect import BASELINE
from eiload.scenario.fields import SEED_AT_MOST
from eiload.scenario.models import Scenario
from eiload.scenario.objective import Agreement, Objective, Throughput
from eiload.scenario.rates import ConstantRate
from eiload.scenario.until_field import Length

__all__ = ["Model", "model", "written"]

WARM_UP, BEFORE = "warm-up", "before"
"""Names of a trial's warm-up; the second where the phase itself has the first."""


@dataclass(frozen=True, slots=True)
class Model:
    """What all trials of a scenario have in common."""

    scenario: Scenario
    phase: OpenPhase
    """The one that trials are like."""
    notes: tuple[str, ...]
    """What trials have otherwise than the scenario, a sentence each."""

    def objectives(self, target: str) -> tuple[Objective, ...]:
        """Return what is asked of a target in its trials."""
        return tuple(
            each
            for each in self.scenario.objectives
            if self.scenario.concerns(each, target) and not _left_out(each, self.phase)
        )

    @property
    def warm_up_ns(self) -> int:
        """Return how long the scenario's own warm-up is, all its phases together."""
        return sum(each.duration_ns for each in self.scenario.traffic if each.warm_up)

    def trial(
        self, number: int, target: str, rate_per_s: float, warm_up_ns: int, length: Length
    ) -> Scenario:
        """Return a trial.

        Args:
            number: which of the search it is; its seed is so much further.
            target: who is loaded.
            rate_per_s: with how much.
            warm_up_ns: how long before it counts; none if 0.
            length: how long it counts.
        """
        name = BEFORE if self.phase.name == WARM_UP else WARM_UP
        rate = ConstantRate(rate_per_s)
        process = self.phase.process
        before = OpenPhase(name, warm_up_ns, rate, process, warm_up=True)
        judged = OpenPhase(self.phase.name, length.duration_ns, rate, process, until=length.until)
        return self.scenario.model_copy(
            update={
                "source": None,
                "seed": (self.scenario.seed + number) % SEED_AT_MOST,
                "targets": {target: self.scenario.targets[target]},
                "traffic": (before, judged) if warm_up_ns else (judged,),
                "objectives": self.objectives(target),
                "compare": None,
                "find": None,
            }
        )


def model(scenario: Scenario) -> Model:
    """Return what trials of a scenario are like.

    Raises:
        ScenarioError: it has no capacity to look for, as it asks nothing or has no rate; one line.
    """
    where = scenario.source or scenario.name
    asked = {"find": True, "traffic": scenario.traffic, "objectives": scenario.objectives}
    for problem in find.problems(asked):
        raise ScenarioError(f"{where}: {problem.text}")
    judged = [each for each in scenario.traffic if not each.warm_up]
    phases = [each for each in judged if isinstance(each, OpenPhase) and find.has_rate(each)]
    phase = max(phases, key=lambda each: each.duration_ns)
    made = Model(scenario, phase, ())
    for target in scenario.targets:
        if not made.objectives(target):
            raise ScenarioError(
                f"{where}: nothing is asked of {target} in phase {phase.name} that a higher rate "
                "could break; expected an objective such as 'p99 < 400 ms'"
            )
    for part in range(len(scenario.payload.parts)):
        expect = scenario.payload.expected(part)
        for name, rule in expect.outputs.items() if expect else ():
            if BASELINE in rule.equals:
                raise ScenarioError(
                    f"{where}: output {name} is expected to equal the baseline's, and a trial has "
                    "one target alone; expected a file, or no such rule"
                )
    return replace(made, notes=tuple(_notes(scenario, phase)))


def written(trial: Scenario) -> str:
    """Return a trial as the text of a scenario file; it may hold secrets (`Scenario.to_json`)."""
    return trial.to_json().replace("${", "$${")


def _left_out(objective: Objective, phase: OpenPhase) -> str:
    """Return why a trial cannot be judged by an objective; empty if it can."""
    if isinstance(objective.metric, Agreement):
        return "a trial has one target alone"
    if isinstance(objective.metric, Throughput):
        return "it is on the rate itself, which trials set"
    if objective.phase not in {None, phase.name}:
        return f"trials are like phase {phase.name}"
    return ""


def _notes(scenario: Scenario, phase: OpenPhase) -> Iterator[str]:
    judged = [each.name for each in scenario.traffic if not each.warm_up]
    if len(judged) > 1:
        others = ", ".join(name for name in judged if name != phase.name)
        yield f"trials are like phase {phase.name}, the longest with a rate; not like {others}"
    if not isinstance(phase.rate, ConstantRate):
        length = wording.span(phase.duration_ns / NS_PER_S)
        yield f"the rate of phase {phase.name} moves over its {length}; that of a trial stays"
    for each in scenario.objectives:
        if why := _left_out(each, phase):
            yield f"not asked of trials: {each.said} ({why})"
