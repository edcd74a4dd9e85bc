"""What is given out when: windows, frame sizes, order, limits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eiload.sending.http2.frames import ErrorCode, FrameReader, FrameType, ProtocolError
from eiload.sending.http2.streams import BATCH_BYTES, Outgoing, Stream, WriteBatch
from eiload.sending.result import WAITED_STREAM
from tests.sending.http2.peers import request


def taken(batch: WriteBatch) -> list[tuple[FrameType, int, int]]:
    """Return a batch's frames: kind, stream, size."""
    data = b"".join(map(bytes, batch.buffers))
    assert len(data) == batch.size
    return [
        (FrameType(kind), stream, size) for kind, _, stream, _, size in FrameReader().feed(data)
    ]


def large() -> Outgoing:
    """Return the sending half towards a server with large windows and frames."""
    out = Outgoing(window=1 << 30, max_frame_bytes=1 << 24)
    out.set_initial_window(1 << 30)
    return out


def test_a_request_is_two_buffers() -> None:
    """820 kB are one frame, and the message is not copied."""
    out = large()
    stream = request(bytes(820_000))
    out.add(stream)
    batch = out.take()
    assert taken(batch) == [
        (FrameType.HEADERS, 1, len(stream.head)),
        (FrameType.DATA, 1, 820_005),
    ]
    assert len(batch.buffers) == 2
    assert batch.buffers[1] is stream.message
    assert batch.begun == [(0, stream)]
    assert batch.ended == [(batch.size, stream)]
    assert not out


def test_frames_are_no_larger_than_the_server_takes() -> None:
    """A server of the old sizes gets 16 kB at a time, up to its window."""
    out = Outgoing()
    stream = request(bytes(100_000))
    out.add(stream)
    batch = out.take()
    sizes = [size for kind, _, size in taken(batch) if kind == FrameType.DATA]
    assert sizes == [16_384] * 3 + [16_383]
    assert batch.ended == []
    assert not out
    out.grant(1 << 20)
    assert not out, "the stream's own window is used up"
    out.grant_stream(stream, 10)
    assert [size for _, _, size in taken(out.take())] == [10]
    out.grant_stream(stream, 1 << 20)
    last = out.take()
    assert sum(size for _, _, size in taken(last)) == 100_005 - 65_535 - 10
    assert [which for _, which in last.ended] == [stream]


def test_first_come_first_served_but_for_a_window_of_its_own() -> None:
    """A stream whose window is used up stands aside, and is back when it may go on."""
    out = Outgoing(window=1 << 30)
    slow, quick = request(bytes(70_000)), request(b"quick")
    out.add(slow)
    out.add(quick)
    assert [which for _, which in out.take().ended] == [quick]
    out.grant_stream(slow, 1 << 20)
    assert [which for _, which in out.take().ended] == [slow]


def test_the_connections_window_holds_up_all() -> None:
    """Without it, no further request is begun: it would be open and have to wait all the same."""
    out = large()
    out.window = 10
    first, second = request(b"first"), request(b"second")
    out.add(first)
    out.add(second)
    batch = out.take()
    assert [which for _, which in batch.ended] == [first]
    assert second in out.pending
    out.grant(100)
    assert [which for _, which in out.take().ended] == [second]


def test_batches_are_bounded() -> None:
    """More requests than one batch holds are given out in the next."""
    out = large()
    streams = [request(bytes(820_000)) for _ in range(5)]
    for stream in streams:
        out.add(stream)
    sizes = []
    while out:
        sizes.append(out.take().size)
    assert len(sizes) == 3
    assert max(sizes) < BATCH_BYTES + 820_000 + 1000


def test_the_limit_on_streams() -> None:
    """Requests over it wait until others are over, and say so; those given up make room."""
    out = large()
    out.max_streams = 2
    streams = [request() for _ in range(5)]
    for stream in streams:
        out.add(stream)
    assert [stream.flags for stream in streams] == [0, 0, *3 * [WAITED_STREAM]]
    assert [which for _, which in out.take().begun] == streams[:2]
    assert not out
    out.discard(streams[0])
    out.cancel(streams[2], ErrorCode.CANCEL)
    batch = out.take()
    assert [which for _, which in batch.begun] == [streams[3]]
    assert taken(batch)[0][0] is FrameType.HEADERS, "nothing was said of one that was never begun"
    assert [stream.id for stream in streams] == [1, 3, 0, 5, 0]


