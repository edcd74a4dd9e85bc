"""The parts of response times over time."""

from dataclasses import replace

import numpy as np
import pytest

from eiload.base.clock import NS_PER_MS
from eiload.record.intervals import Kind
from eiload.record.parts import over_time
from eiload.record.recorder import Recorder
from eiload.record.run import Run
from tests.golden import golden_run, instants, results


def told(blocked: int = 0) -> Run:
    """Return a run (310 s) whose gpu took 100 ms until second 60 and 200 ms from then on."""
    recorder = Recorder(0)
    due = np.linspace(13, 117.9, 3000, dtype=np.float64)
    took = np.where(due < 60, 0.1, 0.2)
    recorder.record(instants(results(0, 1, due, took), blocked_of=blocked))
    return replace(golden_run(), intervals=recorder.take())


def test_each_step_has_its_means() -> None:
    """Steps of ten seconds, as parts are counted, cut where the phase begins."""
    run = told()
    steps = list(over_time(run, 0, run.phases()))
    assert [(step.first_second, step.seconds) for step in steps] == [
        (first, 10) for first in range(10, 120, 10)
    ]
    assert {step.span.name for step in steps} == {"steady"}
    assert sum(step.answers for step in steps) == 3000
    for step in steps:
        took_ms = 100 if step.first_second < 60 else 200
        parts_ms = {kind: value / NS_PER_MS for kind, value in step.mean_ns.items()}
        assert parts_ms[Kind.LAG] == pytest.approx(0.2, rel=0.01)
        assert parts_ms[Kind.UPLOAD] == pytest.approx(took_ms / 5, rel=0.02)
        assert parts_ms[Kind.DOWNLOAD] == pytest.approx(took_ms / 10, rel=0.02)
        assert sum(parts_ms.values()) == pytest.approx(took_ms, rel=0.02)
        assert parts_ms[Kind.BLOCKED] == 0


def test_who_was_not_blocked_counts_as_no_time() -> None:
    """The mean is over all answers."""
    run = told(blocked=10)
    first = next(over_time(run, 0, run.phases()))
    assert first.mean_ns[Kind.BLOCKED] == pytest.approx(
        10 * 10 * NS_PER_MS / first.answers, rel=0.02
    )


def test_nothing_known() -> None:
    """Of a client that cannot tell there are no steps."""
    run = golden_run()
    assert not list(over_time(run, 0, run.phases()))
    assert not list(over_time(run, 0, []))
