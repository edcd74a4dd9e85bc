"""What is ahead of a run that goes on until everything is decided, for the live page.

What it knows: the planned looks, what the last one has shown. What it must not know: how a look is
judged. Before a look there are numbers and boundaries, no verdict word; what a look has decided is
decided, and is said.
"""

from collections.abc import Sequence

from eiload.judging.looks import levels_of
from eiload.judging.sla import Verdict, Word
from eiload.record import looks
from eiload.report import looking, words
from eiload.scenario import Objective, Scenario

__all__ = ["Ahead"]


class Ahead:
    """What is ahead.

    Args:
        scenario: of the run.
    """

    def __init__(self, scenario: Scenario) -> None:
        self.seen: Sequence[Verdict] = ()
        """What the last look has shown of each objective and target; empty before the first."""
        self._plan = looks.planned(scenario)
        self._levels = levels_of(self._plan) if self._plan is not None else ()

    def next_s(self, now_s: float) -> int | None:
        """Return the second of the run that the next look is at; None if there is none."""
        return self._plan.next_s(now_s) if self._plan is not None else None

    def distance(
        self, objective: Objective, target: str, requests: int, seconds: float, now_s: float
    ) -> str:
        """Return how far an objective is from where the next look would decide it, in words.

        Args:
            objective: the objective.
            target: of this target.
            requests: that were measured so far.
            seconds: in how much time.
            now_s: s from the start of the run.
        """
        next_s = self.next_s(now_s)
        if self._plan is None or next_s is None:
            return ""
        told = self._told(objective, target)
        if told is not None and told.word is not Word.UNDECIDED:
            return f"{told.word}: {words.safe(told.reason)}"
        parts = []
        if told is not None and told.used is not None:
            low, value, high = (
                f"{each:.2g}" for each in (told.used.low, told.used.value, told.used.high)
            )
            parts.append(f"at the last look {value} ({low} to {high}) of what is allowed")
        if seconds > 0:
            by_then = round(requests * (seconds + next_s - now_s) / seconds)
            sure = self._levels[self._plan.seconds.index(next_s)]
            if ends := looking.boundary(objective.metric, sure, by_then):
                parts.append(f"at the next look {ends}")
        return "; ".join(parts)

    def _told(self, objective: Objective, target: str) -> Verdict | None:
        return next(
            (each for each in self.seen if (each.objective, each.target) == (objective, target)),
            None,
        )
