"""A replay as it is written: a file, which part of it, how fast."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, PlainSerializer, PlainValidator, ValidationInfo

from eiload.base.clock import NS_PER_S
from eiload.base.quantity import shown
from eiload.base.units import format_duration, format_rate
from eiload.scenario.fields import Real, Text, YesNo, duration, rate
from eiload.scenario.form import Form
from eiload.scenario.replay import Replay, Seen
from eiload.scenario.trace import Trace

__all__ = ["ReplayField", "fits", "written"]

YEARS = "3650 d"
"""A trace may be longer than any run."""


class SeenForm(Form):
    """What the trace was when the scenario was read; written by eiload, not by hand."""

    sha256: Text = Field(description="of the file")
    share: Real = Field(gt=0, le=1, description="of its requests that is sent")
    seconds: Annotated[str, Field(strict=True)] = Field(
        description="requests of each second, compressed"
    )


class ReplayForm(Form):
    """Arrivals as they were recorded."""

    file: Text = Field(
        description="CSV with a header, JSON lines, gaps in us a line, or counts per minute; "
        "perhaps compressed with gzip; relative to the scenario",
        examples=["trace.csv.gz"],
    )
    column: Text | None = Field(
        default=None,
        description="of the instants (JSON: a key, or a path of keys such as a.b); left out: the "
        "one of a known name, such as timestamp",
    )
    unit: Literal["s", "ms", "us", "ns"] | None = Field(
        default=None, description="what plain numbers count; ISO times need none"
    )
    where: dict[Text, Text] = Field(
        default_factory=dict, description="only lines with these texts in these columns"
    )
    start: Annotated[int, duration("0 s", YEARS, example="2 h")] = Field(
        default=0, alias="from", description="where in the trace to begin"
    )
    length: Annotated[int, duration("0 s", YEARS, above=True, example="1 h")] | None = Field(
        default=None, alias="for", description="how much of the trace to take; left out: to its end"
    )
    speed: Real = Field(
        default=1.0, ge=0.001, le=100_000, description="seconds of the trace in one of the phase"
    )
    loop: YesNo = Field(default=False, description="begin again when the trace, or its part, ends")
    sort: YesNo = Field(default=False, description="the file is not in order: sort it in memory")
    scale_to: Annotated[float, rate(above=True)] | None = Field(
        default=None, description="keep a drawn share, so many requests per second in the mean"
    )
    seen: SeenForm | None = Field(default=None, description="what eiload saw in the file")


def _replay(value: object, info: ValidationInfo) -> Replay:
    if isinstance(value, Replay):
        return value
    if not isinstance(value, Mapping):
        raise ValueError(  # noqa: TRY004 - pydantic collects ValueErrors
            f"not a replay, got {shown(value)}; expected a mapping such as {{file: trace.csv}}"
        )
    form = ReplayForm.read(value, info)
    trace = Trace(
        str(Path(form.file)), form.column or "", form.unit or "", tuple(form.where.items())
    )
    seen = form.seen and Seen(form.seen.sha256, form.seen.share, form.seen.seconds)
    return Replay(
        trace,
        form.start,
        form.length,
        form.speed,
        form.loop,
        form.sort,
        form.scale_to,
        seen or None,
    )


def fits(replay: Replay, duration_ns: int) -> None:
    """Look whether what was seen is of a phase of this length.

    Raises:
        ValueError: it is not, or is damaged.
    """
    if replay.seen and len(replay.seen.per_second()) != -(-duration_ns // NS_PER_S):
        raise ValueError(
            "counts of a phase of another length; expected none, no 'seen:', after a change"
        )


def written(replay: Replay) -> dict[str, object]:
    """Return a replay as it is written in a scenario."""
    trace, seen = replay.trace, replay.seen
    what: dict[str, object | None] = {
        "file": trace.file,
        "column": trace.column or None,
        "unit": trace.unit or None,
        "where": dict(trace.where) or None,
        "from": format_duration(replay.start_ns),
        "for": None if replay.length_ns is None else format_duration(replay.length_ns),
        "speed": replay.speed,
        "loop": replay.loop,
        "sort": replay.sort,
        "scale_to": None if replay.scale_to is None else format_rate(replay.scale_to),
        "seen": seen and {"sha256": seen.sha256, "share": seen.share, "seconds": seen.seconds},
    }
    return {key: value for key, value in what.items() if value is not None}


ReplayField = Annotated[
    Replay,
    PlainValidator(_replay, json_schema_input_type=ReplayForm),
    PlainSerializer(written),
]
