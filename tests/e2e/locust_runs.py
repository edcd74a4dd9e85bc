"""Runs Locust as its users do: a process, a command line, an exit status, files.

Everything here is real: Locust's own command, its masters and workers, sender processes, stand-ins
on loopback sockets. A run that does not end by itself is killed with all its children, and fails.
"""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from eiload.base.status import Status
from eiload.judging import health
from eiload.record.run import Run, load
from eiload.scenario.schedule import Schedule
from tests.e2e.stand_ins import shared_targets
from tests.ports import free_port
from tests.warm import Process, warm

ROOT = Path(__file__).parent.parent.parent
LOCUSTFILE = ROOT / "locustfiles" / "ssd.py"
ENOUGH = Path(__file__).with_name("enough.py")
PATIENCE_S = 180
"""Twenty times what the slowest of these runs takes on a quiet machine."""
GIVEN_UP = "The last worker went missing"
"""What Locust says when it has heard nothing of the last worker for 4 s: on a busy machine also of
one that is well, where a test has killed the other one."""


@dataclass
class Finished:
    """A run that has ended."""

    status: int
    out: str
    err: str

    def complaints(self) -> list[str]:
        """Return the lines that eiload wrote to stderr, without their mark, progress left out."""
        marked = (line for line in self.err.splitlines() if line.startswith("eiload: "))
        return [line.removeprefix("eiload: ") for line in marked if " | " not in line]


class Locust:
    """One `locust` process, started; `below` is the command, if any, that it runs under."""

    def __init__(
        self,
        *arguments: str,
        folder: Path,
        locustfile: Path | str = LOCUSTFILE,
        below: Sequence[str] = (),
        environ: Mapping[str, str] | None = None,
    ) -> None:
        if "--processes" in arguments and "--master-port" not in arguments:
            # Workers of another run on this machine would come to the usual port as well.
            port = str(free_port())
            arguments = (*arguments, "--master-bind-port", port, "--master-port", port)
        self.arguments = arguments
        self._out = folder / f"out-{time.monotonic_ns()}.txt"
        self._err = self._out.with_suffix(".err")
        environ = {**os.environ, "PYTHONUNBUFFERED": "1", **(environ or {})}
        command = ["-f", str(locustfile), *arguments]
        self.process: subprocess.Popen[bytes] | Process
        with self._out.open("w") as out, self._err.open("w") as err:
            if below:
                self.process = subprocess.Popen(
                    [*below, sys.executable, "-m", "locust", *command],
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=err,
                    cwd=folder,
                    env=environ,
                    start_new_session=True,
                )
            else:
                self.process = warm().start(
                    command, folder=folder, environ=environ, out=self._out, err=self._err
                )
        self._all = psutil.Process(self.process.pid)

    def err(self) -> str:
        """Return what it has written to stderr so far."""
        return self._err.read_text()

    def out(self) -> str:
        """Return what it has written to stdout so far."""
        return self._out.read_text()

    def wait_for(self, text: str, more: int = 0) -> None:
        """Wait until it has written `text` to stderr; with `more`, so many times from now on."""
        give_up = time.monotonic() + PATIENCE_S
        times = self.err().count(text) + more if more else 1
        while self.err().count(text) < times:
            assert self.process.poll() is None, f"ended before it said {text!r}:\n{self.err()}"
            assert time.monotonic() < give_up, f"never said {text!r}:\n{self.err()}"
            time.sleep(0.05)

    def senders(self) -> list[psutil.Process]:
        """Return the sender processes below it."""
        return self.running("eiload.sending.sender")

    def running(self, name: str) -> list[psutil.Process]:
        """Return the processes below it whose command holds `name`."""
        return [process for process in self.children() if runs(process, name)]

    def children(self) -> list[psutil.Process]:
        """Return all processes below it."""
        return self._all.children(recursive=True)

    def interrupt(self) -> None:
        """Press Ctrl-C: SIGINT to the whole process group, as a terminal does."""
        os.killpg(self.process.pid, signal.SIGINT)

    def finish(self) -> Finished:
        """Wait for the end."""
        try:
            status = self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"did not end:\n{self.err()}") from None
        return Finished(status, self._out.read_text(), self.err())

    def kill(self) -> None:
        """End it and whatever it has started; it first, or it would tell of the others' deaths."""
        with contextlib.suppress(psutil.NoSuchProcess):
            for process in [self._all, *self.children()]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
        self.process.wait()


