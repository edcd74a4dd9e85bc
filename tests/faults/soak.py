"""A long run beside which nothing may grow: ``python tests/faults/soak.py [MINUTES]``.

An hour if nothing is said: 50 small requests a second by two workers to a server of this process,
which counts; the live page is asked once a second, as a browser that shows it does. Beside it goes
Locust without eiload, whose users count as many requests as made by nobody: its statistics keep a
number for each second and name, its charts a row for each 5 s, so its master grows by itself.
Every half minute the memory and the open descriptors of each process are read; what they come to
after ten minutes is told as a table, and the exit status is 1 if memory grows by 1 MB an hour (the
master's by that beyond what the master beside it does), a descriptor stays open, or a request is
not accounted for.
"""

import contextlib
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import DEVNULL
from typing import Any

import numpy as np
import psutil
import requests

if __package__ in {None, ""}:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from eiload.base.clock import NS_PER_S
from eiload.record.run import Run
from eiload.serving.tfserving import PREDICT
from tests.e2e.locust_runs import Locust, due, report, runs, scenario, started, was_late
from tests.grpc_servers import Handler, grpc_server
from tests.ports import free_port
from tests.serving.model_server import ModelServer

RATE = 50
EVERY_S = 30
SETTLED_S = 600
"""After so long memory is expected to have been taken; in a shorter soak after half of it."""
MASTER, SENDER, PLAIN = "master", "eiload.sending.sender", "Locust's"
GROWTH_MB_H = 1.0
PLAIN_LOCUSTFILE = f"""\
import random
from locust import User, constant_throughput, task


class Plain(User):
    fixed_count = {RATE}
    wait_time = constant_throughput(1)

    @task
    def count(self):
        self.environment.events.request.fire(
            request_type="grpc", name="Predict", response_time=random.lognormvariate(1, 0.5),
            response_length=100, exception=None, context={{}},
        )
"""


@dataclass
class Course:
    """One process over time."""

    name: str
    process: psutil.Process
    at_s: list[float] = field(default_factory=list)
    held_mb: list[float] = field(default_factory=list)
    descriptors: list[int] = field(default_factory=list)

    def read(self, at_s: float) -> None:
        """Read it once more; one that has ended is not read any more."""
        with contextlib.suppress(psutil.NoSuchProcess):
            held_mb, descriptors = _held_mb(self.process), self.process.num_fds()
            self.at_s.append(at_s)
            self.held_mb.append(held_mb)
            self.descriptors.append(descriptors)

    def growth_mb_h(self, since_s: float) -> tuple[float, float]:
        """Return the slope by least squares and its standard error, MB/h."""
        at_h, held_mb = np.array(self.at_s) / 3600, np.array(self.held_mb)
        mine = at_h >= since_s / 3600
        if mine.sum() < 3:
            return float("nan"), float("nan")
        line, covariance = np.polyfit(at_h[mine], held_mb[mine], 1, cov="unscaled")
        rest = held_mb[mine] - np.polyval(line, at_h[mine])
        variance = float(rest @ rest) / (mine.sum() - 2)
        return float(line[0]), float(np.sqrt(covariance[0, 0] * variance))


