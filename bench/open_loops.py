"""Everybody who can send on a schedule, each as its own users run it.

What it knows: command lines of open loops, and where each program says when it sent and how long
answers took. What it must not know: lag, truth, rounds, tables (`schedule`, `truth`).

A schedule is eiload's own `OpenPhase`: pure and seeded, so all contenders get the same instants.
eiload and the gevent client run several phases in one process, one after the other; the programs
are started anew for each. Instants are ns from the start of the phase; what is read of logs is in
the program's own clock and has to be aligned by whoever knows the schedule.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench import h2load
from bench.contenders import Case, Workbench, paced_recipe
from bench.locust_process import SSD, Summary, locust, locust_summary, reported, scenario
from bench.process import finished
from bench.server import PREDICT_PATH
from bench.tools import Tool
from eiload.base.clock import NS_PER_MS
from eiload.record import run
from eiload.scenario.arrivals import ConstantRate, OpenPhase, phase_seed
from eiload.sending.endpoint import HTTP2

__all__ = ["Ints", "OpenLoops", "Sent", "instants_ns", "per_s"]

Ints = NDArray[np.int64]

PLAIN_GEVENT = "bench.clients.plain_gevent"

STREAMS = 1000
"""How many requests h2load may have in flight; eiload's own guard is as high."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What a program's log says of its requests, in the order in which they were sent."""

    sent_ns: Ints
    """By the program's own clock."""
    took_ns: Ints
    reported_ms: Mapping[float, float] = field(default_factory=dict)
    """Quantiles that it reports itself, by q."""


def per_s(phase: OpenPhase) -> float:
    """Return the rate of a phase that has one rate throughout."""
    assert isinstance(phase.rate, ConstantRate)
    return phase.rate.per_s


def instants_ns(phase: OpenPhase, seed: int, index: int) -> Ints:
    """Return when the requests of the phase of this index are due, ns from its start, as eiload."""
    return np.concatenate([np.empty(0, np.int64), *phase.instants(phase_seed(seed, index))])


@dataclass(frozen=True, slots=True)
class OpenLoops:
    """Runs open loops; a folder of its own for each instance that runs beside others."""

    folder: Path
    tools: Mapping[str, Tool]

    def eiload(
        self, case: Case, phases: Sequence[OpenPhase], seed: int, *, client: str = HTTP2
    ) -> run.Run:
        """Run eiload inside Locust with a scenario of these phases; return what it recorded.

        Args:
            case: whom it loads, and with what.
            phases: when.
            seed: of the arrivals.
            client: what speaks gRPC.
        """
        path, report = self.folder / "scenario.yaml", self.folder / "run.json"
        report.unlink(missing_ok=True)
        traffic = [
            {
                "phase": phase.name,
                "rate": f"{per_s(phase):g}/s",
                "arrivals": phase.process,
                "for": f"{phase.duration_ns // NS_PER_MS} ms",
            }
            for phase in phases
        ]
        document = scenario(
            case.server.address, case.files.image, traffic, client=client, seed=seed
        )
        path.write_text(json.dumps(document))
        options = ["--scenario", str(path), "--report-json", str(report)]
        reported(finished([*locust(SSD), *options]), report)
        return run.load(report)

    def gevent(self, case: Case, plans: Sequence[Ints]) -> list[Ints]:
        """Run the plain gevent client; return when each request was sent, ns from plan's start."""
        path = self.folder / "plans.json"
        path.write_text(json.dumps([plan.tolist() for plan in plans]))
        command = [sys.executable, "-m", PLAIN_GEVENT, case.server.address]
        spent = finished([*command, str(case.files.request), str(path)]).expect()
        return [np.array(sent, np.int64) for sent in json.loads(spent.out)]

    def perf_analyzer(
        self, case: Case, count: int, threads: int, *, plan: Ints | None = None, rate: float = 0
    ) -> Sent:
        """Run perf_analyzer in its request-rate mode: at a plan's instants or at a constant rate.

        With a number of requests it neither waits for a "stable" latency nor repeats itself. It
        sends FP32 where a server takes it (`contenders.UINT8` says why).
        """
        export = self.folder / "perf_analyzer.json"
        export.unlink(missing_ok=True)  # it refuses to write over it
        options = ["--request-count", str(count), "--max-threads", str(threads)]
        if plan is None:
            options += ["--request-rate-range", f"{rate:g}"]
        else:
            intervals = self.folder / "intervals.txt"
            gaps_us = np.maximum(np.diff(plan, prepend=0) // 1000, 1).tolist()
            intervals.write_text("".join(f"{gap}\n" for gap in gaps_us))
            options += ["--request-intervals", str(intervals)]
        options += ["--profile-export-file", str(export)]
        _, row = Workbench(self.folder, self.tools).perf_analyzer_run(
            case, options, floats=case.floats is not None
        )
        requests = [
            (each["timestamp"], each["response_timestamps"][-1])
            for each in json.loads(export.read_text())["experiments"][0]["requests"]
        ]
        reported_ms = {q: float(row[f"p{q * 100:g} latency"]) / 1000 for q in (0.5, 0.9, 0.99)}
        return _sent(requests, reported_ms)

    def h2load(self, case: Case, count: int, load: Sequence[str]) -> Sent:
        """Run h2load over one connection with options that say when requests are sent."""
        log = self.folder / "h2load.log"
        h2load.post(
            self.tools["h2load"],
            case.server.address,
            case.files.framed,
            count,
            in_flight=STREAMS,
            log=log,
            options=load,
        )
        requests = [(start * 1000, (start + took) * 1000) for start, took in h2load.log_of(log)]
        return _sent(requests, {})

    def h2load_script(self, case: Case, plan: Ints) -> Sent:
        """Run h2load with a plan's instants as its timing script."""
        script = self.folder / "timing.txt"
        url = f"http://{case.server.address}{PREDICT_PATH}"
        script.write_text("".join(f"{at / NS_PER_MS:.3f}\t{url}\n" for at in plan.tolist()))
        return self.h2load(case, len(plan), ["--timing-script-file", str(script)])

    def recipe(self, case: Case, users: int, rate: float, seconds: float) -> Summary:
        """Run Locust's gRPC recipe with paced users; return the summary that Locust prints."""
        spent = paced_recipe(case, users, seconds, rate)
        return locust_summary(spent.out + spent.err)


def _sent(requests: Sequence[tuple[int, int]], reported_ms: Mapping[float, float]) -> Sent:
    """Return (sent, done) pairs in the order of sending."""
    sent_ns, done_ns = np.array(sorted(requests), np.int64).reshape(-1, 2).T
    return Sent(sent_ns, done_ns - sent_ns, reported_ms)
