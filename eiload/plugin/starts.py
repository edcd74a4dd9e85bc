"""Starts that the web UI asks for: one run at a time.

What it knows: how far the present run and Locust's runner are. What it must not know: HTTP, how a
run is made. Between a form that is taken and the run's beginning there is a moment in which
Locust knows of no run yet; a second form must not slip in there. Locust's form for editing a run
is the same as that for starting one.
"""

import time
from collections.abc import Collection, Mapping
from typing import Any, Protocol

from locust.runners import STATE_INIT, STATE_STOPPED

from eiload.base.errors import EiloadError, EngineError
from eiload.control.coordinator import Coordinator
from eiload.plugin import options
from eiload.plugin.choice import Choice
from eiload.plugin.outcome import Outcome

__all__ = ["Runs", "Starts"]

START_S = 10.0
"""How long Locust may take from a form that asks for a run until the run's beginning."""


class Runs(Protocol):
    """The runs of this process, as a start sees them."""

    coordinator: Coordinator | None
    """The present or last run's."""
    outcome: Outcome | None
    """What became of it; None before its end."""

    def workers(self) -> list[str]:
        """Return the names of the workers that can take part in a run."""

    def choose(self) -> None:
        """Let the chosen scenario, or Locust's users, make the next run's load."""

    def complain(self, error: EiloadError | None) -> None:
        """Tell the user what is wrong."""


class Starts:
    """Takes or refuses forms.

    Args:
        runs: the runs.
        choice: what the next one is.
        runner: Locust's.
    """

    def __init__(self, runs: Runs, choice: Choice, runner: Any) -> None:
        self._runs = runs
        self.choice = choice
        self._runner = runner
        self._taken_s: float | None = None

    def take(self, form: Mapping[str, str], picked: Collection[str] | None = None) -> None:
        """Take what the web UI's form says of the next run.

        Args:
            form: its fields.
            picked: names of the user classes that it picks, all if empty; None without a picker.

        Raises:
            EiloadError: a run is on, or there is something wrong with the form.
        """
        try:
            if self._edits(form, picked):
                return  # Locust changes how many users there are, and who comes finds the load on
            if (what := self._busy()) is not None:
                raise EngineError(f"no second run: {what}")
            self.choice.take(form, self._runner.environment.host, picked)
            self._runs.choose()
        except EiloadError as error:
            self._runs.complain(error)
            raise
        self._taken_s = time.monotonic()

    def over(self) -> None:
        """Take note that the start has come to be, or comes to nothing."""
        self._taken_s = None

    def _edits(self, form: Mapping[str, str], picked: Collection[str] | None) -> bool:
        """Tell whether a form asks for more or fewer of the users that are on.

        Raises:
            EngineError: it does, and for something that cannot be changed meanwhile.
        """
        environment = self._runner.environment
        coordinator = self._runs.coordinator
        others = self._runner.state not in {STATE_INIT, STATE_STOPPED} and not self._taken_s
        ours = coordinator is not None and not coordinator.done.is_set()
        on = (ours and coordinator and coordinator.position()[0] != "drain") or (
            others and coordinator is None
        )
        if not on or self.choice.name or options.chosen(form.get("scenario", "")):
            return False
        if coordinator is not None and not self._is_server(form.get("host"), coordinator):
            return False
        if environment.shape_class is not None:
            raise EngineError(
                f"the shape {type(environment.shape_class).__name__} says how many users there "
                "are; nothing to edit while it is on"
            )
        if picked and set(picked) != {cls.__name__ for cls in environment.user_classes}:
            raise EngineError("no other users while a run is on; stop it first")
        return True

    def _is_server(self, host: str | None, coordinator: Coordinator) -> bool:
        """Tell whether a form's host is the one that is being loaded, or it says none."""
        servers = {target.server for target in coordinator.scenario.targets.values()}
        return host is None or host == (self._runner.environment.host or "") or servers == {host}

    def _busy(self) -> str | None:
        """Return in words why no run can start now; None if one can."""
        coordinator = self._runs.coordinator
        if coordinator is not None and not (coordinator.done.is_set() and self._runs.outcome):
            stage = "is getting ready"
            if coordinator.started.is_set():
                stage = "is on" if coordinator.position()[0] != "drain" else "is draining"
            return f"one {stage}; stop it first, or wait for its end"
        if self._taken_s is not None and time.monotonic() < self._taken_s + START_S:
            return "one is just starting"
        if self._runner.state not in {STATE_INIT, STATE_STOPPED}:
            return f"Locust is still {self._runner.state}; stop it first, or wait for its end"
        if not self._runs.workers():
            return "no worker has connected yet"
        return None
