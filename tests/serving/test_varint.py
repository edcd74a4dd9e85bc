"""Whole numbers as protobuf writes them, against protobuf's own messages."""

import pytest
from google.protobuf.wrappers_pb2 import UInt64Value
from hypothesis import given
from hypothesis import strategies as st

from eiload.serving.varint import varint


@given(st.integers(1, (1 << 64) - 1), st.binary(max_size=3))
def test_as_protobuf_writes(number: int, after: bytes) -> None:
    """The number, and where it ends, whatever follows."""
    data = UInt64Value(value=number).SerializeToString()  # one byte of tag before it
    assert varint(data + after, 1) == (number, len(data))
    assert varint(memoryview(data), 1) == (number, len(data))


@pytest.mark.parametrize(
    ("data", "bytes_at_most", "why"),
    [
        (b"", 10, "cut"),
        (b"\x80", 10, "cut"),
        (b"\x80" * 5 + b"\0", 5, "long"),
        (b"\xff" * 11, 10, "long"),
    ],
)
def test_what_is_none(data: bytes, bytes_at_most: int, why: str) -> None:
    """It is cut off, or longer than allowed, also where its value is small."""
    with pytest.raises(ValueError, match=why):
        varint(data, 0, bytes_at_most)
