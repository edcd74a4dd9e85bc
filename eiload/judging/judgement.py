"""The verdict on a whole run: everything that was judged, the exit status, and the one last line.

What it knows: in which order things matter. What it must not know: how anything is judged or shown.

The exit status of a run is decided here, fail-closed: 0 takes a valid run that was not stopped and
nothing bad or open. When several hold, the first of 2, 4, a signal's, 5, 6, 1, 3 counts
(`first_of`); 2, 4 and 6 belong to whoever read the scenario, met the targets or wrote the results,
and so does a signal that came after the run. A run with nothing to judge follows Locust's own
habit: any request that failed makes it 1.
"""

import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from eiload.base import wording
from eiload.base.status import Status
from eiload.judging import agreement, health, looks, sla
from eiload.judging.agreement import Agreed
from eiload.judging.compare.comparison import Comparison
from eiload.judging.cost import Cost, cost
from eiload.judging.health import Validity
from eiload.judging.sla import Verdict, Word
from eiload.judging.statistics.levels import FIXED, Levels
from eiload.record import stopping
from eiload.record.run import Run
from eiload.record.stopping import SIGNALS

__all__ = ["NOT_JUDGED", "ORDER", "Judgement", "failures_of", "first_of", "judge", "status_of"]

T = TypeVar("T")

NOT_JUDGED = "a defect of eiload, see below"

ORDER = (2, 4, 129, 130, 143, 5, 6, 1, 3, 0)
"""Exit statuses, the most important first: wrong scenario, unusable target, SIGHUP, SIGINT,
SIGTERM, invalid run, unwritten result, bad verdict, undecided, good."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """Everything that is said of a run."""

    validity: Validity
    verdicts: tuple[Verdict, ...]
    """In the scenario's order. Of an invalid run all are undecided: it gets numbers, no words."""
    comparison: Comparison | None
    cost: Cost | None
    agreement: Agreed | None
    exit_status: int
    summary: str
    """One line that says it all."""


def first_of(*statuses: int) -> int:
    """Return the exit status that counts when several hold; 0 of none, 5 for one not known."""
    known = [status if status in ORDER else 5 for status in statuses]
    return min(known, key=ORDER.index, default=0)


def judge(run: Run, *, undecided_ok: bool = False, levels: Levels = FIXED) -> Judgement:
    """Return everything that can be said of a run.

    Args:
        run: the run.
        undecided_ok: let what is undecided or inconclusive pass for the exit status.
        levels: how sure the words must be; of one of several looks, higher ones. A run that goes on
            until all is decided has its own for each look.
    """
    parts = _Parts()
    validity = parts.of("soundness", lambda: health.check(run), Validity(True, (), ()))
    verdicts = parts.of(
        "objectives", lambda: looks.verdicts(run, levels), sla.unjudged(run, "not judged")
    )
    comparison = (
        parts.of("comparison", lambda: looks.comparison(run, levels), None)
        if run.scenario.compare
        else None
    )
    if stopping.is_abort(run.stopped):
        verdicts, comparison = _not_good(verdicts, comparison)
    agreed = parts.of("agreement", lambda: agreement.find(run), None)
    holds = validity.valid and not parts.defects and _holds(run, verdicts, comparison)
    costs = parts.of("cost", lambda: cost(run, holds=holds), None)
    if parts.defects:
        validity = replace(validity, valid=False, reasons=(*validity.reasons, *parts.defects))
    if not validity.valid:
        why = NOT_JUDGED if parts.defects else "the run is invalid"
        verdicts = tuple(replace(each, word=Word.UNDECIDED, reason=why) for each in verdicts)
        comparison = comparison.without_verdict(why) if comparison else None
    judgement = Judgement(
        validity=validity,
        verdicts=verdicts,
        comparison=comparison,
        cost=costs,
        agreement=agreed,
        exit_status=0,
        summary="",
    )
    status = first_of(*_statuses(run, judgement, undecided_ok=undecided_ok))
    return replace(judgement, exit_status=status, summary=_summary(run, judgement))


