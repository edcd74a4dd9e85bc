"""Signals: what was measured is never lost to one.

What it knows: SIGINT, SIGTERM, SIGHUP under gevent, and what Locust makes of them. What it must not
know: how a run is drained.

- A first Ctrl-C drains and then hands over to Locust, a second one ends the drain, a third the
  process. A worker's Ctrl-C waits for its master, which usually got it too.
- SIGTERM does as a first Ctrl-C, also while Locust's own handler is not there yet (it comes after a
  headless run with a shape); a second one as a second Ctrl-C.
- SIGHUP, a terminal that goes away, does as a first Ctrl-C, unless it was ignored from the start
  (``nohup``).
- Once Locust ends, a signal is too late to change that: `over`.
"""

import os
import signal
import time
from collections.abc import Callable
from typing import Protocol

import gevent
import greenlet

from eiload.base import signals
from eiload.control.agent import Agent
from eiload.control.coordinator import Coordinator
from eiload.plugin import early
from eiload.record.stopping import SIGNALS

__all__ = ["Interrupts", "Load"]

SIGINT_PATIENCE_S = 3.0
"""How long a worker that got a Ctrl-C waits for its master to say stop: one word for all workers
makes one clean cut."""

LOCUST_TURN_S = 0.3
"""How long Locust's own handler of SIGTERM has to begin before ours ends the process."""

LOCUST_ENDS = "stop_and_optionally_quit"
"""The function of `locust.main` in which a headless run with a shape ends."""


class Load(Protocol):
    """The load of this process, as signals see it."""

    quitting: bool
    """Whether Locust is ending."""
    say: Callable[[str], None]
    """Tells the user."""

    @property
    def coordinator(self) -> Coordinator | None:
        """Return the run's coordinator, on a master or alone."""

    @property
    def agent(self) -> Agent | None:
        """Return the agent that makes load here; None on a master."""

    def drain(self) -> None:
        """Stop the run, or a worker's part of it; return when every request is accounted for."""

    def abandon(self) -> bool:
        """Give up a run that still waits for its workers; tell whether there was one."""


class Interrupts:
    """Handles this process's signals; must be made on Locust's main greenlet.

    Args:
        load: what is to be ended.
    """

    def __init__(self, load: Load) -> None:
        self.taken: list[str] = []
        """The signals so far, by name."""
        self._load = load
        self._main = greenlet.getcurrent()
        self._ending = False
        early.over()
        gevent.signal_handler(signal.SIGINT, self._on_sigint)
        gevent.signal_handler(signal.SIGTERM, self._on_sigterm)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup: the run goes on
            gevent.signal_handler(signal.SIGHUP, self._on_sighup)

    def leave(self, status: int) -> None:
        """End Locust from any greenlet, before it has started a run."""
        gevent.kill(self._main, SystemExit(status))

    def over(self, status: int) -> None:
        """Let signals change nothing any more: all is written, Locust ends with this status.

        A worker's end at once: nothing is left to do there, and its master, which tells those that
        take long to end, waits for them.
        """
        signals.over(status, patience=1 if self._load.coordinator is None else signals.PATIENCE)

    def _on_sigint(self) -> None:
        self.taken.append("SIGINT")
        times = self.taken.count("SIGINT")
        agent = self._load.agent
        if times == 1:
            word = "Ctrl-C: sending stops, waiting for answers; once more to leave them"
            gevent.spawn(self._interrupt, word)
        elif times == 2:
            self._cut_short("second Ctrl-C")
        elif times > 2:
            if agent is not None:
                agent.close()
            os._exit(130)

    def _on_sigterm(self) -> None:
        self.taken.append("SIGTERM")
        if self.taken.count("SIGTERM") > 1:
            self._cut_short("second SIGTERM")
            return
        self._load.drain()
        gevent.sleep(LOCUST_TURN_S)
        if not self._load.quitting:
            self._end_locust()

    def _on_sighup(self) -> None:
        if "SIGHUP" not in self.taken:  # the kernel and the shell may both say so
            self.taken.append("SIGHUP")
            word = "the terminal has gone: sending stops, waiting for answers"
            gevent.spawn(self._interrupt, word)

    def _cut_short(self, word: str) -> None:
        """End the drain."""
        coordinator = self._load.coordinator
        if coordinator is not None and not coordinator.done.is_set():
            self._load.say(f"{word}: what is in flight is left unfinished")
            coordinator.cancel()

    def _interrupt(self, word: str) -> None:
        """Drain, then let Locust end as it does on Ctrl-C."""
        coordinator, agent = self._load.coordinator, self._load.agent
        if coordinator is not None and not coordinator.done.is_set():
            if coordinator.started.is_set():
                self._load.say(word)
            self._load.drain()
        elif coordinator is None and agent is not None and agent.going.is_set():
            give_up_s = time.monotonic() + SIGINT_PATIENCE_S
            while agent.going.is_set() and time.monotonic() < give_up_s:
                gevent.sleep(0.05)
            self._load.drain()
        self._end_locust()

    def _end_locust(self) -> None:
        if self._ending or self._load.quitting:  # it does, and expects no Ctrl-C there
            return
        self._ending = True
        if self._load.abandon():
            # Locust does not expect a Ctrl-C while it waits for workers.
            self.leave(SIGNALS[self.taken[0]])
        elif not self._ends_by_itself():
            gevent.kill(self._main, KeyboardInterrupt)

    def _ends_by_itself(self) -> bool:
        """Tell whether Locust has begun to end, as a run whose last worker has gone.

        It expects no Ctrl-C from there on: one would be a traceback and no report.
        """
        frame = self._main.gr_frame
        while frame is not None and frame.f_code.co_name != LOCUST_ENDS:
            frame = frame.f_back
        return frame is not None
