"""Is the candidate slower than the baseline? Two targets of one run, and one verdict.

What it knows: a run in which two targets got the same requests at the same instants. What it must
not know: reports, exit status; `separate` compares run files of several runs.

Procedure (docs/statistics.md, "Comparisons", with its error rates measured by simulation): the
ratio of quantiles with a confidence interval from blocks of time that both targets shared
(`shift`), then words (`comparison`). The verdict is on one quantile, named beforehand; the other
rows are to be read, and reading five of them at 95 % shows an "increase" somewhere in 6-13 % of
equal pairs. A request that failed is slower than everything; a target that was away is called
unavailable and not slow; one that answers wrongly is not compared at all.

What one run cannot know: a slow drift of one target looks like a difference. A claim about the
kind of machine, and not this pair in this run, takes five runs with a fresh attachment each.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from eiload import agreement, blocks, health, series, shift, wording
from eiload.blocks import Blocks
from eiload.comparison import Comparison, Outcome, Side, outcome_of, says, side_of
from eiload.recorder import Kind
from eiload.result import Status
from eiload.run import PhaseSpan, Run
from eiload.scenario import Agreement, Compare
from eiload.shift import Draws, Row
from eiload.units import format_percentile

__all__ = ["Comparison", "Outcome", "Side", "compare", "spans_of"]

POWER_Z = 2.8
"""z(97.5 %) + z(80 %): a run this many standard errors from the question answers it with 80 %."""

LEAST_MORE_S = 60.0
"""A forecast below this is noise."""


def compare(run: Run, compare_: Compare | None = None) -> Comparison:
    """Compare two targets of one run.

    Args:
        run: whose targets got the same requests at the same instants.
        compare_: which ones and how; None means the scenario's own `compare:`.

    Raises:
        ValueError: the scenario has no `compare:` and none is given.
    """
    how = run.scenario.compare if compare_ is None else compare_
    if how is None:
        raise ValueError("nothing to compare: the scenario has no `compare:`")
    names, spans = list(run.scenario.targets), spans_of(run)
    indices = (names.index(how.baseline), names.index(how.candidate))
    baseline, candidate = (
        _Part(run, index, side_of(run, index, spans), Blocks.of(run.sample(index, spans)))
        for index in indices
    )
    quantiles = sorted({*how.quantiles, how.headline})
    response, draws = shift.shift(baseline.cut, candidate.cut, quantiles, paired=True)
    served = [Blocks.of(run.sample(index, spans, Kind.SERVICE)) for index in indices]
    service, _ = shift.shift(served[0], served[1], quantiles, paired=True)
    row = next(row for row in response if row.q == how.headline)
    slower = any(each.ratio is not None and each.ratio.low > 1 for each in response)
    pair = _Pair(run, how.margin, spans, baseline, candidate, row, draws.get(how.headline), slower)
    word, text = _absent(pair) or _growing(pair) or _too_little(pair) or _verdict(pair)
    return Comparison(
        kind="paired",
        runs=1,
        baseline=baseline.side,
        candidate=candidate.side,
        headline=how.headline,
        margin=how.margin,
        response=tuple(response),
        service=tuple(service),
        word=word,
        statement=text if word is Outcome.UNAVAILABLE else f"{word}: {text}",
        notes=tuple(_notes(pair)),
    )


def spans_of(run: Run) -> list[PhaseSpan]:
    """Return the phases that are compared: the open ones, or closed ones when there are no others.

    In a closed loop the two targets do not get their requests at the same instants.
    """
    measured = run.measured()
    return [span for span in measured if not span.closed] or measured


@dataclass(frozen=True, slots=True)
class _Part:
    """One of the two targets."""

    run: Run
    index: int
    side: Side
    cut: Blocks

    @property
    def name(self) -> str:
        return self.side.name

    def away_s(self, spans: list[PhaseSpan]) -> int:
        """Return for how many seconds the target was unavailable."""
        by_status = series.statuses(self.run, self.index, spans)
        total = sum(by_status.values(), np.zeros(sum(span.seconds for span in spans), np.int64))
        good = by_status.get(Status.OK, np.zeros_like(total))
        return sum(outage.seconds for outage in series.outages(good, total - good))


@dataclass(frozen=True, slots=True)
class _Pair:
    """Everything that a verdict on the headline rests on."""

    run: Run
    margin: float
    spans: list[PhaseSpan]
    baseline: _Part
    candidate: _Part
    row: Row
    """Of the headline."""
    draws: Draws | None
    slower: bool
    """Whether the candidate is surely slower at any quantile."""

    @property
    def parts(self) -> tuple[_Part, _Part]:
        return self.baseline, self.candidate


# -- the verdict -----------------------------------------------------------------------------------


def _absent(pair: _Pair) -> tuple[Outcome, str] | None:
    """Return the word where speed is not the question; None where it is."""
    if doubt := _doubt(pair):
        return Outcome.INCONCLUSIVE, doubt
    away = {part.name: seconds for part in pair.parts if (seconds := part.away_s(pair.spans))}
    if not away:
        return None
    text = " and ".join(f"{name} unavailable for {wording.span(s)}" for name, s in away.items())
    only_candidate = pair.baseline.name not in away
    return (Outcome.UNAVAILABLE if only_candidate else Outcome.INCONCLUSIVE), text


def _growing(pair: _Pair) -> tuple[Outcome, str] | None:
    """Return the word where times grew all run long, which no ratio describes; None elsewhere."""
    growing = [part.name for part in pair.parts if shift.grows(part.cut)]
    if not growing:
        return None
    if growing == [pair.candidate.name] and pair.slower:
        return Outcome.INCREASE, (
            f"{pair.candidate.name} did not keep up: its times grew over the run; no size is given"
        )
    names = " and ".join(growing)
    return Outcome.INCONCLUSIVE, f"times of {names} grew over the run: too much load to compare"


def _too_little(pair: _Pair) -> tuple[Outcome, str] | None:
    """Return what a headline without a ratio needs; None where there is one."""
    q, ratio = pair.row.q, pair.row.ratio
    if ratio is not None:
        what = f"more than {wording.share(1 - q)} of both failed"
        return (Outcome.INCONCLUSIVE, what) if math.isnan(ratio.value) else None
    seconds, n = pair.baseline.cut.seconds, min(part.cut.n for part in pair.parts)
    if not n:
        return Outcome.INCONCLUSIVE, "no requests were measured"
    least_s = blocks.MIN_BLOCKS * blocks.MIN_BLOCK_S
    needs = max(pair.row.needs or 0, math.ceil(n / seconds * least_s))
    return Outcome.INCONCLUSIVE, (
        f"{format_percentile(q)} needs about {wording.count(needs)} requests,"
        f" {wording.span(needs / n * seconds)} at {wording.rate(n / seconds)}"
    )


def _verdict(pair: _Pair) -> tuple[Outcome, str]:
    """Return the word on the headline's ratio and what is said after it."""
    assert pair.row.ratio is not None
    word = outcome_of(pair.row, pair.margin)
    baseline, candidate = (part.name for part in pair.parts)
    if math.isinf(pair.row.ratio.value) or pair.row.ratio.value == 0:
        whose = candidate if pair.row.ratio.value else baseline
        return word, f"more than {wording.share(1 - pair.row.q)} of {whose}'s requests failed"
    understated = word is Outcome.INCREASE and shift.near_saturation(pair.candidate.cut)
    text = says(pair.row, candidate, baseline, at_least=understated)
    text += f", margin {wording.share(pair.margin)}"
    if word.good and any(span.closed for span in pair.spans):
        return Outcome.INCONCLUSIVE, f"{text}, but a closed loop flatters a slow server"
    return word, f"{text}; {_forecast(pair)}" if word is Outcome.INCONCLUSIVE else text


