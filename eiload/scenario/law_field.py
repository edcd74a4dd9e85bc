"""An arrival process as it is written: a word, or a law with its parameter."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, PlainSerializer, PlainValidator, ValidationInfo

from eiload.base.near import nearest
from eiload.base.quantity import shown
from eiload.scenario.fields import Real, Whole
from eiload.scenario.form import Form
from eiload.scenario.laws import BatchArrivals, Gamma, Law, Weibull

__all__ = ["LawField", "written"]

CV_LEAST, CV_MOST = 0.01, 20
"""Below, gaps are even to any eye; above, a phase is a few heaps. Traces of programs have 13 over a
day and 1 to 6.5 within a minute (Azure LLM inference, code, 2023)."""

BATCH_MOST = 1000

WORDS = ("poisson", "constant")
EXAMPLES = {
    "gamma": "{gamma: {cv: 3}}",
    "weibull": "{weibull: {cv: 3}}",
    "batch": "{batch: {size: 8}}",
}


class CvForm(Form):
    """How bursty gaps are."""

    cv: Real = Field(
        ge=CV_LEAST,
        le=CV_MOST,
        description="standard deviation of the gaps over their mean: 1 as Poisson, 3 bursty, "
        "0.1 nearly even",
    )


class GammaForm(Form):
    """Gamma-distributed gaps."""

    gamma: CvForm = Field(description="coefficient of variation of the gaps")


class WeibullForm(Form):
    """Weibull-distributed gaps."""

    weibull: CvForm = Field(description="coefficient of variation of the gaps")


class Heap(Form):
    """Requests that come together."""

    size: Whole = Field(ge=2, le=BATCH_MOST, description="requests at one instant")
    arrivals: Literal["poisson", "constant"] = Field(
        default="poisson", description="when the batches come"
    )


class BatchForm(Form):
    """Several requests at one instant, as from a gateway with as many cameras."""

    batch: Heap = Field(description="requests that come together; the rate counts all of them")


def _law(value: object, info: ValidationInfo) -> Law:
    if isinstance(value, Gamma | Weibull | BatchArrivals):
        return value
    if not isinstance(value, Mapping):
        return _word(value)
    match [key for key in EXAMPLES if key in value]:
        case ["gamma"]:
            return Gamma(GammaForm.read(value, info).gamma.cv)
        case ["weibull"]:
            return Weibull(WeibullForm.read(value, info).weibull.cv)
        case ["batch"]:
            batch = BatchForm.read(value, info).batch
            return BatchArrivals(batch.size, batch.arrivals)
        case []:
            given = next(iter(value), "")
            hint = nearest(given, EXAMPLES) if isinstance(given, str) else ""
            raise ValueError(f"no law of that name, got {shown(given)}; {_expected()}{hint}")
        case several:
            raise ValueError(f"{' and '.join(map(repr, several))} at once; expected one of them")


def _word(value: object) -> Law:
    for word in WORDS:
        if value == word:
            return word  # type: ignore[return-value]
    if isinstance(value, str) and value in EXAMPLES:
        raise ValueError(f"{value!r} without its parameter; expected {EXAMPLES[value]}")
    hint = nearest(value, [*WORDS, *EXAMPLES]) if isinstance(value, str) else ""
    raise ValueError(f"unknown word, got {shown(value)}; {_expected()}{hint}")


def _expected() -> str:
    return f"expected 'poisson', 'constant', {', '.join(EXAMPLES.values())}"


def written(law: Law) -> object:
    """Return a law as it is written in a scenario."""
    match law:
        case Gamma(cv):
            return {"gamma": {"cv": cv}}
        case Weibull(cv):
            return {"weibull": {"cv": cv}}
        case BatchArrivals(size, arrivals):
            return {"batch": {"size": size, "arrivals": arrivals}}
        case word:
            return word


LawField = Annotated[
    Law,
    PlainValidator(
        _law,
        json_schema_input_type=Literal["poisson", "constant"] | GammaForm | WeibullForm | BatchForm,
    ),
    PlainSerializer(written),
]
