"""What a model's inputs are given from: files, values written out, or the model's own signature.

Pure: paths are texts here, made absolute by `payload_paths`. What is in the files, and whether the
model takes it, is the affair of `eiload.serving`; here is only what can be told without either.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from eiload.base.near import nearest
from eiload.base.quantity import shown
from eiload.scenario.fields import SEED_AT_MOST, Real, Text, Texts, Whole
from eiload.scenario.form import Form
from eiload.scenario.problem import Problem

__all__ = ["ALL", "DTYPES", "Generate", "Input", "Inputs"]

ALL = "*"
"""Stands for all inputs, each by its name in the file."""

DTYPES = (
    *("float32", "float64", "float16", "bfloat16"),
    *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("bool", "string"),
)
"""Element types that inputs may have, by numpy's names (string: TensorFlow's)."""

BATCH = "batch"
"""In a shape: as many as `batch` says."""

ELEMENTS_AT_MOST = 2**31 - 1
"""Of one tensor; a message has at most as many bytes."""

Read = Literal["array", "json", "lines", "bytes"]


def _dtype(name: str) -> str:
    if name not in DTYPES:
        raise ValueError(
            f"unknown element type, got {shown(name)}; "
            f"expected one of {', '.join(DTYPES)}{nearest(name, DTYPES)}"
        )
    return name


Dtype = Annotated[
    str, AfterValidator(_dtype), Field(json_schema_extra={"enum": [*DTYPES]}, examples=["float32"])
]


def _values(value: object) -> object:
    """Return values as they are, once they are known to fill an array."""
    kinds = {_kind(each) for each in _leaves(value)}
    if len(kinds - {"number"}) > 1 or ("number" in kinds and len(kinds) > 1):
        raise ValueError(f"values of several kinds: {', '.join(sorted(kinds))}; expected one kind")
    _lengths(value)
    return value


def _leaves(value: object) -> Iterator[object]:
    if isinstance(value, list | tuple):
        for each in value:
            yield from _leaves(each)
    else:
        yield value


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "text"
    what = "nothing" if value is None else "a mapping"
    raise ValueError(f"not a value, got {what}; expected numbers, texts, true or false")


def _lengths(value: object) -> tuple[int, ...]:
    if not isinstance(value, list | tuple):
        return ()
    within = {_lengths(each) for each in value}
    if len(within) > 1:
        raise ValueError("rows that differ in length; expected rows of one length")
    return (len(value), *(within.pop() if within else ()))


def _files(value: object) -> object:
    return (value,) if isinstance(value, str) else value


class Input(Form):
    """What one input is given from."""

    file: Annotated[
        Texts, BeforeValidator(_files, json_schema_input_type=Text | tuple[Text, ...])
    ] = Field(
        default=(),
        description="files, folders, globs: a request of each; .npy, .npz and .json are arrays, "
        ".txt lines of text, any other file is bytes as they are",
        examples=["tokens.npy"],
    )
    values: Annotated[Any, AfterValidator(_values)] = Field(
        default=None,
        description="the values themselves, nested as the tensor is; of the model's own type "
        "unless `dtype` says one",
        examples=[[1.0, 2.0, 5.0]],
    )
    read_as: Read | None = Field(
        default=None,
        validation_alias="read",
        serialization_alias="read",
        description="how the files are read, if not by what their names end in",
    )
    dtype: Dtype | None = Field(
        default=None, description="element type; of values the model's own, of arrays theirs"
    )

    @classmethod
    def conflicts(cls, given: Mapping[str, Any]) -> Iterator[Problem]:
        """Yield what cannot be had together."""
        files, values = given.get("file"), given.get("values")
        if not files and values is None:
            yield Problem((), "no values; expected 'file: FILE' or 'values: [1.0, 2.0]'")
        if files and values is not None:
            yield Problem(("values",), "both files and values; expected one of them")
        if not files and given.get("read") is not None:
            yield Problem(("read",), "'read' without a file; expected 'file:' beside it")


def _input(value: object) -> object:
    """Let a text stand for a file, and a number or a list for values."""
    if isinstance(value, str):
        return {"file": (value,)}
    if isinstance(value, int | float | list | tuple):
        return {"values": value}
    return value


InputField = Annotated[
    Input,
    BeforeValidator(_input, json_schema_input_type=Input | Text | float | bool | list[Any]),
]


def _inputs(value: object) -> object:
    """Let a file, or a list of them, stand for all inputs."""
    if isinstance(value, str) or (
        isinstance(value, list | tuple) and value and all(isinstance(each, str) for each in value)
    ):
        return {ALL: {"file": value}}
    return value


Inputs = Annotated[
    dict[Text, InputField],
    BeforeValidator(
        _inputs, json_schema_input_type=dict[Text, InputField] | Text | tuple[Text, ...]
    ),
]


def _shape(shape: Sequence[object]) -> tuple[int | str, ...]:
    for length in shape:
        if isinstance(length, bool) or not isinstance(length, int | str):
            raise ValueError(f"not a length, got {shown(length)}; expected a whole number")  # noqa: TRY004
        if isinstance(length, str) and length != BATCH:
            raise ValueError(f"not a length, got {shown(length)}; expected a number or {BATCH!r}")
        if isinstance(length, int) and not 0 <= length <= ELEMENTS_AT_MOST:
            raise ValueError(f"not a length, got {length}; expected 0 or more")
    return tuple(shape)  # type: ignore[arg-type]


Shape = Annotated[
    tuple[Any, ...],
    AfterValidator(_shape),
    Field(strict=False, examples=[[1, 384]]),
]


def _range(limits: tuple[float, ...]) -> tuple[float, ...]:
    if len(limits) != 2 or limits[0] > limits[1]:
        raise ValueError(
            f"not a range, got {shown(list(limits))}; expected [LOWEST, HIGHEST] such as [0, 30521]"
        )
    return limits


Range = Annotated[
    tuple[Real, ...], AfterValidator(_range), Field(strict=False, examples=[[0, 30521]])
]


def _made_of(value: object) -> object:
    """Let texts be written out, or a number of words."""
    if isinstance(value, bool) or not isinstance(value, int | list | tuple):
        raise ValueError(  # noqa: TRY004
            f"not texts, got {shown(value)}; expected a list of texts, or how many made-up words"
        )
    if isinstance(value, int):
        if not 0 <= value <= WORDS_AT_MOST:
            raise ValueError(f"out of range, got {value}; expected 0 to {WORDS_AT_MOST:,} words")
        return value
    for each in value:
        if not isinstance(each, str):
            raise ValueError(f"not a text, got {shown(each)}; expected texts, in quotes")  # noqa: TRY004
    if not value:
        raise ValueError("no texts; expected one at least")
    return tuple(value)


WORDS_AT_MOST = 100_000

Made = Annotated[
    Any,
    AfterValidator(_made_of),
    Field(examples=[["good film", "bad film"]]),
]


class Generate(Form):
    """Inputs made up by the model's own signature: each by its type and shape."""

    seed: Whole = Field(default=1, ge=0, le=SEED_AT_MOST, description="of their content")
    count: Whole = Field(default=8, ge=1, le=10_000, description="how many different requests")
    batch: Whole = Field(
        default=1, ge=1, le=100_000, description="length of the first dimension, where it is open"
    )
    shapes: dict[Text, Shape] = Field(
        default={},
        description="by input, where the model leaves more open; 'batch' stands for the above",
        examples=[{"input_ids": ["batch", 384]}],
    )
    dtypes: dict[Text, Dtype] = Field(
        default={}, description="by input, for servers that do not tell their models' signatures"
    )
    ranges: dict[Text, Range] = Field(
        default={},
        description="lowest and highest value by input; if absent, 0 to 1, of uint8 0 to 255",
        examples=[{"input_ids": [0, 30521]}],
    )
    text: dict[Text, Made] = Field(
        default={},
        description="by input of strings: texts to draw from, or how many made-up words (8)",
        examples=[{"review": ["good film", "bad film"]}],
    )
