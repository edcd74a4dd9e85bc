"""Quantities as people write them, and the numbers that the code counts in.

One grammar for the scenario, the command line and the reports: a decimal number, perhaps a space,
and a unit that is always required (``500`` is half a second to one reader and eight minutes to the
next). Inside, a quantity is a plain number whose name carries the unit:

- durations, ``250 ms``: int ns;
- rates, ``90/min``: float per second;
- shares, ``0.1 %``: float in 0..1;
- sizes, ``512 MB``: int bytes;
- bandwidths, ``1.2 Gbit/s``: float bytes per second;
- prices, ``0.085 USD/h + 0.12 USD/h``: float USD per hour;
- percentiles, ``p99.9``: float quantile in 0..1.

Each ``parse_x`` has its ``format_x``, and what ``format_x`` writes, ``parse_x`` reads back to the
very same number (exact arithmetic between text and float; a property test). The grammar is
`base.quantity`. Pure: no scenario, no clock, no file. What is wrong is a `ValueError` that says
what was given and what was expected, with an example; callers say where it was.
"""

import re
from decimal import Decimal
from fractions import Fraction

from eiload.base.quantity import TEXT_AT_MOST, Quantity, decimal, plain, shown

__all__ = [
    "format_bandwidth",
    "format_duration",
    "format_percentile",
    "format_price",
    "format_rate",
    "format_share",
    "format_size",
    "parse_bandwidth",
    "parse_duration",
    "parse_percentile",
    "parse_price",
    "parse_rate",
    "parse_share",
    "parse_size",
]

_PERCENTILE = re.compile(r"[pP]([0-9]{1,2}(?:\.[0-9]{1,2})?)")
_PLUS = re.compile(r"(?<![eE])\+")

_DURATION = Quantity(
    "duration",
    ("250 ms", "10 min"),
    {
        "ns": Fraction(1),
        "us": Fraction(10**3),
        "\u00b5s": Fraction(10**3),  # micro sign
        "\u03bcs": Fraction(10**3),  # Greek mu, which looks the same
        "ms": Fraction(10**6),
        "s": Fraction(10**9),
        "min": Fraction(60 * 10**9),
        "h": Fraction(3600 * 10**9),
        "d": Fraction(24 * 3600 * 10**9),
    },
    ("ms", "s"),
    {
        "min": "m, mins, minute, minutes",
        "ms": "m, msec, millis",
        "s": "sec, secs, second, seconds",
        "h": "hr, hour, hours",
        "d": "day, days",
    },
)


def parse_duration(value: object) -> int:
    """Return a duration such as ``250 ms`` in ns; units ns, us, ms, s, min, h, d.

    Raises:
        ValueError: it is not one, finer than 1 ns, or longer than 63 bits hold (292 years).
    """
    return _DURATION.whole(value, of="ns")


def format_duration(duration_ns: int) -> str:
    """Return a duration in the unit in which it is shortest, exactly.

    Minutes, hours and days only when whole: ``90 s``, ``1.5 s``, ``10 min``, ``12.345678 ms``.
    """
    for unit in ("d", "h", "min"):
        size_ns = int(_DURATION.units[unit])
        if duration_ns and duration_ns % size_ns == 0:
            return f"{duration_ns // size_ns} {unit}"
    for unit, digits in (("s", 9), ("ms", 6), ("us", 3)):
        if duration_ns >= 10**digits and duration_ns % 10 ** (digits - 3) == 0:
            return f"{plain(Decimal(duration_ns).scaleb(-digits))} {unit}"
    return f"{duration_ns} ns" if duration_ns else "0 s"


_RATE = Quantity(
    "rate",
    ("20/s", "90/min"),
    {"/s": Fraction(1), "/min": Fraction(1, 60), "/h": Fraction(1, 3600)},
    ("/s", "/min"),
    {
        "/s": "/sec, /second, rps, qps, hz, req/s, requests/s, per s, per second",
        "/min": "/m, /minute, per min, per minute",
        "/h": "/hour, per hour",
    },
)


def parse_rate(value: object) -> float:
    """Return a rate such as ``20/s`` or ``90/min`` per second.

    Raises:
        ValueError: it is not one.
    """
    return _RATE.real(_RATE.parse(value), value)


def format_rate(per_s: float) -> str:
    """Return a rate exactly, in the first unit that needs no more than three places.

    ``8/s``, ``1.5/s``, ``100/min``; per second when none does.
    """
    for unit, size in _RATE.units.items():
        text = f"{plain(decimal(per_s * float(1 / size)))}{unit}"
        if re.fullmatch(r"[0-9]+(\.[0-9]{1,3})?/.*", text) and parse_rate(text) == per_s:
            return text
    return f"{plain(decimal(per_s))}/s"


_SHARE = Quantity("share", ("0.1 %", "5 %"), {"%": Fraction(1, 100)}, ("%",))


def parse_share(value: object) -> float:
    """Return a share such as ``0.1 %`` as a float in 0..1.

    Raises:
        ValueError: it is not one, or it is more than 100 %.
    """
    if isinstance(value, float) and 0 < value < 1:
        hundredfold = plain(decimal(value).scaleb(2))
        raise ValueError(
            f"no unit, got {value!r}; {_SHARE.expected} ('{value!r} %' or '{hundredfold} %'?)"
        )
    share = _SHARE.parse(value)
    if share > 1:
        raise ValueError(f"more than 100 %, got {shown(value)}; {_SHARE.expected}")
    return float(share)


def format_share(share: float) -> str:
    """Return a share in per cent: ``0.1 %``."""
    return f"{plain(decimal(share).scaleb(2))} %"


