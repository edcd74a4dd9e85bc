"""Who tells the truth? Reported percentiles beside the true ones, with and without a stall.

The server is the stand-in, whose computing times follow a law that we set. Every contender offers
the same even rate and reports percentiles its own way. The truth (`laws`) is what an ideal open
loop would have seen; what is left between is the contender's own work, the wire, and what it does
not count.

A stall shows who waits for the server before sending on (coordinated omission): whoever does sends
few requests in it, and reports a server that is better than its users would find it.

Two laws are measured one contender after the other. The stall takes half a minute each, so there
all run side by side, each with a stand-in of its own; medians that are still the law's show that
they do not disturb each other by more than the milliseconds that a note below the table tells.
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench import server
from bench.contenders import Case
from bench.figures import percentile
from bench.laws import HEADROOM, Law, laws
from bench.open_loops import OpenLoops, Sent
from bench.process import BenchError
from bench.released import dated, installed, ours
from bench.server import MODEL, SMALL, Server
from bench.setting import Outcome, Setting
from bench.table import Table
from bench.tools import Tool
from eiload.base.clock import NS_PER_MS, NS_PER_S
from eiload.base.errors import EngineError
from eiload.judging.statistics.blocks import reportable
from eiload.scenario.arrivals import ConstantRate, OpenPhase
from eiload.sending.endpoint import GRPCIO, HTTP2
from eiload.server.launch import StandInProcess

__all__ = ["QUANTILES", "WIRES", "Reported", "adds", "run", "sees"]

QUANTILES = (0.5, 0.9, 0.99, 0.999)

WIRES = {HTTP2: "eiload", GRPCIO: "eiload, client: grpcio"}
"""eiload's two wires, and what they are called in the tables."""


@dataclass(frozen=True, slots=True)
class Reported:
    """What one contender says of one law."""

    requests: int
    quantiles_ms: Mapping[float, float]
    """By q; what it does not tell is not there."""
    derived: frozenset[float] = frozenset()
    """Which of them are ours, from its log or run file, because its report does not show them."""


@dataclass(frozen=True, slots=True)
class Reporter:
    """Somebody who reports percentiles."""

    name: str
    version: str
    run: Callable[[OpenLoops, Case, Law], Reported]


def _eiload(client: str, loops: OpenLoops, case: Case, law: Law) -> Reported:
    length_ns = round(law.seconds * NS_PER_S)
    phase = OpenPhase("all", length_ns, ConstantRate(law.rate), "constant")
    sample = loops.eiload(case, [phase], seed=1, client=client).sample(0)
    withheld = frozenset(q for q in QUANTILES if not reportable(q, sample.total))
    found = {q: sample.quantile_ns(q) / NS_PER_MS for q in QUANTILES}
    return Reported(sample.total, found, withheld)


def _recipe(loops: OpenLoops, case: Case, law: Law) -> Reported:
    said = loops.recipe(case, law.users, law.rate, law.seconds)
    found = {q: said.percentiles_ms[f"{q * 100:g}%"] for q in QUANTILES}
    return Reported(said.requests, found)


def _perf_analyzer(loops: OpenLoops, case: Case, law: Law) -> Reported:
    sent = loops.perf_analyzer(case, law.requests, law.users, rate=law.rate)
    derived = frozenset(QUANTILES) - sent.reported_ms.keys()
    return Reported(len(sent.took_ns), {**_of_log(sent), **sent.reported_ms}, derived)


def _h2load(loops: OpenLoops, case: Case, law: Law) -> Reported:
    sent = loops.h2load(case, law.requests, ["--rps", f"{law.rate:g}"])
    return Reported(len(sent.took_ns), _of_log(sent), frozenset(QUANTILES))


def _of_log(sent: Sent) -> dict[float, float]:
    """Return the percentiles, ms, of what a log says."""
    took_ms = (sent.took_ns / NS_PER_MS).tolist()
    return {q: percentile(took_ms, q) for q in QUANTILES}


