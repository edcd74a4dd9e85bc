"""result: the two records cross the pipe unchanged, and mean what their names say."""

import grpc
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eiload.base.status import Status
from eiload.sending.result import RESULT, SEND, WANT_RESPONSE, Result, Send, sampled

U8, U16, U32, U64 = (st.integers(0, 2**bits - 1) for bits in (8, 16, 32, 64))
I64 = st.integers(-(2**63), 2**63 - 1)

SENDS = st.builds(Send, U64, I64, U32, U16, U8, U8)
RESULTS = st.builds(Result, U64, I64, I64, I64, U32, U32, U16, U16, U8, U8, U8, I64, I64, I64)


@given(SENDS)
def test_an_order_crosses_the_pipe_unchanged(send: Send) -> None:
    """Packing and unpacking a Send gives the same Send."""
    assert Send(*SEND.unpack(SEND.pack(*send))) == send


@given(RESULTS)
def test_a_result_crosses_the_pipe_unchanged(result: Result) -> None:
    """Packing and unpacking a Result gives the same Result."""
    assert Result(*RESULT.unpack(RESULT.pack(*result))) == result


@given(st.lists(RESULTS, max_size=20))
def test_results_one_after_the_other_stay_apart(results: list[Result]) -> None:
    """A stream of packed results is read back record by record."""
    stream = b"".join(RESULT.pack(*result) for result in results)
    assert [Result(*fields) for fields in RESULT.iter_unpack(stream)] == results


def test_the_records_have_their_sizes() -> None:
    """24 and 72 bytes on every machine: little-endian, without the compiler's padding."""
    assert (SEND.size, RESULT.size) == (24, 72)
    assert SEND.pack(1, 2, 3, 4, 5, WANT_RESPONSE).hex() == (
        "010000000000000002000000000000000300000004000501"
    )


@given(
    st.builds(
        Result,
        U64,
        st.integers(0, 2**62),
        st.integers(0, 2**62),
        st.integers(0, 2**62),
        U32,
        U32,
        U16,
        U16,
        U8,
        U8,
        U8,
    )
)
def test_response_time_is_lag_and_service_time(result: Result) -> None:
    """What a user on schedule waits is the generator's lateness and the server's work."""
    assert result.response_ns == result.lag_ns + result.service_ns
    assert result.response_ns == result.done_ns - result.intended_ns


def test_statuses_are_those_of_grpc() -> None:
    """The first seventeen have gRPC's names and numbers; ours come after and fit one byte."""
    theirs = {code.name: code.value[0] for code in grpc.StatusCode}
    ours = {status.name: status.value for status in Status}
    assert {name: ours[name] for name in theirs} == theirs
    own = set(ours) - set(theirs)
    assert own == {"BAD_ANSWER", "DROPPED", "UNFINISHED", "LOST"}
    assert all(max(theirs.values()) < ours[name] < 256 for name in own)


def test_a_number_that_does_not_fit_is_refused() -> None:
    """A field out of its range is an error where it is packed, not a wrong number elsewhere."""
    with pytest.raises(Exception, match="format requires"):
        SEND.pack(0, 0, 0, 2**16, 0, 0)


@given(st.integers(1, 200), st.integers(0, 10**9))
def test_one_in_so_many_is_sampled(every: int, row: int) -> None:
    """Of each `every` in a row exactly one is sampled, by arrays as by single numbers."""
    numbers = row * every + np.arange(every)
    chosen = sampled(numbers, every)
    assert chosen.sum() == 1
    assert chosen.tolist() == [sampled(int(number), every) for number in numbers]


def test_samples_see_all_payloads() -> None:
    """Samples do not all fall on one payload when their spacing is a multiple of the payloads."""
    numbers = np.arange(10_000)
    assert set((numbers[sampled(numbers, 100)] % 10).tolist()) == set(range(10))
    assert not sampled(0, 0)