def runs(process: psutil.Process, name: str) -> bool:
    """Tell whether the command of a process holds `name`; one that has just ended has none."""
    try:
        return name in " ".join(process.cmdline())
    except psutil.NoSuchProcess:  # a zombie too
        return False


@contextlib.contextmanager
def started(
    *arguments: str,
    folder: Path,
    locustfile: Path | str = LOCUSTFILE,
    below: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
) -> Iterator[Locust]:
    """Start Locust and see to it that nothing of it is left."""
    locust = Locust(*arguments, folder=folder, locustfile=locustfile, below=below, environ=environ)
    try:
        yield locust
    finally:
        locust.kill()


def headless(
    *arguments: str,
    folder: Path,
    locustfile: Path = LOCUSTFILE,
    enough: dict[str, int] | None = None,
) -> Finished:
    """Run Locust without its web UI to its end, or until enough has been answered.

    Args:
        arguments: further ones.
        folder: where.
        locustfile: which.
        enough: how many requests of each name are enough; then the locustfile ends the run.
    """
    options = ("--headless", "--only-summary", *arguments)
    environ: dict[str, str] = {}
    files = str(locustfile)
    if enough is not None:
        files = f"{locustfile},{ENOUGH}"
        environ = {"TESTS_ENOUGH": json.dumps(enough)}
    with started(*options, folder=folder, locustfile=files, environ=environ) as locust:
        return locust.finish()


def until_valid(run: Callable[[], Finished], folder: Path, times: int = 6) -> Finished:
    """Run again, some times at most, while the machine is too busy to send in time.

    Any other reason to call a run invalid is the test's to see.

    Args:
        run: runs Locust with ``--report-json run.json``.
        folder: where.
        times: how often at most.
    """
    for _ in range(times):
        finished = run()
        if finished.status != 5 or not was_late(folder):
            return finished
    raise AssertionError(f"late {times} times: {health.check(report(folder)).reasons}")


def was_late(folder: Path) -> bool:
    """Tell whether lateness is all that was wrong with the run in a folder."""
    if not (folder / "run.json").exists():
        return False
    reasons = health.check(report(folder)).reasons
    return bool(reasons) and all("were sent late: lag" in reason for reason in reasons)


def scenario(folder: Path, **changes: Any) -> Path:
    """Write a scenario of two equal targets, changed as said, and return its path."""
    plain: dict[str, Any] = {
        "name": "e2e",
        "targets": changes.get("targets") or shared_targets(),
        "payload": {"synthetic": "64x48"},
        "sample": 5,
        "traffic": [
            {"phase": "warm-up", "rate": "10/s", "for": "1 s", "warm_up": True},
            {"phase": "steady", "rate": "20/s", "for": "4 s"},
        ],
    }
    path = folder / "scenario.yaml"
    path.write_text(json.dumps({**plain, **changes}))  # JSON is YAML
    return path


def report(folder: Path) -> Run:
    """Read the run file that ``--report-json run.json`` has left."""
    return load(folder / "run.json")


def accounted(run: Run) -> dict[str, dict[Status, int]]:
    """Return how the requests of each target ended, warm-up included."""
    return {t.name: run.statuses(i, run.phases()) for i, t in enumerate(run.targets)}


def planned(run: Run) -> int:
    """Return how many arrivals the run's schedule has."""
    schedule = Schedule(run.scenario.traffic, run.scenario.seed)
    return sum(len(chunk.offsets_ns) for chunk in schedule.chunks())


def due(run: Run) -> int:
    """Return how many arrivals its schedule has until its end, or until each worker's."""
    schedule = Schedule(run.scenario.traffic, run.scenario.seed)
    return sum(schedule.due(run.cuts_ns or [run.ended_ns]).values())


def locust_total(finished: Finished) -> int:
    """Return how many requests Locust's own table counts."""
    (total,) = re.findall(r"^\s+Aggregated\s+(\d+)\s+\d+\(", finished.err, re.MULTILINE)
    return int(total)
