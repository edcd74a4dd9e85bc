"""A Locust master that hears many workers, without the workers: what their reports cost it.

``python -m bench.clients.master WORKERS RATE SECONDS ROUNDS``: so many workers, each with so many
requests per second, for so many seconds. It prints a line of JSON.

The real parts are eiload's `Recorder` and `Coordinator` and progress line, Locust's statistics and
its messages as they cross the wire; no request is sent and no worker exists. Each worker's report
is made of its slice of the schedule as `agent.Agent.report` makes it and packed with what Locust
itself reports, once every `WORKER_REPORT_INTERVAL`. Then the master's side runs: unpack, count. Its
CPU time is this process's; making the reports is not in it.

eiload's part and Locust's own are also unpacked and counted each by itself, so that it can be said
whose cost is whose.
"""

from locust.event import Events  # first: Locust patches the standard library for gevent
from locust.rpc.protocol import Message as Packet
from locust.runners import WORKER_REPORT_INTERVAL
from locust.stats import RequestStats, setup_distributed_stats_event_listeners

# isort: split
import json
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from eiload.base.clock import NS_PER_MS, NS_PER_S, SystemClock
from eiload.base.status import Status
from eiload.control.coordinator import Coordinator
from eiload.control.messages import Final, Go, Order, Prepare, Ready, Report, encode
from eiload.record.buckets import Ints
from eiload.record.facts import Answers, TargetFacts, WorkerFacts
from eiload.record.intervals import Intervals
from eiload.record.recorder import Recorder
from eiload.report.progress import Progress
from eiload.scenario import Scenario, build
from eiload.scenario.schedule import Schedule
from eiload.sending.arrays import RESULT_DTYPE

OURS = "eiload"
"""The key of eiload's part in Locust's statistics message, as `plugin` has it."""
PATIENCE_S = 60
MEDIAN_S, SPREAD = 0.080, 0.3
"""Response times are lognormal around this."""


def scenario_of(rate: float, seconds: float) -> Scenario:
    """Return one target under Poisson arrivals."""
    return build(
        {
            "name": "master",
            "targets": {"ssd": {"server": "127.0.0.1:1", "model": "ssd", "deadline": "1 s"}},
            "payload": {"synthetic": "8x8"},
            "traffic": [{"phase": "steady", "rate": f"{rate:g}/s", "for": f"{seconds:g} s"}],
        },
        "bench",
        Path(),
    )


class Worker:
    """One worker's reports: a slice of the schedule, answered."""

    def __init__(self, index: int, offsets_ns: Ints) -> None:
        self.name = f"worker-{index}"
        rng = np.random.default_rng(index)
        results = np.zeros(len(offsets_ns), RESULT_DTYPE)
        took_s = MEDIAN_S * np.exp(SPREAD * rng.standard_normal(len(offsets_ns)))
        results["intended_ns"] = offsets_ns
        results["sent_ns"] = offsets_ns + rng.integers(50_000, 500_000, len(offsets_ns))
        results["done_ns"] = offsets_ns + (took_s * NS_PER_S).astype(np.int64)
        self._results = results
        self._recorder = Recorder(0)
        self._events = Events()
        self._stats = RequestStats()
        setup_distributed_stats_event_listeners(self._events, self._stats)

    def reports(self, scenario: Scenario, interval_ns: int) -> Iterator[dict[str, Any]]:
        """Yield what Locust's statistics message holds, report by report."""
        duration_ns = scenario.duration_ns
        for end_ns in range(interval_ns, duration_ns + interval_ns, interval_ns):
            due_ns = self._results["intended_ns"]
            batch = self._results[(due_ns >= end_ns - interval_ns) & (due_ns < end_ns)]
            self._recorder.record(batch)
            took_ms = (batch["done_ns"] - batch["intended_ns"]) / NS_PER_MS
            for each_ms in took_ms.tolist():
                self._stats.log_request("grpc", "ssd Predict", each_ms, 1000)
            data: dict[str, Any] = {}
            self._events.report_to_master.fire(client_id=self.name, data=data)
            data[OURS] = self._report(final=end_ns >= duration_ns, duration_ns=duration_ns)
            yield data

    def _report(self, *, final: bool, duration_ns: int) -> dict[str, Any]:
        """Return a report as a worker sends it."""
        counted = Report(
            run="",
            intervals=self._recorder.take(),
            failures={"ssd": ({},)},
            answers={"ssd": (Answers(),)},
        )
        if not final:
            return encode(counted)
        return encode(
            Final(
                run="",
                intervals=counted.intervals,
                failures=counted.failures,
                answers=counted.answers,
                facts=WorkerFacts(self.name, 1.0, 1.0, NS_PER_MS, 10**8),
                ended_ns=duration_ns,
            )
        )