def test_given_up_halfway() -> None:
    """The rest of the body stays, and the server is told."""
    out = Outgoing()
    stream = request(bytes(100_000))
    out.add(stream)
    out.take()
    out.cancel(stream, ErrorCode.CANCEL)
    assert taken(out.take()) == [(FrameType.RST_STREAM, 1, 4)]
    assert not out.open
    assert not out


def test_a_smaller_initial_window_may_leave_a_debt() -> None:
    """Section 6.9.2: what is open goes on only when its window is above nothing again."""
    out = Outgoing(window=1 << 30)
    stream = request(bytes(100_000))
    out.add(stream)
    out.take()
    out.set_initial_window(1000)
    assert stream.window == 1000 - 65_535
    out.grant_stream(stream, 65_535 - 1000)
    assert not out
    out.grant_stream(stream, 1)
    assert [size for _, _, size in taken(out.take())] == [1]


def test_windows_have_an_end() -> None:
    """Section 6.9.1: above 2^31-1 there is none."""
    out = Outgoing()
    stream = request()
    out.add(stream)
    out.take()
    with pytest.raises(ProtocolError, match="more than 2"):
        out.grant(2**31 - 1)
    assert not out.grant_stream(stream, 2**31 - 1)
    with pytest.raises(ProtocolError, match="an initial window"):
        Outgoing().set_initial_window(2**31)


def test_a_long_head_goes_on() -> None:
    """Metadata larger than the server's frames."""
    out = Outgoing()
    stream = request(b"x", long="v" * 20_000)
    out.add(stream)
    kinds = [kind for kind, _, _ in taken(out.take())]
    assert kinds == [FrameType.HEADERS, FrameType.CONTINUATION, FrameType.DATA]


@given(
    st.lists(st.integers(0, 200_000), min_size=1, max_size=6),
    st.integers(0, 100_000),
    st.integers(0, 100_000),
    st.lists(st.tuples(st.integers(0, 5), st.integers(1, 80_000)), max_size=40),
)
def test_what_is_given_out_is_what_was_asked_for(
    sizes: list[int], window: int, initial: int, grants: list[tuple[int, int]]
) -> None:
    """Whatever the windows do, each body comes whole and in order, and no window is overdrawn."""
    out = Outgoing(window=window)
    out.set_initial_window(initial)
    streams = [request(bytes([number]) * size) for number, size in enumerate(sizes)]
    for stream in streams:
        out.add(stream)
    bodies: dict[int, bytes] = {}
    reader = FrameReader()

    def take_all() -> None:
        while out:
            batch = out.take()
            assert batch.buffers
            for kind, _, stream_id, payload, _ in reader.feed(b"".join(map(bytes, batch.buffers))):
                if kind == FrameType.DATA:
                    bodies[stream_id] = bodies.get(stream_id, b"") + payload
        assert out.window >= 0
        assert all(stream.window >= 0 for stream in out.open.values())

    take_all()
    for number, increment in grants:
        if number < len(streams) and streams[number].id:
            out.grant_stream(streams[number], increment)
        else:
            out.grant(increment)
        take_all()
    out.grant(10**8)
    for stream in streams:
        take_all()
        if stream.id:
            out.grant_stream(stream, 10**7)
    take_all()
    assert [bodies.get(stream.id) for stream in streams] == [
        stream.prefix + stream.message for stream in streams
    ]


def test_rewound_it_was_never_sent() -> None:
    """A request that is sent again starts from nothing."""
    out = large()
    stream = request()
    out.add(stream)
    out.take()
    stream.sent_ns = stream.first_byte_ns = 5
    stream.rewind()
    fresh = request()
    for name in {**vars(Stream), **vars(stream)}:
        if not name.startswith("__") and name != "rewind":
            assert getattr(stream, name) == getattr(fresh, name), name
