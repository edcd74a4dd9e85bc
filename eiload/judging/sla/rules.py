"""Objectives to verdicts: pass, fail, or undecided and what it would take to decide.

What it knows: a run and its scenario's objectives. What it must not know: reports, exit status,
whether the run is valid (`health` does, and `judgement` puts them together).

Each kind of objective has its rule, all with the same bias: no data and no doubt ever make a pass.

- quantiles, `errors`, `dropped`: the share beyond the limit, by `shares`;
- `mean`: a t-interval over blocks, with a failed request counted as its whole deadline;
- `max`: of this run only; it says nothing of the next request, and the verdict says so;
- `throughput`: a t-interval over blocks of the good answers per second;
- `agreement`, `versions`: by `agreement` and `versions`; what was observed: by `watched`.

A request that failed, was dropped or never ended is over every limit. A target that was away for
a while fails whatever that put over its limit in this run, however little one absence says of the
next. In a closed loop a slow server slows its own load, so a time that looks good there is no pass.
And a target that answers wrongly gets no verdict on how fast it does. Methods and error rates:
docs/statistics.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from eiload.base import wording
from eiload.base.status import Status
from eiload.base.units import format_duration, format_percentile, format_rate, format_share
from eiload.judging import agreement, versions
from eiload.judging.sla import watched
from eiload.judging.sla.implied import settled
from eiload.judging.sla.sentences import (
    NOTHING,
    BareVerdict,
    between,
    extremes,
    judged,
    of_n,
    too_short,
)
from eiload.judging.statistics import blocks, shares
from eiload.judging.statistics.blocks import Blocks
from eiload.judging.statistics.cut import cut_of
from eiload.judging.statistics.levels import FIXED, Levels
from eiload.judging.statistics.means import mean_limits, rate_limits
from eiload.judging.statistics.shares import Word
from eiload.judging.statistics.shift import Interval
from eiload.record import series
from eiload.record.facts import Answers, PhaseSpan
from eiload.record.intervals import Kind
from eiload.record.run import Run
from eiload.record.sample import Sample
from eiload.scenario import Agreement, Max, Mean, Objective, Quantile, Share, Throughput, Versions
from eiload.scenario.watched import Watched

__all__ = ["Verdict", "Word", "judge", "unjudged"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on one objective of one target."""

    objective: Objective
    target: str
    """The target's name."""
    word: Word
    observed: str
    """What was measured, in words; a quantile only where the data support it."""
    reason: str
    """Why this word: the confidence limit, or what it would take to decide."""
    used: Interval | None = None
    """How much of what is allowed was used (`BareVerdict.used`)."""
    longer: float | None = None
    """How much more of the same would decide it (`BareVerdict.longer`)."""


def judge(run: Run, levels: Levels = FIXED) -> tuple[Verdict, ...]:
    """Return one verdict for each objective and target that it is for, in the scenario's order.

    An objective of no phase is judged on all phases that are not warm-up, taken together.

    Args:
        run: the run.
        levels: how sure the words must be; of one of several looks, higher ones.
    """
    found: dict[tuple[int, int], Verdict] = {}
    for of in dict.fromkeys(objective.of_class for objective in run.scenario.objectives):
        judge_ = _Judge(run if of is None else run.of_class(of), levels)
        for index, name in enumerate(run.scenario.targets):
            concern = [
                (number, objective)
                for number, objective in enumerate(run.scenario.objectives)
                if objective.of_class == of and run.scenario.concerns(objective, name)
            ]
            verdicts = judge_.verdicts([objective for _, objective in concern], index)
            for (number, _), verdict in zip(concern, verdicts, strict=True):
                found[number, index] = verdict
    return tuple(found[key] for key in sorted(found))


def unjudged(run: Run, why: str) -> tuple[Verdict, ...]:
    """Return what stands for the verdicts when judging itself fails: all open, for one reason."""
    return tuple(
        Verdict(objective, run.targets[index].name, Word.UNDECIDED, "not known", why)
        for objective in run.scenario.objectives
        for index, name in enumerate(run.scenario.targets)
        if run.scenario.concerns(objective, name)
    )


