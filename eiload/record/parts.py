"""The parts of response times over time: lag, blocked, upload, wait, download, step by step.

What it knows: in which steps parts are counted (`recorder.PART_STEPS`). What it must not know: how
they are shown. Means, because they add up to the response time's; within 0.8 %.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eiload.record.buckets import bucket_mid_ns
from eiload.record.facts import PhaseSpan
from eiload.record.intervals import Kind
from eiload.record.recorder import PART_STEPS
from eiload.record.run import Run
from eiload.record.split import NAMES

__all__ = ["PartStep", "over_time"]


@dataclass(frozen=True, slots=True)
class PartStep:
    """The parts in some seconds of one phase."""

    span: PhaseSpan
    first_second: int
    seconds: int
    answers: int
    """Of which the parts are known: requests that ended OK, due in these seconds."""
    mean_ns: Mapping[Kind, float]
    """By each of `split.NAMES`; the lag is that of all requests that were sent."""


def over_time(run: Run, target: int, spans: Sequence[PhaseSpan]) -> Iterator[PartStep]:
    """Yield the steps of some phases, those without a known part left out."""
    width = run.step_s * PART_STEPS
    for span in spans:
        if not span.seconds:
            continue
        end = span.first_second + span.seconds
        first = span.first_second // width
        columns = -(-end // width) - first
        sums: dict[Kind, np.ndarray] = {}
        counts: dict[Kind, np.ndarray] = {}
        for kind in NAMES:
            second, bucket, count = run.intervals.slab(target, span.index, kind)
            at = np.clip(second // width - first, 0, columns - 1)
            sums[kind] = np.bincount(at, bucket_mid_ns(bucket) * count, columns)
            counts[kind] = np.bincount(at, count, columns)
        for column in np.flatnonzero(counts[Kind.WAIT]).tolist():
            start = max((first + column) * width, span.first_second)
            answers = int(counts[Kind.WAIT][column])
            # Who did not have to wait to be sent was blocked for no time.
            of = dict.fromkeys(NAMES, answers) | {Kind.LAG: int(counts[Kind.LAG][column])}
            mean_ns = {kind: float(sums[kind][column]) / max(of[kind], 1) for kind in NAMES}
            length = min((first + column + 1) * width, end) - start
            yield PartStep(span, start, length, answers, mean_ns)
