"""What a run has come to: what is known of it and what its workers have said, as a `Run`.

What it knows: which part of a `Run` comes from where. What it must not know: how workers are heard,
when a run ends, what becomes of a `Run`. Pure, but for `environment`.

A run is put together more than once: without counts when its load begins, for the journal's first
line; once a second for the lines after it; and when all workers are over, with what was due and is
in no report entered as LOST.
"""

import functools
import os
import platform
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version

from eiload.control.messages import Report
from eiload.control.workers import Workers
from eiload.record import stopping
from eiload.record.facts import Answers, TargetFacts, WorkerFacts
from eiload.record.intervals import Intervals
from eiload.record.journal import State
from eiload.record.ledger import reconcile
from eiload.record.observed import Source
from eiload.record.run import PAYLOAD, Run, as_long_as
from eiload.record.served import Served
from eiload.record.taken import LookFacts
from eiload.scenario import Scenario
from eiload.scenario.schedule import Schedule

__all__ = ["Known", "closed", "environment", "opened", "state", "targets_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a run beside what its workers say while the load is on."""

    scenario: Scenario
    driven: bool
    """Locust's users make the requests: there is no schedule to hold them against."""
    started_wall_ns: int
    step_ns: int = 0
    """By how much somebody has set the machine's clock since then."""
    stopped: str
    """Why the run ended early; empty if it did not."""
    digest: str
    """Fingerprint of the payload's tensors."""
    looks: tuple[LookFacts, ...] = ()
    """Those taken so far."""
    share: str
    """How much of Locust's run time went into getting ready, in words; empty for little."""


def opened(known: Known, workers: Workers, ended_ns: int = 0) -> Run:
    """Return the run as it stands, without its counts."""
    driven, stopped = known.driven, known.stopped
    return Run(
        scenario=as_long_as(known.scenario, ended_ns) if driven else known.scenario,
        started_wall_ns=known.started_wall_ns,
        ended_ns=ended_ns,
        # Locust's users have no planned end, so only a signal cuts them short.
        stopped=stopped if not driven or stopped in stopping.SIGNALS else "",
        environment={
            **environment(),
            PAYLOAD: known.digest,
            **({stopping.READY: known.share} if known.share else {}),
            **stopping.clock(known.step_ns),
        },
        targets=_targets(known, workers),
        workers=tuple(
            worker.facts or WorkerFacts(worker.name, 0.0, 0.0, 0, 0, lost=worker.lost)
            for worker in workers
        ),
        intervals=Intervals.empty(),
        problems=tuple(workers.problems),
        looks=known.looks,
    )


def state(known: Known, workers: Workers) -> State:
    """Return what the run has come to by the last reports, beside its counts."""
    ended_ns = workers.heard_ns
    cuts_ns = workers.cuts_ns(ended_ns)
    return State(ended_ns, cuts_ns, _targets(known, workers), list(workers.problems))


def closed(
    known: Known,
    workers: Workers,
    schedule: Schedule,
    observed: tuple[tuple[Source, ...], ...] = (),
) -> Run:
    """Return the run when all workers are over, its record completed to what was due.

    Args:
        known: what is known beside what the workers said.
        workers: who made the load.
        schedule: what was due.
        observed: what was read beside the load, by target.
    """
    ended_ns, intervals = workers.ended_ns, workers.intervals
    run = replace(opened(known, workers, ended_ns), observed=observed)
    if known.driven:
        return run.counted(intervals)
    scenario = known.scenario
    cuts_ns = tuple(workers.cuts_ns(ended_ns))
    dues = schedule.dues(cuts_ns, [*scenario.targets])
    intervals, _, surplus = reconcile(intervals, dues, mixed=bool(scenario.payload.mix))
    more = (f"{surplus} requests are recorded that were not scheduled",) if surplus else ()
    return replace(
        run,
        problems=(*run.problems, *more),
        cuts_ns=cuts_ns if {*cuts_ns} != {ended_ns} else (),
    ).counted(intervals)


def _targets(known: Known, workers: Workers) -> tuple[TargetFacts, ...]:
    found = next(worker.ready for worker in workers if worker.ready).targets
    return targets_of(found, workers.reports, len(known.scenario.traffic))


def targets_of(
    found: Sequence[TargetFacts], reports: Sequence[Report], phases: int
) -> tuple[TargetFacts, ...]:
    """Return what is known of the targets: found out by one worker, answered to all.

    Args:
        found: what a worker found out when it got ready.
        reports: the last report of each.
        phases: how many the scenario has.
    """
    return tuple(_with_answers(facts, reports, phases) for facts in found)


def _with_answers(facts: TargetFacts, reports: Sequence[Report], phases: int) -> TargetFacts:
    answers = [Answers() for _ in range(phases)]
    failures: list[Counter[str]] = [Counter() for _ in range(phases)]
    served = [Served() for _ in range(phases)]
    for last in reports:
        for phase, counts in enumerate(last.answers[facts.name]):
            answers[phase] = answers[phase].plus(counts)
        for phase, texts in enumerate(last.failures[facts.name]):
            failures[phase].update(texts)
        for phase, more in enumerate(last.served.get(facts.name, ())):
            served[phase] = served[phase].plus(more)
    total = functools.reduce(Answers.plus, answers)
    return replace(
        facts,
        answers_checked=total.checked,
        answers_bad=total.bad,
        answers_compared=total.compared,
        answers_agreed=total.agreed,
        details=dict(sum(failures, Counter())),
        answers=tuple(answers),
        failures=tuple(dict(each) for each in failures),
        served=tuple(served),
    )


def environment() -> dict[str, str]:
    """Return what the figures were made with, as text."""
    return {
        "eiload": version("eiload"),
        "python": platform.python_version(),
        "locust": version("locust"),
        "grpcio": version("grpcio"),
        "system": platform.platform(),
        "cpus": str(os.cpu_count() or 0),
    }