def _doubt(pair: _Pair) -> str:
    """Return why the speed of the two cannot be compared at all; empty when it can."""
    for part in pair.parts:
        facts = pair.run.targets[part.index]
        if facts.answers_bad:
            return (
                f"{wording.count(facts.answers_bad)} of {wording.count(facts.answers_checked)}"
                f" checked answers of {facts.name} were wrong"
            )
    found = agreement.find(pair.run)
    limits = [
        objective.metric.at_least
        for objective in pair.run.scenario.objectives
        if isinstance(objective.metric, Agreement)
    ]
    if found and any(found.share < limit for limit in limits):
        return (
            f"only {wording.count(found.agreed)} of {wording.count(found.compared)} compared"
            " answers agree"
        )
    return ""


def _forecast(pair: _Pair) -> str:
    """Return how much longer a run might answer the question, if its ratio stayed as it is.

    ``T' = T (2.8 se / d)^2`` with d the larger of theta's distances from 0 and to the margin.
    Optimistic: of runs forecast to end, 19-70 % do at that time (p99), hence "plan for".
    """
    assert pair.row.ratio is not None
    assert pair.draws is not None
    seconds = pair.baseline.cut.seconds
    ratio = pair.row.ratio.value
    theta = math.log(ratio) if 0 < ratio < math.inf else math.nan
    finite = pair.draws.theta[np.isfinite(pair.draws.theta)]
    error = float(np.std(finite)) if len(finite) else math.nan
    needs_s = seconds * (POWER_Z * error / max(theta, math.log1p(pair.margin) - theta)) ** 2
    if not math.isfinite(needs_s):
        return "needs a longer run"
    more_s = max(needs_s - seconds, LEAST_MORE_S)
    plan = f"{wording.span(2 * (seconds + more_s))} to {wording.span(3 * (seconds + more_s))}"
    return f"at least {wording.span(more_s)} more, plan for a run of {plan}"


# -- notes -----------------------------------------------------------------------------------------


def _notes(pair: _Pair) -> Iterator[str]:
    """Yield what is said beside the verdict."""
    names = {part.name for part in pair.parts}
    if any({*twins} == names for twins in health.twins(pair.run)):
        yield (
            "an A/A run: both are the same server; anything but 'no increase' and 'inconclusive'"
            " is a false alarm, of which about 5 in 100 runs are to be expected"
        )
    first, second = (pair.run.sample(part.index, pair.spans) for part in pair.parts)
    if drifting := shift.drifts(first, second, paired=True):
        at = " and ".join(map(format_percentile, drifting))
        yield f"unstable: the ratio at {at} changed between the halves of the run"
    candidate = pair.candidate
    if shift.near_saturation(candidate.cut) and not candidate.away_s(pair.spans):
        yield f"{candidate.name} is near saturation: an increase is real, its size understated"
    if left_out := [span.name for span in pair.run.measured() if span not in pair.spans]:
        yield f"closed-loop phases are left out: {', '.join(left_out)}"
    found = agreement.find(pair.run)
    if found and found.share < 1:
        yield f"{wording.share(1 - found.share)} of the compared answers differ"
