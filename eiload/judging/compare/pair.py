"""Two targets, of one run or of two, and the word on the second against the first.

What it knows: what stands against any verdict on speed, and what the headline's interval says
when nothing does. What it must not know: whether there are more runs, reports, exit status.

In this order, the first that holds:

1. a target that answers wrongly, or other than its partner, is not compared at all;
2. one that was away for a while is called unavailable, not slow by some per cent;
3. one whose times grew over the whole run had too much load: no ratio describes that;
4. the headline's quantile is not supported by the data: inconclusive, with what it takes;
5. its interval against 1 and the margin (`comparison.word_of`).
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from eiload.base import wording
from eiload.base.units import format_percentile
from eiload.judging import agreement, versions
from eiload.judging.compare.comparison import (
    Change,
    Comparison,
    Design,
    Side,
    says,
    side_of,
    word_of,
)
from eiload.judging.statistics import needs, shares, shift
from eiload.judging.statistics.blocks import Blocks
from eiload.judging.statistics.cut import cut_of
from eiload.judging.statistics.levels import FIXED, Levels
from eiload.judging.statistics.shift import Draws, Interval, QuantileShift
from eiload.record import series
from eiload.record.facts import PhaseSpan
from eiload.record.intervals import Kind
from eiload.record.run import Run
from eiload.scenario import Agreement, Compare

__all__ = [
    "POWER_Z",
    "Compared",
    "Pair",
    "PairVerdict",
    "obstacle",
    "pair_of",
    "several_versions",
    "uneven",
    "verdict",
]

POWER_Z = 2.8
"""z(97.5 %) + z(80 %): a run this many standard errors from the question answers it with 80 %."""

LEAST_MORE_S = 60.0
"""A forecast below this is noise."""

LAG_OF_MARGIN = 0.1
"""Part of the margin, of the baseline's median, by which lags may differ before it is said: what
the generator adds to one side must not be much of what is asked about."""

PairVerdict = tuple[Change, str]
"""The word on a pair, and what is said after it."""


def _spans_of(run: Run) -> list[PhaseSpan]:
    """Return the phases that are compared: the open ones, or closed ones when there are no others.

    In a closed loop the two targets do not get their requests at the same instants.
    """
    measured = run.measured()
    return [span for span in measured if not span.closed] or measured


@dataclass(frozen=True, slots=True)
class Compared:
    """One of the two targets, in the phases that are compared."""

    run: Run
    index: int
    spans: tuple[PhaseSpan, ...]
    side: Side
    cut: Blocks
    """Its response times."""

    @staticmethod
    def of(run: Run, index: int, name: str = "") -> "Compared":
        """Return a target of a run, to be called `name` or as it is called there."""
        part = Compared._of(run, index, tuple(_spans_of(run)))
        return replace(part, side=replace(part.side, name=name)) if name else part

    @staticmethod
    def _of(run: Run, index: int, spans: tuple[PhaseSpan, ...]) -> "Compared":
        cut = Blocks.of(run.sample(index, spans), cut_of(run, spans))
        return Compared(run, index, spans, side_of(run, index, spans), cut)

    def over(self, spans: Sequence[PhaseSpan]) -> "Compared":
        """Return the same target in some of its phases."""
        return replace(Compared._of(self.run, self.index, tuple(spans)), side=self.side)

    @property
    def name(self) -> str:
        """Return what the target is called."""
        return self.side.name

    def served(self) -> Blocks:
        """Return its service times in blocks."""
        served = self.run.sample(self.index, self.spans, Kind.SERVICE)
        return Blocks.of(served, cut_of(self.run, self.spans))

    def away_s(self) -> int:
        """Return for how many seconds the target was unavailable."""
        return series.away_s(self.run, self.index, self.spans)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two targets with everything that a verdict on them rests on."""

    baseline: Compared
    candidate: Compared
    how: Compare
    response: tuple[QuantileShift, ...]
    """Ascending in q."""
    service: tuple[QuantileShift, ...]
    draws: Draws | None
    """Of the headline; None where the data do not support it."""
    confidence: float = 0.95
    """Of each interval of a ratio, both sides together."""

    @property
    def parts(self) -> tuple[Compared, Compared]:
        """Return the baseline and the candidate."""
        return self.baseline, self.candidate

    @property
    def row(self) -> QuantileShift:
        """Return the headline's row."""
        return next(row for row in self.response if row.q == self.how.headline)

    @property
    def slower(self) -> bool:
        """Tell whether the candidate is surely slower at any quantile."""
        return any(row.ratio is not None and row.ratio.low > 1 for row in self.response)

    @property
    def closed(self) -> bool:
        """Tell whether a closed loop is among what is compared."""
        return any(span.closed for part in self.parts for span in part.spans)

    def record(self, kind: Design, said: PairVerdict, notes: Sequence[str]) -> Comparison:
        """Return the record of this comparison, with a verdict and what is said beside it."""
        word, text = said
        return Comparison(
            kind=kind,
            runs=1 if self.baseline.run is self.candidate.run else 2,
            baseline=self.baseline.side,
            candidate=self.candidate.side,
            headline=self.how.headline,
            margin=self.how.margin,
            response=self.response,
            service=self.service,
            word=word,
            statement=text if word is Change.UNAVAILABLE else f"{word}: {text}",
            notes=tuple(notes),
        )


