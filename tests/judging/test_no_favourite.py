"""A comparison has no favourite: both targets on one server, on the accelerator's own timeline."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from eiload.base.clock import NS_PER_MS, NS_PER_S
from eiload.judging.compare import compare
from eiload.judging.compare.comparison import Change
from eiload.record.buckets import Ints
from eiload.record.intervals import Intervals
from eiload.record.recorder import Recorder
from eiload.record.run import Run
from eiload.report.against import sections
from eiload.scenario.schedule import target_order
from eiload.scenario.standin import StandIn
from eiload.server.accelerator import Accelerator, Admission
from tests.golden import due, golden_run, results, scenario

TEXT = """
name: equal
seed: {seed}
targets:
  {first}: {{server: "127.0.0.1:8500", model: ssd}}
  {second}: {{server: "127.0.0.1:8500", model: ssd}}
payload: {{synthetic: 8x8}}
traffic:
  - {{phase: steady, rate: 5/s, for: 2 min}}
compare: {{baseline: one, candidate: other, headline: p50, quantiles: [p50, p90]}}
"""
RUNS = 40


def as_listed(numbers: Ints, targets: int, _seed: int) -> Ints:
    """Return the order that it was before: that of the YAML, for every arrival."""
    return np.tile(np.arange(targets), (len(numbers), 1))


def text_of(seed: int, listed: tuple[str, str]) -> str:
    """Return the scenario whose targets are listed in an order."""
    return TEXT.format(seed=seed, first=listed[0], second=listed[1])


@cache
def served(seed: int, order: Callable[[Ints, int, int], Ints]) -> Intervals:
    """Return what was measured of two targets that are one server: 50 ms each, one at a time."""
    (due_s,) = due(scenario(text_of(seed, ("one", "other"))))
    orders = order(np.arange(len(due_s)), 2, seed)
    accelerator = Accelerator(StandIn.model_validate({"compute": "50 ms", "concurrency": 1}))
    took = np.zeros((len(due_s), 2))
    for number, places in enumerate(orders.tolist()):
        now_ns = round(due_s[number] * NS_PER_S)
        for target in places:
            admitted = accelerator.arrive(now_ns, 100)
            assert isinstance(admitted, Admission)
            took[number, target] = admitted.server_ns / NS_PER_S
    recorder = Recorder(0)
    for target in range(2):
        recorder.record(results(target, 0, due_s, took[:, target]))
    return recorder.take()


def shared(
    seed: int, listed: tuple[str, str], order: Callable[[Ints, int, int], Ints] = target_order
) -> Run:
    """Return a run of two targets that are one server; which is listed first changes its names."""
    frame = golden_run(text_of(0, listed))  # made once
    return replace(frame, scenario=scenario(text_of(seed, listed)), intervals=served(seed, order))


@pytest.mark.parametrize("listed", [("one", "other"), ("other", "one")])
def test_equal_targets_are_called_equal(listed: tuple[str, str]) -> None:
    """Whichever is listed first: no more false alarms than the 5 in 100 that are stated."""
    said = Counter(compare(shared(seed, listed)).word for seed in range(RUNS))
    alarms = RUNS - said[Change.NO_INCREASE] - said[Change.INCONCLUSIVE]
    assert alarms <= 0.05 * RUNS, said


@pytest.mark.parametrize(
    ("listed", "word"),
    [(("one", "other"), Change.INCREASE), (("other", "one"), Change.DECREASE)],
)
def test_one_order_for_all_would_be_a_favourite(listed: tuple[str, str], word: Change) -> None:
    """The same runs, each arrival in the order of the YAML: a difference by the list alone."""
    said = Counter(compare(shared(seed, listed, as_listed)).word for seed in range(10))
    assert said[word] == 10


def test_each_target_has_its_own_lag() -> None:
    """The comparison shows both lags, and says when one side's is part of the difference."""
    run = golden_run(text_of(1, ("one", "other")))
    even = compare(run)
    assert even.baseline.lag_p99_ns == pytest.approx(0.2 * NS_PER_MS, rel=0.01)
    recorder = Recorder(0)
    (due_s,) = due(run.scenario)
    for target, lag_ms in enumerate((0.2, 4.0)):
        took = np.full(len(due_s), 0.1)
        recorder.record(results(target, 0, due_s, took, lag_ms=lag_ms))
    uneven = compare(replace(run, intervals=recorder.take()))
    assert not [note for note in even.notes if "were sent" in note]
    assert [note for note in uneven.notes if "requests to other were sent 3.8 ms later" in note]
    lines = ["".join(map(str, line)) for line in sections(uneven, emulated=False)[0].lines]
    assert "lag by target: one p50 0.200 p99 0.200, other p50 4.00 p99 4.00 ms" in lines
