"""Did you mean ...? Which of the known words a wrong one may have been."""

import difflib
from collections.abc import Iterable

__all__ = ["nearest", "slip_of"]


def nearest(word: str, known: Iterable[str]) -> str:
    """Return `` (did you mean 'x'?)`` with the known word that `word` may have meant, or ''."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def slip_of(word: str, known: Iterable[str]) -> str | None:
    """Return the known word of which `word` is a slip of the pen; None if it is none.

    Stricter than `nearest`: for where words of others stand beside the known ones.
    """
    plain = {each.replace("_", ""): each for each in known}
    near = difflib.get_close_matches(word.replace("_", "").lower(), list(plain), n=1, cutoff=0.8)
    return plain[near[0]] if near else None
