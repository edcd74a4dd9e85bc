"""A trial's word and readings from its run."""

import math
from dataclasses import replace

import numpy as np
import pytest

from eiload.base.clock import NS_PER_MS
from eiload.judging import looks
from eiload.judging.capacity import Purpose, TrialWord
from eiload.judging.capacity.seen import Asked, seen
from eiload.record import stopping
from eiload.record.looks import up_to
from tests.golden import Answer, Floats, away, golden_run, steady, with_target

TEXT = """
name: trial
targets:
  gpu: {server: "127.0.0.1:8500", model: ssd}
payload: {synthetic: 64x48}
traffic:
  - {phase: warm-up, rate: 20/s, for: 10 s, warm_up: true}
  - {phase: steady, rate: 20/s, for: 5 min}
objectives: [p95 < 300 ms, errors < 5 %, max < 1 h, mean < 200 ms]
"""
ASKED = Asked(3, "gpu", 20.0, Purpose.CONFIRM, 0.0125)
GOOD = steady(100, seed=1)


def failing(due_s: Floats) -> Floats:
    """Return a second for whatever is due, and a failure for every tenth."""
    return np.where(np.arange(len(due_s)) % 10 == 0, np.inf, 1.0)


def of(answer: Answer) -> TrialWord:
    """Return the word of a trial that is answered so."""
    return seen(golden_run(TEXT, {"gpu": answer}), ASKED, 320.0).trial.word


def test_holds() -> None:
    """All that was asked, and what was measured of each objective, with its interval."""
    found = seen(golden_run(TEXT, {"gpu": GOOD}), ASKED, 320.0, "trial-004.json")
    trial = found.trial
    assert (trial.number, trial.target, trial.rate_per_s, trial.alpha) == (3, "gpu", 20.0, 0.0125)
    assert (trial.seconds, trial.took_s) == (300.0, 320.0)
    assert trial.word is TrialWord.HOLDS
    assert trial.counts
    assert found.run_file == "trial-004.json"
    assert not found.why
    assert found.throughput_per_s == pytest.approx(20, rel=0.1)
    p95, errors, most, mean = trial.readings
    assert (p95.objective, p95.limit) == ("p95 < 300 ms", 300 * NS_PER_MS)
    assert 0 < p95.low <= p95.observed <= p95.high < p95.limit
    assert p95.observed == pytest.approx(139 * NS_PER_MS, rel=0.1)
    assert (errors.observed, errors.limit, errors.used) == (0, 0.05, 0)
    assert errors.high < 0.05
    assert most.low == most.observed == most.high < most.limit
    assert mean.low < mean.observed < mean.high < mean.limit
    assert trial.used == max(each.used or 0 for each in trial.readings)


def test_fails() -> None:
    """One objective does; it is said which and why."""
    found = seen(golden_run(TEXT, {"gpu": failing}), ASKED, 320.0)
    assert found.trial.word is TrialWord.FAILS
    assert "p95 < 300 ms: " in found.why
    assert found.trial.readings[0].observed == math.inf
    assert found.trial.used > 1  # type: ignore[operator]


def test_undecided() -> None:
    """Of what is near its limit, or too short."""
    near = golden_run(TEXT.replace("mean < 200 ms", "mean < 250 ms"), {"gpu": steady(215, seed=1)})
    assert seen(near, ASKED, 320.0).trial.word is TrialWord.UNDECIDED
    short = golden_run(TEXT.replace("for: 5 min", "for: 5 s"), {"gpu": GOOD})
    found = seen(short, ASKED, 20.0)
    assert found.trial.word is TrialWord.UNDECIDED
    assert math.isnan(found.trial.readings[3].low) or found.trial.readings[3].high == math.inf


def test_generator_limited() -> None:
    """An invalid run says nothing of its target, and is no capacity."""
    late = golden_run(TEXT, {"gpu": GOOD}, lag_ms=60.0)
    found = seen(late, ASKED, 320.0)
    assert found.trial.word is TrialWord.LIMITED
    assert found.trial.used is None
    assert "sent late" in found.why
    lost = replace(golden_run(TEXT, {"gpu": GOOD}), problems=("worker 1 was lost",))
    assert seen(lost, ASKED, 320.0).trial.word is TrialWord.LIMITED
    ended = replace(up_to(lost, 100), stopped=stopping.UNDECIDABLE)
    found = seen(ended, ASKED, 120.0)
    assert (found.trial.word, found.trial.took_s) == (TrialWord.LIMITED, 120.0)
    assert found.why == "worker 1 was lost"


def test_a_defect_is_not_the_generators(monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be judged is undecided, and said."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError("nothing")

    monkeypatch.setattr(looks, "verdicts", broken)
    found = seen(golden_run(TEXT, {"gpu": GOOD}), ASKED, 320.0)
    assert found.trial.word is TrialWord.UNDECIDED
    assert "ZeroDivisionError: nothing" in found.why


def test_died() -> None:
    """Nothing but refusals to the end; one that comes back, or answers some, has not died."""
    found = seen(golden_run(TEXT, {"gpu": away(GOOD, 200, 400)}), ASKED, 320.0)
    assert found.trial.word is TrialWord.DIED
    assert "UNAVAILABLE" in found.why
    assert of(away(GOOD, 200, 290)) is TrialWord.FAILS
    assert of(failing) is TrialWord.FAILS


def test_aborted() -> None:
    """A run that was ended for cause has failed, whatever its objectives say of the little."""
    run = replace(golden_run(TEXT, {"gpu": GOOD}), stopped=stopping.aborted("gpu: 50 % failed"))
    found = seen(run, ASKED, 320.0)
    assert found.trial.word is TrialWord.FAILS
    assert "50 % failed" in found.why


def test_emulated() -> None:
    """What was emulated is kept."""
    run = with_target(golden_run(TEXT, {"gpu": GOOD}), "gpu", emulated="a stand-in")
    assert seen(run, ASKED, 320.0).emulated == "a stand-in"