def reporters(tools: Mapping[str, Tool]) -> list[Reporter]:
    """Return everybody whose program is here."""
    found = [
        *(Reporter(name, ours(), partial(_eiload, client)) for client, name in WIRES.items()),
        Reporter("Locust's gRPC recipe", installed("locust", "grpcio"), _recipe),
    ]
    if tool := tools.get("perf_analyzer"):
        found.append(Reporter("perf_analyzer", dated(tool.name, tool.version), _perf_analyzer))
    if tool := tools.get("h2load"):
        found.append(Reporter("h2load --rps", dated(tool.name, tool.version), _h2load))
    return found


def run(setting: Setting) -> Outcome:
    """Measure what all contenders report of all laws."""
    tools, missing = setting.tools()
    everybody = reporters(tools)
    notes = [
        "; ".join(f"{each.name}: {each.version}" for each in everybody),
        *(f"{each.name}: skipped, {each.reason}" for each in missing if each.name in PROGRAMS),
    ]
    tables: list[Table] = []
    samples: dict[str, object] = {}
    everything: list[dict[str, Reported | str]] = []
    measured_laws = laws(setting)
    with tempfile.TemporaryDirectory() as folder:
        for number, law in enumerate(measured_laws):
            # One thread is one after the other.
            with ThreadPoolExecutor(len(everybody) if law.together else 1) as pool:
                measured = partial(_measured, setting, Path(folder) / str(number), tools, law)
                found = dict(
                    zip([e.name for e in everybody], pool.map(measured, everybody), strict=True)
                )
            everything.append(found)
            tables.append(_table(law, found))
            samples[law.name] = _plain(law, found)
    last = adds(
        [(law, found) for law, found in zip(measured_laws, everything, strict=True)
         if not law.together]
    )  # fmt: skip
    disturbed = _disturbed(everything[0], everything[-1])
    noted = Table(last.title, last.columns, last.rows, (disturbed, *notes, *EXPLANATION))
    return Outcome((*tables, noted), samples)


def adds(found: Sequence[tuple[Law, Mapping[str, Reported | str]]]) -> Table:
    """Return what each of eiload's wires adds to the laws that do not stall, ms."""
    rows = []
    for law, reports in found:
        times = law.true_ms()
        for name in WIRES.values():
            reported = reports[name]
            cells = ("-", "-")
            if isinstance(reported, Reported):
                at = (0.5, 0.99)
                more = [reported.quantiles_ms[q] - percentile(times, q) for q in at]
                cells = (f"{more[0]:+.2f}", f"{more[1]:+.2f}")
            rows.append((law.name, name, *cells))
    columns = ("law", "wire", "at p50 ms", "at p99 ms")
    return Table("What each wire adds to a law: reported less true", columns, tuple(rows))


EXPLANATION = (
    "truth: simulated, the stand-in's virtual timeline with as many arrivals as are due, evenly",
    (
        "one round: absolute figures beside a known truth, no ratios of noisy ones; 1 KB requests, "
        "of which perf_analyzer's, being UINT8, have more bytes (see peers): nothing to a law of "
        "50 ms"
    ),
    (
        "what a wire adds includes the stand-in's own work and the network, which are the same for "
        "both; eiload is our HTTP/2, client: grpcio gRPC's own stack"
    ),
    (
        "who sends fewer requests than are due has seen a part of the truth only; a closed loop "
        "sends none while all of its users wait"
    ),
    (
        "* not in its own report, but from its log or run file: h2load reports no percentiles, "
        "perf_analyzer no p99.9, eiload none with fewer than 20 requests beyond"
    ),
    (
        "the recipe's users keep constant_throughput; Locust prints percentiles with 2 digits; "
        f"they, and perf_analyzer's threads, are {HEADROOM} times as many as the law keeps busy"
    ),
    (
        "eiload counts from when a request was due, the others from when it was sent: what "
        "perf_analyzer sends late after a stall looks quick"
    ),
)

PROGRAMS = ("h2load", "perf_analyzer")


