"""What a million good inferences cost on each target, and whether that is a saving.

What it knows: prices per hour, good answers per second, whether the objectives hold. What it must
not know: how they were judged, reports.

USD per million = USD per hour / (good answers per hour) * a million, at the throughput that was
*measured*. In a comparison both targets are offered the same rate, so as long as both keep up the
ratio is that of their prices, and says nothing of what either could do: the cheaper one may merely
be less loaded. So the rate and the mean number of requests in flight (Little's law: arrivals per
second times time each) are said beside it, and cheaper is called a *saving* only when the
candidate's objectives and the comparison hold.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from eiload.base import wording
from eiload.base.errors import ScenarioError
from eiload.base.near import nearest
from eiload.base.units import format_price, parse_price
from eiload.judging.prices import ENDED, PRICES, Price, Standing
from eiload.judging.statistics import blocks
from eiload.judging.statistics.cut import coarse, cut_of, sound
from eiload.judging.statistics.shift import Interval
from eiload.record import series
from eiload.record.intervals import Kind
from eiload.record.run import Run
from eiload.scenario import Scenario

__all__ = ["Cost", "Priced", "TargetCost", "check", "cost", "priced"]

MILLION = 1_000_000
S_PER_H = 3600


@dataclass(frozen=True, slots=True)
class Priced:
    """A `price:` and what it is made of."""

    text: str
    """As written."""
    usd_per_h: float
    parts: tuple[Price, ...]
    """The published prices in it; amounts that were written out are not among them."""

    @property
    def caveats(self) -> tuple[str, ...]:
        """Return what must be said wherever the price is shown."""
        unsure = (
            f"{part.name} at {format_price(part.usd_per_h)} is {part.standing}: {part.source}"
            for part in self.parts
            if part.standing is not Standing.PUBLISHED
        )
        past = (
            f"{part.name} at {format_price(part.usd_per_h)} was the price in {part.date}: {ENDED}"
            for part in self.parts
            if part.history
        )
        return (*unsure, *past)


@dataclass(frozen=True, slots=True)
class TargetCost:
    """What one target costs."""

    name: str
    price: Priced
    throughput_per_s: float
    in_flight: float
    """Requests in flight on average, of those that ended OK."""
    usd_per_million: float
    """USD per million good inferences; infinite when there were none."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What the targets cost, and the candidate against the baseline."""

    targets: tuple[TargetCost, ...]
    """Those that have a price, in the scenario's order."""
    ratio: Interval | None
    """Candidate over baseline, USD per million; None without a comparison of two priced targets."""
    saving: float | None
    """What the candidate saves, as a share of the baseline's cost; None unless it is a saving."""
    statement: str
    """One sentence; empty without a ratio."""
    notes: tuple[str, ...]
    """At which load this holds, and what is known of the prices, a sentence each."""


def priced(text: str) -> Priced:
    """Return what a `price:` comes to: amounts and names of `prices.PRICES`, added up.

    Raises:
        ValueError: a name is not known, or an amount is none.
    """
    total, parts = 0.0, []
    for term in (term.strip() for term in text.split("+")):
        if term[:1].isalpha():
            if term.lower() not in PRICES:
                known = ", ".join(PRICES)
                raise ValueError(
                    f"no published price, got {term!r}{nearest(term.lower(), [*PRICES])};"
                    f" expected an amount such as '0.90 USD/h' or one of {known}"
                )
            parts.append(PRICES[term.lower()])
            total += parts[-1].usd_per_h
        else:
            total += parse_price(term)
    return Priced(text, round(total, 9), tuple(parts))


def check(scenario: Scenario) -> None:
    """Look at all prices of a scenario, before a run is made that would want them.

    Raises:
        ScenarioError: some are wrong; a line each.
    """
    problems = []
    for name, target in scenario.targets.items():
        if target.price is not None:
            try:
                priced(target.price)
            except ValueError as error:
                problems.append(
                    f"{scenario.source or scenario.name}: targets.{name}.price: {error}"
                )
    if problems:
        raise ScenarioError("\n".join(problems))


