"""Does the stand-in's own work show? The excess of measured over emulated times, at its limits.

``python -m bench.stand_in [--into docs/stand-in.md]``. For each case a stand-in in a process of its
own and one client, asyncio and ready bytes, at a constant rate. The server tells by trailing
metadata what each request took by its emulated law; the client measures what it took on the wire.
The difference is everything that is not emulated: both sides' gRPC, the kernel's loopback, the
release's lateness, and the client's own scheduling. It is an upper bound on what the stand-in adds.

Small requests are sent at one rate after the other, and the largest is told at which the excess
stays small. That client needs a core of its own for that. So there is a second question, to a
client that costs little (nghttp2's h2load) and a server that is held on one core: how many does it
answer at the most, as fast as it can, and what does one cost it?
"""

import argparse
import asyncio
import gc
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc.aio
import numpy as np
import psutil
import uvloop

from bench import h2load
from bench.setting import machine
from bench.table import Table, markdown, placed
from bench.tools import Missing, Tool, Tools, default_work_dir
from eiload.scenario.standin import StandIn
from eiload.server.launch import StandInProcess
from eiload.server.transport import SERVER_TIME
from eiload.serving.tfserving import PREDICT, predict_request

LAW = {"median": "20 ms", "p99": "60 ms"}
SECONDS = 5.0

TARGETS = "to be held: 400/s of 819,840 bytes, 3,000/s of 1 KB, by a server on one core"

SMALL_PER_S = (1000, 1500, 2000, 2500, 3000)
"""Rates of small requests of which the largest is sought that is held."""
HELD_MS = {0.5: 2.0, 0.99: 10.0}
"""A rate is held if these quantiles of the excess are below these limits."""
TRIES = 3
"""Others' work on a shared machine spoils a measurement; it never makes one better."""

IN_FLIGHT = 64
"""Enough that the server never waits for the client."""


@dataclass(frozen=True, slots=True)
class Case:
    """What is sent, and how often."""

    name: str
    width: int
    height: int
    per_s: int
    compute: object = None
    """None for `LAW`."""

    def request(self) -> bytes:
        """Return the PredictRequest that is sent."""
        rng = np.random.default_rng(1)
        image = rng.integers(0, 256, (1, self.height, self.width, 3), dtype=np.uint8)
        return predict_request("ssd", {"inputs": image})


CASES = (
    Case("1 KB, answered at once", 18, 19, 200, "0 s"),
    Case("1 KB", 18, 19, 200),
    *(Case("1 KB", 18, 19, per_s) for per_s in SMALL_PER_S),
    Case("819,840 bytes, answered at once", 640, 427, 100, "0 s"),
    Case("819,840 bytes", 640, 427, 100),
    Case("819,840 bytes", 640, 427, 400),
)


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of a case."""

    per_s: float
    failed: int
    emulated_ms: np.ndarray
    excess_ms: np.ndarray
    server_cpu_ms: float
    """Of the server's process, per request."""
    server_share: float
    """Of one core."""

    @property
    def held(self) -> bool:
        """Return whether all were answered and the excess is small."""
        limits = HELD_MS.items()
        return not self.failed and all(self.excess(q) < limit_ms for q, limit_ms in limits)

    def excess(self, q: float) -> float:
        """Return a quantile of the excess, ms."""
        return float(np.quantile(self.excess_ms, q))


async def load(address: str, case: Case) -> tuple[list[tuple[int, int]], int, float]:
    """Send at a constant rate; return (emulated, measured) ns, failures and the seconds taken."""
    request = case.request()
    times: list[tuple[int, int]] = []
    failed = 0
    async with grpc.aio.insecure_channel(address) as channel:
        method = channel.unary_unary(PREDICT, None, None)
        await method(request, wait_for_ready=True)

        async def one() -> None:
            nonlocal failed
            begin_ns = time.monotonic_ns()
            call = method(request, timeout=20)
            try:
                await call
            except grpc.aio.AioRpcError:
                failed += 1
                return
            end_ns = time.monotonic_ns()
            trailing = dict(await call.trailing_metadata())
            times.append((int(trailing[SERVER_TIME]), end_ns - begin_ns))

        gc.collect()
        gc.freeze()
        begin = time.monotonic()
        calls = []
        for index in range(int(case.per_s * SECONDS)):
            wait_s = begin + index / case.per_s - time.monotonic()
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            calls.append(asyncio.create_task(one()))
        await asyncio.gather(*calls)
        return times, failed, time.monotonic() - begin


def measure(case: Case) -> Measured:
    """Return what a case gives, against a stand-in of its own."""
    settings = StandIn.of(compute=case.compute or LAW, concurrency=1000)
    with StandInProcess(settings) as process:
        before_s = cpu_s(process.pid)
        times, failed, seconds = uvloop.run(load(process.address, case))
        spent_s = cpu_s(process.pid) - before_s
    emulated, measured = np.array(times).T / 1e6
    return Measured(
        per_s=len(times) / seconds,
        failed=failed,
        emulated_ms=emulated,
        excess_ms=measured - emulated,
        server_cpu_ms=spent_s / len(times) * 1e3,
        server_share=spent_s / seconds,
    )


