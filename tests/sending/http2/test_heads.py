"""What precedes a request: block, deadline, prefix."""

import gzip

import pytest
from hpack import Decoder
from hypothesis import given
from hypothesis import strategies as st

from eiload.base.clock import NS_PER_S
from eiload.sending.http2.heads import GZIP, KEPT, KEPT_BYTES, Heads, Packer, prefix, timeout
from tests.sending.http2.peers import METHOD

UNITS = {b"n": 1, b"u": 10**3, b"m": 10**6, b"S": 10**9, b"M": 60 * 10**9, b"H": 3600 * 10**9}


def test_a_block_is_a_grpc_request() -> None:
    """All of PROTOCOL-HTTP2's Request-Headers, in its order, and the user's metadata last."""
    heads = Heads("server:8500", secure=True, compression=GZIP)
    metadata = (("x-model", "ssd"), ("x-key-bin", b"\xff\x00"), ("x-text-bin", "hi"))
    block = heads.block(METHOD, metadata, 90 * NS_PER_S)
    found = list(Decoder().decode(block))
    assert [(str(name), str(value)) for name, value in found] == [
        (":method", "POST"),
        (":scheme", "https"),
        (":path", METHOD),
        (":authority", "server:8500"),
        ("grpc-timeout", "90000000u"),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
        ("user-agent", "grpc-python-eiload"),
        ("grpc-accept-encoding", "identity, deflate, gzip"),
        ("grpc-encoding", "gzip"),
        ("x-model", "ssd"),
        ("x-key-bin", "/wA"),
        ("x-text-bin", "aGk"),
    ]
    assert [field.indexable for field in found[-3:]] == [False, False, False]


def test_blocks_are_made_once_and_bounded() -> None:
    """The same request has the same block; a new deadline for each makes nothing grow."""
    heads = Heads("server:8500", secure=False)
    assert heads.block(METHOD, (), NS_PER_S) is heads.block(METHOD, (), NS_PER_S)
    for number in range(3 * KEPT):
        heads.block(METHOD, (), NS_PER_S + number)
    assert len(heads._kept) <= KEPT


@pytest.mark.parametrize(
    "metadata",
    [("X-Upper", "y"), ("", "y"), ("grpc-timeout", "1S"), (":path", "/"), ("te", "x"),
     ("x", "\n"), ("x", "é"), ("x", b"bytes")],
)  # fmt: skip
def test_metadata_that_grpc_forbids(metadata: tuple[str, str | bytes]) -> None:
    """What would break the request, or smuggle a field into it, is refused by name."""
    with pytest.raises(ValueError, match="is not allowed by gRPC"):
        Heads("server:8500", secure=False).block(METHOD, (metadata,), NS_PER_S)


@given(st.integers(0, 10**18))
def test_a_timeout_is_never_less(timeout_ns: int) -> None:
    """At most 8 digits, never shorter than asked, and longer by at most one unit."""
    text = timeout(timeout_ns)
    digits, unit = text[:-1], UNITS[text[-1:]]
    assert 1 <= len(digits) <= 8
    assert 0 <= int(digits) * unit - timeout_ns <= unit


@pytest.mark.parametrize(
    ("timeout_ns", "text"),
    [(0, b"1n"), (99_999_999, b"99999999n"), (10**8, b"100000u"), (60 * NS_PER_S, b"60000000u"),
     (10**30, b"99999999H")],
)  # fmt: skip
def test_timeouts(timeout_ns: int, text: bytes) -> None:
    """The finest unit that can say it."""
    assert timeout(timeout_ns) == text


def test_a_prefix_is_a_flag_and_a_length() -> None:
    """Length-Prefixed-Message."""
    assert prefix(b"abc") == b"\0\0\0\0\3"
    assert prefix(b"abc", compressed=True) == b"\1\0\0\0\3"


def test_compressed_only_where_it_helps() -> None:
    """A message that gzip makes larger goes as it is, as every gRPC client sends it."""
    packer = Packer(GZIP)
    head, message = packer.packed(b"a" * 1000)
    assert head == prefix(message, compressed=True)
    assert gzip.decompress(message) == b"a" * 1000
    assert packer.packed(b"a") == (prefix(b"a"), b"a")
    assert Packer().packed(b"a" * 1000) == (prefix(b"a" * 1000), b"a" * 1000)


def test_compressed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes round is kept, by what it is and not where it lay; what is kept is bounded.

    By 128 MiB, and here by a thousandth of it, for as much smaller messages.
    """
    assert KEPT_BYTES == 128 << 20
    monkeypatch.setattr("eiload.sending.http2.heads.KEPT_BYTES", KEPT_BYTES >> 10)
    packer = Packer(GZIP)
    message = b"a" * 1000
    assert packer.packed(message)[1] is packer.packed(message)[1]
    for number in range(300):
        one = bytes([number % 256]) * (1 << 10)
        assert gzip.decompress(packer.packed(one)[1]) == one
    assert len(packer._kept) <= 128
