"""What is sent: images, from files or made up, and what the answers should contain."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from eiload.base.near import nearest
from eiload.base.quantity import shown
from eiload.scenario.fields import SEED_AT_MOST, Real, Texts, Whole
from eiload.scenario.form import Form
from eiload.scenario.labels import LABELS
from eiload.scenario.problem import Problem

__all__ = ["Expect", "Payload", "Synthetic"]

IMAGES_AT_MOST = 100_000
PIXELS_AT_MOST = 8192
"""Of a side: more than that is no picture that a detector gets."""


class Synthetic(Form):
    """Made-up images of a given size."""

    width: Whole = Field(ge=1, le=PIXELS_AT_MOST, description="pixels")
    height: Whole = Field(ge=1, le=PIXELS_AT_MOST, description="pixels")
    count: Whole = Field(default=8, ge=1, le=10_000, description="how many different ones")
    seed: Whole = Field(default=1, ge=0, le=SEED_AT_MOST, description="of their content")


def _synthetic(value: object) -> object:
    """Let `640x427` stand for `{width: 640, height: 427}`."""
    if not isinstance(value, str):
        return value
    found = re.fullmatch(r"([0-9]{1,5})\s*x\s*([0-9]{1,5})", value)
    if found is None:
        raise ValueError(f"not a size, got {shown(value)}; expected WIDTHxHEIGHT such as '640x427'")
    return {"width": int(found[1]), "height": int(found[2])}


def _known(labels: tuple[str, ...]) -> tuple[str, ...]:
    for label in labels:
        if label not in LABELS.values():
            raise ValueError(
                f"unknown label, got {shown(label)}; "
                f"expected one of COCO's such as 'dog'{nearest(label, LABELS.values())}"
            )
    return labels


class Expect(Form):
    """What sampled answers have to contain."""

    labels: Annotated[Texts, AfterValidator(_known)] = Field(
        min_length=1, description="COCO's names of what has to be detected", examples=[["dog"]]
    )
    min_score: Real = Field(default=0.5, gt=0, le=1, description="the least score that counts")


class Payload(Form):
    """What is sent."""

    images: Texts = Field(
        default=(),
        max_length=IMAGES_AT_MOST,
        description="files, folders (their .jpg, .jpeg and .png), globs; relative to the scenario",
        examples=[["3dogs.jpg"]],
    )
    synthetic: Annotated[
        Synthetic | None,
        BeforeValidator(_synthetic, json_schema_input_type=str | Synthetic | None),
    ] = Field(default=None, description="made-up images instead, such as 640x427")
    encoding: Literal["uint8", "jpeg"] = Field(
        default="uint8", description="pixels, or for a model that decodes: a file's own bytes"
    )
    batch: Whole = Field(default=1, ge=1, le=1024, description="images in a request")
    expect: Expect | None = Field(default=None, description="check of sampled answers")

    @classmethod
    def conflicts(cls, given: Mapping[str, Any]) -> Iterator[Problem]:
        """Yield what cannot be had together."""
        images, synthetic = given.get("images"), given.get("synthetic")
        if not images and synthetic is None:
            yield Problem((), "no images; expected 'images: [FILE]' or 'synthetic: 640x427'")
        if images and synthetic is not None:
            yield Problem(("synthetic",), "both files and synthetic images; expected one of them")