def pair_of(baseline: Compared, candidate: Compared, how: Compare, levels: Levels = FIXED) -> Pair:
    """Return two targets with their shift function; paired when they are of one run."""
    confidence = 2 * levels.ratio - 1
    paired = baseline.run is candidate.run
    quantiles = sorted({*how.quantiles, how.headline})
    response, draws = shift.shift(
        baseline.cut, candidate.cut, quantiles, paired=paired, confidence=confidence
    )
    response = [_with_intervals(row, baseline.cut, candidate.cut, levels) for row in response]
    service, _ = shift.shift(
        baseline.served(), candidate.served(), quantiles, paired=paired, confidence=confidence
    )
    of_headline = draws.get(how.headline)
    return Pair(baseline, candidate, how, tuple(response), tuple(service), of_headline, confidence)


def _with_intervals(
    row: QuantileShift, baseline: Blocks, candidate: Blocks, levels: Levels
) -> QuantileShift:
    """Return a row with each target's own interval, where the quantile is supported."""
    own = [
        None if value is None else Interval(value, *shares.interval_ns(cut, row.q, levels))
        for value, cut in ((row.baseline_ns, baseline), (row.candidate_ns, candidate))
    ]
    return replace(row, baseline_within_ns=own[0], candidate_within_ns=own[1])


def uneven(pair: Pair) -> str:
    """Return that one target's requests were sent later than the other's; empty if hardly so."""
    early, late = sorted((part.side for part in pair.parts), key=lambda side: side.lag_p50_ns)
    apart_ns = late.lag_p50_ns - early.lag_p50_ns
    if not apart_ns > LAG_OF_MARGIN * pair.how.margin * pair.baseline.cut.quantile_ns(0.5):
        return ""
    return (
        f"requests to {late.name} were sent {wording.time(apart_ns)} later than those to"
        f" {early.name} (lag p50), which is part of the difference"
    )


def several_versions(pair: Pair) -> Iterator[str]:
    """Yield which of the two answered as several versions of its model."""
    for part in pair.parts:
        if changed := versions.change(part.run, part.index, part.spans):
            yield changed


def verdict(pair: Pair) -> PairVerdict:
    """Return the word on the candidate, and what is said after it."""
    return obstacle(pair) or _too_little(pair) or _of_ratio(pair)


def obstacle(pair: Pair) -> PairVerdict | None:
    """Return the word where a ratio of times is not the question; None where it is."""
    return _wrong(pair) or _absent(pair) or _growing(pair)


def _wrong(pair: Pair) -> PairVerdict | None:
    for part in pair.parts:
        answers = part.run.answers(part.index, part.spans)
        if answers.bad:
            return Change.INCONCLUSIVE, (
                f"{wording.count(answers.bad)} of {wording.count(answers.checked)}"
                f" checked answers of {part.name} were wrong"
            )
        found = agreement.find(part.run)
        limits = [
            objective.metric.at_least
            for objective in part.run.scenario.objectives
            if isinstance(objective.metric, Agreement)
        ]
        if not found or found.candidate != part.run.targets[part.index].name:
            continue
        if not found.agreed:
            return Change.INCONCLUSIVE, (
                f"none of {wording.count(found.compared)} compared answers agree: {part.name} does"
                " something else"
            )
        if any(found.share < each for each in limits):
            return Change.INCONCLUSIVE, (
                f"only {wording.count(found.agreed)} of {wording.count(found.compared)} compared"
                " answers agree"
            )
    return None


