"""The laws of computing time and round trip, as settings.

Which law is meant is said by the keys: ``{median, p99}`` is lognormal, ``{mean, cv}`` gamma,
``{csv}`` empirical, a bare duration constant. Who draws from them is `eiload.server.laws`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
    field_validator,
    model_validator,
)

from eiload.base.quantity import shown
from eiload.base.units import format_duration
from eiload.scenario.fields import Real
from eiload.scenario.form import Form
from eiload.scenario.standin.fields import DurationNs, File, SomeDurationNs, existing

__all__ = ["Compute", "Constant", "Empirical", "Gamma", "LogNormal", "RoundTrip"]


class Constant(Form):
    """Every inference computes equally long."""

    constant_ns: DurationNs = Field(alias="constant", description="the one computing time")

    def describe(self) -> str:
        """Return the law in a few words."""
        return format_duration(self.constant_ns)


class LogNormal(Form):
    """Computing times with a long right tail."""

    median_ns: SomeDurationNs = Field(alias="median", description="half of the times are shorter")
    p99_ns: SomeDurationNs = Field(alias="p99", description="99 % of the times are shorter")

    @model_validator(mode="after")
    def _tail_above_middle(self) -> Self:
        if self.p99_ns < self.median_ns:
            raise ValueError("expected p99 >= median")
        return self

    def describe(self) -> str:
        """Return the law in a few words."""
        return f"median {format_duration(self.median_ns)} p99 {format_duration(self.p99_ns)}"


class Gamma(Form):
    """Computing times around a known mean."""

    mean_ns: SomeDurationNs = Field(alias="mean", description="mean of the times")
    cv: Real = Field(
        gt=0, le=10, description="coefficient of variation: standard deviation over mean"
    )

    def describe(self) -> str:
        """Return the law in a few words."""
        return f"mean {format_duration(self.mean_ns)} cv {self.cv:g}"


class Empirical(Form):
    """Computing times drawn, with replacement, from a file of measured ones."""

    csv: File = Field(
        description="one duration a line (with its unit; a bare number is ms), # begins a comment"
    )

    @field_validator("csv")
    @classmethod
    def _found(cls, path: Path, info: ValidationInfo) -> Path:
        return existing(path, info)

    def describe(self) -> str:
        """Return the law in a few words."""
        return f"times of {self.csv.name}"


_LAW_KEYS = frozenset({"constant", "median", "p99", "mean", "cv", "csv"})


def _law(value: object) -> str:
    """Return which law a setting of `compute` means, by its keys."""
    if isinstance(value, BaseModel):
        return type(value).__name__.lower()
    if isinstance(value, Mapping):
        keys = set(value)
        for tag, own in (
            ("lognormal", {"median", "p99"}),
            ("gamma", {"mean", "cv"}),
            ("empirical", {"csv"}),
        ):
            if keys & own:
                return tag
    return "constant"


def _bare_constant(value: object) -> object:
    """Let `compute: 60 ms` stand for `compute: {constant: 60 ms}`."""
    if isinstance(value, str | int | float):
        return {"constant": value}
    if isinstance(value, Mapping) and not _LAW_KEYS & value.keys():
        raise ValueError(
            "expected a duration, {median, p99}, {mean, cv} or {csv: FILE}, "
            f"got {shown(dict(value))}"
        )
    return value


Compute = Annotated[
    Annotated[Constant, Tag("constant")]
    | Annotated[LogNormal, Tag("lognormal")]
    | Annotated[Gamma, Tag("gamma")]
    | Annotated[Empirical, Tag("empirical")],
    Discriminator(_law),
    BeforeValidator(
        _bare_constant,
        json_schema_input_type=DurationNs | Constant | LogNormal | Gamma | Empirical,
    ),
]


class RoundTrip(LogNormal):
    """The network's own time in each inference, with a tail."""
