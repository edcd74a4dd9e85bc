"""One table of cases over both wires, ours and gRPC's own: they must agree.

Against gRPC's server (C++) they agree to the letter: status, detail, response, trailing metadata.
Against a server that does what few do, they agree in the status. Against one that breaks the rules,
gRPC's own wire has words that differ from rule to rule; what ours says stands in `OURS`.
"""

import contextlib
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest

from eiload.base.status import Status
from tests.grpc_servers import (
    GRPC,
    Handler,
    certificate,
    closed_port,
    grpc_server,
    http1,
    raw_server,
)
from tests.sending.http2.calls import OK, START, Scripted, endpoint, grpcios, ours, scripted

DEFAULT_LIMITS: list[tuple[str, Any]] = []


def abort(
    code: grpc.StatusCode, detail: str, metadata: tuple[tuple[str, Any], ...] = ()
) -> Handler:
    """Return a handler that ends with a status."""

    def handle(request: bytes, context: grpc.ServicerContext) -> bytes:
        del request
        context.set_trailing_metadata(metadata)
        context.abort(code, detail)

    return handle


def echo(request: bytes, context: grpc.ServicerContext) -> bytes:
    """Answer with the request, and with the metadata that came with it."""
    sent = [pair for pair in context.invocation_metadata() if pair[0].startswith("x-")]
    context.set_trailing_metadata((*sent, ("x-cost", "7"), ("x-id-bin", b"\xff\x00\x01")))
    return request


def compressed(request: bytes, context: grpc.ServicerContext) -> bytes:
    """Answer with the request, compressed."""
    context.set_compression(grpc.Compression.Gzip)
    return request


def deflated(request: bytes, context: grpc.ServicerContext) -> bytes:
    """Answer with the request, compressed in another way."""
    context.set_compression(grpc.Compression.Deflate)
    return request


def large(request: bytes, context: grpc.ServicerContext) -> bytes:
    """Answer with 19 MB, as SSD's raw detections are."""
    del context
    return request[:1] * 19_000_000


def slow(request: bytes, context: grpc.ServicerContext) -> bytes:
    """Answer when nobody waits any longer."""
    while context.is_active():
        time.sleep(0.01)
    return request


def broken(request: bytes, context: grpc.ServicerContext) -> bytes:
    """Fail."""
    raise RuntimeError(f"{len(request)} bytes, active: {context.is_active()}")


HANDLERS: dict[str, Handler] = {
    "/t/Echo": echo,
    "/t/Compressed": compressed,
    "/t/Deflated": deflated,
    "/t/Large": large,
    "/t/Slow": slow,
    "/t/Broken": broken,
    "/t/Unicode": abort(grpc.StatusCode.NOT_FOUND, "Grüße, 100 %\nzweite Zeile \N{SNOWMAN}"),
    "/t/Empty": abort(grpc.StatusCode.ABORTED, ""),
    "/t/Metadata": abort(
        grpc.StatusCode.INTERNAL, "why", (("x-a", "1"), ("x-a", "2"), ("x-b-bin", b"\x00\xfe"))
    ),
    **{
        f"/t/{code.name}": abort(code, f"it is {code.name}")
        for code in grpc.StatusCode
        if code is not grpc.StatusCode.OK
    },
}

CASES: dict[str, tuple[str, bytes, dict[str, Any]]] = {
    "a message": ("/t/Echo", b"hello", {}),
    "an empty one": ("/t/Echo", b"", {}),
    "820 kB": ("/t/Echo", bytes(range(256)) * 3203, {}),
    "metadata": (
        "/t/Echo",
        b"x",
        {"metadata": (("x-model", "ssd"), ("x-key-bin", b"\x00\xff"), ("x-empty", ""))},
    ),
    "gzip up": ("/t/Echo", b"a" * 100_000, {"compression": "gzip"}),
    "gzip up, larger": ("/t/Echo", b"a", {"compression": "gzip"}),
    "gzip down": ("/t/Compressed", b"b" * 100_000, {}),
    "deflate down": ("/t/Deflated", b"b" * 100_000, {}),
    "19 MB": ("/t/Large", b"c", {}),
    "no such method": ("/t/Nothing", b"", {}),
    "a server's exception": ("/t/Broken", b"", {}),
    "a detail of all letters": ("/t/Unicode", b"", {}),
    "no detail": ("/t/Empty", b"", {}),
    "metadata with a status": ("/t/Metadata", b"", {}),
    "deadline": ("/t/Slow", b"", {"deadline_ns": 200_000_000}),
    "a deadline gone before": ("/t/Slow", b"", {"deadline_ns": 1}),
    "a request over the server's limit": ("/t/Echo", bytes(5 << 20), {}),
    **{f"status {c.name}": (f"/t/{c.name}", b"x", {}) for c in grpc.StatusCode if c.value[0]},
}


