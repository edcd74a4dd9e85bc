"""Engine and sender together: a real child process, real gRPC servers on loopback sockets.

No test asks how fast anything is: bounds on time are for hangs only.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import grpc
import numpy as np
import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from eiload.base.clock import NS_PER_MS, NS_PER_S, ManualClock, SystemClock
from eiload.base.errors import EngineError
from eiload.base.status import Status
from eiload.scenario import Target, Tls
from eiload.sending.arrays import RESULT_DTYPE
from eiload.sending.endpoint import Endpoint
from eiload.sending.engine import CHECK_STEP_NS, SILENCE_NS, Engine, _Call
from eiload.sending.reply import Loop
from eiload.sending.result import SEND, WANT_RESPONSE
from eiload.serving.endpoint import endpoint_of
from eiload.serving.tfserving import PREDICT
from tests.grpc_servers import certificate, closed_port, grpc_server

PATIENCE_S = 60
CLOCK = SystemClock()


def echo(request: bytes, _context: grpc.ServicerContext) -> bytes:
    """Answer with the request."""
    return request


class Driver:
    """An engine, and everything it says."""

    def __init__(self, *endpoints: Endpoint, **options: Any) -> None:
        self.batches: list[NDArray[np.void]] = []
        self.responses: list[bytes] = []
        self.done = threading.Event()
        self.died = threading.Event()
        self.stop_at_ns = 0
        self.cause = ""
        self.engine = Engine(
            endpoints,
            on_results=self.batches.append,
            on_response=self._response,
            on_done=self._done,
            on_death=self._death,
            **options,
        )

    def _response(self, result: NDArray[np.void], response: bytes) -> None:
        self.batches.append(result)
        self.responses.append(response)

    def _done(self, stop_at_ns: int) -> None:
        self.stop_at_ns = stop_at_ns
        self.done.set()

    def _death(self, cause: str) -> None:
        self.cause = cause
        self.died.set()

    def __enter__(self) -> Self:
        self.engine.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.engine.close()

    def results(self) -> NDArray[np.void]:
        """Return all results so far."""
        return np.concatenate([np.empty(0, RESULT_DTYPE), *self.batches])

    def play(self, sends: bytes, stop_at_ns: int, drain_ns: int = 10 * NS_PER_S) -> Any:
        """Send, drain and return all results."""
        self.engine.send(sends)
        self.engine.stop(stop_at_ns, drain_ns)
        assert self.done.wait(PATIENCE_S)
        return self.results()


Serve = Callable[..., Endpoint]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Yield what starts a server with one handler and returns its endpoint."""
    with contextlib.ExitStack() as stack:

        def start(handler: Any = echo, **endpoint: Any) -> Endpoint:
            port = stack.enter_context(grpc_server({PREDICT: handler}))
            return Endpoint(f"127.0.0.1:{port}", PREDICT, **endpoint)

        yield start


Handler = Callable[[bytes, grpc.ServicerContext], bytes]


@pytest.fixture
def hang(serve: Serve) -> Iterator[Handler]:  # its servers end after the hanging
    """Yield a handler that does not answer before the end of the test."""
    gate = threading.Event()

    def answer(request: bytes, _context: grpc.ServicerContext) -> bytes:
        gate.wait(PATIENCE_S)
        return request

    yield answer
    gate.set()


def sends(
    count: int, start_ns: int, step_ns: int, *, payload: int = 0, target: int = 0, flags: int = 0
) -> bytes:
    """Return orders for `count` requests, `step_ns` apart."""
    return b"".join(
        SEND.pack(i, start_ns + i * step_ns, payload, target, 3, flags) for i in range(count)
    )


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


