"""Do two targets answer the same? The share of compared answers that agree, and its verdict.

What it knows: how many answers were compared and agreed. What it must not know: tensors, boxes and
what agreement is (`eiload.serving.agree`).

A model gives one image one answer, however often it is asked, so repeats are not evidence and an
interval over requests would be false precision: the observed share is judged as it is, and a pass
takes enough comparisons to have met the payloads. One disagreement above the limit is a fail.
"""

from dataclasses import dataclass

from eiload.base import wording
from eiload.base.units import format_share
from eiload.judging.statistics.shares import Word
from eiload.record.run import Run
from eiload.scenario import Scenario

__all__ = ["LEAST_COMPARED", "Agreed", "find", "verdict"]

LEAST_COMPARED = 20
"""Compared answers that a pass takes, or as many as there are payloads if these are fewer than 200:
few images asked often are seen whole, of many a sample."""

MOST_PAYLOADS = 200


@dataclass(frozen=True, slots=True)
class Agreed:
    """How often a comparison's candidate answered what its baseline did."""

    baseline: str
    candidate: str
    compared: int
    agreed: int

    @property
    def share(self) -> float:
        """Return the share that agrees; NaN when nothing was compared."""
        return self.agreed / self.compared if self.compared else float("nan")

    @property
    def percent(self) -> str:
        """Return the share in words, to two digits of what is missing: 99.96 % is not 100 %."""
        missing = float(f"{(1 - self.share) * 100:.2g}")
        return f"{100 - missing:.12g} %" if self.compared else "-"


def find(run: Run) -> Agreed | None:
    """Return how far the compared targets agree, warm-up apart; None when nothing was compared."""
    compare = run.scenario.compare
    if compare is None:
        return None
    candidate = run.target_index(compare.candidate)
    answers = run.answers(candidate)
    if not answers.compared:
        return None
    return Agreed(compare.baseline, compare.candidate, answers.compared, answers.agreed)


def verdict(run: Run, at_least: float) -> tuple[Word, str, str]:
    """Return the word on "at least this share agrees", what was observed, and why."""
    found = find(run)
    if found is None:
        return Word.UNDECIDED, "nothing", "no answers were compared"
    observed = (
        f"{wording.count(found.agreed)} of {wording.count(found.compared)} compared answers agree"
    )
    if found.share < at_least:
        return (
            Word.FAIL,
            observed,
            f"{found.percent} is under {format_share(at_least)}",
        )
    needs = _least(run.scenario)
    if found.compared < needs:
        every = wording.count(max(1, run.scenario.sample * found.compared // needs))
        return (
            Word.UNDECIDED,
            observed,
            f"needs at least {wording.count(needs)} compared answers: `sample: {every}`",
        )
    return Word.PASS, observed, "of the answers compared; the same image gets the same answer"


def _least(scenario: Scenario) -> int:
    payloads = sum(part.known_count or MOST_PAYLOADS for part in scenario.payload.parts)
    return max(LEAST_COMPARED, min(payloads, MOST_PAYLOADS))