@pytest.fixture(scope="module")
def server() -> Iterator[int]:
    """Serve all handlers, with the limit of 4 MB that a server has by default."""
    with grpc_server(HANDLERS, options=DEFAULT_LIMITS) as port:
        yield port


@pytest.mark.parametrize("case", CASES)
def test_what_a_server_says_is_the_same(server: int, case: str) -> None:
    """Status, detail, response and trailing metadata, to the letter."""
    method, payload, fields = CASES[case]
    where = endpoint(server, method=method, **fields)
    mine, theirs = ours(where, payload), grpcios(where, payload)
    assert mine.status == theirs.status
    if mine.status is Status.DEADLINE_EXCEEDED and "Slow" in method:
        assert mine.detail == "Deadline Exceeded"
        assert mine.detail in theirs.detail
    else:
        assert mine.detail == theirs.detail
    assert mine.response == theirs.response
    assert mine.trailers == theirs.trailers


@pytest.mark.parametrize("mutual", [False, True])
@pytest.mark.parametrize("payload", [b"hello", bytes(range(256)) * 12_000])
def test_the_same_by_tls(tmp_path: Any, mutual: bool, payload: bytes) -> None:
    """A private authority, a client's certificate, messages of 3 MB."""
    theirs, mine = certificate(tmp_path), certificate(tmp_path, "client.test")
    files = (open(name).read() for name in (theirs.cert, mine.key, mine.cert))  # noqa: SIM115, PTH123
    roots, key, cert = files
    credentials = theirs.server_credentials(mine.cert if mutual else None)
    with grpc_server(HANDLERS, credentials) as port:
        tls = (roots, key, cert) if mutual else (roots, None, None)
        where = endpoint(f"localhost:{port}", method="/t/Echo", tls=tls)
        for landing in (ours(where, payload), grpcios(where, payload)):
            assert (landing.status, landing.detail) == (Status.OK, "")
            assert landing.response == payload
        if mutual:
            where = endpoint(f"localhost:{port}", method="/t/Echo", tls=(roots, None, None))
            assert ours(where).status is Status.UNAVAILABLE
            assert grpcios(where).status is Status.UNAVAILABLE


Script = Callable[[Scripted], None]


def answering(*blocks: Any, end: bool = True) -> Script:
    """Return a script that answers with blocks of fields (lists) and bytes, the last of all."""

    def behave(server: Scripted) -> None:
        stream = server.request()
        for number, block in enumerate(blocks):
            last = end and number == len(blocks) - 1
            if isinstance(block, bytes):
                server.h2.send_data(stream, block, end_stream=last)
            else:
                server.h2.send_headers(stream, block, end_stream=last)
        server.send()
        with contextlib.suppress(ConnectionError):
            server.request()

    return behave


def resetting(code: int) -> Script:
    """Return a script that resets the stream."""

    def behave(server: Scripted) -> None:
        server.h2.reset_stream(server.request(), code)
        server.send()
        server.request()

    return behave


def going_away(code: int, last: int) -> Script:
    """Return a script that answers each request on each connection with GOAWAY."""

    def behave(server: Scripted) -> None:
        server.request()
        server.h2.close_connection(code, last_stream_id=last)
        server.send()

    return behave


def saying(data: bytes) -> Script:
    """Return a script that says some bytes when the request has come."""

    def behave(server: Scripted) -> None:
        server.request()
        server.send(data)
        server.request()

    return behave


def http(status: int, *fields: tuple[str, str]) -> list[tuple[str, str]]:
    """Return the head of an answer that is not gRPC's."""
    return [(":status", str(status)), ("content-type", "text/html"), *fields]


