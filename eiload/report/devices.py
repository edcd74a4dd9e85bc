"""What a report for people says of GPUs and hosts: use, power, energy, clocks, in words. Pure."""

import math
from collections.abc import Iterable, Sequence

from eiload.base import wording
from eiload.base.status import Status
from eiload.observe.device import Gpu, Host, gpus_of, hosts_of
from eiload.record.run import Run
from eiload.report import words
from eiload.report.section import Cell, Column, Foreign, Line, Row, Section
from eiload.report.times import TARGET, labelled

__all__ = ["J_PER_WH", "energy_j", "in_words", "memory", "section"]

J_PER_WH = 3600.0
MILLION = 1_000_000

TITLE = "GPUs and hosts"
NOTE = (
    "use: share of the time in which a kernel ran (100 % is not full); energy: of the phases that"
    " count, by the device's own counter where it has one"
)


def section(run: Run) -> Section:
    """Return the section; empty where nothing was read of any."""
    rows: list[Row] = []
    lines: list[Line] = []
    for index, facts in enumerate(run.targets):
        name = labelled(run, facts.name)
        found = gpus_of(run, index)
        good = _good(run, index, found)
        rows += [_row(name, gpu, good) for gpu in found]
        lines += [
            (name, ": ", Foreign(gpu.name), f" {said}") for gpu in found for said in _said(gpu)
        ]
        lines += [(name, f": {_host(host)}") for host in hosts_of(run, index)]
    columns = (
        TARGET,
        Column("GPU", right=False, wrap=True),
        Column("use"),
        Column("memory"),
        Column("power\nW"),
        Column("energy\nJ"),
        Column("J per\ngood"),
        Column("Wh per\nmillion"),
        Column("SM clock\nMHz"),
    )
    return Section(TITLE, NOTE if rows else "", columns, tuple(rows), tuple(lines))


def energy_j(run: Run, target: int) -> float | None:
    """Return what a good inference of a target took, J, by its GPUs; None where nobody knows.

    Targets that share a GPU share its energy: it is over the good answers of all of them.
    """
    found = gpus_of(run, target)
    good = _good(run, target, found)
    total = sum(gpu.energy_j for gpu in found)
    return total / good if found and good and math.isfinite(total) else None


def _good(run: Run, target: int, of: Sequence[Gpu]) -> int:
    """Return the good answers of all targets that have one of the GPUs."""
    mine = {gpu.uuid for gpu in of}
    emulated = any(gpu.emulated for gpu in of)  # each stand-in has one of its own
    return sum(
        run.statuses(other).get(Status.OK, 0)
        for other in range(len(run.targets))
        if other == target or (not emulated and mine & {gpu.uuid for gpu in gpus_of(run, other)})
    )


def _row(name: Foreign, gpu: Gpu, good: int) -> Row:
    each_j = gpu.energy_j / good if good else math.nan
    cells: tuple[Cell, ...] = (
        name,
        Foreign(gpu.name),
        wording.share(gpu.use),
        memory(gpu),
        _number(gpu.power_w),
        _number(gpu.energy_j),
        _number(each_j),
        _number(each_j * MILLION / J_PER_WH),
        _number(gpu.sm_mhz),
    )
    return Row(cells)


def _number(value: float) -> str:
    return words.three_digits(value) if math.isfinite(value) else words.NOT_KNOWN


def memory(gpu: Gpu) -> str:
    """Return how much of its memory is used at most, of how much."""
    part, whole = gpu.memory_bytes, gpu.memory_total_bytes
    if not math.isfinite(part):
        return words.NOT_KNOWN
    used = f"{words.three_digits(part / 2**30)} GiB"
    return f"{used} of {words.three_digits(whole / 2**30)}" if math.isfinite(whole) else used


def in_words(gpu: Gpu, of_what: str = "of the phases") -> str:
    """Return whether a GPU was throttled, and why; empty where nobody says."""
    if not gpu.knows_throttling:
        return ""
    if not gpu.throttled:
        return "was not throttled"
    ranked = sorted(gpu.throttled.items(), key=lambda each: -each[1])
    parts = [f"{why} in {wording.share(share)}" for why, share in ranked]
    return f"was {', '.join(parts)} {of_what}"


def _said(gpu: Gpu) -> Iterable[str]:
    if said := in_words(gpu):
        yield said
    if math.isfinite(gpu.sm_least_mhz) and gpu.sm_least_mhz < gpu.sm_most_mhz:
        low, most = _number(gpu.sm_least_mhz), _number(gpu.sm_most_mhz)
        yield f"clocks fell to {low} MHz of {most}"
    if math.isfinite(gpu.temperature_c):
        yield f"was at most {gpu.temperature_c:.0f} C warm"


def _host(host: Host) -> str:
    return (
        f"CPU of {words.safe(host.name, 60)}: {wording.share(host.use)} in use,"
        f" {wording.share(host.steal)} taken by the hypervisor"
    )