def test_drain_ends(serve: Serve, hang: Handler) -> None:
    """A request without an answer at the end of the drain is UNFINISHED: sent, never done."""
    with Driver(serve(hang)) as driver:
        driver.engine.add_payload(b"abc")
        start_ns = CLOCK.now_ns()
        (result,) = driver.play(sends(1, start_ns, 1), start_ns + 1, drain_ns=NS_PER_S // 2)
    assert result["status"] == Status.UNFINISHED
    assert result["sent_ns"] >= start_ns
    assert result["done_ns"] == 0


def test_cancelled_drain(serve: Serve, hang: Handler) -> None:
    """Cancelling ends the drain at once, however long it could be."""
    with Driver(serve(hang, deadline_ns=3600 * NS_PER_S)) as driver:
        driver.engine.add_payload(b"abc")
        start_ns = CLOCK.now_ns()
        driver.engine.send(sends(1, start_ns, 1))
        driver.engine.stop(start_ns + 1, 3600 * NS_PER_S)
        while driver.engine.stats.in_flight == 0:
            time.sleep(0.01)
        driver.engine.cancel()
        assert driver.done.wait(PATIENCE_S)
    assert driver.results()["status"].tolist() == [Status.UNFINISHED]


def test_cancel_overtakes_stop(serve: Serve, hang: Handler) -> None:
    """A cancel that arrives before its stop is not forgotten."""
    with Driver(serve(hang, deadline_ns=3600 * NS_PER_S)) as driver:
        driver.engine.add_payload(b"abc")
        start_ns = CLOCK.now_ns()
        driver.engine.cancel()
        (result,) = driver.play(sends(1, start_ns, 1), start_ns + NS_PER_S // 2, 3600 * NS_PER_S)
    assert result["status"] == Status.UNFINISHED


def test_orders_after_the_stop(serve: Serve) -> None:
    """Of orders that come after the stop, those due before its cut are sent, and no others."""
    with Driver(serve()) as driver:
        driver.engine.add_payload(b"abc")
        start_ns = CLOCK.now_ns() + 200 * NS_PER_MS
        driver.engine.stop(start_ns + 5, 10 * NS_PER_S)
        driver.engine.send(sends(10, start_ns, 1))
        driver.engine.loop(Loop(**loop_spec(start_ns=start_ns + 5)))
        assert driver.done.wait(PATIENCE_S)
    assert sorted(driver.results()["seq"].tolist()) == list(range(5))
    assert driver.stop_at_ns == start_ns + 5


def test_nothing_follows_done(serve: Serve) -> None:
    """Users without a pause, stopped at any moment, are all recorded when DONE is said."""
    with Driver(serve()) as driver:
        driver.engine.add_payload(b"abc")
        users = tuple(range(20))
        spec = loop_spec(users=users, total_users=20, think_ns=0, end_ns=1 << 62)
        driver.engine.loop(Loop(**spec))
        CLOCK.sleep_until(spec["start_ns"] + 300 * NS_PER_MS)
        results = driver.play(b"", CLOCK.now_ns())
        time.sleep(0.2)
        assert len(driver.results()) == len(results)
    assert (results["intended_ns"] < driver.stop_at_ns).all()


def failing(code: grpc.StatusCode, text: str) -> Any:
    """Return a handler that fails so."""

    def fail(_request: bytes, context: grpc.ServicerContext) -> bytes:
        context.abort(code, text)
        raise AssertionError

    return fail


@pytest.mark.parametrize("code", [c for c in grpc.StatusCode if c is not grpc.StatusCode.OK])
def test_statuses(code: grpc.StatusCode) -> None:
    """Every gRPC status arrives as itself, with its text."""
    with (
        grpc_server({PREDICT: failing(code, f"as {code.name}")}) as port,
        Driver(Endpoint(f"127.0.0.1:{port}", PREDICT)) as driver,
    ):
        reply = driver.engine.call(0, "", b"abc")
    assert reply.status.name == code.name
    assert reply.detail == f"as {code.name}"
    assert reply.response == b""


def test_details_are_told_once(serve: Serve) -> None:
    """Texts of many failures are numbered; each number means one text."""
    with Driver(serve(failing(grpc.StatusCode.UNAVAILABLE, "queue is full"))) as driver:
        driver.engine.add_payload(b"abc")
        start_ns = CLOCK.now_ns()
        results = driver.play(sends(20, start_ns, NS_PER_MS), start_ns + NS_PER_S // 10)
        (number,) = set(results["detail"].tolist())
        assert driver.engine.detail(number) == "queue is full"


def test_deadline(serve: Serve, hang: Handler) -> None:
    """A call ends at the endpoint's deadline, or at its own."""
    with Driver(serve(hang, deadline_ns=200 * NS_PER_MS)) as driver:
        short = driver.engine.call(0, "", b"abc")
        longer = driver.engine.call(0, "", b"abc", 400 * NS_PER_MS)
    assert short.status is longer.status is Status.DEADLINE_EXCEEDED
    assert short.done_ns - short.sent_ns >= 190 * NS_PER_MS
    assert longer.done_ns - longer.sent_ns >= 390 * NS_PER_MS


def test_refused() -> None:
    """A closed port is UNAVAILABLE, not an exception."""
    with Driver(Endpoint(f"127.0.0.1:{closed_port()}", PREDICT)) as driver:
        assert driver.engine.call(0, "", b"abc").status is Status.UNAVAILABLE


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


def test_more_payloads_than_the_cache_holds(serve: Serve) -> None:
    """Payloads that do not fit the sender's cache are read again, and right."""
    with Driver(serve()) as driver:
        indices = [driver.engine.add_payload(bytes([i]) * (10 << 20)) for i in range(9)]
        for _ in range(2):
            for i in indices:
                response = driver.engine.call(0, "", i).response
                assert len(response) == 10 << 20
                assert response[:1] == response[-1:] == bytes([i])


def test_large_answers(serve: Serve) -> None:
    """An answer of 19 MB, raw detections, is no matter."""
    size = 19_000_000
    with Driver(serve(lambda _request, _context: bytes(size))) as driver:
        assert len(driver.engine.call(0, "", b"abc").response) == size


def test_metadata_and_compression(serve: Serve) -> None:
    """Metadata arrives with each request; gzip is really used."""
    seen: dict[str, Any] = {}

    def look(request: bytes, context: grpc.ServicerContext) -> bytes:
        seen.update(context.invocation_metadata())
        return request

    with Driver(serve(look, metadata=(("x-key", "secret"),), compression="gzip")) as driver:
        assert driver.engine.call(0, "", bytes(100_000)).response == bytes(100_000)
    assert seen["x-key"] == "secret"


def test_connections(serve: Serve) -> None:
    """Several connections are several TCP connections, used in turn."""
    peers: set[str] = set()

    def look(request: bytes, context: grpc.ServicerContext) -> bytes:
        peers.add(context.peer())
        return request

    with Driver(serve(look, connections=3)) as driver:
        for _ in range(6):
            driver.engine.call(0, "", b"abc")
    assert len(peers) == 3


def test_tls(tmp_path: Path) -> None:
    """TLS and mTLS by files, through the target's settings."""
    pair, ours = certificate(tmp_path), certificate(tmp_path, "client")
    for clients in (None, ours.cert):
        credentials = pair.server_credentials(clients)
        with grpc_server({PREDICT: echo}, credentials) as port:
            tls = Tls(ca=pair.cert, cert=ours.cert, key=ours.key, server_name="localhost")
            target = Target(server=f"127.0.0.1:{port}", model="ssd", tls=tls)
            with Driver(endpoint_of(target)) as driver:
                reply = driver.engine.call(0, "", b"abc")
                assert (reply.status, reply.response) == (Status.OK, b"abc"), reply.detail


def loop_spec(**changes: Any) -> dict[str, Any]:
    """Return a closed loop of two users over one payload."""
    start_ns = CLOCK.now_ns() + 50 * NS_PER_MS
    return {
        "users": [0, 1], "total_users": 2, "think_ns": 5 * NS_PER_MS, "start_ns": start_ns,
        "end_ns": start_ns + 500 * NS_PER_MS, "target": 0, "targets": 1, "phase": 1,
        "payloads": [0], "sample": 0, **changes,
    }  # fmt: skip


def test_closed_loop(serve: Serve) -> None:
    """Each user has one request at a time, and thinks between an answer and the next request."""
    with Driver(serve()) as driver:
        driver.engine.add_payload(b"abc")
        spec = loop_spec()
        driver.engine.loop(Loop(**spec))
        results = driver.play(b"", spec["end_ns"])
    assert len(results) >= 4
    for user in (0, 1):
        own = np.sort(results[results["seq"] % 2 == user], order="seq")
        gaps_ns = own["intended_ns"][1:] - own["done_ns"][:-1]
        assert (gaps_ns >= spec["think_ns"]).all()


@pytest.mark.parametrize("think_ns", [0, 3600 * NS_PER_S], ids=["in flight", "thinking"])
def test_closed_loop_stopped(serve: Serve, think_ns: int) -> None:
    """A stop ends users who are waiting for an answer and users who are thinking."""
    with Driver(serve()) as driver:
        driver.engine.add_payload(b"abc")
        spec = loop_spec(think_ns=think_ns, users=[0], end_ns=CLOCK.now_ns() + 3600 * NS_PER_S)
        driver.engine.loop(Loop(**spec))
        CLOCK.sleep_until(spec["start_ns"] + 200 * NS_PER_MS)
        results = driver.play(b"", CLOCK.now_ns())
    assert len(results) >= 1
    assert (results["intended_ns"] < driver.stop_at_ns).all()


def test_killed(serve: Serve) -> None:
    """A killed sender is noticed, with the signal; whoever waits for it is told."""
    with Driver(serve()) as driver:
        assert driver.engine.pid is not None
        os.kill(driver.engine.pid, signal.SIGKILL)
        assert driver.died.wait(PATIENCE_S)
        assert "killed by signal 9" in driver.cause
        assert not driver.engine.alive
        with pytest.raises(EngineError, match="killed by signal 9"):
            driver.engine.call(0, "", b"abc")


def test_killed_while_somebody_waits(serve: Serve) -> None:
    """A call that waits for its answer ends with the sender."""
    gate = threading.Event()

    def kill(request: bytes, _context: grpc.ServicerContext) -> bytes:
        assert driver.engine.pid is not None
        os.kill(driver.engine.pid, signal.SIGKILL)
        gate.wait(PATIENCE_S)
        return request

    with Driver(serve(kill)) as driver:
        with pytest.raises(EngineError, match="killed by signal 9"):
            driver.engine.call(0, "", b"abc")
        gate.set()


def test_a_defect_in_a_listener(serve: Serve) -> None:
    """An engine whose listener fails dies of it, instead of living on deaf."""

    def fail(_results: NDArray[np.void]) -> None:
        raise LookupError("a defect")

    with Driver(serve()) as driver:
        driver.engine._on_results = fail
        driver.engine.add_payload(b"abc")
        driver.engine.send(sends(1, CLOCK.now_ns(), 1))
        assert driver.died.wait(PATIENCE_S)
        assert driver.cause.startswith("internal error: LookupError: a defect")
        with pytest.raises(EngineError, match="a defect"):
            driver.engine.call(0, "", b"abc")


def test_an_answer_nobody_waits_for(serve: Serve) -> None:
    """When the caller is gone before the answer, the answer goes to who counts the others."""
    gate, asked = threading.Event(), threading.Event()

    def wait(request: bytes, _context: grpc.ServicerContext) -> bytes:
        asked.set()
        gate.wait(PATIENCE_S)
        return request

    class Impatient(threading.Event):
        """Stands for a greenlet that is killed while it waits."""

        def wait(self, _timeout: float | None = None) -> bool:
            asked.wait(PATIENCE_S)
            raise SystemExit

    with Driver(serve(wait)) as driver, pytest.MonkeyPatch.context() as patch:
        call = _Call()
        call.answered = Impatient()
        patch.setattr("eiload.sending.engine._Call", lambda: call)
        with pytest.raises(SystemExit):
            driver.engine.call(0, "", b"abc")
        gate.set()
        while not driver.responses:
            time.sleep(0.01)
        assert driver.responses == [b"abc"]
        assert driver.results()["status"].tolist() == [Status.OK]


def test_silent(serve: Serve) -> None:
    """A sender that hangs is killed once it has been silent for too long."""
    clock = ManualClock(1)
    with Driver(serve(), clock=clock) as driver:
        pid = driver.engine.pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        while psutil.Process(pid).status() != psutil.STATUS_STOPPED:
            time.sleep(0.01)
        time.sleep(0.2)  # what it had said before has been read
        clock.advance(100 * SILENCE_NS)
        driver.engine.check_pulse()
        assert driver.engine.alive  # that was a pause of this process
        for _ in range(SILENCE_NS // CHECK_STEP_NS + 1):
            clock.advance(CHECK_STEP_NS)
            driver.engine.check_pulse()
        assert driver.died.wait(PATIENCE_S)
        assert "no sign of life" in driver.cause


PARENT = """
import sys, time
from eiload.sending.engine import Engine
from eiload.sending.endpoint import Endpoint
engine = Engine([Endpoint("127.0.0.1:1", "/x")])
engine.start()
print(engine.pid, flush=True)
time.sleep(600)
"""


def gone(pid: int) -> bool:
    """Wait until a process has ended."""
    give_up = time.monotonic() + 10
    while time.monotonic() < give_up:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False


def test_parent_killed() -> None:
    """The sender does not outlive its parent, however that ends."""
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, start_new_session=True
    ) as parent:
        assert parent.stdout is not None
        sender = int(parent.stdout.readline())
        parent.kill()
        assert gone(sender)


def test_interrupt_of_the_group() -> None:
    """A Ctrl-C to the parent's process group does not reach the sender."""
    program = PARENT.replace(
        "import sys, time", "import signal, sys, time\nsignal.signal(2, signal.SIG_IGN)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, start_new_session=True
    ) as parent:
        assert parent.stdout is not None
        sender = int(parent.stdout.readline())
        os.killpg(parent.pid, signal.SIGINT)
        time.sleep(0.3)
        assert psutil.Process(sender).status() != psutil.STATUS_ZOMBIE
        parent.kill()
        assert gone(sender)


def test_memory_does_not_grow(serve: Serve) -> None:
    """Thousands of requests leave nothing behind in the sender."""
    with Driver(serve()) as driver:
        driver.engine.add_payload(b"abc")
        sizes = []
        for _ in range(3):
            spec = loop_spec(users=list(range(8)), total_users=8, think_ns=0)
            spec["end_ns"] = spec["start_ns"] + NS_PER_S
            driver.engine.loop(Loop(**spec))
            CLOCK.sleep_until(spec["end_ns"] + NS_PER_S)
            assert driver.engine.pid is not None
            sizes.append(psutil.Process(driver.engine.pid).memory_info().rss)
        assert len(driver.results()) > 100
    assert sizes[2] - sizes[0] < 30e6


def test_repr(serve: Serve) -> None:
    """The engine says how its child is."""
    driver = Driver(serve())
    assert repr(driver.engine) == "<Engine 1 endpoints, not started>"
    with driver:
        assert repr(driver.engine) == f"<Engine 1 endpoints, pid {driver.engine.pid}>"
