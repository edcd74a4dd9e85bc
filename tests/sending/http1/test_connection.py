"""connection: answers in every form of HTTP/1.1, and what is none."""

import asyncio
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eiload.base.status import Status
from eiload.sending.channel import Landing
from eiload.sending.result import RESENT
from tests.sending.http1.servers import (
    Behave,
    Peer,
    answer,
    asked,
    endpoint,
    land,
    opened,
    run,
    serving,
    until,
)


def saying(*words: bytes, keep: bool = True) -> Behave:
    """Return a server that answers each request by these bytes, and then closes unless it keeps."""

    async def behave(peer: Peer) -> None:
        while True:
            await peer.request()
            for word in words:
                await peer.say(word)
                await asyncio.sleep(0)
            if not keep:
                return

    return behave


CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\n",
    b"de\r\n0\r\nX-Last: 1\r\n\r\n",
)


@pytest.mark.parametrize(
    ("words", "content"),
    [
        ((answer(b"abcde"),), b"abcde"),
        ((b"HTTP/1.1 200 OK\r\nContent-Le", b"ngth: 5\r\n\r\nab", b"cde"), b"abcde"),
        (CHUNKED, b"abcde"),
        ((b"HTTP/1.1 100 Continue\r\n\r\n", answer(b"abcde")), b"abcde"),
        ((b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + answer(b"abcde"),), b"abcde"),
        ((b"HTTP/1.1 204 No Content\r\n\r\n",), b""),
    ],
)
def test_answers_of_every_form(words: tuple[bytes, ...], content: bytes) -> None:
    """Whole, in pieces, in chunks, after interim answers; over one connection."""
    for landing in asked(saying(*words), times=2):
        assert (landing.status, landing.response) == (Status.OK, content)
        assert not landing.resent


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\n\r\nabc",
        b"HTTP/1.0 200 OK\r\n\r\nabc",
    ],
)
def test_an_answer_may_end_its_connection(head: bytes) -> None:
    """It counts; the next request has another connection, and was not sent twice."""
    for landing in asked(saying(head, keep=False), times=3):
        assert (landing.status, landing.response) == (Status.OK, b"abc")
        assert not landing.flags & RESENT


def test_fields_come_back_as_trailers() -> None:
    """Names in lower case."""
    (landing,) = asked(saying(answer(b"", "200 OK", "X-Amzn-Invoked-Production-Variant: a")))
    assert dict(landing.trailers)["x-amzn-invoked-production-variant"] == "a"


def test_five_instants_in_their_order() -> None:
    """Of a request that takes many writes, too."""
    body = bytes(3_000_000)
    (landing,) = asked(saying(answer(b"x")), body)
    instants = [landing.sent_ns, landing.written_ns, landing.first_byte_ns, landing.done_ns]
    assert instants[0] > 0
    assert instants == sorted(instants)


def test_the_first_byte_may_come_long_before_the_last() -> None:
    """The instants of the reads that brought them."""

    async def main() -> Landing:
        seen = asyncio.Event()

        async def behave(peer: Peer) -> None:
            await peer.request()
            await peer.say(b"HTTP/1.1 200")
            await seen.wait()
            await peer.say(b" OK\r\nContent-Length: 1\r\n\r\nx")
            await peer.gone()

        async with serving(behave) as port, opened(port) as channel:
            landed: asyncio.Future[Landing] = asyncio.get_running_loop().create_future()
            request = channel.start(b"x", landed.set_result)
            await until(lambda: request.first_byte_ns > 0)
            between_ns = time.monotonic_ns()
            seen.set()
            landing = await landed
            assert landing.first_byte_ns <= between_ns <= landing.done_ns
            return landing

    assert run(main).status is Status.OK


def test_an_answer_before_the_body_is_read_counts() -> None:
    """A proxy refuses a body by its length, does not read it, and closes."""

    async def behave(peer: Peer) -> None:
        await peer.reader.readuntil(b"\r\n\r\n")
        await peer.say(answer(b"", "413 Payload Too Large", "Connection: close"))
        await peer.gone()

    for landing in asked(behave, bytes(40_000_000), times=2):
        assert (landing.status, landing.detail) == (Status.RESOURCE_EXHAUSTED, "HTTP 413")
        assert not landing.written_ns


def test_what_comes_behind_an_answer_belongs_to_nobody() -> None:
    """Another answer in the same breath does not become that of the next request."""

    async def behave(peer: Peer) -> None:
        while True:
            _, body = await peer.request()
            await peer.say(answer(body) + answer(b"of nobody"))

    async def main() -> list[Landing]:
        async with serving(behave) as port, opened(port) as channel:
            return [await land(channel, b"%d" % i) for i in range(3)]

    landings = run(main)
    assert [landing.response for landing in landings] == [b"0", b"1", b"2"]
    assert all(landing.status is Status.OK and not landing.resent for landing in landings)


@pytest.mark.parametrize(
    ("words", "status", "detail"),
    [
        ((b"",), "UNAVAILABLE", "the server closed the connection"),
        ((b"HTTP/1.1 20",), "UNAVAILABLE", "in the middle of the answer's head"),
        ((answer(b"abc")[:-1],), "UNAVAILABLE", "in the middle of the answer"),
        ((CHUNKED[0],), "UNAVAILABLE", "in the middle of the answer"),
        ((b"\0\0\6\4\0\0\0\0\0\0\5\0\0\x40\0",), "UNAVAILABLE", "HTTP/2: a gRPC port?"),
        ((b"\x15\3\1\0\2\2\x16",), "UNAVAILABLE", "but TLS"),
        ((b"SSH-2.0-OpenSSH_9\r\n\r\n",), "UNAVAILABLE", "no HTTP/1.1"),
        ((b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",), "UNAVAILABLE", "no HTTP/1.1"),
        ((b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000,), "UNAVAILABLE", "Receive buffer too long"),
        ((b"HTTP/1.1 102 On it\r\n\r\n" * 100,), "UNAVAILABLE", "interim answers without end"),
        ((CHUNKED[0] + b"de\r\nzz\r\n",), "UNAVAILABLE", "the server breaks HTTP/1.1"),
    ],
)
def test_what_is_no_answer(words: tuple[bytes, ...], status: str, detail: str) -> None:
    """Each cause has words of its own; no request is sent again over a new connection."""
    (landing,) = asked(saying(*words, keep=False))
    assert landing.status is Status[status]
    assert detail in landing.detail
    assert not landing.resent


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=80), min_size=1, max_size=4), st.booleans())
def test_any_bytes_land(words: list[bytes], http: bool) -> None:
    """Whatever a server says before it closes, the request lands, and nothing raises."""
    said = [b"HTTP/1.1 200 OK\r\n", *words] if http else words
    (landing,) = asked(saying(*said, keep=False))
    assert landing.status in {*Status}
    assert landing.status is not Status.INTERNAL or landing.detail.startswith("HTTP 5")


def test_an_answer_has_a_bound() -> None:
    """Beyond it the request lands, and the connection ends."""

    async def main() -> Landing:
        behave = saying(answer(bytes(1000)))
        async with serving(behave) as port, opened(endpoint(port), max_answer_bytes=999) as channel:
            return await land(channel)

    landing = run(main)
    assert landing.status is Status.RESOURCE_EXHAUSTED
    assert "over 999 bytes" in landing.detail
