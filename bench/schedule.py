"""Does it send when it should? Lag of open loops, eiload beside what one would use instead.

Lag is sent - intended: the generator's own lateness. Every contender loads the same server, in one
process, at Poisson instants: the same ones for all, other ones each round. Only h2load's rate mode
has its own, evenly spaced. The requests are as large for all, which the server counts. "Sent" is
when the first byte is handed to the kernel (eiload), when the request is handed to gRPC (gevent,
tfserving backend) or when its headers are framed (h2load).
"""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench import server
from bench.contenders import Case
from bench.figures import in_turn, spread
from bench.lags import KEPT, LIMIT_MS, Lags, lags_of_log, lags_of_run, largest_kept
from bench.open_loops import Ints, OpenLoops, instants_ns, per_s
from bench.peers import bytes_text, together
from bench.process import BenchError
from bench.released import dated, installed, ours
from bench.server import LARGE, SMALL, Counted, Payload, serving
from bench.setting import Outcome, Setting
from bench.table import Table
from bench.tools import Tool
from eiload.base.clock import NS_PER_S
from eiload.scenario.arrivals import ConstantRate, OpenPhase

__all__ = ["run"]

RATES = {SMALL: ((20, 2.0), (1000, 1.0), (3000, 1.0), (5000, 1.0)),
         LARGE: ((20, 2.0), (100, 1.0), (300, 1.0), (500, 1.0))}  # fmt: skip
"""Requests per s, and for how many s; ascending, so that what is left over of an overload disturbs
nobody."""

ROUNDS = 3
"""At most: these are no ratios, and all benchmarks together have 15 minutes."""

THREADS = 16
"""perf_analyzer's senders; its tfserving backend has a thread wait for each answer."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What is to be sent in one round with one payload."""

    case: Case
    seed: int
    phases: tuple[OpenPhase, ...]

    def due_ns(self, phase: int) -> Ints:
        """Return when the requests of a phase are due."""
        return instants_ns(self.phases[phase], self.seed, phase)


@dataclass(frozen=True, slots=True)
class Sender:
    """Somebody who keeps a schedule: gives the lags of each phase."""

    name: str
    version: str
    run: Callable[[OpenLoops, Turn], list[Lags]]


def _eiload(loops: OpenLoops, turn: Turn) -> list[Lags]:
    recorded = loops.eiload(turn.case, turn.phases, turn.seed)
    return [lags_of_run(recorded, index) for index in range(len(turn.phases))]


def _gevent(loops: OpenLoops, turn: Turn) -> list[Lags]:
    plans = [turn.due_ns(index) for index in range(len(turn.phases))]
    sent = loops.gevent(turn.case, plans)
    return [
        lags_of_log(one, plan, phase.duration_ns, aligned=True)
        for one, plan, phase in zip(sent, plans, turn.phases, strict=True)
    ]


def _perf_analyzer(loops: OpenLoops, turn: Turn) -> list[Lags]:
    found = []
    for index, phase in enumerate(turn.phases):
        plan = turn.due_ns(index)
        sent = loops.perf_analyzer(turn.case, len(plan), THREADS, plan=plan)
        found.append(lags_of_log(sent.sent_ns, plan, phase.duration_ns, aligned=False))
    return found


def _h2load_script(loops: OpenLoops, turn: Turn) -> list[Lags]:
    found = []
    for index, phase in enumerate(turn.phases):
        plan = turn.due_ns(index)
        sent = loops.h2load_script(turn.case, plan)
        found.append(lags_of_log(sent.sent_ns, plan, phase.duration_ns, aligned=False))
    return found


def _h2load_rate(loops: OpenLoops, turn: Turn) -> list[Lags]:
    found = []
    for phase in turn.phases:
        rate = per_s(phase)
        count = round(rate * phase.duration_ns / NS_PER_S)
        even = (np.arange(count) * (NS_PER_S / rate)).astype(np.int64)
        sent = loops.h2load(turn.case, count, ["--rps", f"{rate:g}"])
        found.append(lags_of_log(sent.sent_ns, even, phase.duration_ns, aligned=False))
    return found


def senders(tools: dict[str, Tool]) -> list[Sender]:
    """Return everybody whose program is here."""
    found = [
        Sender("eiload", ours(), _eiload),
        Sender("plain gevent", installed("gevent", "grpcio"), _gevent),
    ]
    if tool := tools.get("perf_analyzer"):
        said = dated(tool.name, tool.version)
        found.append(Sender("perf_analyzer --request-intervals", said, _perf_analyzer))
    if tool := tools.get("h2load"):
        said = dated(tool.name, tool.version)
        found.append(Sender("h2load --timing-script-file", said, _h2load_script))
        found.append(Sender("h2load --rps", said, _h2load_rate))
    return found


Found = dict[tuple[str, Payload, int], list[Lags]]
"""Rounds by contender, payload and index of the rate."""

Sizes = dict[tuple[str, Payload], list[Counted]]
"""What the server counted of each round, by contender and payload."""


