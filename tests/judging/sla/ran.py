"""Runs of one target with one objective, and the verdict on it."""

import numpy as np

from eiload.base.status import Status
from eiload.judging import sla
from eiload.judging.sla import Verdict
from eiload.record.run import Run
from tests.golden import Answer, Floats, golden_run, steady

HEAD = """
name: golden
targets:
  gpu: {server: "127.0.0.1:8500", model: ssd}
payload: {synthetic: 64x48}
traffic:
  - {phase: warm-up, rate: 5/s, for: 10 s, warm_up: true}
"""
STEADY = "  - {phase: steady, rate: 20/s, for: 5 min}\n"
CLOSED = "  - {phase: users, users: 20, for: 5 min}\n"


def ran(
    objective: str,
    answer: Answer | None = None,
    phases: str = STEADY,
    failed: Status = Status.UNAVAILABLE,
) -> Run:
    """Return a run of one target with one objective."""
    text = f"{HEAD}{phases}objectives: [{objective}]\n"
    return golden_run(text, {"gpu": answer or steady(100, 1)}, failed=failed)


def verdict(
    objective: str,
    answer: Answer | None = None,
    phases: str = STEADY,
    failed: Status = Status.UNAVAILABLE,
) -> Verdict:
    """Return the verdict on one objective of one target."""
    (found,) = sla.judge(ran(objective, answer, phases, failed))
    return found


def some_fail(share: float) -> Answer:
    """Return answers of which a share fails, here and there."""

    def answer(due_s: Floats) -> Floats:
        rng = np.random.default_rng(3)
        return np.where(rng.random(len(due_s)) < share, np.inf, steady(100, 1)(due_s))

    return answer
