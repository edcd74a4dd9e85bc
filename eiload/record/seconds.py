"""A run as a table: what was due in each second, to each target, and what became of it.

What it knows: a run's counts in time. What it must not know: how a table is written. `report.csv`
makes a file of it, `Run.frame` a pandas DataFrame.

Times are in ms, as floats: NaN is a time that so few requests do not support, infinity that of a
request that did not end OK.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from eiload.base.clock import NS_PER_MS
from eiload.base.status import Status
from eiload.record import series
from eiload.record.facts import PhaseSpan
from eiload.record.intervals import Kind
from eiload.record.measured import Measured
from eiload.record.sample import BEYOND, Sample, supports

__all__ = ["BEYOND", "QUANTILES", "columns", "frame", "rows", "supports"]

QUANTILES = (0.5, 0.9, 0.95, 0.99, 0.999)


def columns(run: Measured) -> list[str]:
    """Return the columns' names; each status that occurred has one."""
    return [
        *("target", "phase", "warm_up", "second", "due", "answered"),
        *(status.name for status in _statuses(run)),
        *(f"response_p{q * 100:g}_ms" for q in QUANTILES),
        *("response_max_ms", "service_p50_ms", "lag_p50_ms", "lag_max_ms"),
    ]


def rows(run: Measured) -> Iterator[list[Any]]:
    """Yield a row a second, phase and target, where anything was due or answered."""
    statuses = _statuses(run)
    for target, facts in enumerate(run.targets):
        for span in run.phases():
            yield from _phase(run, target, facts.name, span, statuses)


def frame(run: Measured) -> Any:
    """Return the table as a pandas DataFrame.

    Raises:
        ModuleNotFoundError: pandas is not installed.
    """
    try:
        import pandas as pd  # type: ignore[import-untyped,import-not-found,unused-ignore] # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "Run.frame() needs pandas, which is not installed: pip install pandas", name=error.name
        ) from None
    return pd.DataFrame(list(rows(run)), columns=columns(run))


def _statuses(run: Measured) -> list[Status]:
    return [
        status
        for status in Status
        if any(status in run.statuses(t, run.phases()) for t in range(len(run.targets)))
    ]


def _phase(
    run: Measured, target: int, name: str, span: PhaseSpan, statuses: Sequence[Status]
) -> Iterator[list[Any]]:
    if not span.seconds:
        return
    by_status = series.statuses(run, target, [span])
    nothing = np.zeros(span.seconds, np.int64)
    due = sum(by_status.values(), nothing)
    answered = series.answers(run, target, [span])
    response, service, lag = (
        _BySecond(run.sample(target, [span], kind))
        for kind in (Kind.RESPONSE, Kind.SERVICE, Kind.LAG)
    )
    for second in range(span.seconds):
        if not due[second] and not answered[second]:
            continue
        of = response(second)
        lagging = lag(second)
        yield [
            *(name, span.name, span.warm_up, span.first_second + second),
            *(int(due[second]), int(answered[second])),
            *(int(by_status.get(status, nothing)[second]) for status in statuses),
            *(_quantile_ms(of, q) for q in QUANTILES),
            of.quantile_ns(1.0) / NS_PER_MS,
            _quantile_ms(service(second), 0.5),
            _quantile_ms(lagging, 0.5),
            lagging.quantile_ns(1.0) / NS_PER_MS,
        ]


def _quantile_ms(sample: Sample, q: float) -> float:
    return sample.quantile_ns(q) / NS_PER_MS if supports(q, sample.total) else float("nan")


class _BySecond:
    """The seconds of a sample, each as a sample of its own."""

    def __init__(self, sample: Sample) -> None:
        order = np.argsort(sample.second, kind="stable")
        self._second = sample.second[order]
        self._bucket, self._count = sample.bucket[order], sample.count[order]
        self._whole = sample

    def __call__(self, second: int) -> Sample:
        first, last = np.searchsorted(self._second, [second, second + 1])
        whole = self._whole
        return Sample(
            1,
            np.zeros(last - first, np.int64),
            self._bucket[first:last],
            self._count[first:last],
            whole.bad[second : second + 1],
            0,
            whole.min_ns,
            whole.max_ns,
        )
