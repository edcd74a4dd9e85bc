"""Bytes from the network are hostile: any of them end in a status or a closed connection.

A real conversation of many answers is recorded once; then its bytes are cut, flipped, repeated and
spliced. Whatever comes of them, every request ends at most once, nothing raises, and nothing grows.
"""

import functools
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eiload.base.status import Status
from eiload.sending.http2.connection import Connection
from eiload.sending.http2.events import Closed, Ended, Event, GoAway, Reset
from eiload.sending.http2.grpc import outcome, outcome_of_reset
from eiload.sending.http2.streams import Stream
from tests.sending.http2.peers import OK, START, Peer, request

REQUESTS = 6
LIMIT = 1 << 20


@functools.cache
def conversation() -> bytes:
    """Return what a server says in answer to `REQUESTS` requests, of every kind there is."""
    peer = Peer()
    said = bytearray()
    receive = peer.client.receive

    def record(data: bytes, now_ns: int) -> list[Event]:
        said.extend(data)
        return receive(data, now_ns)

    peer.client.receive = record  # type: ignore[method-assign]
    peer.ready()
    for number in range(REQUESTS):
        peer.client.request(request(bytes(number)))
    peer.go()
    peer.answer(1)
    peer.h2.send_headers(3, [*START, ("grpc-status", "14"), ("grpc-message", "b%20")])
    peer.h2.end_stream(3)
    peer.h2.reset_stream(5, 8)
    peer.h2.ping(b"abcdefgh")
    peer.h2.send_headers(7, [*START, ("grpc-encoding", "gzip"), ("x-bin", "aGk")])
    for _ in range(4):
        peer.h2.send_data(7, bytes(3000), pad_length=20)
    peer.h2.send_headers(7, [*OK, ("x", "y")], end_stream=True)
    peer.answer(9, bytes(20_000))
    peer.go()
    peer.h2.close_connection(0, b"bye", last_stream_id=9)
    peer.go()
    return bytes(said)


def began() -> tuple[Connection, list[Stream]]:
    """Return a connection with the requests that the conversation answers."""
    client = Connection(max_answer_bytes=LIMIT)
    client.ready = True
    client.take()
    streams = [request(bytes(number)) for number in range(REQUESTS)]
    for stream in streams:
        client.request(stream)
    client.take()
    client.ready = False
    return client, streams


def hear(client: Connection, data: bytes, cut: int) -> list[Event]:
    """Have the connection read `data` in two pieces, and write what it owes."""
    events = client.receive(data[:cut], 1) + client.receive(data[cut:], 2)
    while client.outgoing:
        assert client.take().buffers
    return events


def check(client: Connection, streams: list[Stream], events: list[Event], size: int) -> None:
    """Each request ended at most once, in a status, or is still open; nothing is large."""
    over: list[Stream] = []
    for event in events:
        match event:
            case Ended(stream):
                over.append(stream)
                found = outcome(stream, LIMIT)
                assert isinstance(found.status, Status)
                assert len(found.message) <= LIMIT
            case Reset(stream, code, text):
                over.append(stream)
                assert isinstance(outcome_of_reset(code, text).status, Status)
            case GoAway(_, _, unprocessed):
                over += unprocessed
    left = client.abandon()
    assert len(over) == len(set(over))
    assert {*over, *left} == set(streams)
    assert not set(over) & set(left)
    assert sum(isinstance(event, Closed) for event in events) == client.closed
    assert sum(len(stream.body) for stream in streams) <= size
    assert len(client.outgoing.control) <= 70_000


def test_the_conversation_itself() -> None:
    """Untouched, it ends as it was meant, wherever it is cut."""
    data = conversation()
    for cut in range(0, len(data), 97):
        client, streams = began()
        events = hear(client, data, cut)
        check(client, streams, events, len(data))
        assert not client.closed
        ended = [outcome(e.stream, LIMIT).status.name for e in events if isinstance(e, Ended)]
        assert ended == ["OK", "UNAVAILABLE", "INTERNAL", "OK"]
        assert [e.code for e in events if isinstance(e, Reset)] == [8]
        (goaway,) = (e for e in events if isinstance(e, GoAway))
        assert goaway.unprocessed == (streams[5],)


