"""A scenario's plan, put together without any file."""

import math
from pathlib import Path

import pytest

from eiload.report.planning import planned
from eiload.scenario import parse
from tests import golden

SIZES = {"gpu": ((1000,),), "ei": ((1000,),)}


def test_what_is_due_and_what_it_decides() -> None:
    """The schedule is counted, and each objective held against what it takes."""
    plan = planned(golden.scenario(), SIZES, service_ns=50_000_000)
    assert [each.requests for each in plan.phases] == [
        len(due) for due in golden.due(golden.scenario())
    ]
    assert [(each.target, each.service_ns) for each in plan.loads] == [("gpu", 5e7), ("ei", 5e7)]
    assert [each.what for each in plan.decisions] == [
        "p95 < 300 ms", "errors < 5 %", "compare at p99",
    ]  # fmt: skip
    assert not any(each.why_not for each in plan.decisions)


def test_like_a_run() -> None:
    """Service times are those of a run; of a target that it did not have nobody knows."""
    one = golden.golden_run(golden.ONE, {"gpu": golden.steady(100, 1)})
    plan = planned(golden.scenario(), SIZES, like=one)
    assert plan.loads[0].service_ns == pytest.approx(102e6, rel=0.05)
    assert math.isnan(plan.loads[1].service_ns)


def test_a_replay_is_remembered(tmp_path: Path) -> None:
    """Without its trace the seconds, classes and targets are those that were seen; gaps are not."""
    rows = "".join(f"{n / 10},{'small' if n % 4 else 'large'}\n" for n in range(700))
    (tmp_path / "t.csv").write_text(f"timestamp,Model\n{rows}")
    text = golden.MIX.replace(
        "rate: 40/s, for: 5 min",
        "replay: {file: t.csv, unit: s, choose: {class: Model}}, for: 60 s",
    )
    scenario = parse(text, "s.yaml", tmp_path, {})
    sizes = {"gpu": ((1000,), (9000,)), "ei": ((1000,), (9000,))}
    read = planned(scenario, sizes)
    (tmp_path / "t.csv").unlink()
    known = planned(scenario, sizes, remembered=True)
    for one, other in zip(read.phases, known.phases, strict=True):
        assert one.per_second.tolist() == other.per_second.tolist()
        assert one.sent.tolist() == other.sent.tolist()
    assert known.phases[1].sent.tolist() == [[450, 150]] * 2
    assert math.isnan(known.phases[1].cv)
    assert known.phases[0].cv == read.phases[0].cv
