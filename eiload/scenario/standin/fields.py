"""What a stand-in's settings are made of beside the fields of every form: emulated times, files."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationInfo

from eiload.base.units import parse_duration
from eiload.scenario.fields import bandwidth, duration, share

__all__ = [
    "LONGEST_NS",
    "Bandwidth",
    "DurationNs",
    "File",
    "RequestShare",
    "SomeDurationNs",
    "absolute",
    "existing",
]

LONGEST = "1 d"
"""Emulated times above a day are slips of the unit."""

LONGEST_NS = parse_duration(LONGEST)

DurationNs = Annotated[int, duration("0 s", LONGEST)]
SomeDurationNs = Annotated[int, duration("0 s", LONGEST, above=True)]

Bandwidth = Annotated[float, bandwidth()]
RequestShare = Annotated[float, share()]

File = Annotated[Path, Field(strict=False)]  # not strict: a text will do


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
