"""What a scenario says, all of it, as a frozen model.

The same models are the YAML form (aliases, units, defaults, descriptions: `json_schema`), the
resolved form that travels to workers and into run files (`Scenario.to_json`, `restore`), and what
the rest of the code reads. They know which values make sense, alone and together. They know
nothing of files: paths are texts here, looked at by `eiload.scenario.reading`.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from eiload.base.clock import NS_PER_S
from eiload.base.masked import MASK
from eiload.scenario.abort import Abort
from eiload.scenario.conflicts import conflicts
from eiload.scenario.fields import (
    SEED_AT_MOST,
    Name,
    Whole,
    percentile,
    share,
    size,
)
from eiload.scenario.find import Find
from eiload.scenario.form import Form
from eiload.scenario.objective import Agreement, Objective, ObjectiveField
from eiload.scenario.payload import Payload
from eiload.scenario.problem import Problem
from eiload.scenario.target import Target
from eiload.scenario.traffic import PhaseField

__all__ = ["Compare", "Scenario", "json_schema"]

TARGETS_AT_MOST = 16
PHASES_AT_MOST = 250
"""The sender's records carry a phase's number in 8 bits (`eiload.sending.result`)."""
OBJECTIVES_AT_MOST = 1000

REFERENCE = r"\$\{"
"""How editors know a value from the environment, which may stand where a number is expected."""


def _ascending(quantiles: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(sorted(set(quantiles)))


Percentile = Annotated[float, percentile()]


class Compare(Form):
    """Which target is compared with which; both get the same requests at the same instants."""

    baseline: Name = Field(description="target to compare with", examples=["gpu"])
    candidate: Name = Field(description="target that is in question", examples=["ei"])
    margin: Annotated[float, share(above=True, example="10 %")] = Field(
        default=0.1, description="an increase below this does not matter"
    )
    headline: Percentile = Field(default=0.99, description="the percentile that the verdict is on")
    quantiles: Annotated[
        tuple[Percentile, ...], AfterValidator(_ascending), Field(strict=False)
    ] = Field(
        default=(0.5, 0.9, 0.95, 0.99, 0.999),
        min_length=1,
        max_length=50,
        description="the percentiles that are reported",
        examples=[["p50", "p90", "p99"]],
    )


class Scenario(Form):
    """Who is loaded with what, when, and what is expected of it."""

    name: Name = Field(description="name of the scenario, for reports", examples=["gpu-vs-ei"])
    source: str | None = Field(default=None, description="path of its file, as it was given")
    seed: Whole = Field(
        default=1, ge=0, le=SEED_AT_MOST, description="same seed, same instants and payloads"
    )
    targets: dict[Name, Target] = Field(
        min_length=1,
        max_length=TARGETS_AT_MOST,
        description="by name; each request goes to all of them",
    )
    payload: Payload = Field(
        default=Payload(users=""),
        description="what is sent; if absent, what the locustfile's one user class gives",
    )
    traffic: Annotated[tuple[PhaseField, ...], Field(strict=False)] = Field(
        min_length=1, max_length=PHASES_AT_MOST, description="phases, in order"
    )
    objectives: Annotated[tuple[ObjectiveField, ...], Field(strict=False)] = Field(
        default=(), max_length=OBJECTIVES_AT_MOST, description="the SLA, one demand a line"
    )
    compare: Compare | None = Field(default=None, description="compare two of the targets")
    abort: Abort | None = Field(default=None, description="what ends a run before its plan does")
    find: Find | None = Field(
        default=None,
        description="where `eiload capacity` looks for the highest rate at which the objectives "
        "hold; an ordinary run does without",
    )
    max_in_flight: Whole = Field(
        default=1000,
        ge=1,
        le=100_000,
        description="requests in flight at most, in each load-generating process; a guard, "
        "not the load: what would exceed it is dropped and counted",
    )
    max_in_flight_bytes: Annotated[int, size("1 MB", "1000 GB")] | None = Field(
        default=None,
        description="how much the requests in flight may be together, in each load-generating "
        "process: a guard against its running out of memory; if absent, by the memory there is",
    )
    sample: Whole = Field(
        default=100,
        ge=0,
        le=1_000_000,
        description="one in so many answers is fetched and checked; 0: none",
    )

    @property
    def duration_ns(self) -> int:
        """Return how long all phases take together, warm-up included."""
        return sum(phase.duration_ns for phase in self.traffic)

    def target_index(self, name: str) -> int:
        """Return which of the targets is called `name`, in the order that everything counts by.

        Raises:
            KeyError: none is.
        """
        for index, each in enumerate(self.targets):
            if each == name:
                return index
        raise KeyError(name)

    def target_at(self, index: int) -> Target:
        """Return the target of such an index (`target_index`)."""
        return [*self.targets.values()][index]

    def concerns(self, objective: Objective, target: str) -> bool:
        """Tell whether an objective is asked of a target."""
        if isinstance(objective.metric, Agreement):  # of a pair; told of the candidate
            return self.compare is not None and self.compare.candidate == target
        return objective.target in {None, target}

    def judged(self, phase: str | None = None) -> tuple[int, ...]:
        """Return the indexes of the phases that an objective is on.

        Args:
            phase: the one that it names; None for all but warm-up.
        """
        return tuple(
            index
            for index, each in enumerate(self.traffic)
            if (each.name == phase if phase is not None else not each.warm_up)
        )

    def judged_s(self, until_s: float, phase: str | None = None) -> float:
        """Return for how long, s, these phases have been on by an instant of the run."""
        judged, start_s, found = self.judged(phase), 0.0, 0.0
        for index, each in enumerate(self.traffic):
            length_s = each.duration_ns / NS_PER_S
            if index in judged:
                found += min(max(until_s - start_s, 0.0), length_s)
            start_s += length_s
        return found

    def to_json(self) -> str:
        """Return the resolved form: one JSON object, written as a scenario is, all defaults filled.

        It holds the metadata, which may be secret: it is for workers. What is kept or shown is
        ``scenario.masked().to_json()``.
        """
        data = self.model_dump(mode="json", exclude_none=True)
        return json.dumps(data, ensure_ascii=False, allow_nan=False)

    def masked(self) -> "Scenario":
        """Return the same scenario without the values of metadata, which may be secrets."""
        return self.model_copy(
            update={
                "targets": {
                    name: target.model_copy(
                        update={"metadata": dict.fromkeys(target.metadata, MASK)}
                    )
                    for name, target in self.targets.items()
                }
            }
        )

    @classmethod
    def conflicts(cls, given: Mapping[str, Any]) -> Iterator[Problem]:
        """Yield references to what is not there, and phases that do not fit together."""
        return conflicts(given)


class _AsWritten(GenerateJsonSchema):
    """Describes the models as they are written: defaults with their units, no invented titles."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        del schema
        return False

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        described = super().model_schema(schema)
        model: type[BaseModel] = schema["cls"]
        for name, field in model.model_fields.items():
            entry = described["properties"].get(field.validation_alias or field.alias or name, {})
            for each in (entry, *entry.get("anyOf", ()), *entry.get("oneOf", ())):
                if each.get("type") in {"integer", "number", "boolean"}:
                    each |= {"type": [each["type"], "string"], "pattern": REFERENCE}
            if "default" in entry:
                whole = model.model_construct(**{name: field.get_default()})
                written = whole.model_dump(mode="json", include={name}, warnings=False)
                (entry["default"],) = written.values()
        return described


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a scenario file, for editors."""
    schema = Scenario.model_json_schema(by_alias=True, schema_generator=_AsWritten)
    del schema["properties"]["source"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "eiload scenario",
    }
