"""Sessions that send a mix: by weight, or as each line of a trace chooses."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eiload.base.clock import NS_PER_S
from eiload.base.status import Status
from eiload.record.intervals import Intervals
from eiload.record.ledger import reconcile
from eiload.scenario.mix import Draw
from eiload.scenario.schedule import Schedule
from tests.control.parts import Make, together
from tests.control.script import two_targets

MIX = [
    {"class": "small", "weight": 3, "synthetic": {"width": 8, "height": 8, "count": 3}},
    {"class": "large", "synthetic": {"width": 64, "height": 64, "count": 2}, "batch": [1, 2]},
]


@pytest.mark.parametrize("phase", [{"rate": "200/s"}, {"users": 4}])
def test_a_mix(server: str, parts: Make, phase: dict[str, Any]) -> None:
    """Two sessions send each class by its weight, the same to both targets, counted by class."""
    steady = {"phase": "steady", "for": "1 s", **phase}
    scenario = two_targets(server, payload={"mix": MIX}, traffic=[steady])
    players = [parts(scenario, index, 2) for index in range(2)]
    together(*players)
    results = np.sort(np.concatenate([part.results() for part in players]), order="seq")
    assert set(results["status"].tolist()) == {Status.OK}
    draw = Draw([3, 4], [3, 1], scenario.seed)
    expected = draw.payloads(results["seq"] // 2)
    assert results["payload"].tolist() == expected.tolist()
    counted = Intervals.merge(part.session.take().intervals for part in players)
    for which in range(2):
        mine = (expected >= 3) == which
        for target in range(2):
            of_target = int(np.count_nonzero(mine & (results["target"] == target)))
            assert counted.of_class(which).statuses(target, 0) == {Status.OK: of_target}
    (small, large) = players[0].prepared.targets[0].request_bytes
    assert 8 * 8 * 3 < small < 64 * 64 * 3 < large < 2 * 64 * 64 * 3


def test_a_trace_that_chooses(server: str, parts: Make, tmp_path: Path) -> None:
    """Class, image and batch size of each line go to both targets, or to the one it names."""
    rows = [("small,synthetic-8x8-2,1,a", 2), ("large,synthetic-64x64-1,2,b", 3 + 2 + 1)]
    text = "".join(f"{n / 100},{rows[n % 2][0]}\n" for n in range(50))
    (tmp_path / "t.csv").write_text(f"timestamp,class,image,batch,host\n{text}")
    columns = {"class": "class", "image": "image", "batch": "batch"}
    for choose in (columns, {**columns, "target": "host"}):
        replay = {"file": str(tmp_path / "t.csv"), "unit": "s", "choose": choose}
        traffic = [{"phase": "steady", "replay": replay, "for": "500 ms"}]
        scenario = two_targets(server, payload={"mix": MIX}, traffic=traffic)
        players = [parts(scenario, index, 2) for index in range(2)]
        together(*players)
        results = np.sort(np.concatenate([part.results() for part in players]), order="seq")
        assert set(results["status"].tolist()) == {Status.OK}
        assert [(int(each["seq"]) // 2, each["target"], each["payload"]) for each in results] == [
            (n, target, rows[n % 2][1])
            for n in range(50)
            for target in range(2)
            if len(choose) == 3 or target == n % 2
        ]
        counted = Intervals.merge(part.session.take().intervals for part in players)
        dues = Schedule(scenario.traffic, 1).dues([NS_PER_S] * 2, ["a", "b"])
        assert reconcile(counted, dues, mixed=True)[1:] == (0, 0)
