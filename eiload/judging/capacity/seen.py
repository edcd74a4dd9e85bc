"""A trial's word and numbers, from its run: what the search goes on by and its report shows.

Pure, of a run. What it knows: how a run is judged, and which of what is said of it is about the
target. What it must not know: which trial comes next, who ran it.

An invalid run did not measure what it was asked to: its generator was late, lost or not heard of.
That says nothing of the target, so it is *generator-limited* and never a capacity. A target that
refused everything at the end of the load had *died*: overload alone answers late, or some.
"""

import math
from dataclasses import dataclass

import numpy as np

from eiload.base.status import Status
from eiload.judging.capacity.trial import Purpose, Reading, Trial, TrialWord
from eiload.judging.capacity.words import word_of
from eiload.judging.judgement import NOT_JUDGED, Judgement, judge
from eiload.judging.sla import Verdict, Word
from eiload.judging.statistics import blocks, shares
from eiload.judging.statistics.blocks import Blocks
from eiload.judging.statistics.cut import cut_of
from eiload.record import series, stopping
from eiload.record.intervals import Kind
from eiload.record.run import Run
from eiload.scenario import Max, Mean, Quantile, Share

__all__ = ["Asked", "Seen", "seen"]


@dataclass(frozen=True, slots=True)
class Asked:
    """Which trial a run was, as it was asked for."""

    number: int
    target: str
    rate_per_s: float
    purpose: Purpose
    alpha: float


@dataclass(frozen=True, slots=True)
class Seen:
    """A trial that has ended, and what is said of it beside what the search needs."""

    trial: Trial
    throughput_per_s: float = math.nan
    """Good answers; NaN where nothing was measured."""
    why: str = ""
    """Why it has its word, a sentence or two; empty where the readings say it."""
    emulated: str = ""
    """What was emulated, in words; empty for a real server."""
    run_file: str = ""
    """Name of its run's file in the search's folder; empty if there is none."""


def seen(run: Run, asked: Asked, took_s: float, run_file: str = "") -> Seen:
    """Return what a trial's run has shown.

    Args:
        run: of the trial: one target.
        asked: which trial it was.
        took_s: of the budget.
        run_file: name of the run's file.
    """
    judgement = judge(run)
    spans = run.measured()
    word, why = _word(run, judgement)
    trial = Trial(
        number=asked.number,
        target=asked.target,
        rate_per_s=asked.rate_per_s,
        purpose=asked.purpose,
        seconds=series.length_s(run, spans),
        took_s=took_s,
        word=word,
        alpha=asked.alpha,
        readings=tuple(_reading(run, each) for each in judgement.verdicts),
    )
    per_s = series.throughput_per_s(run, 0, spans)
    return Seen(trial, per_s, why, run.targets[0].emulated, run_file)


def _word(run: Run, judgement: Judgement) -> tuple[TrialWord, str]:
    """Return a trial's word, and why if its readings do not say it."""
    if _died(run):
        return TrialWord.DIED, "nothing but UNAVAILABLE at the end of the load"
    if not judgement.validity.valid:
        # What could not be judged is not the generator's.
        defect = any(each.reason == NOT_JUDGED for each in judgement.verdicts)
        word = TrialWord.UNDECIDED if defect else TrialWord.LIMITED
        return word, "; ".join(judgement.validity.reasons)
    if stopping.is_abort(run.stopped):
        return TrialWord.FAILS, run.stopped
    word = word_of(judgement.verdicts)
    of = {TrialWord.FAILS: Word.FAIL, TrialWord.UNDECIDED: Word.UNDECIDED}.get(word)
    return word, "; ".join(_said(each) for each in judgement.verdicts if each.word is of)


def _said(verdict: Verdict) -> str:
    return f"{verdict.objective.said}: {verdict.observed}; {verdict.reason}"


def _died(run: Run) -> bool:
    """Tell whether a target refused all that was due at the end of the load.

    As long and as many as make an outage (`record.series`), and to the end.
    """
    spans = run.phases()
    by_status = series.statuses(run, 0, spans)
    due = sum(by_status.values(), np.zeros(sum(span.seconds for span in spans), np.int64))
    away = by_status.get(Status.UNAVAILABLE, np.zeros_like(due))
    others = np.flatnonzero(due > away)
    tail = int(others[-1]) + 1 if len(others) else 0
    enough = away[tail:].sum() >= series.OUTAGE_FAILURES
    return bool(enough and len(due) - tail >= series.OUTAGE_S)


# -- readings --------------------------------------------------------------------------------------


def _reading(run: Run, verdict: Verdict) -> Reading:
    """Return what was measured of an objective, in its own unit."""
    objective, used = verdict.objective, verdict.used
    share = used.value if used is not None else None
    metric = objective.metric
    if isinstance(metric, Quantile):
        of = run if objective.of_class is None else run.of_class(objective.of_class)
        kind = Kind.SERVICE if metric.of == "service" else Kind.RESPONSE
        spans = run.measured(objective.phase)
        sample = of.sample(0, spans, kind)
        if not blocks.reportable(metric.q, sample.total):
            return Reading(objective.said, math.nan, math.nan, math.nan, metric.limit_ns, share)
        low, high = shares.interval_ns(Blocks.of(sample, cut_of(of, spans)), metric.q)
        value = float(sample.quantile_ns(metric.q))
        return Reading(objective.said, value, low, high, metric.limit_ns, share)
    limit = _limit(verdict)
    if used is None:
        return Reading(objective.said, math.nan, math.nan, math.nan, limit, None)
    value, low, high = (each * limit for each in (used.value, used.low, used.high))
    return Reading(objective.said, value, low, high, limit, share)


def _limit(verdict: Verdict) -> float:
    """Return an objective's limit in its own unit; 1 where there is only how much of it was used.

    What is on the server's side (`scenario.watched`) is kept as that.
    """
    match verdict.objective.metric:
        case Mean(limit_ns=limit) | Max(limit_ns=limit):
            return float(limit)
        case Share(limit=limit):
            return limit
        case _:
            return 1.0
