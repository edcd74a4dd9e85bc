"""How the present trial of a capacity search goes, by what it has written last into its log.

Pure. A trial is a Locust whose output is a file in the search's folder; every two seconds there is
a line of `progress` in it. The command (`cli`) and the web UI (`plugin`) show the newest. It is for
a reader only: what a trial shows is its run file's to say.
"""

import re

from eiload.base import wording

__all__ = ["TAIL_BYTES", "called", "log_of", "newest"]

TAIL_BYTES = 4096
"""How much of a log's end has the newest line in it, with what Locust may have logged since."""

_CLOCK = r"(?:\d+:)?\d\d:\d\d"
_LINE = re.compile(
    rf"eiload: (?P<now>{_CLOCK})(?:/(?P<all>{_CLOCK}))? (?P<phase>.*?)"
    rf"(?:, look at (?P<look>{_CLOCK}))? \| [^|\n]* (?P<counts>[\d,]+ ok, [^|\n]+)\n"
)
"""As `progress.line` writes it, whole: a last one may be half written."""


def called(number: int) -> str:
    """Return the name of a trial's files; people count from 1."""
    return f"trial-{number + 1:03}"


def log_of(number: int) -> str:
    """Return the name of a trial's log."""
    return f"{called(number)}.log"


def newest(text: str) -> str:
    """Return how a trial goes: its phase, the time left, counts and times so far; "" if unknown.

    Args:
        text: the end of its log.
    """
    found = [*_LINE.finditer(text)]
    if not found:
        return ""
    said = found[-1]
    now_s = _seconds(said["now"])
    parts = [said["phase"]]
    if said["all"] and (left_s := _seconds(said["all"]) - now_s) > 0:
        at_most = " at most" if said["look"] else ""
        parts.append(f"{wording.span(left_s)} left{at_most}")
        if said["look"]:
            parts.append(f"a look in {wording.span(max(0, _seconds(said['look']) - now_s))}")
    return f"{', '.join(parts)}: {said['counts']}"


def _seconds(clock: str) -> int:
    seconds = 0
    for part in clock.split(":"):
        seconds = 60 * seconds + int(part)
    return seconds
