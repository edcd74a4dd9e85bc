"""Nothing is lost in silence: what was due, held against what was recorded.

Pure. Every scheduled request ends as exactly one status. What a worker or sender took with it when
it died is found here, as the difference between the schedule, which everybody can compute, and the
records that arrived; it is entered as LOST in the second it was due.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from eiload.base.clock import NS_PER_S
from eiload.base.status import Status
from eiload.record.intervals import NO_CLASS, Intervals, Kind
from eiload.record.recorder import Recorder
from eiload.sending.arrays import RESULT_DTYPE

__all__ = ["reconcile"]


def reconcile(
    intervals: Intervals, dues: Sequence[Mapping[tuple[int, int], int]], *, mixed: bool = False
) -> tuple[Intervals, int, int]:
    """Return the records completed to what was due.

    Args:
        intervals: what was recorded, by class where there are classes.
        dues: of each target the requests that fell due, by (phase, second), from
            `schedule.Schedule.dues`.
        mixed: there are classes; of which one a request was that is missing, went with it.

    Returns:
        the intervals with what is missing added as LOST; how many are missing; and how many are
        recorded that were not due, which is 0 unless something is broken.
    """
    missing: list[tuple[int, int, int, int]] = []
    surplus = 0
    phases = {phase for due in dues for phase, _ in due}
    whole = intervals.folded()
    for target, due in enumerate(dues):
        for phase in phases:
            seconds, _, counts = whole.slab(target, phase, Kind.STATUS)
            recorded: dict[int, int] = {}
            for second, count in zip(seconds.tolist(), counts.tolist(), strict=True):
                recorded[second] = recorded.get(second, 0) + count
            expected = {second: n for (of, second), n in due.items() if of == phase}
            for second in expected.keys() | recorded.keys():
                gap = expected.get(second, 0) - recorded.get(second, 0)
                if gap > 0:
                    missing.append((target, phase, second, gap))
                surplus += max(0, -gap)
    if not missing:
        return intervals, 0, surplus
    lost = np.zeros(sum(gap for *_, gap in missing), RESULT_DTYPE)
    lost["status"] = Status.LOST
    gaps = [gap for *_, gap in missing]
    lost["target"] = np.repeat([target for target, *_ in missing], gaps)
    lost["phase"] = np.repeat([phase for _, phase, *_ in missing], gaps)
    lost["intended_ns"] = np.repeat([second * NS_PER_S for *_, second, _ in missing], gaps)
    recorder = Recorder(0)
    recorder.record(lost)
    found = recorder.take()
    if mixed:
        found = found.in_class(NO_CLASS)
    return Intervals.merge([intervals, found]), len(lost), surplus
