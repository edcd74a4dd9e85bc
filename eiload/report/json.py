"""A run as one JSON document: the run file, and beside it what was derived from it.

Pure. The run file's own fields are what everything can be computed from again; ``judgement``,
``figures`` and ``emulated`` are for scripts that only want to know, and are ignored when the file
is read (`run.load`), so that nobody believes a verdict that the counts do not bear out.

A number that is not known is null, and one that is infinite (the time of a request that failed) is
the string ``"inf"``. Names carry the unit.
"""

import json
from typing import Any

from eiload.base.clock import NS_PER_MS
from eiload.base.units import format_percentile
from eiload.judging.judgement import Judgement
from eiload.record.run import Run
from eiload.report import arrays, figures, went
from eiload.report.account import account
from eiload.report.figures import Figures
from eiload.report.plain import plain

__all__ = ["document", "render"]


def document(run: Run, judgement: Judgement) -> dict[str, Any]:
    """Return the run file's content: what `run.save` writes and `run.load` reads."""
    tables = figures.tables(run)
    return {
        **run.to_json(),
        "emulated": run.emulated,
        "figures": [_figures(row) for table in tables for row in table],
        "where_the_time_went": {
            facts.name: plain(went.plain_split(run, target))
            for target, facts in enumerate(run.targets)
        },
        "series": arrays.series(run),
        "server_side": account(run),
        "judgement": plain(judgement),
    }


def render(run: Run, judgement: Judgement) -> str:
    """Return the document as text."""
    return json.dumps(document(run, judgement), indent=1, allow_nan=False) + "\n"


def _figures(row: Figures) -> dict[str, Any]:
    """Return a target's figures under names with units."""
    return {
        "target": row.facts.name,
        "emulated": bool(row.facts.emulated),
        "phase": row.phase or None,
        **({"class": row.of_class} if row.of_class else {}),
        **{name: getattr(row.ledger, name) for name in _LEDGER},
        "error_share": plain(row.ledger.error_share),
        "throughput_per_s": plain(row.throughput_per_s),
        "response_ms": {
            format_percentile(q): _milliseconds(value) for q, value in row.response_ns.items()
        },
        "mean_ok_ms": _milliseconds(row.mean_ok_ns),
        "max_ok_ms": _milliseconds(row.max_ok_ns),
        "service_p99_ms": _milliseconds(row.service_p99_ns),
        "lag_p99_ms": _milliseconds(row.lag_p99_ns),
    }


_LEDGER = ("scheduled", "ok", "failed", "dropped", "unfinished", "lost")


def _milliseconds(value_ns: float | None) -> Any:
    return plain(None if value_ns is None else value_ns / NS_PER_MS)
