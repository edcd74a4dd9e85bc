"""The server's side as plain data."""

import json

import pytest

from eiload.judging.judgement import judge
from eiload.record.run import Run
from eiload.report import json as report
from eiload.report.account import account
from eiload.report.shape import RunFile
from tests.golden import golden_run
from tests.report.observed_runs import observed


def test_what_servers_gpus_and_hosts_said() -> None:
    """Under names with units; limits as pairs."""
    gpu, ei = json.loads(json.dumps(account(observed(50.0)), allow_nan=False))
    assert gpu["requests"]["by_status"] == {"OK": 1050}
    assert gpu["requests"]["in_server_ms"]["mean"] == 60
    assert gpu["requests"]["in_server_ms"]["p50"] == pytest.approx([37.4813, 67.4664], rel=1e-3)
    assert gpu["where_the_time_went"]["runtime"]["mean_ms"] == 50
    assert gpu["both_sides"]["foreign_least"] == gpu["both_sides"]["foreign_most"] == 50
    assert gpu["gpus"][0]["power_w"] == 50
    assert gpu["energy_j_per_good"] == 5
    assert gpu["hosts"][0]["steal"] == pytest.approx(0.1)
    assert ei["gpus"] == []
    assert ei["energy_j_per_good"] is None
    assert ei["notes"] == ["http://gone:9400/metrics could not be read: Connection refused"]
    assert account(golden_run()) == []


def test_a_run_file_holds_it() -> None:
    """It has the file's shape, reads back, and what was derived is ignored."""
    run = observed()
    text = report.render(run, judge(run))
    RunFile.model_validate_json(text, strict=True)
    assert Run.from_json(json.loads(text)).observed == run.observed
