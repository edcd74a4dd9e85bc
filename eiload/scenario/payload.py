"""What is sent: pictures, any inputs, requests as they are, or those of a user class.

A payload is one `Content`, or a mix of several that are drawn by weight; each has a class then, by
whose name it can be reported and judged, because time follows bytes.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag

from eiload.base.quantity import shown
from eiload.scenario.expect import Expect
from eiload.scenario.fields import SEED_AT_MOST, Name, Real, Text, Texts, Whole
from eiload.scenario.form import Form
from eiload.scenario.inputs import ALL, Generate, Inputs
from eiload.scenario.problem import Problem

__all__ = ["Content", "Expect", "Part", "Payload", "Synthetic"]

IMAGES_AT_MOST = 100_000
PIXELS_AT_MOST = 8192
"""Of a side: more than that is no picture that a detector gets."""

SOURCES = ("images", "synthetic", "inputs", "generate", "requests", "examples", "users")
"""Where requests come from; each payload, or class of a mix, has one of them."""

PICTURES = ("images", "synthetic")


class Synthetic(Form):
    """Made-up images of a given size."""

    width: Whole = Field(ge=1, le=PIXELS_AT_MOST, description="pixels")
    height: Whole = Field(ge=1, le=PIXELS_AT_MOST, description="pixels")
    count: Whole = Field(default=8, ge=1, le=10_000, description="how many different ones")
    seed: Whole = Field(default=1, ge=0, le=SEED_AT_MOST, description="of their content")

    def names(self) -> list[str]:
        """Return what each of them is called."""
        return [f"synthetic-{self.width}x{self.height}-{index}" for index in range(self.count)]


def _synthetic(value: object) -> object:
    """Let `640x427` stand for `{width: 640, height: 427}`."""
    if not isinstance(value, str):
        return value
    found = re.fullmatch(r"([0-9]{1,5})\s*x\s*([0-9]{1,5})", value)
    if found is None:
        raise ValueError(f"not a size, got {shown(value)}; expected WIDTHxHEIGHT such as '640x427'")
    return {"width": int(found[1]), "height": int(found[2])}


def _class_name(name: str) -> str:
    if name and not name.isidentifier():
        raise ValueError(
            f"not a class's name, got {shown(name)}; expected that of a user class in the "
            "locustfile, or '' for the only one with sample_inputs()"
        )
    return name


CLASSES_AT_MOST = 15
"""The records' keys have four bits for a class, and one of 16 is kept for what has none
(`eiload.record.intervals`)."""

LEAST_SHARE = 0.001
"""Of a class: of a rarer one a run of thousands of requests holds a handful, which tell nothing."""

BatchSize = Annotated[int, Field(ge=1, le=1024), Whole.__metadata__[0]]
Batches = Annotated[
    Annotated[BatchSize, Tag("one")]
    | Annotated[
        tuple[BatchSize, ...], Field(strict=False, min_length=1, max_length=64), Tag("many")
    ],
    Discriminator(lambda value: "many" if isinstance(value, list | tuple) else "one"),
]


class Content(Form):
    """What requests hold."""

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
    inputs: Inputs = Field(
        default={},
        description="any model's inputs by name: a file each, values, or a mapping; or one file "
        "with all of them",
        examples=[{"input_ids": "ids.npy", "x": [1.0, 2.0]}],
    )
    generate: Generate | None = Field(
        default=None, description="inputs made up by the model's own signature; {} is enough"
    )
    requests: Texts = Field(
        default=(),
        description="files of serialised PredictRequests: one each, length-delimited, or "
        "TFRecords (TensorFlow Serving's warm-up file)",
        examples=[["requests.pb"]],
    )
    examples: Texts = Field(
        default=(), description="TFRecord files of tf.Example", examples=[["data.tfrecord"]]
    )
    encoding: Literal["uint8", "jpeg"] = Field(
        default="uint8", description="pixels, or for a model that decodes: a file's own bytes"
    )
    batch: Batches = Field(
        default=1,
        description="images, lines or records in a request; of a list, for images, each as often "
        "as the others",
    )
    expect: Expect | None = Field(default=None, description="check of sampled answers")

    @property
    def pictures(self) -> int:
        """Return how many images there are."""
        return len(self.images) if self.synthetic is None else self.synthetic.count

    @property
    def batches(self) -> tuple[int, ...]:
        """Return the batch sizes; each image is sent in each of them."""
        return (self.batch,) if isinstance(self.batch, int) else self.batch

    @property
    def known_count(self) -> int | None:
        """Return how many different requests there are; None where only their files know."""
        if self.generate is not None:
            return self.generate.count
        return self.pictures * len(self.batches) or None

    @classmethod
    def conflicts(cls, given: Mapping[str, Any]) -> Iterator[Problem]:
        """Yield what cannot be had together."""
        said = [word for word in SOURCES if _is_said(word, given.get(word))]
        if not said:
            yield Problem(
                (),
                "no images; expected 'images: [FILE]' or 'synthetic: 640x427', or for another "
                "model 'inputs:', 'generate: {}', 'requests:', 'examples:' or 'users:'",
            )
        if said[:2] == ["images", "synthetic"]:
            yield Problem(("synthetic",), "both files and synthetic images; expected one of them")
        elif len(said) > 1:
            yield Problem((said[1],), f"both {said[0]!r} and {said[1]!r}; expected one of them")
        if said and said[0] not in PICTURES and given.get("encoding") not in {None, "uint8"}:
            yield Problem(("encoding",), "no pictures to encode; expected it beside 'images:'")
        batch = given.get("batch")
        if batch not in {None, 1} if not isinstance(batch, list | tuple) else True:
            if said and not _batches(said[0], given[said[0]]):
                yield Problem(("batch",), _UNBATCHED[said[0]])
            elif said and said[0] not in PICTURES and not isinstance(batch, int):
                yield Problem(("batch",), "a list is for pictures; expected one whole number")
        inputs = given.get("inputs")
        if isinstance(inputs, Mapping) and ALL in inputs and len(inputs) > 1:
            other = next(str(each) for each in inputs if each != ALL)
            yield Problem(("inputs", other), f"beside {ALL!r}, which is all; expected either")


_UNBATCHED = {
    "inputs": "arrays and values have their own first dimension; expected no batch beside them",
    "generate": "a batch of what is generated; expected it within 'generate:'",
    "requests": "requests are sent as they are; expected no batch",
    "users": "a user class gives whole inputs; expected no batch",
}


def _is_said(word: str, value: object) -> bool:
    """Tell whether a source is given: an empty list is none, an empty mapping is `generate`."""
    return value is not None if word in {"generate", "users"} else bool(value)


def _batches(source: str, given: object) -> bool:
    """Tell whether `batch` has a meaning for what is sent."""
    if source != "inputs" or not isinstance(given, Mapping):
        return source in {*PICTURES, "examples"}
    return any(map(_is_cut, given.values()))


def _is_cut(given: object) -> bool:
    """Tell whether an input's files are cut into requests by `batch`: lines and bytes are."""
    files: Any = given
    read = None
    if not isinstance(given, str):
        part = given if isinstance(given, Mapping) else {}
        files = part.get("file", getattr(given, "file", ()))
        read = part.get("read", getattr(given, "read_as", None))
    if read is not None:
        return read in {"lines", "bytes"}
    listed = [files] if isinstance(files, str) else [*(files or ())]
    return any(not str(each).endswith((".npy", ".npz", ".json")) for each in listed)


