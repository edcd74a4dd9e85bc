"""Looks at a run that goes on: judged beside the load, told to whom it concerns."""

import threading
from types import SimpleNamespace
from typing import Any

import gevent
import pytest

from eiload.judging import looks as judging
from eiload.plugin.looking import Looking
from eiload.record.looks import up_to
from eiload.record.taken import LookFacts
from tests.golden import golden_run, scenario
from tests.judging.test_looks import CLOSE, UNTIL

PATIENCE_S = 60


class Conductor:
    """What a look is told to."""

    def __init__(self) -> None:
        self.told: list[tuple[LookFacts, str]] = []
        self.done = threading.Event()
        self.elapsed_ns = 7

    def looked(self, look: LookFacts, end: str) -> None:
        """Take note."""
        self.told.append((look, end))


def looked(
    text: str, second: int, *, over: bool = False, lag_ms: float = 0.2
) -> tuple[Conductor, list[str], Any]:
    """Take one look; return who was told, what was said, and what the page knows."""
    run = golden_run(text, lag_ms=lag_ms)
    said: list[str] = []
    conductor = Conductor()
    live: Any = SimpleNamespace(seen=None)
    live.looked = lambda verdicts: setattr(live, "seen", verdicts)
    looking = Looking(run.scenario, said.append, live)
    looking.begin(conductor)  # type: ignore[arg-type]
    if over:
        conductor.done.set()
    looking.take(up_to(run, second))
    with gevent.Timeout(PATIENCE_S):
        while not (said or over):
            gevent.sleep(0.01)
        gevent.sleep(0.05)
    return conductor, said, live


def test_everything_is_decided() -> None:
    """The run ends for that reason, and its page knows the words."""
    conductor, said, live = looked(UNTIL, 130)
    end = "everything is decided by the look after 2 min"
    assert conductor.told == [(LookFacts(130, 7, ()), end)]
    assert said == [end]
    assert len(live.seen) == 4


def test_something_is_open() -> None:
    """It goes on, and says what for."""
    conductor, said, _ = looked(CLOSE, 130)
    assert [end for _, end in conductor.told] == [""]
    assert said == [
        "after 2 min still open: p95 < 139 ms of gpu, p95 < 139 ms of ei",
    ]


def test_nothing_can_be_decided() -> None:
    """It ends, and says why nothing can be."""
    conductor, said, _ = looked(UNTIL, 130, lag_ms=60.0)
    assert [end for _, end in conductor.told] == ["nothing can be decided any more"]
    (line,) = said
    assert line.startswith(
        "nothing can be decided any more at the look after 2 min: requests to gpu were sent late: "
    )


def test_a_look_that_comes_too_late() -> None:
    """A run that has ended meanwhile is told nothing."""
    conductor, said, _ = looked(UNTIL, 130, over=True)
    assert not conductor.told
    assert not said


def test_a_look_that_cannot_be_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect there is said, and the load goes on."""

    def broken(_run: object) -> None:
        raise ZeroDivisionError("nothing")

    monkeypatch.setattr(judging, "look", broken)
    conductor, said, _ = looked(UNTIL, 130)
    assert not conductor.told
    assert said == ["a look could not be judged: ZeroDivisionError: nothing"]


def test_a_run_that_just_ends() -> None:
    """Has no next look."""
    assert Looking(scenario(), print, None).next_s(0) is None
    assert Looking(scenario(UNTIL), print, None).next_s(0) == 130
