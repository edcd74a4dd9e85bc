"""Calls that wait for their answers, in the parent: a table of who waits for what.

What it knows: numbers, and threads (or greenlets) that wait. What it must not know: the socket,
what is in a result, what a call is for. One thread, the engine's reader, tells what has arrived.
"""

import itertools
import threading
from collections.abc import Callable

__all__ = ["Calls", "Waiter"]

FIRST = 1 << 63
"""Where calls' numbers begin: out of the way of scheduled requests'."""

CHECK_S = 1.0
"""How often whoever waits looks whether there is still somebody who could answer."""


class Waiter:
    """Somebody who waits for an answer."""

    __slots__ = ("answered", "response", "result", "seq")

    def __init__(self, seq: int) -> None:
        self.seq = seq
        self.answered = threading.Event()
        self.result: bytes | None = None
        """The packed `result.Result`, once it has arrived."""
        self.response = b""


class Calls:
    """All who wait."""

    def __init__(self) -> None:
        self._waiting: dict[int, Waiter] = {}
        self._numbers = itertools.count(FIRST)
        self._ended = False

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self._waiting)

    def enter(self) -> Waiter:
        """Return a new waiter, with the number that its answer will have."""
        waiter = Waiter(next(self._numbers))
        self._waiting[waiter.seq] = waiter
        return waiter

    def wait(self, waiter: Waiter, meanwhile: Callable[[], object]) -> None:
        """Wait until the answer has arrived, or none will.

        Args:
            waiter: who waits.
            meanwhile: called about once a second.
        """
        # `end` says so before it wakes those who wait.
        while not self._ended and not waiter.answered.wait(CHECK_S):
            meanwhile()

    def answer(self, seq: int, result: bytes, response: bytes) -> bool:
        """Wake whoever waits for an answer; tell whether anybody does."""
        waiter = self._waiting.get(seq)
        if waiter is None:
            return False
        # Who waits may leave at any moment. Whoever takes it out of the table has the answer.
        waiter.result, waiter.response = result, response
        if self._waiting.pop(seq, None) is None:
            return False
        waiter.answered.set()
        return True

    def leave(self, waiter: Waiter) -> bool:
        """Wait no longer; tell whether the answer had been given all the same."""
        return self._waiting.pop(waiter.seq, None) is None

    def end(self) -> None:
        """Wake everybody: nothing will arrive any more."""
        self._ended = True
        for waiter in list(self._waiting.values()):
            waiter.answered.set()
