"""Why a run ended before its plan did, and what is said of one that ended before its load.

What it knows: words. What it must not know: who stops, how a run is stopped.
"""

from eiload.base import wording
from eiload.base.clock import NS_PER_S

__all__ = [
    "BY_ITSELF",
    "BY_LOCUST",
    "NO_WORKERS",
    "READY",
    "RUN_TIME",
    "SIGNALS",
    "UNDECIDABLE",
    "UNFINISHED",
    "WEB",
    "aborted",
    "as_planned",
    "before_load",
    "decided",
    "hopeless",
    "is_abort",
    "share",
]

SIGNALS = {"SIGHUP": 129, "SIGINT": 130, "SIGTERM": 143}
"""Reasons to stop that cut a run short even if it has no planned end, and the exit status that
tells a shell so."""

RUN_TIME = "--run-time"
WEB = "Stop in the web UI"
NO_WORKERS = "no worker was left"
BY_LOCUST = "by Locust or the locustfile"
UNDECIDABLE = "nothing can be decided any more"
"""What ended a run that goes on until all is decided, and is invalid for good."""
UNFINISHED = "not finished"
"""What ended a run, as far as its journal knows."""

BY_ITSELF = (RUN_TIME, NO_WORKERS, BY_LOCUST, UNDECIDABLE)
"""Reasons that are nobody's wish at that moment."""

_ABORTED, _DECIDED, _HOPELESS = "aborted: ", "everything is decided", "given up"

READY = "getting ready"
"""Names, in a run's environment, what `share` says of it."""

CLOCK = "clock"
"""Names, in a run's environment, what `clock` says of it."""

STEP_NS = 5 * NS_PER_S
"""From when on a clock was set, and not only kept right (NTP) or read late."""


def clock(step_ns: int) -> dict[str, str]:
    """Return what is to be said of a machine's clock that was set during a run, by its name.

    Args:
        step_ns: by how much; nothing is said of little.
    """
    if abs(step_ns) < STEP_NS:
        return {}
    way = "forward" if step_ns > 0 else "back"
    span = wording.span(abs(step_ns) / NS_PER_S)
    return {
        CLOCK: f"the machine's clock jumped {way} by {span} during the run; no time depends on it"
    }


def aborted(cause: str) -> str:
    """Return why a run ended that was aborted for a cause."""
    return f"{_ABORTED}{cause}"


def is_abort(reason: str) -> bool:
    """Tell whether a run ended so."""
    return reason.startswith(_ABORTED)


def decided(after: str) -> str:
    """Return why a run ended at a look that left nothing open.

    Args:
        after: how long into the phase the look is, in words.
    """
    return f"{_DECIDED} by the look after {after}"


def hopeless(after: str) -> str:
    """Return why a run ended at a look that left no hope for what was open."""
    return f"{_HOPELESS} at the look after {after}: the rest would hardly decide what is open"


def as_planned(reason: str) -> bool:
    """Tell whether a run ended by its plan's own rule, before the last second of its plan."""
    return reason.startswith((_DECIDED, _HOPELESS))


def before_load(reason: str, took_ns: int, *, ready: bool = False) -> str:
    """Return what is said of a run that was stopped before its load began.

    Args:
        reason: why it was stopped.
        took_ns: how long it has been getting ready.
        ready: whether that was done, only too late.
    """
    if reason != RUN_TIME:
        return f"stopped before the load began ({reason})"
    took = _seconds(took_ns)
    how_long = f"took {took} s" if ready else f"has taken {took} s and is not done"
    return f"{RUN_TIME} was over before the load began (getting ready {how_long})"


def share(took_ns: int, run_time_ns: int) -> str:
    """Return how much of Locust's run time went into getting ready, in words; empty for little."""
    if took_ns < run_time_ns * 0.05:
        return ""
    return f"{_seconds(took_ns)} of {_seconds(run_time_ns)} s of {RUN_TIME} went into getting ready"


def _seconds(time_ns: int) -> str:
    seconds = time_ns / NS_PER_S
    return f"{seconds:.0f}" if seconds >= 10 else f"{float(f'{seconds:.2g}'):g}"
