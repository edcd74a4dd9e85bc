"""The sender's process: what it needs is found out before, why it ended is told."""

import os
import resource
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from eiload.base.errors import EngineError
from eiload.sending import child
from eiload.sending.child import Child

pytestmark = pytest.mark.usefixtures("cold_senders")


@pytest.fixture
def process() -> Iterator[Child]:
    """Yield a running child; end it after the test."""
    running = Child(1)
    yield running
    running.hang_up()
    running.close()


def test_it_ends_when_hung_up(process: Child) -> None:
    """A child ends once its socket closes."""
    assert psutil.pid_exists(process.pid)
    process.hang_up()
    assert not psutil.pid_exists(process.pid)
    assert process.cause_of_death() == "the sender process ended with status 0"


def test_last_words(process: Child) -> None:
    """A child that fails is quoted with the last line that it wrote."""
    process.socket.sendall(b"\xff" * 64)
    cause = process.cause_of_death()
    assert cause.startswith("the sender process ended with status 1: ValueError: damaged stream")
    assert "\n" not in cause


def test_payloads_follow_each_other(process: Child) -> None:
    """Payloads lie one behind the other."""
    assert [process.add_payload(data) for data in (b"abc", b"", b"de")] == [(0, 3), (3, 0), (3, 2)]


def test_no_room(process: Child) -> None:
    """Payloads that do not fit are one line with a remedy."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(EngineError, match=r"do not fit into .* set TMPDIR to a larger folder"):
            process.add_payload(bytes(2000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_the_limit_of_open_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """More connections than files may be open is found before anything starts."""
    set_to = list[tuple[int, int]]()
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (100, 500))
    monkeypatch.setattr(resource, "setrlimit", lambda _which, to: set_to.append(to))
    with pytest.raises(EngineError, match="ulimit -n"):
        Child(1000)
    child._allow_files(50)
    assert set_to == []
    child._allow_files(300)
    assert set_to == [(300, 500)]


def test_killed_by_us(process: Child) -> None:
    """Whom we kill for a reason has not died of another."""
    process.kill()
    assert process.cause_of_death() == "the sender process was killed by signal 9 (by eiload)"


def test_killed(process: Child, monkeypatch: pytest.MonkeyPatch) -> None:
    """A want of memory is thought of only if the system may have killed for it."""
    os.kill(process.pid, signal.SIGKILL)
    told = "the sender process was killed by signal 9"
    at_start = process._memory_kills
    monkeypatch.setattr(child, "_memory_kills", lambda: at_start)
    known = "" if at_start is not None else " (out of memory?)"
    assert process.cause_of_death() == told + known
    monkeypatch.setattr(child, "_memory_kills", lambda: (at_start or 0) + 1)
    assert process.cause_of_death() == f"{told} (out of memory?)"


@pytest.mark.skipif(not Path("/proc/vmstat").exists(), reason="no Linux")
def test_memory_kills() -> None:
    """Linux counts them."""
    kills = child._memory_kills()
    assert kills is not None
    assert kills >= 0
