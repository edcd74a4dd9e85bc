"""What was measured of objectives, against the run's own sample."""

import math
from pathlib import Path

import pytest

from eiload.base.status import Status
from eiload.export.observed import Observed, observed
from eiload.export.totals import Totals
from eiload.record.facts import Answers
from eiload.record.run import Run
from eiload.scenario import parse
from tests.golden import MIX, TWO, away, golden_run, steady

OBJECTIVES = """
objectives:
  - p95 < 300 ms
  - service p50 < 200 ms
  - {phase: steady, objective: mean < 150 ms}
  - max < 2 s
  - errors < 5 %
  - dropped < 1 %
  - throughput > 7/s
  - {target: gpu, objective: p99.99 < 1 s}
  - agreement >= 99 %
  - "versions: same"
"""


def found(run: Run, elapsed_s: float = 310.0, agreed: int = 0) -> dict[tuple[str, str], Observed]:
    """Return what was observed, by objective and target."""
    answers = {"ei": Answers(compared=4, agreed=agreed)} if agreed else {}
    each = observed(run.scenario, Totals.of(run), elapsed_s, answers)
    return {(one.objective.text, one.target): one for one in each}


def test_each_kind() -> None:
    """Values are the report's, in seconds, ratios and per second, beside their limits."""
    text = TWO.replace("objectives: [p95 < 300 ms, errors < 5 %]\n", OBJECTIVES)
    run = golden_run(text, {"ei": away(steady(120, 2), 100, 130)})
    values = found(run, agreed=3)
    gpu, ei = run.sample(0), run.sample(1)
    p95 = values["p95 < 300 ms", "gpu"]
    assert (p95.unit, p95.limit) == ("seconds", 0.3)
    assert p95.value == pytest.approx(gpu.quantile_ns(0.95) / 1e9, rel=1e-3)
    assert math.isinf(values["p95 < 300 ms", "ei"].value)  # one in ten failed
    assert values["max < 2 s", "ei"].value == pytest.approx(ei.max_ns / 1e9, rel=1e-3)
    mean = values["mean < 150 ms", "gpu"].value
    assert mean == pytest.approx(gpu.sum_ns / gpu.good / 1e9, rel=1e-3)
    statuses = run.statuses(1)
    errors = values["errors < 5 %", "ei"]
    assert errors.unit == "ratio"
    assert errors.value == statuses[Status.UNAVAILABLE] / sum(statuses.values())
    assert values["dropped < 1 %", "ei"].value == 0
    rate = values["throughput > 7/s", "gpu"]
    assert (rate.unit, rate.limit) == ("per_second", 7)
    assert rate.value == gpu.good / 300
    assert ("p99.99 < 1 s", "ei") not in values
    assert math.isnan(values["p99.99 < 1 s", "gpu"].value)  # 6,000 requests do not support it
    assert values["agreement >= 99 %", "ei"].value == 0.75
    assert not any(text.startswith("versions") for text, _ in values)


def test_of_a_class() -> None:
    """An objective on a class of a mix is on its requests alone."""
    run = golden_run(MIX)
    values = found(run)
    (name,) = {text for text, _ in values if text.startswith("p95")}
    each = {one.objective.of_class: one.value for one in observed(
        run.scenario, Totals.of(run), 310.0, {}) if one.objective.text == name}  # fmt: skip
    for of_class in ("small", "large"):
        sample = run.of_class(of_class).sample(1)
        assert each[of_class] == pytest.approx(sample.quantile_ns(0.95) / 1e9, rel=1e-3)


def test_of_nothing() -> None:
    """Before the first answer nothing is a number."""
    scenario = parse(TWO.replace("[p95", "[mean < 1 s, max < 1 s, p95"), "x", Path(), {})
    each = list(observed(scenario, Totals(), 0.0, {}))
    assert len(each) == 8
    assert all(math.isnan(one.value) for one in each)
