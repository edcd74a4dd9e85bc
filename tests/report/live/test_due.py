"""How many requests were due, found as it goes on, against the whole schedule."""

from pathlib import Path

import numpy as np
import pytest

from eiload.report.live.due import Due
from eiload.scenario import build
from tests import golden

MIXED = """
name: mixed
targets:
  gpu: {server: "127.0.0.1:8500", model: ssd}
payload: {synthetic: 64x48}
traffic:
  - {phase: pause, rate: 0/s, for: 5 s}
  - {phase: open, rate: 50/s, for: 20 s}
  - {phase: users, users: 3, for: 10 s}
"""


def test_as_the_schedule_says() -> None:
    """At each whole second it is the number of arrivals before it."""
    scenario = golden.scenario()
    arrivals = np.concatenate(golden.due(scenario))
    due = Due(scenario)
    for second in (0, 7, 3, 200, 310, 5000):
        assert due.before(second) == np.count_nonzero(arrivals < second)
    assert due.between(10, 20) == np.count_nonzero((arrivals >= 10) & (arrivals < 20))


def test_nobody_knows_of_closed_loops() -> None:
    """Neither of users of a phase nor of Locust's own."""
    due = Due(golden.scenario(MIXED))
    assert due.between(0, 5) == 0
    assert due.between(5, 25) == pytest.approx(1000, abs=150)
    assert due.between(24, 26) is None
    assert Due(golden.scenario(MIXED), driven=True).between(5, 25) is None


def test_a_stop() -> None:
    """From then on nothing is due."""
    due = Due(golden.scenario())
    due.stopped_s = 100.0
    assert due.between(100, 200) == 0
    assert due.before(150) == due.before(100)


def test_targets_that_a_trace_chooses(tmp_path: Path) -> None:
    """Each has its own requests due; together they are the trace's."""
    rows = "".join(f"{n / 10},{'gpu' if n % 4 else 'ei'}\n" for n in range(200))
    (tmp_path / "t.csv").write_text(f"timestamp,host\n{rows}")
    replay = {"file": "t.csv", "unit": "s", "choose": {"target": "host"}}
    target = {"server": "127.0.0.1:1", "model": "ssd"}
    scenario = build(
        {
            "name": "x",
            "targets": {"gpu": target, "ei": target},
            "payload": {"synthetic": "8x8"},
            "traffic": [{"phase": "p", "replay": replay, "for": "20 s"}],
        },
        "s",
        tmp_path,
    )
    due = Due(scenario)
    assert [due.before(4, index) for index in (0, 1)] == [30, 10]
    assert [due.between(8, 20, index) for index in (0, 1)] == [90, 30]