class Part(Content):
    """One class of requests in a mix."""

    name: Name = Field(alias="class", description="the class, for reports and objectives")
    weight: Real = Field(
        default=1.0,
        gt=0,
        le=1_000_000,
        description="how often it is drawn, beside the others' weights",
        examples=[70],
    )
    model: Text | None = Field(
        default=None, description="another model of the same server; the target's if absent"
    )
    signature: Text | None = Field(default=None, description="that model's, likewise")
    input: Text | None = Field(default=None, description="that model's, likewise")


class Payload(Content):
    """What is sent."""

    users: Annotated[str, AfterValidator(_class_name)] | None = Field(
        default=None,
        description="a user class of the locustfile, whose sample_inputs() are sent; '' for the "
        "only one that has some, as without any payload",
        examples=["MyUser"],
    )
    mix: Annotated[tuple[Part, ...], Field(strict=False)] = Field(
        default=(),
        max_length=CLASSES_AT_MOST,
        description="classes of requests, drawn by weight, instead of one",
    )

    @property
    def parts(self) -> tuple[Content, ...]:
        """Return the classes of a mix in order; without a mix the payload itself."""
        return self.mix or (self,)

    @property
    def classes(self) -> tuple[str, ...]:
        """Return the names of a mix's classes; none without a mix."""
        return tuple(part.name for part in self.mix)

    @property
    def weights(self) -> tuple[float, ...]:
        """Return how often each of the parts is drawn beside the others."""
        return tuple(part.weight for part in self.mix) or (1.0,)

    def share(self, name: str | None) -> float:
        """Return the share of the requests that is of a class; all of them are of None."""
        if name is None:
            return 1.0
        return self.weights[self.classes.index(name)] / sum(self.weights)

    def expected(self, part: int) -> Expect | None:
        """Return what answers to requests of one of the parts have to contain."""
        return self.parts[part].expect or self.expect

    @classmethod
    def conflicts(cls, given: Mapping[str, Any]) -> Iterator[Problem]:
        """Yield what cannot be had together."""
        mix = given.get("mix")
        if not mix:
            yield from super().conflicts(given)
            return
        for key, field in Content.model_fields.items():
            # The resolved form has all defaults filled in.
            plain: tuple[object, ...] = (None, [], (), {}, field.default)
            if key != "expect" and given.get(key) not in plain:
                yield Problem((key,), f"beside a mix; expected '{key}:' in each of its classes")
        if isinstance(mix, list | tuple):
            yield from _mix_problems(mix)


def _mix_problems(mix: list[object] | tuple[object, ...]) -> Iterator[Problem]:
    """Yield classes that are there twice, or too seldom."""
    names, weights = [], []
    for index, part in enumerate(mix):
        if isinstance(part, Mapping):
            name, weight = part.get("class"), part.get("weight", 1)
        else:
            name, weight = getattr(part, "name", None), getattr(part, "weight", 1)
        if isinstance(name, str) and name in names:
            yield Problem(
                ("mix", index, "class"),
                f"a second class of this name, got {shown(name)}; expected unique names",
            )
        names.append(name)
        weights.append(weight)
    if not all(isinstance(each, int | float) and each > 0 for each in weights):
        return
    for index, weight in enumerate(weights):
        if weight < LEAST_SHARE * sum(weights):
            yield Problem(
                ("mix", index, "weight"),
                f"fewer than 1 request in {1 / LEAST_SHARE:,.0f}, got {shown(weight)} of"
                f" {sum(weights):g} in all; expected a class that is seen",
            )
