"""What a server breaks: a rule of the connection ends that, one of a stream the stream."""

import h2.events
import pytest

from eiload.sending.http2 import incoming as incoming_module
from eiload.sending.http2.connection import MAX_OWED_BYTES, Connection
from eiload.sending.http2.events import Closed, Ended, Reset
from eiload.sending.http2.frames import ErrorCode
from eiload.sending.http2.headers import MAX_BLOCK_BYTES
from tests.sending.http2.peers import Peer, request


def frame(kind: int, flags: int, stream_id: int, payload: bytes) -> bytes:
    """Return any frame."""
    head = len(payload).to_bytes(3, "big") + bytes((kind, flags))
    return head + stream_id.to_bytes(4, "big") + payload


HEAD = b"\x88\x5f\x10application/grpc"
BROKEN = {
    "http/1": (b"HTTP/1.1 400 Bad Request\r\n\r\n", "HTTP/1 answers there, not HTTP/2"),
    "no settings first": (frame(6, 0, 0, bytes(8)), "it does not begin with SETTINGS"),
    "data first": (frame(0, 0, 1, b"x"), "it does not begin with SETTINGS"),
}
BROKEN_LATER = {
    "data of nobody": (frame(0, 0, 9, b"x"), "a frame for stream 9, which was never opened"),
    "headers of nobody": (frame(1, 4, 2, HEAD), "a frame for stream 2, which was never opened"),
    "reset of nobody": (frame(3, 0, 9, bytes(4)), "a frame for stream 9, which was never opened"),
    "ping on a stream": (frame(6, 0, 1, bytes(8)), "a PING frame on stream 1"),
    "settings on a stream": (frame(4, 0, 1, b""), "a SETTINGS frame on stream 1"),
    "goaway on a stream": (frame(7, 0, 1, bytes(8)), "a GOAWAY frame on stream 1"),
    "push": (frame(5, 4, 1, bytes(8)), "it pushes, which our SETTINGS forbid"),
    "continuation of nothing": (frame(9, 4, 1, b""), "a CONTINUATION that continues nothing"),
    "interrupted block": (frame(1, 0, 1, HEAD) + frame(6, 0, 0, bytes(8)), "is interrupted"),
    "another's continuation": (frame(1, 0, 1, HEAD) + frame(9, 4, 3, b""), "continues nothing"),
    "window by nothing": (frame(8, 0, 0, bytes(4)), "a window that grows by nothing"),
    "window too large": (frame(8, 0, 0, b"\x7f\xff\xff\xff"), "a window of more than 2^31-1"),
    "initial window": (frame(4, 0, 0, b"\0\4\xff\xff\xff\xff"), "an initial window of"),
    "frame size": (frame(4, 0, 0, b"\0\5\0\0\0\1"), "a largest frame of 1 bytes"),
    "push asked": (frame(4, 0, 0, b"\0\2\0\0\0\1"), "a server that asks to be pushed to"),
    "hpack": (frame(1, 4, 1, b"\xff\xff\xff\xff\xff\xff\xff"), "a header block that cannot be"),
    "half an hpack": (frame(1, 4, 1, b"\x40\x7f"), "a header block that cannot be decoded"),
}


@pytest.mark.parametrize("name", [*BROKEN, *BROKEN_LATER])
def test_what_ends_a_connection(name: str) -> None:
    """The connection is closed with a reason in words, the server is told, no more is read."""
    peer = Peer()
    if name in BROKEN_LATER:
        peer.ready()
        peer.client.request(request())
        peer.go()
    peer.client.take()
    data, words = {**BROKEN, **BROKEN_LATER}[name]
    (event,) = peer.client.receive(data, 1)
    assert isinstance(event, Closed)
    assert words in event.text
    assert peer.client.receive(frame(6, 0, 0, bytes(8)), 1) == []
    goodbye = b"".join(map(bytes, peer.client.take().buffers))
    assert goodbye.endswith(event.text.encode())
    assert repr(peer.client).startswith("<Connection closed")


