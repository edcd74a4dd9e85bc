"""Whole runs: the command line a user types, to the exit status and the run file."""

import contextlib
import json
import os
import re
import signal
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from eiload.base.clock import NS_PER_S
from eiload.base.status import Status
from eiload.judging.judgement import judge
from eiload.record.block import text_of
from eiload.record.intervals import Kind
from eiload.record.journal import read
from eiload.scenario.schedule import Schedule
from tests.e2e.locust_runs import (
    GIVEN_UP,
    PATIENCE_S,
    Locust,
    accounted,
    due,
    headless,
    locust_total,
    planned,
    report,
    scenario,
    started,
    until_valid,
    was_late,
)
from tests.e2e.stand_ins import own_targets, quick, shared
from tests.ports import free_port

RUN_FILE = ("--report-json", "run.json")


def test_closed_loop(tmp_path: Path) -> None:
    """A closed-loop phase keeps its users busy, and cannot make a response time pass.

    Whoever starts anew what fails is told 0, and finds the run in the log.
    """
    traffic = [{"phase": "users", "users": 3, "think": "20 ms", "for": "3 s"}]
    path = scenario(tmp_path, traffic=traffic, objectives=["p50 < 10 s"])
    options = ("--scenario", str(path), *RUN_FILE, "--processes", "2", "--report-to", "stdout")
    more = ("--exit-status", "zero")
    for _ in range(6):
        finished = headless(*options, *more, folder=tmp_path)
        if not was_late(tmp_path):
            break
    (gpu, ei) = accounted(report(tmp_path)).values()
    assert gpu.keys() == ei.keys() == {Status.OK}
    assert min(gpu[Status.OK], ei[Status.OK]) > 10
    assert finished.status == 0
    assert "the exit status is 0, as --exit-status says, not 3" in finished.complaints()
    assert json.loads(text_of(finished.out)) == json.loads((tmp_path / "run.json").read_text())


def test_plain_locust(tmp_path: Path) -> None:
    """Without a scenario Locust's users load the host, in a closed loop, as any locustfile does."""
    options = ("--host", shared().address, "-u", "3", "-r", "3", *RUN_FILE)
    enough = {"ssd Predict": 30}
    finished = until_valid(lambda: headless(*options, folder=tmp_path, enough=enough), tmp_path)
    (statuses,) = accounted(report(tmp_path)).values()
    assert statuses.keys() == {Status.OK}
    assert locust_total(finished) == statuses[Status.OK] > 10
    assert finished.status == 0


@pytest.mark.parametrize("processes", [[], ["--processes", "2"]], ids=["alone", "two workers"])
@pytest.mark.parametrize("how", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM])
@pytest.mark.usefixtures("hangups")
def test_stopped_by_a_signal(tmp_path: Path, processes: list[str], how: signal.Signals) -> None:
    """A stopped run drains, accounts for what was due until then, and exits with 128 + signal."""
    traffic = [{"phase": "steady", "rate": "40/s", "for": "10 min"}]
    path = scenario(tmp_path, traffic=traffic, targets=own_targets())
    options = ("--headless", "--only-summary", "--scenario", str(path), *RUN_FILE, *processes)
    with started(*options, folder=tmp_path) as locust:
        locust.wait_for(" ok, p50")
        children = locust.children()
        if how is signal.SIGTERM:
            locust.process.send_signal(how)
        else:
            os.killpg(locust.process.pid, how)  # as a terminal does
        finished = locust.finish()
        _, left = psutil.wait_procs(children, PATIENCE_S)
        assert not left
    assert finished.status == 128 + how
    run = report(tmp_path)
    (gpu, ei) = accounted(run).values()
    assert gpu == ei
    assert gpu == {Status.OK: due(run)}
    assert locust_total(finished) == 2 * gpu[Status.OK]
    assert not run.problems
    assert run.stopped == how.name


def test_interrupted_while_getting_ready(tmp_path: Path) -> None:
    """Ctrl-C before the load begins ends the run there."""
    targets = {"cold": {"model": "ssd", "stand_in": {"load_time": "60 s"}}}
    options = ("--headless", "--scenario", str(scenario(tmp_path, targets=targets)))
    with started(*options, folder=tmp_path) as locust:
        locust.wait_for("starting the stand-in")
        locust.interrupt()
        finished = locust.finish()
    assert finished.status == 130
    assert finished.complaints()[1:] == ["stopped before the load began (SIGINT)"]


