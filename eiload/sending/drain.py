"""How a run ends, in the sender: when sending stops, how long is waited, when all is said.

What it knows: the cut, how long the drain may take, and whether it was cut short. What it must not
know: requests, timers, the clock: it is told the time and whether anything is still due or in
flight, and decides; the sender does it.

Instants are ns on the monotonic clock.
"""

from enum import Enum
from typing import NamedTuple

__all__ = ["Act", "Drain", "Step"]


class Act(Enum):
    """What is to be done."""

    NOTHING = "nothing"
    WAIT = "wait"
    """Until an instant, then decide again; the last request in flight may land before."""
    GIVE_UP = "give up"
    """End what is due and was never sent, and what is in flight; then decide again."""
    FINISH = "finish"
    """Say that the drain has ended; nothing follows."""


class Step(NamedTuple):
    """A decision."""

    act: Act
    until_ns: int = 0
    """When to decide again, of a WAIT."""


class Drain:
    """The end of one run: nobody has asked for it at first."""

    def __init__(self) -> None:
        self.stop_at_ns: int | None = None
        """The instant from which nothing is sent; None while there is no end in sight."""
        self._until_ns = 0
        self._cancelled = False
        self._given_up = False
        self._finished = False

    def __repr__(self) -> str:
        """Show how far it is."""
        states = {"finished": self._finished, "given up": self._given_up}
        state = next((name for name, is_so in states.items() if is_so), "under way")
        return f"<Drain {'not asked for' if self.stop_at_ns is None else state}>"

    def allows(self, instant_ns: int) -> bool:
        """Tell whether what is due at an instant is part of the run."""
        if self.stop_at_ns is None:
            return True
        return not self._finished and instant_ns < self.stop_at_ns

    def stop(self, stop_at_ns: int, drain_ns: int, issued_ns: int) -> bool:
        """Take an order to stop; tell whether it changes anything.

        Args:
            stop_at_ns: send nothing that is due from then on; the earliest of several orders holds.
            drain_ns: how long to wait after that for what is in flight.
            issued_ns: the latest instant for which something has been sent. Word may come late:
                what has been sent was sent, and the cut is after it.
        """
        stop_at_ns = max(stop_at_ns, issued_ns + 1)
        if self.stop_at_ns is not None and stop_at_ns >= self.stop_at_ns:
            return False
        self.stop_at_ns = stop_at_ns
        self._until_ns = stop_at_ns + drain_ns
        return True

    def cancel(self) -> None:
        """Wait for nothing after the cut; it may come before the order to stop."""
        self._cancelled = True

    def decide(self, now_ns: int, *, idle: bool) -> Step:
        """Return what is to be done now; giving up and finishing are said once.

        Args:
            now_ns: the time.
            idle: whether nothing is due and nothing in flight.
        """
        if self.stop_at_ns is None or self._finished:
            return Step(Act.NOTHING)
        if now_ns < self.stop_at_ns:
            return Step(Act.WAIT, self.stop_at_ns)
        if idle:
            self._finished = True
            return Step(Act.FINISH)
        if self._given_up:  # each that is in flight lands as unfinished: there is no more to do
            return Step(Act.NOTHING)
        until_ns = self.stop_at_ns if self._cancelled else self._until_ns
        if now_ns < until_ns:
            return Step(Act.WAIT, until_ns)
        self._given_up = True
        return Step(Act.GIVE_UP)
