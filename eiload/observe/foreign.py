"""What the server counted against what we sent: other load, and what of ours was lost.

What it knows: requests by status on both sides. What it must not know: verdicts, how anything is
shown. Pure.

Over a whole run, from the reading before the load to the one after the drain, both sides count the
same requests, so a difference is no noise: others use the server, a proxy sends again, answers are
lost on the way. What ended OK with us was surely counted; what failed may have been counted (the
server went on after our deadline), and not (nobody took the connection), so the foreign load is
known between two limits. Requests with one status on both sides are each other's.

A phase in the middle of a run has requests under way at both of its ends; what that may come to is
its slack. Targets that share a page and a model share its counts, and are held against it together.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eiload.base.clock import NS_PER_S
from eiload.base.status import Status
from eiload.observe.growth import Growth
from eiload.observe.server import SERVERS, Server, growths, server_of
from eiload.record import series
from eiload.record.facts import PhaseSpan
from eiload.record.run import Run
from eiload.record.stopping import UNFINISHED

__all__ = ["LOUD", "Check", "PhaseCheck", "by_phase", "check"]

LOUD = 0.01
"""Share of what the server counted: more foreign load than that is told aloud."""

SURE = (Status.OK, Status.BAD_ANSWER)
"""How requests ended that the server surely counted as good: a bad answer is our judgement."""

NEVER_SENT = (Status.DROPPED,)


@dataclass(frozen=True, slots=True)
class Check:
    """One target's requests on both sides, over the whole run."""

    sent: int
    """That left us, however they ended."""
    by_status: Mapping[str, int]
    """Ours by status."""
    counted: Mapping[str, int]
    """The server's by status."""
    least: int
    """Requests that are surely not ours."""
    most: int
    """Requests that may be not ours."""
    unanswered: int
    """Requests that ended OK at the server and not with us, at least."""
    uncounted: int
    """Good answers of ours that the server did not count."""
    restarted: bool
    """TimePart of the server's counts is lost, so only `least` holds."""
    together: tuple[str, ...]
    """Targets that share the counts; one name if nobody does."""

    @property
    def total(self) -> int:
        """Return how many requests the server counted."""
        return sum(self.counted.values())

    @property
    def low(self) -> float:
        """Return the least share of what the server counted that is not ours."""
        return self.least / self.total if self.total else 0.0

    @property
    def high(self) -> float:
        """Return the largest such share; 1 where counts are lost."""
        if self.restarted:
            return 1.0
        return self.most / self.total if self.total else 0.0

    @property
    def agrees(self) -> bool:
        """Tell whether both sides count the same."""
        return not (self.most or self.unanswered or self.uncounted or self.restarted)


@dataclass(frozen=True, slots=True)
class PhaseCheck:
    """One target's requests on both sides in one phase."""

    phase: str
    sent: int
    counted: float
    slack: float
    """How far apart both may be with nothing amiss: what was under way at the phase's ends."""

    @property
    def foreign(self) -> float:
        """Return how many requests are surely not ours."""
        return max(0.0, self.counted - self.sent - self.slack)


def _sharing(run: Run, target: int) -> list[int]:
    """Return the targets whose requests are counted together with those of one."""
    pages = {each.name for each in run.sources(target) if each.kind in SERVERS}
    model = run.targets[target].model
    return [
        other
        for other in range(len(run.targets))
        if run.targets[other].model == model
        and pages & {each.name for each in run.sources(other) if each.kind in SERVERS}
    ]


def check(run: Run, target: int) -> Check | None:
    """Return one target's requests on both sides; None where the server's are not known."""
    server = server_of(run, target, run.phases())
    if server is None or not server.by_status or not _is_whole(run, target):
        return None
    ours: Counter[Status] = Counter()
    sharing = _sharing(run, target)
    for each in sharing:
        ours.update(run.statuses(each, run.phases()))
    return _held(
        ours,
        server,
        restarted=any(growth.restarts for growth in growths(run, target, SERVERS)),
        together=tuple(run.targets[each].name for each in sharing),
    )


