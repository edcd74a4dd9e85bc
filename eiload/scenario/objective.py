"""One line of the SLA: its grammar, and what it demands.

``p99 < 400 ms`` is a quantile of the response time, ``service p99 < 300 ms`` of the service time;
``mean`` and ``max`` likewise; ``errors < 0.1 %`` and ``dropped < 1 %`` are shares of the scheduled
requests; ``throughput > 7/s`` counts good answers; ``agreement >= 99 %`` compares the answers of
two targets; ``versions: same`` demands that one version of the model answered all along. What is on
the server's side (``gpu use < 90 %``) is `eiload.scenario.watched`'s. ``<=`` is
read as ``<`` (no measured time is exactly its limit), ``>=`` as ``>``.
Judging is `eiload.judging.sla`'s; nothing here knows data.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, TypeVar

from pydantic import Field, PlainSerializer, PlainValidator, ValidationInfo

from eiload.base.near import nearest
from eiload.base.quantity import shown
from eiload.base.units import (
    format_duration,
    format_percentile,
    format_rate,
    format_share,
    parse_duration,
    parse_percentile,
    parse_rate,
    parse_share,
)
from eiload.scenario.fields import Name, Text
from eiload.scenario.form import Form
from eiload.scenario.watched import Watched, parse_watched

__all__ = [
    "Agreement",
    "Max",
    "Mean",
    "Metric",
    "Objective",
    "ObjectiveField",
    "Quantile",
    "Share",
    "Throughput",
    "Versions",
    "parse_objective",
]

Of = Literal["response", "service"]
_Number = TypeVar("_Number", int, float)


@dataclass(frozen=True, slots=True)
class Quantile:
    """A quantile of the response or service time stays below a limit."""

    q: float
    of: Of
    limit_ns: int


@dataclass(frozen=True, slots=True)
class Mean:
    """The mean response or service time stays below a limit."""

    of: Of
    limit_ns: int


@dataclass(frozen=True, slots=True)
class Max:
    """No response or service time reaches a limit."""

    of: Of
    limit_ns: int


@dataclass(frozen=True, slots=True)
class Share:
    """The share of the scheduled requests that failed, or were dropped, stays below a limit."""

    of: Literal["errors", "dropped"]
    limit: float


@dataclass(frozen=True, slots=True)
class Throughput:
    """Good answers per second stay above a limit."""

    at_least: float


@dataclass(frozen=True, slots=True)
class Agreement:
    """The share of sampled requests that two targets answer alike stays above a limit."""

    at_least: float


@dataclass(frozen=True, slots=True)
class Versions:
    """All answers that were looked at are of one version of the model."""


Metric = Quantile | Mean | Max | Share | Throughput | Agreement | Versions | Watched


@dataclass(frozen=True, slots=True)
class Objective:
    """One demand, on every target, class and phase that is not warm-up unless it names them."""

    text: str
    """As written, in one normal form: ``p99 < 400 ms``; it reads back as the same metric."""
    target: str | None
    phase: str | None
    metric: Metric
    of_class: str | None = None
    """A class of a mix; None for all requests together."""

    @property
    def where(self) -> str:
        """Return what it is on beside a target, in words: `` for 1080p in steady``; or nothing."""
        parts = (("for", self.of_class), ("in", self.phase))
        return "".join(f" {word} {name}" for word, name in parts if name)

    @property
    def said(self) -> str:
        """Return what is demanded, and on what beside a target: ``p99 < 400 ms in steady``."""
        return f"{self.text}{self.where}"


EXAMPLES = ("p99 < 400 ms", "service p99.9 < 1 s", "errors < 0.1 %", "throughput > 7/s")
_EXPECTED = "expected an objective such as 'p99 < 400 ms' or 'errors < 0.1 %'"
_PATTERN = re.compile(
    r"(?:(?P<of>[A-Za-z]+)\s+)?(?P<what>[A-Za-z]+[0-9.]*)\s*(?P<relation>[<>]=?|=+)\s*(?P<limit>\S.*)"
)
_SAME = "versions: same"
_VERSIONS = re.compile(r"versions\s*[:=]?\s*(?P<what>\S*)", re.IGNORECASE)
_BELOW = ("mean", "max", "errors", "dropped")
_ABOVE = ("throughput", "agreement")
_ELSEWHERE = {
    "avg": "mean", "average": "mean", "median": "p50", "med": "p50", "fail": "errors",
    "failures": "errors", "rps": "throughput", "qps": "throughput",
}  # fmt: skip
"""What Locust, k6 and ghz call our metrics."""


def parse_objective(
    text: str,
    target: str | None = None,
    phase: str | None = None,
    of_class: str | None = None,
) -> Objective:
    """Return what `text` demands.

    Raises:
        ValueError: it is no objective.
    """
    if versions := _VERSIONS.fullmatch(text.strip()):
        if versions["what"].lower() != "same":
            raise ValueError(f"not an objective, got {shown(text)}; expected {_SAME!r}")
        return Objective(_SAME, target, phase, Versions())
    if watched := parse_watched(text):
        return Objective(watched[1], target, phase, watched[0], of_class)
    found = _PATTERN.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"not an objective, got {shown(text)}; {_EXPECTED}")
    what, relation, limit = found["what"].lower(), found["relation"], found["limit"]
    timed = re.fullmatch(r"p[0-9.]+|mean|max", what) is not None
    if not timed and what not in (*_BELOW, *_ABOVE):
        words = ("p99", *_BELOW, *_ABOVE)
        raise ValueError(
            f"unknown metric {shown(found['what'])}, got {shown(text)}; {_EXPECTED}"
            f"{_meant(what) or nearest(what, words)}; metrics: p50, p99.9 ..., "
            f"{', '.join((*_BELOW, *_ABOVE))}"
        )
    of = _of(found["of"], timed=timed, text=text)
    wanted = ">" if what in _ABOVE else "<"
    if not relation.startswith(wanted):
        raise ValueError(
            f"{what} has a limit on the other side, got {shown(text)}; "
            f"expected '{what} {wanted} {limit}'"
        )
    metric, shown_what, shown_limit = _metric(what, of, limit, text)
    prefix = "service " if of == "service" else ""
    text = f"{prefix}{shown_what} {relation} {shown_limit}"
    return Objective(text, target, phase, metric, of_class)


def _meant(what: str) -> str:
    """Return a hint for a word that other tools have for a metric; empty if it is none."""
    return f" (did you mean {_ELSEWHERE[what]!r}?)" if what in _ELSEWHERE else ""


def _of(word: str | None, *, timed: bool, text: str) -> Of:
    """Return which time is meant."""
    if word is None or (timed and word.lower() == "response"):
        return "response"
    if timed and word.lower() == "service":
        return "service"
    where = "before a time" if timed else "only before a time (p99, mean, max)"
    hint = nearest(word.lower(), ("service", "response"))
    raise ValueError(
        f"unknown word {shown(word)}, got {shown(text)}; expected 'service' {where}, "
        f"or nothing{hint}"
    )


def _metric(what: str, of: Of, limit: str, text: str) -> tuple[Metric, str, str]:
    """Return the metric, and its name and limit in their normal form."""
    if what == "throughput":
        per_s = _some(parse_rate(limit), text)
        return Throughput(per_s), what, format_rate(per_s)
    if what in {"agreement", "errors", "dropped"}:
        share = _some(parse_share(limit), text)
        metrics: dict[str, Metric] = {
            "agreement": Agreement(share),
            "errors": Share("errors", share),
            "dropped": Share("dropped", share),
        }
        return metrics[what], what, format_share(share)
    limit_ns = _some(parse_duration(limit), text)
    if what == "mean":
        return Mean(of, limit_ns), what, format_duration(limit_ns)
    if what == "max":
        return Max(of, limit_ns), what, format_duration(limit_ns)
    quantile = parse_percentile(what)
    return Quantile(quantile, of, limit_ns), format_percentile(quantile), format_duration(limit_ns)


def _some(limit: _Number, text: str) -> _Number:
    """Return `limit`, refusing 0: no run shows that something never happens."""
    if limit == 0:
        raise ValueError(f"a limit of 0, got {shown(text)}; expected one above 0 (no run proves 0)")
    return limit


class ObjectiveForm(Form):
    """An objective of one target, of one phase, of one class, or of several of these."""

    target: Name | None = Field(default=None, description="a target's name; every target if absent")
    phase: Name | None = Field(
        default=None, description="a phase's name; every phase that is not warm-up if absent"
    )
    of_class: Name | None = Field(
        default=None,
        alias="class",
        description="a class of the payload's mix; all requests together if absent",
    )
    objective: Text = Field(description="what is demanded", examples=[*EXAMPLES, _SAME])


class VersionsForm(Form):
    """The objective that one version of the model answers all along."""

    target: Name | None = Field(default=None, description="a target's name; every target if absent")
    phase: Name | None = Field(
        default=None, description="a phase's name; every phase that is not warm-up if absent"
    )
    versions: Literal["same"] = Field(
        description="of the model that answers: another one within the judged time is a failure"
    )


def _objective(value: object, info: ValidationInfo) -> Objective:
    if isinstance(value, Objective):
        return value
    if isinstance(value, str):
        return parse_objective(value)
    if not isinstance(value, Mapping):
        text = f"not an objective, got {shown(value)}; {_EXPECTED}"
        raise ValueError(text)  # noqa: TRY004 - pydantic collects ValueErrors
    if "versions" in value:
        same = VersionsForm.read(value, info)
        return Objective(_SAME, same.target, same.phase, Versions())
    form = ObjectiveForm.read(value, info)
    return parse_objective(form.objective, form.target, form.phase, form.of_class)


def _written(objective: Objective) -> object:
    """Return the objective as it is written in a scenario."""
    parts = {
        "target": objective.target,
        "phase": objective.phase,
        "class": objective.of_class,
        "objective": objective.text,
    }
    written = {key: value for key, value in parts.items() if value is not None}
    return objective.text if len(written) == 1 else written


ObjectiveField = Annotated[
    Objective,
    PlainValidator(
        _objective,
        json_schema_input_type=Annotated[str, Field(examples=list(EXAMPLES))]
        | ObjectiveForm
        | VersionsForm,
    ),
    PlainSerializer(_written),
]
