"""Verdicts as JUnit XML."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from eiload.base.clock import NS_PER_S
from eiload.record.intervals import Intervals
from eiload.record.run import Run
from eiload.report import junit
from tests.golden import MIX, golden_run
from tests.report import runs
from tests.report.runs import judged


@cache
def schema() -> Any:
    """Return the schema of the form; making it, and importing what does, takes a second."""
    import xmlschema

    return xmlschema.XMLSchema(str(Path(__file__).with_name("junit.xsd")))


def suite(run: Run, *, undecided_ok: bool = False) -> ET.Element:
    """Return the one test suite of a run's report, which is valid by the schema."""
    text = junit.render(run, judged(run, undecided_ok=undecided_ok), undecided_ok=undecided_ok)
    root = ET.fromstring(text)
    schema().validate(root)
    (found,) = root
    return found


def outcomes(found: ET.Element) -> dict[str, str | None]:
    """Return each test case's name with the type of its failure, "skipped", or None."""
    return {
        f"{case.get('classname')} {case.get('name')}": next(
            (child.get("type", child.tag) for child in case), None
        )
        for case in found.iter("testcase")
    }


def test_one_case_for_each_question() -> None:
    """Validity, every objective of every target, and the comparison are test cases."""
    found = suite(runs.golden())
    assert outcomes(found) == {
        "golden.run is valid": None,
        "golden.gpu p99 < 400 ms": None,
        "golden.ei p99 < 400 ms": "undecided",
        "golden.gpu errors < 5 %": None,
        "golden.ei errors < 5 %": None,
        "golden.comparison ei against gpu": "increase",
    }
    assert [found.get(key) for key in ("tests", "failures", "skipped")] == ["6", "2", "0"]


def test_a_class_is_a_case_of_its_own() -> None:
    """Objectives of one text are told apart by class and phase; a failing one has its numbers."""
    found = suite(golden_run(MIX))
    assert outcomes(found) == {
        "mixed.run is valid": None,
        "mixed.gpu p50 < 200 ms": None,
        "mixed.ei p50 < 200 ms": None,
        "mixed.gpu p95 < 300 ms for small in steady": None,
        "mixed.ei p95 < 300 ms for small in steady": None,
        "mixed.ei p95 < 300 ms for large": "fail",
        "mixed.comparison ei against gpu": None,
    }
    (failure,) = found.iter("failure")
    large = golden_run(MIX).of_class("large")
    assert f"of {large.sample(1).total:,} over 300 ms" in failure.get("message", "")
    said = found.findtext("system-out", "")
    assert "passed: gpu p95 < 300 ms for small in steady: pass: p95 " in said


def test_a_failure_says_why() -> None:
    """The message of a failure is the verdict's sentence."""
    undecided, increase = suite(runs.golden()).iter("failure")
    assert undecided.get("message", "").startswith("undecided: p99 196 ms, 10 of 3,000 over 400 ms")
    assert increase.get("message", "").startswith("increase: p99 of ei against gpu +")
    assert increase.text == increase.get("message")


def test_undecided_is_a_failure_unless_declared_good() -> None:
    """An undecided objective fails with its reason; with `--undecided ok` it does not."""
    text = runs.SCENARIO.replace("p99 < 400 ms", "p99.9 < 400 ms")
    run = replace(runs.golden(), scenario=runs.scenario(text))
    assert outcomes(suite(run))["golden.gpu p99.9 < 400 ms"] == "undecided"
    assert outcomes(suite(run, undecided_ok=True))["golden.gpu p99.9 < 400 ms"] is None


def test_an_invalid_run_has_no_verdicts() -> None:
    """Only the validity fails; everything else is skipped."""
    run = replace(runs.golden(), problems=("the sender died",))
    found = suite(run)
    assert set(outcomes(found).values()) == {"invalid", "skipped"}
    assert outcomes(found)["golden.run is valid"] == "invalid"
    (failure,) = found.iter("failure")
    assert failure.text == "the sender died"


def test_nothing_recorded() -> None:
    """A run without requests makes a valid document that fails."""
    found = suite(replace(runs.golden(), intervals=Intervals.empty()))
    assert int(found.get("failures", "0")) > 0


@pytest.mark.parametrize("problems", [(), runs.HOSTILE])
def test_hostile_text_is_text(problems: tuple[str, ...]) -> None:
    """Markup, control characters and bidi overrides in names make no markup in the document."""
    found = suite(replace(runs.hostile(), problems=problems))
    names = {case.get("classname") for case in found.iter("testcase")}
    if not problems:
        assert "golden (emulated).<img src=x onerror=alert(1)>" in names
    text = ET.tostring(found, "unicode")
    assert not set(text) & {"\x1b", "\x07", "\u202e", "\u2066"}
    assert "<img" not in text
    assert "<script" not in text


def test_emulated_targets_are_marked() -> None:
    """A stand-in among the targets is in every name and in the properties."""
    run = runs.golden()
    run = replace(run, targets=(run.targets[0], replace(run.targets[1], emulated="eia2.medium")))
    found = suite(run)
    properties = {p.get("name"): p.get("value") for p in found.iter("property")}
    assert properties["emulated ei"] == "eia2.medium"
    assert found.get("name") == "golden (emulated)"
    assert all(name.startswith("golden (emulated).") for name in outcomes(found))


def test_time_is_the_length_of_the_load() -> None:
    """The suite's time is the run's, in seconds."""
    assert suite(replace(runs.golden(), ended_ns=NS_PER_S * 70)).get("time") == "70.000"


def test_failed_requests_of_a_run_without_objectives_are_a_case() -> None:
    """What makes the exit status 1 is a failing case with its numbers, and passes otherwise."""
    text = runs.SCENARIO.replace("objectives:", "# ").replace("compare:", "# ")
    run = replace(runs.golden(), scenario=runs.scenario(text))
    found = suite(run)
    assert outcomes(found)["golden.run no request failed"] == "failed requests"
    (failure,) = found.iter("failure")
    assert failure.text == "10 of 6,000 requests did not end OK"
    forgiven = replace(judged(run), exit_status=0)  # --exit-code-on-error 0
    accepted = ET.fromstring(junit.render(run, forgiven))[0]
    assert accepted.get("failures") == "0"


@pytest.mark.parametrize(("status", "meaning"), [(130, "SIGINT"), (143, "SIGTERM"), (6, "written")])
def test_never_green_where_the_exit_status_is_not_0(status: int, meaning: str) -> None:
    """A signal, or a file that could not be written, is a failing case too."""
    text = runs.SCENARIO.replace("[p99 < 400 ms, errors < 5 %]", "[errors < 5 %]")
    run = replace(runs.golden(), scenario=runs.scenario(text.replace("compare:", "# ")))
    assert suite(run).get("failures") == "0"
    ended = replace(judged(run), exit_status=status)
    found = ET.fromstring(junit.render(run, ended))
    schema().validate(found)
    (failure,) = found.iter("failure")
    assert meaning in (failure.text or "")


def test_passes_carry_their_numbers() -> None:
    """What passed is in the suite's output, a line each."""
    lines = (suite(runs.golden()).findtext("system-out") or "").splitlines()
    assert [line for line in lines if line.startswith("passed: gpu p99 < 400 ms: pass: p99 ")]