BROKEN_STREAMS = {
    "data first": (frame(0, 0, 1, b"x"), "DATA before HEADERS"),
    "no status": (frame(1, 4, 1, b"\0\1x\1y"), "an answer without a status"),
    "headers twice": (frame(1, 4, 1, HEAD) * 2, "headers within an answer"),
    "trailers go on": (frame(1, 4, 1, HEAD) + frame(1, 4, 1, b"\0\1x\1y"), "headers within"),
    "only informational": (frame(1, 5, 1, b"\x08\x03103"), "an informational answer, and no"),
    "malformed": (frame(1, 5, 1, HEAD + b"\0\1X\1y"), "a field with the name b'X'"),
    "window by nothing": (frame(8, 0, 1, bytes(4)), "a window that grows by nothing"),
    "window too large": (frame(8, 0, 1, b"\x7f\xff\xff\xff"), "a window of more than 2^31-1"),
    "too much": (frame(1, 4, 1, HEAD) + frame(0, 0, 1, bytes(1001)), "larger than max (over 1000"),
}


@pytest.mark.parametrize("name", BROKEN_STREAMS)
def test_what_ends_a_stream(name: str) -> None:
    """The stream is reset with a reason in words; the others go on."""
    peer = Peer(Connection(max_answer_bytes=1000)).ready()
    first, second = request(), request()
    peer.client.request(first)
    peer.client.request(second)
    peer.go()
    data, words = BROKEN_STREAMS[name]
    (event,) = peer.client.receive(data, 1)
    assert isinstance(event, Reset)
    assert event.stream is first
    assert words in event.text
    assert list(peer.client.outgoing.open) == [3]
    peer.answer(3)
    assert peer.go() == [Ended(second)]
    assert peer.saw(h2.events.StreamReset)


def test_a_window_overdrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than the connection's window ends it, more than a stream's ends the stream."""
    monkeypatch.setattr(incoming_module, "STREAM_WINDOW_BYTES", 100)
    peer = Peer().ready()
    stream = request()
    peer.client.request(stream)
    peer.go()
    stream.credit = 100
    (reset,) = peer.client.receive(frame(1, 4, 1, HEAD) + frame(0, 0, 1, bytes(101)), 1)
    assert isinstance(reset, Reset)
    assert reset.code == ErrorCode.FLOW_CONTROL_ERROR
    peer.client.incoming._credit = 100
    (closed,) = peer.client.receive(frame(0, 0, 1, bytes(101)), 1)
    assert isinstance(closed, Closed)
    assert closed.code is ErrorCode.FLOW_CONTROL_ERROR


def test_a_header_block_too_large() -> None:
    """In one frame, in parts, or in parts of nothing: the request fails for it, then the rest."""
    for blocks in (
        frame(1, 5, 1, bytes(MAX_BLOCK_BYTES + 1)),
        frame(1, 1, 1, bytes(40_000)) + frame(9, 4, 1, bytes(40_000)),
        frame(1, 1, 1, b"") + frame(9, 0, 1, b"") * 200,
    ):
        peer = Peer().ready()
        stream = request()
        peer.client.request(stream)
        peer.go()
        reset, closed = peer.client.receive(blocks, 1)
        assert isinstance(reset, Reset)
        assert reset.stream is stream
        assert reset.code == ErrorCode.ENHANCE_YOUR_CALM
        assert isinstance(closed, Closed)


def test_a_server_that_asks_without_end() -> None:
    """Answers owed are bounded: a flood of PINGs or SETTINGS ends the connection."""
    for flood in (frame(6, 0, 0, bytes(8)), frame(4, 0, 0, b"")):
        peer = Peer().ready()
        (event,) = peer.client.receive(flood * (MAX_OWED_BYTES // 9 + 1), 1)
        assert isinstance(event, Closed)
        assert event.code is ErrorCode.ENHANCE_YOUR_CALM
        assert len(peer.client.outgoing.control) < MAX_OWED_BYTES + 200
