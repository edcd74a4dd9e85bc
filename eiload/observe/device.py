"""What a target's GPUs and host did over some phases: use, power, clocks, energy.

What it knows: readings of devices, phases. What it must not know: how anything is shown. Pure.

Gauges are means and extremes over the readings within the phases. Energy is the difference of the
device's own counter, which is better than a sum of power readings; where there is no counter, it is
that. For time without readings, at the end of a run that was killed, it is as much per second. Why
clocks were low is counted by readings, or by the device's own clock of it where it has one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eiload.observe.growth import Growth
from eiload.observe.server import Stretch, covered_s, growths, stretches
from eiload.record.facts import PhaseSpan
from eiload.record.observed import Floats
from eiload.record.run import Run

__all__ = [
    "GPUS", "HOSTS", "REASONS", "Gpu", "Host", "gpus", "gpus_of", "host", "hosts_of", "throttled",
    "use",
]  # fmt: skip

Bools = NDArray[np.bool_]

GPUS = ("gpu", "dcgm")
HOSTS = ("host", "node")

REASONS: Mapping[int, str] = {
    0x4: "power-capped",
    0x8: "slowed by its hardware",
    0x20: "slowed for its heat, by software",
    0x40: "slowed for its heat, by hardware",
    0x80: "slowed by the power brake",
}
"""Bits of NVML's clock event reasons that mean it was throttled, and in words."""

THROTTLED = sum(REASONS)


@dataclass(frozen=True, slots=True)
class Gpu:
    """What one GPU did. A number that is not known is NaN."""

    uuid: str
    name: str
    readings: int
    use: float
    """Mean share of the time in which a kernel ran, 0..1."""
    use_most: float
    memory_bytes: float
    """The most."""
    memory_total_bytes: float
    power_w: float
    energy_j: float
    sm_mhz: float
    sm_least_mhz: float
    sm_most_mhz: float
    """What it could do; NaN where that is not said."""
    temperature_c: float
    """The most."""
    throttled: Mapping[str, float]
    """Share of the time, by why, in the words of `REASONS`; empty if it never was."""
    knows_throttling: bool
    emulated: bool


@dataclass(frozen=True, slots=True)
class Host:
    """What a host's CPUs did, as shares of all their time."""

    name: str
    use: float
    steal: float


def gpus_of(run: Run, target: int, spans: Sequence[PhaseSpan] | None = None) -> list[Gpu]:
    """Return what a target's GPUs did over some phases; None means all that are not warm-up."""
    where = stretches(run, spans)
    return [gpu for growth in growths(run, target, GPUS) for gpu in gpus(growth, where)]


def gpus(growth: Growth, where: Sequence[Stretch]) -> list[Gpu]:
    """Return what the GPUs of one source did over stretches of time."""
    within = _within(growth, where)
    names = {(each.label("gpu"), each.label("name")) for each in growth.source.series}
    if not within.any():
        return []
    return [_gpu(growth, *name, within, where) for name in sorted(names)]


def hosts_of(run: Run, target: int, spans: Sequence[PhaseSpan] | None = None) -> list[Host]:
    """Return what a target's hosts did over some phases; None means all that are not warm-up."""
    where = stretches(run, spans)
    found = [host(growth, where) for growth in growths(run, target, HOSTS)]
    return [each for each in found if each is not None]


def host(growth: Growth, where: Sequence[Stretch]) -> Host | None:
    """Return what the host of one source did over stretches of time; None if nobody knows."""
    spent = {
        each.label("mode"): _between(growth, where, "host_cpu_s", mode=each.label("mode"))
        for each in growth.source.named("host_cpu_s")
    }
    total = sum(spent.values())
    if total <= 0:
        return None
    idle = spent.get("idle", 0.0) + spent.get("iowait", 0.0)
    return Host(growth.source.name, 1 - idle / total, spent.get("steal", 0.0) / total)