class _Parts:
    """Parts of a judgement, made one by one: what a defect takes is that part and no number."""

    def __init__(self) -> None:
        self.defects: list[str] = []
        """What could not be judged, a sentence each."""

    def of(self, what: str, make: Callable[[], T], otherwise: T) -> T:
        """Return a part, or what stands for it when making it fails."""
        try:
            return make()
        except Exception as error:  # any: the numbers must be shown whatever is wrong here
            where = traceback.extract_tb(error.__traceback__)[-1]
            self.defects.append(
                f"the {what} could not be judged: internal error: {type(error).__name__}: {error}"
                f" ({Path(where.filename).name}:{where.lineno}); a defect of eiload, the numbers"
                " stand"
            )
            return otherwise


def _not_good(
    verdicts: Iterable[Verdict], comparison: Comparison | None
) -> tuple[tuple[Verdict, ...], Comparison | None]:
    """Return what is left of the words on a run that was aborted: when it ended was no chance."""
    why = "the run was aborted"
    kept = tuple(
        replace(each, word=Word.UNDECIDED, reason=why) if each.word is Word.PASS else each
        for each in verdicts
    )
    if comparison is not None and comparison.word is not None and comparison.word.good:
        comparison = comparison.without_verdict(why)
    return kept, comparison


def _holds(run: Run, verdicts: Iterable[Verdict], comparison: Comparison | None) -> bool:
    """Tell whether a comparison's candidate does what is asked of it."""
    if comparison is None or comparison.word is None or not comparison.word.good:
        return False
    assert run.scenario.compare is not None
    candidate = run.scenario.compare.candidate
    return all(each.word is Word.PASS for each in verdicts if each.target == candidate)


def _statuses(run: Run, judgement: Judgement, *, undecided_ok: bool) -> Iterable[int]:
    """Yield every exit status that holds."""
    for name, status in SIGNALS.items():
        if name in run.stopped:
            yield status
    if not judgement.validity.valid:
        yield 5
        return
    words = [each.word for each in judgement.verdicts]
    comparison = judgement.comparison
    if Word.FAIL in words or stopping.is_abort(run.stopped):
        yield 1
    if Word.UNDECIDED in words and not undecided_ok:
        yield 3
    if comparison is not None:
        yield status_of(comparison, undecided_ok=undecided_ok)
    if not words and comparison is None and failures_of(run):
        yield 1


def status_of(comparison: Comparison, *, undecided_ok: bool = False) -> int:
    """Return the exit status that a comparison makes by itself."""
    word = comparison.word
    if word is not None and (word.good or word.bad):
        return 1 if word.bad else 0
    return 0 if undecided_ok else 3


def failures_of(run: Run) -> int:
    """Return how many requests outside of warm-up did not end OK; a bad answer is no OK."""
    failures = 0
    for index in range(len(run.targets)):
        ended = run.statuses(index, run.measured())
        failures += sum(ended.values()) - ended.get(Status.OK, 0)
    return failures


def _summary(run: Run, judgement: Judgement) -> str:
    """Return the one last line: validity, then what is bad, what is open, what is good."""
    name = wording.marked(run.scenario.name, run.emulated)
    ended = "ended" if stopping.as_planned(run.stopped) else "stopped"
    stopped = f", {ended} ({run.stopped})" if run.stopped else ""
    if not judgement.validity.valid:
        reasons = judgement.validity.reasons
        more = f" (and {wording.count(len(reasons) - 1, 'other reason')})" if reasons[1:] else ""
        return f"{name}: invalid run{stopped}: {reasons[0]}{more}"
    parts = [
        f"{number} of {wording.count(len(judgement.verdicts), 'objective')} {_SAID[word]}"
        for word in (Word.FAIL, Word.UNDECIDED, Word.PASS)
        if (number := sum(each.word is word for each in judgement.verdicts))
    ]
    if judgement.comparison:
        parts.append(judgement.comparison.statement)
    if not parts:
        failures = failures_of(run)
        requests = sum(
            sum(run.statuses(index, run.measured()).values()) for index in range(len(run.targets))
        )
        parts.append(
            f"{wording.count(requests, 'request')}, {wording.count(failures)} failed;"
            " no objectives to judge"
        )
    return f"{name}{stopped}: {'; '.join(parts)}"


_SAID = {Word.FAIL: "failed", Word.UNDECIDED: "undecided", Word.PASS: "passed"}
