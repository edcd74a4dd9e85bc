"""A run that goes on until all is decided: which look's word counts, and what is waited for."""

from dataclasses import astuple, replace

import pytest

from eiload.base.clock import NS_PER_S
from eiload.judging import looks, sla
from eiload.judging.judgement import judge
from eiload.judging.sla import Word
from eiload.judging.statistics.levels import FIXED
from eiload.record import looks as planned_looks
from eiload.record import stopping
from eiload.record.looks import up_to
from eiload.record.run import Run
from tests.golden import Answer, Floats, golden_run, steady

UNTIL = """
name: golden
targets:
  gpu: {server: "127.0.0.1:8500", model: ssd}
  ei: {server: "127.0.0.1:9000", model: ssdresnet}
payload: {synthetic: 64x48}
traffic:
  - {phase: warm-up, rate: 5/s, for: 10 s, warm_up: true}
  - {phase: steady, rate: 20/s, for: {at_least: 2 min, at_most: 16 min, until: decided}}
objectives: [p95 < 300 ms, errors < 5 %]
compare: {baseline: gpu, candidate: ei, headline: p90}
"""
"""Looks after 2, 4, 8 and 16 min."""

GIVE_UP = UNTIL.replace("until: decided}", "until: decided, give_up: hopeless}")
CLOSE = UNTIL.replace("p95 < 300 ms", "p95 < 139 ms")
"""About what the p95 of these answers is: no run of this length decides it."""


def a_run(text: str = UNTIL, answers: dict[str, Answer] | None = None) -> Run:
    """Return the whole run, to its planned end."""
    return golden_run(text, answers)


def words(run: Run) -> list[str]:
    """Return the words on objectives of a run."""
    return [str(each.word) for each in looks.verdicts(run)]


def test_levels() -> None:
    """Each look is surer than a fixed run's end; a short plan spends hardly anything early."""
    plan = planned_looks.planned(a_run().scenario)
    assert plan is not None
    assert plan.seconds == (130, 250, 490, 970)
    each = looks.levels_of(plan)
    assert len(each) == 4
    assert all(one.quantile_passes > FIXED.quantile_passes for one in each)
    assert all(one.fails > FIXED.fails and one.ratio > FIXED.ratio for one in each)
    short = replace(plan, seconds=(130, 250, 490))
    first, *_, last = looks.levels_of(short)
    assert first.passes > 0.9999
    assert last.passes < 0.98
    rarer = looks.levels_of(replace(plan, until=replace(plan.until, error=0.005)))
    for one, other in zip(each, rarer, strict=True):
        assert other.quantile_passes > one.quantile_passes
        assert other.fails > one.fails


def test_a_look_that_spends_next_to_nothing() -> None:
    """Is sure, but not certain, which no data could be: it leaves open what is not clear."""
    text = UNTIL.replace(
        "at_least: 2 min, at_most: 16 min, until: decided",
        "looks: [80 s], at_most: 15 min, until: decided, error: 0.5 %",
    ).replace("errors < 5 %", "errors < 5 %, mean < 1 s, throughput > 1/s")
    run = a_run(text)
    plan = planned_looks.planned(run.scenario)
    assert plan is not None
    first, _ = looks.levels_of(plan)
    assert all(0.999 < sure < 1 for sure in astuple(first))
    seen = looks.look(up_to(run, plan.seconds[0]))
    assert "p95 < 300 ms of gpu" in seen.open
    assert seen.verdicts[0].word is Word.UNDECIDED


def test_decided_at_the_first_look() -> None:
    """What is clear is clear then, and the numbers are of that look."""
    run = a_run()
    seen = looks.look(up_to(run, 130))
    assert seen.open == ()
    assert [str(each.word) for each in seen.verdicts] == ["pass"] * 4
    assert "decided at the look after 2 min" in seen.verdicts[0].reason
    assert seen.comparison is not None
    assert seen.comparison.word is not None
    assert seen.comparison.word.good
    assert seen.comparison.statement.endswith("; decided at the look after 2 min")


def test_the_file_says_the_same_words() -> None:
    """What was known at the look is what the run that ended there, later, says by its file."""
    run = a_run()
    seen = looks.look(up_to(run, 130))
    ended = up_to(run, 133)  # some more was sent until the word reached the workers
    ended = replace(ended, stopped=stopping.decided("2 min"))
    again = Run.from_json(ended.to_json())
    assert looks.verdicts(again) == seen.verdicts
    assert looks.comparison(again) == seen.comparison
    found = judge(again)
    assert found.exit_status == 0
    assert found.validity.valid
    assert not any("early" in each for each in found.validity.cautions)
    assert "ended (everything is decided by the look after 2 min)" in found.summary


