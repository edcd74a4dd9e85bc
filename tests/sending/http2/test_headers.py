"""Header blocks: ours read by hpack, the server's remembered where that is safe."""

import contextlib

import pytest
from hpack import Decoder, Encoder
from hypothesis import given
from hypothesis import strategies as st

from eiload.sending.http2.frames import ErrorCode, ProtocolError
from eiload.sending.http2.headers import (
    MAX_BLOCK_BYTES,
    REMEMBERED,
    Fields,
    HeaderDecoder,
    HeadersTooLargeError,
    literal,
)

ANSWER = [(":status", "200"), ("content-type", "application/grpc")]


def encoder(table_bytes: int) -> Encoder:
    """Return a server's encoder; with 0, one that has read our SETTINGS."""
    made = Encoder()
    made.header_table_size = table_bytes
    return made


def block(*fields: tuple[str, str]) -> bytes:
    """Return a block of literals."""
    return b"".join(literal(name.encode(), value.encode()) for name, value in fields)


@given(
    st.sampled_from([b":path", b":authority", b"content-type", b"user-agent", b"x", b"y" * 300]),
    st.binary(max_size=400),
    st.booleans(),
)
def test_a_literal_is_read_back(name: bytes, value: bytes, secret: bool) -> None:
    """Our literals are read by hpack, and its table stays empty."""
    decoder = Decoder()
    (found,) = decoder.decode(literal(name, value, secret=secret), raw=True)
    assert tuple(found) == (name, value)
    assert found.indexable is not secret
    assert not decoder.header_table.dynamic_entries


def test_the_same_block_is_decoded_once() -> None:
    """A server without a table says the same in the same bytes: the fields are the same object."""
    decoder = HeaderDecoder()
    server = encoder(0)
    first = decoder.decode(server.encode(ANSWER))  # begins with the change of the table's size
    second = decoder.decode(server.encode(ANSWER))
    third = decoder.decode(server.encode(ANSWER))
    assert (
        first.pairs
        == second.pairs
        == ((b":status", b"200"), (b"content-type", b"application/grpc"))
    )
    assert third is second
    assert second is not first


def test_a_table_used_all_the_same_is_handled() -> None:
    """Blocks that are added to the table, or refer to it, mean what they mean at that time."""
    decoder = HeaderDecoder()
    server = encoder(4096)
    answers = [[(":status", "200"), ("x-number", str(number // 3))] for number in range(30)]
    for answer in answers:
        found = decoder.decode(server.encode(answer))
        assert [(n.decode(), v.decode()) for n, v in found.pairs] == answer


def test_a_table_that_is_switched_on_late_is_handled() -> None:
    """What was remembered of a server without a table is forgotten once it has one."""
    decoder = HeaderDecoder()
    server = encoder(0)
    for _ in range(3):
        decoder.decode(server.encode(ANSWER))
    server.header_table_size = 4096
    for number in range(20):
        answer = [*ANSWER, ("x", str(number % 4)), ("y", "z")]
        found = decoder.decode(server.encode(answer))
        assert [(n.decode(), v.decode()) for n, v in found.pairs] == answer


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from([0, 64, 100, 4096])), max_size=30))
def test_memory_never_changes_a_meaning(steps: list[tuple[int, int]]) -> None:
    """Whatever a server does with its table, the fields are those it meant."""
    decoder = HeaderDecoder()
    server = encoder(0)
    for number, table_bytes in steps:
        server.header_table_size = table_bytes
        answer = [(":status", "200"), ("a", "b" * number), ("grpc-status", str(number))]
        found = decoder.decode(server.encode(answer))
        assert [(n.decode(), v.decode()) for n, v in found.pairs] == answer


def test_memory_is_bounded() -> None:
    """A server that never says the same twice makes nothing grow."""
    decoder = HeaderDecoder()
    for number in range(10 * REMEMBERED):
        decoder.decode(block((":status", "200"), ("x", str(number))))
    decoder.decode(block((":status", "200"), ("x", "y" * 2000)))
    assert len(decoder._remembered) <= REMEMBERED
    assert max(map(len, decoder._remembered)) < 1100


def test_a_bomb_is_refused() -> None:
    """A small block that decodes to a large list is not decoded to its end."""
    decoder = HeaderDecoder()
    server = encoder(4096)
    decoder.decode(server.encode([("x", "y" * 3000)]))
    with pytest.raises(HeadersTooLargeError) as caught:
        decoder.decode(b"\xbe" * 100)
    assert caught.value.code is ErrorCode.ENHANCE_YOUR_CALM
    assert str(caught.value) == f"a header list of more than {MAX_BLOCK_BYTES} bytes"


@given(st.binary(max_size=100))
def test_any_bytes_are_fields_or_an_error(data: bytes) -> None:
    """Nothing but `ProtocolError` comes of a block from the network."""
    with contextlib.suppress(ProtocolError):
        HeaderDecoder().decode(data)


MALFORMED = {
    "upper case": [(":status", "200"), ("X", "y")],
    "no name": [(":status", "200"), ("", "y")],
    "two statuses": [(":status", "200"), (":status", "200")],
    "status last": [("x", "y"), (":status", "200")],
    "status no number": [(":status", "2xx")],
    "a path": [(":status", "200"), (":path", "/")],
    "connection": [(":status", "200"), ("connection", "close")],
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_fields_say_so(name: str) -> None:
    """RFC 9113, 8.2 and 8.3: the fields of the block are at fault, not the connection."""
    assert HeaderDecoder().decode(block(*MALFORMED[name])).fault


def test_sound_fields_have_no_fault() -> None:
    """An answer's head, and its trailers."""
    head = HeaderDecoder().decode(block(*ANSWER))
    assert (head.status, head.fault) == (200, "")
    end = HeaderDecoder().decode(block(("grpc-status", "0")))
    assert (end.status, end.fault) == (None, "")
    assert isinstance(end, Fields)
