"""A long run beside which nothing may grow: ``python tests/faults/soak.py [MINUTES]``.

An hour if nothing is said: 50 small requests a second by two workers to a server of this process,
which counts; the live page is asked once a second, as a browser that shows it does. Every half
minute the resident memory and the open descriptors of each process are read; what they come to
after ten minutes is told as a table, and the exit status is 1 if memory grows by 1 MB an hour (the
master's by that beyond what Locust's own does), a descriptor stays open, or a request is not
accounted for.
"""

import contextlib
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
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
MASTER, SENDER = "master", "eiload.sending.sender"
GROWTH_MB_H = 1.0
LOCUST_MB_H = 2.0
"""By so much a master without eiload grows beside the same load (Locust 2.47): its statistics keep
a number for each second and name, its charts a row for each 5 s."""
OF_LOCUST = f"""\
of the {MASTER}'s growth {LOCUST_MB_H:g} MB/h are taken as Locust's own, not measured in this run:
a {MASTER} without eiload beside the same load (Locust 2.47) grows by nearly that, a number for
each second and name, a row of its charts for each 5 s; so the {MASTER} may grow by
{GROWTH_MB_H + LOCUST_MB_H:g} MB/h, every other process by {GROWTH_MB_H:g}"""


@dataclass
class Course:
    """One process over time."""

    name: str
    process: psutil.Process
    at_s: list[float] = field(default_factory=list)
    rss_mb: list[float] = field(default_factory=list)
    descriptors: list[int] = field(default_factory=list)

    def read(self, at_s: float) -> None:
        """Read it once more; one that has ended is not read any more."""
        with contextlib.suppress(psutil.NoSuchProcess):
            rss_mb, descriptors = self.process.memory_info().rss / 1e6, self.process.num_fds()
            self.at_s.append(at_s)
            self.rss_mb.append(rss_mb)
            self.descriptors.append(descriptors)

    def growth_mb_h(self, since_s: float) -> tuple[float, float]:
        """Return the slope by least squares and its standard error, MB/h."""
        at_h, rss_mb = np.array(self.at_s) / 3600, np.array(self.rss_mb)
        mine = at_h >= since_s / 3600
        if mine.sum() < 3:
            return float("nan"), float("nan")
        line, covariance = np.polyfit(at_h[mine], rss_mb[mine], 1, cov="unscaled")
        rest = rss_mb[mine] - np.polyval(line, at_h[mine])
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
        with started(*options, folder=folder, below=["env"]) as locust:
            locust.wait_for(" | ")  # a line of progress: the load is on
            viewer.start()
            courses = watch(locust)
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
        *([f"exit status {finished.status}: {finished.complaints()}"] if is_amiss else []),
        *([f"{viewer.failures} of the live page's questions failed"] if viewer.failures else []),
        *([] if viewer.answers else ["the live page never answered"]),
    ]


def watch(locust: Locust) -> list[Course]:
    """Read all processes until the load is over."""
    courses = [Course(MASTER, psutil.Process(locust.process.pid))]
    workers = [each for each in locust.children() if not runs(each, SENDER)]
    courses += [Course(f"worker {number}", each) for number, each in enumerate(workers)]
    senders = locust.senders()
    courses += [Course(f"sender {number}", each) for number, each in enumerate(senders)]
    print("minute ", *(f"{course.name:>14}" for course in courses), "  (MB, descriptors)")
    began_s = time.monotonic()
    while all(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in senders):
        at_s = time.monotonic() - began_s
        for course in courses:
            course.read(at_s)
        shown = (f"{course.rss_mb[-1]:8.2f} {course.descriptors[-1]:5d}" for course in courses)
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
    for course in courses:
        mine = [at_s >= since_s for at_s in course.at_s]
        rss_mb = [each for each, is_in in zip(course.rss_mb, mine, strict=True) if is_in]
        held = [each for each, is_in in zip(course.descriptors, mine, strict=True) if is_in]
        if not rss_mb:
            yield f"{course.name}: never read"
            continue
        slope, error = course.growth_mb_h(since_s)
        print(
            f"{course.name:10} {rss_mb[0]:11.2f} {rss_mb[-1]:12.2f} {slope:+10.3f} ({error:.3f})"
            f"        {min(held)} to {max(held)}"
        )
        allowed_mb_h = GROWTH_MB_H + (LOCUST_MB_H if course.name == MASTER else 0)
        if not slope < allowed_mb_h:
            yield f"{course.name} grows by {slope:.2f} MB an hour, and may by {allowed_mb_h:g}"
        if held[-1] > held[0]:
            yield f"{course.name} has {held[-1]} descriptors, and had {held[0]}"
    print(OF_LOCUST)


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
