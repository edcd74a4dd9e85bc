"""Looks at a run that goes on until everything is decided: judged beside the load.

What it knows: gevent's threads, whom to tell. What it must not know: when a look is due (`control`
says it), how it is judged (`judging.looks`).

Judging takes seconds of a processor. A thread of gevent's pool does it, so that neither Locust nor
the feeding of requests waits; the requests are sent by another process anyway. Until its word the
load goes on as if nobody looked.
"""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

import gevent

from eiload.base import wording
from eiload.base.clock import NS_PER_S
from eiload.control.coordinator import Coordinator
from eiload.plugin.live import Live
from eiload.record import looks, stopping
from eiload.record.run import Run
from eiload.record.taken import LookFacts
from eiload.scenario import Scenario

if TYPE_CHECKING:
    from eiload.judging.looks import Seen

__all__ = ["Looking"]

logger = logging.getLogger("eiload")

OPEN_AT_MOST = 3
"""So many open ones are named; the live page has all."""


class Looking:
    """Takes the looks at one run.

    Args:
        scenario: what it does.
        say: told in words what a look has left open.
        live: the page that shows the run; None without a web UI.
    """

    def __init__(self, scenario: Scenario, say: Callable[[str], None], live: Live | None) -> None:
        self._plan = looks.planned(scenario)
        self._coordinator: Coordinator | None = None
        self._say = say
        self._live = live

    def begin(self, coordinator: Coordinator) -> None:
        """Get ready before there is any load: load what judging takes, compute the boundaries.

        Args:
            coordinator: of the run; told of each look.
        """
        self._coordinator = coordinator
        if self._plan is not None:
            from eiload.judging.looks import levels_of  # noqa: PLC0415  # not for runs that just end

            levels_of(self._plan)

    def next_s(self, now_ns: int) -> int | None:
        """Return the second of the run that the next look is at; None if there is none."""
        return self._plan.next_s(now_ns / NS_PER_S) if self._plan is not None else None

    def take(self, run: Run) -> None:
        """Have a look judged; returns at once.

        Args:
            run: up to the look.
        """
        gevent.spawn(self._take, run)

    def _take(self, run: Run) -> None:
        from eiload.judging.looks import look  # noqa: PLC0415

        coordinator = self._coordinator
        assert self._plan is not None and coordinator is not None  # noqa: PT018
        try:
            seen = gevent.get_hub().threadpool.apply(look, (run,))
        except Exception as error:  # a defect there must not end the load
            logger.exception("a look could not be judged")
            self._say(f"a look could not be judged: {type(error).__name__}: {error}")
            return
        if coordinator.done.is_set():
            return
        second = run.ended_ns // NS_PER_S
        after = wording.span(self._plan.after_s(second))
        end, said = "", f"after {after} still open: {_listed(seen)}"
        if seen.in_vain:
            end = stopping.UNDECIDABLE
            said = f"{end} at the look after {after}: {seen.open[0]}"
        elif not seen.open:
            said = end = stopping.decided(after)
        elif self._plan.until.give_up and seen.hopeless:
            said = end = stopping.hopeless(after)
        self._say(said)
        if self._live is not None:
            self._live.looked(seen.verdicts)
        facts = LookFacts(second, coordinator.elapsed_ns, seen.open)
        coordinator.looked(facts, end)


def _listed(seen: "Seen") -> str:
    more = len(seen.open) - OPEN_AT_MOST
    return ", ".join(seen.open[:OPEN_AT_MOST]) + (f" and {more} more" if more > 0 else "")
