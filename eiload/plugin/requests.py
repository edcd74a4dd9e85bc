"""Requests, between the present run and Locust: its users' calls, its `request` event.

What it knows: user classes and their targets, Locust's event, the agent's session. What it must not
know: how a run begins and ends.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
from gevent import GreenletExit

from eiload.base.clock import NS_PER_S, Clock
from eiload.base.errors import ScenarioError
from eiload.base.status import Status
from eiload.control.session import Session
from eiload.plugin import event, targets
from eiload.plugin.answers import OpenAnswers
from eiload.plugin.inputs import blamed, is_within
from eiload.plugin.totals import Totals
from eiload.report.words import tame
from eiload.scenario import Scenario, Target
from eiload.sending.arrays import Results
from eiload.sending.result import Result
from eiload.serving.payload import Made

if TYPE_CHECKING:
    from eiload.control.agent import Agent

__all__ = ["Requests", "request_names"]

FEW = 8
"""So many results at a time cost no more as events than their sums do."""


class Maker(Protocol):
    """A user class that makes requests."""

    @classmethod
    def requests(cls, scenario: Scenario, target: Target) -> Iterator[Made]:
        """Yield its prepared requests."""


class Requests:
    """What users of one load process ask for.

    Args:
        fire: fires Locust's `request` event.
        clock: the clock that results are on.
        classes: the user classes that make requests.
        is_over: tells whether the present run has ended.
        say: tells the user.
        totals: Locust's statistics; None to fire an event for each request.
    """

    def __init__(
        self,
        fire: Callable[..., None],
        clock: Clock,
        classes: Sequence[type[Maker]],
        is_over: Callable[[], bool],
        say: Callable[[str], None],
        *,
        totals: Totals | None = None,
    ) -> None:
        self.agent: Agent | None = None
        """Set before the first run; None on a master, which has no users."""
        self.open = OpenAnswers(say)
        """Answers that users have yet to count."""
        self._fire = fire
        self._totals = totals
        self._clock = clock
        self._classes = classes
        self._is_over = is_over
        self._say = say
        self._told_late = False

    def session_for(self, cls: type) -> tuple[Session, int]:
        """Return the session of the present run and a user class's target in it.

        Waits until the load is on.

        Raises:
            GreenletExit: the run is over, or could not begin. (Locust ends users by it as by
                `StopUser`, but without a traceback from their `on_stop`.)
        """
        agent = self.agent
        assert agent is not None
        while not agent.going.is_set():
            if agent.ended or self._is_over():
                self.too_late(cls.__name__)
                raise GreenletExit
            agent.going.wait(0.2)
        session = agent.session
        if session is None:
            raise GreenletExit
        name = targets.target_name(cls, self._classes)
        return session, session.scenario.target_index(name)

    def too_late(self, user: str) -> None:
        """Tell, once, whose `on_stop` asks for what is not sent any more."""
        if not self._told_late and is_within("on_stop"):
            self._told_late = True
            self._say(f"{user}: predict() in on_stop is not sent, for the load has ended by then")

    def request_name(self, target: int) -> str:
        """Return what Locust's statistics call the requests to a target of the present run."""
        assert self.agent is not None
        assert self.agent.session is not None
        return request_names(self.agent.session.scenario)[target]

    def target_of(self, cls: type) -> Target:
        """Return what a user class calls in the present run."""
        session, target = self.session_for(cls)
        return session.scenario.target_at(target)

    def refuse(self, why: ScenarioError) -> None:
        """End the present run, as a user class asks for what cannot be asked."""
        assert self.agent is not None
        self.agent.refuse(why)

    def maker(self, name: str) -> str:
        """Return the name of the user class that belongs to a target."""
        of = (c.__name__ for c in self._classes if targets.target_name(c, self._classes) == name)
        giving = [c.__name__ for c in self._classes if targets.gives_samples(c)]
        return next(of, giving[0] if len(giving) == 1 else name)

    def bytes_for(self, scenario: Scenario, name: str) -> Iterator[Made]:
        """Yield the requests that users send to a target.

        Raises:
            ScenarioError: no user class here belongs to the target, or its requests are none.
        """
        if scenario.payload.users is not None:
            cls = targets.giving(scenario, self._classes)
            yield from _some(cls, cls.requests(scenario, scenario.targets[name]))
            return
        for cls in self._classes:
            if targets.target_name(cls, self._classes) == name:
                yield from _some(cls, cls.requests(scenario, scenario.targets[name]))
                return
        raise ScenarioError(f"no user class for the target {name!r} in this worker's locustfile")

    def fire(self, results: Results, detail: Callable[[int], str]) -> None:
        """Tell Locust of the results of the scenario's traffic.

        Each is a `request` event, unless sums say as much (`Totals`): then only failures are.
        """
        agent = self.agent
        if agent is None or agent.session is None:
            return
        scenario = agent.session.scenario
        names = request_names(scenario)
        apis = [target.api for target in scenario.targets.values()]
        if self._totals is not None and len(results) > FEW and self._totals.suffice:
            good = results["status"] == Status.OK
            for target in np.unique(results["target"][good]).tolist():
                mine = results[good & (results["target"] == target)]
                self._totals.add(names[target], mine, apis[target])
            results = results[~good]
        phases = [phase.name for phase in scenario.traffic]
        wall_s = time.time() - self._clock.now_ns() / NS_PER_S
        for fields in results.tolist():
            result = Result._make(fields)
            event.fire(
                self._fire,
                names[result.target],
                event.Times(result.intended_ns, result.sent_ns, result.done_ns),
                wall_s,
                status=Status(result.status),
                detail=detail(result.detail),
                response_bytes=result.response_bytes,
                response=None,
                context={"phase": phases[result.phase]},
                request_type=apis[result.target],
            )


def _some(cls: type, requests: Iterator[Made]) -> Iterator[Made]:
    """Yield a class's requests, of which there must be one at least."""
    empty = True
    with blamed(cls, "requests()"):
        for one in requests:
            empty = False
            yield one
    if empty:
        raise ScenarioError(
            f"{cls.__name__}: sample_inputs() returns no samples; expected one at least, "
            "{'input name': array}"
        )


def request_names(scenario: Scenario) -> list[str]:
    """Return what Locust's statistics call each target's requests, tame in Locust's CSV, too."""
    return [f"{tame(name)} Predict" for name in scenario.targets]
