"""A capacity search, trial after trial: what is asked is run, what it shows is kept.

What it knows: the order of things, and what is said meanwhile. What it must not know: which trial
is next and why (`judging.capacity`), how one is run (`trials`), where the search is kept.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from eiload.base import console, wording
from eiload.base.clock import NS_PER_S
from eiload.base.errors import EngineError, TargetError
from eiload.cli.trials import Ended, Tell
from eiload.judging.capacity.result import Search
from eiload.judging.capacity.search import Ask, next_trial
from eiload.judging.capacity.seen import Asked, Seen, seen
from eiload.judging.capacity.trial import Purpose, Trial, TrialWord
from eiload.judging.capacity.wanted import check_budget
from eiload.record.stopping import SIGNALS
from eiload.report.trial_log import called
from eiload.scenario import Scenario
from eiload.scenario.trial import Model
from eiload.scenario.until import Until
from eiload.scenario.until_field import Length

__all__ = ["Runner", "go_on", "scenario_of"]

TRIES, PAUSE_S = 3, 10.0
"""How often a target is asked that had answered before, and how long it is left alone in between:
one that still works off its queue is not dead."""

SAID_EVERY_S = 30.0
"""How often a log is told how a trial goes; a terminal's line is written over all the time."""


class Runner(Protocol):
    """Whoever runs trials."""

    def __call__(self, trial: Scenario, number: int, tell: Tell) -> Ended:
        """Run one; `tell` is told every now and then how it goes."""


def go_on(
    search: Search,
    model: Model,
    warm_up_ns: int,
    run: Runner,
    keep: Callable[[Seen], object],
    *,
    pause: Callable[[float], object] = time.sleep,
) -> Search:
    """Run a search's next trial, and tell what has come of it; the same search if none is next.

    Args:
        search: so far.
        model: what its trials are like.
        warm_up_ns: of each.
        run: runs one.
        keep: told of one that has ended, before anything is made of it.
        pause: waits so many seconds.

    Raises:
        ScenarioError: the budget is too small for a first trial; or a trial found the scenario to
            be wrong.
        TargetError: a target cannot be used that never could.
        EiloadError: a trial did not come to be otherwise.
    """
    ask = next_trial(search.bounds, [*search.scenario.targets], search.trials)
    if ask is None:
        if not search.seen:
            check_budget(search.scenario, search.bounds)
        return search
    progress = _Progress(ask, search)
    console.say(progress.first)
    trial = scenario_of(ask, model, warm_up_ns)
    ended = run(trial, ask.number, progress.tell)
    known = any(each.target == ask.target for each in search.trials)
    tries = 1
    while known and isinstance(ended.error, TargetError) and tries < TRIES:
        console.say(f"trial {ask.number + 1}: {ended.error}; once more in {PAUSE_S:g} s")
        pause(PAUSE_S)
        again = run(trial, ask.number, progress.tell)
        ended = replace(again, took_s=ended.took_s + PAUSE_S + again.took_s)
        tries += 1
    found = _found(ask, ended, known=known)
    keep(found)
    console.say(_outcome(found))
    return replace(search, seen=(*search.seen, found))


def scenario_of(ask: Ask, model: Model, warm_up_ns: int) -> Scenario:
    """Return the scenario of a trial that is asked for.

    Its words must be wrong as rarely as the search wants the trial's to be: any of its objectives
    can fail it wrongly, so each has its share.
    """
    length_ns = round(ask.at_most_s * NS_PER_S)
    until = None
    if ask.purpose is Purpose.CONFIRM:
        objectives = len(model.objectives(ask.target))
        least_ns = round(ask.at_least_s * NS_PER_S)
        until = Until(at_least_ns=least_ns, give_up=True, error=ask.alpha / objectives)
    length = Length(length_ns, until)
    return model.trial(ask.number, ask.target, ask.rate_per_s, warm_up_ns, length)


def _found(ask: Ask, ended: Ended, *, known: bool) -> Seen:
    """Return what a trial has shown.

    Args:
        ask: what was asked.
        ended: what came of it.
        known: whether its target could be used before.

    Raises:
        EiloadError: it did not come to be.
    """
    if ended.run is not None:
        if ended.run.stopped in SIGNALS:
            raise EngineError(f"trial {ask.number + 1} was stopped ({ended.run.stopped})")
        asked = Asked(ask.number, ask.target, ask.rate_per_s, ask.purpose, ask.alpha)
        return seen(ended.run, asked, ended.took_s, f"{called(ask.number)}.json")
    assert ended.error is not None
    if not known or not isinstance(ended.error, TargetError):
        raise type(ended.error)(f"trial {ask.number + 1}: {ended.error}")
    died = Trial(
        ask.number, ask.target, ask.rate_per_s, ask.purpose, 0.0, ended.took_s, TrialWord.DIED,
        ask.alpha,
    )  # fmt: skip
    return Seen(died, why=f"before its load: {ended.error}")


# -- what is said ----------------------------------------------------------------------------------


class _Progress:
    """Tells how a trial goes."""

    def __init__(self, ask: Ask, search: Search) -> None:
        self._used_s = sum(each.took_s for each in search.trials)
        self._budget_s = search.bounds.budget_s
        self._said_s = 0.0
        rate = wording.rate(ask.rate_per_s)
        self._what = f"trial {ask.number + 1}: {ask.target} at {rate}"
        if ask.purpose is Purpose.CONFIRM:
            length = f"until decided, {wording.span(ask.at_most_s)} at most"
        else:
            length = f"for {wording.span(ask.at_most_s)}, to see"
        self.first = f"{self._what}, {length}; {self._budget(0.0)}"

    def _budget(self, now_s: float) -> str:
        used, whole = (wording.span(each) for each in (self._used_s + now_s, self._budget_s))
        return f"{used} of {whole} used"

    def tell(self, now_s: float, how: str) -> None:
        """Tell for how long it has been going on, s, and how it goes if it has said so."""
        what = f"{self._what}: {how or wording.span(now_s)}"
        line = f"{what}; {self._budget(now_s)}"
        width = console.width()
        if width:
            # The last column stays free: some terminals begin a new line when it is written to.
            shown = line if len(line) < width else what
            console.over(shown[: width - 1], line)
        elif now_s - self._said_s >= SAID_EVERY_S:
            self._said_s = now_s
            console.say(line)


def _outcome(found: Seen) -> str:
    trial = found.trial
    rate = wording.rate(trial.rate_per_s)
    proof = " (proved)" if trial.counts else ""
    why = f": {found.why}" if found.why else ""
    return f"trial {trial.number + 1}: {trial.target} at {rate}: {trial.word}{proof}{why}"
