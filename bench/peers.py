"""CPU per request, side by side: eiload and what one would use instead, at equal bytes.

Every contender loads the same server with a request of the same size, closed loop, with 1 and with
16 requests in flight. In each round each of them runs once per case, in another order each round.

The server counts the requests and their bytes, for everybody: CPU time while the load is on is
divided by what has come meanwhile, whatever a contender says itself (`window`), and whose bytes
differ by more than `SAME_BYTES` from the request that eiload sends has no ratio. A server that
does not count leaves nothing to be told.

The C++ server shares the machine with whoever loads it. That touches rates and percentiles, which
are shown because readers ask for them; CPU time it touches little.
"""

import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench import pacing, server
from bench.contenders import Case, Contender, Measured, Workbench
from bench.figures import Spread, in_turn, ratios, spread
from bench.limits import SCENARIO, USERS, Key, reached
from bench.process import BenchError
from bench.server import LARGE, SMALL, Counted, Server, serving
from bench.setting import Outcome, Setting
from bench.table import Table
from bench.window import Window, cost_ms

__all__ = ["bytes_text", "run", "same_bytes", "together"]

CASES = ((LARGE, 16), (LARGE, 1), (SMALL, 16), (SMALL, 1))
"""Payload, in flight."""
SECONDS = 3.0
LIMIT_S = 330.0

OURS = (SCENARIO, USERS)
SAME_BYTES = 0.02
"""Requests whose bytes differ by a larger share than this are not the same."""


@dataclass(frozen=True, slots=True)
class Ran:
    """One run of one contender, and what of it reached the server."""

    measured: Measured
    counted: Counted | None = None
    """None from a server that does not count."""
    cpu_ms: float | None = None
    """CPU time per request while the load was on, ms; None if that cannot be told."""


@dataclass(slots=True)
class Series:
    """One contender's rounds of one case."""

    rounds: list[Ran | None] = field(default_factory=list)
    """None for a round that failed."""

    def done(self) -> list[Measured]:
        """Return the runs of the rounds that did not fail."""
        return [each.measured for each in self.rounds if each is not None]

    def cpu_ms(self) -> list[float]:
        """Return each round's CPU time per request, ms; NaN if there is none."""
        told = [None if each is None else each.cpu_ms for each in self.rounds]
        return [math.nan if each is None else each for each in told]

    def counted(self) -> list[Counted]:
        """Return what the server counted of the rounds that did not fail."""
        runs = [each.counted for each in self.rounds if each is not None]
        return [each for each in runs if each is not None and each.requests]


def same_bytes(ours: Sequence[Counted], theirs: Sequence[Counted]) -> bool:
    """Tell whether all requests of two contenders were as large as each other, within 2 %.

    Nobody knows of requests that were not counted: False.
    """
    counted = [*ours, *theirs]
    if not ours or not theirs:
        return False
    largest = max(each.largest_bytes for each in counted)
    return largest - min(each.smallest_bytes for each in counted) <= SAME_BYTES * largest


Found = dict[Key, Series]


def run(setting: Setting) -> Outcome:
    """Measure all contenders in all cases."""
    tools, missing = setting.tools()
    failures: list[str] = []
    with (
        serving(setting.work_dir) as target,
        serving(setting.work_dir, floats=True) as floats,
        tempfile.TemporaryDirectory() as folder,
    ):
        window = Window(lambda: together(target, floats))
        contenders = Workbench(Path(folder), tools, window.finished).all()
        cases = [
            Case(target, payload, server.files(Path(folder) / "files", payload), in_flight, floats)
            for payload, in_flight in CASES
        ]
        found = {(c.name, case.payload, case.in_flight): Series()
                 for c in contenders for case in cases}  # fmt: skip
        limit_s = LIMIT_S * setting.stretch
        for turn in pacing.rounds(setting.rounds, limit_s):
            for contender in in_turn(contenders, turn):
                setting.say(f"peers: round {turn + 1}/{setting.rounds}: {contender.name}")
                seconds = setting.seconds(SECONDS) / (2 if contender.light else 1)
                for case in cases:
                    ran = _tried(contender, case, seconds, window, failures)
                    found[contender.name, case.payload, case.in_flight].rounds.append(ran)
    notes = [
        f"server: {target.kind}",
        *(f"{each.name}: skipped, {each.reason}" for each in missing),
        *dict.fromkeys(failures),
    ]
    done = len(next(iter(found.values())).rounds)
    rounds = pacing.said(done, setting.rounds, limit_s)
    versions = "; ".join(f"{c.name}: {c.version}" for c in contenders)
    names = [contender.name for contender in contenders]
    tables = [_table(case, names, found, rounds) for case in cases]
    p50_ms = [each.p50_ms for each in found[SCENARIO, SMALL, 1].done()]
    compared = {
        ((ours, case.payload, case.in_flight), peer): ratio(found, case, ours, peer)
        for case in cases
        for ours in OURS
        for peer in names
    }
    limits = reached(compared, p50_ms, rounds)
    noted = Table(limits.title, limits.columns, limits.rows, (versions, *notes, *EXPLANATION))
    cpu = {_said(key): series.cpu_ms() for key, series in found.items()}
    sizes = {
        _said(key): [each.total_bytes / each.requests for each in series.counted()]
        for key, series in found.items()
    }
    return Outcome((*tables, noted), {"cpu_ms_per_request": cpu, "bytes_per_request": sizes})


