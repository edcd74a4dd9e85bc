"""A connection, against h2's server: whole conversations without a socket."""

import h2.errors
import h2.events
import h2.settings
import pytest
from hyperframe import frame as hyper

from eiload.sending.http2 import answers as answers_module
from eiload.sending.http2.connection import MAX_OWED_BYTES, Connection
from eiload.sending.http2.events import Closed, Ended, GoAway, Pong, Ready, Reset
from eiload.sending.http2.frames import ErrorCode
from eiload.sending.http2.grpc import outcome
from eiload.sending.http2.headers import MAX_BLOCK_BYTES
from tests.sending.http2.peers import OK, START, Peer, request

MAX = 1 << 20


def test_a_request_and_its_answer() -> None:
    """What a server that nobody here wrote makes of the request, and we of its answer."""
    peer = Peer().ready()
    assert peer.events == [Ready()]
    stream = request(b"tensor", **{"x-model": "ssd"})
    peer.client.request(stream)
    peer.go()
    (asked,) = peer.saw(h2.events.RequestReceived)
    assert dict(asked.headers)[":path"] == "/tensorflow.serving.PredictionService/Predict"
    assert dict(asked.headers)["x-model"] == "ssd"
    assert peer.body(1) == b"\0\0\0\0\6tensor"
    assert peer.saw(h2.events.StreamEnded)
    peer.now_ns = 77
    peer.answer(1, b"boxes")
    assert peer.go() == [Ended(stream)]
    assert outcome(stream, MAX).message == b"boxes"
    assert stream.first_byte_ns == 77
    assert repr(peer.client) == "<Connection ready, 0 open, 0 pending>"


def test_no_request_before_the_servers_settings() -> None:
    """It could break a limit that the server has yet to tell."""
    client = Connection()
    with pytest.raises(ValueError, match="takes no requests now"):
        client.request(request())
    assert repr(client) == "<Connection begun, 0 open, 0 pending>"


def test_many_at_once() -> None:
    """100 requests, answered in another order."""
    peer = Peer().ready()
    streams = [request(b"%d" % number) for number in range(100)]
    for stream in streams:
        peer.client.request(stream)
    peer.go()
    for stream in reversed(streams):
        peer.answer(stream.id, b"to " + peer.body(stream.id)[5:])
    ended = peer.go()
    assert len(ended) == 100
    assert [outcome(stream, MAX).message for stream in streams] == [
        b"to %d" % number for number in range(100)
    ]


def test_large_both_ways_through_small_windows() -> None:
    """3 MB up and 19 MB down, with windows of 64 kB up: updates go both ways."""
    peer = Peer(INITIAL_WINDOW_SIZE=65_535).ready()
    stream = request(bytes(3_000_000))
    peer.client.request(stream)
    acknowledged = 0
    while not peer.saw(h2.events.StreamEnded):
        peer.go()
        received = peer.saw(h2.events.DataReceived)
        for event in received[acknowledged:]:
            peer.h2.acknowledge_received_data(event.flow_controlled_length, 1)
        acknowledged = len(received)
    assert len(peer.body(1)) == 3_000_005
    peer.h2.send_headers(1, START)
    message = bytes(range(256)) * 75_000
    data = b"\0" + len(message).to_bytes(4, "big") + message
    start = 0
    while start < len(data):
        room = min(peer.h2.local_flow_control_window(1), peer.h2.max_outbound_frame_size)
        assert room > 0, "our window updates come in time"
        peer.h2.send_data(1, data[start : start + room])
        start += room
        peer.go()
    peer.h2.send_headers(1, OK, end_stream=True)
    assert peer.go() == [Ended(stream)]
    assert outcome(stream, 1 << 30).message == message


def test_padding_continuation_unknown_frames_and_settings() -> None:
    """What a server may do and few do."""
    peer = Peer().ready()
    stream = request()
    peer.client.request(stream)
    peer.go()
    unknown = b"\0\0\3\xfa\xff\0\0\0\1abc"
    settings = hyper.SettingsFrame(0, settings={0xF00D: 7, 0x6: 100})
    encoder = peer.h2.encoder
    head, tail = encoder.encode(START), encoder.encode(OK)
    data = hyper.DataFrame(1, b"\0\0\0\0\2ok", pad_length=99, flags=["PADDED"])
    for bytes_in in (
        unknown,
        settings.serialize(),
        hyper.HeadersFrame(1, head[:3]).serialize(),
        hyper.ContinuationFrame(1, head[3:], flags=["END_HEADERS"]).serialize(),
        unknown,
        data.serialize(),
        hyper.PriorityFrame(1, depends_on=3).serialize(),
    ):
        assert peer.client.receive(bytes_in, 1) == []
    last = hyper.HeadersFrame(1, tail, flags=["END_HEADERS", "END_STREAM"])
    assert peer.client.receive(last.serialize(), 1) == [Ended(stream)]
    assert outcome(stream, MAX).message == b"ok"


def test_an_informational_answer_comes_before_the_answer() -> None:
    """RFC 9110, 15.2."""
    peer = Peer().ready()
    stream = request()
    peer.client.request(stream)
    peer.go()
    peer.h2.send_headers(1, [(":status", "103"), ("link", "x")])
    assert peer.go() == []
    peer.answer(1)
    assert peer.go() == [Ended(stream)]
    assert outcome(stream, MAX).message == b"answer"


