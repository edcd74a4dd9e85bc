"""What a run answers about its phases, its requests and how they ended."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eiload.base.clock import NS_PER_MS, NS_PER_S
from eiload.base.status import Status
from eiload.record.intervals import Kind
from eiload.record.recorder import Recorder
from eiload.record.run import Run
from eiload.record.sample import Sample
from tests.golden import ONE, away, golden_run, results, steady

PHASES = """
name: phases
targets: {gpu: {server: "127.0.0.1:8500", model: ssd}}
payload: {synthetic: 64x48}
traffic:
  - {phase: warm-up, rate: 5/s, for: 2500 ms, warm_up: true}
  - {phase: steady, rate: 20/s, for: 10 s}
  - {phase: users, users: 3, for: 5 s}
"""


def of_times(times_ms: list[float]) -> Run:
    """Return a run of ONE whose requests, 10 ms apart, took these times; infinite ones failed."""
    recorder = Recorder(0)
    due = np.asarray(np.arange(len(times_ms)) * 0.01, np.float64)
    recorder.record(results(0, 0, due, np.array([each / 1e3 for each in times_ms], np.float64)))
    return replace(golden_run(ONE), intervals=recorder.take())


def test_phases_follow_one_another() -> None:
    """Each phase's seconds begin where the one before it ends, rounded outwards."""
    run = golden_run(PHASES)
    assert [(s.name, s.first_second, s.seconds, s.warm_up, s.closed) for s in run.phases()] == [
        ("warm-up", 0, 3, True, False),
        ("steady", 2, 11, False, False),
        ("users", 12, 6, False, True),
    ]
    assert [span.name for span in run.measured()] == ["steady", "users"]
    assert [span.name for span in run.measured("steady")] == ["steady"]


def test_stopped_run_has_no_seconds_after_its_end() -> None:
    """Phases that were never reached are there and empty."""
    run = replace(golden_run(PHASES), ended_ns=4 * NS_PER_S, stopped="SIGINT")
    assert [span.seconds for span in run.phases()] == [3, 2, 0]
    assert run.sample(0).seconds == 2


def test_sample_leaves_warm_up_out() -> None:
    """What is judged is what was measured after the warm-up."""
    run = golden_run(PHASES)
    everything = run.sample(0, run.phases())
    warm_up = run.sample(0, [run.phases()[0]])
    assert run.sample(0).total == everything.total - warm_up.total
    assert warm_up.total > 0


@given(st.lists(st.floats(0.1, 5_000) | st.just(math.inf), min_size=1, max_size=200))
def test_quantile_counts_failures_as_slower_than_everything(times_ms: list[float]) -> None:
    """The value of rank ceil(q n) over all requests, infinite when that one failed."""
    sample = of_times(times_ms).sample(0)
    ordered = sorted(times_ms)
    for q in (0.5, 0.9, 0.99, 1.0):
        exact = ordered[math.ceil(q * len(ordered) - 1e-9) - 1]
        found = sample.quantile_ns(q) / NS_PER_MS
        assert found == exact or abs(found - exact) <= 0.001 * exact


def test_sample_counts_good_and_bad() -> None:
    """Failed requests are due as well; the mean is of those that ended OK, exactly."""
    sample = of_times([10, 20, 30, math.inf]).sample(0)
    assert (sample.good, sample.total) == (3, 4)
    assert int(sample.per_second().sum()) == 4
    assert sample.mean_ns() == 20 * NS_PER_MS


def test_empty_sample_has_no_numbers() -> None:
    """Of nothing there is no quantile and no mean."""
    run = of_times([])
    sample = run.sample(0)
    assert math.isnan(sample.quantile_ns(0.5))
    assert math.isnan(sample.mean_ns())
    assert run.statuses(0) == {}
    assert isinstance(run.sample(0, []), Sample)


def test_statuses_add_up_to_the_sample() -> None:
    """Every request of a target is in exactly one status."""
    run = golden_run(answers={"ei": away(steady(100, 1), 20, 30)}, failed=Status.DROPPED)
    sample, ended = run.sample(1), run.statuses(1)
    assert sum(ended.values()) == sample.total
    assert ended[Status.OK] == sample.good
    assert ended[Status.DROPPED] == int(sample.bad.sum())
    assert run.sample(1, kind=Kind.LAG).good == sample.good


def test_a_lag_is_known_however_a_request_ended() -> None:
    """Failures are slower than everything where times are judged, and no lag counts as one."""
    failing = away(steady(100, 1), 20, 30)
    run = golden_run(answers={"ei": failing}, failed=Status.UNAVAILABLE)
    lag, response = run.sample(1, kind=Kind.LAG), run.sample(1)
    assert response.bad.any()
    assert not lag.bad.any()
    assert lag.total == lag.good == response.total
    assert response.answered().total == response.good


def test_targets_are_found_by_name() -> None:
    """An unknown name is a KeyError."""
    run = golden_run()
    assert run.target_index("ei") == 1
    with pytest.raises(KeyError):
        run.target_index("tpu")
