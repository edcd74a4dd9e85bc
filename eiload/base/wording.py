"""Numbers in the sentences of verdicts: rounded to three digits, with their unit.

What it knows: rounding. What it must not know: verdicts, reports and their forms. Exact texts that
read back are `units`; these are for people and lose digits on purpose, because that is what the
recorder's 0.05 % and any confidence interval support.
"""

import math

from eiload.base.units import format_duration

__all__ = ["change", "count", "length", "marked", "rate", "share", "span", "time"]


def time(value_ns: float) -> str:
    """Return a measured time: ``389 ms``, ``1.23 s``; ``failed`` when it is infinite."""
    if math.isnan(value_ns):
        return "-"
    if math.isinf(value_ns):
        return "failed"
    return format_duration(round(float(f"{value_ns:.3g}")))


def span(seconds: float) -> str:
    """Return a length of time, roughly: ``45 s``, ``17 min``, ``2 h 5 min``, ``3.2 days``."""
    if seconds < 120:
        return f"{math.ceil(seconds)} s"
    minutes = math.ceil(seconds / 60)
    if minutes < 120:
        return f"{minutes} min"
    if minutes < 48 * 60:
        hours, rest = divmod(minutes, 60)
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{seconds / 86400:.1f} days"


def length(seconds: float) -> str:
    """Return a length that is known: ``45 s``, ``5 min 10 s``; from an hour on as `span` has it."""
    whole = math.ceil(seconds)
    if not 120 <= whole < 3600:
        return span(seconds)
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def share(value: float) -> str:
    """Return a share of 1 in per cent: ``0.62 %``; what is not all is never rounded to 100 %."""
    if math.isnan(value):
        return "-"
    text = f"{value * 100:.3g}"
    return f"{math.floor(value * 1e4) / 100:g} %" if text == "100" and value < 1 else f"{text} %"


def change(ratio: float) -> str:
    """Return a ratio as what it adds: 1.1 is ``+10 %``; without end when it is infinite."""
    if math.isnan(ratio):
        return "-"
    if math.isinf(ratio):
        return "without end"
    return f"{(ratio - 1) * 100:+.3g} %"


def rate(per_s: float) -> str:
    """Return a rate: ``7.94/s``."""
    return "-" if math.isnan(per_s) else f"{float(f'{per_s:.3g}'):,.12g}/s"


def count(number: int, noun: str = "") -> str:
    """Return a number with thousands separated, and its noun in the plural when it takes one."""
    if not noun:
        return f"{number:,}"
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def marked(name: str, emulated: object) -> str:
    """Return a name, with the word that must stand wherever something emulated is shown."""
    return f"{name} (emulated)" if emulated else name