EXPLANATION = (
    (
        "CPU per request: user + system time of all the contender's processes while the load is "
        "on, over the requests that the server counted meanwhile"
    ),
    (
        "bytes/request: of the gRPC message, counted at the server; the smallest and the largest "
        "of all requests where they differ"
    ),
    "other bytes: requests that differ by more than 2 % from eiload's, so there is no ratio",
    (
        "perf_analyzer gets an FP32 tensor of as many bytes; UINT8 it sends in elements whose size "
        "on the wire depends on what lay in memory, run by run"
    ),
    "one connection each, but perf_analyzer, which makes its own",
    "perf_analyzer's rate counts whole seconds and is low in short runs",
    (
        "p50 and p99 as each reports them: h2load's from its log (since 1.69 it prints some), "
        "Locust's rounded to its two digits"
    ),
    "peak memory: largest sum of resident sets of all its processes",
)


def _said(key: Key) -> str:
    name, payload, in_flight = key
    return f"{name}; {payload.name}, {in_flight} in flight"


def ratio(found: Found, case: Case, ours: str, peer: str) -> Spread:
    """Return the ratio of CPU per request; without rounds if the bytes are not the same."""
    our, their = (found[name, case.payload, case.in_flight] for name in (ours, peer))
    if not same_bytes(our.counted(), their.counted()):
        return spread([])
    return ratios(our.cpu_ms(), their.cpu_ms())


def together(*servers: Server) -> Counted | None:
    """Return what has reached the servers since they were last asked; None if one cannot tell."""
    counts = [server.counted() for server in servers]
    known = [each for each in counts if each is not None]
    return Counted.together(known) if len(known) == len(counts) else None


def _tried(
    contender: Contender, case: Case, seconds: float, window: Window, failures: list[str]
) -> Ran | None:
    try:
        measured = contender.run(case, seconds)
    except BenchError as error:
        failures.append(f"{contender.name}: a run failed: {error}")
        return None
    return Ran(measured, window.total, cost_ms(window.looks))


def _table(case: Case, names: Sequence[str], found: Found, rounds: str) -> Table:
    rows = []
    for name in names:
        series = found[name, case.payload, case.in_flight]
        done = series.done()
        rows.append(
            (
                name,
                bytes_text(series.counted()),
                spread(series.cpu_ms()).text(3),
                *(_ratio(found, case, ours, name) for ours in OURS),
                spread([each.rate for each in done]).text(0),
                spread([each.p50_ms for each in done]).text(3),
                spread([each.p99_ms for each in done]).text(1),
                spread([each.spent.peak_bytes / 1e6 for each in done]).text(0),
            )
        )
    columns = (
        "contender",
        "bytes/request",
        "CPU ms/request",
        "eiload scenario / it",
        "eiload users / it",
        "requests/s",
        "p50 ms",
        "p99 ms",
        "peak MB",
    )
    title = (
        f"{case.payload.name}, {case.in_flight} in flight; median (smallest .. largest) of "
        f"{rounds}, ratios round by round"
    )
    return Table(title, columns, tuple(rows))


def _ratio(found: Found, case: Case, ours: str, name: str) -> str:
    our, their = (found[each, case.payload, case.in_flight].counted() for each in (ours, name))
    if our and their and not same_bytes(our, their):
        return "other bytes"
    return ratio(found, case, ours, name).text()


def bytes_text(counted: Sequence[Counted]) -> str:
    """Return the size of the requests of all rounds, in words."""
    if not counted:
        return "not counted"
    smallest = min(each.smallest_bytes for each in counted)
    largest = max(each.largest_bytes for each in counted)
    return f"{smallest:,}" if smallest == largest else f"{smallest:,} .. {largest:,}"
