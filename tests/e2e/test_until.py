"""Runs that go on until all is decided: real workers, one cut, the same words by the file."""

from pathlib import Path

from eiload.base.clock import NS_PER_S
from eiload.base.status import Status
from eiload.judging.judgement import judge
from eiload.scenario.schedule import Schedule
from tests.e2e.locust_runs import accounted, headless, report, scenario, until_valid

LOOKS = {"at_most": "2 min", "looks": ["2 s", "4 s", "8 s", "1 min"], "until": "decided"}


def test_ends_at_a_look(tmp_path: Path) -> None:
    """Two workers are cut at one instant long before the plan's end, and every request is known."""
    path = scenario(
        tmp_path,
        traffic=[
            {"phase": "warm-up", "rate": "10/s", "for": "1 s", "warm_up": True},
            {"phase": "steady", "rate": "20/s", "for": LOOKS},
        ],
        objectives=["max < 1 h", "versions: same"],
        abort={"errors": "90 % for 5 s"},
    )
    options = ("--scenario", str(path), "--report-json", "run.json", "--processes", "2")
    finished = until_valid(lambda: headless(*options, folder=tmp_path), tmp_path)
    assert finished.status == 0
    assert "look at 00:03" in finished.err
    run = report(tmp_path)
    assert run.stopped.startswith("everything is decided by the look after ")
    (*_, last) = run.looks
    assert last.open == ()
    assert last.second * NS_PER_S < last.taken_ns < run.ended_ns < run.scenario.duration_ns
    due = sum(Schedule(run.scenario.traffic, run.scenario.seed).due([run.ended_ns]).values())
    assert accounted(run) == {name: {Status.OK: due} for name in ("gpu", "ei")}
    found = judge(run)
    assert found.exit_status == 0
    assert found.validity.valid
    assert f"ended ({run.stopped})" in finished.out
