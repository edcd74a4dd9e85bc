"""A run over time as plain arrays, for readers of the run file that have nothing of eiload.

Pure. At most `over_time.COLUMNS` columns, as wide as those of the report's pictures; a percentile
is over as many seconds as it takes. Counts are of requests, times in ms.
"""

from typing import Any

from eiload.base.clock import NS_PER_MS
from eiload.base.units import format_percentile
from eiload.record.intervals import Kind
from eiload.record.run import Run
from eiload.report.html import over_time
from eiload.report.plain import plain

__all__ = ["QUANTILES", "series"]

QUANTILES = (0.5, 0.95, 0.99)


def series(run: Run) -> list[dict[str, Any]]:
    """Return each target over time: what was due, answered, failed, and how long it took."""
    spans = run.phases()
    start_s = spans[0].first_second if spans else 0
    found = []
    for target, facts in enumerate(run.targets):
        rates = over_time.rates(run, target, spans)
        found.append(
            {
                "target": facts.name,
                "start_s": start_s,
                "column_s": rates.column_s,
                "due": rates.due.tolist(),
                "answered": rates.answered.tolist(),
                "failed": rates.failed.tolist(),
                "response_ms": _times(run, target, Kind.RESPONSE, start_s),
                "lag_ms": _times(run, target, Kind.LAG, start_s),
            }
        )
    return found


def _times(run: Run, target: int, kind: Kind, start_s: int) -> dict[str, Any]:
    """Return percentiles over time: [from, to, ms] each."""
    sample = run.sample(target, run.phases(), kind)
    return {
        format_percentile(each.q): [
            [int(start), int(end), plain(float(f"{value / NS_PER_MS:.4g}"))]
            for start, end, value in each.steps
        ]
        for each in over_time.quantiles(sample, QUANTILES, start_s, run.step_s)
    }
