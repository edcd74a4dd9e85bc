"""One trial of a search for the capacity: a rate that was offered to a target, and what came of it.

What it knows: the facts that the search goes on by and that its report shows. What it must not
know: how a trial is run or judged. A search is the list of its trials: whoever has it, has all.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Purpose", "Reading", "Trial", "TrialWord"]


class TrialWord(StrEnum):
    """What a trial came to."""

    HOLDS = "holds"
    """Every objective passed."""
    FAILS = "fails"
    """An objective failed."""
    UNDECIDED = "undecided"
    LIMITED = "generator-limited"
    """The generator could not offer the rate as planned: no evidence about the target."""
    DIED = "died"
    """The target was there before and is away for good."""
    REVIVED = "died, was tried again"
    """It had died, and whoever let the search go on says that it is there once more."""

    @property
    def tells(self) -> bool:
        """Tell whether a trial with this word says anything of its target at its rate."""
        return self in (TrialWord.HOLDS, TrialWord.FAILS, TrialWord.UNDECIDED)


class Purpose(StrEnum):
    """What a trial is for."""

    EXPLORE = "explore"
    """Short, to see about where the capacity is; its word proves nothing."""
    CONFIRM = "confirm"
    """Until decided; its word counts, and spends a part of the search's error rate."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a trial has measured of one objective: a point of the throughput-latency curve."""

    objective: str
    """As written: ``p99 < 400 ms``."""
    observed: float
    """In the objective's own unit: ns, a share, answers per second."""
    low: float
    high: float
    """The ends of its confidence interval."""
    limit: float
    """What the objective allows, in the same unit."""
    used: float | None = None
    """How much of what is allowed was used, 1 at the limit (`sla.Verdict.used`): of a quantile the
    share of requests beyond the limit over the share that may be; None where nobody knows."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A trial that has ended."""

    number: int
    """From 0, over all targets of the search."""
    target: str
    rate_per_s: float
    """That was asked for."""
    purpose: Purpose
    seconds: float
    """That were measured."""
    took_s: float
    """Of the budget: with warm-up, drain and whatever else it took."""
    word: TrialWord
    alpha: float = 0.0
    """How often its word may be wrong; 0 of one that explores."""
    readings: tuple[Reading, ...] = ()

    @property
    def counts(self) -> bool:
        """Tell whether its word is evidence."""
        decided = self.word in (TrialWord.HOLDS, TrialWord.FAILS)
        return self.purpose is Purpose.CONFIRM and decided

    @property
    def used(self) -> float | None:
        """Return how much of what is allowed was used, of the objective that used most of it.

        None where nothing says so, and of a trial that says nothing of its target.
        """
        if not self.word.tells:
            return None
        known = [
            each.used
            for each in self.readings
            if each.used is not None and not math.isnan(each.used)
        ]
        if known:
            return max(known)
        return {TrialWord.HOLDS: 0.0, TrialWord.FAILS: math.inf}.get(self.word)
