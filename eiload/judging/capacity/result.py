"""A whole search and what it comes to: brackets, ratio, cost at capacity, exit status, one line.

Pure, of the trials. What it knows: in which order things matter, and what to do about an end that
nothing has proved. What it must not know: how trials are run, how anything is shown.

Exit status: 0 where each target's capacity is between two rates that were proved; 2 where it is
outside of the range that was asked for, which is the user's to change; 3 where the budget did not
decide; 4 where a target died; 5 where the generator was the limit; a signal's where one ended the
search. When several hold, the usual order (`judgement.ORDER`).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from eiload.base import wording
from eiload.judging.capacity.bounds import Bounds
from eiload.judging.capacity.found import (
    Between,
    Bracket,
    Open,
    bracket,
    per_million,
    per_million_ratio,
    ratio,
)
from eiload.judging.capacity.search import next_trial
from eiload.judging.capacity.seen import Seen
from eiload.judging.capacity.trial import Trial
from eiload.judging.cost import Priced, priced
from eiload.judging.judgement import first_of
from eiload.record.stopping import SIGNALS
from eiload.scenario import Scenario

__all__ = ["CostAtCapacity", "Result", "Search", "between", "open_ends", "result"]

STATUSES = {
    Open.HOLDS_EVERYWHERE: 2,
    Open.FAILS_EVERYWHERE: 2,
    Open.UNDECIDED: 3,
    Open.BUDGET: 3,
    Open.DIED: 4,
    Open.LIMITED: 5,
}
"""The exit status that an end makes which nothing has proved."""


REMEDIES = {
    Open.HOLDS_EVERYWHERE: "the objectives hold up to {}, where the range ends; expected a higher"
    " 'to'",
    Open.FAILS_EVERYWHERE: "the objectives fail from {} on, where the range begins; expected a"
    " lower 'from'",
    Open.LIMITED: "the generator could not offer {}; expected --processes, or a machine of its own",
    Open.DIED: "it died at {}",
    Open.UNDECIDED: "a trial at {} stayed undecided; expected {}",
}
"""Why such an end is open, at which rate, and what would close it; `_ended` has the budget's."""


@dataclass(frozen=True, slots=True)
class Search:
    """A search as far as it has come."""

    scenario: Scenario
    bounds: Bounds
    seen: tuple[Seen, ...] = ()
    """Its trials, in the order in which they ended."""
    notes: tuple[str, ...] = ()
    """What trials have otherwise than the scenario, a sentence each."""
    started_wall_ns: int = 0
    """When its first trial began, ns since the epoch: a label; 0 if there was none."""
    stopped: str = ""
    """The signal that ended it; empty if it came to its end."""

    @property
    def trials(self) -> tuple[Trial, ...]:
        """Return the trials."""
        return tuple(each.trial for each in self.seen)

    @property
    def emulated(self) -> bool:
        """Tell whether any target was a stand-in."""
        return any(map(self.is_emulated, self.scenario.targets))

    def is_emulated(self, target: str) -> bool:
        """Tell whether a target was a stand-in, by the scenario or by what it said."""
        return self.scenario.targets[target].stand_in is not None or any(
            each.emulated for each in self.seen if each.trial.target == target
        )


@dataclass(frozen=True, slots=True)
class CostAtCapacity:
    """What a target costs at its own capacity."""

    target: str
    price: Priced
    usd_per_million: Between
    """USD per million inferences."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a search comes to."""

    brackets: tuple[Bracket, ...]
    """Of each target, in the scenario's order."""
    ratio: Between | None
    """The candidate's capacity over the baseline's; None without a comparison."""
    costs: tuple[CostAtCapacity, ...]
    """Of the targets that have a price."""
    cost_ratio: Between | None
    """The candidate's cost per million over the baseline's, each at its own capacity."""
    statements: tuple[str, ...]
    """A sentence on each target, then on both of a comparison, then on what they cost."""
    exit_status: int
    summary: str
    """One line that says it all."""


def result(search: Search) -> Result:
    """Return what a search comes to, however far it has come."""
    names = [*search.scenario.targets]
    brackets = tuple(bracket(search.bounds, name, search.trials) for name in names)
    by_name = dict(zip(names, brackets, strict=True))
    costs = tuple(_costs(search.scenario, by_name))
    compare = search.scenario.compare
    capacities = ratio(by_name[compare.candidate], by_name[compare.baseline]) if compare else None
    cost_ratio = None
    usd = {each.target: each.price.usd_per_h for each in costs}
    if compare and capacities and {compare.candidate, compare.baseline} <= usd.keys():
        cost_ratio = per_million_ratio(capacities, usd[compare.candidate], usd[compare.baseline])
    statements = [said(search, each) for each in brackets]
    if compare and capacities and _is_known(capacities):
        statements.append(
            f"{compare.candidate}'s capacity is {between(capacities)} times {compare.baseline}'s"
            f" ({_sure(capacities)})"
        )
    statements += _on_costs(search.scenario, costs, cost_ratio)
    statuses = [STATUSES[why] for each in brackets for why in open_ends(each)]
    if search.stopped in SIGNALS:  # what is open is so because of it
        statuses = [SIGNALS[search.stopped]]
    status = first_of(*statuses)
    name = wording.marked(search.scenario.name, search.emulated)
    ended = f", stopped ({search.stopped})" if search.stopped else ""
    return Result(
        brackets, capacities, costs, cost_ratio, tuple(statements), status,
        f"{name}{ended}: {'; '.join(statements)}",
    )  # fmt: skip


