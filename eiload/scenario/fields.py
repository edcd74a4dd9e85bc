"""The kinds of fields that a scenario has: texts, numbers, and numbers with a unit.

`Unit` is a number that is written with its unit and kept without: ``deadline: 250 ms`` is
``deadline_ns == 250_000_000``. In a file the unit is required. Code, which validates without a
context, gives the number itself, for there the field's name carries the unit:
``Target(..., deadline_ns=250_000_000)``. The grammar of units is `eiload.base.units`; here is which
numbers make sense at all, so that a slip of the unit is found before a load begins.
"""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationInfo,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from eiload.base.quantity import shown
from eiload.base.units import (
    PERCENTILES,
    format_bandwidth,
    format_duration,
    format_percentile,
    format_rate,
    format_share,
    format_size,
    parse_bandwidth,
    parse_duration,
    parse_percentile,
    parse_rate,
    parse_share,
    parse_size,
)
from eiload.scenario.scalar import number_in

__all__ = [
    "SEED_AT_MOST",
    "FromText",
    "Name",
    "Real",
    "Text",
    "Texts",
    "Unit",
    "Whole",
    "YesNo",
    "bandwidth",
    "duration",
    "percentile",
    "rate",
    "share",
    "size",
]

TEXT_AT_MOST = 4096
NAME_AT_MOST = 64
"""Names of targets and phases are columns of tables and parts of Locust's names."""

SEED_AT_MOST = 2**53 - 1
"""The largest whole number that every reader of JSON keeps exact (RFC 8259, section 6)."""

NUMBER = r"\+?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?"


def _printable(text: str) -> str:
    if not text.strip():
        raise ValueError(f"empty, got {shown(text)}; expected some text")
    if len(text) > TEXT_AT_MOST:
        raise ValueError(f"too long, got {shown(text)}; expected at most {TEXT_AT_MOST} characters")
    if any(unicodedata.category(each) in {"Cc", "Cs", "Zl", "Zp"} for each in text):
        raise ValueError(f"control characters, got {shown(text)}; expected one line of text")
    return text


def _name(text: str) -> str:
    text = _printable(text)
    if text != text.strip():
        raise ValueError(f"spaces around a name, got {shown(text)}; expected {text.strip()!r}")
    if len(text) > NAME_AT_MOST:
        raise ValueError(f"too long, got {shown(text)}; expected at most {NAME_AT_MOST} characters")
    return text


Text = Annotated[str, AfterValidator(_printable), Field(json_schema_extra={"minLength": 1})]
Name = Annotated[
    str,
    AfterValidator(_name),
    Field(json_schema_extra={"minLength": 1, "maxLength": NAME_AT_MOST}),
]
Texts = Annotated[tuple[Text, ...], Field(strict=False)]  # not strict: a list will do
FromText = BeforeValidator(number_in)
"""Comes last in a field's metadata: what is before it is about the number."""

Whole = Annotated[int, FromText]
Real = Annotated[float, FromText]
YesNo = Annotated[bool, FromText]


@dataclass(frozen=True, slots=True)
class Unit:
    """How a number is written with its unit, and which numbers make sense.

    As metadata of a field: ``Annotated[int, Unit(...)]``.
    """

    parse: Callable[[object], float]
    write: Callable[[Any], str]
    pattern: str
    """Regular expression of what may be written, for editors."""
    examples: tuple[str, ...]
    low: float
    high: float
    above: bool = False
    """`low` itself is too low."""

    def number(self, value: object, info: ValidationInfo) -> float:
        """Return the number that `value` says.

        Raises:
            ValueError: it is not one, or out of range.
        """
        if info.context is None and isinstance(value, int | float) and not isinstance(value, bool):
            number = value
        else:
            number = self.parse(value)
        if not self.low <= number <= self.high or (self.above and number == self.low):
            low, high = self.write(self.low), self.write(self.high)
            raise ValueError(
                f"out of range, got {shown(value)}; "
                f"expected {'more than' if self.above else 'at least'} {low} and at most {high}"
            )
        return number

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Read texts with units, write them back; the number in between is `source`'s affair."""
        del source, handler
        return core_schema.with_info_plain_validator_function(
            self.number,
            serialization=core_schema.plain_serializer_function_ser_schema(self.write),
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Describe the text, which may also come from the environment."""
        del schema, handler
        return {
            "type": "string",
            "pattern": rf"^\s*({self.pattern})\s*$|\$\{{",
            "examples": list(self.examples),
        }


def duration(low: str, high: str, *, above: bool = False, example: str = "250 ms") -> Unit:
    """Return a duration, ns inside, from `low` (or above it) to `high`."""
    return Unit(
        parse_duration,
        format_duration,
        rf"{NUMBER}\s*(ns|us|\u00b5s|\u03bcs|ms|s|min|h|d)",
        (example, "1.5 s", "10 min"),
        parse_duration(low),
        parse_duration(high),
        above,
    )


RATE_AT_MOST = "100000/s"
"""Far above what one server of images answers, and what one sender can send."""


def rate(*, above: bool = False) -> Unit:
    """Return a rate, per second inside, from 0 (or above it)."""
    return Unit(
        parse_rate,
        format_rate,
        rf"{NUMBER}\s*/\s*(s|min|h)",
        ("8/s", "90/min"),
        0.0,
        parse_rate(RATE_AT_MOST),
        above,
    )


BANDWIDTH_AT_MOST = "1000000 Gbit/s"
"""A thousand times what any network carries."""


def share(*, above: bool = False, example: str = "0.1 %") -> Unit:
    """Return a share, 0..1 inside."""
    return Unit(parse_share, format_share, rf"{NUMBER}\s*%", (example, "5 %"), 0.0, 1.0, above)


def size(low: str, high: str) -> Unit:
    """Return a size, bytes inside."""
    return Unit(
        parse_size,
        format_size,
        rf"{NUMBER}\s*([kMG]?B|[KMG]iB)",
        ("512 MB", "2 GB"),
        parse_size(low),
        parse_size(high),
    )


def bandwidth() -> Unit:
    """Return a bandwidth, bytes per second inside, from 1 B/s."""
    return Unit(
        parse_bandwidth,
        format_bandwidth,
        rf"{NUMBER}\s*[kMG]?(bit|B)/s",
        ("10 Gbit/s", "100 MB/s"),
        1.0,
        parse_bandwidth(BANDWIDTH_AT_MOST),
    )


def percentile() -> Unit:
    """Return a percentile, a quantile inside."""
    return Unit(
        parse_percentile,
        format_percentile,
        r"[pP][5-9][0-9](\.[0-9]{1,2})?",
        ("p99", "p99.9"),
        *PERCENTILES,
    )
