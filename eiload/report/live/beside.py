"""What the live page says of the server's side, beside the load, as texts.

What it knows: what servers, GPUs and hosts said in the last seconds (`observe.lately`), or over the
judged phases of a run that has ended. What it must not know: HTTP, HTML, how anything is read.
Means are exact; percentiles of servers, which are two limits each, are the report's.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from eiload.base import wording
from eiload.base.clock import NS_PER_MS
from eiload.observe.device import Gpu, Host, gpus_of, hosts_of
from eiload.observe.histogram import Histogram
from eiload.observe.lately import Lately, lately
from eiload.observe.notes import notes
from eiload.observe.server import Server, server_of
from eiload.observe.watch import Glance
from eiload.record.facts import TargetFacts
from eiload.record.run import Run
from eiload.report import devices, words
from eiload.report.live.head import NAME_AT_MOST
from eiload.scenario import Scenario

__all__ = ["NOTES_AT_MOST", "ended", "now"]

NOTES_AT_MOST = 8

US_PER_MS = NS_PER_MS / 1_000


def now(
    scenario: Scenario,
    glances: Sequence[Sequence[Glance]],
    found: Sequence[TargetFacts],
    span_s: float,
    now_s: float,
) -> dict[str, Any] | None:
    """Return what was said in the last seconds; None where nothing is observed.

    Args:
        scenario: of the run.
        glances: of each target's sources, in the scenario's order.
        found: what is known of the targets; empty before that.
        span_s: how many seconds.
        now_s: s from the start of the load.
    """
    if not any(glances):
        return None
    models = {facts.name: facts.model for facts in found}
    said = []
    for (name, target), mine in zip(scenario.targets.items(), glances, strict=False):
        said.append((name, lately(mine, models.get(name, target.model), span_s, now_s), bool(mine)))
    return _told(said, f"last {span_s:.0f} s")


def ended(run: Run) -> dict[str, Any] | None:
    """Return what was said over the judged phases of a run; None where nothing was observed."""
    if not any(run.observed):
        return None
    said = []
    for index, facts in enumerate(run.targets):
        of = Lately(
            server_of(run, index),
            tuple(gpus_of(run, index)),
            tuple(hosts_of(run, index)),
            tuple(notes(run, index)),
        )
        said.append((facts.name, of, bool(run.sources(index))))
    return _told(said, "judged time")


def _told(said: Iterable[tuple[str, Lately, bool]], when: str) -> dict[str, Any]:
    servers: list[list[Any]] = []
    machines: list[list[Any]] = []
    heard: list[str] = []
    for index, (name, of, is_observed) in enumerate(said):
        shown = words.safe(name, NAME_AT_MOST)
        if of.server is not None:
            servers.append([index, shown, *_server(of.server)])
        machines += [[index, shown, *_gpu(gpu)] for gpu in of.gpus]
        machines += [[index, shown, *_host(each)] for each in of.hosts]
        heard += [f"{shown}: {words.safe(note)}" for note in of.notes]
        if is_observed and not (of.server or of.gpus or of.hosts or of.notes):
            heard.append(f"{shown}: nothing is known yet")
    return {"when": when, "servers": servers, "machines": machines, "notes": heard[:NOTES_AT_MOST]}


def _server(of: Server) -> list[str]:
    """Return requests per second, those not OK of them, times in ms, the batch."""
    total = of.total
    failed = {status: n for status, n in of.by_status.items() if status != "OK" and n}
    each_s = of.per_s / total if total else math.nan
    listed = ", ".join(
        f"{words.per_second(number * each_s)} {words.safe(status, 30)}"
        for status, number in sorted(failed.items(), key=lambda each: -each[1])
    )
    return [
        words.per_second(of.per_s),
        listed or ("0" if total else words.NOT_KNOWN),
        *(_mean(each) for each in (of.request, of.runtime, of.queue)),
        words.NOT_KNOWN if of.batch is None else words.three_digits(of.batch.mean),
    ]


def _mean(of: Histogram | None) -> str:
    return words.NOT_KNOWN if of is None else words.three_digits(of.mean / US_PER_MS)


def _gpu(gpu: Gpu) -> list[str]:
    """Return what it is, its use, memory, power, and whether it was held back."""
    return [
        words.safe(gpu.name, NAME_AT_MOST),
        wording.share(gpu.use) if math.isfinite(gpu.use) else words.NOT_KNOWN,
        devices.memory(gpu),
        f"{words.three_digits(gpu.power_w)} W" if math.isfinite(gpu.power_w) else words.NOT_KNOWN,
        devices.in_words(gpu, of_what="of the time") or "does not say whether it is throttled",
    ]


def _host(host: Host) -> list[str]:
    taken = f"{wording.share(host.steal)} taken by the hypervisor"
    return [
        f"CPU of {words.safe(host.name, NAME_AT_MOST)}",
        wording.share(host.use),
        words.NOT_KNOWN,
        words.NOT_KNOWN,
        taken,
    ]