def _disturbed(alone: Mapping[str, Reported | str], together: Mapping[str, Reported | str]) -> str:
    """Tell by how much the medians of one law differ: side by side less one after the other."""
    moved = [
        f"{name} {theirs.quantiles_ms[0.5] - own.quantiles_ms[0.5]:+.1f}"
        for name, own in alone.items()
        if isinstance(own, Reported) and isinstance(theirs := together[name], Reported)
    ]
    return f"p50 side by side less p50 alone (first table), ms: {', '.join(moved) or '-'}"


def _measured(
    setting: Setting, folder: Path, tools: Mapping[str, Tool], law: Law, reporter: Reporter
) -> Reported | str:
    """Return what a contender reports of a stand-in of its own, or why it does not."""
    setting.say(f"truth: {law.name}: {reporter.name}")
    own = folder / reporter.name.replace(" ", "-")
    files = server.files(own, SMALL)
    try:
        with StandInProcess(law.settings, MODEL) as stand_in:
            case = Case(Server(stand_in.address, "the stand-in"), SMALL, files, 0)
            return reporter.run(OpenLoops(own, tools), case, law)
    except (BenchError, EngineError) as error:
        return f"failed: {error}"


def sees(true_ms: Mapping[float, float], reported: Reported) -> str:
    """Tell from which quantile on a report shows what truly is beyond the usual, in words.

    Shown is a quantile that is at least half of the true one, where that is at least twice the
    true median; * if none of them is in its own report.
    """
    slow = [q for q in QUANTILES if true_ms[q] >= 2 * true_ms[0.5]]
    shown = [q for q in slow if reported.quantiles_ms.get(q, 0.0) >= true_ms[q] / 2]
    if not shown:
        return "no"
    star = "*" if reported.derived.issuperset(shown) else ""
    return f"yes{star}" if len(shown) == len(slow) else f"from p{shown[0] * 100:g}{star}"


def _table(law: Law, found: Mapping[str, Reported | str]) -> Table:
    times = law.true_ms()
    true_ms = {q: percentile(times, q) for q in QUANTILES}
    stalls = law.settings.stalls is not None
    rows = [("truth", f"{law.requests:,}", *(f"{true_ms[q]:,.1f}" for q in QUANTILES))]
    if stalls:
        rows[0] += ("",)
    failures = []
    for name, reported in found.items():
        if isinstance(reported, str):
            failures.append(f"{name}: {reported}")
            rows.append((name, "-", *("-" for _ in QUANTILES), *(["-"] if stalls else [])))
            continue
        cells = [_cell(q, reported, true_ms[q]) for q in QUANTILES]
        seen = [sees(true_ms, reported)] if stalls else []
        rows.append((name, f"{reported.requests:,}", *cells, *seen))
    columns = ("", "requests", *(f"p{q * 100:g} ms" for q in QUANTILES))
    how = "side by side" if law.together else "one after the other"
    return Table(
        f"{law.name}; {law.rate:g}/s for {law.seconds:g} s, {how}",
        (*columns, "sees the stall") if stalls else columns,
        tuple(rows),
        tuple(failures),
    )


def _cell(q: float, reported: Reported, true_ms: float) -> str:
    value_ms = reported.quantiles_ms[q]
    star = "*" if q in reported.derived else ""
    return f"{value_ms:,.1f}{star} ({value_ms / true_ms - 1:+.0%})"


def _plain(law: Law, found: Mapping[str, Reported | str]) -> dict[str, object]:
    """Return the figures of one law for the JSON file."""
    times = law.true_ms()
    plain: dict[str, object] = {
        "truth": {f"p{q * 100:g}_ms": percentile(times, q) for q in QUANTILES}
    }
    for name, reported in found.items():
        plain[name] = (
            reported
            if isinstance(reported, str)
            else {
                "requests": reported.requests,
                **{f"p{q * 100:g}_ms": value for q, value in reported.quantiles_ms.items()},
            }
        )
    return plain
