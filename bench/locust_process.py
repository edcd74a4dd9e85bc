"""Locust as a process: its command, a scenario for eiload in it, and the totals that it prints.

What it knows: command lines, and Locust's and eiload's ways to say how a run went. What it must not
know: cases, contenders.
"""

import re
import socket
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.process import BenchError, Spent
from bench.server import MODEL
from eiload.sending.endpoint import HTTP2

__all__ = [
    "RECIPE", "SSD", "Summary", "locust", "locust_summary", "reported", "scenario",
    "worker_options",
]  # fmt: skip

RECIPE = Path(__file__).parent / "clients" / "recipe.py"
SSD = Path(__file__).parent.parent / "locustfiles" / "ssd.py"

JUDGED = (0, 1, 3, 5)
"""Exit statuses of eiload that come with figures: at full speed a run is often called invalid,
because a loop that is always busy sends late, and says so."""


def scenario(
    address: str,
    image: Path,
    traffic: Sequence[Mapping[str, object]],
    *,
    client: str = HTTP2,
    **more: object,
) -> dict[str, object]:
    """Return a scenario of one target, called by one of two wires, one image and this traffic.

    `more` are fields of the scenario.
    """
    target = {"server": address, "model": MODEL}
    if client != HTTP2:
        target["client"] = client
    return {
        "name": "bench",
        "targets": {"ssd": target},
        "payload": {"images": [str(image)]},
        "traffic": list(traffic),
        **more,
    }


def reported(spent: Spent, report: Path) -> Spent:
    """Return what eiload used, if it ended with a report.

    Raises:
        BenchError: it did not; Python, too, ends with status 1.
    """
    spent.expect(*JUDGED)
    if not report.exists():
        raise BenchError(f"eiload: no report: {spent.err.strip()[-300:]}")
    return spent


def locust(file: Path) -> list[str]:
    """Return the command that runs a locustfile without a web UI, quietly."""
    script = Path(sysconfig.get_path("scripts")) / "locust"
    return [str(script), "-f", str(file), "--headless", "--only-summary"]


@dataclass(frozen=True, slots=True)
class Summary:
    """What Locust prints at the end of a run."""

    requests: int
    rate: float
    percentiles_ms: Mapping[str, float]
    """By their column's name, such as ``99.9%``."""


PERCENTILES = ("50%", "66%", "75%", "80%", "90%", "95%", "98%", "99%", "99.9%", "99.99%", "100%")
"""Columns of Locust's percentile table, before the number of requests."""


def locust_summary(text: str) -> Summary:
    """Return the totals that Locust printed (its CSV files lack a run's last second).

    Raises:
        BenchError: there are none, or requests failed.
    """
    total = re.search(r"Aggregated +(\d+) +(\d+)\([^|]*\|[^|]*\| +([\d.]+)", text)
    row = re.search(rf"Aggregated((?: +\d+){{{len(PERCENTILES) + 1}}})\s", text)
    if total is None or row is None:
        raise BenchError(f"no totals in what Locust printed: {text.strip()[-300:]}")
    if int(total[2]):
        raise BenchError(f"{total[2]} of Locust's {total[1]} requests failed")
    values = (float(value) for value in row[1].split())
    percentiles = dict(zip(PERCENTILES, values, strict=False))
    return Summary(int(total[1]), float(total[3]), percentiles)


def worker_options(workers: int) -> list[str]:
    """Return Locust's options for a master and so many workers on this machine."""
    port = str(_free_port())  # another Locust may have the usual one
    options = ["--processes", str(workers), "--expect-workers", str(workers)]
    options += ["--master-bind-host", "127.0.0.1", "--master-bind-port", port]
    return [*options, "--master-host", "127.0.0.1", "--master-port", port]


def _free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])
