"""Was the generator fit? A run is valid, or invalid and why; and what a reader should keep in mind.

What it knows: what a run says of the machinery that made it. What it must not know: objectives.

Valid is not good: a server that fails every request can be measured validly. Invalid means that
what was measured is not what the scenario asked for: part of the load is unaccounted for, or was
sent so late that the times are the generator's own. The first question of any result (MLPerf
LoadGen ends every run with VALID or INVALID and its reasons); an invalid run gets no verdict.

A caution is less: the numbers stand, but a reader should know.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from eiload.base import wording
from eiload.base.clock import NS_PER_MS, NS_PER_S
from eiload.base.status import Status
from eiload.judging import backlog, beside, versions
from eiload.judging.statistics import blocks, needs
from eiload.judging.statistics.blocks import Blocks
from eiload.judging.statistics.cut import cut_of
from eiload.record import series, stopping
from eiload.record.buckets import bucket_mid_ns
from eiload.record.intervals import Kind
from eiload.record.run import Run
from eiload.record.sample import Sample
from eiload.scenario.arrivals import ClosedPhase, OpenPhase, phase_seed

__all__ = ["Validity", "allowed_lag_ns", "check", "due", "for_good", "twins"]

LAG_NS, LAG_SHARE = 5 * NS_PER_MS, 0.10
"""Lag's p99 makes a run invalid above both 5 ms and 10 % of the median response time: below the
first it is less than inference varies by itself, below the second it cannot move a comparison."""

LATE_SHARE, LATE_CONFIDENCE = 0.01, 0.95
"""Of requests that may be late, and how sure it must be that more are where there are few."""

SLOWER = 4
"""How late is too late goes by a target's answers: what is so many times later than that stays late
even if they become so much slower."""

LOOP_DELAY_NS = 100 * NS_PER_MS
"""The sender stood still for as long as an inference takes."""

STEAL_SHARE = 0.05
"""Time that the hypervisor gave to others: noise that neither target nor generator caused."""

CPU_SHARE = 0.85
"""A sender is one thread: near a whole core, its own queue begins to show in the times."""

STOP_SLACK_S = 1.0
"""When a run is stopped, what falls due within this time of the end may be sent or not."""


@dataclass(frozen=True, slots=True)
class Validity:
    """Whether a run measured what it was asked to."""

    valid: bool
    reasons: tuple[str, ...]
    """Why it is invalid, a sentence each; empty when it is valid."""
    cautions: tuple[str, ...]
    """What a reader should know in any case, a sentence each."""


def check(run: Run) -> Validity:
    """Return whether a run is valid, and why or with what cautions."""
    reasons = tuple(_reasons(run))
    return Validity(not reasons, reasons, tuple(_cautions(run)))


def for_good(run: Run) -> bool:
    """Tell whether a run that goes on stays invalid, whatever is still to come.

    A part of it is lost; or so many requests were late that they are too many even of all that its
    plan has, with each one in time from now on and answers `SLOWER` times as slow.
    """
    if run.problems or any(worker.lost for worker in run.workers):
        return True
    return any(_late_for_good(run, index) for index in range(len(run.targets)))


def allowed_lag_ns(run: Run, target: int) -> int:
    """Return the p99 of a target's lag up to which its times are sound, ns."""
    answered = run.sample(target).answered()
    if not answered.total:
        # Where nothing was answered in time, each was waited for as long as its deadline.
        return max(LAG_NS, int(LAG_SHARE * _waited_ns(run, target)))
    return max(LAG_NS, int(LAG_SHARE * answered.quantile_ns(0.5)))


def _waited_ns(run: Run, target: int) -> int:
    """Return a target's deadline if most requests came to it; 0 if they ended otherwise."""
    ended = run.statuses(target, run.measured())
    late = ended.get(Status.DEADLINE_EXCEEDED, 0)
    asked = run.scenario.target_at(target)
    return asked.deadline_ns if 2 * late > sum(ended.values()) else 0