def _absent(pair: Pair) -> PairVerdict | None:
    away = {part.name: seconds for part in pair.parts if (seconds := part.away_s())}
    if not away:
        return None
    text = " and ".join(f"{name} unavailable for {wording.span(s)}" for name, s in away.items())
    only_candidate = pair.baseline.name not in away
    return (Change.UNAVAILABLE if only_candidate else Change.INCONCLUSIVE), text


def _growing(pair: Pair) -> PairVerdict | None:
    growing = [part.name for part in pair.parts if shift.grows(part.cut)]
    if not growing:
        return None
    if growing == [pair.candidate.name] and pair.slower:
        return Change.INCREASE, (
            f"{pair.candidate.name} did not keep up: its times grew over the run; no size is given"
        )
    names = " and ".join(growing)
    return (
        Change.INCONCLUSIVE,
        f"times of {names} grew over the run: too much load to compare",
    )


def _too_little(pair: Pair) -> PairVerdict | None:
    """Return what a headline without a ratio needs; None where there is one."""
    q, ratio = pair.row.q, pair.row.ratio
    if ratio is not None:
        what = f"more than {wording.share(1 - q)} of both failed"
        return (Change.INCONCLUSIVE, what) if math.isnan(ratio.value) else None
    shorter = min((part.cut for part in pair.parts), key=lambda cut: cut.n)
    if not shorter.n:
        return Change.INCONCLUSIVE, "no requests were measured"
    for part in pair.parts:
        if reason := needs.occupancy(part.cut):
            return Change.INCONCLUSIVE, f"{part.name} cannot be compared: {reason}"
    need = needs.to_compare(shorter.n / shorter.seconds, q)
    if shorter.sound and need.requests <= shorter.n:
        # Enough requests but too few bad episodes: twice as long is the least that may help.
        need = needs.Need(2 * shorter.n, 2.0 * shorter.seconds)
    return Change.INCONCLUSIVE, f"{format_percentile(q)} needs at least {need}"


def _of_ratio(pair: Pair) -> PairVerdict:
    """Return the word on the headline's ratio and what is said after it."""
    assert pair.row.ratio is not None
    word = word_of(pair.row, pair.how.margin)
    baseline, candidate = (part.name for part in pair.parts)
    if math.isinf(pair.row.ratio.value) or pair.row.ratio.value == 0:
        whose = candidate if pair.row.ratio.value else baseline
        return word, f"more than {wording.share(1 - pair.row.q)} of {whose}'s requests failed"
    understated = word is Change.INCREASE and shift.near_saturation(pair.candidate.cut)
    text = says(pair.row, candidate, baseline, at_least=understated, confidence=pair.confidence)
    text += f", margin {wording.share(pair.how.margin)}"
    if word.good and pair.closed:
        return Change.INCONCLUSIVE, f"{text}, but a closed loop flatters a slow server"
    return word, f"{text}; {_forecast(pair)}" if word is Change.INCONCLUSIVE else text


def _forecast(pair: Pair) -> str:
    """Return how much longer a run might answer the question, if its ratio stayed as it is.

    ``T' = T (2.8 se / d)^2`` with d the larger of theta's distances from 0 and to the margin.
    Optimistic: of runs forecast to end, 19-70 % do at that time (p99), hence "plan for".
    """
    assert pair.row.ratio is not None
    assert pair.draws is not None
    seconds = pair.baseline.cut.seconds
    ratio = pair.row.ratio.value
    theta = math.log(ratio) if 0 < ratio < math.inf else math.nan
    error = pair.draws.error
    needs_s = seconds * (POWER_Z * error / max(theta, math.log1p(pair.how.margin) - theta)) ** 2
    if not math.isfinite(needs_s):
        return "needs a longer run"
    more_s = max(needs_s - seconds, LEAST_MORE_S)
    plan = f"{wording.span(2 * (seconds + more_s))} to {wording.span(3 * (seconds + more_s))}"
    return f"at least {wording.span(more_s)} more, plan for a run of {plan}"
