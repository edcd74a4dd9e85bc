"""One scenario, run on one process and on two: the same requests, all of them accounted for."""

from pathlib import Path
from typing import NamedTuple

import pytest

from eiload.base.status import Status
from eiload.record.intervals import Kind
from eiload.record.run import Run
from tests.e2e.locust_runs import (
    Finished,
    accounted,
    headless,
    locust_total,
    planned,
    report,
    scenario,
    until_valid,
)

PROCESSES = {"alone": (), "two workers": ("--processes", "2")}


class Done(NamedTuple):
    """A run that has ended, and its run file."""

    finished: Finished
    run: Run


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Done]:
    """Return a run for each of `PROCESSES`."""
    done = {}
    for name, processes in PROCESSES.items():
        folder = tmp_path_factory.mktemp("same")
        path = scenario(folder, objectives=["errors < 10 %"])
        options = ("--scenario", str(path), "--report-json", "run.json", *processes)

        def run_it(folder: Path = folder, options: tuple[str, ...] = options) -> Finished:
            return headless(*options, folder=folder)

        done[name] = Done(until_valid(run_it, folder), report(folder))
    return done


@pytest.mark.parametrize("processes", PROCESSES)
def test_scenario(runs: dict[str, Done], processes: str) -> None:
    """A scenario sends its whole schedule, on one process or two, and accounts for each request."""
    finished, run = runs[processes]
    expected = {Status.OK: planned(run)}
    assert accounted(run) == {"gpu": expected, "ei": expected}
    assert locust_total(finished) == 2 * planned(run)
    assert not run.problems
    assert all(target.answers_checked and not target.answers_bad for target in run.targets)
    assert "emulated" in finished.out
    assert finished.out.strip().splitlines()[-1].startswith("e2e")
    assert finished.status == 3  # 4 s decide nothing


def test_one_and_two_workers_send_the_same(runs: dict[str, Done]) -> None:
    """The schedule does not depend on the number of workers: the same seconds, the same counts."""
    cells = []
    for _, run in runs.values():
        seconds, _, counts = run.intervals.slab(0, 1, Kind.STATUS)
        cells.append((seconds.tolist(), counts.tolist()))
    assert cells[0] == cells[1]
