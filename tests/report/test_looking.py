"""What is said of looks: when, how sure, and what a share must be to decide."""

from dataclasses import replace

import pytest

from eiload.judging.looks import levels_of
from eiload.judging.statistics.levels import FIXED
from eiload.record import looks
from eiload.record.taken import LookFacts
from eiload.report import looking
from eiload.report.outlook import needed, outlook
from eiload.scenario import Max, Quantile, Share
from tests.golden import TWO, golden_run, scenario

UNTIL = TWO.replace("for: 5 min", "for: {at_least: 5 min, at_most: 1 h, until: decided}")


def test_none() -> None:
    """A run that just ends has none."""
    assert looking.outlook(scenario()) == []
    assert looking.section(scenario()) is None


def test_before_the_run() -> None:
    """`eiload validate` says when it is looked at, and what giving up costs who asks for it."""
    said = outlook(scenario(UNTIL))
    assert said[1] == (
        "goes on until decided: looked at after 5 min, 10 min, 20 min, 40 min and 60 min of steady,"
        " the last look is the end; all looks together err as often as one"
    )
    assert not any("give_up" in line for line in said)
    asked = outlook(scenario(UNTIL.replace("decided}", "decided, give_up: hopeless}")))
    assert "70 % pass instead of 92 %" in asked[2]


def test_as_a_table() -> None:
    """`eiload plan` says how sure each look must be."""
    section = looking.section(scenario(UNTIL))
    assert section is not None
    rows = [row.cells for row in section.rows]
    assert rows[0] == ("5 min", "99.94 %", "99.79 %", "99.79 %", "99.58 %")
    assert rows[-1] == ("60 min", "99.66 %", "98.64 %", "98.64 %", "97.28 %")


def test_what_the_end_takes() -> None:
    """A plan that is looked at needs more than one that is judged once, and says so before it."""
    of = scenario(UNTIL)
    assert looking.at_end(scenario().traffic) is FIXED
    assert looking.at_end(of.traffic).quantile_passes == pytest.approx(0.99656, abs=1e-4)
    rare = replace(of.objectives[0], metric=Quantile(0.99, "response", 1))
    once, last = (needed(rare, each.traffic[1:]).requests for each in (scenario(), of))
    assert last >= once


def test_what_was_seen() -> None:
    """A report lists the looks that were taken, and what each left open."""
    run = golden_run(UNTIL.replace("1 h", "16 min").replace("5 min", "2 min"))
    taken = (LookFacts(130, 131 * 10**9, ("p95 < 300 ms of gpu",)), LookFacts(250, 1, ()))
    seen = replace(run, looks=taken)
    assert ["".join(map(str, line)) for line in looking.taken(seen)] == [
        "  look after 2 min: open: p95 < 300 ms of gpu",
        "  look after 4 min: none open",
    ]
    assert looking.taken(golden_run()) == []


def test_boundary() -> None:
    """Between the two ends nothing is decided; the surer a look must be, the further apart."""
    assert looking.boundary(Quantile(0.99, "response", 1), FIXED, 2000) == (
        "under 0.5 % or over 1.5 % at least"
    )
    plan = looks.planned(scenario(UNTIL))
    assert plan is not None
    first = levels_of(plan)[0]
    assert looking.boundary(Share("errors", 0.01), first, 2000) == (
        "under 0.45 % or over 1.75 % at least"
    )
    assert looking.boundary(Share("errors", 0.01), FIXED, 100) == "over 4 % at least"


@pytest.mark.parametrize("requests", [0, 10])
def test_no_boundary(requests: int) -> None:
    """What is no share, or of no request, has none."""
    assert looking.boundary(Max("response", 1), FIXED, requests) == ""
    assert looking.boundary(Share("errors", 0.01), FIXED, 0) == ""
