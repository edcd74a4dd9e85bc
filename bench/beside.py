"""What is done beside a load costs: a server observed, numbers given to others.

``python -m bench beside`` (three quarters of a minute) makes the same short run again and again, in
turn: alone; with its server's page and its host read once a second; with points for a collector
and a page for Prometheus made once a second, five to ten times as often as usual. It prints the
CPU time that the sender takes for a request, and what this process takes, in which the run is
conducted, its requests are fed and recorded, and all of that is done.

Ratios are of figures of one round, so that whatever else the machine does disturbs both.
"""

import argparse
import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil

from bench.conducted import conducted
from bench.figures import in_turn, ratios, spread
from bench.setting import machine
from bench.table import Table, markdown
from eiload.base.clock import SystemClock
from eiload.control.coordinator import Coordinator
from eiload.export.collector import Collector, settings
from eiload.export.prometheus import page
from eiload.plugin.exports import Exports
from eiload.scenario import Scenario, build
from eiload.scenario.standin import StandIn
from eiload.server.launch import StandInProcess

RATE_PER_S = 200
LENGTH_S = 5.0
EDGE_S = 0.7
"""Not looked at, at both ends."""

WAYS = ("alone", "observed", "given to others")


def scenario(server: StandInProcess, length_s: float, *, observed: bool) -> Scenario:
    """Return the run."""
    target: dict[str, Any] = {"server": server.address, "model": "ssd", "deadline": "10 s"}
    if observed:
        target["observe"] = {"metrics": f"http://{server.rest_address}", "host": "local"}
    plain = {
        "name": "beside",
        "targets": {"gpu": target},
        "payload": {"synthetic": "64x48"},
        "sample": 0,
        "traffic": [
            {
                "phase": "steady", "rate": f"{RATE_PER_S}/s", "arrivals": "constant",
                "for": f"{length_s:g} s",
            },
        ],
    }  # fmt: skip
    return build(plain, "bench.beside", Path())


class Spent:
    """Looks what a run costs while its load is on, and does what is done once a second."""

    def __init__(self, length_s: float, each_second: Callable[[], object] | None) -> None:
        self.sender_us = self.own = float("nan")
        """CPU time of the sender for a request, us; of this process, share of a core."""
        self._length_s = length_s
        self._each_second = each_second
        self._coordinator: Coordinator | None = None
        self._thread = threading.Thread(target=self._watch)

    def begin(self, coordinator: Coordinator) -> None:
        """Begin to look: the load is on."""
        self._coordinator = coordinator
        self._thread.start()

    def end(self) -> None:
        """Wait until it has looked."""
        self._thread.join()

    def _watch(self) -> None:
        (sender,) = [
            child for child in psutil.Process().children() if "eiload.sending" in _command(child)
        ]
        self._sleep_until(EDGE_S)
        first = self._look(sender)
        for second in range(1, int(self._length_s)):
            self._sleep_until(min(second + EDGE_S, self._length_s - EDGE_S))
            if self._each_second is not None:
                self._each_second()
        last = self._look(sender)
        wall_s, sender_s, own_s = (b - a for a, b in zip(first, last, strict=True))
        self.sender_us = sender_s * 1e6 / (wall_s * RATE_PER_S)
        self.own = own_s / wall_s

    def _sleep_until(self, second: float) -> None:
        assert self._coordinator is not None
        time.sleep(max(0.0, second - self._coordinator.elapsed_ns / 1e9))

    def _look(self, sender: psutil.Process) -> tuple[float, float, float]:
        times = sender.cpu_times()
        return time.monotonic(), times.user + times.system, time.process_time()


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


def one_run(way: str, server: StandInProcess, collector: str, length_s: float) -> Spent:
    """Make a run; return what it cost."""
    of = scenario(server, length_s, observed=way == "observed")
    if way != "given to others":
        spent = Spent(length_s, None)
        conducted(of, meanwhile=spent.begin)
        spent.end()
        return spent
    exports = Exports(SystemClock(), print)
    given = SimpleNamespace(otlp=collector, otlp_temporality="cumulative", prometheus="")
    exports.open(given, {})

    bring = Collector(settings(collector, "cumulative", {}), "0", print).bring

    def give() -> None:
        bring(exports.moment())
        page(exports.moment(), "")

    spent = Spent(length_s, give)

    def begin(coordinator: Coordinator) -> None:
        exports.begin(coordinator)
        spent.begin(coordinator)

    conducted(of, meanwhile=begin, on_intervals=exports.add)
    spent.end()
    return spent


@contextmanager
def collected() -> Iterator[str]:
    """Run a collector that takes everything; yield its address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as stub:
        threading.Thread(target=stub.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{stub.server_address[1]}"
        stub.shutdown()


def table(found: dict[str, list[Spent]]) -> Table:
    """Return what was found."""
    rows = []
    for way, runs in found.items():
        sender, own = [run.sender_us for run in runs], [run.own * 100 for run in runs]
        alone = found[WAYS[0]]
        rows.append(
            (
                way,
                spread(sender).text(1),
                ratios(sender, [run.sender_us for run in alone]).text(),
                spread(own).text(),
                spread([a - b.own * 100 for a, b in zip(own, alone, strict=True)]).text(),
            )
        )
    columns = (
        "the load", "sender, CPU us a request", "/ alone", "this process, % of a core", "more",
    )  # fmt: skip
    note = f"one process, {RATE_PER_S}/s of 64x48 pictures to a stand-in; all once a second"
    return Table("What is done beside a load", columns, tuple(rows), (note,))


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(prog="python -m bench beside", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--length", type=float, default=LENGTH_S, metavar="S", help="of each run")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args(argv)
    where = machine()
    found: dict[str, list[Spent]] = {way: [] for way in WAYS}
    law = StandIn.of(compute="2 ms", concurrency=8)
    with (
        StandInProcess(law, arguments=("--rest-port", "0")) as server,
        collected() as collector,
    ):
        for turn in range(options.rounds):
            for way in in_turn(WAYS, turn):
                found[way].append(one_run(way, server, collector, options.length))
    print(markdown([table(found)]))
    print(f"{where}.")
    if options.json:
        plain = {w: [(run.sender_us, run.own) for run in runs] for w, runs in found.items()}
        options.json.write_text(json.dumps(plain))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