_SIZE = Quantity(
    "size",
    ("512 MB", "2 GB"),
    {
        "B": Fraction(1),
        "kB": Fraction(10**3),
        "MB": Fraction(10**6),
        "GB": Fraction(10**9),
        "KiB": Fraction(2**10),
        "MiB": Fraction(2**20),
        "GiB": Fraction(2**30),
    },
    ("MB", "GB"),
    {"kB": "k", "MB": "m, mbytes", "GB": "g, gbytes", "MiB": "mi", "GiB": "gi"},
)


def parse_size(value: object) -> int:
    """Return a size such as ``512 MB`` in bytes; units B, kB, MB, GB, KiB, MiB, GiB.

    Raises:
        ValueError: it is not one.
    """
    return _SIZE.whole(value, of="bytes")


def format_size(size_bytes: int) -> str:
    """Return a size exactly, in the largest unit of a thousand that needs no more than 3 places."""
    for unit, digits in (("GB", 9), ("MB", 6), ("kB", 3)):
        if size_bytes >= 10**digits and size_bytes % 10 ** (digits - 3) == 0:
            return f"{plain(Decimal(size_bytes).scaleb(-digits))} {unit}"
    return f"{size_bytes} B"


_BANDWIDTH = Quantity(
    "bandwidth",
    ("1.2 Gbit/s", "100 MB/s"),
    {
        "bit/s": Fraction(1, 8),
        "kbit/s": Fraction(10**3, 8),
        "Mbit/s": Fraction(10**6, 8),
        "Gbit/s": Fraction(10**9, 8),
        "B/s": Fraction(1),
        "kB/s": Fraction(10**3),
        "MB/s": Fraction(10**6),
        "GB/s": Fraction(10**9),
    },
    ("Gbit/s", "MB/s"),
    {
        "bit/s": "bps",
        "kbit/s": "kbps, kbit",
        "Mbit/s": "mbps, mbit",
        "Gbit/s": "gbps, gbit",
        "MB/s": "mb",
        "GB/s": "gb",
    },
)


def parse_bandwidth(value: object) -> float:
    """Return a bandwidth such as ``1.2 Gbit/s`` in bytes per second.

    Raises:
        ValueError: it is not one.
    """
    return _BANDWIDTH.real(_BANDWIDTH.parse(value), value)


def format_bandwidth(bytes_per_s: float) -> str:
    """Return a bandwidth exactly: ``1.2 Gbit/s``; in B/s what bits cannot say exactly."""
    bits_per_s = decimal(bytes_per_s) * 8
    for unit, digits in (("Gbit/s", 9), ("Mbit/s", 6), ("kbit/s", 3)):
        text = f"{plain(bits_per_s.scaleb(-digits))} {unit}"
        if bits_per_s >= 10**digits and parse_bandwidth(text) == bytes_per_s:
            return text
    return f"{plain(decimal(bytes_per_s))} B/s"


_PRICE = Quantity(
    "price",
    ("0.90 USD/h", "0.085 USD/h + 0.12 USD/h"),
    {"USD/h": Fraction(1)},
    ("USD/h",),
    {"USD/h": "usd, usd/hour, $/h, /h"},
)


def parse_price(value: object) -> float:
    """Return a price, or a sum of prices, in USD per hour.

    Raises:
        ValueError: it is not one.
    """
    terms = _PLUS.split(value) if isinstance(value, str) else [value]
    return _PRICE.real(sum(map(_PRICE.parse, terms), Fraction(0)), value)


def format_price(usd_per_h: float) -> str:
    """Return a price with at least two places: ``0.90 USD/h``."""
    price = decimal(usd_per_h)
    text = plain(price)
    exponent = price.as_tuple().exponent
    if "e" not in text and isinstance(exponent, int) and exponent > -2:
        text = f"{price:.2f}"
    return f"{text} USD/h"


PERCENTILES = (0.5, 0.9999)
"""The quantiles that can be asked for: below the median is no tail, above p99.99 no data."""


def parse_percentile(value: object) -> float:
    """Return a percentile such as ``p99.9`` as a quantile, 0.999; p50 to p99.99.

    Raises:
        ValueError: it is not one.
    """
    expected = "expected a percentile from 'p50' to 'p99.99'"
    found = _PERCENTILE.fullmatch(value.strip()) if isinstance(value, str) else None
    quantile = float(Fraction(found[1]) / 100) if found else -1.0
    if not PERCENTILES[0] <= quantile <= PERCENTILES[1]:
        what = "out of range" if found else "not a percentile"
        raise ValueError(f"{what}, got {shown(value)}; {expected}{_percentile_hint(value)}")
    return quantile


def format_percentile(quantile: float) -> str:
    """Return a quantile as a percentile: 0.999 is ``p99.9``."""
    return f"p{plain(decimal(quantile).scaleb(2))}"


def _percentile_hint(value: object) -> str:
    """Return what `value` may have meant: ``p999`` is p99.9, 0.99 and 99 are p99."""
    digits = re.sub(r"[^0-9.]", "", str(value)[:TEXT_AT_MOST])
    meant = ""
    if re.fullmatch(r"0\.[0-9]{1,4}|\.[0-9]{1,4}", digits):
        meant = format_percentile(float(digits))
    elif re.fullmatch(r"9[0-9]{2,3}", digits):
        meant = f"p{digits[:2]}.{digits[2:]}"
    elif re.fullmatch(r"[5-9][0-9](\.[0-9]{1,2})?", digits):
        meant = f"p{digits}"
    return f" (did you mean '{meant}'?)" if meant else ""
