"""HTTP/1.1 on a connection, over real sockets: framing, order, ends, and what is no HTTP."""

import socket
import time
from collections.abc import Iterator

import pytest

from eiload.server.http.exchange import Answer, Asked, Ended
from tests.server.http.served import KIND, asked, serving

WAITING: list[Ended] = []


def echo(request: Asked, ended: Ended) -> None:
    """Answer with what was asked; or never; or break."""
    if request.path == "/hang":
        WAITING.append(ended)
        return
    if request.path == "/defect":
        raise KeyError("here")
    text = f"{request.method} {request.target} {len(request.body)}".encode()
    more = {"X-Seen": request.headers.get("x-two", "")}
    ended(Answer(200, text, "text/plain", more, server_ns=7))


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Serve the echo."""
    with serving(echo) as address:
        yield address


def talk(address: str, data: bytes, *, until: bytes = b"", end: bool = False) -> bytes:
    """Send bytes, and return what comes up to `until`, or to the end of the connection."""
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=120) as client:
        client.sendall(data)
        if end:
            client.shutdown(socket.SHUT_WR)
        got = b""
        while not (until and until in got):
            more = client.recv(65536)
            if not more:
                break
            got += more
        return got


def test_an_answer_says_what_it_is_from(address: str) -> None:
    """By two headers, beside its own."""
    answer, body = asked(address, "GET", "/a?b=c", x_two="1")
    assert (answer.status, body) == (200, b"GET /a?b=c 0")
    assert answer.headers["X-Eiload-Stand-In"] == KIND
    assert answer.headers["X-Eiload-Server-Time-Ns"] == "7"
    assert (answer.headers["Content-Type"], answer.headers["X-Seen"]) == ("text/plain", "1")


def test_a_large_body_and_one_in_chunks(address: str) -> None:
    """Whole, whatever pieces it comes in."""
    _, body = asked(address, "POST", "/", bytes(3_000_000))
    assert body == b"POST / 3000000"
    chunked = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
    assert talk(address, chunked + b"2\r\nde\r\n0\r\n\r\n", until=b"POST / 5")


def test_requests_of_one_connection_are_answered_in_order(address: str) -> None:
    """Also if they come at once."""
    three = b"".join(f"GET /{n} HTTP/1.1\r\nHost: a\r\n\r\n".encode() for n in range(3))
    got = talk(address, three, until=b"GET /2 0")
    assert [got.index(f"GET /{n} 0".encode()) for n in range(3)] == sorted(
        got.index(f"GET /{n} 0".encode()) for n in range(3)
    )


def test_to_head_the_length_is_said(address: str) -> None:
    """And nothing sent."""
    answer, body = asked(address, "HEAD", "/")
    assert (answer.headers["Content-Length"], body) == (str(len("HEAD / 0")), b"")


def test_who_waits_for_100_is_told_to_go_on(address: str) -> None:
    """As curl does before a large body."""
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
    assert talk(address, head, until=b"100 ").startswith(b"HTTP/1.1 100 ")


def test_what_is_no_http_is_refused(address: str) -> None:
    """With 400 and the end of the connection; a head without end with 431."""
    got = talk(address, b"\x16\x03\x01 hello\r\n\r\n")
    assert got.startswith(b"HTTP/1.1 400 ")
    assert b"Bad request" in got
    long = talk(address, b"GET / HTTP/1.1\r\nA: " + b"a" * 70_000)
    assert long.startswith(b"HTTP/1.1 431 ")


def test_a_client_that_sends_no_more_is_answered(address: str) -> None:
    """Once, and then the connection ends; one that has asked nothing gets nothing."""
    got = talk(address, b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n", end=True)
    assert got.endswith(b"GET /x 0")
    assert talk(address, b"", end=True) == b""
    assert talk(address, b"GET /x HTTP/1.0\r\n\r\n").endswith(b"GET /x 0")


def test_a_defect_is_answered(address: str) -> None:
    """With 500 and its name, and the connection goes on."""
    answer, body = asked(address, "GET", "/defect")
    assert (answer.status, body) == (500, b'{"error": "KeyError: \'here\'"}')


def test_an_answer_for_a_client_that_has_gone_is_dropped(address: str) -> None:
    """What ran for it ran in vain."""
    WAITING.clear()
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=120) as client:
        client.sendall(b"GET /hang HTTP/1.1\r\nHost: a\r\n\r\n")
        until = time.monotonic() + 120
        while not WAITING:
            assert time.monotonic() < until
            time.sleep(0.01)
    asked(address, "GET", "/")  # the loop has seen the end by then, or will: both are fine
    WAITING.pop()  # never called: nobody is left to be told


def test_an_unused_connection_is_closed() -> None:
    """After the time that it may be idle, counted from the answer; not before the first request."""
    with serving(echo, idle_s=0.05) as address:
        got = talk(address, b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
        assert got.endswith(b"GET /x 0")  # `talk` returned, so the server has ended it
