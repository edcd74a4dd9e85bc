"""How far it goes: more load processes, more requests, more workers for one master.

Three questions, a table each.

- *Workers*: Locust with 1, 2 and 4 worker processes under the same total rate, in turn. Four counts
  of the requests must be one number: the schedule, computed apart; eiload's record; Locust's own
  statistics; what reached the server. CPU per request should not depend on the number of workers
  but for what a process costs by being there.
- *Memory*: one Locust process and its sender after 1,000, 10,000 and 100,000 requests of one run.
- *Master*: its CPU time and the bytes that reach it, by workers and rate, up to 100 workers. They
  are not there: their reports are made as they make them and are counted by the real coordinator
  (`clients.master`), since a hundred load processes do not fit on the machines this runs on.

Runs are watched from outside (`trace`): CPU per request is what the kernel counted for all
processes of the generator while the load was on, over the requests due in that time.
"""

import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import locust_process, pacing, server
from bench.figures import Spread, in_turn, ratios, spread
from bench.listener import listening
from bench.process import BenchError, Spent, finished, started
from bench.server import SMALL, serving
from bench.setting import Outcome, Setting
from bench.table import Table
from bench.trace import Moment, cpu_between, nearest, watched
from eiload.base.clock import NS_PER_S
from eiload.scenario import build
from eiload.scenario.schedule import Schedule

__all__ = ["FIRST_INFERENCE", "Bed", "counts", "requests_after", "run", "scaled"]

WORKERS = (1, 2, 4)
RATE_PER_S, LOAD_S = 500, 3.0
"""Of the runs with workers: all workers' requests together, and for how long."""
EDGE_S = 0.3
"""What is left out of the load at both ends, where processes begin or have not ended yet."""
WORKERS_LIMIT_S = 100.0
"""How long all rounds with workers may take."""

MEMORY_PHASES = ((1000, 1.0), (3000, 3.0), (4000, 22.5))
"""Rate per s and seconds: 1,000, 10,000 and 100,000 requests at the ends."""

MASTER_CASES = ((1, 20), (10, 20), (100, 20), (1, 200), (10, 200), (100, 200))
"""Workers, and requests per second of each."""
MASTER_S = 15.0
"""How much load the simulated reports are of; five reports from each worker."""

FIRST_INFERENCE = 1
"""Requests before the load: eiload's first worker makes each target's first inference."""
TIMEOUT_S = 90.0
MASTER = "bench.clients.master"


def run(setting: Setting) -> Outcome:
    """Measure all three."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        image = server.files(folder / "files", SMALL).image
        workers, worker_samples = _workers(setting, folder, image)
        memory, memory_samples = _memory(setting, folder, image)
    master, master_samples = _master(setting)
    samples = {"workers": worker_samples, "memory": memory_samples, "master": master_samples}
    return Outcome((workers, memory, master), samples)


# -- one run of eiload in Locust ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ran:
    """A run that has ended and what was seen of it."""

    pid: int
    """Of the Locust process that was started: the master, if there are workers."""
    spent: Spent
    moments: list[Moment]
    report: dict[str, Any]
    """The run file."""

    @property
    def began_s(self) -> float:
        """Return when the load began, wall time, s."""
        return float(self.report["started_wall_ns"]) / NS_PER_S


@dataclass(frozen=True, slots=True)
class Bed:
    """Where and with what eiload is run."""

    folder: Path
    image: Path
    address: str
    guard: int = 1000

    def scenario(self, phases: Sequence[tuple[float, float]]) -> dict[str, Any]:
        """Return a scenario of these (rate per s, seconds), evenly spaced."""
        traffic = [
            {"phase": f"{k}", "rate": f"{rate:g}/s", "arrivals": "constant", "for": f"{s:g} s"}
            for k, (rate, s) in enumerate(phases)
        ]
        return locust_process.scenario(self.address, self.image, traffic, max_in_flight=self.guard)

    def run(self, phases: Sequence[tuple[float, float]], options: Sequence[str] = ()) -> Ran:
        """Run Locust with such a scenario to its end.

        Raises:
            BenchError: it fails or does not end.
        """
        path, report = self.folder / "scenario.yaml", self.folder / "run.json"
        path.write_text(json.dumps(self.scenario(phases)))
        report.unlink(missing_ok=True)
        command = [
            *locust_process.locust(locust_process.SSD),
            "--scenario",
            str(path),
            "--report-json",
            str(report),
        ]
        with started([*command, *options]) as running:
            spent, moments = watched(running, TIMEOUT_S)
        locust_process.reported(spent, report)
        return Ran(running.pid, spent, moments, json.loads(report.read_text()))


# -- workers -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Scaled:
    """One run with workers."""

    counts: tuple[int, int, int, int]
    """Requests by schedule, eiload's record, Locust's statistics, server."""
    cpu_ms: float
    """CPU time per request of all processes, ms."""
    master_cpu_ms: float
    """Of it, the master's."""
    worker_bytes: float
    """Resident memory of a worker and its sender."""
    master_bytes: float


