"""Master and workers as separate processes, as on separate machines."""

import contextlib
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from eiload.base.status import Status
from eiload.scenario.schedule import Schedule
from tests.e2e.locust_runs import (
    Finished,
    Locust,
    report,
    scenario,
    started,
    until_valid,
)
from tests.export.collectors import Stub
from tests.export.collectors import requests as brought
from tests.ports import free_port


@contextlib.contextmanager
def cluster(
    folder: Path, *arguments: str, workers: int = 2
) -> Iterator[tuple[Locust, list[Locust]]]:
    """Start a master with these arguments, and workers for it."""
    port = str(free_port())
    with contextlib.ExitStack() as stack:
        master = stack.enter_context(
            started(
                "--headless", "--only-summary", "--master", "--master-bind-host", "127.0.0.1",
                "--master-bind-port", port, "--expect-workers", str(workers), *arguments,
                folder=folder,
            )
        )  # fmt: skip
        joined = [
            stack.enter_context(started("--worker", "--master-port", port, folder=folder))
            for _ in range(workers)
        ]
        yield master, joined


def test_master_and_two_workers(tmp_path: Path) -> None:
    """The master's totals are exact: every scheduled request of both workers, to the request.

    So is what a collector has been brought, piece by piece.
    """
    path = scenario(tmp_path)
    taken: list[Counter[tuple[str, str]]] = []

    def run_it() -> Finished:
        options = ["--scenario", str(path), "--report-json", "run.json"]
        options += ["--otlp-temporality", "delta", "--otlp"]
        with Stub() as stub, cluster(tmp_path, *options, stub.endpoint) as (master, _):
            finished = master.finish()
            taken[:] = map(brought, stub.taken)
            return finished

    finished = until_valid(run_it, tmp_path)
    assert finished.status == 0
    run = report(tmp_path)
    schedule = Schedule(run.scenario.traffic, run.scenario.seed)
    due = sum(schedule.due([schedule.duration_ns] * 2).values())
    for target in range(2):
        assert run.statuses(target, run.phases()) == {Status.OK: due}
    (locust,) = re.findall(r"^\s+Aggregated\s+(\d+)\s+\d+\(", finished.err, re.MULTILINE)
    assert int(locust) == 2 * due
    assert sum(taken, Counter()) == {("gpu", "OK"): due, ("ei", "OK"): due}
    assert len(run.workers) == 2
    assert not run.problems


def test_every_kind_of_traffic_on_two_workers(tmp_path: Path) -> None:
    """Laws, rates, a replay and users: what two workers sent is what the plan had due, by phase.

    The trace that is replayed chooses a target for each of its requests.
    """
    (tmp_path / "trace.csv").write_text(
        "time_ms,host\n" + "".join(f"{n * n},{'ei' if n % 3 else 'gpu'}\n" for n in range(60))
    )
    replay = {
        "file": "trace.csv", "column": "time_ms", "unit": "ms", "speed": 1.5,
        "choose": {"target": "host"},
    }  # fmt: skip
    markov = {"calm": "5/s", "busy": "40/s", "calm_for": "1 s", "busy_for": "500 ms"}
    path = scenario(
        tmp_path,
        traffic=[
            {"phase": "gamma", "rate": "20/s", "arrivals": {"gamma": {"cv": 3}}, "for": "2 s"},
            {"phase": "batch", "rate": "20/s", "arrivals": {"batch": {"size": 8}}, "for": "2 s"},
            {"phase": "pause", "rate": "0/s", "for": "1 s"},
            {"phase": "moods", "rate": {"markov": markov}, "for": "2 s"},
            {"phase": "replay", "replay": replay, "for": "2 s"},
            {"phase": "users", "users": {"from": 0, "to": 6}, "think": "100 ms", "for": "2 s"},
        ],
    )
    with cluster(tmp_path, "--scenario", str(path), "--report-json", "run.json") as (master, _):
        master.finish()
    run = report(tmp_path)  # valid or not: a busy machine sends late, but not less
    schedule = Schedule(run.scenario.traffic, run.scenario.seed)
    dues = schedule.dues([schedule.duration_ns] * 2, [*run.scenario.targets])
    for target, name in enumerate(run.scenario.targets):
        due = [0] * 6
        for (phase, _), count in dues[target].items():
            due[phase] += count
        assert due[2] == 0
        hosts = ["ei" if n % 3 else "gpu" for n in range(60) if n * n < 3000]
        assert due[4] == hosts.count(name)
        for index, span in enumerate(run.phases()[:5]):
            assert sum(run.statuses(target, [span]).values()) == due[index]
        users = run.statuses(target, run.phases()[5:])
        assert users.get(Status.OK, 0) > 6
    assert not run.problems


def test_master_gone(tmp_path: Path) -> None:
    """Workers without a master stop their load within seconds and say so."""
    path = scenario(tmp_path, traffic=[{"phase": "steady", "rate": "20/s", "for": "10 min"}])
    with cluster(tmp_path, "--scenario", str(path), workers=1) as (master, (worker,)):
        master.wait_for(" ok, ")
        master.process.kill()
        worker.wait_for("no word from the master")
        worker.wait_for("the load stops")