def due(run: Run, phase: int, until_ns: int, target: str | None = None) -> tuple[int, int]:
    """Return the least and the most requests that an open phase had due before `until_ns`.

    To one target, or to any where each goes to all.
    """
    traffic = run.scenario.traffic
    plan = traffic[phase]
    start_ns = sum(each.duration_ns for each in traffic[:phase])
    assert isinstance(plan, OpenPhase)
    if until_ns <= start_ns:
        return 0, 0
    return plan.due(until_ns - start_ns, phase_seed(run.scenario.seed, phase), target)


def twins(run: Run) -> list[tuple[str, str]]:
    """Return the pairs of targets that are the same model at the same address."""
    known = [(facts.address, facts.model, facts.name) for facts in run.targets]
    return [
        (one[2], other[2])
        for index, one in enumerate(known)
        for other in known[index + 1 :]
        if one[:2] == other[:2]
    ]


# -- reasons -------------------------------------------------------------------------------------


def _reasons(run: Run) -> Iterator[str]:
    yield from run.problems
    for worker in run.workers:
        told = any(worker.name in each and worker.lost in each for each in run.problems)
        if worker.lost and not told:
            yield f"worker {worker.name} was lost: {worker.lost}"
    yield from _unaccounted(run)
    for index, facts in enumerate(run.targets):
        yield from _late(run, index, facts.name)


def _unaccounted(run: Run) -> Iterator[str]:
    """Yield what was planned and is not in the record."""
    whole = run.phases()
    measured = run.measured()
    for index, facts in enumerate(run.targets):
        everything = run.statuses(index, whole)
        if lost := everything.get(Status.LOST, 0):
            total = sum(everything.values())
            yield (
                f"the fate of {wording.count(lost, 'request')} to {facts.name} is not known"
                f" ({wording.share(lost / total)} of {wording.count(total)})"
            )
        within = run.statuses(index, measured)
        if not sum(within.values()) - within.get(Status.DROPPED, 0):
            yield f"nothing was sent to {facts.name} outside of warm-up"
    for phase, plan in enumerate(run.scenario.traffic):
        if isinstance(plan, ClosedPhase):
            continue
        for index, facts in enumerate(run.targets):
            least, most = _planned(run, phase, facts.name)
            found = sum(run.intervals.statuses(index, phase).values())
            if not least <= found <= most:
                expected = wording.count(least if found < least else most)
                yield (
                    f"schedule not kept: phase {plan.name} had {expected} requests due for"
                    f" {facts.name}, {wording.count(found)} are accounted for"
                )


def _planned(run: Run, phase: int, target: str) -> tuple[int, int]:
    """Return the fewest and the most requests that a phase may have for a target."""
    if not run.stopped:
        return due(run, phase, run.scenario.duration_ns, target)
    slack_ns = int(STOP_SLACK_S * NS_PER_S)
    cuts_ns = run.cuts_ns or (run.ended_ns,)
    return (
        due(run, phase, min(cuts_ns) - slack_ns, target)[0],
        due(run, phase, max(cuts_ns) + slack_ns, target)[1],
    )


def _late(run: Run, target: int, name: str) -> Iterator[str]:
    """Yield by how much requests were sent late, when it is too much."""
    lag = run.sample(target, kind=Kind.LAG)
    if not lag.total:
        return
    late_ns = lag.quantile_ns(0.99)
    limit_ns = allowed_lag_ns(run, target)
    if late_ns > limit_ns and _is_no_accident(lag, limit_ns):
        yield (
            f"requests to {name} were sent late: lag p99 {wording.time(late_ns)},"
            f" at most {wording.time(limit_ns)} is sound; lower the rate or add load processes"
        )


def _is_no_accident(lag: Sample, limit_ns: int) -> bool:
    """Tell whether more than 1 % of requests being late is more than the latest one or two.

    Where the requests support a p99 (`blocks.reportable`) it is what it is. Of fewer, so many must
    be late that a generator that is late for 1 % of requests would have it in under 5 % of runs:
    of 22 requests two, of 100 four. The latest of 22 alone would be their "p99".
    """
    if blocks.reportable(0.99, lag.total):
        return True
    return _is_surely_more(_later(lag, limit_ns), lag.total)