def test_second_interrupt_leaves_what_is_in_flight(tmp_path: Path) -> None:
    """A second Ctrl-C ends the drain: requests without an answer are reported unfinished."""
    quick = {"compute": "5 ms", "concurrency": 8}
    targets = {"gpu": {"model": "ssd", "deadline": "1 h", "stand_in": quick}}
    traffic = [{"phase": "steady", "rate": "40/s", "for": "10 min"}]
    path = scenario(tmp_path, targets=targets, traffic=traffic)
    with started("--headless", "--scenario", str(path), *RUN_FILE, folder=tmp_path) as locust:
        locust.wait_for(" ok, p50")
        (server,) = locust.running("eiload.server")
        server.suspend()
        locust.wait_for("no answer lately")
        locust.interrupt()
        locust.wait_for("Ctrl-C")
        locust.interrupt()
        assert locust.finish().status == 130
    run = report(tmp_path)
    (statuses,) = accounted(run).values()
    assert statuses.keys() == {Status.OK, Status.UNFINISHED}
    assert sum(statuses.values()) == due(run)


def test_sender_killed(tmp_path: Path) -> None:
    """A dead sender ends the run at once: numbers, no verdict, what it took with it is LOST."""
    path = scenario(tmp_path, traffic=[{"phase": "steady", "rate": "40/s", "for": "10 min"}])
    with started("--headless", "--scenario", str(path), *RUN_FILE, folder=tmp_path) as locust:
        locust.wait_for(" ok, p50")
        locust.senders()[0].kill()
        finished = locust.finish()
    assert finished.status == 5
    run = report(tmp_path)
    assert "killed by signal 9" in " ".join(run.problems)
    assert accounted(run)["gpu"][Status.OK] > 0


def test_worker_killed(tmp_path: Path) -> None:
    """A lost worker makes the run invalid; the other takes over, and each request has its fate."""
    path = scenario(tmp_path, traffic=[{"phase": "steady", "rate": "20/s", "for": "20 s"}])
    options = ("--headless", "--scenario", str(path), *RUN_FILE, "--processes", "2")
    for _ in range(5):
        with started(*options, folder=tmp_path) as locust:
            locust.wait_for(" ok, ")
            worker = locust.running("locust")[0]
            worker.kill()
            finished = locust.finish()
        if GIVEN_UP not in finished.err:
            break  # else Locust has given the other one up, too
    assert finished.status == 5
    run = report(tmp_path)
    assert "was lost" in " ".join(run.problems)
    total = planned(run)
    for statuses in accounted(run).values():
        assert sum(statuses.values()) == total
        assert 0 < statuses[Status.LOST] < total
    # The heir sends the lost half again in the last seconds.
    seconds, buckets, counts = run.intervals.slab(0, 0, Kind.STATUS)
    late = (seconds >= 17) & (buckets == Status.OK)
    everybody = Schedule(run.scenario.traffic, run.scenario.seed).due([run.ended_ns] * 2)
    due_late = sum(n for (_, second), n in everybody.items() if second >= 17)
    assert int(np.sum(counts[late])) == due_late


def kill_master(locust: Locust, folder: Path) -> int:
    """Kill it when its journal has some seconds, see its children end; return when, wall clock."""
    journal = folder / "run.json.journal"
    locust.wait_for(" ok, ")
    give_up = time.monotonic() + PATIENCE_S
    while journal.read_bytes().count(b"\n") < 8:
        assert time.monotonic() < give_up, locust.err()
        time.sleep(0.2)
    children = locust.children()
    workers = locust.running("locust")
    locust.process.kill()
    killed_ns = time.time_ns()
    for worker in workers if not sys.platform.startswith("linux") else []:
        with contextlib.suppress(psutil.NoSuchProcess):
            worker.kill()  # it would wait a minute for its master
    _, left = psutil.wait_procs(children, PATIENCE_S)
    assert not left
    return killed_ns