def scaled(ran: Ran, workers: int, counts: tuple[int, int, int, int]) -> Scaled:
    """Return what a run with workers came to.

    Raises:
        BenchError: the load was too short to be seen.
    """
    length_s = float(ran.report["ended_ns"]) / NS_PER_S
    first = nearest(ran.moments, ran.began_s + EDGE_S)
    last = nearest(ran.moments, ran.began_s + length_s - EDGE_S)
    requests = (last.at_s - first.at_s) * counts[0] / length_s
    if requests <= 0 or ran.pid not in last.seen:
        raise BenchError(f"a load of {length_s:g} s was too short to be measured")
    master_bytes = last.seen[ran.pid].rss_bytes
    return Scaled(
        counts=counts,
        cpu_ms=cpu_between(first, last) * 1000 / requests,
        master_cpu_ms=cpu_between(first, last, lambda pid: pid == ran.pid) * 1000 / requests,
        worker_bytes=(last.rss_bytes - master_bytes) / workers,
        master_bytes=master_bytes,
    )


def _workers(setting: Setting, folder: Path, image: Path) -> tuple[Table, dict[str, Any]]:
    found: dict[int, list[Scaled]] = {workers: [] for workers in WORKERS}
    wanted = 1 if setting.quick else setting.rounds
    phases = [(RATE_PER_S, setting.seconds(LOAD_S))] if not setting.quick else [(RATE_PER_S, 1.5)]
    done = 0
    for turn in pacing.rounds(wanted, WORKERS_LIMIT_S):
        for workers in in_turn(WORKERS, turn):
            setting.say(f"scale: round {turn + 1}/{wanted}: {workers} workers")
            found[workers].append(_with_workers(folder, image, phases, workers))
        done += 1
    base = [each.cpu_ms for each in found[WORKERS[0]]]
    rows = []
    for workers, runs in found.items():
        cpu_ms = [each.cpu_ms for each in runs]
        rows.append(
            (
                str(workers),
                *(_same([each.counts[k] for each in runs]) for k in range(4)),
                "yes" if all(len(set(each.counts)) == 1 for each in runs) else "NO",
                spread(cpu_ms).text(3),
                ratios(cpu_ms, base).text(),
                spread([each.master_cpu_ms for each in runs]).text(3),
                _megabytes([each.worker_bytes for each in runs]),
                _megabytes([each.master_bytes for each in runs]),
            )
        )
    table = Table(
        f"Workers: {SMALL.name}, {RATE_PER_S}/s in all for {phases[0][1]:g} s, open loop; median"
        f" (smallest .. largest) of {pacing.said(done, wanted, WORKERS_LIMIT_S)}",
        (
            "workers", "scheduled", "eiload's record", "Locust's statistics", "at the server",
            "one number", "CPU ms/request", "/ 1 worker's", "of it master", "MB a worker",
            "MB master",
        ),
        tuple(rows),
        (
            ("CPU: user + system time of all the generator's processes while the load is on, over"
            " the requests due in that time"),
            ("a worker is a Locust process and its sender; memory is resident at the load's end,"
            " pages that they share counted for each"),
            ("at the server: without the first inference, which comes before the load; a server in"
            " Python that counts"),
        ),
    )  # fmt: skip
    samples = {f"{n} workers": [each.cpu_ms for each in runs] for n, runs in found.items()}
    return table, {"cpu_ms_per_request": samples}


def _with_workers(
    folder: Path, image: Path, phases: Sequence[tuple[float, float]], workers: int
) -> Scaled:
    """Run once with so many worker processes."""
    with listening(folder / "answers") as listener:
        bed = Bed(folder, image, listener.address)
        ran = bed.run(phases, locust_process.worker_options(workers))
        arrived = len(listener.predicts_s) - FIRST_INFERENCE
    return scaled(ran, workers, counts(bed, phases, ran, arrived))


def counts(
    bed: Bed, phases: Sequence[tuple[float, float]], ran: Ran, arrived: int
) -> tuple[int, int, int, int]:
    """Return the requests by schedule, eiload's record, Locust's statistics and the server."""
    planned = build(bed.scenario(phases), "bench", bed.folder)
    due = Schedule(planned.traffic, planned.seed).due([planned.duration_ns])
    (recorded,) = ran.report["figures"]
    counted = locust_process.locust_summary(ran.spent.out + ran.spent.err).requests
    return sum(due.values()), recorded["ok"], counted, arrived


# -- memory ------------------------------------------------------------------------------------