def test_pings_both_ways() -> None:
    """Ours gets its answer, the server's gets ours."""
    peer = Peer().ready()
    peer.client.ping(b"12345678")
    assert peer.go() == [Pong(b"12345678")]
    peer.h2.ping(b"abcdefgh")
    peer.go()
    assert [event.ping_data for event in peer.saw(h2.events.PingAckReceived)] == [b"abcdefgh"]


def test_the_limit_on_streams_may_change() -> None:
    """Those over it wait; a larger one lets them go."""
    peer = Peer(MAX_CONCURRENT_STREAMS=1).ready()
    streams = [request() for _ in range(3)]
    for stream in streams:
        peer.client.request(stream)
    peer.go()
    assert len(peer.saw(h2.events.RequestReceived)) == 1
    assert repr(peer.client) == "<Connection ready, 1 open, 2 pending>"
    peer.answer(1)
    peer.go()
    assert len(peer.saw(h2.events.RequestReceived)) == 2
    peer.h2.update_settings({h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: 9})
    peer.go()
    assert len(peer.saw(h2.events.RequestReceived)) == 3
    assert [stream.waited for stream in streams] == [False, True, True]


def test_cancelled() -> None:
    """The server is told, and what it had sent already is passed over."""
    peer = Peer().ready()
    stream, other = request(), request()
    peer.client.request(stream)
    peer.client.request(other)
    peer.go()
    peer.h2.send_headers(1, START)
    peer.h2.send_data(1, b"half an answer")
    late = peer.h2.data_to_send()
    peer.client.cancel(stream)
    assert peer.client.receive(late, 1) == []
    peer.answer(3, b"other")
    assert peer.go() == [Ended(other)]
    (reset,) = peer.saw(h2.events.StreamReset)
    assert reset.error_code == h2.errors.ErrorCodes.CANCEL


def test_reset_by_the_server() -> None:
    """Its code comes through, one that nobody knows as well."""
    peer = Peer().ready()
    first, second = request(), request()
    peer.client.request(first)
    peer.client.request(second)
    peer.go()
    peer.h2.reset_stream(1, 7)
    peer.h2.reset_stream(3, 99)
    assert peer.go() == [Reset(first, ErrorCode.REFUSED_STREAM, ""), Reset(second, 99, "")]


def test_answered_before_the_request_was_whole() -> None:
    """An answer may be early: then the rest is not sent, and the server is told (8.1)."""
    peer = Peer().ready()
    stream = request(bytes(200_000))
    peer.client.request(stream)
    peer.go()
    peer.h2.send_headers(1, [*START, ("grpc-status", "8")], end_stream=True)
    assert peer.go() == [Ended(stream)]
    assert peer.saw(h2.events.StreamReset)
    assert not peer.client.outgoing.open


def test_goaway_tells_what_was_not_looked_at() -> None:
    """Streams above the last one, and those that were never begun, may be sent again."""
    peer = Peer(MAX_CONCURRENT_STREAMS=2).ready()
    streams = [request() for _ in range(3)]
    for stream in streams:
        peer.client.request(stream)
    peer.go()
    peer.h2.close_connection(0, b"bye", last_stream_id=1)
    (event,) = peer.go()
    assert event == GoAway(0, "bye", tuple(streams[1:]))
    with pytest.raises(ValueError, match="takes no requests now"):
        peer.client.request(request())
    assert repr(peer.client) == "<Connection going, 1 open, 0 pending>"
    head = hyper.HeadersFrame(1, peer.h2.encoder.encode([*START, *OK]))
    head.flags |= {"END_HEADERS", "END_STREAM"}
    assert peer.client.receive(head.serialize(), 1) == [Ended(streams[0])]


def test_a_goaway_without_words_has_its_codes_name() -> None:
    """ENHANCE_YOUR_CALM says enough."""
    peer = Peer().ready()
    peer.h2.close_connection(11)
    assert peer.go() == [GoAway(11, "ENHANCE_YOUR_CALM", ())]


def test_the_end_of_the_numbers() -> None:
    """Section 5.1.1: a connection has only so many streams."""
    peer = Peer().ready()
    peer.client.outgoing.next_id = (1 << 31) - 1 - 1000
    peer.client.take()
    assert peer.client.going


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
    "too much": (frame(1, 4, 1, HEAD) + frame(0, 0, 1, bytes(1001)), "of more than 1000 bytes"),
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
    monkeypatch.setattr(answers_module, "STREAM_WINDOW_BYTES", 100)
    peer = Peer().ready()
    stream = request()
    peer.client.request(stream)
    peer.go()
    stream.credit = 100
    (reset,) = peer.client.receive(frame(1, 4, 1, HEAD) + frame(0, 0, 1, bytes(101)), 1)
    assert isinstance(reset, Reset)
    assert reset.code == ErrorCode.FLOW_CONTROL_ERROR
    peer.client.answers._credit = 100
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


def test_all_can_be_forgotten() -> None:
    """When the socket breaks, what was open or pending is had back."""
    peer = Peer(MAX_CONCURRENT_STREAMS=1).ready()
    streams = [request() for _ in range(2)]
    for stream in streams:
        peer.client.request(stream)
    peer.go()
    assert peer.client.abandon() == tuple(streams)
    assert repr(peer.client) == "<Connection ready, 0 open, 0 pending>"
