"""A signal at any moment of a process's life, by what Python does and not by the clock.

Python tells what it does: each import, file, call of the system (audit events, PEP 578). A process
counts those and sends itself a signal at the n-th; how many there are, it tells when it gets none.
So the moments are the same on any machine, from the import of eiload to Python's last instruction.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from eiload.judging.judgement import judge
from eiload.record.run import load
from tests.cli.command import EILOAD
from tests.e2e.locust_runs import LOCUSTFILE, PATIENCE_S, ROOT, scenario
from tests.e2e.stand_ins import quick
from tests.ports import free_port

MOMENTS = 6
"""Of each kind of command and signal, evenly over its life."""

COUNTING = """
import os, sys

# What becomes another program goes on counting; its children do not.
if os.environ.setdefault("TESTS_PID", str(os.getpid())) == str(os.getpid()):
    number, at = map(int, os.environ["TESTS_MOMENT"].split())
    told = os.open(os.environ["TESTS_TOLD"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    seen = [int(os.environ.get("TESTS_SEEN", "0"))]

    def count(event, args, kill=os.kill, pid=os.getpid(), getpid=os.getpid, write=os.write,
              environ=os.environ, seen=seen):
        if event in ("os.kill", "os.putenv") or getpid() != pid:
            return
        seen[0] += 1
        if event == "os.exec":
            environ["TESTS_SEEN"] = str(seen[0])
        if event == "import" and args[0] == "{begin}":
            write(told, b"%d begin\\n" % seen[0])
        if seen[0] == at:
            write(told, b"%d struck\\n" % seen[0])
            kill(pid, number)
        if seen[0] % 50 == 0 and not at:
            write(told, b"%d goes on\\n" % seen[0])

    sys.addaudithook(count)
"""
"""As `sitecustomize`, which Python imports before all else."""


@dataclass(frozen=True)
class Ended:
    """How a process has ended."""

    status: int
    err: str
    told: list[tuple[int, str]]
    left: list[psutil.Process]


def ended(command: Sequence[str], folder: Path, begin: str, moment: str) -> Ended:
    """Run a command that gets a signal at a moment: ``NUMBER AT``, 0 for none."""
    site = folder / "site"
    site.mkdir(parents=True)
    (site / "sitecustomize.py").write_text(COUNTING.replace("{begin}", begin))
    told = folder / "told"
    environ = {
        **os.environ,
        "PYTHONPATH": f"{site}{os.pathsep}{ROOT}",
        "TESTS_TOLD": str(told),
        "TESTS_MOMENT": moment,
    }
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environ,
        stdout=subprocess.DEVNULL,
        stderr=(folder / "err").open("w"),
        start_new_session=True,
    ) as process:
        status = process.wait(PATIENCE_S)
    _, left = psutil.wait_procs(_of_session(process.pid), PATIENCE_S)
    lines = [line.split(" ", 1) for line in told.read_text().splitlines()]
    err = (folder / "err").read_text()
    return Ended(status, err, [(int(at), what) for at, what in lines], left)


def _of_session(leader: int) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == leader:
                found.append(process)
        except ProcessLookupError:
            pass
    return found


def _command(kind: str, folder: Path) -> tuple[list[str], str]:
    """Return a command whose files are in a folder, and the module from which on it is ours."""
    target = {"model": "ssd", "server": quick().address, "deadline": "10 s"}
    traffic = [{"phase": "steady", "rate": "20/s", "for": "1 s"}]
    folder.mkdir()
    asked = {"targets": {"gpu": target}, "traffic": traffic, "objectives": ["p50 < 10 s"]}
    path = str(scenario(folder, **asked))
    port = str(free_port())
    options = ["--report-json", "run.json", "--master-port", port, "--master-bind-port", port]
    match kind:
        case "locust":
            line = ["-f", str(LOCUSTFILE), "--headless", "--only-summary", "--scenario", path]
            command = [sys.executable, "-m", "locust", *line, *options]
            return [*command, "--processes", "2"], "eiload.control.agent"
        case "run":
            return [*EILOAD, "run", path, *options], "eiload.cli.main"
        case _:
            trials = ["--from", "5/s", "--to", "20/s", "--trial", "1 s", "--warm-up", "0 s"]
            return [*EILOAD, "capacity", path, *trials, "--budget", "20 s"], "eiload.cli.main"


@pytest.mark.parametrize("kind", ["locust", "run", "capacity"])
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_row_35_36_at_any_moment(tmp_path: Path, kind: str, how: signal.Signals) -> None:
    """The status is the signal's or the run's own, there is no traceback, and nothing is left."""
    command, begin = _command(kind, tmp_path / "whole")
    whole = ended(command, tmp_path / "whole", begin, f"{int(how)} 0")
    first = next(at for at, what in whole.told if what == "begin") + 1
    last = whole.told[-1][0]
    step = (last - first) // (MOMENTS - 1)
    for number in range(MOMENTS):
        folder = tmp_path / str(number)
        command, begin = _command(kind, folder)
        found = ended(command, folder, begin, f"{int(how)} {first + number * step}")
        allowed = {128 + how}
        if "struck" not in {what for _, what in found.told} or kind == "capacity":
            allowed |= {0, 3, 5}
        if (folder / "run.json").exists():  # it came too late, or cut the run short
            allowed.add(judge(load(folder / "run.json")).exit_status)
        assert found.status in allowed, found
        assert "Traceback" not in found.err, found
        assert not found.left, found
