"""What `eiload plan` says: a scenario's traffic before any of it is sent.

Pure: a `Plan` in, sections out. What is not known before a run (how many requests a closed loop
makes) is ``-``.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from eiload.base import wording
from eiload.base.clock import NS_PER_S
from eiload.judging.likely import Chance
from eiload.report import curve, in_flight, words
from eiload.report.in_flight import Load, short
from eiload.report.section import Column, Foreign, Line, Row, Section, Tone
from eiload.scenario import Scenario
from eiload.scenario.arrivals import ClosedPhase
from eiload.scenario.census import WINDOWS_S, PhaseCensus
from eiload.scenario.users import most

__all__ = ["Decision", "Load", "Plan", "sections"]


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether an objective, or the comparison, can be decided."""

    what: str
    where: str
    has: str
    needs: str
    times: float
    """How many times as many requests as it needs; NaN where it is no matter of requests."""
    why_not: str
    """Why it cannot; empty when it may."""
    chance: Chance | None = None
    """How likely it is decided, if it is like another run; None if nobody knows."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A scenario's traffic, counted."""

    scenario: Scenario
    phases: tuple[PhaseCensus, ...]
    loads: tuple[Load, ...]
    decisions: tuple[Decision, ...]
    like: str = ""
    """The run file that service times and dependence are from; empty if none."""
    against: str = ""
    """The run file that is compared with; empty if none."""
    differences: tuple[str, ...] = ()
    unequal: str = ""
    """Why what it decides is less sure than it says; empty where it is not."""


def sections(plan: Plan, *, width: int, unicode: bool) -> Iterable[Section]:
    """Yield the parts of the report."""
    yield _drawn(plan, max(20, width - 12), unicode=unicode)
    yield _phases(plan)
    yield _targets(plan)
    yield in_flight.section(plan.scenario, plan.phases, plan.loads, plan.like)
    if plan.decisions:
        yield _decisions(plan)
    if plan.against:
        yield _against(plan)


def _drawn(plan: Plan, width: int, *, unicode: bool) -> Section:
    per_second = [each.per_second.astype(np.float64) for each in plan.phases]
    rates = _steps(per_second, plan.scenario)
    if not rates.any():
        return Section("rate", "", lines=(("nothing is due by the clock: closed loops only",),))
    drawing = curve.curve(rates, width, unicode=unicode)
    highest = float(curve.columns(rates, width).max())
    labels = [wording.rate(highest), *[""] * (len(drawing) - 2), "0/s"]
    lines: list[Line] = [
        (f"{label:>8}  {row}",) for label, row in zip(labels, drawing, strict=True)
    ]
    names = [(words.safe(each.name, 40), each.duration_ns) for each in plan.scenario.traffic]
    lines.append((f"{'':>8}  ", Foreign(curve.ruler(names, width))))
    ends = wording.length(plan.scenario.duration_ns / NS_PER_S)
    lines.append((f"{'':>8}  0{ends:>{width - 1}}",))
    return Section(
        "rate at each target", "requests per second over the whole run", lines=tuple(lines)
    )


def _steps(per_second: Sequence[NDArray[np.float64]], scenario: Scenario) -> NDArray[np.float64]:
    """Return the phases' counts one after the other, the last second of each as a rate."""
    parts = []
    for counts, phase in zip(per_second, scenario.traffic, strict=True):
        rates = counts.copy()
        rest_ns = phase.duration_ns - (len(rates) - 1) * NS_PER_S
        rates[-1] *= NS_PER_S / rest_ns
        parts.append(rates)
    return np.concatenate(parts)


def _phases(plan: Plan) -> Section:
    columns = (
        Column("phase", right=False, wrap=True),
        Column("from"),
        Column("for"),
        Column("requests"),
        Column("rate"),
        Column("fullest\nsecond"),
        Column("CV of\ngaps"),
        *(Column(f"dispersion\nat {window} s") for window in WINDOWS_S),
    )
    rows, start_ns = [], 0
    for phase, counted in zip(plan.scenario.traffic, plan.phases, strict=True):
        seconds = phase.duration_ns / NS_PER_S
        name = Foreign(phase.name)
        head = (name, _clock(start_ns), _clock(phase.duration_ns))
        if isinstance(phase, ClosedPhase):
            known = (f"of {wording.count(most(phase.users), 'user')}", *[words.NOT_KNOWN] * 6)
        else:
            at, fullest = counted.peak
            known = (
                wording.count(counted.requests),
                wording.rate(counted.requests / seconds),
                f"{fullest:,} at {_clock(start_ns + at * NS_PER_S)}"
                if fullest
                else words.NOT_KNOWN,
                _plain(counted.cv),
                *(_plain(counted.dispersion(window)) for window in WINDOWS_S),
            )
        start_ns += phase.duration_ns
        rows.append(Row((*head, *known), minor=phase.warm_up))
    note = (
        "CV: standard deviation of the gaps over their mean, dispersion: variance of the counts"
        " over their mean; both are 1 for Poisson arrivals at one rate"
    )
    return Section("phases", note, columns, tuple(rows))


