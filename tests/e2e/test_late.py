"""Workers that come when a run is on."""

import time
from pathlib import Path
from typing import Any

from eiload.base.status import Status
from eiload.record.run import Run
from tests.e2e.locust_runs import (
    GIVEN_UP,
    PATIENCE_S,
    Locust,
    accounted,
    due,
    report,
    scenario,
    started,
)
from tests.e2e.stand_ins import quick
from tests.ports import free_port

LOOKING = """
from locust import constant, task
from eiload import SSDUser

class Eye(SSDUser):
    wait_time = constant(0.1)
    synthetic = "64x48"

    @task
    def look(self):
        assert self.client.predict().ok
        print("looked", flush=True)
"""


def until_it_looks(worker: Locust) -> None:
    """Wait until a user of a worker's has had an answer."""
    give_up = time.monotonic() + PATIENCE_S
    while "looked" not in worker.out():
        assert worker.process.poll() is None, worker.err()
        assert time.monotonic() < give_up, worker.err()
        time.sleep(0.1)


def test_late_worker_of_users(tmp_path: Path) -> None:
    """It gets ready, Locust gives it users, they send, and its counts are in the report."""
    path = tmp_path / "looking.py"
    path.write_text(LOOKING)
    port = str(free_port())
    more: Any = {"folder": tmp_path, "locustfile": path}
    with (
        started(
            "--headless", "--only-summary", "--master", "--master-bind-host", "127.0.0.1",
            "--master-bind-port", port, "--host", quick().address, "-u", "4", "-r", "4",
            "--enable-rebalancing", "--report-json", "run.json", **more,
        ) as master,
        started("--worker", "--master-port", port, **more) as first,
    ):  # fmt: skip
        until_it_looks(first)
        with started("--worker", "--master-port", port, **more) as late:
            master.wait_for("comes while a run is on; it takes part once it is ready")
            until_it_looks(late)
            master.interrupt()
            finished = master.finish()
    assert finished.status == 130
    run = report(tmp_path)
    assert len(run.workers) == 2
    assert not run.problems
    assert run.statuses(0).keys() == {Status.OK}


def lost_and_late(folder: Path) -> Run | None:
    """Return a run whose first worker was lost, and in whose place another came.

    None if Locust has given the other one up, too.
    """
    path = scenario(folder, traffic=[{"phase": "steady", "rate": "20/s", "for": "10 min"}])
    port = str(free_port())
    with (
        started(
            "--headless", "--only-summary", "--master", "--master-bind-host", "127.0.0.1",
            "--master-bind-port", port, "--expect-workers", "2", "--scenario", str(path),
            "--report-json", "run.json",
            folder=folder,
        ) as master,
        started("--worker", "--master-port", port, folder=folder) as first,
        started("--worker", "--master-port", port, folder=folder),
    ):  # fmt: skip
        master.wait_for(" ok, ")
        first.kill()
        try:
            master.wait_for("is gone; the others take over its part of the load")
            with started("--worker", "--master-port", port, folder=folder):
                master.wait_for("takes over 1 of 2 parts of the load")
                master.wait_for(" ok, ", more=4)  # a part changes hands after 4 s
                master.interrupt()
                finished = master.finish()
        except AssertionError:
            if GIVEN_UP in master.err():
                return None
            raise
    assert finished.status == 130
    return report(folder)


def test_late_worker_of_a_scenario(tmp_path: Path) -> None:
    """One comes in the place of a lost one: it gets that one's part, and each request its fate."""
    run = next(filter(None, (lost_and_late(tmp_path) for _ in range(5))))
    assert len(run.workers) == 3
    assert [problem for problem in run.problems if "was lost" not in problem] == []
    for statuses in accounted(run).values():
        assert statuses[Status.OK] > 0
        assert sum(statuses.values()) == due(run)
