"""Why Locust stops a run, as far as it shows.

What it knows: Locust's runners, timers and web UI. What it must not know: what stopping does.
Locust's event does not tell; who fires it does.
"""

import time
from collections.abc import Sequence
from typing import Any

import gevent
from locust.runners import MasterRunner

from eiload.record import stopping

__all__ = ["Why"]

SLACK_S = 0.2
"""Locust's timer starts before the run does."""


class Why:
    """What may stop one run; to be made when it starts.

    Args:
        environment: Locust's.
        given: Locust's options as the command line gave them.
        first: it is this process's first run, the one of ``--autostart``.
    """

    def __init__(self, environment: Any, given: Any, *, first: bool = True) -> None:
        self._environment = environment
        self._given = given
        self._first = first
        self._since_s = time.monotonic()
        self.run_time_s = self._run_time_s()
        """When Locust will stop the run, s from its start; None if it will not."""

    def _run_time_s(self) -> float | None:
        if self._environment.shape_class is not None:
            return None  # Locust's timers are for users
        if self._given.headless or (self._given.autostart and self._first):
            run_time = self._given.run_time
        else:
            # What a form says is in Locust's options by now, and so is what one said before.
            options = self._environment.parsed_options
            run_time = options.run_time if self._timer() is not None else None
        return float(run_time) if run_time else None

    def _timer(self) -> Any:
        """Return the greenlet that will stop a run that was started in the web UI, if any."""
        return getattr(self._environment.web_ui, "_run_time_greenlet", None)

    def reason(self, signals: Sequence[str]) -> str:
        """Return why the run is being stopped, by the greenlet that does it.

        Args:
            signals: names of the signals so far.
        """
        if signals:
            return signals[0]
        if self._is_asked_for():
            return stopping.WEB
        runner = self._environment.runner
        if isinstance(runner, MasterRunner) and runner.worker_count <= 0:
            return stopping.NO_WORKERS
        timer = self._timer()
        if timer is not None and gevent.getcurrent() is timer:
            return stopping.RUN_TIME
        since_s = time.monotonic() - self._since_s + SLACK_S
        if timer is None and self.run_time_s is not None and since_s >= self.run_time_s:
            return stopping.RUN_TIME
        return stopping.BY_LOCUST

    def _is_asked_for(self) -> bool:
        """Tell whether a request to the web UI is being answered."""
        if self._environment.web_ui is None:
            return False
        from flask import has_request_context  # noqa: PLC0415  # with a web UI only

        return has_request_context()
