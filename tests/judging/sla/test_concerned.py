"""sla: an objective is judged on the phases, targets and classes that it is on, and no others."""

from dataclasses import replace

import numpy as np

from eiload.base.status import Status
from eiload.judging import sla
from eiload.judging.sla import Word
from eiload.record.facts import Answers
from eiload.record.recorder import Recorder
from eiload.record.run import Run
from tests.golden import MIX, Floats, due, golden_run, results, with_target
from tests.judging.sla.ran import HEAD, STEADY, verdict


def test_objective_of_a_phase_sees_that_phase_only() -> None:
    """Slow requests of another phase do not count."""
    phases = STEADY + "  - {phase: burst, rate: 30/s, for: 2 min}\n"

    def slow_later(due_s: Floats) -> Floats:
        return np.where(due_s < 310, 0.1, 1.0)

    words = {
        phase: verdict(f"{{phase: {phase}, objective: p95 < 300 ms}}", slow_later, phases).word
        for phase in ("steady", "burst")
    }
    assert words == {"steady": "pass", "burst": "fail"}


def test_warm_up_does_not_count() -> None:
    """A first inference of seconds is not held against the target."""

    def cold(due_s: Floats) -> Floats:
        return np.where(due_s < 10, 8.0, 0.1)

    assert verdict("max < 300 ms", cold).word is Word.PASS


def test_each_target_gets_its_verdict() -> None:
    """An objective of no target is for all; one that names a target is for that."""
    text = HEAD.replace("payload:", '  ei: {server: "127.0.0.1:9000", model: ssd}\npayload:')
    objectives = "objectives: [p50 < 150 ms, {target: ei, objective: p50 < 50 ms}]\n"
    run = golden_run(text + STEADY + objectives)
    assert [(v.objective.text, v.target, v.word.value) for v in sla.judge(run)] == [
        ("p50 < 150 ms", "gpu", "pass"),
        ("p50 < 150 ms", "ei", "pass"),
        ("p50 < 50 ms", "ei", "fail"),
    ]


WARM = HEAD.replace("5/s, for: 10 s", "10/s, for: 10 s")


def test_bad_answers_of_warm_up_decide_nothing() -> None:
    """20 bad answers before the measurement: neither the speed nor the errors of it."""
    text = f"{WARM}{STEADY}objectives: [p95 < 300 ms, errors < 1 %]\n"
    run = golden_run(text)
    for facts in (
        {"answers": (Answers(20, 20), Answers(200, 0))},
        {},  # a run file that does not tell phases apart: how the requests ended does
    ):
        told = with_target(
            _bad_in_warm_up(run), "gpu", answers_checked=220, answers_bad=20, **facts
        )
        assert [verdict.word for verdict in sla.judge(told)] == [Word.PASS, Word.PASS]
        assert "wrong" not in "".join(verdict.observed for verdict in sla.judge(told))
    bad = with_target(run, "gpu", answers=(Answers(20, 0), Answers(200, 20)))
    assert [verdict.word for verdict in sla.judge(bad)] == [Word.UNDECIDED, Word.FAIL]


def _bad_in_warm_up(run: Run) -> Run:
    warm, steady_ = due(run.scenario)
    recorder = Recorder(0)
    batch = results(0, 0, warm, np.full(len(warm), 0.1))
    batch["status"][:20] = Status.BAD_ANSWER
    recorder.record(batch)
    recorder.record(results(0, 1, steady_, np.full(len(steady_), 0.1)))
    return replace(run, intervals=recorder.take())


def test_an_objective_of_a_class_sees_that_class_only() -> None:
    """Small requests take 100 ms, large ones 300 ms: each class has its own word."""
    every, other, small, small_too, large = sla.judge(golden_run(MIX))
    assert [each.word for each in (every, other, small, small_too)] == [Word.PASS] * 4
    assert (large.word, large.target, large.objective.of_class) == (Word.FAIL, "ei", "large")
    assert large.observed.endswith("over 300 ms")
