"""Frames: any cut of the bytes gives the same ones, and sizes are bounded."""

import contextlib
import itertools
from dataclasses import dataclass
from typing import Any

import pytest
from hyperframe import frame as hyper
from hypothesis import given
from hypothesis import strategies as st

from eiload.sending.http2 import frames
from eiload.sending.http2.frames import (
    KEPT_BYTES,
    MAX_FRAME_BYTES,
    ErrorCode,
    Flag,
    Frame,
    FrameReader,
    FrameType,
    ProtocolError,
)


def read(data: bytes, cuts: tuple[int, ...] = ()) -> list[Frame]:
    """Return the frames of `data`, read in pieces that end at `cuts`."""
    reader = FrameReader()
    ends = [*sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    pieces = [data[a:b] for a, b in itertools.pairwise([0, *ends])]
    return [frame for piece in pieces for frame in reader.feed(piece)]


def joined(found: list[Frame]) -> list[Frame]:
    """Return frames with the pieces of each DATA frame put together."""
    whole: list[Frame] = []
    for frame in found:
        kind, flags, stream_id, payload, length = frame
        if kind == FrameType.DATA and length == 0 and payload and whole:
            _, before, _, head, taken = whole[-1]
            whole[-1] = (kind, before | flags, stream_id, head + payload, taken)
        else:
            whole.append(frame)
    return whole


def raw(kind: int, flags: int, payload: bytes) -> bytes:
    """Return any frame, on stream 1."""
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + b"\0\0\0\1" + payload


@dataclass
class Unknown:
    """A frame of a kind that RFC 9113 does not know."""

    kind: int
    flags: int
    payload: bytes

    def serialize(self) -> bytes:
        """Return its bytes."""
        return raw(self.kind, self.flags, self.payload)


STREAMS = st.integers(1, 2**31 - 1)
FRAMES = st.one_of(
    st.builds(
        lambda stream, data, pad, end: (
            hyper.DataFrame(stream, data, pad_length=pad, flags=end + ["PADDED"] * bool(pad))
        ),
        STREAMS, st.binary(min_size=1, max_size=300), st.integers(0, 255),
        st.sampled_from([[], ["END_STREAM"]]),
    ),
    st.builds(
        lambda stream, data, pad: hyper.HeadersFrame(
            stream, data, pad_length=pad, depends_on=3, stream_weight=7,
            flags=["END_HEADERS", "PADDED", "PRIORITY"],
        ),
        STREAMS, st.binary(max_size=300), st.integers(0, 255),
    ),
    st.builds(hyper.RstStreamFrame, STREAMS, st.integers(0, 2**32 - 1)),
    st.builds(lambda d: hyper.PingFrame(0, d), st.binary(min_size=8, max_size=8)),
    st.builds(hyper.WindowUpdateFrame, STREAMS, st.integers(1, 2**31 - 1)),
    st.builds(lambda d: hyper.GoAwayFrame(0, 5, 11, d), st.binary(max_size=99)),
    st.builds(lambda data: Unknown(0xFA, 0xFF, data), st.binary(max_size=300)),
)  # fmt: skip


@given(st.lists(FRAMES, max_size=8), st.lists(st.integers(0, 5000), max_size=20))
def test_any_cut_gives_the_same_frames(sent: list[Any], cuts: list[int]) -> None:
    """What an independent implementation writes is read whole, wherever its bytes are cut."""
    data = b"".join(frame.serialize() for frame in sent)
    known = [frame for frame in sent if not isinstance(frame, Unknown)]
    found = joined(read(data, tuple(cuts)))
    assert found == joined(read(data))
    assert [(frame[0], frame[2]) for frame in found] == [(f.type, f.stream_id) for f in known]
    for ours, theirs in zip(found, known, strict=True):
        if isinstance(theirs, hyper.DataFrame | hyper.HeadersFrame):
            assert ours[3] == theirs.data
        if isinstance(theirs, hyper.DataFrame):
            assert ours[4] == theirs.flow_controlled_length
            assert bool(ours[1] & Flag.END_STREAM) == ("END_STREAM" in theirs.flags)


def test_data_is_handed_on_as_it_comes() -> None:
    """Half a frame of DATA is half an answer already; its window is taken at once."""
    reader = FrameReader()
    frame = frames.data_header(1, 1000, Flag.END_STREAM) + bytes(1000)
    assert reader.feed(frame[:5]) == []
    assert reader.feed(frame[5:509]) == [(FrameType.DATA, 0, 1, bytes(500), 1000)]
    assert reader.feed(frame[509:]) == [(FrameType.DATA, Flag.END_STREAM, 1, bytes(500), 0)]


OURS = {
    "data": (frames.data_header(3, 4, Flag.END_STREAM) + b"data", hyper.DataFrame),
    "headers": (frames.headers(3, b"block", 16384), hyper.HeadersFrame),
    "settings": (frames.settings([(frames.Setting.ENABLE_PUSH, 0)]), hyper.SettingsFrame),
    "settings ack": (frames.settings_ack(), hyper.SettingsFrame),
    "window": (frames.window_update(3, 77), hyper.WindowUpdateFrame),
    "reset": (frames.rst_stream(3, ErrorCode.CANCEL), hyper.RstStreamFrame),
    "ping": (frames.ping(b"12345678", ack=True), hyper.PingFrame),
    "goaway": (frames.goaway(0, ErrorCode.PROTOCOL_ERROR, "why"), hyper.GoAwayFrame),
}


@pytest.mark.parametrize("name", OURS)
def test_others_read_ours(name: str) -> None:
    """An independent implementation reads what we write, and writes the same."""
    data, kind = OURS[name]
    found, length = hyper.Frame.parse_frame_header(memoryview(data[:9]))
    found.parse_body(memoryview(data[9:]))
    assert isinstance(found, kind)
    assert length == len(data) - 9
    assert found.serialize() == data


def test_a_long_block_is_several_frames() -> None:
    """A header block larger than the server's frames goes on in CONTINUATIONs."""
    found = read(frames.headers(5, b"x" * 40_000, 16_384))
    assert [(kind, flags, len(part)) for kind, flags, _, part, _ in found] == [
        (FrameType.HEADERS, 0, 16_384),
        (FrameType.CONTINUATION, 0, 16_384),
        (FrameType.CONTINUATION, Flag.END_HEADERS, 7_232),
    ]


BROKEN = {
    "too large": ((MAX_FRAME_BYTES + 1).to_bytes(3, "big") + bytes(6), "FRAME_SIZE_ERROR"),
    "too large to keep": (
        (KEPT_BYTES + 1).to_bytes(3, "big") + b"\1\0\0\0\0\1",
        "ENHANCE_YOUR_CALM",
    ),
    "too large and whole": (raw(1, 4, bytes(KEPT_BYTES + 1)), "ENHANCE_YOUR_CALM"),
    "ping of 7": (raw(FrameType.PING, 0, bytes(7)), "FRAME_SIZE_ERROR"),
    "settings of 7": (raw(FrameType.SETTINGS, 0, bytes(7)), "FRAME_SIZE_ERROR"),
    "ack with settings": (raw(FrameType.SETTINGS, Flag.ACK, bytes(6)), "FRAME_SIZE_ERROR"),
    "goaway of 7": (raw(FrameType.GOAWAY, 0, bytes(7)), "FRAME_SIZE_ERROR"),
    "no padding": (raw(FrameType.DATA, Flag.PADDED, b""), "PROTOCOL_ERROR"),
    "all padding": (raw(FrameType.DATA, Flag.PADDED, b"\5abcd"), "PROTOCOL_ERROR"),
    "half a priority": (raw(FrameType.HEADERS, Flag.PRIORITY, b"abc"), "FRAME_SIZE_ERROR"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_no_frame_may_be(name: str) -> None:
    """A frame that its kind does not allow ends the connection, with the code for it."""
    data, code = BROKEN[name]
    with pytest.raises(ProtocolError) as caught:
        read(data)
    assert caught.value.code.name == code


@given(st.binary(max_size=600), st.lists(st.integers(0, 600), max_size=5))
def test_any_bytes_are_frames_or_an_error(data: bytes, cuts: list[int]) -> None:
    """Nothing but `ProtocolError` comes of bytes from the network."""
    with contextlib.suppress(ProtocolError):
        read(data, tuple(cuts))
