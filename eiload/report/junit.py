"""A run's verdicts as JUnit XML, which every CI server reads.

Pure. One test case for each objective, one for the comparison, one for the run's validity; what is
not decided is a failure with its reason, unless undecided verdicts are declared good enough. Of an
invalid run, only the validity fails and the rest is skipped: there is no verdict to report.

The form satisfies the two schemas in common use (Windy Road's JUnit.xsd, after Ant's report, and
Jenkins' junit-10.xsd): where one demands an element or attribute that the other allows, it is
there. The standard library writes the XML; text that XML cannot hold is escaped before (`words`).
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from eiload.clock import NS_PER_S
from eiload.judgement import Judgement
from eiload.report import words
from eiload.run import Run

__all__ = ["render"]


@dataclass(frozen=True, slots=True)
class _Case:
    """A test case before it is XML."""

    group: str
    name: str
    outcome: str = ""
    """The kind of failure; "skipped" when nothing can be said; empty when it is good."""
    reason: str = ""


def render(run: Run, judgement: Judgement, *, undecided_ok: bool = False) -> str:
    """Return the XML document.

    Args:
        run: the run.
        judgement: of the run.
        undecided_ok: let undecided objectives and inconclusive comparisons pass.
    """
    cases = list(_cases(judgement, undecided_ok))
    failures = sum(case.outcome not in {"", "skipped"} for case in cases)
    skipped = sum(case.outcome == "skipped" for case in cases)
    name = words.safe(run.scenario.name)
    length = f"{run.ended_ns / NS_PER_S:.3f}"
    started = datetime.fromtimestamp(run.started_wall_ns // NS_PER_S, UTC)
    suites = ET.Element("testsuites")
    suite = ET.SubElement(
        suites,
        "testsuite",
        {
            "id": "0",
            "package": "eiload",
            "name": name,
            "hostname": "localhost",
            "timestamp": f"{started:%Y-%m-%dT%H:%M:%S}",
            "tests": str(len(cases)),
            "failures": str(failures),
            "errors": "0",
            "skipped": str(skipped),
            "time": length,
        },
    )
    properties = ET.SubElement(suite, "properties")
    facts = {f"target {target.name}": target.address for target in run.targets}
    facts |= {
        f"emulated {target.name}": target.emulated for target in run.targets if target.emulated
    }
    for key, value in (run.environment | facts).items():
        ET.SubElement(
            properties, "property", {"name": words.safe(key) or "-", "value": words.safe(value)}
        )
    for case in cases:
        attributes = {"classname": f"{name}.{case.group}", "name": case.name, "time": length}
        element = ET.SubElement(suite, "testcase", attributes)
        if case.outcome == "skipped":
            ET.SubElement(element, "skipped", {"message": case.reason})
        elif case.outcome:
            failure = {"message": case.reason, "type": case.outcome}
            ET.SubElement(element, "failure", failure).text = case.reason
    ET.SubElement(suite, "system-out").text = words.safe(judgement.summary, limit=1000)
    ET.SubElement(suite, "system-err").text = "\n".join(
        f"caution: {words.safe(caution)}" for caution in judgement.validity.cautions
    )
    ET.indent(suites)
    return ET.tostring(suites, "unicode", xml_declaration=True) + "\n"