def test_what_is_close_stays_open_to_the_end() -> None:
    """Looks leave it open; the last one is the end and says what is missing."""
    run = a_run(CLOSE)
    seen = looks.look(up_to(run, 130))
    assert seen.open == ("p95 < 139 ms of gpu", "p95 < 139 ms of ei")
    assert not seen.hopeless  # nobody asks
    assert words(run)[:2] == ["undecided"] * 2
    assert words(run)[2:] == ["pass"] * 2


def test_hopeless() -> None:
    """Who asks for it is told that the rest of the plan would not decide what is close."""
    close = GIVE_UP.replace("p95 < 300 ms", "p95 < 139 ms")
    assert looks.look(up_to(a_run(close), 490)).hopeless
    clear = GIVE_UP.replace("p95 < 300 ms", "p99.9 < 500 ms")  # takes 20,000 requests, has 19,200
    assert not looks.look(up_to(a_run(clear), 130)).hopeless


def test_in_vain() -> None:
    """Nothing is left to wait for where the run stays invalid whatever comes."""
    seen = looks.look(up_to(golden_run(UNTIL, lag_ms=60.0), 130))
    assert seen.in_vain
    assert "sent late" in seen.open[0]
    seen = looks.look(up_to(golden_run(UNTIL, lag_ms=20.0), 130))
    assert not seen.in_vain
    assert "sent late" in seen.open[0]


def test_a_miss_goes_before_a_pass() -> None:
    """What fails at a later look fails, though an earlier one has passed it."""

    def worse(due_s: Floats) -> Floats:
        return steady(100, 1)(due_s) * (1 + 5 * (due_s > 300))

    run = a_run(answers={"gpu": worse, "ei": worse})
    assert words(up_to(run, 250))[:2] == ["pass"] * 2
    assert words(run)[:2] == ["fail"] * 2


def test_stopped_between_looks() -> None:
    """The looks that were taken count, and no other; before the first there is no word."""
    run = a_run(CLOSE)
    between = replace(up_to(run, 400), stopped="SIGINT")
    found = looks.verdicts(between)
    assert found[0].word is Word.UNDECIDED
    assert found[0].reason.endswith("by the look after 4 min, it might have gone on for 16 min")
    assert found[2].word is Word.PASS
    before = replace(up_to(run, 100), stopped="SIGINT")
    assert words(before) == ["undecided"] * 4
    assert looks.comparison(before).word is None
    assert judge(before).exit_status == 130


def test_what_is_known_exactly_is_of_the_whole_run() -> None:
    """A maximum that no look had seen is one, and none is waited for."""

    def one_slow(due_s: Floats) -> Floats:
        return steady(100, 1)(due_s) + 5 * (abs(due_s - 800) < 0.1)

    text = UNTIL.replace("p95 < 300 ms", "max < 2 s")
    run = a_run(text, {"gpu": one_slow, "ei": one_slow})
    assert looks.look(up_to(run, 130)).open == ()
    assert words(run)[0] == "fail"


def test_an_earlier_phase_is_judged_once() -> None:
    """By the levels of a fixed run: nothing that is looked at later changes it."""
    text = UNTIL.replace(
        "  - {phase: steady",
        "  - {phase: before, rate: 20/s, for: 2 min}\n  - {phase: steady",
    ).replace("errors < 5 %", "{phase: before, objective: p95 < 139 ms}")
    run = a_run(text)
    plan = planned_looks.planned(run.scenario)
    assert plan is not None
    assert looks.look(up_to(run, plan.seconds[0])).open == ()
    assert looks.verdicts(run)[2] == sla.judge(run)[2]


def test_wrong_answers_stay_a_doubt() -> None:
    """An early pass does not survive answers that turn out wrong."""
    run = a_run()
    facts = tuple(
        replace(each, answers_checked=10, answers_bad=2, answers=()) for each in run.targets
    )
    assert words(replace(run, targets=facts))[0] == "undecided"


@pytest.mark.parametrize("text", [UNTIL, GIVE_UP])
def test_a_run_that_goes_to_its_end_is_whole(text: str) -> None:
    """The last look is all of it."""
    run = a_run(text)
    plan = planned_looks.planned(run.scenario)
    assert plan is not None
    last = looks.stages(run, plan)[-1]
    assert last.last
    assert last.run is run
    assert run.ended_ns == 970 * NS_PER_S


def test_aborted() -> None:
    """An abort is a bad verdict by itself, and leaves no good word."""
    run = replace(up_to(a_run(), 133), stopped=stopping.aborted("60 % failed"))
    found = judge(run)
    assert found.exit_status == 1
    assert not any(each.word is Word.PASS for each in found.verdicts)
    assert found.comparison is not None
    assert found.comparison.word is None
    assert found.validity.valid