def cost(run: Run, *, holds: bool) -> Cost | None:
    """Return what a run's targets cost; None when none has a price.

    Args:
        run: the run.
        holds: whether the candidate meets its objectives and the comparison is good.

    A price that is not understood is named among the notes: `check` has refused it before the run,
    and a run file from elsewhere is no reason to show nothing.
    """
    prices, unknown = {}, []
    for index, (name, target) in enumerate(run.scenario.targets.items()):
        if target.price is None:
            continue
        try:
            prices[index] = priced(target.price)
        except ValueError as error:
            unknown.append(f"the cost of {name} is not known: {error}")
    if not prices and not unknown:
        return None
    targets = {index: _target_cost(run, index, price) for index, price in prices.items()}
    pair = _pair(run, targets)
    ratio = _ratio(run, pair, targets) if pair else None
    saving = 1 - ratio.value if ratio and holds and ratio.high < 1 else None
    return Cost(
        tuple(targets.values()),
        ratio,
        saving,
        _statement(run, targets[pair[0]], targets[pair[1]], ratio, holds) if pair and ratio else "",
        (*unknown, *(_notes(run, targets) if targets else ())),
    )


def _target_cost(run: Run, target: int, price: Priced) -> TargetCost:
    spans = run.measured()
    seconds = series.length_s(run, spans)
    per_s = series.throughput_per_s(run, target, spans)
    served = run.sample(target, spans, Kind.SERVICE)
    per_million = math.inf
    if per_s > 0:
        per_million = price.usd_per_h / (per_s * S_PER_H) * MILLION
    return TargetCost(
        run.targets[target].name,
        price,
        per_s,
        served.sum_ns / 1e9 / seconds if seconds else math.nan,
        per_million,
    )


def _pair(run: Run, targets: dict[int, TargetCost]) -> tuple[int, int] | None:
    """Return the compared targets when both have a price."""
    compare = run.scenario.compare
    if compare is None:
        return None
    indices = run.target_index(compare.baseline), run.target_index(compare.candidate)
    return indices if all(index in targets for index in indices) else None


def _ratio(run: Run, pair: tuple[int, int], targets: dict[int, TargetCost]) -> Interval | None:
    """Return the ratio of the costs; its interval is that of the ratio of the throughputs.

    By the bootstrap of blocks with the same weights for both, like the comparison's (`shift`):
    arrivals that both share cancel.
    """
    baseline, candidate = (targets[index] for index in pair)
    if not 0 < baseline.usd_per_million < math.inf or math.isinf(candidate.usd_per_million):
        return None
    value = candidate.usd_per_million / baseline.usd_per_million
    spans = run.measured()
    cut = cut_of(run, spans)
    lengths = coarse(cut.lengths_s())
    answers = [coarse(cut.sums(series.answers(run, index, spans))) for index in pair]
    if not all(sound(lengths, each) for each in answers):
        return Interval(value, math.nan, math.nan)
    weights = blocks.resamples(len(lengths), seed=1)
    good = [weights @ each for each in answers]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = candidate.price.usd_per_h / baseline.price.usd_per_h * good[0] / good[1]
    return Interval(value, *blocks.spread(ratios, blocks.expanded_tail(len(lengths), 0.95)))


def _statement(
    run: Run, baseline: TargetCost, candidate: TargetCost, ratio: Interval, holds: bool
) -> str:
    change = wording.change(ratio.value)
    if not math.isnan(ratio.low):
        change += f" ({wording.change(ratio.low)} to {wording.change(ratio.high)})"
    said = "emulated: " if run.emulated else ""  # a line that is quoted alone
    said += (
        f"{candidate.name} costs {_usd(candidate.usd_per_million)} per million good inferences,"
        f" {baseline.name} {_usd(baseline.usd_per_million)}: {change}"
    )
    if not ratio.high < 1:
        return said
    if holds:
        return f"{said}, a saving of {wording.share(1 - ratio.value)}"
    return (
        f"{said}; not called a saving: {candidate.name} would have to meet its objectives, and the"
        " comparison to be good"
    )


def _usd(amount: float) -> str:
    return f"{amount:.2f} USD" if amount < 1000 else f"{amount:,.0f} USD"


def _notes(run: Run, targets: dict[int, TargetCost]) -> Iterator[str]:
    spans = run.measured()
    seconds = series.length_s(run, spans)
    if seconds:
        first = next(iter(targets))
        offered = sum(run.statuses(first, spans).values()) / seconds
        flying = ", ".join(f"{each.name} {each.in_flight:.2g}" for each in targets.values())
        yield (
            f"at {wording.rate(offered)} offered to each, in flight on average: {flying}; the"
            " cheaper one may merely be less loaded, and neither's capacity was measured"
        )
    yield from dict.fromkeys(caveat for each in targets.values() for caveat in each.price.caveats)