class Viewer(threading.Thread):
    """What the live page asks, as its script does: all that it does not have yet, each second."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.url = f"http://127.0.0.1:{port}/eiload/live"
        self.answers = self.failures = 0
        self.over = threading.Event()

    def run(self) -> None:
        """Ask until it is over."""
        known, failed = {"run": 0, "generation": 0, "next": 0}, 0
        with requests.Session() as browser:
            while not self.over.wait(1):
                asked: dict[str, str | int] = {"view": "whole", "after": known["next"], **known}
                try:
                    told: dict[str, Any] = browser.get(self.url, params=asked, timeout=30).json()
                except (requests.RequestException, ValueError):
                    failed += 1  # the last ones are those of a master that has ended
                    continue
                self.answers += 1
                self.failures, failed = self.failures + failed, 0
                known = {each: told.get(each, 0) for each in known}


def _held_mb(process: psutil.Process) -> float:
    """Return how much memory a process has of its own.

    Pages of files (libraries, above all) are left out where they are told apart: the kernel drops
    some and takes them up again as it likes, megabytes at a time.
    """
    with contextlib.suppress(FileNotFoundError):
        status = Path(f"/proc/{process.pid}/status").read_text()
        (kb,) = (line.split()[1] for line in status.splitlines() if line.startswith("RssAnon:"))
        return int(kb) * 1024 / 1e6
    rss: int = process.memory_info().rss
    return rss / 1e6


@contextlib.contextmanager
def plain(folder: Path) -> Iterator[tuple[psutil.Process, Callable[[], int]]]:
    """Have Locust without eiload go on beside; yield its master and what counts its requests."""
    locustfile = folder / "plain.py"
    locustfile.write_text(PLAIN_LOCUSTFILE)
    command = [sys.executable, "-m", "locust", "-f", str(locustfile), "--only-summary"]
    port, web_port = str(free_port()), str(free_port())
    command += ["--processes", "2", "--master-bind-port", port, "--master-port", port]
    command += ["--autostart", "--web-host", "127.0.0.1", "--web-port", web_port]

    def counted() -> int:
        told = requests.get(f"http://127.0.0.1:{web_port}/stats/requests", timeout=30).json()
        return int(told["stats"][-1]["num_requests"])

    with psutil.Popen(command, cwd=folder, stdout=DEVNULL, stderr=DEVNULL) as master:
        try:
            yield master, counted
        finally:
            master.terminate()
            master.wait()


@contextlib.contextmanager
def counting() -> Iterator[tuple[int, list[int]]]:
    """Serve a model; yield the port and the instants (wall clock, ns) at which requests came."""
    came_ns: list[int] = []
    server = ModelServer()
    answer = server.handlers()[PREDICT]

    def predict(data: bytes, context: Any) -> bytes:
        came_ns.append(time.time_ns())
        return answer(data, context)

    handlers: dict[str, Handler] = {**server.handlers(), PREDICT: predict}
    with grpc_server(handlers) as port:
        yield port, came_ns


def soak(minutes: float, folder: Path) -> list[str]:
    """Have a run of so many minutes, print its course; return what is wrong."""
    with counting() as (port, came_ns):
        path = scenario(
            folder,
            name="soak",
            targets={"counted": {"server": f"127.0.0.1:{port}", "model": "ssd"}},
            payload={"synthetic": "8x8"},
            traffic=[{"phase": "steady", "rate": f"{RATE}/s", "for": f"{minutes:g} min"}],
            objectives=["errors < 1 %"],
        )
        web_port = free_port()
        options = ["--scenario", str(path), "--report-json", "run.json", "--processes", "2"]
        options += ["--autostart", "--autoquit", "0", "--only-summary"]
        options += ["--web-host", "127.0.0.1", "--web-port", str(web_port)]
        viewer = Viewer(web_port)
        with started(*options, folder=folder, below=["env"]) as locust, plain(folder) as beside:
            locust.wait_for(" | ")  # a line of progress: the load is on
            viewer.start()
            courses = watch(locust, beside[0])
            beside_it = beside[1]()
            viewer.over.set()
            finished = locust.finish()
        run = report(folder)
        # Those before it were preflight's; the load begins half a second after them.
        served = sum(at_ns >= run.started_wall_ns for at_ns in came_ns)
    is_amiss = finished.status != 0 and not was_late(folder)  # others are on the machine, too
    print(finished.out)
    return [
        *told(courses, minutes),
        *ledger(run, served),
        *([] if beside_it > served / 2 else [f"Locust's own counted {beside_it} requests only"]),
        *([f"exit status {finished.status}: {finished.complaints()}"] if is_amiss else []),
        *([f"{viewer.failures} of the live page's questions failed"] if viewer.failures else []),
        *([] if viewer.answers else ["the live page never answered"]),
    ]


def watch(locust: Locust, beside: psutil.Process) -> list[Course]:
    """Read all processes until the load is over, and Locust's own master beside it."""
    courses = [Course(PLAIN, beside), Course(MASTER, psutil.Process(locust.process.pid))]
    workers = [each for each in locust.children() if not runs(each, SENDER)]
    courses += [Course(f"worker {number}", each) for number, each in enumerate(workers)]
    senders = locust.senders()
    courses += [Course(f"sender {number}", each) for number, each in enumerate(senders)]
    for course in courses:
        course.read(0)
    courses = [course for course in courses if course.at_s]  # what was asked for once has ended
    print("minute ", *(f"{course.name:>14}" for course in courses), "  (MB, descriptors)")
    began_s = time.monotonic()
    while all(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in senders):
        at_s = time.monotonic() - began_s
        for course in courses:
            course.read(at_s)
        shown = (f"{course.held_mb[-1]:8.2f} {course.descriptors[-1]:5d}" for course in courses)
        print(f"{at_s / 60:6.1f} ", *shown, flush=True)
        while time.monotonic() < began_s + at_s + EVERY_S:
            time.sleep(0.2)
            if "drain" in locust.err()[-500:] or locust.process.poll() is not None:
                return courses
    return courses


def told(courses: list[Course], minutes: float) -> Iterator[str]:
    """Print what the processes came to; yield what is wrong with it."""
    since_s = min(SETTLED_S, minutes * 60 / 2)
    print(f"\nfrom minute {since_s / 60:g} on")
    print("process    MB at first   MB at last   MB/h (standard error)   descriptors")
    by_itself_mb_h = 0.0
    for course in courses:
        mine = [at_s >= since_s for at_s in course.at_s]
        held_mb = [each for each, is_in in zip(course.held_mb, mine, strict=True) if is_in]
        held = [each for each, is_in in zip(course.descriptors, mine, strict=True) if is_in]
        if not held_mb:
            yield f"{course.name}: never read"
            continue
        slope, error = course.growth_mb_h(since_s)
        print(
            f"{course.name:10} {held_mb[0]:11.2f} {held_mb[-1]:12.2f} {slope:+10.3f} ({error:.3f})"
            f"        {min(held)} to {max(held)}"
        )
        if course.name == PLAIN:
            by_itself_mb_h = slope
            continue
        allowed_mb_h = GROWTH_MB_H + (by_itself_mb_h if course.name == MASTER else 0)
        if not slope < allowed_mb_h:
            yield f"{course.name} grows by {slope:.2f} MB an hour, and may by {allowed_mb_h:.2f}"
        if held[-1] > held[0]:
            yield f"{course.name} has {held[-1]} descriptors, and had {held[0]}"


def ledger(run: Run, served: int) -> Iterator[str]:
    """Print what became of the requests; yield what is wrong with it."""
    planned = due(run)
    statuses = run.statuses(0, run.phases())
    ended_s = run.ended_ns / NS_PER_S
    print(f"\n{planned} due, {served} seen by the server, {ended_s:.0f} s: {statuses}")
    if sum(statuses.values()) != planned or served != planned:
        yield f"{planned} were due, {statuses} are accounted for, the server has seen {served}"


def main(minutes: float = 60) -> int:
    """Soak; return the exit status."""
    with tempfile.TemporaryDirectory() as folder:
        wrong = soak(minutes, Path(folder))
    for each in wrong:
        print(f"WRONG: {each}")
    return min(1, len(wrong))


if __name__ == "__main__":
    sys.exit(main(*map(float, sys.argv[1:])))
