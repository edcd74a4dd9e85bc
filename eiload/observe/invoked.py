"""SageMaker's own account of a target's answers, beside our measurement of the same minutes. Pure.

ModelLatency and OverheadLatency are what the service says that an answer took inside of it; what
our service time has beyond both is the network, TLS and the service's front end. All three are
means over the same whole minutes of the judged phases. The service counts everybody's invocations
of the variant, so others' are in its means: how many there were is told beside ours.

What is not known is NaN: no whole minute in a phase, or one that CloudWatch has not told of.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eiload.base.clock import NS_PER_S
from eiload.observe.cloudwatch import INVOCATIONS, KIND, MINUTE_S
from eiload.record.buckets import bucket_mid_ns
from eiload.record.facts import PhaseSpan
from eiload.record.intervals import Kind
from eiload.record.observed import Floats, Source
from eiload.record.run import Run

__all__ = ["Invoked", "invoked"]

NS_PER_US = 1_000.0


@dataclass(frozen=True, slots=True)
class Invoked:
    """One variant's account."""

    name: str
    """Where it is from."""
    minutes: int
    """Whole minutes of the phases that were told of."""
    of_minutes: int
    """Whole minutes of the phases."""
    invocations: float
    """By the service's count in the former; NaN if it did not tell."""
    sent: int
    """Ours that were due in them."""
    service_ns: float
    """Our mean service time of the good ones among these, within 0.05 %."""
    model_ns: float
    """Mean ModelLatency: in the container and on the way to it."""
    overhead_ns: float
    """Mean OverheadLatency: the rest within the service."""
    why: str
    """Why something is missing; empty if nothing is."""

    @property
    def outside_ns(self) -> float:
        """Return what is in neither: network, TLS, front end; NaN if that is not known."""
        return self.service_ns - self.model_ns - self.overhead_ns


def invoked(run: Run, target: int, spans: Sequence[PhaseSpan] | None = None) -> list[Invoked]:
    """Return the service's account of one target, a variant each; none if nobody asked for it.

    Args:
        run: the run.
        target: its index.
        spans: the phases; None means all that are not warm-up.
    """
    spans = run.measured() if spans is None else spans
    return [
        _of(run, target, source, spans) for source in run.sources(target) if source.kind == KIND
    ]


def _of(run: Run, target: int, source: Source, spans: Sequence[PhaseSpan]) -> Invoked:
    starts_s = np.array(source.at_ns, np.float64) / NS_PER_S
    inside = np.zeros(len(starts_s), bool)
    for span in spans:
        end_s = min(span.first_second + span.seconds, run.ended_ns / NS_PER_S)
        inside |= (starts_s >= span.first_second) & (starts_s + MINUTE_S <= end_s)
    counts = _values(source, "model_us", "count")
    told = inside & ~np.isnan(counts)
    sent, service_ns = _ours(run, target, spans, starts_s[told])
    why = source.why
    if not why and not inside.any():
        why = "no whole minute of the clock lies within a judged phase"
    return Invoked(
        source.name,
        int(told.sum()),
        int(inside.sum()),
        _sum(_values(source, INVOCATIONS, "sum"), told),
        sent,
        service_ns,
        _mean(source, "model_us", told),
        _mean(source, "overhead_us", told),
        why,
    )


def _values(source: Source, name: str, stat: str) -> Floats:
    for series in source.named(name, stat=stat):
        return series.values(source.readings)
    return np.full(source.readings, np.nan)


def _mean(
    source: Source, name: str, told: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
) -> float:
    count = _sum(_values(source, name, "count"), told)
    return _sum(_values(source, name, "sum"), told) / count * NS_PER_US if count > 0 else math.nan


def _sum(values: Floats, told: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> float:
    known = values[told]
    return float(np.nansum(known)) if (~np.isnan(known)).any() else math.nan


def _ours(run: Run, target: int, spans: Sequence[PhaseSpan], starts_s: Floats) -> tuple[int, float]:
    """Return how many of ours were due in some minutes, and the mean service time of the good."""
    sent, good, total_ns = 0, 0, 0.0
    for span in spans:
        if not span.seconds:
            continue
        sample = run.sample(target, [span], Kind.SERVICE)
        mine = np.zeros(span.seconds, bool)
        for start in starts_s:
            first = round(start) - span.first_second
            mine[max(0, first) : max(0, first + MINUTE_S)] = True
        of = mine[sample.second]
        good += int(sample.count[of].sum())
        total_ns += float((bucket_mid_ns(sample.bucket[of]) * sample.count[of]).sum())
        sent += int(sample.count[of].sum() + sample.bad[mine].sum())
    return sent, total_ns / good if good else math.nan
