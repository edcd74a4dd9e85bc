"""The rules of README.md, as questions to what a run has left; each answer is a broken rule."""

from collections.abc import Iterator
from pathlib import Path

from eiload.base.errors import EiloadError
from eiload.judging.judgement import judge
from eiload.record.journal import read
from eiload.record.run import Run, load
from tests.e2e.locust_runs import Finished, due
from tests.faults.plan import FAULTS, Plan

__all__ = ["broken"]

STATUS_OF = {"SIGHUP": 129, "SIGINT": 130, "SIGTERM": 143}
VERDICTS = {0, 1, 3}


def broken(plan: Plan, finished: Finished, folder: Path, served: int) -> list[str]:
    """Return which rules a run has broken, in words.

    Args:
        plan: what happened to it.
        finished: how it ended.
        folder: what it wrote.
        served: how many requests of the load the server of `counted` has seen, at most.
    """
    path = folder / "run.json"
    run = load(path) if path.exists() else None
    found = [*_status(plan, finished, run), *_words(plan, finished), *_left(plan, folder)]
    if run is not None:
        found += [*_ledger(plan, run, served), *_verdicts(run)]
    return found


def _status(plan: Plan, finished: Finished, run: Run | None) -> Iterator[str]:
    status = finished.status
    if plan.fault in {"kill master", "terminal gone"} and status == -9:
        return  # it is the terminal's own in the second case
    allowed = {0, 1, 3, 4, 5}  # also where the fault came when all was over
    if (of := STATUS_OF.get(FAULTS.get(plan.fault, ""))) is not None:
        allowed.add(of)
        if not _ours(finished):
            allowed.add(128 - of)  # Python's own end, which a shell tells as the same
    if plan.fault == "disk full":
        allowed.add(6)
    if plan.fault == "reader gone":
        allowed |= {6, 141}
    if status not in allowed:
        yield f"R3: status {status} of {plan.fault}"
    elif status in VERDICTS and run is None:
        yield f"R3: status {status}, which is a verdict, and no run file"
    elif status in VERDICTS and run is not None and judge(run).exit_status != status:
        yield f"R3: status {status}, and the run file says {judge(run).exit_status}"


def _ours(finished: Finished) -> bool:
    """Tell whether eiload had been loaded, as far as it has said anything."""
    return "eiload: " in finished.err


def _words(plan: Plan, finished: Finished) -> Iterator[str]:
    if "Traceback" in finished.err and (_ours(finished) or FAULTS.get(plan.fault) != "SIGINT"):
        yield "R2: a traceback:\n" + finished.err[-3000:]
    if finished.status in {2, 4, 5} and not finished.complaints():
        yield f"R2: status {finished.status} and not a word"


def _left(plan: Plan, folder: Path) -> Iterator[str]:
    hidden = [path.name for path in folder.iterdir() if path.name.startswith(".run")]
    if hidden and plan.fault != "kill master":
        yield f"R6: left: {hidden}"
    journal = folder / "run.json.journal"
    if (folder / "run.json").exists():
        if journal.exists() and plan.fault != "kill master":  # it may have been just between
            yield "R6: a journal beside its run file"
    elif journal.exists():
        try:
            read(journal)
        except EiloadError as error:
            if len(journal.read_bytes().splitlines()) > 1:
                yield f"R5: {error}"


def _ledger(plan: Plan, run: Run, served: int) -> Iterator[str]:
    planned = due(run)
    for index, target in enumerate(run.targets):
        statuses = run.statuses(index, run.phases())
        total = sum(statuses.values())
        if total != planned:
            yield f"R1: {target.name}: {total} accounted for, {planned} were due: {statuses}"
        ok = statuses.get(0, 0)  # type: ignore[call-overload]
        if target.name == "counted" and not ok <= served <= total + 20:
            yield f"R1: {ok} ok of {total}, and the server has seen {served}"


def _verdicts(run: Run) -> Iterator[str]:
    judgement = judge(run)
    words = {verdict.word.value for verdict in judgement.verdicts}
    if judgement.exit_status == 5 and words - {"undecided"}:
        yield f"R7: an invalid run with {words}"
