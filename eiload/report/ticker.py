"""The one line that a terminal shows of a run, written over and over: it fits, whatever the width.

    steady 03:12 of 10:00, 06:48 left | gpu 1,234 sent, 1,230 answered, 4 errors, p95 130 ms

Where that is too long, the targets' counts are added up and each keeps its percentile. Counts are
of the whole run and of requests whose end is known; the percentile is of the judged phases so far,
of the warm-up before those begin. As in `progress`, there are never verdict words in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from eiload.base import wording
from eiload.base.clock import NS_PER_S
from eiload.report import words

__all__ = ["SoFar", "clock", "line"]

NAME_AT_MOST = 20


@dataclass(frozen=True, slots=True)
class SoFar:
    """How one target has done since the start."""

    name: str
    sent: int
    answered: int
    """Requests that ended OK."""
    errors: int
    """Those that did not, the ones included that were never sent."""
    tail: str
    """A percentile's name, as much of a tail as there are requests for; empty before any."""
    tail_ns: float


def clock(span_ns: int) -> str:
    """Return a length of time as a clock shows it: 03:12, or 1:03:12."""
    seconds = max(0, span_ns) // NS_PER_S
    hours, minutes = seconds // 3600, seconds // 60 % 60
    text = f"{minutes:02}:{seconds % 60:02}"
    return f"{hours}:{text}" if hours else text


def line(
    elapsed_ns: int,
    total_ns: int,
    phase: str,
    targets: Sequence[SoFar],
    width: int,
    *,
    look_s: int | None = None,
) -> str:
    """Return the line.

    Args:
        elapsed_ns: since the first phase began.
        total_ns: the planned length of all phases; 0 if there is no plan.
        phase: the name of the present one; "drain" after the last.
        targets: in the scenario's order.
        width: how many characters there are.
        look_s: second of the run at which it is looked at next; None if at none.
    """
    name = words.safe(phase, NAME_AT_MOST)
    over_ns = elapsed_ns - total_ns  # in the drain: how long answers have been waited for
    on_plan = elapsed_ns < total_ns
    whole_ns = elapsed_ns - elapsed_ns % NS_PER_S  # so that what has passed and what is left add up
    left = f"{clock(total_ns - whole_ns)} left" if on_plan else f"{clock(over_ns)} so far"
    of = f"{name} {clock(elapsed_ns)} of {clock(total_ns)}, {left}" if on_plan else None
    if look_s is not None and on_plan:
        of = f"{of} at most, look at {clock(look_s * NS_PER_S)}"
        left = f"look at {clock(look_s * NS_PER_S)}"
    apart = [
        f"{words.safe(each.name, NAME_AT_MOST)} {_counts(each)}{_tail(each)}" for each in targets
    ]
    forms = (
        " | ".join([of or f"{name} {left}", *apart]),
        " | ".join([f"{name} {left}", *apart]),
        " | ".join([f"{name} {left}", _counts(_sum(targets)), _tails(targets)]),
        " | ".join([f"{name} {left}", _counts(_sum(targets), "ok"), _tails(targets)]),
    )
    found = next((form for form in forms if len(form) <= width), forms[-1])
    return found if len(found) <= width else found[: max(0, width - 3)] + "..."


def _counts(of: SoFar, answered: str = "answered") -> str:
    return (
        f"{wording.count(of.sent)} sent, {wording.count(of.answered)} {answered},"
        f" {wording.count(of.errors, 'error')}"
    )


def _tail(of: SoFar) -> str:
    if not of.tail:
        return ""
    unit = " ms" if of.tail_ns < float("inf") else ""
    return f", {of.tail} {words.milliseconds(of.tail_ns)}{unit}"


def _sum(targets: Sequence[SoFar]) -> SoFar:
    sent, answered, errors = (
        sum(getattr(each, what) for each in targets) for what in ("sent", "answered", "errors")
    )
    return SoFar("", sent, answered, errors, "", 0.0)


def _tails(targets: Sequence[SoFar]) -> str:
    """Return each target's percentile, its name once where it is the same for all."""
    labels = {each.tail for each in targets}
    if len(labels) == 1 and (label := labels.pop()):
        times = (
            f"{words.safe(each.name, NAME_AT_MOST)} {words.milliseconds(each.tail_ns)}"
            for each in targets
        )
        return f"{label} {', '.join(times)} ms"
    return (
        " ".join(
            f"{words.safe(each.name, NAME_AT_MOST)}{_tail(each)}" for each in targets if each.tail
        )
        or "no answer yet"
    )
