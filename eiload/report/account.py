"""The server's side of a run as plain data, for the run file: derived, so ignored when read. Pure.

Times in ms; a quantile of a server is ``[low, high]``, which is all that is known of it.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from eiload.base.clock import NS_PER_MS
from eiload.base.units import format_percentile
from eiload.observe import foreign
from eiload.observe.device import gpus_of, hosts_of
from eiload.observe.histogram import Bounds, Histogram
from eiload.observe.notes import notes
from eiload.observe.parts import parts_of
from eiload.observe.server import server_of
from eiload.record.run import Run
from eiload.report.devices import energy_j
from eiload.report.plain import plain
from eiload.report.sides import QUANTILES

__all__ = ["account"]

MS_PER_US = 1e-3


def account(run: Run) -> list[dict[str, Any]]:
    """Return what was observed of each target that was, over all judged phases."""
    return [plain(_of(run, index)) for index in range(len(run.targets)) if run.sources(index)]


def _of(run: Run, target: int) -> dict[str, Any]:
    server = server_of(run, target)
    check = foreign.check(run, target)
    parts = parts_of(run, target, qs=QUANTILES)
    return {
        "target": run.targets[target].name,
        "emulated": any(source.emulated for source in run.sources(target)),
        "requests": None
        if server is None
        else {
            "by_status": {status: round(n) for status, n in server.by_status.items()},
            "per_s": server.per_s,
            "in_server_ms": _times(server.request),
            "runtime_ms": _times(server.runtime),
            "queue_ms": _times(server.queue),
            "batch_mean": None if server.batch is None else server.batch.mean,
        },
        "where_the_time_went": None
        if parts is None
        else {
            part.name: {
                "mean_ms": part.mean_ns / NS_PER_MS,
                **_limits({q: _scaled(b, 1 / NS_PER_MS) for q, b in part.quantiles.items()}),
            }
            for part in parts.parts
        },
        "both_sides": None
        if check is None
        else {
            "sent": check.sent,
            "counted": check.total,
            "foreign_least": check.least,
            "foreign_most": None if check.restarted else check.most,
            "unanswered": check.unanswered,
            "uncounted": check.uncounted,
            "restarted": check.restarted,
            "together": check.together,
        },
        "gpus": [asdict(gpu) for gpu in gpus_of(run, target)],
        "energy_j_per_good": energy_j(run, target),
        "hosts": [asdict(host) for host in hosts_of(run, target)],
        "notes": notes(run, target),
    }


def _times(of: Histogram | None) -> dict[str, Any] | None:
    if of is None:
        return None
    limits = {q: _scaled(of.quantile(q), MS_PER_US) for q in QUANTILES}
    return {"mean": of.mean * MS_PER_US, **_limits(limits)}


def _scaled(bounds: Bounds | None, factor: float) -> Bounds | None:
    return None if bounds is None else bounds.times(factor)


def _limits(of: Mapping[float, Bounds | None]) -> dict[str, list[float] | None]:
    return {
        format_percentile(q): None if bounds is None else [bounds.low, bounds.high]
        for q, bounds in of.items()
    }
