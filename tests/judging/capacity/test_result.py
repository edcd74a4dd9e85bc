"""What a search comes to: words, statuses, costs, whatever is open."""

import math
import re
from dataclasses import replace

import pytest

from eiload.judging.capacity import Between, Purpose, TrialWord
from eiload.judging.capacity.result import Search, between, result
from tests.report import searches
from tests.report.searches import trial

HOLDS, FAILS, UNDECIDED = TrialWord.HOLDS, TrialWord.FAILS, TrialWord.UNDECIDED


def of(*seen: tuple[float, TrialWord], left_s: float = 0.5) -> Search:
    """Return a search of one target, of trials that prove and of a budget of which that is left."""
    target = "gpu"
    scenario = searches.scenario()
    one = scenario.model_copy(
        update={"targets": {target: scenario.targets[target]}, "compare": None}
    )
    made = tuple(trial(number, target, *each) for number, each in enumerate(seen))
    used_s = sum(each.trial.took_s for each in made)
    bounds = replace(searches.BOUNDS, budget_s=used_s + left_s)
    return replace(searches.found(), scenario=one, seen=made, bounds=bounds)


def test_found() -> None:
    """Both capacities, their ratio, what they cost, in one line; and the status is 0."""
    found = result(searches.found())
    assert found.exit_status == 0
    assert found.statements == (
        "gpu's capacity is 24/s to 33/s (95 % confidence)",
        "ei's capacity is 12/s to 16/s (95 % confidence)",
        "ei's capacity is 0.364 to 0.667 times gpu's (90 % confidence)",
        (
            "a million inferences at capacity cost on gpu 7.58 to 10.4 USD, ei 2.95 to 3.94 USD: "
            "ei -71.7 % to -48.1 % (90 % confidence)"
        ),
    )
    assert found.summary == f"two: {'; '.join(found.statements)}"
    assert found.cost_ratio is not None
    assert found.cost_ratio.high == pytest.approx(3.93519 / 7.57576)


@pytest.mark.parametrize(
    ("seen", "said", "status"),
    [
        (((120, HOLDS),), "at least 120/s .*the range ends; expected a higher 'to'", 2),
        (((2, FAILS),), "under 2/s .*the range begins; expected a lower 'from'", 2),
        (((24, HOLDS), (30, UNDECIDED)), "at least 24/s .*a trial at 30/s stayed undecided", 3),
        (((24, HOLDS),), "at least 24/s .*the budget was over before", 3),
        (((30, FAILS), (20, TrialWord.DIED)), "under 30/s .*: it died at 20/s", 4),
        (
            ((24, HOLDS), (50, TrialWord.LIMITED), (50, TrialWord.LIMITED)),
            "at least 24/s .*the generator could not offer 50/s; expected --processes",
            5,
        ),
        ((), "not known: the budget was over before", 3),
        (((20, HOLDS), (25, FAILS), (30, HOLDS)), "20/s to 25/s .*; a rate above held", 0),
    ],
)
def test_what_is_open(seen: tuple[tuple[float, TrialWord], ...], said: str, status: int) -> None:
    """Why, and what would close it; each kind has its exit status."""
    found = result(of(*seen))
    assert re.search(f"gpu's capacity is {said}", found.statements[0])
    assert found.exit_status == status


def test_about() -> None:
    """Trials that only explore give no number but a hint."""
    seen = (
        trial(0, "gpu", 20, UNDECIDED, purpose=Purpose.EXPLORE, p95_ms=200),
        trial(1, "gpu", 30, UNDECIDED, purpose=Purpose.EXPLORE, p95_ms=400),
    )
    found = result(replace(of(), seen=seen))
    assert found.statements[0].startswith("gpu's capacity is not known, about 2")


def test_what_became_of_the_budget() -> None:
    """It was used up, or its rest was too short, or the search had an end of another kind."""
    said = [result(of((24, HOLDS), left_s=left_s)).statements[0] for left_s in (0.5, 60, 3600)]
    assert [line.partition("confidence): ")[2] for line in said] == [
        "the budget was over before; expected a larger budget",
        "what is left of the budget is too short for one more trial; expected a larger budget",
        "the search ended before",
    ]


def test_what_an_undecided_trial_lacked() -> None:
    """Where it had all the time that a trial may have, no budget helps."""
    search = of((24, HOLDS), (30, UNDECIDED))
    short = replace(search, bounds=replace(search.bounds, at_least_s=60, at_most_s=300))
    for each, said in ((search, "a larger budget"), (short, "longer trials ('trial')")):
        assert result(each).statements[0].endswith(f"30/s stayed undecided; expected {said}")


@pytest.mark.parametrize(
    ("rates_ms", "said"),
    [
        (((10, 200), (20, 400)), "not known, 10/s was borne before: it died at 5/s"),
        (((2, 200), (20, 400)), "not known, 2/s was borne before: it died at 5/s"),
        (((4, 200),), "not known, 4/s was borne before: it died at 5/s"),
        (((20, 400),), "not known: it died at 5/s"),
        (((2, 200), (4, 400)), "not known, about 3/s by what was seen: it died at 5/s"),
    ],
)
def test_about_and_died(rates_ms: tuple[tuple[float, float], ...], said: str) -> None:
    """No hint contradicts that it died at less."""
    seen = [
        trial(number, "gpu", rate, UNDECIDED, purpose=Purpose.EXPLORE, p95_ms=ms)
        for number, (rate, ms) in enumerate(rates_ms)
    ]
    seen.append(trial(len(seen), "gpu", 5, TrialWord.DIED))
    found = result(replace(of(), seen=tuple(seen)))
    assert found.statements[0].removeprefix("gpu's capacity is ").startswith(said)


def test_stopped() -> None:
    """A signal counts before what is open, and says so."""
    found = result(searches.unfinished())
    assert found.exit_status == 130
    assert found.summary.startswith("two, stopped (SIGINT): gpu's capacity is at least 24/s")
    assert "ei's capacity is not known: the search was stopped" in found.summary


def test_half_known_costs() -> None:
    """One end of a cost or a ratio is said as that."""
    found = result(replace(searches.unfinished(), stopped=""))
    assert found.statements[-1] == "a million inferences at capacity cost on gpu at most 10.4 USD"
    seen = (trial(0, "gpu", 24, HOLDS), trial(1, "ei", 16, FAILS))
    found = result(replace(searches.found(), seen=seen))
    assert found.statements[2] == "ei's capacity is at most 0.667 times gpu's (90 % confidence)"
    assert found.statements[3].endswith(
        "gpu at most 10.4 USD, ei at least 2.95 USD: ei -71.7 % or more (90 % confidence)"
    )
    seen = (trial(0, "gpu", 33, FAILS), trial(1, "ei", 12, HOLDS))
    found = result(replace(searches.found(), seen=seen))
    assert found.statements[2] == "ei's capacity is at least 0.364 times gpu's (90 % confidence)"
    assert found.statements[3].endswith(": ei -48.1 % at most (90 % confidence)")


def test_emulated() -> None:
    """The word stands in the line that is quoted alone."""
    search = searches.found()
    stood_in = replace(search, seen=(replace(search.seen[0], emulated="a stand-in"), *search.seen))
    assert result(stood_in).summary.startswith("two (emulated): ")


def test_between() -> None:
    """Two ends, one, or none."""
    assert between(Between(0, math.inf, 0.05)) == "not known"
    assert between(Between(1234.5, 2000, 0.05)) == "1.23e+03 to 2e+03"
