"""Systems unlike those that the rules were chosen on: where noise is slow, rare, heavy or planned.

Each is 20/s to 3 slots of 90 ms (`A60`), unless said. What it knows: queues. What it must not know:
verdicts.
"""

from dataclasses import replace
from functools import cache

import numpy as np

from bench.disturbances import StallLaw, bimodal, exponential, pareto
from bench.queues import SYSTEMS, System, planned_per_s
from eiload.judging.statistics.cut import Cut

__all__ = ["ALL", "OVER_THE_RUN", "SLOW", "WORLDS", "cut_for", "true_quantile_s"]

_BASE = SYSTEMS["A60"]

_TURNS = 64


def _sine(mean: float, amplitude: float) -> tuple[tuple[float, float], ...]:
    at = np.arange(_TURNS + 1) / _TURNS
    rates = mean + amplitude * np.sin(2 * np.pi * at)
    return tuple(zip(at.tolist(), rates.tolist(), strict=True))


def _steps(*levels: float) -> tuple[tuple[float, float], ...]:
    parts = [
        ((at / len(levels), level), ((at + 1) / len(levels), level))
        for at, level in enumerate(levels)
    ]
    return tuple(point for part in parts for point in part)


WORLDS = {
    "mm1": System(20, 0.035, 1, slow_share=0.0, service=exponential, shared_stalls=False),
    "bimodal": System(20, 0.033, 2, slow_share=0.0, service=bimodal),
    "pareto": System(20, 0.100, 4, slow_share=0.0, service=pareto),
    "gc": replace(_BASE, own_stalls=StallLaw(10.0, 0.4, regular=True)),
    "retrans": replace(_BASE, again=(0.003, 0.2)),
    "batch": replace(_BASE, window_s=0.008),
    "ar1": replace(_BASE, own_speed=(0.3, 5.0), service_s=0.075),
    "ar1slow": replace(_BASE, own_speed=(0.1, 100.0)),
    "lindrift": replace(_BASE, trend=0.1),
    "rarestall": replace(_BASE, own_stalls=StallLaw(120.0, 2.0)),
    "errburst": replace(_BASE, failures=StallLaw(45.0, 2.0)),
    "sine": replace(_BASE, plan=_sine(20, 10)),
    "ramp": replace(_BASE, plan=((0, 10), (1, 30))),
    "phases": replace(_BASE, plan=_steps(10, 20, 28)),
}  # fmt: skip
"""mm1: M/M/1 at 70 %, no stalls. bimodal: a tenth takes 7.5 times as long; 2 slots. pareto: shape
1.5, 4 slots. gc: 0.4 s every 10 s. retrans: 0.3 % take 200 ms longer. batch: begins every 8 ms.
ar1: speed varies by 30 % over 5 s; ar1slow: by 10 % over 100 s. lindrift: from 10 % faster to 10 %
slower over the run. rarestall: stands still for 2 s every 2 minutes, in the mean. errburst: half of
the requests fail for 2 s every 45 s. sine, ramp, phases: the planned rate goes from 20 to 30, 10
and 20/s; from 10 to 30/s; 10, 20 and 28/s."""

ALL = SYSTEMS | WORLDS

SLOW = ("ar1slow", "lindrift")
"""Whose targets drift slowly, each on its own."""

OVER_THE_RUN = ("sine", "ramp", "phases", "lindrift")
"""Whose truth hangs on the run's length, over which something moves."""


@cache
def cut_for(system: str, seconds: int) -> Cut:
    """Return how a run of a system is cut, as what was planned for it says."""
    cut, planned = Cut.even(seconds), planned_per_s(ALL[system], seconds)
    if planned is None:
        return cut
    return replace(cut, planned=cut.sums(planned) / cut.lengths_s())


def true_quantile_s(name: str, q: float) -> float | None:
    """Return the response time that is known in closed form, s; None where it is not."""
    if name != "mm1":
        return None
    system = WORLDS[name]
    return -float(np.log1p(-q)) / (1 / system.service_s - system.rate)
