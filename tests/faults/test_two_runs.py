"""Two runs on one master's port (row 67 of README.md)."""

from pathlib import Path

from eiload.base.status import Status
from tests.e2e.locust_runs import due, report, scenario, started
from tests.e2e.stand_ins import quick
from tests.ports import free_port

ENDLESS = [{"phase": "steady", "rate": "20/s", "for": "10 min"}]
VERDICTS = {0, 1, 3}


def test_row_67_two_runs_on_one_port(tmp_path: Path) -> None:
    """The second ends without a status that is a verdict, and no worker of it joins the first."""
    target = {"model": "ssd", "server": quick().address, "deadline": "10 s"}
    port = str(free_port())
    options = ["--headless", "--only-summary", "--processes", "2", "--master-port", port]
    options += ["--master-bind-port", port, "--report-json", "run.json"]
    folders = [tmp_path / "first", tmp_path / "second"]
    for folder in folders:
        folder.mkdir()
        scenario(folder, targets={"gpu": target}, traffic=ENDLESS)
    options += ["--scenario", "scenario.yaml"]
    with started(*options, folder=folders[0]) as first:
        first.wait_for(" ok, ")
        with started(*options, folder=folders[1]) as second:
            finished = second.finish()
        assert finished.status not in VERDICTS, finished.err
        assert finished.complaints(), finished.err
        assert "Traceback" not in finished.err, finished.err
        assert not (folders[1] / "run.json").exists()
        first.wait_for(" ok, ", more=2)
        first.interrupt()
        assert first.finish().status == 130
    run = report(folders[0])
    assert len(run.workers) == 2
    assert not run.problems
    assert run.statuses(0, run.phases()) == {Status.OK: due(run)}
