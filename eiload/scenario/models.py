"""What a scenario says, all of it, as a frozen model.

The same models are the YAML form (aliases, units, defaults, descriptions: `json_schema`), the
resolved form that travels to workers and into run files (`Scenario.to_json`, `restore`), and what
the rest of the code reads. They know which values make sense, alone and together. They know
nothing of files: paths are texts here, looked at by `eiload.scenario.reading`.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from eiload.base.near import nearest
from eiload.base.quantity import shown
from eiload.base.units import format_duration, parse_duration, parse_rate
from eiload.scenario.expect import BASELINE
from eiload.scenario.fields import (
    SEED_AT_MOST,
    Name,
    Whole,
    percentile,
    share,
    size,
)
from eiload.scenario.form import Form
from eiload.scenario.objective import ObjectiveField
from eiload.scenario.payload import Payload
from eiload.scenario.problem import Path, Problem
from eiload.scenario.rates import ConstantRate
from eiload.scenario.target import Target
from eiload.scenario.traffic import RUN_AT_MOST, PhaseField
from eiload.scenario.watched import unobserved

__all__ = ["Compare", "Scenario", "json_schema"]

TARGETS_AT_MOST = 16
PHASES_AT_MOST = 250
"""The sender's records carry a phase's number in 8 bits (`eiload.sending.result`)."""
OBJECTIVES_AT_MOST = 1000

MASK = "***"

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
        targets = given.get("targets")
        names = [*targets] if isinstance(targets, Mapping) else None
        phases = _Phases(given.get("traffic"))
        yield from phases.problems()
        compare = given.get("compare")
        if compare is not None and names is not None:
            yield from _compare_problems(compare, names)
        if compare is None:
            yield from _unpaired(given.get("payload"))
        objectives = given.get("objectives")
        if isinstance(objectives, Sequence) and not isinstance(objectives, str):
            for index, objective in enumerate(objectives):
                for problem in _objective_problems(objective, names, phases, given):
                    yield problem.below(("objectives", index))


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


def _part(whole: object, key: str, attribute: str | None = None) -> Any:
    """Return a part of what was given, which is a mapping from a file or a record from code."""
    if isinstance(whole, Mapping):
        return whole.get(key)
    return getattr(whole, attribute or key, None)


class _Phases:
    """What was given as traffic, however wrong it may be."""

    def __init__(self, traffic: object) -> None:
        listed = isinstance(traffic, Sequence) and not isinstance(traffic, str)
        self._given: Sequence[object] = traffic if listed else ()  # type: ignore[assignment]
        self.names = [_part(each, "phase", "name") for each in self._given]

    @property
    def known(self) -> bool:
        """Whether all names could be read, so that another one is a mistake."""
        return bool(self.names) and all(isinstance(name, str) for name in self.names)

    def is_warm_up(self, name: str) -> bool:
        return any(
            each_name == name and _part(each, "warm_up") is True
            for each, each_name in zip(self._given, self.names, strict=True)
        )

    def problems(self) -> Iterator[Problem]:
        counts = Counter(name for name in self.names if isinstance(name, str))
        for index, name in enumerate(self.names):
            if isinstance(name, str) and counts[name] > 1 and name in self.names[:index]:
                yield Problem(
                    ("traffic", index, "phase"),
                    f"a second phase of this name, got {shown(name)}; expected unique names",
                )
        if self._given and all(_part(each, "warm_up") is True for each in self._given):
            yield Problem(
                ("traffic",), "nothing but warm-up; expected a phase without 'warm_up: true'"
            )
        judged = [each for each in self._given if _part(each, "warm_up") is not True]
        if judged and all(map(_is_pause, judged)):
            yield Problem(
                ("traffic",), "nothing but pauses to measure; expected a phase at more than 0/s"
            )
        total_ns = sum(map(_length_ns, self._given))
        if total_ns > parse_duration(RUN_AT_MOST):
            yield Problem(
                ("traffic",),
                f"absurdly long, got {format_duration(total_ns)} in all; "
                f"expected at most {RUN_AT_MOST}",
            )


def _length_ns(phase: object) -> int:
    """Return a phase's length, 0 where it cannot be read (and has its own problem)."""
    given = _part(phase, "for", "duration_ns")
    if isinstance(given, int):
        return given
    try:
        return parse_duration(given)
    except ValueError:
        return 0


