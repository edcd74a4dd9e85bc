"""How the numbers of tables and foreign text are written in every report.

What it knows: units, rounding, what is unsafe to show. What it must not know: runs, verdicts, the
form that the text ends up in (each form escapes its own markup on top of `safe`).

Numbers keep three significant digits, which is what the recorder's 0.05 % and any confidence
interval support. Two values are no numbers: a time that was not measured, or that the data cannot
support, is ``-``; an infinite time belongs to a request that did not end OK and is ``failed``.

Foreign text (names, the server's error messages) may hold anything: terminal escapes, line breaks
that forge a line of the report, overrides of the writing direction that make it read backwards.
"""

import math
import unicodedata

from eiload.base.clock import NS_PER_MS

__all__ = [
    "FAILED",
    "NOT_KNOWN",
    "milliseconds",
    "per_second",
    "safe",
    "signed_milliseconds",
    "tame",
    "three_digits",
]

NOT_KNOWN = "-"
FAILED = "failed"

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Unicode categories that show nothing or steer the display: controls, formats, surrogates, private
use, line and paragraph separators (Unicode Standard, section 4.5)."""

_JOINERS = frozenset("\u200c\u200d")
"""Formats that written languages and emoji need, and that move nothing (Unicode, section 23.2)."""


FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""

TEXT_AT_MOST = 2000
"""Characters of a cell of CSV."""


def tame(text: str) -> str:
    """Return foreign text as a cell of CSV that no spreadsheet computes."""
    shown = safe(text, TEXT_AT_MOST)
    return f"'{shown}" if shown.startswith(FORMULA) else shown


def safe(text: str, limit: int = 200) -> str:
    r"""Return `text` fit to be shown: one line, nothing hidden, at most `limit` characters.

    What would steer a display is shown as Python writes it (``\x1b``, ``\u202e``); everything that
    people write in, right-to-left scripts and emoji included, stays as it is. A text that is cut
    ends in ``...``.
    """
    shown = "".join(_shown(character) for character in text[: limit + 1])
    return shown if len(shown) <= limit else shown[: max(0, limit - 3)] + "..."


def _shown(character: str) -> str:
    hidden = unicodedata.category(character) in _HIDDEN and character not in _JOINERS
    return repr(character)[1:-1] if hidden or _is_noncharacter(ord(character)) else character


def _is_noncharacter(point: int) -> bool:
    """Tell whether `point` is one of the 66 that are never text (Unicode, section 23.7)."""
    return point & 0xFFFE == 0xFFFE or 0xFDD0 <= point <= 0xFDEF


def milliseconds(value_ns: float | None) -> str:
    """Return a time in ms with three significant digits and no unit; see above for ``-``."""
    if value_ns is None or math.isnan(value_ns):
        return NOT_KNOWN
    return FAILED if math.isinf(value_ns) else three_digits(value_ns / NS_PER_MS)


def signed_milliseconds(value_ns: float) -> str:
    """Return a difference in ms as `milliseconds` writes it, with a plus where it is one."""
    said = milliseconds(value_ns)
    return f"+{said}" if 0 < value_ns < math.inf else said


def per_second(rate: float) -> str:
    """Return a rate per second with three significant digits and no unit."""
    return three_digits(rate) if math.isfinite(rate) else NOT_KNOWN


def three_digits(value: float) -> str:
    """Return a finite number with three significant digits, at most three of them decimals."""
    rounded = float(f"{value:.3g}") if abs(value) < 1000 else value
    size = abs(rounded)
    decimals = 0 if size >= 100 or size == 0 else 1 if size >= 10 else 2 if size >= 1 else 3
    return f"{rounded:,.{decimals}f}"
