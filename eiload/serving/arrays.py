"""Arrays out of files and of values written out: what any model's inputs are given from.

This file knows .npy and .npz, TensorFlow Serving's JSON (rows: ``instances``, columns: ``inputs``),
lines of text and bytes; it knows nothing of models and requests. Values that have no element type
of their own, as in JSON and in a scenario, stay `Literal`s until somebody knows the type they have
to be: `array` makes them one and refuses whatever would not be what was written.

JSON: tensorflow/serving, g3doc/api_rest.md.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from eiload.base.errors import ScenarioError
from eiload.serving.bodies.values import from_base64, is_base64
from eiload.serving.tensors import Tensor, dtype_of

__all__ = ["Literal", "Value", "array", "cast", "named", "of_lines", "read_as", "whole"]

INTEGERS = "iu"


@dataclass(frozen=True, slots=True)
class Literal:
    """Values without an element type: a number, a text or bytes, or lists of these."""

    values: object


Value = Tensor | Literal


def read_as(path: str) -> str:
    """Return how a file is read, by what its name ends in."""
    suffix = Path(path).suffix.lower()
    known = {".npy": "array", ".npz": "array", ".json": "json", ".txt": "lines"}
    return known.get(suffix, "bytes")


def named(path: str, kind: str) -> dict[str, Value]:
    """Return the arrays in a file by name; of a file that holds one without a name, under "".

    Args:
        path: the file.
        kind: ``array`` (.npy, .npz) or ``json``.

    Raises:
        ScenarioError: the file cannot be read, or is not what it should be.
    """
    return _json(path) if kind == "json" else dict(_numpy(path))


def of_lines(path: str) -> list[bytes]:
    """Return a file's lines, without what ends them; empty ones are left out.

    Raises:
        ScenarioError: the file cannot be read, or has none.
    """
    lines = [line for line in whole(path).splitlines() if line.strip()]
    if not lines:
        raise ScenarioError(f"{path}: no lines in it; expected a text a line")
    return lines


def whole(path: str) -> bytes:
    """Return a file's bytes.

    Raises:
        ScenarioError: it cannot be read.
    """
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ScenarioError(
            f"{path}: cannot be read: {error.strerror}; check the path and its permissions"
        ) from None


def array(literal: Literal, dtype: str) -> Tensor:
    """Return values as an array of an element type.

    Raises:
        ValueError: they are not of this type; continues a sentence that names whose.
    """
    values = literal.values
    if dtype == "string":
        return _strings(values)
    try:
        made = np.array(values)
    except ValueError:
        raise ValueError("rows differ in length; expected rows of one length") from None
    kind = made.dtype.kind
    if made.size == 0 and kind == "f":  # an empty list has no type
        return made.astype(dtype_of(dtype))
    if kind not in "fiub":
        raise ValueError(f"values are texts, the model takes {dtype}; give numbers")
    if (kind == "b") != (dtype == "bool"):
        what = "true and false" if kind == "b" else "numbers"
        raise ValueError(f"values are {what}, the model takes {dtype}; give such values")
    return _exactly(made, dtype)


def cast(tensor: Tensor, dtype: str) -> Tensor:
    """Return an array as another element type, as the user asks for it by `dtype`.

    Raises:
        ValueError: it cannot be had; continues a sentence that names whose.
    """
    if (tensor.dtype == object) != (dtype == "string"):
        raise ValueError(f"holds {tensor.dtype}, which cannot be made {dtype}; expected numbers")
    return tensor if dtype == "string" else _exactly(tensor, dtype)


def _exactly(made: Tensor, dtype: str) -> Tensor:
    """Return numbers as another type; fractions and what is out of range are no whole numbers."""
    wanted = dtype_of(dtype)
    if wanted.kind in INTEGERS:
        limits = np.iinfo(wanted)
        if made.dtype.kind == "f" and not (np.isfinite(made) & (made == np.floor(made))).all():
            raise ValueError(f"fractions in it, for {dtype}; give whole numbers")
        if made.size and (made.min() < limits.min or made.max() > limits.max):
            raise ValueError(
                f"{made.min()} to {made.max()} is out of range for {dtype}; "
                f"expected {limits.min} to {limits.max}"
            )
    with np.errstate(over="ignore"):
        return made.astype(wanted)


def _strings(values: object) -> Tensor:
    shape = _shape(values)
    made = np.empty(shape, object)
    for place in np.ndindex(*shape):
        leaf: Any = values
        for index in place:
            leaf = leaf[index]
        if isinstance(leaf, str):
            leaf = leaf.encode()
        if not isinstance(leaf, bytes):
            raise ValueError(f"{leaf!r} is no text, the model takes string; give it in quotes")  # noqa: TRY004
        made[place] = leaf
    return made


def _shape(values: object) -> tuple[int, ...]:
    if not isinstance(values, list | tuple):
        return ()
    within = {_shape(each) for each in values}
    if len(within) > 1:
        raise ValueError("rows differ in length; expected rows of one length")
    return (len(values), *(within.pop() if within else ()))


# -- files ---------------------------------------------------------------------------------------


def _numpy(path: str) -> Mapping[str, Tensor]:
    """Return the arrays of a .npy or .npz; nothing in it is ever run (no pickles)."""
    try:
        with np.load(path, allow_pickle=False) if path.endswith(".npz") else _Npy(path) as file:
            return {name: _usable(path, name, file[name]) for name in file}
    except OSError as error:
        reason = error.strerror or "it is cut short"
        raise ScenarioError(f"{path}: cannot be read: {reason}; check the file") from None
    except ScenarioError:
        raise
    except Exception as error:
        # numpy's reader meets a broken file with ValueError, EOFError, BadZipFile, SyntaxError ...
        reason = " ".join(str(error).split()) or type(error).__name__
        if "allow_pickle" in reason or "Object arrays" in reason:
            reason = "it holds Python objects; save strings by .astype('S') or as lines of text"
        raise ScenarioError(f"{path}: not an array that can be read: {reason}") from None


class _Npy:
    """A .npy as if it were an .npz whose one array has no name."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> dict[str, Tensor]:
        loaded = np.load(self._path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return {"": loaded}
        with loaded:  # an .npz under another name
            return dict(loaded)

    def __exit__(self, *_: object) -> None:
        pass


def _usable(path: str, name: str, tensor: Tensor) -> Tensor:
    """Return an array whose strings are bytes, as TensorFlow's are."""
    kind = tensor.dtype.kind
    if kind == "U":
        return np.char.encode(tensor, "utf-8").astype(object)
    if kind == "S":
        return tensor.astype(object)
    if kind in "fiub":
        return tensor
    which = f"array {name!r} is" if name else "is"
    raise ScenarioError(f"{path}: {which} of type {tensor.dtype}; expected numbers or texts")


def _json(path: str) -> dict[str, Value]:
    """Return the inputs in TensorFlow Serving's JSON, or one input's values by themselves."""
    text = whole(path)
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ScenarioError(f"{path}: not JSON: {error}") from None
    values: Any = data
    if isinstance(data, Mapping) and {"instances", "inputs"} & data.keys():
        if {"instances", "inputs"} <= data.keys():
            raise ScenarioError(f"{path}: both 'instances' and 'inputs'; expected one of them")
        values = data["inputs"] if "inputs" in data else _columns(path, data["instances"])
    if not _is_named(values):
        return {"": Literal(_decoded(path, values))}
    return {str(name): Literal(_decoded(path, each)) for name, each in values.items()}


def _is_named(values: object) -> bool:
    """Tell whether these are inputs by name, not one value that is base64."""
    return isinstance(values, Mapping) and values.keys() != {"b64"}


def _columns(path: str, rows: object) -> object:
    """Return rows as columns: the values of each input, one after the other."""
    if not isinstance(rows, list) or not rows:
        raise ScenarioError(f"{path}: 'instances' is no list of rows; expected one row at least")
    if not _is_named(rows[0]):
        return rows
    names = set(rows[0])
    for number, row in enumerate(rows, 1):
        if not isinstance(row, Mapping) or set(row) != names:
            listed = ", ".join(map(repr, sorted(names)))
            raise ScenarioError(f"{path}: row {number} of 'instances' has not just {listed}")
    return {name: [row[name] for row in rows] for name in rows[0]}


def _decoded(path: str, values: object) -> object:
    """Return values with ``{"b64": ...}`` as bytes."""
    if isinstance(values, list):
        return [_decoded(path, each) for each in values]
    if isinstance(values, Mapping):
        if not is_base64(values):
            raise ScenarioError(f"{path}: a mapping among values; expected such as {{'b64': '..'}}")
        try:
            return from_base64(values)
        except ValueError as error:
            raise ScenarioError(f"{path}: {error}") from None
    if values is None:
        raise ScenarioError(f"{path}: null among values; expected numbers or texts")
    return values
