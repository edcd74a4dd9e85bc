"""over_time: what is drawn is what was counted, and nothing that the data cannot support."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eiload.record.run import Run
from eiload.report.html import over_time
from tests.golden import away, golden_run, steady

TEXT = """
name: golden
targets:
  gpu: {{server: "127.0.0.1:8500", model: ssd}}
payload: {{synthetic: 64x48}}
traffic:
  - {{phase: steady, rate: {rate}/s, for: {seconds} s}}
"""


def ran(rate: float = 20, seconds: int = 300, median_ms: float = 100) -> Run:
    """Return a run of one target."""
    return golden_run(TEXT.format(rate=rate, seconds=seconds), {"gpu": steady(median_ms, 1)})


def test_each_quantile_has_stretches_that_support_it() -> None:
    """20 requests beyond a p95 take 400, 20 s at 20/s; a p99 of 6,000 requests takes 100 s."""
    found = {each.q: each for each in over_time.quantiles(ran().sample(0), (0.5, 0.95, 0.99), 0)}
    assert found[0.5].length_s < found[0.95].length_s < found[0.99].length_s
    assert found[0.95].length_s >= 20
    assert found[0.99].length_s >= 100
    values = [value for *_, value in found[0.5].steps]
    assert all(80e6 < value < 125e6 for value in values)


def test_what_has_no_support_is_not_there() -> None:
    """200 requests say nothing of p99, and little of p95."""
    found = over_time.quantiles(ran(seconds=10).sample(0), (0.5, 0.95, 0.99), 0)
    assert [each.q for each in found] == [0.5]
    assert over_time.quantiles(ran(rate=1, seconds=5).sample(0), (0.5,), 0) == []


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 40), st.integers(2, 1500))
def test_sums_agree_with_the_run(rate: int, seconds: int) -> None:
    """Heat and rates hold each request once."""
    run = ran(rate, seconds)
    sample, total = run.sample(0), sum(run.statuses(0).values())
    low, high = max(sample.min_ns, 1), sample.max_ns + 1
    found = over_time.heat(sample, run.step_s, low, high)
    assert found.counts.sum() + found.bad.sum() == total
    assert over_time.rates(run, 0, run.phases()).due.sum() == total
    assert found.counts.shape[1] <= over_time.COLUMNS + 1


def test_in_flight_follows_littles_law() -> None:
    """20/s that take about 100 ms are two on their way."""
    mean = over_time.in_flight(ran().sample(0), 10).mean()
    assert mean == pytest.approx(2, rel=0.15)


def test_an_absence_is_seen() -> None:
    """Seconds without good answers are failures in the rates and in the map."""
    run = golden_run(TEXT.format(rate=20, seconds=120), {"gpu": away(steady(100, 1), 40, 60)})
    found = over_time.rates(run, 0, run.phases())
    assert found.failed.sum() > 300
    assert np.flatnonzero(found.failed).min() * found.column_s >= 39
    heat = over_time.heat(run.sample(0), 1, 1e6, 1e9)
    assert heat.bad.sum() == found.failed.sum()
