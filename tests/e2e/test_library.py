"""Locust without its command: one user in a debugger, and Locust as a library."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from eiload.server.launch import StandInProcess
from tests.e2e.locust_runs import PATIENCE_S
from tests.e2e.stand_ins import quick
from tests.warm import Process, warm

USER = """
import gevent
import locust
from locust import constant, run_single_user, task
from locust.env import Environment
from locust.exception import StopUser
from eiload import SSDUser

class Eye(SSDUser):
    host = "SERVER"
    wait_time = constant(0.05)
    synthetic = "64x48"
    looks = 0

    @task
    def look(self):
        answer = self.client.predict()
        assert answer.ok
        self.looks += 1
        if self.looks == ENOUGH:
            raise StopUser

def until(count):
    while env.stats.total.num_requests < count:
        gevent.sleep(0.1)
"""

SINGLE = "run_single_user(Eye)\n"

PLAIN = """
env = Environment(user_classes=[Eye])
runner = env.create_local_runner()
runner.start(2, spawn_rate=10)
until(10)
runner.quit()
print("exit status", env.eiload.outcome.exit_status in {0, 5})
"""

WITH_INIT = """
env = Environment(user_classes=[Eye], events=locust.events)
runner = env.create_local_runner()
env.events.init.fire(environment=env, runner=runner, web_ui=None)
for _ in range(2):
    env.stats.clear_all()
    runner.start(2, spawn_rate=10)
    until(10)
    runner.stop()
runner.quit()
"""

NOT_STOPPED = """
env = Environment(user_classes=[Eye])
runner = env.create_local_runner()
runner.start(2, spawn_rate=10)
until(10)
"""

BREAKPOINT = """
from gevent.monkey import get_original

class Debugged(Eye):
    @task
    def look(self):
        super().look()
        if self.looks == 2:
            get_original("time", "sleep")(8)  # all of this process stands still

run_single_user(Debugged)
"""

WORKER = """
env = Environment(user_classes=[Eye])
env.create_master_runner("127.0.0.1", 0)
Eye(env)
"""


@pytest.fixture
def server() -> StandInProcess:
    """Return a quick stand-in."""
    return quick()


def script(folder: Path, server: StandInProcess, rest: str, enough: int = -1) -> Path:
    """Write a script and return its path."""
    path = folder / "script.py"
    path.write_text(USER.replace("SERVER", server.address).replace("ENOUGH", str(enough)) + rest)
    return path


@contextlib.contextmanager
def running(path: Path) -> Iterator[Process]:
    """Start a script; see to it that it is not left."""
    process = warm().start(
        (),
        script=path,
        folder=path.parent,
        environ={**os.environ, "PYTHONUNBUFFERED": "1"},
        out=_file(path, ".out"),
        err=_file(path, ".err"),
    )
    try:
        yield process
    finally:
        process.kill()


def _file(path: Path, suffix: str) -> Path:
    found = path.with_suffix(suffix)
    found.touch()
    return found


def ran(path: Path) -> subprocess.CompletedProcess[str]:
    """Run a script to its end."""
    with running(path) as process:
        status = process.wait(PATIENCE_S)
    out, err = (path.with_suffix(suffix).read_text() for suffix in (".out", ".err"))
    return subprocess.CompletedProcess([str(path)], status, out, err)


def test_single_user(tmp_path: Path, server: StandInProcess) -> None:
    """It prints each request, and ends with a report of all of them."""
    command = [sys.executable, str(script(tmp_path, server, SINGLE, enough=10))]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("ssd Predict") == 10
    assert "scheduled 10 = 10 ok" in done.stdout


def test_at_a_breakpoint(tmp_path: Path, server: StandInProcess) -> None:
    """A process that a debugger holds for longer than any sign of life may take goes on."""
    done = ran(script(tmp_path, server, BREAKPOINT, enough=4))
    assert done.returncode == 0, done.stderr
    assert "scheduled 4 = 4 ok" in done.stdout


def test_single_user_interrupted(tmp_path: Path, server: StandInProcess) -> None:
    """Ctrl-C is Python's own, and the report comes all the same."""
    path = script(tmp_path, server, SINGLE)
    out = path.with_suffix(".out")
    with running(path) as process:
        give_up = time.monotonic() + PATIENCE_S
        while out.read_text().count("ssd Predict") < 5:
            assert process.poll() is None, out.read_text()
            assert time.monotonic() < give_up
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE_S)
    assert "every request" in out.read_text()
    assert "= 0 ok" not in out.read_text()


@pytest.mark.parametrize(
    ("rest", "reports"),
    [(PLAIN, 1), (WITH_INIT, 2), (NOT_STOPPED, 1)],
    ids=["plain", "with init", "not stopped"],
)
def test_library(tmp_path: Path, server: StandInProcess, rest: str, reports: int) -> None:
    """Each run ends with its report, also one that nobody stops before the process ends."""
    done = ran(script(tmp_path, server, rest))
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout.count("every request") == reports
    assert "failed" not in done.stdout.partition("every request")[2].partition("0 failed")[0]
    assert rest != PLAIN or "exit status True" in done.stdout


def test_master_without_the_plugin(tmp_path: Path, server: StandInProcess) -> None:
    """Whoever makes a master and workers is told what they need."""
    done = ran(script(tmp_path, server, WORKER))
    assert done.returncode != 0
    assert "fire environment.events.init once it has its runner" in done.stderr
