"""What was measured in a run and what it was measured with, and the questions to it.

What it knows: the shape of a finished run. What it must not know: its file (`run`), Locust,
processes, verdicts, and how it is told second by second (`series`, `seconds`).
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from eiload.base.clock import NS_PER_S
from eiload.base.status import Status
from eiload.record.facts import Answers, PhaseSpan, TargetFacts, WorkerFacts
from eiload.record.intervals import Intervals, Kind
from eiload.record.observed import Source
from eiload.record.recorder import step_s_for
from eiload.record.sample import Sample
from eiload.record.served import Served
from eiload.record.taken import LookFacts
from eiload.scenario import Scenario
from eiload.scenario.arrivals import ClosedPhase

__all__ = ["PAYLOAD", "Measured"]

PAYLOAD = "payload"
"""Name of the payload's digest (SHA-256) among the facts of a run's environment."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A finished run: what there is to judge and to show."""

    scenario: Scenario
    started_wall_ns: int
    """When the first phase began, ns since the epoch: a label."""
    ended_ns: int
    """Length of the load, ns from the start of the first phase until sending ended."""
    stopped: str
    """What ended it before its plan did ("SIGINT", "stopped in the web UI" ...); empty if none."""
    environment: dict[str, str]
    """Versions and machine, as text; under `PAYLOAD` the digest of what was sent, where known."""
    targets: tuple[TargetFacts, ...]
    workers: tuple[WorkerFacts, ...]
    intervals: Intervals
    problems: tuple[str, ...] = ()
    """What went wrong with the generator itself, each a sentence; any makes the run invalid."""
    by_class: Intervals = field(default_factory=Intervals.empty)
    """The same counts by the classes of a mix; empty where there is none."""
    observed: tuple[tuple[Source, ...], ...] = ()
    """What was read beside the load of each target; empty of older versions."""
    looks: tuple[LookFacts, ...] = ()
    """Those taken while it went on; the words are judged anew from the counts (`judging.looks`)."""
    cuts_ns: tuple[int, ...] = ()
    """For each slice of the schedule, up to when its requests are accounted for, where that is not
    `ended_ns` for all: workers that heard late of a stop. So what was due can be counted anew."""

    def counted(self, counts: Intervals) -> Self:
        """Return this run with other counts, by class if it has a mix."""
        if not self.scenario.payload.mix:
            return replace(self, intervals=counts)
        return replace(self, intervals=counts.folded(), by_class=counts)

    def of_class(self, name: str) -> Self:
        """Return the run of one class of its requests: all else, sampled answers too, is the same.

        Raises:
            ValueError: there is no such class.
        """
        classes = self.scenario.payload.classes
        if name not in classes:
            raise ValueError(f"no class {name!r}; there is {', '.join(classes) or 'none'}")
        which = classes.index(name)
        return replace(self, intervals=self.by_class.of_class(which), by_class=Intervals.empty())

    def target_index(self, name: str) -> int:
        """Return the index of the target called `name`.

        Raises:
            KeyError: there is none.
        """
        return self.scenario.target_index(name)

    @property
    def emulated(self) -> bool:
        """Tell whether any target was a stand-in."""
        return any(target.emulated for target in self.targets)

    @property
    def step_s(self) -> int:
        """Return in which steps, s, the times are kept, at most (`recorder.step_s_for`)."""
        return step_s_for(self.scenario.duration_ns)

    def phases(self) -> list[PhaseSpan]:
        """Return where the phases lie, in order; those after an early stop have no seconds."""
        spans, start_ns = [], 0
        for index, phase in enumerate(self.scenario.traffic):
            end_ns = min(start_ns + phase.duration_ns, self.ended_ns)
            first = start_ns // NS_PER_S
            last = -(-end_ns // NS_PER_S)
            closed = isinstance(phase, ClosedPhase)
            length = max(0, last - first) if end_ns > start_ns else 0
            spans.append(PhaseSpan(index, phase.name, first, length, phase.warm_up, closed))
            start_ns += phase.duration_ns
        return spans

    def measured(self, phase: str | None = None) -> list[PhaseSpan]:
        """Return the phases that count: the one called `phase`, or all that are not warm-up."""
        spans = self.phases()
        return [spans[index] for index in self.scenario.judged(phase)]

    def sample(
        self, target: int, spans: Iterable[PhaseSpan] | None = None, kind: Kind = Kind.RESPONSE
    ) -> Sample:
        """Return the requests of one target.

        Args:
            target: its index.
            spans: the phases; None means all that are not warm-up.
            kind: response time, service time, one of its parts, or lag. A lag is known of every
                request that was sent, however it ended, and parts are of those that ended OK, so
                none of these counts as slower than everything.
        """
        spans = self.measured() if spans is None else list(spans)
        seconds, offset = [np.empty(0, np.int64)], 0
        buckets, counts = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        bad = np.zeros(sum(span.seconds for span in spans), np.int64)
        moments: list[tuple[int, int, int]] = []
        for span in spans:
            if span.seconds == 0:
                continue
            second, bucket, count = self.intervals.slab(target, span.index, kind)
            seconds.append(np.clip(second - span.first_second, 0, span.seconds - 1) + offset)
            buckets.append(bucket)
            counts.append(count)
            second, status, count = self.intervals.slab(target, span.index, Kind.STATUS)
            failed = (status != Status.OK) & (kind in {Kind.RESPONSE, Kind.SERVICE})
            where = np.clip(second[failed] - span.first_second, 0, span.seconds - 1) + offset
            bad += np.bincount(where, count[failed], len(bad)).astype(np.int64)
            if found := self.intervals.moments(target, span.index, kind):
                moments.append(found)
            offset += span.seconds
        sums, mins, maxs = zip(*moments, strict=True) if moments else ((0,), (0,), (0,))
        return Sample(
            offset, np.concatenate(seconds), np.concatenate(buckets), np.concatenate(counts),
            bad, sum(sums), min(mins), max(maxs),
        )  # fmt: skip

    def statuses(self, target: int, spans: Iterable[PhaseSpan] | None = None) -> dict[Status, int]:
        """Return one target's requests by how they ended; phases as in `sample`."""
        totals: dict[Status, int] = {}
        for span in self.measured() if spans is None else spans:
            for status, count in self.intervals.statuses(target, span.index).items():
                totals[status] = totals.get(status, 0) + count
        return totals

    def wire(self, target: int, spans: Iterable[PhaseSpan] | None = None) -> dict[int, int]:
        """Return one target's requests by the flags of `sending.result`; phases as in `sample`."""
        totals: Counter[int] = Counter()
        for span in self.measured() if spans is None else spans:
            totals.update(self.intervals.wire(target, span.index))
        return dict(totals)

    def answers(self, target: int, spans: Iterable[PhaseSpan] | None = None) -> Answers:
        """Return the sampled answers of one target; phases as in `sample`.

        Where a run's file does not tell phases apart, bad answers are taken from how the requests
        ended, and the comparisons of all phases count.
        """
        spans = self.measured() if spans is None else list(spans)
        facts, found = self.targets[target], Answers()
        if facts.answers:
            for span in spans:
                found = found.plus(facts.answers[span.index])
            return found
        ended_bad = self.statuses(target, self.phases()).get(Status.BAD_ANSWER, 0)
        bad = facts.answers_bad
        if ended_bad >= bad:
            bad = min(bad, self.statuses(target, spans).get(Status.BAD_ANSWER, 0))
        checked = facts.answers_checked - (facts.answers_bad - bad)
        return Answers(checked, bad, facts.answers_compared, facts.answers_agreed)

    def served(self, target: int, spans: Iterable[PhaseSpan] | None = None) -> Served:
        """Return what served the requests of one target; phases as in `sample`."""
        parts = self.targets[target].served
        spans = self.measured() if spans is None else spans
        return Served.all(parts[span.index] for span in spans if span.index < len(parts))

    def sources(self, target: int) -> tuple[Source, ...]:
        """Return what was read beside the load of one target."""
        return self.observed[target] if target < len(self.observed) else ()

    def failures(self, target: int, *, warm_up: bool) -> dict[str, int]:
        """Return one target's failures by ``STATUS: text``, in warm-up or in all other phases.

        Where a run's file does not tell phases apart, all of them are counted as not in warm-up.
        """
        facts = self.targets[target]
        if not facts.failures:
            return {} if warm_up else dict(facts.details)
        found: Counter[str] = Counter()
        for span in self.phases():
            if span.warm_up == warm_up:
                found.update(facts.failures[span.index])
        return dict(found)
