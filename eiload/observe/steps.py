"""What was observed over time, as steps: from when, to when, how much; for pictures.

What it knows: readings. What it must not know: how anything is drawn. Pure. A counter's rate is of
the time between two readings, not of an instant; where a source says something new seldom, between
two that differ. Over a restart nothing is known.
"""

from collections.abc import Sequence

import numpy as np

from eiload.observe.device import GPUS
from eiload.observe.growth import SLOW_S, Growth
from eiload.observe.server import ENTRYPOINT, SERVERS, growths
from eiload.record.observed import Floats, Series
from eiload.record.run import Run

__all__ = ["Steps", "gauge", "gpu_steps", "mean", "rate", "server_mean_ms", "server_rate"]

Steps = list[tuple[float, float, float]]
"""From, to, s from the start of the load; the value, NaN where it is not known."""


def rate(growth: Growth, counters: Sequence[Series]) -> Steps:
    """Return by how much counters grew together, per second."""
    return [(start, end, grown / (end - start)) for start, end, grown in _grown(growth, counters)]


def mean(growth: Growth, sums: Sequence[Series], counts: Sequence[Series]) -> Steps:
    """Return the mean of what came in each step; NaN where nothing came."""
    found = []
    for (start, end, total), (_, _, number) in zip(
        _grown(growth, sums), _grown(growth, counts), strict=True
    ):
        found.append((start, end, total / number if number else float("nan")))
    return found


def gauge(growth: Growth, series: Series) -> Steps:
    """Return a gauge, from each reading to the next."""
    values, at_s = series.values(growth.source.readings), growth.at_s
    return [
        (float(start), float(end), float(value))
        for start, end, value in zip(at_s, at_s[1:], values, strict=False)
    ]


def _grown(growth: Growth, counters: Sequence[Series]) -> Steps:
    at_s = growth.at_s
    steps: Floats = sum((growth.steps(each) for each in counters), np.zeros(growth.source.readings))
    steps = steps.copy()
    steps[list(growth.restarts)] = np.nan
    ends = np.arange(1, len(at_s))
    if (growth.update_s or 0.0) >= SLOW_S:
        ends = ends[steps[1:] != 0]
    found, first = [], 0
    for last in ends:
        total = float(steps[first + 1 : last + 1].sum())
        if at_s[last] > at_s[first]:
            found.append((float(at_s[first]), float(at_s[last]), total))
        first = int(last)
    return found


def server_rate(run: Run, target: int) -> Steps:
    """Return the requests of a target's model that its first server counted, per second."""
    for growth in _servers(run, target):
        return rate(growth, growth.source.named("requests", model=run.targets[target].model))
    return []


def server_mean_ms(run: Run, target: int) -> Steps:
    """Return the mean time in a target's first server by its own account, ms."""
    of = {"model": run.targets[target].model, "entrypoint": ENTRYPOINT}
    for growth in _servers(run, target):
        sums = growth.source.named("request_us_sum", **of)
        counts = growth.source.named("request_us_count", **of)
        return [(start, end, us / 1e3) for start, end, us in mean(growth, sums, counts) if sums]
    return []


def _servers(run: Run, target: int) -> list[Growth]:
    return [each for each in growths(run, target, SERVERS) if not each.several]


def gpu_steps(run: Run, target: int, name: str) -> list[tuple[str, Steps]]:
    """Return a gauge of each of a target's GPUs, by its name."""
    return [
        (series.label("name"), gauge(growth, series))
        for growth in growths(run, target, GPUS)
        for series in growth.source.named(name)
    ]
