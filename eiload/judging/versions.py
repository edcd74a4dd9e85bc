"""Which versions of its model answered for a target, and what it means that there were several.

What it knows: the versions of the answers that were looked at, by time. What it must not know:
which were looked at and how. Pure.

Two versions are two systems: a quantile of both is one of neither. So a change within the judged
time is said with every verdict on the target; whether it is a failure is the user's to say
(``versions: same``).
"""

from collections.abc import Sequence
from itertools import pairwise

from eiload.base import wording
from eiload.base.clock import NS_PER_S
from eiload.judging.statistics.shares import Word
from eiload.record.facts import PhaseSpan
from eiload.record.run import Run
from eiload.record.served import Version

__all__ = ["change", "in_words", "verdict"]

MOST_LISTED = 4
"""Versions that are listed; a server that has more has others to tell of them."""


def in_words(versions: Sequence[Version], *, times: bool = True) -> str:
    """Return versions in words: ``version 1 (0.0 s to 9.2 s), version 2 (9.3 s to 20.0 s)``.

    Args:
        versions: by when they were first seen.
        times: whether to say when each was seen.
    """
    listed = [
        f"version {each.number} ({_at(each.first_ns)} to {_at(each.last_ns)})"
        if times
        else f"version {each.number}"
        for each in versions[:MOST_LISTED]
    ]
    more = len(versions) - MOST_LISTED
    return ", ".join([*listed, *([f"and {more} more"] if more > 0 else [])])


def _at(at_ns: int) -> str:
    return f"{at_ns / NS_PER_S:.1f} s" if at_ns < 1000 * NS_PER_S else f"{at_ns // NS_PER_S:,} s"


def change(run: Run, target: int, spans: Sequence[PhaseSpan] | None = None) -> str:
    """Return that several versions answered for a target, and when; empty if not so.

    Args:
        run: the run.
        target: index of the target.
        spans: the phases; None means all that are not warm-up.
    """
    versions = run.served(target, spans).versions
    if len(versions) < 2:
        return ""
    name = run.targets[target].name
    in_turn = any(later.first_ns < earlier.last_ns for earlier, later in pairwise(versions))
    if in_turn:
        listed = in_words(versions, times=False)
        return f"{name} answered as several versions in turn ({listed}): these are several systems"
    return f"{name} answered as {in_words(versions)}: these are several systems"


def verdict(run: Run, target: int, spans: Sequence[PhaseSpan]) -> tuple[Word, str, str]:
    """Return the word on "versions: same", what was observed, and why."""
    versions = run.served(target, spans).versions
    looked_at = sum(each.answers for each in versions)
    if not looked_at:
        return Word.UNDECIDED, "nothing", "no answer said which version of the model gave it"
    observed = f"{in_words(versions)} in {wording.count(looked_at, 'answer')} that were looked at"
    if len(versions) > 1:
        return Word.FAIL, observed, "the version changed within the judged time"
    return Word.PASS, observed, "of the answers looked at: first, last and sampled ones"
