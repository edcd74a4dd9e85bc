"""Does the stand-in's own work show? The excess of measured over emulated times, at its limits.

``python -m bench.stand_in``. For each case a stand-in in a process of its own (with two cores: one
for it, one for the client) and one client, asyncio and ready bytes, at a constant rate. The server
tells by trailing metadata what each request took by its emulated law; the client measures what it
took on the wire. The difference is everything that is not emulated: both sides' gRPC, the kernel's
loopback, the release's lateness, and the client's own scheduling. It is an upper bound on what the
stand-in adds.
"""

import asyncio
import sys
import time
from dataclasses import dataclass

import grpc.aio
import numpy as np
import psutil
import uvloop

from bench.table import Table, markdown
from eiload.server.launch import StandInProcess
from eiload.server.transport import SERVER_TIME
from eiload.standin import StandIn
from eiload.tfserving import PREDICT, predict_request

LAW = {"median": "20 ms", "p99": "60 ms"}
SECONDS = 5.0

TARGETS = "to be held: 400/s of 819,840 bytes, 3,000/s of 1 KB, by a server on one core"


@dataclass(frozen=True, slots=True)
class Case:
    """What is sent, and how often."""

    name: str
    width: int
    height: int
    per_s: int
    compute: object = None
    """None for `LAW`."""


CASES = (
    Case("1 KB, answered at once", 18, 19, 200, "0 s"),
    Case("1 KB", 18, 19, 200),
    Case("1 KB", 18, 19, 3000),
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


async def load(address: str, case: Case) -> tuple[list[tuple[int, int]], int, float]:
    """Send at a constant rate; return (emulated, measured) ns, failures and the seconds taken."""
    rng = np.random.default_rng(1)
    image = rng.integers(0, 256, (1, case.height, case.width, 3), dtype=np.uint8)
    request = predict_request("ssd", {"inputs": image})
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
        server = psutil.Process(process.pid)
        before = server.cpu_times()
        times, failed, seconds = uvloop.run(load(process.address, case))
        after = server.cpu_times()
    emulated, measured = np.array(times).T / 1e6
    cpu_s = after.user + after.system - before.user - before.system
    return Measured(
        per_s=len(times) / seconds,
        failed=failed,
        emulated_ms=emulated,
        excess_ms=measured - emulated,
        server_cpu_ms=cpu_s / len(times) * 1e3,
        server_share=cpu_s / seconds,
    )


def table() -> Table:
    """Return the figures of all cases."""
    rows = []
    for case in CASES:
        got = measure(case)
        p50, p90, p99 = np.quantile(got.excess_ms, (0.5, 0.9, 0.99))
        rows.append(
            (
                case.name,
                f"{case.per_s:,}",
                f"{got.per_s:,.0f}",
                str(got.failed),
                f"{np.median(got.emulated_ms):.2f}",
                f"{p50:.2f}",
                f"{p90:.2f}",
                f"{p99:.2f}",
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
        (TARGETS, f"law: {law}; {SECONDS:.0f} s a case; client on the same machine"),
    )


if __name__ == "__main__":
    sys.stdout.write(markdown([table()]))