ONE = b"\0\0\0\0\3one"
SCRIPTS: dict[str, Script] = {
    "OK": answering(START, ONE, OK),
    "OK without a message": answering(START, OK),
    "OK alone": answering([*START, *OK]),
    "half a message": answering(START, b"\0\0\0\0\3on", OK),
    "half a prefix": answering(START, b"\0\0", OK),
    "an unknown status": answering([*START, ("grpc-status", "77")]),
    "a status that is no number": answering([*START, ("grpc-status", "x")]),
    "an error after a message": answering(START, ONE, [("grpc-status", "9")]),
    "gRPC's status in spite of HTTP's": answering(http(404, ("grpc-status", "3"))),
    "compressed without saying how": answering(START, b"\1" + ONE[1:], OK),
    "compressed in a way not offered": answering(
        [*START, ("grpc-encoding", "br")], b"\1" + ONE[1:], OK
    ),
    "compressed and broken": answering([*START, ("grpc-encoding", "gzip")], b"\1" + ONE[1:], OK),
    **{f"HTTP {n}": answering(http(n)) for n in (400, 401, 403, 404, 418, 429, 500, 502, 503, 504)},
    **{f"reset {n}": resetting(n) for n in (0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13)},
    "GOAWAY after the request": going_away(0, 1),
    "GOAWAY and calm": going_away(11, 1),
    "GOAWAY before the request": going_away(0, 0),
    "bytes that are not HTTP/2": saying(b"\xff" * 5000),
    "a frame too large": saying(b"\xff\xff\xff\0\0\0\0\0\1"),
    "headers that cannot be decoded": saying(b"\0\0\4\1\4\0\0\0\1\xff\xff\xff\xff"),
    "a stream that nobody opened": saying(b"\0\0\1\0\0\0\0\0\x63x"),
    "a ping too long": saying(b"\0\0\x09\6\0\0\0\0\0" + bytes(9)),
    "push": saying(b"\0\0\5\5\4\0\0\0\1\0\0\0\2\x88"),
}


OURS = {
    # An OK that is no answer would be counted as one.
    **dict.fromkeys(
        ("OK without a message", "OK alone", "half a message", "half a prefix"), Status.INTERNAL
    ),
    "a status that is no number": Status.UNKNOWN,
    # The connection cannot go on, and whether the request was served is not known.
    **dict.fromkeys(
        (
            "bytes that are not HTTP/2",
            "a frame too large",
            "headers that cannot be decoded",
            "a stream that nobody opened",
            "a ping too long",
            "push",
        ),
        Status.UNAVAILABLE,
    ),
}
NO_DETAIL = ("a status that is no number", "an unknown status")
if GRPC < (1, 85):  # 1.74 has a KeyError of Python, OK, and UNKNOWN for them
    OURS["an unknown status"] = Status.UNKNOWN
    OURS["compressed without saying how"] = Status.INTERNAL
    OURS["compressed in a way not offered"] = Status.INTERNAL


@pytest.mark.parametrize("case", SCRIPTS)
def test_a_servers_oddities_have_one_status(case: str) -> None:
    """Whatever a server does, there is one word for it, and where gRPC gives a reason, we do."""
    with scripted(SCRIPTS[case]) as port:
        where = endpoint(port)
        mine = ours(where, b"x")
        if case in OURS:
            assert mine.status is OURS[case]
            assert mine.detail or case in NO_DETAIL
            return
        theirs = grpcios(where, b"x")
    assert mine.status.name == theirs.status.name
    assert bool(mine.detail) == bool(theirs.detail)
    assert mine.response == theirs.response


def hanging_up(connection: socket.socket) -> None:
    """Close at once."""


@pytest.mark.parametrize("behave", [http1, hanging_up])
def test_no_grpc_server_there(behave: Callable[[socket.socket], None]) -> None:
    """A REST port, or something that hangs up: UNAVAILABLE, and a reason."""
    with raw_server(behave) as port:
        where = endpoint(port, deadline_ns=5_000_000_000)
        mine = ours(where, b"x")
        assert grpcios(where, b"x").status is mine.status is Status.UNAVAILABLE
    assert mine.sent_ns == 0
    assert any(word in mine.detail for word in ("HTTP/1 answers there", "closed", "reset by peer"))


def test_nobody_there() -> None:
    """A closed port, a name that nobody has."""
    where = endpoint(closed_port())
    mine = ours(where)
    assert grpcios(where).status is mine.status is Status.UNAVAILABLE
    assert mine.detail == f"failed to connect: {where.address}: connection refused"
    where = endpoint("nobody.invalid:1")
    mine = ours(where)
    assert grpcios(where).status is mine.status is Status.UNAVAILABLE
    assert mine.detail.startswith("failed to connect: the name 'nobody.invalid' is not known")