def measure_best(case: Case) -> Measured:
    """Return the first measurement in which a case is held, or the best of all tries."""
    got: list[Measured] = []
    while len(got) < TRIES and not (got and got[-1].held):
        got.append(measure(case))
    return got[-1] if got[-1].held else min(got, key=lambda each: each.excess(0.99))


def largest_held(found: Sequence[tuple[Case, Measured]]) -> str:
    """Return which of the rates of small requests is held, in words."""
    rates = [case.per_s for case, got in found if case.per_s in SMALL_PER_S and got.held]
    limits = " and ".join(f"p{q * 100:.0f} under {ms:.0f} ms" for q, ms in HELD_MS.items())
    asked = ", ".join(f"{rate:,}" for rate in SMALL_PER_S)
    held = f"{max(rates):,}/s" if rates else "none"
    return f"largest small rate of {asked} with an excess of {limits}: {held}"


def cpu_s(pid: int) -> float:
    """Return the user and system time that a process has used."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


@contextmanager
def core(number: int) -> Iterator[None]:
    """Hold this process, and what it starts, on one of its cores inside the block."""
    ours = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {sorted(ours)[number % len(ours)]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, ours)


def most(case: Case, count: int, tool: Tool) -> tuple[float, float]:
    """Return how many are answered at the most, per s, and the server's CPU ms for each.

    Raises:
        BenchError: h2load did not end well.
    """
    settings = StandIn.of(compute=case.compute or LAW, concurrency=1000)
    with tempfile.NamedTemporaryFile() as file, ExitStack() as stack:
        message = Path(file.name)
        message.write_bytes(h2load.framed(case.request()))
        with core(0):
            process = stack.enter_context(StandInProcess(settings))
        with core(1):
            h2load.post(tool, process.address, message, count // 10, in_flight=IN_FLIGHT)
            before_s = cpu_s(process.pid)
            posted = h2load.post(tool, process.address, message, count, in_flight=IN_FLIGHT)
            spent_s = cpu_s(process.pid) - before_s
    return posted.rate, spent_s / count * 1e3


def most_table() -> Table:
    """Return what one core answers at the most."""
    tool = Tools(default_work_dir(os.environ)).h2load()
    columns = ("request", "answered/s", "server CPU/request", "to be held/s")
    title = "The most that the emulated stand-in answers, held on one core, closed loop"
    if isinstance(tool, Missing):
        return Table(title, columns, (), (f"not measured: h2load is missing: {tool.reason}",))
    rows = []
    for case, count, target in (
        (Case("1 KB, answered at once", 18, 19, 0, "0 s"), 10_000, 3000),
        (Case("819,840 bytes, answered at once", 640, 427, 0, "0 s"), 1500, 400),
    ):
        per_s, cpu_ms = most(case, count, tool)
        rows.append((case.name, f"{per_s:,.0f}", f"{cpu_ms:.2f}", f"{target:,}"))
    notes = (f"{tool.name} {tool.version} on the other core, {IN_FLIGHT} in flight",)
    return Table(title, columns, tuple(rows), notes)


def table() -> Table:
    """Return the figures of all cases."""
    rows = []
    found = [(case, measure_best(case)) for case in CASES]
    for case, got in found:
        rows.append(
            (
                case.name,
                f"{case.per_s:,}",
                f"{got.per_s:,.0f}",
                str(got.failed),
                f"{np.median(got.emulated_ms):.2f}",
                *(f"{got.excess(q):.2f}" for q in (0.5, 0.9, 0.99)),
                f"{got.server_cpu_ms:.2f}",
                f"{got.server_share:.0%}",
            )
        )
    columns = (
        *("request", "offered/s", "answered/s", "failed", "emulated p50"),
        *("excess p50", "p90", "p99", "server CPU/request", "of a core"),
    )
    law = f"median {LAW['median']}, p99 {LAW['p99']}, lognormal"
    return Table(
        "The emulated stand-in: excess of measured over emulated time, ms",
        columns,
        tuple(rows),
        (
            TARGETS,
            largest_held(found),
            f"law: {law}; {SECONDS:.0f} s a case; client on the same machine",
            f"up to {TRIES} tries a case, until the excess is under those limits",
        ),
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, and renew a document's tables if one is named."""
    parser = argparse.ArgumentParser(prog="python -m bench.stand_in")
    parser.add_argument("--into", type=Path, metavar="FILE", help="renew the tables there as well")
    document: Path | None = parser.parse_args(argv).into
    where = machine()
    text = f"{markdown([table(), most_table()])}\n{where}.\n"
    sys.stdout.write(text)
    if document is not None:
        document.write_text(placed(document.read_text(), "stand-in", text))
    return 0


if __name__ == "__main__":
    sys.exit(main())