Change = Callable[[bytearray, int, int], None]


def flip(data: bytearray, at: int, value: int) -> None:
    """Change one byte."""
    data[at] ^= value or 1


def drop(data: bytearray, at: int, value: int) -> None:
    """Leave some bytes out."""
    del data[at : at + value]


def repeat(data: bytearray, at: int, value: int) -> None:
    """Say some bytes twice."""
    data[at:at] = data[at : at + value]


def insert(data: bytearray, at: int, value: int) -> None:
    """Say some bytes more."""
    data[at:at] = bytes((value,)) * (value % 17)


def end(data: bytearray, at: int, value: int) -> None:
    """Say no more."""
    del value, data[at:]


CHANGES = st.tuples(
    st.sampled_from([flip, flip, drop, repeat, insert, end]),
    st.integers(0, 100_000),
    st.integers(0, 255),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(CHANGES, min_size=1, max_size=4), st.integers(0, 100_000))
def test_any_change_ends_in_a_status_or_a_close(
    changes: list[tuple[Change, int, int]], cut: int
) -> None:
    """Bytes of a real conversation, changed anywhere."""
    data = bytearray(conversation())
    for change, at, value in changes:
        if data:
            change(data, at % len(data), value)
    client, streams = began()
    events = hear(client, bytes(data), cut % (len(data) + 1))
    check(client, streams, events, len(data))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=500), st.integers(0, 500))
def test_any_bytes_after_the_greeting(data: bytes, cut: int) -> None:
    """Not even like HTTP/2."""
    greeting = b"\0\0\0\4\0\0\0\0\0"
    client, streams = began()
    events = hear(client, greeting + data, cut)
    check(client, streams, events, len(data))


KINDS = st.tuples(
    st.integers(0, 11),
    st.integers(0, 255),
    st.sampled_from([0, 1, 2, 3, 5, 7, 9, 11, 13, 2**31 - 1, 2**32 - 1]),
    st.one_of(
        st.binary(max_size=40),
        st.sampled_from([b"\x88", b"\x88\x5f\x10application/grpc", b"\0\x0bgrpc-status\x010"]),
    ),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(KINDS, max_size=30))
def test_any_frames(sent: list[tuple[int, int, int, bytes]]) -> None:
    """Frames that are whole, in any order, on any stream."""
    data = b"\0\0\0\4\0\0\0\0\0"
    for kind, flags, stream_id, payload in sent:
        data += len(payload).to_bytes(3, "big") + bytes((kind, flags))
        data += stream_id.to_bytes(4, "big") + payload
    client, streams = began()
    events = hear(client, data, len(data) // 2)
    check(client, streams, events, len(data))


@pytest.mark.parametrize(
    "frame",
    [
        b"\0\0\0\0\0\0\0\0\1",  # DATA of nothing
        b"\0\0\1\xfa\0\0\0\0\1x",  # unknown
        b"\0\0\5\2\0\0\0\0\1abcde",  # PRIORITY
        b"\0\0\4\x08\0\0\0\0\1\0\0\0\1",  # WINDOW_UPDATE
        b"\0\0\1\0\0\0\0\0\1x",  # DATA of one byte
        b"\0\0\x02\0\x08\0\0\0\1\1x",  # DATA of nothing but padding
        b"\0\0\x01\1\4\0\0\0\1\x80",  # a block that cannot be decoded
    ],
)
def test_the_same_frame_without_end(frame: bytes) -> None:
    """100,000 frames make nothing grow but the answer's own bytes."""
    client, _ = began()
    head = b"\x88\x5f\x10application/grpc"
    client.receive(b"\0\0\0\4\0\0\0\0\0", 1)
    client.receive(len(head).to_bytes(3, "big") + b"\1\4\0\0\0\1" + head, 1)
    client.take()
    for _ in range(100):
        client.receive(frame * 1000, 1)
        client.take()
    stream = client.outgoing.open.get(1)
    assert stream is None or len(stream.body) <= 100_000
    assert len(client.outgoing.control) < 1000