def _later(lag: Sample, limit_ns: int) -> int:
    """Return how many were later than a limit."""
    return int(lag.count[bucket_mid_ns(lag.bucket) > limit_ns].sum())


def _is_surely_more(late: int, total: int) -> bool:
    lower, _ = blocks.clopper_pearson(late, total, LATE_CONFIDENCE)
    return lower > LATE_SHARE


def _late_for_good(run: Run, target: int) -> bool:
    lag = run.sample(target, kind=Kind.LAG)
    late = _later(lag, SLOWER * allowed_lag_ns(run, target))
    name, end_ns = run.targets[target].name, run.scenario.duration_ns
    to_come = sum(
        due(run, phase, end_ns, name)[1] - due(run, phase, run.ended_ns, name)[0]
        for phase, plan in enumerate(run.scenario.traffic)
        if isinstance(plan, OpenPhase) and not plan.warm_up
    )
    return late > 0 and _is_surely_more(late, lag.total + to_come)


# -- cautions ------------------------------------------------------------------------------------


def _cautions(run: Run) -> Iterator[str]:
    early = run.stopped and run.ended_ns < run.scenario.duration_ns
    if early and not stopping.as_planned(run.stopped):
        planned = wording.length(run.scenario.duration_ns / NS_PER_S)
        look = ": a run that is stopped on sight of its numbers is a look too many"
        asked = run.stopped not in stopping.BY_ITSELF and not stopping.is_abort(run.stopped)
        yield (
            f"stopped early ({run.stopped}) after {wording.length(run.ended_ns / NS_PER_S)} of"
            f" {planned}{look if asked else ''}"
        )
    yield from filter(None, map(run.environment.get, (stopping.READY, stopping.CLOCK)))
    for index, facts in enumerate(run.targets):
        ended = run.statuses(index, run.measured())
        if dropped := ended.get(Status.DROPPED, 0):
            share = wording.share(dropped / sum(ended.values()))
            yield (
                f"{wording.count(dropped, 'request')} to {facts.name} ({share}) never sent:"
                f" {backlog.never_sent(run, index)}; they count as failures"
            )
        if unfinished := ended.get(Status.UNFINISHED, 0):
            yield (
                f"{wording.count(unfinished, 'request')} to {facts.name} had no answer when the"
                " run ended; they count as failures"
            )
        if changed := versions.change(run, index):
            yield changed
    if uneven := _uneven(run):
        yield uneven
    for worker in run.workers:
        yield from _strained(worker.name, worker.cpu_s, worker.wall_s)
        if worker.loop_delay_max_ns > LOOP_DELAY_NS:
            delay = wording.time(worker.loop_delay_max_ns)
            yield f"the sender of {worker.name} once stood still for {delay}"
        if worker.steal_share > STEAL_SHARE:
            steal = wording.share(worker.steal_share)
            yield f"the hypervisor took {steal} of the CPU time of {worker.name}'s machine"
    for one, other in twins(run):
        yield f"{one} and {other} are the same server: an A/A run, its difference should be none"
    yield from beside.cautions(run)
    if run.emulated:
        names = ", ".join(facts.name for facts in run.targets if facts.emulated)
        yield f"emulated: {names}; times of stand-ins say nothing of real hardware"


def _uneven(run: Run) -> str:
    """Return that what was due makes blocks too unequal; empty where it does not."""
    spans = [span for span in run.measured() if span.seconds]
    if not spans or not run.targets:
        return ""
    nothing = np.zeros(sum(span.seconds for span in spans), np.int64)
    due_then = sum(series.statuses(run, 0, spans).values(), nothing)
    return needs.unequal(Blocks.counted(cut_of(run, spans), due_then))


def _strained(name: str, cpu_s: float, wall_s: float) -> Iterator[str]:
    if wall_s > 0 and cpu_s / wall_s > CPU_SHARE:
        yield (
            f"{name} used {wording.share(cpu_s / wall_s)} of a core: near its limit, add load"
            " processes"
        )
