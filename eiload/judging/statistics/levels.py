"""How sure each word must be: the error rates of a judgement, in one place.

A run that is judged once, at its end, is judged by `FIXED`. Whoever looks several times spends the
same error rates over the looks and judges each of them by levels of its own: the same functions
serve both. What each level was chosen for, and how often the words are wrong: docs/statistics.md.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields

__all__ = ["FIXED", "Levels", "erring"]


@dataclass(frozen=True, slots=True)
class Levels:
    """The one-sided confidence of each limit that a word rests on, each in (0.5, 1)."""

    quantile_passes: float = 0.993
    """Of the limit that a quantile passes by: bad episodes are few and of very different lengths,
    so a run that missed the longest looks better, and surer, than it is."""
    passes: float = 0.975
    """Of errors, dropped requests and throughput."""
    mean_passes: float = 0.99999
    """If a mean were normal; it is not. It hangs on rare long stalls that a run may happen not to
    have, and then its variance looks small as well."""
    fails: float = 0.975
    """Of any objective that a run can pass."""
    short_fails: float = 0.99
    """Of a run that is too short to pass anything."""
    ratio: float = 0.975
    """Of each side of a comparison's interval: 95 % for both."""

    def each(self, change: Callable[[float], float]) -> "Levels":
        """Return these levels, each changed: for one of several looks."""
        return Levels(*(change(getattr(self, field.name)) for field in fields(self)))


FIXED = Levels()
"""For a run that is judged once."""


def erring(error: float) -> Levels:
    """Return levels by which a word is wrong at most so often, one-sided.

    Never less sure than `FIXED`: where its levels are higher than their error rates would take,
    they were chosen so by what was measured.
    """
    return FIXED.each(lambda sure: max(sure, 1 - error))
