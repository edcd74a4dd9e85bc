"""The engine and its child's life and death: real processes."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest
from numpy.typing import NDArray

from eiload.base.clock import NS_PER_MS
from eiload.base.errors import EngineError
from eiload.base.status import Status
from eiload.sending.result import SEND
from tests.grpc_servers import raw_server, silent
from tests.sending.driver import CLOCK, PATIENCE_S, Driver, Serve, sends
from tests.sending.http1.servers import PATH, endpoint, telling


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
    give_up = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
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


def test_repr(serve: Serve) -> None:
    """The engine says how its child is."""
    driver = Driver(serve())
    assert repr(driver.engine) == "<Engine 1 endpoints, not started>"
    with driver:
        assert repr(driver.engine) == f"<Engine 1 endpoints, pid {driver.engine.pid}>"


def test_header_fields_are_renewed_while_requests_go() -> None:
    """Of a payload to a target, from the next request on; a call may bring its own."""
    seen: list[bytes] = []
    with telling(seen) as port, Driver(endpoint(port), endpoint(port)) as driver:
        engine = driver.engine
        first, other = engine.add_payload(b"abc"), engine.add_payload(b"defg")
        engine.renew(0, first, b"X-Signed: 1\r\n")
        assert engine.call(0, "", first).response == b"abc"
        engine.renew(0, first, b"X-Signed: 2\r\n")
        assert engine.call(0, "", first).response == b"abc"
        for target, payload in ((1, first), (0, other)):
            assert engine.call(target, "", payload).status is Status.OK
        assert engine.call(0, "", b"own", headers=b"X-Signed: 3\r\n").response == b"own"
        assert engine.call(0, "GET /ping", b"").status is Status.OK
        instant_ns = CLOCK.now_ns() + NS_PER_MS
        orders = SEND.pack(7, instant_ns, first, 0, 0, 0) + SEND.pack(8, instant_ns, other, 0, 0, 0)
        assert driver.play(orders, CLOCK.now_ns() + 50 * NS_PER_MS)["status"].tolist() == [0, 0]
    signed = [head.lower().partition(b"x-signed: ")[2][:1] for head in seen]
    assert signed[:6] == [b"1", b"2", b"", b"", b"3", b""]
    assert sorted(signed[6:]) == [b"", b"2"]
    paths = [head.split()[1].decode() for head in seen]
    assert paths == [PATH] * 5 + ["/ping"] + [PATH] * 2


def test_a_drain_over_http_1() -> None:
    """What a server never answers is unfinished when the drain ends, and counted once."""
    with raw_server(silent) as port, Driver(endpoint(port)) as driver:
        driver.engine.add_payload(b"abc")
        start_ns = CLOCK.now_ns()
        results = driver.play(sends(5, start_ns, NS_PER_MS), start_ns + 5 * NS_PER_MS, NS_PER_MS)
    assert sorted(results["seq"].tolist()) == [0, 1, 2, 3, 4]
    assert set(results["status"].tolist()) <= {Status.UNFINISHED, Status.DROPPED}
