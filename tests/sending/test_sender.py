"""The sender as a real child process, against real gRPC servers on loopback sockets.

No test asks how fast anything is: bounds on time are for hangs only.
"""

import threading
import time
from collections.abc import Callable

import grpc
import numpy as np
import psutil
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eiload.base.clock import NS_PER_MS, NS_PER_S
from eiload.base.status import Status
from eiload.sending.endpoint import Endpoint
from eiload.sending.loop import Loop
from eiload.sending.result import SEND, WANT_RESPONSE
from eiload.serving.tfserving import PREDICT
from tests.grpc_servers import grpc_server
from tests.sending.driver import CLOCK, PATIENCE_S, Driver, Serve, loop_spec, sends


def test_instants(serve: Serve) -> None:
    """Intended instants come back as ordered; sent is never before them, nor done before sent."""
    with Driver(serve()) as driver:
        driver.engine.add_payload(b"abc")
        start_ns = CLOCK.now_ns() + 50 * NS_PER_MS
        orders = sends(50, start_ns, 3 * NS_PER_MS + 1)
        results = driver.play(orders, start_ns + NS_PER_S)
    results = np.sort(results, order="seq")
    assert results["intended_ns"].tolist() == [
        start_ns + i * (3 * NS_PER_MS + 1) for i in range(50)
    ]
    assert (results["sent_ns"] >= results["intended_ns"]).all()
    assert (results["done_ns"] >= results["sent_ns"]).all()
    assert (results["status"] == Status.OK).all()
    assert (results["phase"] == 3).all()
    assert (results["response_bytes"] == 3).all()


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    offsets=st.lists(st.integers(0, 200), min_size=1, max_size=60),
    guard=st.sampled_from([1, 3, 1000]),
    cut=st.integers(0, 250),
)
def test_each_order_has_one_result(offsets: list[int], guard: int, cut: int) -> None:
    """Whatever the guard and the cut, what was due before the cut ends exactly once, no other."""

    def slow(request: bytes, _context: grpc.ServicerContext) -> bytes:
        time.sleep(0.02)
        return request

    with (
        grpc_server({PREDICT: slow}) as port,
        Driver(Endpoint(f"127.0.0.1:{port}", PREDICT), max_in_flight=guard) as driver,
    ):
        driver.engine.add_payload(b"abc")
        start_ns = CLOCK.now_ns() + 50 * NS_PER_MS
        orders = b"".join(
            SEND.pack(i, start_ns + offset * NS_PER_MS, 0, 0, 0, 0)
            for i, offset in enumerate(offsets)
        )
        results = driver.play(orders, start_ns + cut * NS_PER_MS)
        due = [i for i, o in enumerate(offsets) if start_ns + o * NS_PER_MS < driver.stop_at_ns]
    assert sorted(results["seq"].tolist()) == due
    assert driver.stop_at_ns >= start_ns + cut * NS_PER_MS
    assert set(results["status"].tolist()) <= {Status.OK, Status.DROPPED}
    dropped = results[results["status"] == Status.DROPPED]
    assert (dropped["sent_ns"] == 0).all()


def wait_for(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    give_up_ns = CLOCK.now_ns() + PATIENCE_S * NS_PER_S
    while not holds():
        assert CLOCK.now_ns() < give_up_ns
        CLOCK.sleep_until(CLOCK.now_ns() + 10 * NS_PER_MS)


def test_bytes_are_guarded_too(serve: Serve) -> None:
    """What would be too many bytes is dropped with the reason; one alone goes, however large."""
    gate = threading.Event()

    def stall(request: bytes, _context: grpc.ServicerContext) -> bytes:
        gate.wait(PATIENCE_S)
        return request

    with Driver(serve(stall), max_in_flight_bytes=2_500_000) as driver:
        small, large = (driver.engine.add_payload(bytes(size)) for size in (10**6, 5 * 10**6))
        start_ns = CLOCK.now_ns() + 50 * NS_PER_MS
        places = (small, large, small, small)  # one, then too many, two, and again too many
        orders = b"".join(
            SEND.pack(seq, start_ns + seq * NS_PER_MS, payload, 0, 0, 0)
            for seq, payload in enumerate(places)
        )
        driver.engine.send(orders)
        wait_for(lambda: len(driver.results()) == 2)  # those that were dropped
        gate.set()
        wait_for(lambda: len(driver.results()) == len(places))
        last = SEND.pack(len(places), CLOCK.now_ns(), large, 0, 0, 0)
        results = np.sort(driver.play(last, CLOCK.now_ns() + NS_PER_S), order="seq")
        dropped = results[results["status"] == Status.DROPPED]
        said = {driver.engine.detail(number) for number in dropped["detail"].tolist()}
    assert dropped["seq"].tolist() == [1, 3]
    assert said == {"max_in_flight_bytes (2.5 MB) was reached"}
    assert (results["status"][[0, 2, 4]] == Status.OK).all()


def test_stalled_server_shows(serve: Serve) -> None:
    """While a server stalls requests stay due: their response times show what users wait."""
    gate = threading.Event()

    def stall(request: bytes, _context: grpc.ServicerContext) -> bytes:
        gate.wait(PATIENCE_S)
        return request

    with Driver(serve(stall)) as driver:
        driver.engine.add_payload(b"abc")
        start_ns = CLOCK.now_ns() + 50 * NS_PER_MS
        driver.engine.send(sends(4, start_ns, 100 * NS_PER_MS))
        CLOCK.sleep_until(start_ns + NS_PER_S)
        gate.set()
        results = np.sort(driver.play(b"", start_ns + NS_PER_S), order="seq")
    waited_ns = results["done_ns"] - results["intended_ns"]
    assert (waited_ns >= NS_PER_S - np.arange(4) * 100 * NS_PER_MS).all()


def test_responses_on_demand(serve: Serve) -> None:
    """Response bytes come back for the requests whose response is wanted, and for no other."""
    with Driver(serve()) as driver:
        plain, wanted = (driver.engine.add_payload(text) for text in (b"plain", b"wanted"))
        start_ns = CLOCK.now_ns()
        orders = sends(3, start_ns, 1, payload=plain) + sends(
            2, start_ns, 1, payload=wanted, flags=WANT_RESPONSE
        )
        results = driver.play(orders, start_ns + NS_PER_MS)
    assert len(results) == 5
    assert driver.responses == [b"wanted"] * 2


def test_calls_by_bytes_and_by_payload(serve: Serve) -> None:
    """A call carries its request, or names a payload; both get their answer."""
    with Driver(serve()) as driver:
        index = driver.engine.add_payload(b"stored")
        assert driver.engine.call(0, "", b"inline").response == b"inline"
        assert driver.engine.call(0, "", index).response == b"stored"
        assert driver.engine.call(0, "/no.such/Method", b"").status is Status.UNIMPLEMENTED


def test_memory_does_not_grow(serve: Serve) -> None:
    """Thousands of requests leave nothing behind in the sender."""
    with Driver(serve()) as driver:
        driver.engine.add_payload(b"abc")
        sizes = []
        for _ in range(3):
            spec = loop_spec(users=list(range(8)), total_users=8, think_ns=0)
            spec["end_ns"] = spec["start_ns"] + NS_PER_S
            driver.engine.loop(Loop(**spec))
            CLOCK.sleep_until(spec["end_ns"])
            assert driver.engine.call(0, "", b"").status is Status.OK  # after theirs
            assert driver.engine.pid is not None
            sizes.append(psutil.Process(driver.engine.pid).memory_info().rss)
        assert len(driver.results()) > 100
    assert sizes[2] - sizes[0] < 30e6
