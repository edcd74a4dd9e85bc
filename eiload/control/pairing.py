"""Sampled answers of two compared targets, paired by arrival and held against each other.

What it knows: which answers belong together (one arrival, one request to each target). What it must
not know: when two agree (`serving.agree`), times, verdicts (`judging.agreement` judges the counts).
"""

from collections.abc import Sequence

from eiload.scenario import Compare
from eiload.serving.agree import agree
from eiload.serving.detections import Outputs

__all__ = ["Pairing"]

MAX_WAITING = 1000
"""Answers kept while their partner is still out; the oldest goes first (its partner failed)."""


class Pairing:
    """Pairs up the sampled answers of the two compared targets and counts who agrees.

    Args:
        compare: which two targets; None counts nothing.
        names: the targets' names in order; request number ``seq`` belongs to arrival
            ``seq // len(names)``.
    """

    def __init__(self, compare: Compare | None, names: Sequence[str]) -> None:
        self._pair = {compare.baseline, compare.candidate} if compare else set()
        self._targets = len(names)
        self._waiting: dict[int, Outputs | None] = {}
        self.compared = 0
        self.agreed = 0

    def add(self, seq: int, name: str, outputs: Outputs | None) -> bool | None:
        """Take one answer; None when it is bad (a bad answer agrees with nothing).

        Returns:
            Whether it agrees with its partner's; None while that is not there.
        """
        if name not in self._pair:
            return None
        arrival = seq // self._targets
        if arrival not in self._waiting:
            self._waiting[arrival] = outputs
            if len(self._waiting) > MAX_WAITING:
                del self._waiting[next(iter(self._waiting))]
            return None
        partner = self._waiting.pop(arrival)
        agreed = outputs is not None and partner is not None and agree(outputs, partner)
        self.compared += 1
        self.agreed += agreed
        return agreed
