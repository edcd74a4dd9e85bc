"""Locust's command before its `init`: signals, and workers that it has forked.

What it knows: the frames of Locust's command. What it must not know: runs. The command imports
locustfiles, reads its options, forks its workers (``--processes``) and builds all of itself before
it fires `init`. Until then a signal's traceback would be Locust's only word, and workers would
wait for a minute for a master that it has ended. What comes before the import of eiload is
Locust's and Python's.
"""

import contextlib
import os
import signal
import sys

from eiload.base import signals
from eiload.base.tied import tying
from eiload.plugin import forked
from eiload.record.stopping import before_load

__all__ = ["is_on", "over", "say", "watch"]

_watching: list[bool] = []
"""True while there was no `init`; empty if nobody watches."""


def watch() -> bool:
    """See to signals from now on, if this is Locust's command, and tell whether it is.

    Harmless when repeated.
    """
    if _watching or not _is_command():
        return bool(_watching)
    _watching.append(True)
    tie = tying()

    def before() -> None:
        signals.hold()
        if _watching[0]:
            forked.about_to_fork()

    def in_parent() -> None:
        if _watching[0]:
            forked.has_forked()
        signals.release()

    def in_child() -> None:
        signals.release()
        if _watching[0]:  # it is Locust's worker, and no child of a locustfile
            signals.begin()  # its master says what there is to say
            if tie is not None:
                tie()

    signals.begin(say)
    # What Python itself does at a fork has this pair around it, which comes last.
    os.register_at_fork(before=before, after_in_parent=in_parent, after_in_child=in_child)
    return True


def is_on() -> bool:
    """Tell whether there was no `init` yet."""
    return not _watching or _watching[0]


def over() -> None:
    """Leave signals to who sees to them from `init` on.

    Raises:
        SystemExit: one has come already.
    """
    if not _watching:
        return
    _watching[0] = False
    if (status := signals.taken()) is not None:
        raise SystemExit(status)


def _is_command() -> bool:
    """Tell whether it is Locust's command that imports us, and not other code."""
    frame = sys._getframe()  # noqa: SLF001  # inspect.currentframe, which may be None
    while (back := frame.f_back) is not None:
        frame = back
        if frame.f_code.co_name == "main" and frame.f_globals.get("__name__") == "locust.main":
            return True
    return False


def say(number: signal.Signals) -> None:
    """Tell that a signal has ended Locust before its load; from a handler, so with nothing else."""
    with contextlib.suppress(OSError):
        os.write(2, f"eiload: {before_load(number.name, 0)}\n".encode())
