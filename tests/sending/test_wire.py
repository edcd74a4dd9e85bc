"""Frames: whatever way the stream is cut, the same frames come out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eiload.sending.wire import MAX_BODY_BYTES, WireReader, frame

FRAMES = st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=300)), max_size=20)


@given(FRAMES, st.lists(st.integers(1, 50), min_size=1))
def test_any_cut(frames: list[tuple[int, bytes]], cuts: list[int]) -> None:
    """A stream fed in pieces of any size yields the frames that were written."""
    stream = b"".join(frame(kind, body) for kind, body in frames)
    reader, position, turn = WireReader(), 0, 0
    heard: list[tuple[int, bytes]] = []
    while position < len(stream):
        length = cuts[turn % len(cuts)]
        heard += reader.feed(stream[position : position + length])
        position, turn = position + length, turn + 1
    assert heard == frames


def test_damage() -> None:
    """A length that cannot be is damage, not a wait for gigabytes."""
    header = (MAX_BODY_BYTES + 1).to_bytes(4, "little") + b"\x01"
    with pytest.raises(ValueError, match="damaged stream"):
        list(WireReader().feed(header))
