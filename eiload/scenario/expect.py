"""What sampled answers have to be: labels that a detector must show, and any output's own rules."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from eiload.base.near import nearest
from eiload.base.quantity import shown
from eiload.scenario.fields import Real, Text, Texts, YesNo
from eiload.scenario.form import Form
from eiload.scenario.labels import LABELS
from eiload.scenario.problem import Problem

__all__ = ["BASELINE", "AnyOutput", "Expect"]

BASELINE = "baseline"
"""In `equals`: the comparison's baseline answers what the candidate's answer has to be."""

TOLERANCE = 0.001


def _known(labels: tuple[str, ...]) -> tuple[str, ...]:
    for label in labels:
        if label not in LABELS.values():
            raise ValueError(
                f"unknown label, got {shown(label)}; "
                f"expected one of COCO's such as 'dog'{nearest(label, LABELS.values())}"
            )
    return labels


def _shape(shape: tuple[object, ...]) -> tuple[object, ...]:
    for length in shape:
        if length is None or length == "?":
            continue
        if isinstance(length, bool) or not isinstance(length, int) or length < 0:
            raise ValueError(
                f"not a length, got {shown(length)}; expected a whole number, or '?' for any"
            )
    return tuple("?" if length is None else length for length in shape)


def _range(limits: tuple[float, ...]) -> tuple[float, ...]:
    if len(limits) != 2 or limits[0] > limits[1]:
        raise ValueError(
            f"not a range, got {shown(list(limits))}; expected [LOWEST, HIGHEST] such as [0, 1]"
        )
    return limits


def _equals(value: object) -> object:
    return (value,) if isinstance(value, str) else value


class AnyOutput(Form):
    """What one output of a sampled answer has to be; what is not said is not checked."""

    shape: Annotated[tuple[Any, ...], AfterValidator(_shape)] | None = Field(
        default=None, strict=False, description="lengths, '?' for any", examples=[["?", 1001]]
    )
    dtype: Text | None = Field(
        default=None, description="element type, by numpy's name, or string", examples=["float32"]
    )
    finite: YesNo = Field(default=False, description="true: neither NaN nor infinity in it")
    range: Annotated[tuple[Real, ...], AfterValidator(_range)] | None = Field(
        default=None,
        strict=False,
        description="lowest and highest value that may be in it",
        examples=[[0, 1]],
    )
    equals: Annotated[
        Texts, BeforeValidator(_equals, json_schema_input_type=Text | tuple[Text, ...])
    ] = Field(
        default=(),
        description="a file with what it has to be (.npy, .npz, .json), or one for each request; "
        f"or {BASELINE!r}: what the comparison's baseline answers to the same request",
        examples=["y.npy"],
    )
    tolerance: Real = Field(
        default=TOLERANCE,
        ge=0,
        description="how far numbers may be from those of `equals`: this share of the value, "
        "or of the largest value there if that is below 1, else this much",
    )

    @classmethod
    def conflicts(cls, given: Mapping[str, Any]) -> Iterator[Problem]:
        """Yield rules that say nothing."""
        # A resolved scenario has every default written out.
        if given.get("tolerance") not in {None, TOLERANCE} and not given.get("equals"):
            yield Problem(("tolerance",), "a tolerance without 'equals:'; expected one beside it")
        if not any(given.get(rule) for rule in ("dtype", "finite", "equals")) and all(
            given.get(rule) is None for rule in ("shape", "range")
        ):
            yield Problem((), "no rule; expected one such as 'finite: true' or 'range: [0, 1]'")


class Expect(Form):
    """What sampled answers have to contain."""

    labels: Annotated[Texts, AfterValidator(_known)] = Field(
        default=(), description="COCO's names of what has to be detected", examples=[["dog"]]
    )
    min_score: Real = Field(default=0.5, gt=0, le=1, description="the least score that counts")
    outputs: dict[Text, AnyOutput] = Field(
        default={},
        description="rules by output's name, of any model",
        examples=[{"probabilities": {"shape": ["?", 1001], "range": [0, 1]}}],
    )

    @classmethod
    def conflicts(cls, given: Mapping[str, Any]) -> Iterator[Problem]:
        """Yield what says nothing."""
        if not given.get("labels") and not given.get("outputs"):
            yield Problem((), "nothing expected; expected 'labels: [dog]' or 'outputs: {NAME: ..}'")
