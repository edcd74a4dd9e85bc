"""A replay as it is written: a file, which part of it, how fast."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PlainSerializer, PlainValidator, ValidationInfo

from eiload.base.clock import NS_PER_S
from eiload.base.quantity import shown
from eiload.base.units import format_duration, format_rate
from eiload.scenario.fields import Name, Real, Text, YesNo, duration, rate
from eiload.scenario.form import Form
from eiload.scenario.problem import Problem
from eiload.scenario.replay import Replay, Seen
from eiload.scenario.trace import Trace

__all__ = ["ReplayField", "fits", "written"]

YEARS = "3650 d"
"""A trace may be longer than any run."""


Chosen = Annotated[
    tuple[
        Annotated[tuple[Annotated[str, Field(strict=True)], ...], Field(strict=False)],
        Annotated[int, Field(ge=1)],
    ],
    Field(strict=False),
]
"""Texts by column, and how many requests have them."""


class SeenForm(Form):
    """What the trace was when the scenario was read; written by eiload, not by hand."""

    sha256: Text = Field(description="of the file")
    share: Real = Field(gt=0, le=1, description="of its requests that is sent")
    seconds: Annotated[str, Field(strict=True)] = Field(
        description="requests of each second, compressed"
    )
    choices: Annotated[tuple[Chosen, ...], Field(strict=False)] = Field(
        default=(), description="what its requests choose, and how many choose it"
    )
    targets: dict[Name, Annotated[str, Field(strict=True)]] = Field(
        default={}, description="of each target that they choose the seconds, likewise"
    )


class ChooseForm(Form):
    """Columns that choose what a request is; what none of them chooses is drawn."""

    of_class: Text | None = Field(
        default=None, alias="class", description="column with a class of the payload's mix"
    )
    image: Text | None = Field(
        default=None, description="column with an image's file name, or as much of its path"
    )
    batch: Text | None = Field(
        default=None,
        description="column with a batch size, one of the payload's 'batch'",
        examples=["NumImages"],
    )
    target: Text | None = Field(
        default=None, description="column with the name of the only target that gets the request"
    )

    @classmethod
    def conflicts(cls, given: Mapping[str, Any]) -> Iterator[Problem]:
        """Yield keys behind which there is nothing."""
        for key, column in given.items():
            if column is None:
                yield Problem((key,), "nothing; expected the name of a column, or no such key")


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
    choose: ChooseForm = Field(
        default=ChooseForm(),
        description="columns (JSON: keys) that say what each request is",
        examples=[{"class": "Model"}],
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
        str(Path(form.file)),
        form.column or "",
        form.unit or "",
        tuple(form.where.items()),
        tuple(form.choose.model_dump(exclude_none=True).items()),
    )
    seen = form.seen and Seen(
        form.seen.sha256,
        form.seen.share,
        form.seen.seconds,
        form.seen.choices,
        tuple(form.seen.targets.items()),
    )
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
    seen, seconds = replay.seen, -(-duration_ns // NS_PER_S)
    if seen is None:
        return
    of_all = {len(seen.per_second()), *(len(seen.per_second(name)) for name, _ in seen.targets)}
    if of_all != {seconds}:
        raise ValueError(
            "counts of a phase of another length; expected none, no 'seen:', after a change"
        )
    if seen.choices and sum(count for _, count in seen.choices) != int(seen.per_second().sum()):
        raise ValueError("damaged choices of a trace: they are not as many as its requests")
    if any(len(texts) != len(replay.kinds) for texts, _ in seen.choices):
        raise ValueError(
            "choices by other columns; expected none, no 'seen:', after a change of 'choose'"
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
        "choose": dict(trace.choose) or None,
        "seen": seen and _seen_written(seen),
    }
    return {key: value for key, value in what.items() if value is not None}


def _seen_written(seen: Seen) -> dict[str, object]:
    found: dict[str, object] = {
        "sha256": seen.sha256,
        "share": seen.share,
        "seconds": seen.seconds,
    }
    if seen.choices:
        found["choices"] = [[list(texts), count] for texts, count in seen.choices]
    if seen.targets:
        found["targets"] = dict(seen.targets)
    return found


ReplayField = Annotated[
    Replay,
    PlainValidator(_replay, json_schema_input_type=ReplayForm),
    PlainSerializer(written),
]
