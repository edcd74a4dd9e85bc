"""calls: who waits gets the answer; nobody waits for ever."""

import os
import signal
import threading
import time

import grpc
import pytest

from eiload.base.errors import EngineError
from eiload.base.status import Status
from eiload.sending.calls import Calls, Waiter
from tests.sending.driver import PATIENCE_S, Driver, Serve


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
        calls = driver.engine._calls
        enter = calls.enter

        def impatient() -> Waiter:
            waiter = enter()
            waiter.answered = Impatient()
            return waiter

        patch.setattr(calls, "enter", impatient)
        with pytest.raises(SystemExit):
            driver.engine.call(0, "", b"abc")
        gate.set()
        while not driver.responses:
            time.sleep(0.01)
        assert driver.responses == [b"abc"]
        assert driver.results()["status"].tolist() == [Status.OK]


def test_each_has_the_answer_to_its_number() -> None:
    """Whatever the order of the answers."""
    calls = Calls()
    waiters = [calls.enter() for _ in range(3)]
    assert len({waiter.seq for waiter in waiters}) == len(calls) == 3
    for waiter in reversed(waiters):
        assert calls.answer(waiter.seq, b"result", str(waiter.seq).encode())
    for waiter in waiters:
        calls.wait(waiter, pytest.fail)
        assert (waiter.result, waiter.response) == (b"result", str(waiter.seq).encode())
    assert len(calls) == 0


def test_numbers_nobody_waits_for() -> None:
    """An answer is taken once, and none of those who have left."""
    calls = Calls()
    left, answered = calls.enter(), calls.enter()
    assert not calls.leave(left)
    assert not calls.answer(left.seq, b"", b"")
    assert calls.answer(answered.seq, b"", b"")
    assert not calls.answer(answered.seq, b"", b"")
    assert calls.leave(answered), "the answer had come before it left"


def test_nobody_waits_after_the_end() -> None:
    """Those who wait are woken without an answer; who comes later does not wait."""
    calls = Calls()
    early = calls.enter()
    waiting = threading.Thread(target=calls.wait, args=(early, lambda: None))
    waiting.start()
    calls.end()
    waiting.join(PATIENCE_S)
    assert not waiting.is_alive()
    late = calls.enter()
    calls.wait(late, pytest.fail)
    assert early.result is late.result is None


def test_who_waits_looks_around(monkeypatch: pytest.MonkeyPatch) -> None:
    """Again and again, until the answer is there."""
    monkeypatch.setattr("eiload.sending.calls.CHECK_S", 0.001)
    calls = Calls()
    waiter = calls.enter()
    looks: list[None] = []

    def look() -> None:
        looks.append(None)
        if len(looks) == 3:
            calls.answer(waiter.seq, b"result", b"")

    calls.wait(waiter, look)
    assert len(looks) == 3
