"""recorder: nothing is lost or invented, whoever counted what, in which order."""

import contextlib
import math
import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eiload.base.clock import NS_PER_MS, NS_PER_S
from eiload.base.status import Status
from eiload.record.buckets import BUCKETS, bucket_mid_ns
from eiload.record.intervals import Intervals, Kind, parts_of
from eiload.record.recorder import Recorder, step_s_for
from eiload.sending.arrays import RESULT_DTYPE
from eiload.sending.result import FLAGS, RESENT, RESULT, Result

RESULTS = st.lists(
    st.builds(
        Result,
        seq=st.integers(0, 2**40),
        intended_ns=st.integers(0, 40 * NS_PER_S),
        sent_ns=st.integers(0, 41 * NS_PER_S),
        done_ns=st.integers(0, 60 * NS_PER_S),
        response_bytes=st.integers(0, 2**32 - 1),
        payload=st.integers(0, 9),
        target=st.integers(0, 3),
        detail=st.integers(0, 5),
        phase=st.integers(0, 3),
        status=st.sampled_from(Status),
        flags=st.sampled_from([0, *FLAGS, sum(FLAGS)]),
        written_ns=st.integers(0, 50 * NS_PER_S),
        first_byte_ns=st.integers(0, 60 * NS_PER_S),
        waited_ns=st.just(0) | st.integers(0, 5 * NS_PER_S),
    ),
    max_size=60,
)
"""Any results, sensible or not."""

DURATIONS = st.lists(st.integers(0, 3_000 * NS_PER_MS), min_size=1, max_size=300)


def batch(results: list[Result]) -> np.ndarray:
    """Return results as they come off the wire."""
    return np.frombuffer(b"".join(RESULT.pack(*result) for result in results), RESULT_DTYPE)


def recorded(results: list[Result], step_s: int = 1) -> Intervals:
    """Return the record of results that came in one batch."""
    recorder = Recorder(0, step_s)
    recorder.record(batch(results))
    return recorder.take()


def answered(durations_ns: list[int]) -> list[Result]:
    """Return OK results of these response times, one due every 10 ms."""
    return [
        Result(i, i * 10**7, i * 10**7 + 1, i * 10**7 + took, 9, 0, 0, 0, 0, Status.OK)
        for i, took in enumerate(durations_ns)
    ]


@given(RESULTS, st.data())
def test_merge_of_parts_is_the_record_of_the_whole(
    results: list[Result], data: st.DataObject
) -> None:
    """However results are dealt to workers and batches, the merge is the record of all."""
    parts = 1 + data.draw(st.integers(0, 4))
    owner = data.draw(st.lists(st.integers(0, parts - 1), min_size=len(results)))
    dealt = [
        recorded([result for result, worker in zip(results, owner, strict=False) if worker == part])
        for part in range(parts)
    ]
    assert Intervals.merge(dealt) == recorded(results)
    assert Intervals.merge(reversed(dealt)) == recorded(results)


@settings(max_examples=50)
@given(RESULTS, RESULTS, RESULTS)
def test_merge_is_associative_and_empty_is_neutral(
    a: list[Result], b: list[Result], c: list[Result]
) -> None:
    """It does not matter in which order reports arrive."""
    one, two, three = recorded(a), recorded(b), recorded(c)
    left = Intervals.merge([Intervals.merge([one, two]), three])
    assert left == Intervals.merge([one, Intervals.merge([two, three])])
    assert Intervals.merge([one, Intervals.empty()]) == one
    assert Intervals.merge([]) == Intervals.empty()


@given(RESULTS)
def test_every_result_is_counted_once(results: list[Result]) -> None:
    """The statuses of all targets and phases add up to the number of results."""
    intervals = recorded(results)
    assert intervals.total() == len(results)
    by_status = [
        count
        for target in range(4)
        for phase in range(4)
        for count in intervals.statuses(target, phase).values()
    ]
    assert sum(by_status) == len(results)


@given(RESULTS)
def test_bytes_read_back_as_they_were(results: list[Result]) -> None:
    """What travels to the master and into the run file is the record itself."""
    intervals = recorded(results)
    assert Intervals.from_bytes(intervals.to_bytes()) == intervals


@given(RESULTS, st.data())
def test_damaged_bytes_are_refused_or_still_a_record(
    results: list[Result], data: st.DataObject
) -> None:
    """A cut or changed record raises ValueError and nothing else."""
    good = recorded(results).to_bytes()
    at = data.draw(st.integers(0, len(good) - 1))
    flipped = good[:at] + bytes([good[at] ^ 1 << data.draw(st.integers(0, 7))]) + good[at + 1 :]
    for damaged in (good[:at], flipped, b"", b"\x00" * at):
        with contextlib.suppress(ValueError):
            assert Intervals.from_bytes(damaged).total() >= 0


