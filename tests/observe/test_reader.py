"""A page read over a real socket: its first byte's instant, its numbers, what is wrong with it."""

import socket
import threading

import pytest

from eiload.base.clock import NS_PER_S, SystemClock
from eiload.base.status import Status
from eiload.observe.reader import Page, UnreadableError
from eiload.server.metrics import Metrics
from tests.observe.served import served

PATIENCE_NS = 60 * NS_PER_S


def page(url: str, timeout_ns: int = PATIENCE_NS) -> Page:
    """Return what reads a page."""
    return Page(url, SystemClock(), timeout_ns)


def test_a_page_is_read() -> None:
    """Its numbers, the instant within the reading, and a mark that changes when it does."""
    metrics = Metrics()
    metrics.request("ssd", Status.OK, 25_000_000, "GRPC")
    clock = SystemClock()
    with served(lambda: (200, metrics.text().encode())) as url:
        before_ns = clock.now_ns()
        first, again = page(url).read(), page(url).read()
        metrics.request("ssd", Status.OK, 25_000_000, "GRPC")
        later = page(url).read()
    assert before_ns < first.at_ns < before_ns + first.took_ns + NS_PER_S
    assert first.kind == "tfs"
    assert first.values["requests", (("model", "ssd"), ("status", "OK"))] == 1
    assert first.mark == again.mark != later.mark
    assert first.cpu_ns > 0


class Noted(SystemClock):
    """A clock that knows when it was asked for the second time: a page's first byte has come."""

    def __init__(self) -> None:
        self.asked = 0
        self.stamped = threading.Event()

    def now_ns(self) -> int:
        """Return the present instant."""
        self.asked += 1
        now_ns = super().now_ns()
        if self.asked == 2:
            self.stamped.set()
        return now_ns


def test_the_instant_is_the_first_bytes() -> None:
    """Not the last one's: here the rest is only sent once the instant has been taken."""
    clock = Noted()
    said: list[bool] = []

    def slow(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\n")
            said.append(clock.stamped.wait(60))
            connection.sendall(b"Content-Length: 0\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=slow, args=(listener,))
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/x"
        reading = Page(url, clock, 2 * PATIENCE_NS).read()
        thread.join()
    assert said == [True]
    assert reading.took_ns > 0


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (404, b"", "HTTP 404 Not Found"),
        (301, b"", "HTTP 301"),
        (
            200,
            b"# TYPE node_cpu_seconds_total counter\nnode_cpu_seconds_total{a=\xff} 1",
            "not a page",
        ),
    ],
)
def test_what_is_no_page(status: int, body: bytes, why: str) -> None:
    """It is said in a few words."""
    with served(lambda: (status, body)) as url, pytest.raises(UnreadableError, match=why):
        page(url).read()


def test_nobody_there() -> None:
    """A server that says nothing, a closed port, a server that speaks something else."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(UnreadableError, match=r"no answer within 0\.1 s"):
            page(f"http://127.0.0.1:{port}/x", NS_PER_S // 10).read()
    with pytest.raises(UnreadableError, match="refused"):
        page(f"http://127.0.0.1:{port}/x").read()
    with served(lambda: (200, b"")) as url:
        secure = page(url.replace("http:", "https:"), NS_PER_S)
        with pytest.raises(UnreadableError):  # it waits, or says that this is no TLS
            secure.read()
