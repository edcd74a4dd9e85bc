"""Whole runs with two workers under what `make test` has no time for; `make test-faults` has."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from eiload.base.clock import NS_PER_S
from eiload.base.status import Status
from eiload.judging.judgement import judge
from eiload.record.stopping import CLOCK
from tests.e2e.conftest import hangups
from tests.e2e.locust_runs import PATIENCE_S, due, planned, report, scenario, started
from tests.e2e.stand_ins import shared
from tests.grpc_servers import grpc_server
from tests.serving.model_server import ModelServer

__all__ = ["hangups"]

OPTIONS = (
    *("--headless", "--only-summary", "--scenario", "scenario.yaml", "--processes", "2"),
    *("--report-json", "run.json"),
)

CLOCK_C = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long step(void) {
    static volatile long *told;
    if (!told) {
        int file = open(getenv("TESTS_CLOCK"), O_RDONLY);
        told = mmap(0, sizeof(long), PROT_READ, MAP_SHARED, file, 0);
        close(file);
    }
    return *told;
}

int clock_gettime(clockid_t which, struct timespec *at) {
    int failed = syscall(SYS_clock_gettime, which, at);
    if (!failed && which == CLOCK_REALTIME) at->tv_sec += step();
    return failed;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone) {
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *at) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at) *at = now.tv_sec;
    return now.tv_sec;
}
"""
"""The clock of the processes that load it, as if somebody had set the machine's: by as many seconds
as a file says, whenever it is asked. Nobody else's clock is touched."""


@pytest.fixture
def settable(tmp_path: Path) -> tuple[tuple[str, ...], Path]:
    """Return below what processes have a clock of their own, and the file that sets it."""
    source, library, told = (tmp_path / name for name in ("clock.c", "clock.so", "clock.step"))
    source.write_text(CLOCK_C)
    told.write_bytes(bytes(8))
    try:
        command = ["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(source)]
        subprocess.run(command, check=True)
    except FileNotFoundError:
        pytest.skip("needs a C compiler")
    return ("env", f"LD_PRELOAD={library}", f"TESTS_CLOCK={told}"), told


@pytest.mark.parametrize("hours", [1, -1])
def test_row_41_the_clock_of_real_workers_is_set(
    tmp_path: Path, settable: tuple[tuple[str, ...], Path], hours: int
) -> None:
    """The run goes its way with both workers, whole and as long as planned, and says so."""
    below, told = settable
    target = {"model": "ssd", "server": shared().address, "deadline": "10 s"}
    traffic = [{"phase": "steady", "rate": "20/s", "for": "10 s"}]
    scenario(tmp_path, targets={"gpu": target}, traffic=traffic)
    with started(*OPTIONS, folder=tmp_path, below=below) as locust:
        locust.wait_for(" ok, ")
        with told.open("r+b") as file:
            file.write((hours * 3600).to_bytes(8, "little", signed=True))
        finished = locust.finish()
    run = report(tmp_path)
    assert "jumped" in run.environment[CLOCK]
    assert len(run.workers) == 2
    assert not run.problems
    assert not run.stopped
    assert run.ended_ns == run.scenario.duration_ns == 10 * NS_PER_S
    assert run.statuses(0, run.phases()) == {Status.OK: planned(run)}
    assert finished.status == judge(run).exit_status


class Counting(ModelServer):
    """A server that notes when each request came, and holds what comes at a word."""

    def __init__(self) -> None:
        super().__init__()
        self.came_s: list[float] = []
        self.holds = False
        self.over = threading.Event()

    def predict(self, data: bytes, context: object) -> bytes:
        """Answer a Predict."""
        self.came_s.append(time.time())
        if self.holds:
            self.over.wait()
        return super().predict(data, context)  # type: ignore[arg-type]

    def since(self, wall_ns: int) -> int:
        """Return how many came from an instant on."""
        return sum(each * NS_PER_S >= wall_ns for each in self.came_s)


@pytest.fixture
def counting(tmp_path: Path) -> Iterator[Counting]:
    """Serve one, for a scenario that goes on until it is stopped."""
    server = Counting()
    with grpc_server(server.handlers()) as port:
        target = {"model": "ssd", "server": f"127.0.0.1:{port}", "deadline": "1 h"}
        traffic = [{"phase": "steady", "rate": "40/s", "for": "10 min"}]
        scenario(tmp_path, targets={"gpu": target}, traffic=traffic)
        yield server
        server.over.set()


@pytest.mark.parametrize("how", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM])
@pytest.mark.usefixtures("hangups")
def test_row_36_the_whole_group_is_stopped(
    tmp_path: Path, counting: Counting, how: signal.Signals
) -> None:
    """What the server has seen, what the schedule had until the cuts and the report are one sum."""
    with started(*OPTIONS, folder=tmp_path) as locust:
        locust.wait_for(" ok, ", more=2)
        children = locust.children()
        os.killpg(locust.process.pid, how)
        finished = locust.finish()
        assert not psutil.wait_procs(children, PATIENCE_S)[1]
    run = report(tmp_path)
    assert finished.status == 128 + how
    assert "Traceback" not in finished.err
    assert run.statuses(0, run.phases()) == {Status.OK: due(run)}
    assert counting.since(run.started_wall_ns) == due(run)
    assert not run.problems


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("group", [False, True], ids=["master", "group"])
def test_row_36_twice_with_workers(
    tmp_path: Path, counting: Counting, how: signal.Signals, group: bool
) -> None:
    """A second signal in the drain ends it: what is in flight is unfinished, nobody is left."""
    with started(*OPTIONS, folder=tmp_path) as locust:
        locust.wait_for(" ok, p50")
        children = locust.children()
        counting.holds = True
        locust.wait_for("no answer lately")
        for word in (" drain | ", ""):
            (os.killpg if group else os.kill)(locust.process.pid, how)
            locust.wait_for(word)
        finished = locust.finish()
        assert not psutil.wait_procs(children, PATIENCE_S)[1]
    run = report(tmp_path)
    assert finished.status == 128 + how
    assert "Traceback" not in finished.err
    statuses = run.statuses(0, run.phases())
    assert statuses.keys() <= {Status.OK, Status.UNFINISHED, Status.DROPPED}
    assert statuses[Status.UNFINISHED] > 0
    assert sum(statuses.values()) == due(run)