class Master:
    """The master's side of one run, with workers that are ready at once."""

    def __init__(self, scenario: Scenario, names: list[str]) -> None:
        self._going = threading.Event()
        self._run = ""
        progress = Progress(list(scenario.targets), len(scenario.traffic))
        self.coordinator = Coordinator(
            scenario,
            names,
            send=self._tell,
            clock=SystemClock(),
            say=lambda _text: None,
            on_intervals=progress.add,
        )
        self.coordinator.start()
        self._going.wait(PATIENCE_S)

    def _tell(self, name: str, order: Order) -> None:
        """Stand for an agent."""
        self._run = order.run
        if isinstance(order, Prepare):
            facts = TargetFacts(name="ssd", address="127.0.0.1:1", model="ssd")
            self.coordinator.post(name, Ready(run=self._run, digest="", targets=(facts,)))
        elif isinstance(order, Go):
            self._going.set()

    def hear(self, packets: list[bytes]) -> Intervals:
        """Take all reports as they came over the wire; return what the run recorded."""
        for packed in packets:
            packet = Packet.unserialize(packed)
            report = packet.data[OURS]
            report["run"] = self._run  # it is made up anew for each run
            self.coordinator.hear(packet.node_id, report)
        assert self.coordinator.done.wait(PATIENCE_S)
        run = self.coordinator.run
        assert run is not None, self.coordinator.error
        assert not run.problems, run.problems
        return run.intervals


def hear_locust(packets: list[bytes]) -> int:
    """Take Locust's own part of all reports; return how many requests it counted."""
    events, stats = Events(), RequestStats()
    setup_distributed_stats_event_listeners(events, stats)
    for packed in packets:
        packet = Packet.unserialize(packed)
        events.worker_report.fire(client_id=packet.node_id, data=packet.data)
    return int(stats.total.num_requests)


def measured(workers: int, rate: float, seconds: float, rounds: int) -> dict[str, Any]:
    """Return what the reports weigh, and the CPU time of counting all of them, round by round."""
    scenario = scenario_of(workers * rate, seconds)
    schedule = Schedule(scenario.traffic, scenario.seed)
    offsets_ns = np.concatenate([chunk.offsets_ns for chunk in schedule.chunks()])
    crew = [Worker(index, offsets_ns[index::workers]) for index in range(workers)]
    ours, theirs, whole_bytes = [], [], 0
    by_worker = [list(w.reports(scenario, int(WORKER_REPORT_INTERVAL * NS_PER_S))) for w in crew]
    for datas in zip(*by_worker, strict=True):  # as they come: all workers' first, then the second
        for worker, data in zip(crew, datas, strict=True):
            whole_bytes += len(Packet("stats", data, worker.name).serialize())
            part = {OURS: data.pop(OURS)}
            ours.append(Packet("stats", part, worker.name).serialize())
            theirs.append(Packet("stats", data, worker.name).serialize())
    eiload_cpu_s, locust_cpu_s = [], []
    for _ in range(1 + rounds):
        master = Master(scenario, [worker.name for worker in crew])
        began_s = time.process_time()
        intervals = master.hear(ours)
        eiload_cpu_s.append(time.process_time() - began_s)
        began_s = time.process_time()
        counted = hear_locust(theirs)
        locust_cpu_s.append(time.process_time() - began_s)
        statuses = intervals.statuses(0, 0)
        assert statuses == {Status.OK: len(offsets_ns)}, statuses
        assert counted == len(offsets_ns), counted
    del eiload_cpu_s[0], locust_cpu_s[0]  # the first time imports and allocates
    locust_bytes = sum(map(len, theirs))
    return {
        "requests": len(offsets_ns),
        "reports": len(ours),
        "eiload_bytes": whole_bytes - locust_bytes,
        "locust_bytes": locust_bytes,
        "eiload_cpu_s": eiload_cpu_s,
        "locust_cpu_s": locust_cpu_s,
    }


def main(arguments: list[str]) -> None:
    """Measure as the command line says."""
    workers, rate, seconds, rounds = arguments
    print(json.dumps(measured(int(workers), float(rate), float(seconds), int(rounds))))


if __name__ == "__main__":
    main(sys.argv[1:])