def between(of: Between) -> str:
    """Return two ends in words: ``0.58 to 0.92``, ``at least 0.58``, ``at most 0.92``."""
    low, high = (f"{end:,.3g}" if math.isfinite(end) else "" for end in (of.low, of.high))
    if not high:
        return f"at least {low}" if of.low else "not known"
    return f"{low} to {high}" if of.low else f"at most {high}"


def _is_known(of: Between) -> bool:
    return of.low > 0 or math.isfinite(of.high)


def _costs(scenario: Scenario, brackets: dict[str, Bracket]) -> Iterator[CostAtCapacity]:
    for name, target in scenario.targets.items():
        if target.price is not None:
            price = priced(target.price)
            yield CostAtCapacity(name, price, per_million(brackets[name], price.usd_per_h))


def _on_costs(
    scenario: Scenario, costs: tuple[CostAtCapacity, ...], cost_ratio: Between | None
) -> Iterator[str]:
    known = [each for each in costs if _is_known(each.usd_per_million)]
    if not known:
        return
    each = ", ".join(f"{one.target} {between(one.usd_per_million)} USD" for one in known)
    line = f"a million inferences at capacity cost on {each}"
    compare = scenario.compare
    if compare and cost_ratio and _is_known(cost_ratio):
        low, high = wording.change(cost_ratio.low), wording.change(cost_ratio.high)
        if not math.isfinite(cost_ratio.high):
            line += f": {compare.candidate} {low} or more"
        elif not cost_ratio.low:
            line += f": {compare.candidate} {high} at most"
        else:
            line += f": {compare.candidate} {low} to {high}"
        line += f" ({_sure(cost_ratio)})"
    yield line


def _sure(of: Between | Bracket) -> str:
    """Return how sure something is; what rests on two brackets is wrong as often as both."""
    return f"{wording.share(1 - of.error_rate)} confidence"


# -- one target ------------------------------------------------------------------------------------


def said(search: Search, of: Bracket) -> str:
    """Return what is known of one target's capacity, and what to do about what is not."""
    sure = _sure(of)
    low, high = wording.rate(of.low), wording.rate(of.high)
    more = "; ".join(_remedies(search, of))
    odd = (
        "; a rate above held, so that either more load made it better or a trial's word is wrong"
        if of.contradicted
        else ""
    )
    if of.low and math.isfinite(of.high):
        return f"{of.target}'s capacity is {low} to {high} ({sure}){odd}"
    if of.low:
        return f"{of.target}'s capacity is at least {low} ({sure}){odd}: {more}"
    if math.isfinite(of.high):
        return f"{of.target}'s capacity is under {high} ({sure}){odd}: {more}"
    return f"{of.target}'s capacity is not known{_about(search, of)}: {more}"


def _about(search: Search, of: Bracket) -> str:
    """Return about where it seems to be; empty if nothing says so.

    Of a target that died at less than that it is what it had borne before.
    """
    about = of.estimate if of.estimate is not None and of.estimate < math.inf else 0.0
    if of.low_open is Open.DIED and not 0 < about <= (of.low_at or 0.0):
        most = _borne(search, of.target)
        return f", {wording.rate(most)} was borne before" if most else ""
    return f", about {wording.rate(about)} by what was seen" if about else ""


def _borne(search: Search, target: str) -> float:
    """Return the largest rate at which a target did not use all that is allowed; 0 if none."""
    return max(
        (
            trial.rate_per_s
            for trial in search.trials
            if trial.target == target and trial.used is not None and trial.used < 1
        ),
        default=0.0,
    )


def open_ends(of: Bracket) -> list[Open]:
    """Return why the ends of a bracket are open, each reason once."""
    return [*dict.fromkeys(each for each in (of.low_open, of.high_open) if each is not None)]


def _remedies(search: Search, of: Bracket) -> Iterator[str]:
    """Yield why an end is open, and what would close it."""
    if search.stopped:
        yield "the search was stopped"
        return
    at = {of.high_open: of.high_at, of.low_open: of.low_at}
    for why in open_ends(of):
        known = at[why]
        if why is Open.BUDGET:
            yield _ended(search)
        else:
            at_rate = wording.rate(known) if known is not None else ""
            yield REMEDIES[why].format(at_rate, _more(search, of.target, known))


def _more(search: Search, target: str, rate_per_s: float | None) -> str:
    """Return what a trial that stayed undecided has lacked: time of its own, or of the budget."""
    longest_s = max(
        (
            trial.seconds
            for trial in search.trials
            if trial.target == target and trial.rate_per_s == rate_per_s
        ),
        default=0.0,
    )
    if longest_s >= search.bounds.at_most_s:
        return "longer trials ('trial')"
    return "a larger budget"


def _ended(search: Search) -> str:
    """Return why no trial was left for an end, and what would change that."""
    if next_trial(search.bounds, [*search.scenario.targets], search.trials) is not None:
        return "the search ended before"  # by an error, which has been said
    left_s = search.bounds.budget_s - sum(trial.took_s for trial in search.trials)
    ran_out = "the budget was over before"
    if left_s >= 1:
        ran_out = "what is left of the budget is too short for one more trial"
    return f"{ran_out}; expected a larger budget"
