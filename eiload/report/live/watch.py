"""What is known of a run while it goes on: `add` is fed with what workers report.

What it knows: counts as they come, of which phases an objective is. What it must not know: what is
said of them, who asks. Nothing here is judged: looking every second and stopping at a pleasant
moment makes a system at its limit pass far more often than it should (peeking).

It costs the same for any number of viewers, and per report a few operations on arrays.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from eiload.base.clock import NS_PER_S
from eiload.base.status import Status
from eiload.judging.statistics.needs import Need
from eiload.record.buckets import Ints, bucket_mid_ns
from eiload.record.intervals import CLASS_SHIFT, PARTS, Intervals, Kind, parts_of
from eiload.report import outlook
from eiload.report.live.ahead import Ahead
from eiload.report.live.counts import Counts, quantile_ns, together
from eiload.report.live.due import Due
from eiload.report.live.track import Known, Track
from eiload.scenario import Agreement, Max, Objective, Scenario, Versions
from eiload.scenario.watched import Watched

__all__ = ["WINDOW_S", "Now", "TargetCounts", "Watch"]

WINDOW_S = 10
"""Length of the recent past: long enough for a median at 4/s."""

SILENCE_S = 8.0
"""How long a worker's silence is waited for: they report every 3 s, and are missed after 4 s."""

Floats = NDArray[np.float64]
_Group = tuple[str | None, str | None]
"""The phase and the class of an objective; None for all."""


