"""A phase that goes on until everything asked of it is decided: how long, and when it is looked at.

What it knows: lengths and instants, ns from the phase's start. What it must not know: what is
judged at a look, and by which boundary (`eiload.judging.statistics.spending`).

Looks are planned before the run, so that when they are taken says nothing of what was seen. The
usual ones double: what is clear is clear early, and what is not takes much longer. So a plan of
5 min to 1 h is looked at after 5, 10, 20, 40 and 60 min.
"""

from dataclasses import dataclass

from eiload.base.clock import NS_PER_S

__all__ = ["LEAST_NS", "LOOKS_AT_MOST", "MOST_TIMES", "STEPPED_NS", "Until"]

LEAST_NS = 300 * NS_PER_S
"""The first look, where nothing says when: from 5 minutes on the verdicts' error rates hold."""

MOST_TIMES = 12
"""How many times longer than its first look a plan may be: its times are kept in steps that are the
longer the longer the plan is (`record.recorder.step_s_for`), and a look takes blocks of steps."""

STEPPED_NS = 24 * 60 * NS_PER_S
"""From this length on a plan's times are kept in steps of more than a second."""

LOOKS_AT_MOST = 20
"""More looks cost power and show nothing new."""

NEAR_END = 0.8
"""A look so near to the end is left to it: it would take a share of the errors for little time."""


@dataclass(frozen=True, slots=True)
class Until:
    """Until everything is decided, but at least and at most so long; at most is the phase's length.

    Nothing is random or learnt in it: the same phase is always looked at at the same instants.
    """

    at_least_ns: int | None = None
    """No look before; None for the usual (`LEAST_NS`)."""
    given_ns: tuple[int, ...] = ()
    """The looks that the user wants, ascending; empty for the usual."""
    give_up: bool = False
    """End as well when what is left of the plan would hardly decide what is open (futility)."""
    error: float = 0.0
    """How often a word may be wrong, one-sided, by all looks together; 0 for as often as one on a
    run of a fixed length (`judging.statistics.levels`), which is the most in any case."""

    def looks_ns(self, at_most_ns: int) -> tuple[int, ...]:
        """Return when the phase is looked at, from its start; the last is its planned end."""
        if self.given_ns:
            return (*(each for each in self.given_ns if each < at_most_ns), at_most_ns)
        first_ns = LEAST_NS if self.at_least_ns is None else self.at_least_ns
        first_ns = max(first_ns, -(-at_most_ns // MOST_TIMES))
        looks = []
        while first_ns < NEAR_END * at_most_ns:
            looks.append(first_ns)
            first_ns *= 2
        return (*looks, at_most_ns)
