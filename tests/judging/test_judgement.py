"""judgement: the exit status is fail-closed and the last line says it all."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eiload.base.status import Status
from eiload.judging import judgement
from eiload.judging.judgement import first_of, judge
from eiload.judging.sla import Word
from eiload.record.intervals import Intervals
from eiload.record.run import Run
from tests.golden import ONE, TWO, away, golden_run, steady, with_target

SLOW = {"ei": steady(140, 2)}
OPEN = TWO.replace("p95 < 300 ms", "p99.9 < 300 ms")
"""Two objectives, one of which takes more requests than there are."""


def status(run: Run, *, undecided_ok: bool = False) -> int:
    """Return a run's exit status."""
    return judge(run, undecided_ok=undecided_ok).exit_status


def test_everything_good_is_0() -> None:
    """All objectives pass and the candidate is no slower."""
    found = judge(golden_run())
    assert found.exit_status == 0
    assert found.summary.startswith("golden: 4 of 4 objectives passed; no increase: p99 of ei")
    assert found.cost is not None
    assert found.cost.saving is not None


def test_a_failed_objective_is_1() -> None:
    """Whatever else is good."""
    run = golden_run(TWO.replace("p95 < 300 ms", "p95 < 120 ms"))
    found = judge(run)
    assert found.exit_status == 1
    assert found.summary.startswith("golden: 2 of 4 objectives failed; 2 of 4 objectives passed;")


def test_an_increase_is_1() -> None:
    """Objectives that hold do not excuse a slower candidate, nor is it a saving."""
    found = judge(golden_run(answers=SLOW))
    assert found.exit_status == 1
    assert all(each.word is Word.PASS for each in found.verdicts)
    assert found.cost is not None
    assert found.cost.saving is None


def test_an_unavailable_candidate_is_1() -> None:
    """Being away is worse than being slow."""
    assert status(golden_run(answers={"ei": away(steady(100, 1), 100, 140)})) == 1


def test_undecided_is_3_unless_that_is_ok() -> None:
    """A question left open is not a pass, except for those who say so."""
    assert status(golden_run(OPEN)) == 3
    assert status(golden_run(OPEN), undecided_ok=True) == 0


def test_fail_goes_before_undecided() -> None:
    """1 before 3, whatever is ok."""
    assert status(golden_run(OPEN, SLOW)) == 1
    assert status(golden_run(OPEN, SLOW), undecided_ok=True) == 1


def test_an_inconclusive_comparison_is_3() -> None:
    """Also when there are no objectives."""
    text = TWO.replace("objectives: [p95 < 300 ms, errors < 5 %]", "").replace("5 min", "30 s")
    assert status(golden_run(text)) == 3
    assert status(golden_run(text), undecided_ok=True) == 0


def test_an_invalid_run_is_5_and_has_no_verdict_words() -> None:
    """Numbers stay, words go."""
    found = judge(golden_run(answers=SLOW, lag_ms=50))
    assert found.exit_status == 5
    assert {each.word for each in found.verdicts} == {Word.UNDECIDED}
    assert found.comparison is not None
    assert found.comparison.word is None
    assert found.comparison.response[0].ratio is not None
    assert found.comparison.statement == "no verdict: the run is invalid"
    assert found.summary.startswith("golden: invalid run: requests to gpu were sent late")
    assert found.cost is not None
    assert found.cost.saving is None
    assert status(golden_run(lag_ms=50), undecided_ok=True) == 5


@pytest.mark.parametrize(
    ("signal", "expected"), [("SIGHUP", 129), ("SIGINT", 130), ("SIGTERM", 143)]
)
def test_a_signal_goes_before_the_verdicts(signal: str, expected: int) -> None:
    """Also before an invalid run; what was measured is judged all the same."""
    for run in (golden_run(), golden_run(answers=SLOW), golden_run(lag_ms=50)):
        found = judge(replace(run, stopped=signal))
        assert found.exit_status == expected
        assert f"stopped ({signal})" in found.summary


def test_a_stop_in_the_web_ui_is_no_signal() -> None:
    """Its verdicts count."""
    assert status(replace(golden_run(), stopped="stopped in the web UI")) == 0


def test_without_anything_to_judge_locusts_rule_holds() -> None:
    """No objectives, no comparison: 0 when every request ended OK, else 1."""
    assert status(golden_run(ONE)) == 0
    found = judge(golden_run(ONE, {"gpu": away(steady(100, 1), 0, 1)}, failed=Status.UNFINISHED))
    assert found.exit_status == 1
    assert "no objectives to judge" in found.summary
    # A bad answer is a request that did not end OK, and is counted once.
    wrong = golden_run(ONE, {"gpu": away(steady(100, 1), 0, 1)}, failed=Status.BAD_ANSWER)
    bad = wrong.statuses(0)[Status.BAD_ANSWER]
    found = judge(with_target(wrong, "gpu", answers_checked=bad, answers_bad=bad))
    assert found.exit_status == 1
    assert f"{bad} failed;" in found.summary


def test_nothing_measured_is_never_good() -> None:
    """An empty record is invalid, with and without objectives."""
    for text in (ONE, TWO):
        run = replace(golden_run(text), intervals=Intervals.empty())
        assert status(run, undecided_ok=True) == 5


def test_emulation_is_in_the_last_line() -> None:
    """A line that is quoted alone says it too."""
    run = with_target(golden_run(), "ei", emulated="network attachment")
    assert judge(run).summary.startswith("golden (emulated): ")
    invalid = replace(run, problems=("the sender died",))
    assert judge(invalid).summary == "golden (emulated): invalid run: the sender died"


def test_agreement_is_handed_on() -> None:
    """The count of compared answers, where there is one."""
    assert judge(golden_run()).agreement is None
    run = with_target(golden_run(), "ei", answers_compared=40, answers_agreed=39)
    found = judge(run).agreement
    assert found is not None
    assert found.share == 0.975


@given(st.lists(st.sampled_from(judgement.ORDER)))
def test_the_first_of_the_order_counts(statuses: list[int]) -> None:
    """2, 4, 129, 130, 143, 5, 6, 1, 3, 0."""
    ranks = [judgement.ORDER.index(each) for each in statuses]
    assert first_of(*statuses) == (judgement.ORDER[min(ranks)] if ranks else 0)


def test_an_unknown_status_is_a_fault() -> None:
    """Nobody passes by returning something odd."""
    assert first_of(0, 77) == 5


def test_judging_is_repeatable() -> None:
    """The same run file says the same, today and in a year."""
    run = golden_run()
    assert judge(run) == judge(run)
