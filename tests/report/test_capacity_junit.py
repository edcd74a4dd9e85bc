"""A capacity search as JUnit XML."""

from dataclasses import replace
from xml.etree import ElementTree as ET

from eiload.judging.capacity.result import Search, result
from eiload.report.capacity_junit import render
from tests.report import searches
from tests.report.test_junit import schema


def cases(search: Search) -> dict[str, str]:
    """Return each case's failure by its name; empty where it is good."""
    text = render(search, result(search))
    root = ET.fromstring(text)
    schema().validate(root)
    found = {}
    for case in root.iter("testcase"):
        failure = case.find("failure")
        found[case.attrib["name"]] = "" if failure is None else failure.attrib["type"]
    return found


def test_found() -> None:
    """A case a target, all good."""
    assert cases(searches.found()) == {"gpu": "", "ei": ""}


def test_open() -> None:
    """What is not found fails, and so does a search that was stopped."""
    assert cases(searches.unfinished()) == {
        "gpu": "budget", "ei": "died", "the search comes to its end": "exit status",
    }  # fmt: skip
    died = replace(searches.unfinished(), stopped="")
    assert cases(died) == {"gpu": "budget", "ei": "died"}
    assert set(cases(searches.hostile())) == {"gpu", "ei"}
