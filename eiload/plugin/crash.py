"""A crash of Locust's own command: its exit status is none that means a verdict.

What it knows: Python's last resorts for an exception that nobody handles. What it must not know:
runs. Python ends with status 1 then, which for whoever reads exit statuses means that a verdict is
bad; so does Locust where it gives up before there is a run. What can be said in one line is;
everything else keeps its traceback.
"""

import atexit
import logging
import os
import sys
from collections.abc import Callable
from types import TracebackType

from locust.exception import RPCError

from eiload.base import console
from eiload.base.errors import EngineError, ScenarioError
from eiload.record.stopping import SIGNALS

__all__ = ["ask", "guard"]

_statuses: list[int] = []
"""Of the crash there was, if any."""

_asked: list[Callable[[], str]] = []
"""Tells why Locust has given up, if it has."""


def guard(*_: object, **__: object) -> None:
    """See to the exit status of a crash from now on; harmless when repeated."""
    if sys.excepthook is not _crashed:
        sys.excepthook = _crashed
        # Called last of those that come after it: Locust ends its workers in one of these.
        atexit.register(_leave)


def ask(given_up: Callable[[], str]) -> None:
    """Have somebody asked at the end why Locust gave up before a run; "" if it did not."""
    _asked[:] = [given_up]


def _crashed(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    if isinstance(error, RPCError) and "bind" in str(error):
        console.say(
            f"the master cannot listen: {error}; another run has the port: give this one its own, "
            "with --master-bind-port, and its workers the same with --master-port"
        )
        _statuses.append(ScenarioError.exit_status)
        return
    if isinstance(error, KeyboardInterrupt):
        console.say("stopped (SIGINT)")
        _statuses.append(SIGNALS["SIGINT"])
        return
    sys.__excepthook__(kind, error, traceback)
    _statuses.append(EngineError.exit_status)


def _leave() -> None:
    if not _statuses and (why := next((ask() for ask in _asked), "")):
        console.say(why)
        _statuses.append(EngineError.exit_status)
    if _statuses:
        logging.shutdown()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(_statuses[0])
