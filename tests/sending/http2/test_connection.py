"""A connection, against h2's server: whole conversations without a socket."""

import h2.errors
import h2.events
import h2.settings
import pytest
from hyperframe import frame as hyper

from eiload.sending.http2.connection import Connection
from eiload.sending.http2.events import Ended, GoAway, Pong, Ready, Reset
from eiload.sending.http2.frames import ErrorCode
from eiload.sending.http2.grpc import outcome
from eiload.sending.result import WAITED_STREAM
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
    assert [stream.flags for stream in streams] == [0, WAITED_STREAM, WAITED_STREAM]


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


def test_all_can_be_forgotten() -> None:
    """When the socket breaks, what was open or pending is had back."""
    peer = Peer(MAX_CONCURRENT_STREAMS=1).ready()
    streams = [request() for _ in range(2)]
    for stream in streams:
        peer.client.request(stream)
    peer.go()
    assert peer.client.abandon() == tuple(streams)
    assert repr(peer.client) == "<Connection ready, 0 open, 0 pending>"
