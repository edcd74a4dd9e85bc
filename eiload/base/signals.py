"""Signals at the two edges of a process's life: where nobody sees to them yet, and no more.

What it knows: the signals that ask a process to end, and how Python ends. What it must not know:
what lies between the edges, where who does the work has handlers of its own.

- `begin`: from there on a signal ends the process in an ordinary way, without a traceback: by
  `SystemExit`, so that each `finally` and whatever is to be done at the end has its turn. Python's
  own way is a traceback for Ctrl-C, and nothing at all for SIGTERM.
- `over`: the exit status is decided and everything is written. A signal changes nothing any more.
- When all that is called at the end has been called, Python takes itself apart, and gives signals
  back to the kernel (CPython's `_PySignal_Fini`), which would end a good run by one then. So they
  are ignored there.
"""

import atexit
import os
import signal
from collections.abc import Callable
from types import FrameType

__all__ = ["ENDING", "begin", "hold", "over", "release", "taken"]

ENDING = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
"""Signals that ask a process to end."""

PATIENCE = 3
"""So many signals end a process at either edge that does not end by itself."""


class _Edge:
    """What is known at an edge."""

    def __init__(self) -> None:
        self.taken: list[int] = []
        """The signals so far, by number."""
        self.say: Callable[[signal.Signals], object] = lambda _: None
        self.status: int | None = None
        """The exit status once it is decided."""
        self.patience = PATIENCE
        self.at_once = False
        """Whether nothing is to be tidied."""
        self.held = False
        """Whether nothing may be raised."""


_edge = _Edge()


def begin(
    say: Callable[[signal.Signals], object] = lambda _: None, *, at_once: bool = False
) -> None:
    """Have signals end this process in an ordinary way, with 128 + their number.

    Args:
        say: told of the first.
        at_once: end it on the spot: nothing is there yet that would have to be tidied, and what is
            going on bears no exception.
    """
    _edge.say, _edge.at_once = say, at_once
    _handle(_before)
    atexit.unregister(_last)
    atexit.register(_last)  # called after all that comes to be registered later


def taken() -> int | None:
    """Return the exit status that a signal has asked for since `begin`; None if there was none.

    For whoever sees to signals from here on: Python swallows what a handler raises while it calls
    a finalizer or a weak reference's callback, and then the process goes on.
    """
    return 128 + _edge.taken[0] if _edge.taken and _edge.status is None else None


def hold() -> None:
    """Only take note of signals: Python would swallow here what a handler raises, and say so."""
    _edge.held = True


def release() -> None:
    """End that; whoever sees to signals next is told of them (`taken`)."""
    _edge.held = False


def over(status: int, patience: int = PATIENCE) -> None:
    """Have signals change nothing any more.

    Args:
        status: the exit status, which is decided.
        patience: so many of them end a process all the same that hangs, with that status.
    """
    _edge.taken.clear()
    _edge.status, _edge.patience = status, patience
    _handle(_after)


def _handle(handler: Callable[[int, FrameType | None], None] | signal.Handlers) -> None:
    for number in ENDING:
        # One that was ignored from the start stays so: nohup's.
        if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def _before(number: int, _frame: FrameType | None) -> None:
    _edge.taken.append(number)
    status = 128 + _edge.taken[0]
    if len(_edge.taken) >= PATIENCE:
        os._exit(status)
    if len(_edge.taken) == 1:
        _edge.say(signal.Signals(number))
        if _edge.at_once:
            os._exit(status)
        if _edge.held:
            return
        raise SystemExit(status)


def _after(number: int, _frame: FrameType | None) -> None:
    _edge.taken.append(number)
    if len(_edge.taken) >= _edge.patience:
        assert _edge.status is not None
        os._exit(_edge.status)


def _last() -> None:
    _handle(signal.SIG_IGN)
