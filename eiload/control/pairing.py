"""Sampled answers of two compared targets, paired by arrival and held against each other.

What it knows: which answers belong together (one arrival, one request to each target). What it must
not know: when two agree (`serving.agree`), times, verdicts (`judging.agreement` judges the counts).
"""

from collections.abc import Hashable, Sequence

from eiload.scenario import Compare
from eiload.serving.agree import agree
from eiload.serving.detections import Outputs
from eiload.serving.tensors import size_bytes_of

__all__ = ["Baselines", "Pairing"]

MAX_WAITING = 1000
"""Answers kept while their partner is still out; the oldest goes first (its partner failed)."""

KEPT_BYTES = 64 << 20
"""Of the baseline's answers that candidates are held against; requests beyond it go unchecked."""


class Baselines:
    """What the comparison's baseline answers to each request, for candidates that have to do so.

    A model gives one request one answer, so the first good one of each is kept.

    Args:
        compare: which two targets; None keeps nothing.
        outputs: the outputs that matter; none keeps nothing.
    """

    def __init__(self, compare: Compare | None, outputs: Sequence[str]) -> None:
        self._compare = compare if outputs else None
        self._outputs = outputs
        self._kept: dict[Hashable, Outputs] = {}
        self._room_bytes = KEPT_BYTES

    def add(self, name: str, request: Hashable, outputs: Outputs) -> None:
        """Take a good answer of a target to a request."""
        if self._compare is None or name != self._compare.baseline or request in self._kept:
            return
        wanted = {alias: outputs[alias] for alias in self._outputs if alias in outputs}
        size_bytes = sum(map(size_bytes_of, wanted.values()))
        if size_bytes <= self._room_bytes:
            self._kept[request] = wanted
            self._room_bytes -= size_bytes

    def of(self, name: str, request: Hashable) -> Outputs | None:
        """Return what the candidate has to answer; None of others, or if that is not known."""
        if self._compare is None or name != self._compare.candidate:
            return None
        return self._kept.get(request)


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