def requests_after(phases: Sequence[tuple[float, float]]) -> Iterator[tuple[float, int]]:
    """Yield (seconds from the start, requests due by then) at the end of each phase."""
    at_s, requests = 0.0, 0
    for rate, seconds in phases:
        at_s += seconds
        requests += round(rate * seconds)
        yield at_s, requests


def _memory(setting: Setting, folder: Path, image: Path) -> tuple[Table, dict[str, Any]]:
    phases = MEMORY_PHASES[:2] if setting.quick else MEMORY_PHASES
    setting.say("scale: memory")
    with serving(setting.work_dir) as target:
        ran = Bed(folder, image, target.address).run(phases)
    (figures,) = [each for each in ran.report["figures"] if not each["phase"]]
    rows = []
    for at_s, requests in requests_after(phases):
        moment = nearest(ran.moments, ran.began_s + at_s)
        whole, locust_bytes = moment.rss_bytes, moment.seen[ran.pid].rss_bytes
        parts = (locust_bytes, whole - locust_bytes, whole)
        rows.append((f"{requests:,}", *(f"{each / 1e6:.1f}" for each in parts)))
    peak_bytes = max(each.rss_bytes for each in ran.moments)
    rows.append(("peak of the run, with its report", "", "", f"{peak_bytes / 1e6:.1f}"))
    table = Table(
        f"Memory: {SMALL.name}, open loop at {', '.join(f'{rate:,}' for rate, _ in phases)}/s, one"
        " run without workers",
        ("requests", "Locust process MB", "sender MB", "pair MB"),
        tuple(rows),
        (
            f"server: {target.kind}",
            f"of {figures['scheduled']:,} requests {figures['ok']:,} ended OK",
            "resident memory",
        ),
    )
    trace = [[round(m.at_s - ran.began_s, 2), m.rss_bytes] for m in ran.moments]
    return table, {"pair_bytes_by_second": trace}


# -- master ------------------------------------------------------------------------------------


def _counted(workers: int, rate: float, seconds: float, rounds: int) -> dict[str, Any]:
    """Return what a master of so many workers was found to need (`clients.master`)."""
    command = [sys.executable, "-m", MASTER, str(workers), f"{rate:g}", f"{seconds:g}", str(rounds)]
    said: dict[str, Any] = json.loads(finished(command, timeout_s=TIMEOUT_S).expect().out)
    return said


def _master(setting: Setting) -> tuple[Table, dict[str, Any]]:
    rounds = 2 if setting.quick else setting.rounds
    cases = [case for case in MASTER_CASES if not setting.quick or case[0] * case[1] <= 2000]
    rows, samples = [], {}
    for workers, rate in cases:
        setting.say(f"scale: a master of {workers} workers at {rate}/s each")
        said = _counted(workers, rate, MASTER_S, rounds)
        samples[f"{workers} workers at {rate}/s"] = said
        reports, requests = said["reports"], said["requests"]
        ours, theirs = (said[f"{whose}_cpu_s"] for whose in ("eiload", "locust"))
        rows.append(
            (
                str(workers),
                str(rate),
                f"{workers * rate:,}",
                f"{said['eiload_bytes'] / reports:,.0f}",
                f"{said['locust_bytes'] / reports:,.0f}",
                f"{said['eiload_bytes'] / requests:.1f}",
                f"{said['eiload_bytes'] / MASTER_S / 1000:.1f}",
                _scaled(ours, 1000 / reports).text(3),
                _scaled(theirs, 1000 / reports).text(3),
                _scaled(ours, 100 / MASTER_S).text(2),
            )
        )
    table = Table(
        f"Master: simulated workers, {MASTER_S:g} s of Poisson load, one target; median (smallest"
        f" .. largest) of {rounds} rounds",
        (
            "workers", "rate of each /s", "rate in all /s", "bytes/report: eiload's",
            "Locust's own", "eiload's bytes/request", "eiload's kB/s", "CPU ms/report: eiload's",
            "Locust's own", "eiload's % of a core",
        ),
        tuple(rows),
        (
            ("a report every 3 s from each worker, as Locust sends its statistics; eiload's travel"
            " in the same messages"),
            ("CPU: unpacking the messages and counting them in the master; eiload's with the run's"
            " last sums, without judging and reports"),
        ),
    )  # fmt: skip
    return table, samples


# -- words -------------------------------------------------------------------------------------


def _same(values: Sequence[int]) -> str:
    """Return the number that all runs had, or all that there were."""
    return ", ".join(f"{value:,}" for value in dict.fromkeys(values))


def _megabytes(values: Sequence[float]) -> str:
    return spread([value / 1e6 for value in values]).text(0)


def _scaled(values: Sequence[float], factor: float) -> Spread:
    return spread([value * factor for value in values])
