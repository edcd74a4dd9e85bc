"""A capacity search as JUnit XML: a test case for each target, which passes if it is found.

Pure. What nothing has proved on one side is a failure with its reason, and so is whatever else
makes the exit status (a signal): a CI server that reads this file and not the status must come to
the same end.
"""

from collections.abc import Iterator

from eiload.base import wording
from eiload.base.clock import NS_PER_S
from eiload.judging.capacity.result import STATUSES, Result, Search, open_ends
from eiload.report import words
from eiload.report.junit import MEANINGS, TEXT_AT_MOST, Case, document

__all__ = ["render"]


def render(search: Search, found: Result) -> str:
    """Return the XML document."""
    took_s = sum(trial.took_s for trial in search.trials)
    return document(
        wording.marked(words.safe(search.scenario.name), search.emulated),
        [*_cases(search, found)],
        started_wall_ns=search.started_wall_ns,
        length_ns=round(took_s * NS_PER_S),
        properties=_properties(search),
        summary=found.summary,
        errors="\n".join(words.safe(note, TEXT_AT_MOST) for note in search.notes),
    )


def _cases(search: Search, found: Result) -> Iterator[Case]:
    failed = False
    for each, said in zip(found.brackets, found.statements, strict=False):
        ends = open_ends(each)
        outcome = min(ends, key=lambda why: STATUSES[why]).name.lower() if ends else ""
        failed = failed or bool(ends)
        reason = words.safe(said, TEXT_AT_MOST)
        yield Case("capacity", words.safe(each.target), outcome, reason)
    if search.stopped or (found.exit_status and not failed):
        meaning = MEANINGS.get(found.exit_status, "see the log")
        reason = f"exit status {found.exit_status}: {meaning}"
        yield Case("capacity", "the search comes to its end", "exit status", reason)


def _properties(search: Search) -> Iterator[tuple[str, str]]:
    bounds = search.bounds
    yield "from", wording.rate(bounds.low_per_s)
    yield "to", wording.rate(bounds.high_per_s)
    yield "budget", wording.span(bounds.budget_s)
    for name, target in search.scenario.targets.items():
        yield f"target {name}", f"{target.server or 'a stand-in'} {target.model}"
    for who, what in {each.trial.target: each.emulated for each in search.seen}.items():
        if what:
            yield f"emulated {who}", what