@given(DURATIONS, st.sampled_from([0.5, 0.9, 0.99, 0.999]))
def test_quantile_is_within_a_thousandth_of_the_sorted_list(
    durations_ns: list[int], q: float
) -> None:
    """The value of rank ceil(q n) comes back to 0.1 %, from merged parts as well."""
    results = answered(durations_ns)
    middle = len(results) // 2
    intervals = Intervals.merge([recorded(results[:middle]), recorded(results[middle:])])
    _, buckets, counts = intervals.slab(0, 0, Kind.RESPONSE)
    order = np.argsort(buckets, kind="stable")
    rank = math.ceil(q * len(results) - 1e-9)
    index = int(np.searchsorted(np.cumsum(counts[order]), rank))
    found = float(bucket_mid_ns(buckets[order][index : index + 1])[0])
    exact = sorted(durations_ns)[rank - 1]
    assert abs(found - exact) <= 0.001 * exact + 1


@given(DURATIONS)
def test_count_sum_minimum_and_maximum_are_exact(durations_ns: list[int]) -> None:
    """Moments are kept beside the buckets, in whole ns."""
    intervals = recorded(answered(durations_ns))
    assert intervals.moments(0, 0, Kind.RESPONSE) == (
        sum(durations_ns),
        min(durations_ns),
        max(durations_ns),
    )
    assert intervals.moments(1, 0, Kind.RESPONSE) is None


def test_a_second_is_that_of_the_intended_instant() -> None:
    """A request that was sent and answered late still belongs to the second it was due in."""
    late = Result(1, 3 * NS_PER_S - 1, 5 * NS_PER_S, 9 * NS_PER_S, 1, 0, 0, 0, 0, Status.OK)
    seconds, _, counts = recorded([late]).slab(0, 0, Kind.RESPONSE)
    assert (list(seconds), list(counts)) == ([2], [1])


def test_only_answers_have_times_and_only_sent_requests_have_lag() -> None:
    """A failed request has a status and a lag, a dropped one a status only."""
    results = [
        Result(1, 10, 20, 30, 1, 0, 0, 0, 0, Status.OK),
        Result(2, 10, 20, 30, 0, 0, 0, 0, 0, Status.UNAVAILABLE),
        Result(3, 10, 0, 0, 0, 0, 0, 0, 0, Status.DROPPED),
    ]
    intervals = recorded(results)
    counts = {kind: int(intervals.slab(0, 0, kind)[2].sum()) for kind in Kind}
    known = {Kind.RESPONSE: 1, Kind.SERVICE: 1, Kind.LAG: 2, Kind.STATUS: 3}
    assert counts == {**dict.fromkeys(Kind, 0), **known}
    assert intervals.statuses(0, 0) == {
        Status.OK: 1,
        Status.UNAVAILABLE: 1,
        Status.DROPPED: 1,
    }


@settings(max_examples=60)
@given(RESULTS, st.integers(2, 50))
def test_steps_change_when_times_are_counted_and_nothing_else(
    results: list[Result], step_s: int
) -> None:
    """Long runs keep times in steps; totals, times and statuses by the second stay the same."""
    fine, coarse = recorded(results), recorded(results, step_s)
    for target in range(4):
        for phase in range(4):
            for mine, theirs in zip(
                fine.slab(target, phase, Kind.STATUS),
                coarse.slab(target, phase, Kind.STATUS),
                strict=True,
            ):
                assert np.array_equal(mine, theirs)
            for kind in (Kind.RESPONSE, Kind.SERVICE, Kind.LAG):
                assert fine.moments(target, phase, kind) == coarse.moments(target, phase, kind)
                seconds, buckets, counts = coarse.slab(target, phase, kind)
                assert not (seconds % step_s).any()
                _, fine_buckets, fine_counts = fine.slab(target, phase, kind)
                assert np.array_equal(
                    np.bincount(buckets, counts, BUCKETS),
                    np.bincount(fine_buckets, fine_counts, BUCKETS),
                )


@pytest.mark.parametrize(("duration_s", "step_s"), [(60, 1), (1439, 1), (3600, 5), (86_400, 120)])
def test_steps_are_seconds_up_to_24_minutes(duration_s: int, step_s: int) -> None:
    """A block of 20 always holds 36 steps or more."""
    assert step_s_for(duration_s * NS_PER_S) == step_s


