"""intervals: what a key says, and the parts of service times in it."""

import numpy as np

from eiload.base.clock import NS_PER_S
from eiload.base.status import Status
from eiload.record.buckets import bucket_mid_ns
from eiload.record.intervals import PARTS, Intervals, Kind, base_of
from eiload.record.recorder import Recorder
from eiload.sending.arrays import RESULT_DTYPE
from eiload.sending.result import RESENT, RESULT, WAITED_STREAM, Result


def recorded(results: list[Result], step_s: int = 1) -> Intervals:
    """Return the record of results that came in one batch."""
    recorder = Recorder(0, step_s)
    packed = b"".join(RESULT.pack(*result) for result in results)
    recorder.record(np.frombuffer(packed, RESULT_DTYPE))
    return recorder.take()


def test_a_service_time_is_the_sum_of_its_parts() -> None:
    """Exactly; and where a client cannot tell, or the request failed, there are none."""
    told = Result(0, 10, 20, 2000, 1, 0, 0, 0, 0, Status.OK, WAITED_STREAM, 900, 1500, 300)
    at_once = told._replace(flags=0, waited_ns=0)
    early = at_once._replace(first_byte_ns=700)  # its headers came before the request was whole
    failed = told._replace(status=Status.UNAVAILABLE, flags=WAITED_STREAM | RESENT)
    untold = at_once._replace(written_ns=0, first_byte_ns=0)
    intervals = recorded([told, at_once, early, failed, untold])
    sums = {kind: intervals.moments(0, 0, kind) for kind in PARTS}
    assert sums == {
        Kind.BLOCKED: (300, 300, 300),
        Kind.UPLOAD: (580 + 880 + 880, 580, 880),
        Kind.WAIT: (600 + 600 + 0, 0, 600),
        Kind.DOWNLOAD: (500 + 500 + 1100, 500, 1100),
    }
    assert sum(found[0] for found in sums.values() if found) == 3 * told.service_ns
    assert intervals.wire(0, 0) == {WAITED_STREAM: 2, RESENT: 1}
    assert intervals.wire(1, 0) == {}


def test_parts_are_kept_in_long_steps_and_wide_buckets() -> None:
    """Ten steps each; within 0.8 %."""
    results = [
        Result(i, i * NS_PER_S, i * NS_PER_S + 1, i * NS_PER_S + 10**9, 1, 0, 0, 0, 0, Status.OK,
               0, i * NS_PER_S + 10**6 + i * 10**3, i * NS_PER_S + 10**8)
        for i in range(40)
    ]  # fmt: skip
    seconds, buckets, counts = recorded(results, 2).slab(0, 0, Kind.UPLOAD)
    assert sorted(set(seconds.tolist())) == [0, 20]
    assert counts.sum() == 40
    values = np.repeat(bucket_mid_ns(buckets), counts)
    exact = np.array([10**6 + i * 10**3 - 1 for i in range(40)])
    assert float(np.max(abs(np.sort(values) - exact) / exact)) <= 0.008


def test_keys_of_older_files_mean_what_they_did() -> None:
    """Kinds that came later have a bit of their own above all that were."""
    dropped = Result(0, 7 * NS_PER_S, 0, 0, 0, 0, 3, 0, 2, Status.DROPPED)
    assert recorded([dropped]).keys.tolist() == [
        3 << 52 | 2 << 44 | 3 << 42 | 7 << 17 | Status.DROPPED
    ]
    assert [base_of(kind) for kind in (Kind.RESPONSE, Kind.SERVICE, Kind.LAG)] == [
        0, 1 << 42, 2 << 42,
    ]  # fmt: skip
    assert base_of(Kind.UPLOAD) == 1 << 60 | 1 << 42
