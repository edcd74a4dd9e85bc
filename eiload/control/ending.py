"""What may end a run before its plan does: a look that decides everything, and abort for cause.

And that nothing can be decided any more: a run that goes on until all is decided has no use for
more load once a part of it is lost, for no word is said of it then.

What it knows: which look is due and whether all that it is of has ended; how much has failed
lately. What it must not know: what a look shows (whoever is asked judges it), how a run is stopped.
Time is an argument, ns from the start of the load.

A look is taken once every request that was due before it has ended and been reported, which is a
moment later: only then does it say what the same look at the run's file will say. The load goes on
meanwhile, so whether it ends there changes nothing that was looked at.
"""

from collections import deque
from collections.abc import Callable, Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray

from eiload.base import wording
from eiload.base.clock import NS_PER_S
from eiload.base.status import Status
from eiload.control import closing
from eiload.control.closing import Known
from eiload.control.workers import Workers
from eiload.record import looks, stopping
from eiload.record.intervals import Intervals, Kind, parts_of
from eiload.record.run import Run
from eiload.record.taken import LookFacts
from eiload.scenario import Scenario
from eiload.scenario.abort import Abort
from eiload.scenario.arrivals import OpenPhase
from eiload.scenario.schedule import Schedule

__all__ = ["Cause", "Ending", "Looks"]

LEAST = 5
"""So many requests must have ended before their failures are a cause: fewer are no outage."""


class Looks:
    """Tells when a look can be taken.

    Args:
        scenario: whose last phase goes on until all is decided, or no phase does.
        schedule: of its requests.
    """

    def __init__(self, scenario: Scenario, schedule: Schedule) -> None:
        plan = looks.planned(scenario)
        self.planned = plan is not None
        """Whether there are any."""
        self._left = list(plan.seconds[:-1]) if plan is not None else []
        self._open = np.array([isinstance(each, OpenPhase) for each in scenario.traffic])
        self._targets = len(scenario.targets)
        self._ended = np.zeros(-(-scenario.duration_ns // NS_PER_S) + 1, np.int64)
        self._due = cache(lambda second: sum(schedule.due([second * NS_PER_S]).values()))

    def add(self, counts: Intervals) -> None:
        """Count what has ended, by the second it was due in."""
        if not self._left:
            return
        _, phase, kind, second, _ = parts_of(counts.keys)
        mine = (kind == Kind.STATUS) & self._open[phase]
        np.add.at(self._ended, np.minimum(second[mine], len(self._ended) - 1), counts.counts[mine])

    def due(self, now_ns: int) -> int | None:
        """Return up to which second a look can be taken now; None if up to none. Told once."""
        found = None
        for second in self._left:
            if now_ns < second * NS_PER_S:
                break
            if int(self._ended[:second].sum()) >= self._due(second) * self._targets:
                found = second  # a later one tells all that an earlier one would
        if found is not None:
            self._left = [second for second in self._left if second > found]
        return found


class Cause:
    """Tells when too much has failed for too long, or too many in a row.

    Args:
        scenario: whose `abort:` says how much that is, if it has one.
    """

    def __init__(self, scenario: Scenario) -> None:
        self._abort: Abort | None = scenario.abort
        self._names = list(scenario.targets)
        self._heard: deque[tuple[int, NDArray[np.int64]]] = deque()
        self._rows: dict[str, int] = {}

    def add(self, counts: Intervals, now_ns: int, rows: Mapping[str, int]) -> None:
        """Count what a worker has reported, by when it did.

        Args:
            counts: since its last report.
            now_ns: when it came.
            rows: how many requests in a row have failed so far, by target (`rows`).
        """
        if self._abort is None:
            return
        for name, number in rows.items():
            self._rows[name] = max(number, self._rows.get(name, 0))
        if self._abort.errors is None:
            return
        target, _, kind, _, status = parts_of(counts.keys)
        ended = kind == Kind.STATUS
        failed = ended & (status != Status.OK)
        parts = [
            np.bincount(target[which], counts.counts[which], len(self._names))
            for which in (ended, failed)
        ]
        self._heard.append((now_ns, np.array(parts).astype(np.int64)))

    def reason(self, now_ns: int) -> str:
        """Return why the run is to end; empty if it is not."""
        if self._abort is None:
            return ""
        return self._in_a_row(self._abort) or self._within(self._abort, now_ns)

    def _in_a_row(self, abort: Abort) -> str:
        limit = abort.failures.number if abort.failures is not None else 0
        for name, number in self._rows.items():
            if limit and number >= limit:
                return stopping.aborted(
                    f"{wording.count(number, 'request')} to {name} failed in a row;"
                    f" {limit:,} {'end' if limit > 1 else 'ends'} the run"
                )
        return ""

    def _within(self, abort: Abort, now_ns: int) -> str:
        if (limit := abort.errors) is None:
            return ""
        since_ns = now_ns - limit.window_ns
        while self._heard and self._heard[0][0] <= since_ns:
            self._heard.popleft()
        if since_ns < abort.grace or not self._heard:
            return ""
        ended, failed = np.sum([parts for _, parts in self._heard], axis=0)
        for name, number, bad in zip(self._names, ended.tolist(), failed.tolist(), strict=True):
            if number >= LEAST and bad >= limit.share * number:
                return stopping.aborted(
                    f"{wording.share(bad / number)} of {wording.count(number, 'request')} to {name}"
                    f" failed within {wording.span(limit.window_ns / NS_PER_S)},"
                    f" {wording.share(limit.share)} ends the run"
                )
        return ""


class Ending:
    """Both of them, for one run.

    Args:
        scenario: the scenario.
        schedule: of its requests.
        on_look: given the run as it was at a look, when it can be taken; returns at once, and
            whoever has judged it says so (`looked`).
        stop: ends the run, for a reason; may be called again.
        say: told, in words, why it is ended.
    """

    def __init__(
        self,
        scenario: Scenario,
        schedule: Schedule,
        on_look: Callable[[Run], None],
        stop: Callable[[str], None],
        say: Callable[[str], None],
    ) -> None:
        self.looks: tuple[LookFacts, ...] = ()
        """Those that were taken."""
        self._looks, self._cause = Looks(scenario, schedule), Cause(scenario)
        self._on_look, self._stop, self._say = on_look, stop, say
        self._ended = False

    def add(self, counts: Intervals, now_ns: int, rows: Mapping[str, int]) -> None:
        """Count what a worker has reported (`Cause.add`)."""
        self._looks.add(counts)
        self._cause.add(counts, now_ns, rows)

    def check(self, known: Known, workers: Workers, now_ns: int) -> None:
        """Have a look taken if one is due, and end the run if there is cause."""
        if not self._ended and (why := self._cause.reason(now_ns)):
            self._end(why, why)
        if self._looks.planned and workers.problems:
            if not self._ended:
                why = stopping.UNDECIDABLE
                self._end(why, f"{why}: {workers.problems[0]}")
            return
        second = self._looks.due(now_ns)
        if second is not None:
            run = closing.opened(known, workers, now_ns).counted(workers.intervals)
            self._on_look(looks.up_to(run, second))

    def _end(self, why: str, said: str) -> None:
        self._ended = True
        self._say(said)
        self._stop(why)

    def looked(self, look: LookFacts, end: str) -> None:
        """Take note of a look that was judged, and end the run for a reason unless it is empty."""
        self.looks = (*self.looks, look)
        if end:
            self._stop(end)
