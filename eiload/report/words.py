"""How numbers and foreign text are written in every report.

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

from eiload.clock import NS_PER_MS, NS_PER_S

__all__ = [
    "FAILED",
    "NOT_KNOWN",
    "count",
    "duration",
    "milliseconds",
    "per_second",
    "percent",
    "safe",
    "signed_percent",
]

NOT_KNOWN = "-"
FAILED = "failed"

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Unicode categories that show nothing or steer the display: controls, formats, surrogates, private
use, line and paragraph separators (Unicode Standard, section 4.5)."""

_JOINERS = frozenset("\u200c\u200d")
"""Formats that written languages and emoji need, and that move nothing (Unicode, section 23.2)."""


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
    if math.isinf(value_ns):
        return FAILED
    return _three_digits(value_ns / NS_PER_MS)


def per_second(rate: float) -> str:
    """Return a rate per second with three significant digits and no unit."""
    return NOT_KNOWN if not math.isfinite(rate) else _three_digits(rate)


def _three_digits(value: float) -> str:
    size = abs(value)
    decimals = 0 if size >= 100 or size == 0 else 1 if size >= 10 else 2 if size >= 1 else 3
    return f"{value:,.{decimals}f}"


def count(number: int) -> str:
    """Return a whole number with thousands separated."""
    return f"{number:,}"


def percent(share: float) -> str:
    """Return a share of 1 as per cent, with up to three significant digits."""
    return NOT_KNOWN if not math.isfinite(share) else f"{share * 100:.3g} %"


def signed_percent(ratio: float) -> str:
    """Return a ratio as what it adds in per cent: 1.1 is ``+10 %``, 0.9 is ``-10 %``."""
    if not math.isfinite(ratio):
        return NOT_KNOWN
    text = f"{(ratio - 1) * 100:+.1f} %"
    return text if text not in {"-0.0 %", "+0.0 %"} else "0.0 %"


def duration(span_ns: float) -> str:
    """Return a length of time in the two largest units that it fills: ``1 h 20 min``, ``80 s``."""
    if not math.isfinite(span_ns):
        return NOT_KNOWN
    if span_ns < 10 * NS_PER_S:
        return f"{span_ns / NS_PER_S:.3g} s"
    seconds = round(span_ns / NS_PER_S)
    if seconds < 120:
        return f"{seconds} s"
    hours, minutes, seconds = seconds // 3600, seconds % 3600 // 60, seconds % 60
    parts = [(hours, "h"), (minutes, "min"), (0 if hours else seconds, "s")]
    return " ".join(f"{number} {unit}" for number, unit in parts if number)
