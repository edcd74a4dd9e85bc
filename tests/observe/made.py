"""Sources that were never read: made of known numbers, for tests of whatever takes a run."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import accumulate

from eiload.base.clock import NS_PER_S
from eiload.record.observed import Labels, Series, Source
from eiload.record.run import Run

LATENCY_US = tuple(10 * 1.8**index for index in range(33))
"""TensorFlow Serving's buckets (servables/tensorflow/util.cc)."""

Values = Sequence[float | None]


def series(of: str, /, values: Values, **labels: str) -> Series:
    """Return one number by reading."""
    changes: list[tuple[int, float | None]] = []
    for number, value in enumerate(values):
        if (changes[-1][1] if changes else None) != value:
            changes.append((number, value))
    return Series(of, tuple(sorted(labels.items())), tuple(changes))


def source(
    *of: Series, at_s: Sequence[float], kind: str = "tfs", name: str = "http://h:8501/m"
) -> Source:
    """Return a source read at some instants, s from the start of the load."""
    return Source(
        kind=kind,
        name=name,
        every_ns=NS_PER_S,
        at_ns=tuple(round(each * NS_PER_S) for each in at_s),
        series=of,
        changed=max(0, len(at_s) - 1),
    )


def latencies(name: str, /, values_us: Sequence[Sequence[float]], **labels: str) -> list[Series]:
    """Return a histogram of TensorFlow Serving's: what came up to each reading, us.

    `le` is written with six digits, as there.
    """
    found = []
    came = [sorted(new) for new in values_us]
    for le in [*(f"{limit:g}" for limit in LATENCY_US), "+Inf"]:
        below = accumulate(bisect_left(new, float(le)) for new in came)
        found.append(series(f"{name}_bucket", [*map(float, below)], le=le, **labels))
    sums = accumulate(values_us, lambda total, new: sum(new, total), initial=0.0)
    found.append(series(f"{name}_sum", [*sums][1:], **labels))
    counts = accumulate(len(new) for new in values_us)
    found.append(series(f"{name}_count", [*map(float, counts)], **labels))
    return found


def with_sources(run: Run, sources: Mapping[str, Sequence[Source]]) -> Run:
    """Return a run of whose targets this was read."""
    return replace(run, observed=tuple(tuple(sources.get(facts.name, ())) for facts in run.targets))


LABELS: Labels = (("gpu", "GPU-1"), ("name", "T4"))
