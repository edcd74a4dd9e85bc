"""Workers that Locust has forked (``--processes``), as their master sees them before a run.

What it knows: this process's children. What it must not know: messages, runs. Locust waits for as
many workers as it has forked, and would wait for ever for one that has ended meanwhile: was
killed, by a user or for its memory, or has failed. Once a run is on, `roles` sees who is lost.
"""

import os
from collections.abc import Callable, Sequence

import gevent
import psutil

__all__ = ["about_to_fork", "has_ended", "has_forked", "of_locust", "watch"]

EVERY_S = 0.5

_before: set[int] = set()
_forked: list[int] = []
"""This process's children before a fork, and those that it has forked so far, by number."""


def about_to_fork() -> None:
    """Take note of who is there."""
    _before.clear()
    _before.update(_children())


def has_forked() -> None:
    """Take note of who has come."""
    _forked.extend(_children() - _before)


def _children() -> set[int]:
    return {each.pid for each in psutil.Process().children()}


def of_locust(number: int) -> Sequence[int]:
    """Return Locust's workers, which it forks last; nothing if they are not all known."""
    return _forked[-number:] if len(_forked) >= number else ()


def has_ended(process: int) -> bool:
    """Tell whether a child has ended; how, is for Locust or gevent to ask, once."""
    try:
        return os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:  # gevent has asked
        return True


def watch(workers: Sequence[int], is_over: Callable[[], bool], lost: Callable[[str], None]) -> None:
    """Look after forked workers until somebody else does.

    Args:
        workers: which.
        is_over: whether somebody else does.
        lost: told if one has ended.
    """

    def look() -> None:
        while not is_over():
            if any(map(has_ended, workers)):
                lost("no run: a worker of --processes has ended before there was one")
                return
            gevent.sleep(EVERY_S)

    gevent.spawn(look)
