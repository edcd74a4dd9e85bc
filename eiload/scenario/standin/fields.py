"""What all settings of a stand-in are made of: quantities with units, files that exist.

A quantity is a text with its unit where it is written and dumped, and a number inside; the unit is
in the field's name (``_ns``), the name that users write is the alias.
"""

from pathlib import Path
from typing import Annotated

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)

from eiload.base.clock import NS_PER_S
from eiload.base.units import (
    format_bandwidth,
    format_duration,
    format_share,
    parse_bandwidth,
    parse_duration,
    parse_share,
)

__all__ = [
    "LONGEST_NS",
    "Bandwidth",
    "DurationNs",
    "Settings",
    "Share",
    "SomeDurationNs",
    "absolute",
    "existing",
]

LONGEST_NS = 24 * 3600 * NS_PER_S
"""Emulated times above a day are slips of the unit."""


def _duration(value: object) -> int:
    duration_ns = parse_duration(value)
    if duration_ns > LONGEST_NS:
        raise ValueError(
            f"expected a duration of at most {format_duration(LONGEST_NS)}, got {value!r}"
        )
    return duration_ns


def _some_duration(value: object) -> int:
    duration_ns = _duration(value)
    if duration_ns == 0:
        raise ValueError(f"expected a duration above 0, got {value!r}")
    return duration_ns


def _bandwidth(value: object) -> float:
    bytes_per_s = parse_bandwidth(value)
    if bytes_per_s < 1:
        raise ValueError(f"expected a bandwidth of at least 1 B/s, got {value!r}")
    return bytes_per_s


_DURATION_SCHEMA = WithJsonSchema({"type": "string", "examples": ["250 ms", "1.5 s"]})
DurationNs = Annotated[
    int, BeforeValidator(_duration), PlainSerializer(format_duration), _DURATION_SCHEMA
]
SomeDurationNs = Annotated[
    int, BeforeValidator(_some_duration), PlainSerializer(format_duration), _DURATION_SCHEMA
]
Share = Annotated[
    float,
    BeforeValidator(parse_share),
    PlainSerializer(format_share),
    WithJsonSchema({"type": "string", "examples": ["0.1 %", "50 %"]}),
]
Bandwidth = Annotated[
    float,
    BeforeValidator(_bandwidth),
    PlainSerializer(format_bandwidth),
    WithJsonSchema({"type": "string", "examples": ["10 Gbit/s", "100 MB/s"]}),
]


class Settings(BaseModel):
    """What all settings have in common: immutable, no unknown keys, no wild numbers."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        populate_by_name=True,
        allow_inf_nan=False,
        serialize_by_alias=True,
    )

    @field_validator("*", mode="before")
    @classmethod
    def _not_a_truth(cls, value: object, info: ValidationInfo) -> object:
        """Refuse yes and no where a number is wanted: YAML makes them of several words."""
        field = cls.model_fields[info.field_name or ""]
        if isinstance(value, bool) and field.annotation is not bool:
            raise ValueError(f"expected no truth value, got {value!r}")
        return value


def absolute(path: Path, info: ValidationInfo) -> Path:
    """Return `path` made absolute against the context's ``base``."""
    base = Path((info.context or {}).get("base", Path.cwd()))
    return (base / path.expanduser()).resolve()


def existing(path: Path, info: ValidationInfo) -> Path:
    """Return a file's `path` made absolute, once it is known to exist.

    With the context's ``resolved`` it is taken as it is: run files travel without their inputs.
    """
    path = absolute(path, info)
    if not (info.context or {}).get("resolved") and not path.is_file():
        raise ValueError(f"no such file: {str(path)!r}")
    return path
