"""nghttp2's h2load, posting gRPC requests over one HTTP/2 connection.

What it knows: its options, what it prints, its log. What it must not know: rounds, schedules.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.process import BenchError, Run, Spent, finished
from bench.tools import Tool
from eiload.serving.tfserving import PREDICT

__all__ = ["Posted", "framed", "log_of", "post"]


@dataclass(frozen=True, slots=True)
class Posted:
    """One run, in which every request succeeded."""

    rate: float
    """Requests per second, as it reports them."""
    spent: Spent


def framed(request: bytes) -> bytes:
    """Return a request as a gRPC message: a flag, the length, the request."""
    return b"\0" + len(request).to_bytes(4, "big") + request


def post(
    tool: Tool,
    address: str,
    message: Path,
    count: int,
    *,
    in_flight: int,
    log: Path | None = None,
    options: Sequence[str] = (),
    run: Run = finished,
) -> Posted:
    """Post one message again and again to Predict.

    Args:
        tool: the program.
        address: of the server.
        message: the file of a `framed` request.
        count: how many requests.
        in_flight: how many of them at a time, at the most.
        log: where each request is logged (`log_of`); None for nowhere.
        options: what else it is told, such as when to send.
        run: runs a command to its end.

    Raises:
        BenchError: it fails, or not all requests succeed.
    """
    command = [*tool.command, "-c", "1", "-t", "1", "-m", str(in_flight), "-n", str(count)]
    command += ["-w", "30", "-W", "30", "-d", str(message), *options]
    command += ["-H", "content-type: application/grpc", "-H", "te: trailers"]
    if log is not None:
        log.unlink(missing_ok=True)  # it appends
        command += ["--log-file", str(log)]
    spent = run([*command, f"http://{address}{PREDICT}"], tool.env).expect()
    rate = re.search(r"finished in .*?, ([\d.]+) req/s", spent.out)
    if rate is None or f" {count} succeeded" not in spent.out:
        raise BenchError(f"h2load: not all requests succeeded: {spent.out.strip()[-300:]}")
    return Posted(float(rate[1]), spent)


def log_of(path: Path) -> list[tuple[int, int]]:
    """Return (start, time taken) of each request in a log, us; its start is a wall time."""
    lines = path.read_text().splitlines()
    return [(int(start), int(took)) for start, _, took in (line.split("\t") for line in lines)]
