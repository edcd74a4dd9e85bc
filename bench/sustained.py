"""Ten thousand small requests a second by two workers, each of them counted by all who count.

Locust with a master and two workers, on one machine with the server that answers at once. Four
counts of the requests must be one number: the schedule, computed apart; eiload's record; Locust's
own statistics; what the server counted. Beside them stands how late requests left.
"""

import tempfile
from pathlib import Path

from bench import pacing, server
from bench.lags import lags_of_run
from bench.locust_process import worker_options
from bench.process import BenchError
from bench.scale import FIRST_INFERENCE, Bed, counts, scaled
from bench.server import SMALL, serving
from bench.setting import Outcome, Setting
from bench.table import Table
from eiload.base.clock import NS_PER_S
from eiload.record import run as recorded

__all__ = ["run"]

WORKERS = 2
RATE_PER_S, LOAD_S = 10_000, 5.0
ROUNDS, LIMIT_S = 3, 40.0

MAX_IN_FLIGHT = 50_000
"""As many as all: when the machine stands still, that shall show as lag and drop no request."""


def run(setting: Setting) -> Outcome:
    """Measure it."""
    phases = [(RATE_PER_S, setting.seconds(LOAD_S))]
    wanted = 1 if setting.quick else min(setting.rounds, ROUNDS)
    rows, samples, failures = [], [], []
    with serving(setting.work_dir) as target, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        image = server.files(folder / "files", SMALL).image
        bed = Bed(folder, image, target.address, guard=MAX_IN_FLIGHT)
        for turn in pacing.rounds(wanted, LIMIT_S * setting.stretch):
            setting.say(f"sustained: round {turn + 1}/{wanted}")
            target.counted()  # what came before is nobody's
            try:
                ran = bed.run(phases, worker_options(WORKERS))
                counted = target.counted()
                arrived = counted.requests - FIRST_INFERENCE if counted else 0
                found = scaled(ran, WORKERS, counts(bed, phases, ran, arrived))
            except BenchError as error:
                failures.append(f"a run failed: {error}")
                continue
            lags = lags_of_run(recorded.load(folder / "run.json"), 0)
            length_s = float(ran.report["ended_ns"]) / NS_PER_S
            rows.append(
                (
                    str(turn + 1),
                    *(f"{each:,}" for each in found.counts),
                    "yes" if len(set(found.counts)) == 1 else "NO",
                    f"{found.counts[1] / length_s:,.0f}",
                    *(f"{lags.quantile_ms(q):.2f}" for q in (0.5, 0.99)),
                    f"{found.cpu_ms:.3f}",
                )
            )
            samples.append({"counts": found.counts, "cpu_ms_per_request": found.cpu_ms})
    table = Table(
        f"{WORKERS} workers, {SMALL.name}, {RATE_PER_S:,}/s in all for {phases[0][1]:g} s, open "
        "loop",
        (
            "round", "scheduled", "eiload's record", "Locust's statistics", "at the server",
            "one number", "answered/s", "lag p50 ms", "lag p99 ms", "CPU ms/request",
        ),
        tuple(rows),
        (
            f"server: {target.kind}, on the same processors",
            "at the server: without the first inference, which comes before the load",
            *dict.fromkeys(failures),
        ),
    )  # fmt: skip
    return Outcome((table,), {"rounds": samples})
