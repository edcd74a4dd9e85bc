"""What is said of two targets: the record of a comparison and its words.

What it knows: where an interval of a ratio may lie, against 1 and against a margin that was set
before the run. What it must not know: where intervals come from (`shift`), when there must be no
verdict (`pair`), reports.

The words are those of a test of non-inferiority (Schuirmann, *A comparison of the two one-sided
tests procedure*, J. Pharmacokinetics and Biopharmaceutics 15, 1987): "not significantly slower" is
never taken for "not slower"; that takes an interval that ends below the margin.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Literal

from eiload.base import wording
from eiload.base.status import Status
from eiload.base.units import format_percentile
from eiload.judging.statistics.shift import QuantileShift
from eiload.record import series
from eiload.record.facts import PhaseSpan
from eiload.record.intervals import Kind
from eiload.record.run import Run
from eiload.record.split import NAMES, split_of

__all__ = ["Change", "Comparison", "Design", "PhaseChange", "Side", "says", "side_of", "word_of"]

Design = Literal["paired", "separate runs", "repeated runs"]
"""Two targets of one run; of two runs; of one run again and again."""


class Change(StrEnum):
    """The word of a comparison: how the candidate differs from the baseline."""

    NO_INCREASE = "no increase"
    WITHIN_MARGIN = "increase within margin"
    INCREASE = "increase"
    DECREASE = "decrease"
    INCONCLUSIVE = "inconclusive"
    UNAVAILABLE = "unavailable"
    """The candidate was away for part of the run, which is not a matter of per cent."""

    @property
    def good(self) -> bool:
        """Return whether a gate lets it pass."""
        return self in {
            Change.NO_INCREASE,
            Change.WITHIN_MARGIN,
            Change.DECREASE,
        }

    @property
    def bad(self) -> bool:
        """Return whether it is a reason to stop, and not merely a question left open."""
        return self in {Change.INCREASE, Change.UNAVAILABLE}


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two targets, in the phases that are compared."""

    name: str
    address: str
    requests: int
    good: int
    throughput_per_s: float
    """Good answers per second; NaN when the phases lasted no time."""
    first_inference_ns: int | None
    """Of the very first inference, before the load; None when none was made."""
    emulated: bool = False
    """Whether it was a stand-in, whose times say nothing of hardware."""
    lag_p50_ns: float = math.nan
    """Its own share of the generator's lateness; NaN when nothing was sent."""
    lag_p99_ns: float = math.nan
    versions: tuple[int, ...] = ()
    """Of its model, that answered; empty if the answers do not say."""
    parts_ns: Mapping[str, float] = field(default_factory=dict)
    """Mean of each part of the response times, by `split.NAMES`; empty where nobody could tell."""

    @property
    def error_share(self) -> float:
        """Return the share of requests that did not end OK; NaN of none."""
        return 1 - self.good / self.requests if self.requests else math.nan


@dataclass(frozen=True, slots=True)
class PhaseChange:
    """Two targets in one phase, quantile by quantile; no verdict is on it."""

    name: str
    response: tuple[QuantileShift, ...]
    service: tuple[QuantileShift, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two targets, quantile by quantile, and what is said of them."""

    kind: Design
    runs: int
    baseline: Side
    candidate: Side
    headline: float
    """The quantile of the verdict, named before the run."""
    margin: float
    """An increase below this share does not matter, set before the run."""
    response: tuple[QuantileShift, ...]
    """Ascending in q; each interval at 95 % by itself."""
    service: tuple[QuantileShift, ...]
    """The same of service times: without the generator's lag and the queues before sending."""
    word: Change | None
    """None when there is no verdict, because a run is invalid."""
    statement: str
    """The verdict in one sentence, beginning with its word."""
    notes: tuple[str, ...] = ()
    """What a reader should know beside the verdict, a sentence each."""
    phases: tuple[PhaseChange, ...] = ()
    """The same by phase, where several phases with different traffic are compared."""

    @property
    def longer(self) -> float | None:
        """Return how many times as long a run would decide it if its ratio stayed as it is.

        None where it is decided or nobody can tell.
        """
        row = next(each for each in self.response if each.q == self.headline)
        undecided = self.word is Change.INCONCLUSIVE and row.ratio is not None
        if not undecided or row.ratio is None or not 0 < row.ratio.value < math.inf:
            return None
        theta, low, high = (
            math.log(each) if 0 < each < math.inf else math.nan
            for each in (row.ratio.value, row.ratio.low, row.ratio.high)
        )
        to_margin = math.log1p(self.margin) - theta
        times = [
            ((high - theta) / to_margin) ** 2 if to_margin > 0 else math.inf,
            ((theta - low) / theta) ** 2 if theta > 0 else math.inf,
        ]
        known = [each for each in times if not math.isnan(each)]
        return min(known) if known else None

    def without_verdict(self, why: str) -> "Comparison":
        """Return the same numbers and no verdict on them."""
        return replace(self, word=None, statement=f"no verdict: {why}")


def side_of(run: Run, target: int, spans: Sequence[PhaseSpan]) -> Side:
    """Return what is shown of one target beside the quantiles."""
    facts, ended = run.targets[target], run.statuses(target, spans)
    lag = run.sample(target, spans, Kind.LAG)
    split = split_of(run, target, spans)
    return Side(
        facts.name,
        facts.address,
        sum(ended.values()),
        ended.get(Status.OK, 0),
        series.throughput_per_s(run, target, spans),
        facts.first_inference_ns,
        bool(facts.emulated),
        lag.quantile_ns(0.5),
        lag.quantile_ns(0.99),
        tuple(each.number for each in run.served(target, spans).versions),
        {name: split.mean_ns(kind) for kind, name in NAMES.items()} if split is not None else {},
    )


def word_of(row: QuantileShift, margin: float) -> Change:
    """Return the word for a row, from where its interval lies; inconclusive when there is none."""
    if row.ratio is None or math.isnan(row.ratio.value):
        return Change.INCONCLUSIVE
    low, high = row.ratio.low, row.ratio.high
    if high < 1:
        return Change.DECREASE
    if high < 1 + margin:
        return Change.WITHIN_MARGIN if low > 1 else Change.NO_INCREASE
    return Change.INCREASE if low > 1 else Change.INCONCLUSIVE


def says(
    row: QuantileShift,
    candidate: str,
    baseline: str,
    *,
    at_least: bool = False,
    confidence: float = 0.95,
) -> str:
    """Return what a row's interval says, in words."""
    assert row.ratio is not None
    low, high = wording.change(row.ratio.low), wording.change(row.ratio.high)
    between = f"at least {low}" if at_least or math.isinf(row.ratio.high) else f"{low} to {high}"
    against = f"{format_percentile(row.q)} of {candidate} against {baseline}"
    return f"{against} {between} ({wording.share(confidence)} confidence)"