def run(setting: Setting) -> Outcome:
    """Measure how all contenders keep all schedules."""
    tools, missing = setting.tools()
    everybody, rounds = senders(tools), min(setting.rounds, 1 if setting.quick else ROUNDS)
    found: Found = {
        (each.name, payload, k): []
        for payload, rates in RATES.items()
        for each in everybody
        for k in range(len(rates))
    }
    sizes: Sizes = {(each.name, payload): [] for payload in RATES for each in everybody}
    failures: list[str] = []
    with (
        serving(setting.work_dir) as target,
        serving(setting.work_dir, floats=True) as floats,
        tempfile.TemporaryDirectory() as folder,
    ):
        loops = OpenLoops(Path(folder), tools)
        cases = {
            payload: Case(target, payload, server.files(Path(folder) / "files", payload), 0, floats)
            for payload in RATES
        }
        for number in range(rounds):
            for payload, case in cases.items():
                turn = Turn(case, number + 1, phases_of(payload))
                for each in in_turn(everybody, number):
                    setting.say(f"schedule: round {number + 1}/{rounds}: {each.name}")
                    together(target, floats)  # what came before is nobody's
                    try:
                        kept = each.run(loops, turn)
                    except BenchError as error:
                        failures.append(f"{each.name}: a run failed: {error}")
                        continue
                    for k, lags in enumerate(kept):
                        found[each.name, payload, k].append(lags)
                    if (counted := together(target, floats)) is not None:
                        sizes[each.name, payload].append(counted)
    names = [each.name for each in everybody]
    notes = (
        "; ".join(f"{each.name}: {each.version}" for each in everybody),
        f"server: {target.kind}",
        f"{rounds} round(s) of 1 s a rate, 2 s at 20/s; absolute figures, so fewer than 5 rounds",
        *(f"{each.name}: skipped, {each.reason}" for each in missing if each.name in PROGRAMS),
        *dict.fromkeys(failures),
        *EXPLANATION,
    )
    tables = tuple(_table(payload, names, found, sizes) for payload in RATES)
    return Outcome((_headlines(names, found, notes), *tables), samples_of(found))


EXPLANATION = (
    "one process each; Poisson arrivals, the same for all, but h2load --rps only sends evenly",
    "at 20/s p99 is the largest of 40 requests",
    (
        "bytes/request: of the gRPC message, counted at the server; perf_analyzer sends an FP32 "
        "tensor of as many bytes as the others' UINT8"
    ),
    (
        "h2load and perf_analyzer do not tell when their schedule began: their lag counts from "
        "their most punctual request, so a lateness that all requests share cannot be told"
    ),
    (
        "perf_analyzer: --request-rate-range with --request-distribution poisson sends the same "
        "way at instants that it does not tell, so it gets ours by --request-intervals; "
        f"{THREADS} threads, each waits for its answer"
    ),
    (
        "h2load's -r is a rate of connections; --rps is its rate of requests, looked after every "
        "10 ms or less often; --timing-script-file takes any schedule, but waits from one request "
        "to the next, so that lateness adds up"
    ),
    (
        "eiload records lags, not when the last request was sent: how far it is behind at the end "
        "is taken from the lags of the last second"
    ),
)

PROGRAMS = ("h2load", "perf_analyzer")


def phases_of(payload: Payload) -> tuple[OpenPhase, ...]:
    """Return a payload's rates, one after the other."""
    return tuple(
        OpenPhase(f"{rate}/s", round(seconds * NS_PER_S), ConstantRate(rate))
        for rate, seconds in RATES[payload]
    )


def _headlines(names: Sequence[str], found: Found, notes: tuple[str, ...]) -> Table:
    rows = []
    for name in names:
        cells = []
        for payload, rates in RATES.items():
            kept = largest_kept(
                [(rate, found[name, payload, k]) for k, (rate, _) in enumerate(rates)]
            )
            measured = any(found[name, payload, k] for k in range(len(rates)))
            cells.append(f"{kept:,.0f}/s" if kept else "none" if measured else "-")
        rows.append((name, *cells))
    tried = [", ".join(f"{rate:,}" for rate, _ in rates) for rates in RATES.values()]
    columns = tuple(f"{p.name} (of {t})" for p, t in zip(RATES, tried, strict=True))
    return Table(
        f"Largest rate with lag p99 < {LIMIT_MS:g} ms and at least {KEPT:.0%} of it sent, "
        "in most rounds",
        ("contender", *columns),
        tuple(rows),
        notes,
    )


def _table(payload: Payload, names: Sequence[str], found: Found, sizes: Sizes) -> Table:
    rows = []
    for k, (rate, _) in enumerate(RATES[payload]):
        for name in names:
            rounds = found[name, payload, k]
            figures = [spread([each.quantile_ms(q) for each in rounds]) for q in (0.5, 0.99, 1.0)]
            achieved = spread([each.achieved for each in rounds])
            size = bytes_text(sizes[name, payload])
            rows.append(
                (f"{rate:,}", name, *(one.text() for one in figures), achieved.text(3), size)
            )
    columns = (
        "rate/s", "contender", "lag p50 ms", "p99 ms", "max ms", "achieved / scheduled",
        "bytes/request",
    )  # fmt: skip
    title = f"Lag at {payload.name}; median (smallest .. largest) of the rounds"
    return Table(title, columns, tuple(rows))


def samples_of(found: Found) -> dict[str, object]:
    """Return the figures of each round for the JSON file."""
    return {
        f"{name}; {payload.name}, {RATES[payload][k][0]}/s": [
            {
                "p50_ms": each.quantile_ms(0.5),
                "p99_ms": each.quantile_ms(0.99),
                "max_ms": each.quantile_ms(1.0),
                "achieved": each.achieved,
                "sent": len(each.lags_ms),
            }
            for each in rounds
        ]
        for (name, payload, k), rounds in found.items()
    }