@pytest.mark.parametrize("processes", [[], ["--processes", "2"]], ids=["alone", "two workers"])
def test_master_killed(tmp_path: Path, processes: list[str]) -> None:
    """A killed master leaves a journal with all but the last seconds: numbers and no verdict."""
    path = scenario(
        tmp_path,
        traffic=[{"phase": "steady", "rate": "40/s", "for": "10 min"}],
        targets=own_targets(),
        objectives=["errors < 50 %"],
    )
    options = ("--headless", "--only-summary", "--scenario", str(path), *RUN_FILE, *processes)
    with started(*options, folder=tmp_path) as locust:
        killed_ns = kill_master(locust, tmp_path)
    assert not (tmp_path / "run.json").exists()
    run = read(tmp_path / "run.json.journal")
    assert run.ended_ns > 4 * NS_PER_S
    assert killed_ns - run.started_wall_ns - run.ended_ns < 30 * NS_PER_S
    for statuses in accounted(run).values():
        assert sum(statuses.values()) == pytest.approx(40 * run.ended_ns / NS_PER_S, rel=0.5)
        assert statuses[Status.OK] > 100
        assert statuses.get(Status.LOST, 0) < 40  # what was on its way
    judgement = judge(run)
    assert judgement.exit_status == 5
    assert {verdict.word.value for verdict in judgement.verdicts} == {"undecided"}


@pytest.mark.parametrize("processes", [[], ["--processes", "2"]], ids=["alone", "two workers"])
def test_users_master_killed(tmp_path: Path, processes: list[str]) -> None:
    """The journal of a run of Locust's users has no plan to be held against, only what was done."""
    options = ("--headless", "--host", quick().address, "-u", "2", "-r", "2", *RUN_FILE)
    with started(*options, *processes, folder=tmp_path) as locust:
        killed_ns = kill_master(locust, tmp_path)
    run = read(tmp_path / "run.json.journal")
    assert run.scenario.duration_ns == run.ended_ns > 4 * NS_PER_S
    assert killed_ns - run.started_wall_ns - run.ended_ns < 30 * NS_PER_S
    (statuses,) = accounted(run).values()
    assert statuses.keys() == {Status.OK}
    assert judge(run).exit_status == 5


def test_two_runs_with_one_run_file(tmp_path: Path) -> None:
    """The second is refused before it loads anything; the first leaves its run file and no more."""
    # It is on for as long as the second may take to start.
    path = scenario(tmp_path, traffic=[{"phase": "steady", "rate": "20/s", "for": "10 s"}])
    options = ("--headless", "--scenario", str(path), *RUN_FILE)
    with started(*options, folder=tmp_path) as first:
        first.wait_for(" ok, ")
        second = headless("--scenario", str(path), *RUN_FILE, folder=tmp_path)
        assert second.status == 2
        assert any("another run is writing it" in line for line in second.complaints())
        first.finish()
    assert report(tmp_path).ended_ns == report(tmp_path).scenario.duration_ns
    assert [each.name for each in tmp_path.glob("run*")] == ["run.json"]


@pytest.mark.parametrize(
    ("options", "status", "complaint"),
    [
        (["--scenario", "nowhere.yaml"], 2, r"nowhere\.yaml: .*"),
        (["--host", "localhost:{closed}", "-t", "1m"], 4, r".*refused.*"),
        ([], 2, r"no server to load for SSD; give --host localhost:8500, or --scenario NAME"),
        (["--host", "x:1", "--image", "gone.jpg"], 2, r".*gone\.jpg.*"),
        (["--scenario", "bad.yaml"], 2, r"bad\.yaml:1:7: .*"),
        (["--scenario", "scenario.yaml", "--report-json", "no/x.json"], 2, r".*no/x.json.*"),
    ],
)  # fmt: skip
def test_bad_input(tmp_path: Path, options: list[str], status: int, complaint: str) -> None:
    """What cannot work is said in one line with its remedy, before any load, by exit status."""
    scenario(tmp_path)
    (tmp_path / "bad.yaml").write_text("name: []\n")
    closed = str(free_port())
    finished = headless(*(o.replace("{closed}", closed) for o in options), folder=tmp_path)
    assert finished.status == status
    assert "Traceback" not in finished.err
    assert any(re.fullmatch(complaint, line) for line in finished.complaints()), finished.err
