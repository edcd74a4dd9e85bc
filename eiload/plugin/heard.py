"""When a worker last heard of its master, though somebody sets the machine's clock.

What it knows: an attribute of Locust's worker runner, an instant of the wall clock. Locust holds it
against the wall clock and leaves when the difference is a minute: at once, when the clock is set
forward by more. What it must not know: runs, messages.
"""

import time
from collections.abc import Callable
from typing import Any

__all__ = ["NAME", "keep_time"]

NAME = "last_heartbeat_timestamp"
_KEPT = "_eiload_last_heard_s"


class _Heard:
    """The attribute, kept by the monotonic clock and read as an instant of the wall clock."""

    def __init__(self, wall_s: Callable[[], float], monotonic_s: Callable[[], float]) -> None:
        self._wall_s = wall_s
        self._monotonic_s = monotonic_s

    def __get__(self, runner: Any, _kind: type[Any]) -> float | None:
        if runner is None or (heard_s := vars(runner).get(_KEPT)) is None:
            return None
        return float(self._wall_s() - (self._monotonic_s() - heard_s))

    def __set__(self, runner: Any, instant_s: float | None) -> None:
        age_s = 0.0 if instant_s is None else self._wall_s() - instant_s
        vars(runner)[_KEPT] = None if instant_s is None else self._monotonic_s() - age_s


def keep_time(
    runner: Any,
    wall_s: Callable[[], float] = time.time,
    monotonic_s: Callable[[], float] = time.monotonic,
) -> None:
    """Have a worker's runner measure its master's silence by the monotonic clock."""
    heard_s = getattr(runner, NAME, None)
    setattr(type(runner), NAME, _Heard(wall_s, monotonic_s))
    setattr(runner, NAME, heard_s)