@dataclass(slots=True)
class TargetCounts:
    """One target over some phases."""

    response: Counts = field(default_factory=Counts)
    service: Counts = field(default_factory=Counts)
    lag: Counts = field(default_factory=Counts)
    statuses: dict[Status, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Return how many requests are accounted for."""
        return sum(self.statuses.values())


@dataclass(frozen=True, slots=True)
class Now:
    """One target in the last seconds."""

    seconds: float
    """How many these are."""
    offered: float | None
    """Requests that were due; None where nobody knows."""
    sent: int
    """Of those that have ended."""
    answered: int
    failed: int
    in_flight: float
    """On their way now, by the schedule; or on average, by Little's law."""
    times: tuple[Ints, Ints]
    """Response times: buckets, ascending, and how many."""
    lag_p99_ns: float

    @property
    def total(self) -> int:
        """Return how many requests have ended."""
        return self.answered + self.failed

    def quantile_ns(self, q: float) -> float:
        """Return a quantile of the response times, ns."""
        return quantile_ns(*self.times, self.failed, q)


class _Recent:
    """What became known lately of one target."""

    def __init__(self) -> None:
        self._known_s: list[Floats] = []
        self._bucket: list[Ints] = []
        self._count: list[Ints] = []

    def add(self, known_s: Floats, bucket: Ints, count: Ints) -> None:
        self._known_s.append(known_s)
        self._bucket.append(bucket)
        self._count.append(count)

    def between(self, start_s: float, end_s: float) -> tuple[Ints, Ints]:
        """Return counts by bucket, ascending, and forget what was before."""
        if not self._known_s:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        known_s = np.concatenate(self._known_s)
        bucket, count = np.concatenate(self._bucket), np.concatenate(self._count)
        kept = known_s > start_s
        self._known_s, self._bucket, self._count = [known_s[kept]], [bucket[kept]], [count[kept]]
        within = kept & (known_s <= end_s)
        return together(bucket[within], count[within])


class Watch:
    """Watches one run.

    Args:
        scenario: what it does.
        driven: Locust's users make the requests.
        step_s: in which steps, s, the times come (`recorder.step_s_for`).
    """

    def __init__(self, scenario: Scenario, *, driven: bool = False, step_s: int = 1) -> None:
        self.scenario = scenario
        self.due = Due(scenario, driven=driven)
        self.ahead = Ahead(scenario)
        targets = range(len(scenario.targets))
        width_s = 2 if step_s == 1 else 6
        self.whole = Track(len(targets), width_s)
        """The whole run over time."""
        self.recent = Track(len(targets), width_s, forgets=True)
        """Its last 15 minutes or more."""
        self.heard_s = 0.0
        """Up to when everything is known that has come to be."""
        self.totals: list[dict[Status, int]] = [{} for _ in targets]
        """Of all phases, warm-up included."""
        self.needed = [_needed(scenario, each) for each in scenario.objectives]
        """Of each objective why it cannot be decided, empty if it may be, and what it takes."""
        self._waiting: list[tuple[Ints, Ints, float]] = []
        self._step_s = step_s
        phases = scenario.traffic
        classes = scenario.payload.classes
        named = {(each.phase, each.of_class) for each in scenario.objectives}
        self._groups: dict[_Group, tuple[NDArray[np.bool_], int | None]] = {
            (name, of_class): (
                np.isin(np.arange(len(phases)), scenario.judged(name)),
                classes.index(of_class) if of_class is not None else None,
            )
            for name, of_class in {(None, None), *named}
        }
        self._parts = {
            (target, group): TargetCounts() for target in targets for group in self._groups
        }
        self._answers = [_Recent() for _ in targets]
        self._sent = [_Recent() for _ in targets]
        self._failed: list[list[tuple[float, int]]] = [[] for _ in targets]

    def part(
        self, target: int, phase: str | None = None, of_class: str | None = None
    ) -> TargetCounts:
        """Return a target over what an objective names, or over all phases that are judged."""
        return self._parts[target, (phase, of_class)]

    def add(self, intervals: Intervals, now_s: float) -> None:
        """Count what a worker has reported.

        Args:
            intervals: what it has counted since it last did.
            now_s: when that came, s from the start of the run.
        """
        self._waiting.append((intervals.keys, intervals.counts, now_s))

    def _take_in(self) -> None:
        """Count what waits: of many reports at once it costs little more than of one."""
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        keys = np.concatenate([keys for keys, _, _ in waiting])
        counts = np.concatenate([counts for _, counts, _ in waiting])
        when_s = np.repeat([when_s for *_, when_s in waiting], [len(keys) for keys, *_ in waiting])
        target, *columns = (*parts_of(keys), counts, keys >> CLASS_SHIFT)
        for index in range(len(self.totals)):
            mine = target == index
            if mine.any():
                self._add(index, [each[mine] for each in columns], when_s[mine])

    def _add(self, index: int, columns: Sequence[Ints], when_s: Floats) -> None:
        phase, kind, second, bucket, count, class_ = columns
        of_status = kind == Kind.STATUS
        for group, (within, of_class) in self._groups.items():
            chosen, part = within[phase], self._parts[index, group]
            if of_class is not None:
                chosen &= class_ == of_class
            for counts, which in (
                (part.response, Kind.RESPONSE), (part.service, Kind.SERVICE), (part.lag, Kind.LAG),
            ):  # fmt: skip
                at = chosen & (kind == which)
                counts.add(bucket[at], count[at])
            at = chosen & of_status
            failed = _tally(part.statuses, bucket[at], count[at])
            part.response.failed += failed
            part.service.failed += failed
        _tally(self.totals[index], bucket[of_status], count[of_status])
        bad = np.flatnonzero(of_status & (bucket != Status.OK))
        for reported_s in np.unique(when_s[bad]).tolist():
            number = int(count[bad][when_s[bad] == reported_s].sum())
            self._failed[index].append((reported_s, number))
            for track in (self.whole, self.recent):
                track.failed(index, int(reported_s), number)
        for which, recent in ((Kind.RESPONSE, self._answers), (Kind.LAG, self._sent)):
            at = kind == which
            # When in its second a request was due is not recorded: at its end, say.
            known_s = second[at] + self._step_s + bucket_mid_ns(bucket[at]) / NS_PER_S
            known_s = np.minimum(known_s, when_s[at])
            recent[index].add(known_s, bucket[at], count[at])
            known = Known(known_s.astype(np.int64), bucket[at], count[at])
            for track in (self.whole, self.recent):
                (track.answered if which is Kind.RESPONSE else track.sent)(index, known)

        for number, which in enumerate(PARTS):
            at = kind == which
            # They are counted in longer steps than anything else: when they came is what is known.
            for reported_s in np.unique(when_s[at]).tolist():
                mine = at & (when_s == reported_s)
                sum_ns = float(bucket_mid_ns(bucket[mine]) @ count[mine])
                for track in (self.whole, self.recent):
                    track.told(index, int(reported_s), number, sum_ns, int(count[mine].sum()))

    def look(self, now_s: float, heard_s: Sequence[float]) -> list[Now]:
        """Return how each target does, and tell the tracks what is over.

        Args:
            now_s: s from the start of the run.
            heard_s: when each worker of which more is to come has last reported; empty when the
                run is over.
        """
        self._take_in()
        oldest = min(heard_s, default=now_s)
        self.heard_s = max(self.heard_s, min(max(oldest, now_s - SILENCE_S), now_s))
        for track in (self.whole, self.recent):
            track.close(self.heard_s, self.due.between)
        each = [min(second, now_s) for second in heard_s] or [now_s]
        return [self._now(index, each) for index in range(len(self.totals))]

    def _now(self, index: int, heard_s: Sequence[float]) -> Now:
        end_s = self.heard_s
        start_s = max(0.0, end_s - WINDOW_S)
        seconds = end_s - start_s
        times = self._answers[index].between(start_s, end_s)
        lags = self._sent[index].between(start_s, end_s)
        self._failed[index] = [one for one in self._failed[index] if one[0] > start_s]
        failed = sum(number for when_s, number in self._failed[index] if when_s <= end_s)
        offered = self.due.between(start_s, end_s, index)
        if offered is None:
            spent_s = float(bucket_mid_ns(times[0]) @ times[1]) / NS_PER_S
            in_flight = spent_s / seconds if seconds else 0.0
        else:
            due = sum(self.due.before(second, index) for second in heard_s) / len(heard_s)
            in_flight = max(0.0, due - sum(self.totals[index].values()))
        return Now(
            seconds, offered, int(lags[1].sum()), int(times[1].sum()), failed, in_flight, times,
            quantile_ns(*lags, 0, 0.99),
        )  # fmt: skip


def _needed(scenario: Scenario, objective: Objective) -> tuple[str, Need]:
    phases = outlook.measured(scenario, objective.phase)
    share = outlook.least_share(scenario, objective, phases)
    why = outlook.why_undecided(objective, phases, share=share)
    known = isinstance(objective.metric, Agreement | Max | Versions | Watched)
    return why, Need(0, 0.0) if known else outlook.needed(objective, phases, share=share)


def _tally(totals: dict[Status, int], statuses: Ints, counts: Ints) -> int:
    """Add counts by status; return how many did not end OK."""
    failed = 0
    for status in np.unique(statuses).tolist():
        number = int(counts[statuses == status].sum())
        key = Status(status)
        totals[key] = totals.get(key, 0) + number
        failed += number if key is not Status.OK else 0
    return failed