class _Judge:
    """The rules, with what several objectives of one run look at kept between them."""

    def __init__(self, run: Run, levels: Levels) -> None:
        self._run = run
        self._levels = levels
        self._samples: dict[tuple[int, str | None, Kind], tuple[Sample, Blocks]] = {}

    def verdicts(self, objectives: Sequence[Objective], target: int) -> list[Verdict]:
        """Return the verdicts on one target, in the order of the objectives."""
        each = [self._any_finding(objective, target) for objective in objectives]
        bad = bool(self._run.answers(target).bad)
        name = self._run.targets[target].name
        found = []
        for objective, finding in zip(
            objectives, settled(objectives, each, answers_bad=bad), strict=True
        ):
            word, reason = finding.word, finding.reason
            if word is not Word.UNDECIDED and (doubt := self._doubt(objective, target)):
                word, reason = Word.UNDECIDED, doubt
            elif word is Word.PASS and (flattery := self._flattery(objective)):
                word, reason = Word.UNDECIDED, flattery
            if changed := self._changed(objective, target):
                reason = f"{reason}; {changed}"
            more = (finding.used, finding.longer)
            found.append(Verdict(objective, name, word, finding.observed, reason, *more))
        return found

    def _any_finding(self, objective: Objective, target: int) -> BareVerdict:
        metric, spans = objective.metric, self._run.measured(objective.phase)
        if isinstance(metric, Watched):
            return watched.verdict(self._run, target, spans, metric, self._levels)
        return self._finding(objective, target)

    def _finding(self, objective: Objective, target: int) -> BareVerdict:
        spans = self._run.measured(objective.phase)
        match objective.metric:
            case Quantile(q, of, limit_ns):
                times = self._times(objective, target, of)
                return self._quantile(*times, q, limit_ns, self._away(spans, target))
            case Mean(of, limit_ns):
                times = self._times(objective, target, of)
                return self._mean(*times, limit_ns, target, self._away(spans, target))
            case Max(of, limit_ns):
                return _max(self._times(objective, target, of)[0], limit_ns)
            case Share(of, limit):
                return self._share(spans, target, of, limit)
            case Throughput(at_least):
                return self._throughput(spans, target, at_least)
            case Versions():
                said = versions.verdict(self._run, target, spans)
            case Agreement(at_least):
                said = agreement.verdict(self._run, at_least)
        return BareVerdict(*said)

    def _times(self, objective: Objective, target: int, of: str) -> tuple[Sample, Blocks]:
        kind = Kind.SERVICE if of == "service" else Kind.RESPONSE
        key = (target, objective.phase, kind)
        if key not in self._samples:
            spans = self._run.measured(objective.phase)
            sample = self._run.sample(target, spans, kind)
            self._samples[key] = (sample, Blocks.of(sample, cut_of(self._run, spans)))
        return self._samples[key]

    def _away(self, spans: list[PhaseSpan], target: int) -> str:
        """Return for how long the target was away, in words; empty when it was not."""
        seconds = series.away_s(self._run, target, spans)
        return f"unavailable for {wording.span(seconds)}" if seconds else ""

    # -- what stands against a verdict ----------------------------------------------------------

    def _doubt(self, objective: Objective, target: int) -> str:
        """Return why nothing can be said of a target's speed; empty when it can."""
        answers = self._run.answers(target, self._run.measured(objective.phase))
        speed = isinstance(objective.metric, Quantile | Mean | Max | Throughput)
        if not speed or not answers.bad:
            return ""
        return (
            f"{wording.count(answers.bad)} of {wording.count(answers.checked)} checked answers were"
            " wrong: no verdict on the speed of wrong answers"
        )

    def _changed(self, objective: Objective, target: int) -> str:
        """Return that it was several versions that were judged; empty if it was one."""
        if isinstance(objective.metric, Versions):
            return ""
        return versions.change(self._run, target, self._run.measured(objective.phase))

    def _flattery(self, objective: Objective) -> str:
        """Return why a good time is no pass here; empty when it is one."""
        timed = isinstance(objective.metric, Quantile | Mean | Max)
        if timed and any(span.closed for span in self._run.measured(objective.phase)):
            return (
                "a closed loop (users) slows down with its server, so its times can fail but not"
                " pass; judge a phase with a rate"
            )
        return ""

    # -- the rules ------------------------------------------------------------------------------

    def _quantile(
        self, sample: Sample, of: Blocks, q: float, limit_ns: int, away: str
    ) -> BareVerdict:
        if not sample.total:
            return NOTHING
        decision = shares.decide_quantile(of, q, limit_ns, self._levels)
        over = f"{of_n(decision)} over {format_duration(limit_ns)}"
        if blocks.reportable(q, sample.total):
            observed = f"{format_percentile(q)} {wording.time(sample.quantile_ns(q))}, {over}"
        else:
            observed = f"{over}, {extremes(sample)}"
        return judged(decision, observed, format_percentile(q), of, away)

    def _share(self, spans: list[PhaseSpan], target: int, of: str, limit: float) -> BareVerdict:
        by_status = series.statuses(self._run, target, spans)
        total = sum(by_status.values(), np.zeros(sum(s.seconds for s in spans), np.int64))
        if not total.sum():
            return NOTHING
        if of == "dropped":
            events = by_status.get(Status.DROPPED, np.zeros_like(total))
        else:
            events = total - by_status.get(Status.OK, 0)
        cut = cut_of(self._run, spans)
        whole = Blocks.counted(cut, total)
        decision = shares.decide(
            cut.sums(events),
            whole.totals,
            limit,
            lengths_s=whole.lengths_s,
            planned=whole.planned,
            levels=self._levels,
        )
        what = f"{of} < {format_share(limit)}"
        if of == "dropped":
            return judged(decision, f"{of_n(decision)} dropped", what, whole, "")
        observed = f"{of_n(decision)} did not end OK"
        finding = judged(decision, observed, what, whole, self._away(spans, target))
        return _with_answers(finding, self._run.answers(target, spans), limit, self._levels)

    def _mean(
        self, sample: Sample, of: Blocks, limit_ns: int, target: int, away: str
    ) -> BareVerdict:
        if not sample.total:
            return NOTHING
        asked = self._run.scenario.target_at(target)
        # A request that failed would have been answered after its deadline at the earliest.
        failed_ns = max(asked.deadline_ns, sample.max_ns)
        sums = of.sums_ns() + (of.totals - of.good) * float(failed_ns)
        failures = sample.total - sample.good
        mean = (sample.sum_ns + failures * failed_ns) / sample.total
        observed = f"mean {wording.time(mean)} of {wording.count(sample.total)}"
        if failures:
            observed += f", {wording.count(failures)} that failed counted as"
            observed += f" {wording.time(failed_ns)}"
        if not sample.good:
            return BareVerdict(Word.FAIL, observed, "not one request ended OK")
        if away and mean > limit_ns:
            return BareVerdict(Word.FAIL, observed, away)
        if not of.sound:
            return BareVerdict(Word.UNDECIDED, observed, too_short("a mean", of))
        estimate = Interval(mean, *mean_limits(sums, of.totals, self._levels, of.planned))
        return between(observed, estimate, limit_ns, wording.time, below=True)

    def _throughput(self, spans: list[PhaseSpan], target: int, at_least: float) -> BareVerdict:
        per_second = series.answers(self._run, target, spans)
        due = sum(series.statuses(self._run, target, spans).values(), np.zeros_like(per_second))
        seconds = series.length_s(self._run, spans)
        if not due.any() or not seconds:
            return NOTHING
        measured, offered = float(per_second.sum()) / seconds, float(due.sum()) / seconds
        observed = f"{wording.rate(measured)} good answers of {wording.rate(offered)} due"
        if not per_second.any():
            return BareVerdict(Word.FAIL, observed, "not one request ended OK")
        cut = cut_of(self._run, spans)
        whole = Blocks.counted(cut, due)
        if not whole.sound:
            return BareVerdict(Word.UNDECIDED, observed, too_short("a throughput", whole))
        limits = rate_limits(cut.sums(per_second), whole.lengths_s, self._levels, whole.planned)
        estimate = Interval(measured, *limits)
        finding = between(observed, estimate, at_least, wording.rate, below=False)
        if offered < at_least and finding.word is not Word.PASS:
            reason = f"{finding.reason}; the load itself is under {format_rate(at_least)}"
            return replace(finding, reason=reason)
        return finding