def _targets(plan: Plan) -> Section:
    payload = plan.scenario.payload
    arrivals = sum(each.requests for each in plan.phases)
    fullest = max((each.peak[1] for each in plan.phases), default=0)
    sent = np.sum([each.sent for each in plan.phases], axis=0)
    columns = (
        Column("target", right=False, wrap=True),
        Column("requests"),
        Column("bytes of a\nrequest"),
        Column("bytes\nin all"),
        Column("in the fullest\nsecond"),
    )
    rows = []
    for load, of_class in zip(plan.loads, sent, strict=True):
        requests = int(of_class.sum())
        means = [sum(each) / len(each) for each in load.sizes_bytes]
        whole = sum(
            count * mean for count, mean in zip(of_class.tolist(), means, strict=False)
        ) / max(1, requests)
        # Nobody has counted the seconds of a target that a trace chooses.
        known = means and requests == arrivals
        per_s = f"{short(whole * fullest)}/s" if known else words.NOT_KNOWN
        every = [size for each in load.sizes_bytes for size in each]
        rows.append(_target(Foreign(load.target), requests, every, whole, per_s))
        for name, count, each in zip(
            payload.classes, of_class.tolist(), load.sizes_bytes, strict=False
        ):
            mean = sum(each) / len(each)
            made = _target(Foreign(f"- {name}"), count, each, mean, words.NOT_KNOWN)
            rows.append(replace(made, minor=True))
    return Section("targets", "", columns, tuple(rows))


def _target(
    name: Foreign, requests: int, sizes_bytes: Sequence[int], mean_bytes: float, per_s: str
) -> Row:
    """Return a row of a target, or of one class of its requests."""
    known = bool(sizes_bytes)
    low, high = min(sizes_bytes, default=0), max(sizes_bytes, default=0)
    size = f"{low:,}" if low == high else f"{low:,} to {high:,}"
    whole = short(mean_bytes * requests) if known else words.NOT_KNOWN
    return Row((name, wording.count(requests), size if known else words.NOT_KNOWN, whole, per_s))


def _decisions(plan: Plan) -> Section:
    columns = (
        Column("objective", right=False, wrap=True),
        Column("of", right=False, wrap=True),
        Column("has", wrap=True),
        Column("needs\nat least", wrap=True),
        Column("times"),
        *((Column("decided\nin"), Column("for 80 %", wrap=True)) if plan.like else ()),
        Column("", right=False, wrap=True),
    )
    rows = []
    for each in plan.decisions:
        word = Tone("cannot", good=None) if each.why_not else Tone("may be decided", good=True)
        times = words.NOT_KNOWN if math.isnan(each.times) else words.three_digits(each.times)
        chance = _chance(each) if plan.like else ()
        head = (Foreign(each.what), Foreign(each.where), each.has, each.needs, times)
        rows.append(Row((*head, *chance, word)))
    how = (
        f"with requests as dependent as in {plan.like}"
        if plan.like
        else "if requests did not depend on each other; a busy server takes several times that"
    )
    note = f"the least on which a clean run passes, {how}"
    if plan.like:
        note += (
            f"; decided in: of 100 runs made of stretches of {plan.like}, how many get a word that"
            " is not undecided or inconclusive, and how long a run takes for 80 of them"
        )
    whys = [(f"{each.what}: {each.why_not}",) for each in plan.decisions if each.why_not]
    whys += [(plan.unequal,)] if plan.unequal else []
    return Section("what it can decide", note, columns, tuple(rows), tuple(whys))


def _chance(decision: Decision) -> tuple[str, str]:
    """Return how likely it is decided, and what length would."""
    chance = decision.chance
    if chance is None:
        return words.NOT_KNOWN, words.NOT_KNOWN
    longer = "no length tried" if chance.longer_s is None else wording.span(chance.longer_s)
    return f"{chance.decided:.0%} ({chance.good:.0%} well)", longer


def _against(plan: Plan) -> Section:
    said = plan.differences or ("the same requests at the same instants",)
    return Section("against another run", plan.against, lines=tuple((each,) for each in said))


def _clock(duration_ns: int) -> str:
    """Return an instant of a run: ``1:05``, ``2:00:00``."""
    minutes, seconds = divmod(round(duration_ns / NS_PER_S), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _plain(value: float) -> str:
    return words.NOT_KNOWN if math.isnan(value) else words.three_digits(value)