def _is_pause(phase: object) -> bool:
    """Return whether a phase sends nothing, as far as that can be read."""
    given = _part(phase, "rate")
    if isinstance(given, ConstantRate):
        return given.per_s == 0
    try:
        return isinstance(given, str) and parse_rate(given) == 0
    except ValueError:
        return False


def _unknown(path: Path, what: str, name: object, known: Sequence[object]) -> Iterator[Problem]:
    """Yield the problem that `name` is none of the `known` names, if so."""
    words = [each for each in known if isinstance(each, str)]
    if isinstance(name, str) and name not in words:
        offered = ", ".join(map(shown, words)) or "none, as there are none"
        hint = nearest(name, words)
        yield Problem(path, f"unknown {what}, got {shown(name)}; expected one of {offered}{hint}")


def _compare_problems(compare: object, names: Sequence[object]) -> Iterator[Problem]:
    for key in ("baseline", "candidate"):
        yield from _unknown(("compare", key), "target", _part(compare, key), names)
    both = _part(compare, "baseline")
    if isinstance(both, str) and both == _part(compare, "candidate"):
        yield Problem(
            ("compare", "candidate"),
            f"the baseline itself, got {shown(both)}; expected another target "
            "(of the same server, to see the tool's own false alarms)",
        )


def _unpaired(payload: object) -> Iterator[Problem]:
    """Yield outputs that have to be the baseline's where nothing is compared."""
    outputs = _part(_part(payload, "expect"), "outputs")
    for name, rule in outputs.items() if isinstance(outputs, Mapping) else ():
        if _part(rule, "equals") in (BASELINE, (BASELINE,), [BASELINE]):  # a list
            yield Problem(
                ("payload", "expect", "outputs", name, "equals"),
                "the baseline of what; expected 'compare:' with two targets",
            )


def _objective_problems(
    objective: object, names: Sequence[object] | None, phases: _Phases, given: Mapping[str, Any]
) -> Iterator[Problem]:
    """Yield what an objective refers to and is not there."""
    target, phase = _part(objective, "target"), _part(objective, "phase")
    if names is not None:
        yield from _unknown(("target",), "target", target, names)
    if phases.known:
        yield from _unknown(("phase",), "phase", phase, phases.names)
    of_class = _part(objective, "class", "of_class")
    if of_class is not None:
        classes = _classes(given.get("payload"))
        if not classes and isinstance(of_class, str):
            got = f"no classes here, got {shown(of_class)}"
            yield Problem(("class",), f"{got}; expected a payload with 'mix:', or no class")
        else:
            yield from _unknown(("class",), "class", of_class, classes)
    if isinstance(phase, str) and phases.is_warm_up(phase):
        yield Problem(
            ("phase",), f"a warm-up phase, got {shown(phase)}; expected one that is judged"
        )
    text = objective if isinstance(objective, str) else _part(objective, "objective", "text")
    yield from unobserved(text, target, of_class, given.get("targets"))
    if isinstance(text, str) and "agreement" in text:
        if given.get("compare") is None:
            yield Problem((), "agreement of what with what; expected 'compare:' with two targets")
        if given.get("sample") == 0:
            yield Problem((), "agreement without samples; expected 'sample:' above 0")
        if isinstance(target, str):
            yield Problem(("target",), "agreement is between two targets; expected none here")
        if of_class is not None:
            yield Problem(("class",), "agreement is of all classes together; expected none here")


def _classes(payload: object) -> list[object]:
    """Return the names of the classes that a payload has, however wrong it may be."""
    mix = _part(payload, "mix")
    listed = isinstance(mix, Sequence) and not isinstance(mix, str)
    return [_part(each, "class", "name") for each in mix] if listed else []
