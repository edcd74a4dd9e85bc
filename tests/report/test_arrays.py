"""A run over time as plain arrays."""

import pytest

from eiload.report.arrays import series
from tests.golden import TWO, away, golden_run, steady


def test_they_add_up_to_the_run() -> None:
    """Every request that was due is in one column, and those that failed once more."""
    run = golden_run(TWO, {"gpu": steady(100, 1), "ei": away(steady(100, 2), 60, 70)})
    spans = run.phases()
    for target, found in enumerate(series(run)):
        statuses = run.statuses(target, spans)
        assert sum(found["due"]) == sum(statuses.values())
        assert sum(found["failed"]) == sum(statuses.values()) - run.sample(target, spans).good
        lengths = {len(found[name]) for name in ("due", "answered", "failed")}
        assert lengths == {-(-310 // found["column_s"])}
        for step in found["response_ms"]["p50"]:
            start, end, value = step
            assert 0 <= start < end <= 310
            assert value == "inf" or value == pytest.approx(100, rel=0.3)
        assert found["lag_ms"]["p50"][0][2] == pytest.approx(0.2, rel=0.01)
    assert "inf" in [step[2] for step in series(run)[1]["response_ms"]["p95"]]
