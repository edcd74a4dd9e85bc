"""A worker at its master's door."""

from types import SimpleNamespace
from typing import Any

import gevent
import pytest
from locust.env import Environment

from eiload.base.errors import ScenarioError
from eiload.control.codec import encode
from eiload.plugin import greetings, guest, link
from eiload.plugin.door import MESSAGE
from eiload.plugin.guest import Guest

TOKEN = "for this test"


class Runner:
    """Locust's worker, as far as a guest speaks to it."""

    client_id = "w0"

    def __init__(self) -> None:
        self.environment = Environment()
        self.sent: list[tuple[str, Any]] = []

    def send_message(self, kind: str, data: Any) -> None:
        """Take a message."""
        self.sent.append((kind, data))


class House:
    """A worker's process, and what its guest tells it."""

    def __init__(self, *, loaded: bool = False) -> None:
        self.refused: list[ScenarioError] = []
        self.gone: list[float] = []
        self.runner = Runner()
        runner: Any = self.runner
        self.guest = Guest(
            runner,
            TOKEN,
            refused=self.refused.append,
            gone=self.gone.append,
            is_loaded=lambda: loaded,
        )


def test_says_hello() -> None:
    """It shows itself first."""
    assert House().runner.sent == [(MESSAGE, encode(greetings.Hello()))]


def test_proves_that_it_knows_the_token() -> None:
    """The answer is what only somebody with the token can say, and not the token."""
    house = House()
    assert house.guest.hears(encode(greetings.Challenge("once")))
    kind, data = house.runner.sent[-1]
    answer = greetings.from_worker(data)
    assert kind == MESSAGE
    assert isinstance(answer, greetings.Proof)
    assert link.proves(answer.proof, TOKEN, "w0", "once")
    assert TOKEN not in str(data)


def test_is_refused() -> None:
    """The reason is told."""
    house = House()
    assert house.guest.hears(encode(greetings.Refused("no token")))
    assert str(house.refused[0]) == "the master does not let this worker in: no token"


@pytest.mark.parametrize("data", [None, {}, {"type": "prepare"}, [1], "hello"])
def test_other_messages(data: object) -> None:
    """They are not the door's."""
    assert not House().guest.hears(data)


@pytest.mark.parametrize("loaded", [False, True])
def test_a_silent_master(monkeypatch: pytest.MonkeyPatch, *, loaded: bool) -> None:
    """While there is load, its silence is told; any word of its is a sign of life."""
    now_s = [0.0]
    monkeypatch.setattr(guest, "time", SimpleNamespace(monotonic=lambda: now_s[0]))
    monkeypatch.setattr(guest, "WATCH_S", 0.001)
    house = House(loaded=loaded)
    for _ in range(5):
        now_s[0] += guest.MASTER_SILENCE_S * 0.9
        house.guest.hears({"type": "go"})
        gevent.sleep(0.01)
    assert house.gone == []
    now_s[0] += guest.MASTER_SILENCE_S * 1.1
    gevent.sleep(0.05)
    assert bool(house.gone) == loaded
