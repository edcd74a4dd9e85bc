"""What one objective's word says of another: no two words of a report contradict each other.

Pure. "p99 < 1 s" and "errors < 1 %" are claims that at most a share of the requests is beyond a
limit (a failed request is beyond every limit). Whoever breaks a claim breaks every stricter one: a
smaller share, a lower limit. Whoever keeps one keeps every looser one. The rules judge each claim
by itself, and what is rare takes more requests; so a claim that they leave open takes the word of a
claim that settles it. The word of a claim that is settled by itself stays.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from eiload.judging.sla.sentences import BareVerdict
from eiload.judging.statistics.shares import Word
from eiload.scenario import Objective, Quantile, Share

__all__ = ["settled"]


ROUNDING = 1e-9
"""1 - 0.99 is more than 0.01, for a computer."""


class _Claim(NamedTuple):
    """Less than a share of the requests takes longer than a limit, or fails."""

    allowed: float
    limit_ns: float
    """Infinite for errors: only what failed is beyond it."""
    of: str
    """Which time; empty where no time matters."""

    def stricter_than(self, other: "_Claim") -> bool:
        """Tell whether whoever keeps this keeps the other, too."""
        same = self.of == other.of or not other.of
        return same and self.allowed <= other.allowed + ROUNDING and self.limit_ns <= other.limit_ns


def settled(
    objectives: Sequence[Objective], findings: Sequence[BareVerdict], *, answers_bad: bool
) -> list[BareVerdict]:
    """Return the findings on one target, those left open settled where others settle them.

    Args:
        objectives: the target's.
        findings: on each of them.
        answers_bad: whether answers were wrong: no time shows that errors are few then.
    """
    claims = [_claim(objective) for objective in objectives]
    found = []
    for mine, claim, objective in zip(findings, claims, objectives, strict=True):
        new = mine
        if claim is not None and mine.word is Word.UNDECIDED:
            for other, theirs, finding in zip(objectives, claims, findings, strict=True):
                if theirs is None or other is objective or not _same_requests(other, objective):
                    continue
                passes = finding.word is Word.PASS and theirs.stricter_than(claim)
                fails = finding.word is Word.FAIL and claim.stricter_than(theirs)
                if fails or (passes and not (answers_bad and not claim.of)):
                    said = "holds" if passes else "fails"
                    new = replace(mine, word=finding.word, reason=f"follows: {other.text} {said}")
                    break
        found.append(new)
    return found


def _same_requests(one: Objective, other: Objective) -> bool:
    return (one.phase, one.of_class) == (other.phase, other.of_class)


def _claim(objective: Objective) -> _Claim | None:
    match objective.metric:
        case Quantile(q, of, limit_ns):
            return _Claim(1 - q, float(limit_ns), of)
        case Share("errors", limit):
            return _Claim(limit, math.inf, "")
        case _:
            return None
