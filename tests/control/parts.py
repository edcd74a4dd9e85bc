"""Parts of a run: sessions, each with its real sender, and what they saw."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from eiload.base.clock import NS_PER_MS, SystemClock
from eiload.control.session import Hooks, Session
from eiload.scenario import Scenario
from eiload.sending.arrays import RESULT_DTYPE
from eiload.sending.result import Result

PATIENCE_S = 60
CLOCK = SystemClock()


class Player:
    """A session and the results it saw."""

    def __init__(self, scenario: Scenario, index: int = 0, count: int = 1, **options: Any) -> None:
        self.seen: list[Result] = []
        hooks = Hooks(lambda results, _detail: self.seen.extend(results), lambda _text: None)
        self.session = Session(scenario, index, count, clock=CLOCK, hooks=hooks, **options)
        self.prepared = self.session.prepare()

    def results(self) -> NDArray[np.void]:
        """Return all results in the order of their numbers."""
        return np.sort(np.array(self.seen, RESULT_DTYPE), order=["seq", "target"])


Make = Callable[..., Player]


@pytest.fixture
def parts() -> Iterator[Make]:
    """Yield what makes prepared sessions; close them after the test."""
    made: list[Player] = []

    def make(*arguments: Any, **options: Any) -> Player:
        made.append(Player(*arguments, **options))
        return made[-1]

    yield make
    for part in made:
        part.session.close()


def together(*players: Player) -> int:
    """Start sessions at one instant and wait until all have finished; return the instant."""
    origin_ns = CLOCK.now_ns() + 100 * NS_PER_MS
    for part in players:
        part.session.go(origin_ns)
    for part in players:
        assert part.session.finished.wait(PATIENCE_S)
    return origin_ns
