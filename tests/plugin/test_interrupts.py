"""What signals do, by their handlers: nobody sends any here."""

import inspect
import signal
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import gevent
import locust.main
import pytest

from eiload.base import signals
from eiload.plugin import interrupts
from eiload.plugin.interrupts import Interrupts


class Load:
    """The load of a process, as told."""

    def __init__(self) -> None:
        self.quitting = False
        self.said: list[str] = []
        self.done: list[str] = []
        self.say: Callable[[str], None] = self.said.append
        self.coordinator: Any = SimpleNamespace(
            done=SimpleNamespace(is_set=lambda: False),
            started=SimpleNamespace(is_set=lambda: True),
            cancel=lambda: self.done.append("cancel"),
        )
        self.agent: Any = None

    def drain(self) -> None:
        """Take note."""
        self.done.append("drain")

    def abandon(self) -> bool:
        """Tell that there is nothing to give up."""
        return False


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return with what the main greenlet is ended, which it is not."""
    found: list[Any] = []
    monkeypatch.setattr(gevent, "signal_handler", lambda *_: None)
    monkeypatch.setattr(gevent, "kill", lambda _greenlet, error: found.append(error))
    monkeypatch.setattr(interrupts, "LOCUST_TURN_S", 0.01)
    return found


def settle() -> None:
    """Have greenlets do what they have to."""
    gevent.sleep(0.02)


def test_ctrl_c(killed: list[Any]) -> None:
    """The first drains and then ends Locust as it ends; the second ends the drain."""
    load = Load()
    handler = Interrupts(load)
    handler._on_sigint()
    settle()
    assert load.done == ["drain"]
    assert load.said == ["Ctrl-C: sending stops, waiting for answers; once more to leave them"]
    assert killed == [KeyboardInterrupt]
    handler._on_sigint()
    assert load.done == ["drain", "cancel"]
    assert handler.taken == ["SIGINT", "SIGINT"]


def test_sigterm(killed: list[Any]) -> None:
    """It drains, a second one ends the drain; who else does not end Locust, we do."""
    load = Load()
    handler = Interrupts(load)
    handler._on_sigterm()
    settle()
    assert load.done == ["drain"]
    assert killed == [KeyboardInterrupt]
    handler._on_sigterm()
    assert load.done == ["drain", "cancel"]
    assert "second SIGTERM" in load.said[-1]


@pytest.mark.parametrize("how", ["_on_sigint", "_on_sighup", "_on_sigterm"])
def test_while_locust_quits(killed: list[Any], how: str) -> None:
    """It expects no Ctrl-C then, whatever comes."""
    load = Load()
    load.quitting = True
    getattr(Interrupts(load), how)()
    settle()
    assert killed == []


@pytest.mark.parametrize("is_worker", [False, True])
def test_when_all_is_written(
    killed: list[Any], monkeypatch: pytest.MonkeyPatch, is_worker: bool
) -> None:
    """Signals change nothing; a worker's end it at once, as its master waits for it."""
    kept: list[tuple[int, int]] = []
    monkeypatch.setattr(signals, "over", lambda status, patience: kept.append((status, patience)))
    load = Load()
    if is_worker:
        load.coordinator = None
    Interrupts(load).over(3)
    assert kept == [(3, 1 if is_worker else 3)]
    assert killed == []


def test_while_locust_ends_by_itself(killed: list[Any]) -> None:
    """A run whose last worker has gone ends without our Ctrl-C, which would be a traceback."""
    handler = Interrupts(Load())

    def stop_and_optionally_quit() -> None:
        handler._on_sighup()
        settle()

    stop_and_optionally_quit()
    assert inspect.getsource(locust.main).count(f"def {interrupts.LOCUST_ENDS}(") == 1
    assert killed == []


def test_a_terminal_that_goes_away(killed: list[Any]) -> None:
    """The kernel and the shell may both say so: once is enough."""
    load = Load()
    handler = Interrupts(load)
    handler._on_sighup()
    handler._on_sighup()
    settle()
    assert load.done == ["drain"]
    assert handler.taken == ["SIGHUP"]
    assert killed == [KeyboardInterrupt]


def test_on_a_worker(killed: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """It waits a while for its master's word, then stops its own part."""
    monkeypatch.setattr(interrupts, "SIGINT_PATIENCE_S", 0.05)
    load = Load()
    load.coordinator = None
    load.agent = SimpleNamespace(going=SimpleNamespace(is_set=lambda: True))
    Interrupts(load)._on_sigint()
    gevent.sleep(0.3)
    assert load.done == ["drain"]
    assert load.said == []
    assert killed == [KeyboardInterrupt]


def test_while_workers_are_waited_for(killed: list[Any]) -> None:
    """A run that has none yet is given up with the signal's status."""
    load = Load()
    load.coordinator = None
    given_up: Any = lambda: True  # noqa: E731
    vars(load)["abandon"] = given_up
    Interrupts(load)._on_sigint()
    settle()
    (left,) = killed
    assert isinstance(left, SystemExit)
    assert left.code == 128 + signal.SIGINT