def _with_answers(
    finding: BareVerdict, answers: Answers, limit: float, levels: Levels
) -> BareVerdict:
    """Let wrong answers, found in a sample of those that ended OK, count against errors."""
    if not answers.bad or finding.word is Word.FAIL:
        return finding
    lower, upper = blocks.clopper_pearson(answers.bad, answers.checked, levels.fails)
    observed = (
        f"{finding.observed}, and {wording.count(answers.bad)} of"
        f" {wording.count(answers.checked)} checked answers were wrong"
    )
    if lower > limit:
        return BareVerdict(Word.FAIL, observed, f"at least {wording.share(lower)} wrong answers")
    if upper >= limit:
        reason = f"up to {wording.share(upper)} of the answers may be wrong; check more of them"
        return BareVerdict(Word.UNDECIDED, observed, f"{reason} (`sample:`)")
    return replace(finding, observed=observed)


def _max(sample: Sample, limit_ns: int) -> BareVerdict:
    """Judge the maximum: the one metric that a run knows exactly, and only of itself."""
    if not sample.total:
        return NOTHING
    failures = sample.total - sample.good
    observed = f"max {wording.time(sample.max_ns)} of {wording.count(sample.good)} that ended OK"
    if failures:
        reason = f"{wording.count(failures)} did not end OK, which is over every limit"
        return BareVerdict(Word.FAIL, observed, reason)
    used = Interval(*(sample.max_ns / limit_ns,) * 3)
    if sample.max_ns >= limit_ns:
        return BareVerdict(Word.FAIL, observed, f"not under {format_duration(limit_ns)}", used)
    reason = "in this run; a maximum says nothing of the next request"
    return BareVerdict(Word.PASS, observed, reason, used)