def use(run: Run, target: int, spans: Sequence[PhaseSpan]) -> Floats:
    """Return the use of a target's busiest GPU at each fresh reading within some phases, 0..1.

    Shape (readings,); empty where nothing was read.
    """
    where = stretches(run, spans)
    busiest = np.empty(0)
    for growth in growths(run, target, GPUS):
        within = _within(growth, where) & growth.fresh
        for series in growth.source.named("gpu_use"):
            values = series.values(growth.source.readings)[within] / 100
            values = values[np.isfinite(values)]
            if len(values) and (not len(busiest) or values.mean() > busiest.mean()):
                busiest = values
    return busiest


def throttled(run: Run, target: int, spans: Sequence[PhaseSpan]) -> tuple[int, int]:
    """Return at how many fresh readings any of a target's GPUs was throttled, and of how many."""
    where = stretches(run, spans)
    slowed = of = 0
    for growth in growths(run, target, GPUS):
        within, readings = _within(growth, where) & growth.fresh, growth.source.readings
        series = growth.source.named("gpu_reasons")
        reasons = [each.values(readings)[within] for each in series]
        if not reasons:
            continue
        known = np.stack(reasons)
        bits = np.nan_to_num(known, nan=0.0).astype(np.int64) & THROTTLED
        slowed += int((bits != 0).any(axis=0).sum())
        of += int(np.isfinite(known).all(axis=0).sum())
    return slowed, of


def _within(growth: Growth, where: Sequence[Stretch]) -> Bools:
    """Return which readings lie within stretches of time, shape (readings,)."""
    at_s = growth.at_s
    found = np.zeros(len(at_s), np.bool_)
    for each in where:
        found |= (at_s >= each.start_s) & (at_s <= each.end_s)
    return found


def _between(growth: Growth, where: Sequence[Stretch], name: str, **labels: str) -> float:
    """Return by how much a counter grew within stretches of time."""
    return sum(
        growth.at(series, each.end_s) - growth.at(series, each.start_s)
        for series in growth.source.named(name, **labels)
        for each in where
    )


def _gpu(
    growth: Growth, uuid: str, name: str, within: Bools,
    where: Sequence[Stretch],
) -> Gpu:  # fmt: skip
    source = growth.source

    def values(of: str) -> Floats:
        series = source.named(of, gpu=uuid)
        found = series[0].values(source.readings)[within] if series else np.empty(0)
        return found[np.isfinite(found)]

    def mean(of: str) -> float:
        return float(values(of).mean()) if len(values(of)) else np.nan

    def most(of: str) -> float:
        return float(values(of).max()) if len(values(of)) else np.nan

    seconds = sum(each.end_s - each.start_s for each in where)
    covered = covered_s(growth, where)
    energy_j = _between(growth, where, "gpu_energy_j", gpu=uuid)
    if covered:  # a run that was killed has no reading at its end
        energy_j *= seconds / covered
    if not source.named("gpu_energy_j", gpu=uuid):
        energy_j = mean("gpu_power_w") * seconds
    total = most("gpu_memory_total_bytes")
    if np.isnan(total):
        total = most("gpu_memory_bytes") + most("gpu_memory_free_bytes")
    reasons = values("gpu_reasons").astype(np.int64)
    shares: dict[str, float] = {}
    if len(reasons):
        shares = {said: float(((reasons & bit) != 0).mean()) for bit, said in REASONS.items()}
    capped = _between(growth, where, "gpu_power_capped_s", gpu=uuid)
    if source.named("gpu_power_capped_s", gpu=uuid) and covered:
        shares[REASONS[0x4]] = min(1.0, capped / covered)
    sm = values("gpu_sm_mhz")
    return Gpu(
        uuid=uuid,
        name=name,
        readings=int(within.sum()),
        use=mean("gpu_use") / 100,
        use_most=most("gpu_use") / 100,
        memory_bytes=most("gpu_memory_bytes"),
        memory_total_bytes=total,
        power_w=mean("gpu_power_w"),
        energy_j=energy_j,
        sm_mhz=mean("gpu_sm_mhz"),
        sm_least_mhz=float(sm.min()) if len(sm) else np.nan,
        sm_most_mhz=most("gpu_sm_most_mhz"),
        temperature_c=most("gpu_temperature_c"),
        throttled={said: share for said, share in shares.items() if share > 0},
        knows_throttling=bool(shares),
        emulated=source.emulated,
    )
