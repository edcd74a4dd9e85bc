"""Objectives on what is observed: their grammar, and that somebody observes it."""

from pathlib import Path
from typing import Any

import pytest

from eiload.base.errors import ScenarioError
from eiload.scenario import Scenario, build, parse_objective
from eiload.scenario.watched import (
    ForeignLoad,
    GpuUse,
    ServerMean,
    ServerQuantile,
    Throttled,
    Watched,
    parse_watched,
)


@pytest.mark.parametrize(
    ("text", "metric", "written"),
    [
        ("server p99<400ms", ServerQuantile(0.99, 400 * 10**6), "server p99 < 400 ms"),
        (" SERVER P50 <= 1.5 s", ServerQuantile(0.5, 15 * 10**8), "server p50 <= 1.5 s"),
        ("server mean < 30 ms", ServerMean(30 * 10**6), "server mean < 30 ms"),
        ("gpu  use < 90 %", GpuUse(0.9), "gpu use < 90 %"),
        ("throttled = 0", Throttled(), "throttled = 0"),
        ("throttled==0", Throttled(), "throttled = 0"),
        ("foreign < 1%", ForeignLoad(0.01), "foreign < 1 %"),
    ],
)
def test_what_is_demanded(text: str, metric: Watched, written: str) -> None:
    """And its normal form, which reads back as the same."""
    objective = parse_objective(text, "gpu", "steady")
    assert (objective.metric, objective.text) == (metric, written)
    assert parse_objective(written).metric == metric


@pytest.mark.parametrize(
    "text",
    [
        "server p99", "server max < 1 s", "gpu < 90 %", "gpu use > 90 %", "throttled < 1 %",
        "throttled = 1", "foreign = 0", "server p99 > 1 s",
    ],
)  # fmt: skip
def test_what_is_none(text: str) -> None:
    """It is said what could have been meant."""
    with pytest.raises(ValueError, match="; expected such as 'server p99"):
        parse_objective(text)


@pytest.mark.parametrize("text", ["foreign < 0 %", "gpu use < 0 %", "server p99 < 0 s"])
def test_no_run_proves_zero(text: str) -> None:
    """But that no GPU was throttled, which is looked at again and again."""
    with pytest.raises(ValueError, match="a limit of 0"):
        parse_objective(text)


@pytest.mark.parametrize("text", ["p99 < 1 s", "errors < 1 %", "servers < 1", ""])
def test_of_something_else(text: str) -> None:
    """It is not looked at here."""
    assert parse_watched(text) is None


def scenario(objective: object, observe: dict[str, Any] | None) -> Scenario:
    """Return a scenario of two targets of which the first is observed so."""
    gpu: dict[str, Any] = {"server": "h:1", "model": "ssd"}
    if observe is not None:
        gpu["observe"] = observe
    return build(
        {
            "name": "watched",
            "targets": {"gpu": gpu, "ei": {"server": "h:2", "model": "ssd"}},
            "payload": {"synthetic": "8x8"},
            "traffic": [{"phase": "x", "rate": "1/s", "for": "1 s"}],
            "objectives": [objective],
        },
        "test",
        Path(),
    )


@pytest.mark.parametrize(
    ("objective", "observe"),
    [
        ("foreign < 1 %", {"metrics": ":8501"}),
        ("server p99 < 1 s", {"metrics": ":8501"}),
        ("gpu use < 90 %", {"gpu": "nvml"}),
        ("throttled = 0", {"metrics": ":9400"}),
    ],
)
def test_somebody_has_to_observe_it(objective: str, observe: dict[str, Any]) -> None:
    """In each target that it is for, or in the one that it names."""
    (found,) = scenario({"target": "gpu", "objective": objective}, observe).objectives
    assert found.target == "gpu"
    with pytest.raises(ScenarioError, match="of 'ei', which is not observed so"):
        scenario(objective, observe)
    with pytest.raises(ScenarioError, match="of 'gpu', which is not observed so"):
        scenario({"target": "gpu", "objective": objective}, None)


def test_a_class_is_not_told_apart() -> None:
    """The server does not know of classes."""
    with pytest.raises(ScenarioError, match="does not tell classes apart"):
        scenario({"class": "a", "target": "gpu", "objective": "foreign < 1 %"}, {"metrics": ":1"})


def test_a_host_is_no_gpu() -> None:
    """Each objective needs what can tell of it."""
    with pytest.raises(ScenarioError, match="or a DCGM exporter's page"):
        scenario({"target": "gpu", "objective": "throttled = 0"}, {"host": "local"})