@settings(max_examples=20)
@given(st.lists(RESULTS, max_size=6))
def test_take_hands_over_everything_and_starts_anew(batches: list[list[Result]]) -> None:
    """What was taken is not counted again, and nothing between two takes is lost."""
    recorder = Recorder(0)
    taken = []
    for results in batches:
        recorder.record(batch(results))
        taken.append(recorder.take())
    assert Intervals.merge(taken) == recorded([each for results in batches for each in results])
    assert recorder.take() == Intervals.empty()


def test_many_small_batches_stay_small() -> None:
    """What waits between two takes does not grow with the number of batches."""
    recorder = Recorder(0)
    for _ in range(300):
        recorder.record(batch(answered([10**6])))
    assert "300 requests" in repr(recorder)
    assert len(recorder._parts) < 64


def test_repr_says_how_much_over_which_seconds() -> None:
    """An interval in a log or a debugger tells what it is."""
    results = answered([NS_PER_MS] * 250)
    assert repr(recorded(results)) == "<Intervals 250 requests, seconds 0..2>"
    assert repr(Intervals.empty()) == "<Intervals 0 requests, no seconds>"


def a_bomb(keys: int, moments: int, size: int) -> bytes:
    """Return small data that says it holds so much, and inflates to so many bytes of zeros."""
    deflate = zlib.compressobj(9)
    head = np.array([keys, moments], "<u4").tobytes()
    body = (deflate.compress(bytes(1 << 20)) for _ in range(size >> 20))
    return deflate.compress(head) + b"".join(body) + deflate.flush()


@pytest.mark.parametrize("said", [(0, 0), (1, 0), (1 << 22, 1 << 21), (2**32 - 1, 2**32 - 1)])
def test_what_inflates_takes_no_more_memory_than_there_may_be(said: tuple[int, int]) -> None:
    """A bomb is refused before it is inflated, whatever it says of its size."""
    bomb = a_bomb(*said, size=1 << 26)
    assert len(bomb) < 1 << 20
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="not interval data"):
            Intervals.from_bytes(bomb, 1 << 24)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1 << 25


@given(
    st.lists(st.integers(-(2**63), 2**63 - 1), max_size=8),
    st.lists(st.integers(-(2**63), 2**63 - 1), max_size=12),
)
def test_numbers_that_no_recorder_makes_are_refused(counts: list[int], moments: list[int]) -> None:
    """Negative, overflowing and unordered numbers are refused; what is read is sound."""
    counts, moments = counts[: len(counts) // 2 * 2], moments[: len(moments) // 4 * 4]
    sizes = np.array([len(counts) // 2, len(moments) // 4], "<u4").tobytes()
    data = zlib.compress(sizes + np.array([*counts, *moments], "<i8").tobytes())
    with contextlib.suppress(ValueError):
        read = Intervals.from_bytes(data)
        assert (read.counts > 0).all()
        assert (np.diff(read.keys) > 0).all()
        assert (read.mins >= 0).all()
        assert (read.maxs >= read.mins).all()
        assert Intervals.from_bytes(read.to_bytes()) == read


def test_the_parts_of_a_key() -> None:
    """A key says of which target, phase, kind and second it counts what."""
    keys = recorded([Result(0, 7 * NS_PER_S, 0, 0, 0, 0, 3, 0, 2, Status.DROPPED)]).keys
    parts = [part.tolist() for part in parts_of(keys)]
    assert parts == [[3], [2], [Kind.STATUS], [7], [Status.DROPPED]]
    resent = Result(0, 0, 0, 0, 0, 0, 3, 0, 2, Status.UNAVAILABLE, RESENT)
    parts = [part.tolist()[-1] for part in parts_of(recorded([resent]).keys)]
    assert parts == [3, 2, Kind.WIRE, 0, RESENT]


@given(RESULTS)
def test_classes_part_the_record(results: list[Result]) -> None:
    """All classes together are the record without any, and each is that of its payloads."""
    classes = np.array([payload % 3 for payload in range(10)], np.uint8)
    recorder = Recorder(0, classes=classes)
    recorder.record(batch(results))
    by_class = recorder.take()
    assert by_class.folded() == recorded(results)
    for which in range(3):
        mine = recorded([result for result in results if result.payload % 3 == which])
        assert by_class.of_class(which) == mine
        assert mine.in_class(which).of_class(which) == mine
    assert Intervals.from_bytes(by_class.to_bytes()) == by_class