def _is_whole(run: Run, target: int) -> bool:
    """Tell whether the server was read after all that was sent had ended."""
    known = [each.at_s[-1] for each in growths(run, target, SERVERS) if len(each.at_s)]
    return run.stopped != UNFINISHED and all(at_s * NS_PER_S >= run.ended_ns for at_s in known)


def _held(
    ours: Mapping[Status, int], server: Server, *, restarted: bool, together: tuple[str, ...]
) -> Check:
    counted = {status: round(number) for status, number in server.by_status.items()}
    total, ok = sum(counted.values()), counted.get(Status.OK.name, 0)
    sent = sum(number for status, number in ours.items() if status not in NEVER_SENT)
    sure = sum(ours.get(status, 0) for status in SURE)
    same = sum(
        min(number, counted.get(status.name, counted.get("failed", 0)))
        for status, number in ours.items()
        if status not in (*SURE, *NEVER_SENT)
    )
    same = min(same, total - ok)
    left = sent - sure - same
    most = max(0, total - sure - same)
    return Check(
        sent=sent,
        by_status={status.name: number for status, number in ours.items() if number},
        counted=counted,
        least=max(0, most - left),
        most=most,
        unanswered=min(left, max(0, ok - sure)),
        uncounted=max(0, sure - ok),
        restarted=restarted,
        together=together,
    )


def by_phase(run: Run, target: int) -> list[PhaseCheck]:
    """Return one target's requests on both sides, phase by phase; empty where that is not known."""
    grown = [each for each in growths(run, target, SERVERS) if not each.several]
    phases = [span for span in run.phases() if span.seconds]
    model = run.targets[target].model
    if not any(each.source.named("requests", model=model) for each in grown):
        return []
    sharing = _sharing(run, target)
    found = []
    for number, span in enumerate(phases):
        first, last = number == 0, number == len(phases) - 1
        counted = sum(_counted(each, model, span, first=first, last=last) for each in grown)
        sent, slack = 0, 0.0
        for each in sharing:
            statuses = run.statuses(each, [span])
            mine = sum(n for status, n in statuses.items() if status not in NEVER_SENT)
            sent += mine
            slack += _slack(run, each, phases, number)
        found.append(PhaseCheck(span.name, sent, counted, slack))
    return found


def _counted(growth: Growth, model: str, span: PhaseSpan, *, first: bool, last: bool) -> float:
    total = 0.0
    start_s, end_s = float(span.first_second), float(span.first_second + span.seconds)
    for each in growth.source.named("requests", model=model):
        begun = 0.0 if first else growth.at(each, start_s)
        ended = growth.at(each, float(growth.at_s[-1]) if last else end_s)
        total += ended - begun
    return total


def _slack(run: Run, target: int, phases: Sequence[PhaseSpan], number: int) -> float:
    """Return how far apart both sides may be for what happens at a phase's ends.

    What was under way at an end, and by how much a second's requests differ from their mean: a
    server is read once a second, and taken to have counted evenly between.
    """
    span = phases[number]
    answered = run.sample(target, [span]).answered()
    mean_s = answered.mean_ns() / NS_PER_S if answered.good else 0.0
    slack = 0.0
    for near in (phases[number - 1] if number else None, *phases[number + 1 : number + 2]):
        if near is not None:
            busiest = max(_busiest(run, target, span), _busiest(run, target, near))
            every_s = max((each.every_ns for each in run.sources(target)), default=0) / NS_PER_S
            slack += 2 * busiest * mean_s + 3 * math.sqrt(busiest * max(1.0, every_s)) + 1
    return slack


def _busiest(run: Run, target: int, span: PhaseSpan) -> float:
    """Return the most requests that were due in a second of a phase."""
    per_second = series.statuses(run, target, [span]).values()
    return float(sum(per_second, np.zeros(span.seconds, np.int64)).max()) if span.seconds else 0.0
