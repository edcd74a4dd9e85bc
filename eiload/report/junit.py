"""A run's verdicts as JUnit XML, which every CI server reads.

Pure. One test case for each objective, one for the comparison, one for the run's validity, and one
for the requests of a run of which nothing was asked; what is not decided is a failure with its
reason, unless undecided verdicts are declared good enough. Of an invalid run, only the validity
fails and the rest is skipped: there is no verdict to report. Whatever else makes the exit status
(a signal, a file that could not be written) is a failing case too: a CI server that reads this file
and not the status must come to the same end. What passed is in the suite's output with its numbers.

The form satisfies the two schemas in common use (Windy Road's JUnit.xsd, after Ant's report, and
Jenkins' junit-10.xsd): where one demands an element or attribute that the other allows, it is
there. The standard library writes the XML; text that XML cannot hold is escaped before (`words`).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from eiload.base import wording
from eiload.base.clock import NS_PER_S
from eiload.judging.judgement import Judgement, failures_of
from eiload.judging.sla import Word
from eiload.record import stopping
from eiload.record.run import Run
from eiload.report import words

__all__ = ["MEANINGS", "TEXT_AT_MOST", "Case", "document", "render"]

SKIPPED = "skipped"

NO_VERDICT = "no verdict: the run is invalid"

MEANINGS = {
    6: "a result could not be written",
    129: "stopped: the terminal went away (SIGHUP)",
    130: "stopped by Ctrl-C (SIGINT)",
    143: "stopped by SIGTERM",
}
"""What can end a run beside its verdicts."""

TEXT_AT_MOST = 1000
"""Characters of one text."""


@dataclass(frozen=True, slots=True)
class Case:
    """A test case before it is XML."""

    group: str
    name: str
    outcome: str
    """The kind of failure; "skipped" when nothing can be said; empty when it is good."""
    reason: str

    @property
    def failed(self) -> bool:
        """Tell whether it is a failure."""
        return self.outcome not in {"", SKIPPED}

    @property
    def passed(self) -> bool:
        """Tell whether it is good, and why it is can be said."""
        return not self.outcome and bool(self.reason)


def render(run: Run, judgement: Judgement, *, undecided_ok: bool = False) -> str:
    """Return the XML document.

    Args:
        run: the run.
        judgement: of the run.
        undecided_ok: let undecided objectives and inconclusive comparisons pass.
    """
    cautions = (
        f"caution: {words.safe(each, TEXT_AT_MOST)}" for each in judgement.validity.cautions
    )
    return document(
        # In the name, because a CI server shows little else.
        wording.marked(words.safe(run.scenario.name), run.emulated),
        _cases(run, judgement, undecided_ok),
        started_wall_ns=run.started_wall_ns,
        length_ns=run.ended_ns,
        properties=_properties(run),
        summary=judgement.summary,
        errors="\n".join(cautions),
    )


def document(
    name: str,
    cases: Sequence[Case],
    *,
    started_wall_ns: int,
    length_ns: int,
    properties: Iterable[tuple[str, str]],
    summary: str,
    errors: str = "",
) -> str:
    """Return a suite of test cases as an XML document.

    Args:
        name: of the suite, fit for XML.
        cases: its test cases.
        started_wall_ns: when it began, ns since the epoch.
        length_ns: how long it took.
        properties: names and values, any text.
        summary: the first line of its output, any text; what has passed follows.
        errors: its other output, fit for XML.
    """
    length = f"{length_ns / NS_PER_S:.3f}"
    started = datetime.fromtimestamp(started_wall_ns // NS_PER_S, UTC)
    attributes = {
        "id": "0",
        "package": "eiload",
        "name": name,
        "hostname": "localhost",
        "timestamp": f"{started:%Y-%m-%dT%H:%M:%S}",
        "tests": str(len(cases)),
        "failures": str(sum(case.failed for case in cases)),
        "errors": "0",
        "skipped": str(sum(case.outcome == SKIPPED for case in cases)),
        "time": length,
    }
    suites = ET.Element("testsuites")
    suite = ET.SubElement(suites, "testsuite", attributes)
    listed = ET.SubElement(suite, "properties")
    for key, value in properties:
        # Schemas want a name of at least one character.
        known = {"name": words.safe(key) or "-", "value": words.safe(value)}
        ET.SubElement(listed, "property", known)
    for case in cases:
        where = {"classname": f"{name}.{case.group}", "name": case.name, "time": length}
        element = ET.SubElement(suite, "testcase", where)
        if case.outcome == SKIPPED:
            ET.SubElement(element, "skipped", {"message": case.reason})
        elif case.failed:
            failure = {"message": case.reason, "type": case.outcome}
            ET.SubElement(element, "failure", failure).text = case.reason
    passed = [f"passed: {case.group} {case.name}: {case.reason}" for case in cases if case.passed]
    ET.SubElement(suite, "system-out").text = "\n".join(
        [words.safe(summary, TEXT_AT_MOST), *passed]
    )
    ET.SubElement(suite, "system-err").text = errors
    ET.indent(suites)
    text: bytes = ET.tostring(suites, "utf-8", xml_declaration=True)
    return text.decode("utf-8") + "\n"


def _properties(run: Run) -> Iterator[tuple[str, str]]:
    yield from run.environment.items()
    for target in run.targets:
        yield f"target {target.name}", f"{target.address} {target.model}"
        if target.emulated:
            yield f"emulated {target.name}", target.emulated


def _cases(run: Run, judgement: Judgement, undecided_ok: bool) -> list[Case]:
    """Return the test cases: validity, objectives, the comparison, what else ended the run."""
    validity = judgement.validity
    reasons = "; ".join(words.safe(reason, TEXT_AT_MOST) for reason in validity.reasons)
    cases = [Case("run", "is valid", "" if validity.valid else "invalid", reasons)]
    if stopping.is_abort(run.stopped):
        why = words.safe(run.stopped, TEXT_AT_MOST)
        cases.append(Case("run", "is not aborted for cause", "aborted", why))
    verdicts = [
        *_verdicts(judgement, "" if undecided_ok else "undecided"),
        *_unasked(run, judgement),
    ]
    if not validity.valid:
        verdicts = [replace(case, outcome=SKIPPED, reason=NO_VERDICT) for case in verdicts]
    cases += verdicts
    if judgement.exit_status and not any(case.failed for case in cases):
        meaning = MEANINGS.get(judgement.exit_status, "see the log")
        reason = f"exit status {judgement.exit_status}: {meaning}"
        cases.append(Case("run", "ends with exit status 0", "exit status", reason))
    return cases


def _verdicts(judgement: Judgement, open_: str) -> Iterator[Case]:
    """Yield a case for each verdict; `open_` is the failure that an undecided one is, if any."""
    for verdict in judgement.verdicts:
        outcome = {Word.PASS: "", Word.FAIL: "fail", Word.UNDECIDED: open_}[verdict.word]
        reason = words.safe(f"{verdict.word}: {verdict.observed}: {verdict.reason}", TEXT_AT_MOST)
        name = words.safe(verdict.objective.said)
        yield Case(words.safe(verdict.target), name, outcome, words.safe(reason, TEXT_AT_MOST))
    comparison = judgement.comparison
    if comparison is not None:
        word = comparison.word
        outcome = open_ if word is None else "" if word.good else str(word) if word.bad else open_
        name = words.safe(f"{comparison.candidate.name} against {comparison.baseline.name}")
        reason = words.safe(comparison.statement, TEXT_AT_MOST)
        yield Case("comparison", name, outcome, reason)


def _unasked(run: Run, judgement: Judgement) -> Iterator[Case]:
    """Yield the case that a run without objectives is judged by: its requests."""
    if judgement.verdicts or judgement.comparison is not None or run.scenario.compare is not None:
        return
    failed = failures_of(run)
    targets = range(len(run.targets))
    total = sum(sum(run.statuses(target, run.measured()).values()) for target in targets)
    reason = f"{wording.count(failed)} of {wording.count(total, 'request')} did not end OK"
    outcome = "failed requests" if failed and judgement.exit_status else ""
    yield Case("run", "no request failed", outcome, reason)
