"""What ends a run before its plan does: too much has failed for too long, or too many in a row.

``abort: {errors: 50 % for 10 s, failures: 50 in a row, grace: 30 s}``. What it knows: how that is
written. What it must not know: who counts (`control.rows`, `control.ending`), what becomes of the
run.

k6 has the like: ``abortOnFail`` of a threshold, and ``delayAbortEval``.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, PlainSerializer, PlainValidator

from eiload.base.clock import NS_PER_S
from eiload.base.quantity import shown
from eiload.base.units import format_duration, format_share, parse_duration, parse_share
from eiload.scenario.fields import duration
from eiload.scenario.form import Form
from eiload.scenario.problem import Problem

__all__ = ["Abort", "InARow", "TooMany"]

WINDOW_NS = (NS_PER_S, 3600 * NS_PER_S)
"""How long it may be at least and at most that too many fail: workers report every 3 s or sooner,
and an abort after more than an hour is none."""

EXAMPLE = "50 % for 10 s"
_PATTERN = re.compile(r"(?P<share>\S.*%)\s*for\s+(?P<window>\S.*)", re.IGNORECASE)

ROW_AT_MOST = 1_000_000
ROW_EXAMPLE = "50 in a row"
_ROW_PATTERN = re.compile(r"(?P<number>[0-9][0-9_,]*)\s+in\s+a\s+row", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class TooMany:
    """At least a share of the requests that ended, over some time."""

    share: float
    """In (0, 1]."""
    window_ns: int

    def __str__(self) -> str:
        """Return it as it is written."""
        return f"{format_share(self.share)} for {format_duration(self.window_ns)}"


def _too_many(value: object) -> TooMany:
    if isinstance(value, TooMany):
        return value
    found = _PATTERN.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f"no share and time, got {shown(value)}; expected {EXAMPLE!r}")
    share, window_ns = parse_share(found["share"]), parse_duration(found["window"])
    if not 0 < share <= 1:
        raise ValueError(f"out of range, got {shown(value)}; expected more than 0 % to 100 %")
    if not WINDOW_NS[0] <= window_ns <= WINDOW_NS[1]:
        least, most = map(format_duration, WINDOW_NS)
        raise ValueError(f"out of range, got {shown(value)}; expected {least} to {most}")
    return TooMany(share, window_ns)


@dataclass(frozen=True, slots=True)
class InARow:
    """So many requests to a target, none of which ended well, one after the other."""

    number: int

    def __str__(self) -> str:
        """Return it as it is written."""
        return f"{self.number} in a row"


def _in_a_row(value: object) -> InARow:
    if isinstance(value, InARow):
        return value
    found = _ROW_PATTERN.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f"no number in a row, got {shown(value)}; expected {ROW_EXAMPLE!r}")
    number = int(found["number"].replace(",", "").replace("_", ""))
    if not 1 <= number <= ROW_AT_MOST:
        raise ValueError(f"out of range, got {shown(value)}; expected 1 to {ROW_AT_MOST}")
    return InARow(number)


class Abort(Form):
    """When a run is ended for cause; its verdict is bad then, whatever its objectives say."""

    errors: Annotated[
        TooMany | None,
        PlainValidator(
            lambda value: None if value is None else _too_many(value),
            json_schema_input_type=Annotated[str, Field(pattern=r"%\s*for\s|\$\{")],
        ),
        PlainSerializer(lambda value: None if value is None else str(value)),
    ] = Field(
        default=None,
        description="share of a target's requests that ended otherwise than OK, and for how long",
        examples=[EXAMPLE],
    )
    failures: Annotated[
        InARow | None,
        PlainValidator(
            lambda value: None if value is None else _in_a_row(value),
            json_schema_input_type=Annotated[str, Field(pattern=r"in\s+a\s+row|\$\{")],
        ),
        PlainSerializer(lambda value: None if value is None else str(value)),
    ] = Field(
        default=None,
        description="how many of a target's requests in a row ended otherwise than OK",
        examples=[ROW_EXAMPLE],
    )
    grace: Annotated[int, duration("0 s", "1 h", example="30 s")] = Field(
        default=10 * NS_PER_S,
        description="from the start of the load; what fails within it aborts nothing",
    )

    @classmethod
    def conflicts(cls, given: Mapping[str, Any]) -> Iterator[Problem]:
        """Yield that nothing is said."""
        if given.get("errors") is None and given.get("failures") is None:
            yield Problem(
                (), f"no cause; expected 'errors: {EXAMPLE}' or 'failures: {ROW_EXAMPLE}'"
            )
