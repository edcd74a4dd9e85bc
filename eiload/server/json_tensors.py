"""Predict's JSON: rows or columns to tensors, outputs to rows or columns.

TensorFlow Serving's REST form (tensorflow/serving, g3doc/api_rest.md; util/json_tensor.cc): a body
has `instances` (rows: a list with one item per example) or `inputs` (columns: whole tensors), never
both; an input that is the only one may go without its name; bytes are ``{"b64": "..."}``. Answers
come back in the form of the question, as `predictions` or `outputs`; an output that is the only one
goes without its name; outputs named ``..._bytes`` are base64. NaN and infinities are written as
Python's json writes them, which is what TensorFlow Serving does, too.

Pure: texts and arrays.
"""

import json
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import numpy as np

from eiload.base.status import Status
from eiload.server.model import Rejection
from eiload.serving.bodies.values import as_base64, from_base64, is_base64, plain
from eiload.serving.tensors import Tensor, TensorInfo

__all__ = ["Body", "Layout", "body", "rendered", "tensors"]

Layout = Literal["row", "columnar"]

BYTES_SUFFIX = "_bytes"
LONGEST_SHOWN = 64
"""How much of a wrong value an error shows; TensorFlow Serving shows all of it."""

KINDS = {
    dict: "Object",
    list: "Array",
    str: "String",
    bool: "True",
    int: "Number",
    float: "Number",
    type(None): "Null",
}


class Body(NamedTuple):
    """A request's body, read and not yet understood."""

    signature: str
    """Empty for the default."""
    form: Layout
    data: Any
    plain: bool = False
    """Nowhere in it is a true or a false, which to numpy are numbers."""


def body(text: bytes) -> Body:
    """Return what a body says.

    Raises:
        Rejection: it is not JSON, or not of the form that is asked for.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _invalid(f"JSON Parse error: {error}") from None
    if not isinstance(document, dict):
        raise _invalid(f"JSON Value: {_shown(document)} Type: {_kind(document)} is not an Object")
    signature = document.get("signature_name", "")
    if not isinstance(signature, str):
        raise _invalid(
            f"JSON Value: {_shown(signature)} not formatted correctly. "
            "'signature_name' key must be a string value."
        )
    if ("instances" in document) == ("inputs" in document):
        which = "both" if "instances" in document else "no"
        raise _invalid(
            f"JSON body has {which} 'instances' and 'inputs': request must have exactly one of them"
        )
    plain = b"true" not in text and b"false" not in text
    if "inputs" in document:
        return Body(signature, "columnar", document["inputs"], plain)
    instances = document["instances"]
    if not isinstance(instances, list) or not instances:
        raise _invalid(
            "Excepting 'instances' to be an list/array with at least one element"
            if isinstance(instances, list)
            else "Excepting 'instances' to be an list/array"
        )
    return Body(signature, "row", instances, plain)


def tensors(given: Body, inputs: Mapping[str, TensorInfo]) -> dict[str, Tensor]:
    """Return the tensors in a body by alias.

    Args:
        given: the body.
        inputs: what the signature takes, by alias.

    Raises:
        Rejection: an alias is missing or unknown, or a value is not of its type.
    """
    columns = _columns(given, inputs)
    return {alias: _tensor(columns[alias], inputs[alias], plain=given.plain) for alias in columns}


def rendered(outputs: Mapping[str, Tensor], form: Layout) -> str:
    """Return the body of an answer.

    Raises:
        Rejection: rows are asked for, and an output does not have one row per example.
    """
    values = {
        alias: plain(tensor, lambda string, alias=alias: _text(string, alias))  # type: ignore[misc]
        for alias, tensor in outputs.items()
    }
    if form == "columnar":
        answer = values if len(values) > 1 else next(iter(values.values()))
        return _dumped({"outputs": answer})
    lengths = {len(tensor) if tensor.ndim else -1 for tensor in outputs.values()}
    if len(lengths) != 1 or -1 in lengths:
        raise _invalid(
            "Output tensors have inconsistent batch sizes: "
            + ", ".join(f"{alias} {list(tensor.shape)}" for alias, tensor in outputs.items())
        )
    if len(values) == 1:
        return _dumped({"predictions": next(iter(values.values()))})
    rows = [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]
    return _dumped({"predictions": rows})


def _columns(given: Body, inputs: Mapping[str, TensorInfo]) -> dict[str, Any]:
    """Return the value of each alias, in column form."""
    only = next(iter(inputs)) if len(inputs) == 1 else None
    if given.form == "columnar":
        if isinstance(given.data, dict) and not is_base64(given.data):
            return _known(given.data, inputs)
        if only is None:
            raise _invalid(
                f"inputs is a plain value/list, but expecting an object as there are {len(inputs)} "
                "inputs"
            )
        return {only: given.data}
    named = [isinstance(row, dict) and not is_base64(row) for row in given.data]
    if not any(named):
        if only is None:
            raise _invalid(
                f"instances is a plain list, but expecting list of objects as there are "
                f"{len(inputs)} inputs"
            )
        return {only: given.data}
    if not all(named):
        raise _invalid(
            f"JSON Value: {_shown(given.data[named.index(False)])} Expecting object but got "
            f"{_kind(given.data[named.index(False)])}"
        )
    rows = [_known(row, inputs) for row in given.data]
    for row in rows:
        if row.keys() != rows[0].keys():
            raise _invalid(
                f"Failed to process element: keys {sorted(row)} differ from {sorted(rows[0])}"
            )
    return {alias: [row[alias] for row in rows] for alias in rows[0]}


def _known(named: dict[str, Any], inputs: Mapping[str, TensorInfo]) -> dict[str, Any]:
    for alias in named:
        if alias not in inputs:
            raise _invalid(f"JSON object: does not have named input: {alias}")
    return named


def _tensor(value: Any, wanted: TensorInfo, *, plain: bool) -> Tensor:
    numbers = _numbers(value, wanted.dtype) if plain else None
    return numbers if numbers is not None else _checked(value, wanted)


def _numbers(value: Any, dtype: str) -> Tensor | None:
    """Return numbers as numpy reads them, in a tenth of the time; None if it is not so simple."""
    if not dtype.startswith(("int", "uint", "float")):
        return None
    try:
        array = np.array(value)
    except (ValueError, RecursionError):
        return None
    if dtype.startswith("float"):
        return array.astype(dtype) if array.dtype.kind in "iuf" else None
    limits = np.iinfo(dtype)
    fits = array.dtype.kind in "iu" and array.size
    if not fits or array.min() < limits.min or array.max() > limits.max:
        return None
    return array.astype(dtype)


def _checked(value: Any, wanted: TensorInfo) -> Tensor:
    """Return a tensor, each element looked at."""
    shape: list[int] = []
    level = value
    while isinstance(level, list):
        shape.append(len(level))
        level = level[0] if level else None
    flat: list[Any] = []
    try:
        _fill(value, shape, 0, wanted.dtype, flat)
    except RecursionError:
        raise _invalid("JSON Parse error: nested too deeply") from None
    if wanted.dtype == "string":
        array = np.empty(len(flat), dtype=object)
        array[:] = flat
        return array.reshape(shape)
    try:
        return np.array(flat, dtype=wanted.dtype).reshape(shape)
    except (OverflowError, TypeError) as error:
        raise _invalid(f"JSON Value: not of expected type: {wanted.dtype}: {error}") from None


def _fill(value: Any, shape: list[int], level: int, dtype: str, flat: list[Any]) -> None:
    """Add the elements of nested lists to `flat`, in order, each checked."""
    if not isinstance(value, list):
        if level != len(shape):
            raise _invalid(
                f"JSON Value: {_shown(value)} found at incorrect level: {level + 1} in the JSON "
                f"DOM. Expected at level: {len(shape)}"
            )
        flat.append(_element(value, dtype))
        return
    if level >= len(shape):
        raise _invalid(f"Encountered list at unexpected level: {level} expected < {len(shape)}")
    if len(value) != shape[level]:
        raise _invalid(
            f"Encountered list at unexpected size: {len(value)} at level: {level} "
            f"expected size: {shape[level]}"
        )
    for each in value:
        _fill(each, shape, level + 1, dtype, flat)


def _element(value: Any, dtype: str) -> Any:
    if dtype == "string":
        if is_base64(value):
            try:
                return from_base64(value)
            except ValueError:
                raise _invalid("Unable to base64 decode") from None
        fits = isinstance(value, str)
        value = value.encode() if fits else value
    elif dtype == "bool":
        fits = isinstance(value, bool)
    elif dtype.startswith(("int", "uint")):
        fits = type(value) is int
    else:
        fits = type(value) in {int, float}
    if not fits:
        raise _invalid(
            f"JSON Value: {_shown(value)} Type: {_kind(value)} is not of expected type: {dtype}"
        )
    return value


def _text(value: bytes, alias: str) -> Any:
    if alias.endswith(BYTES_SUFFIX):
        return as_base64(value)
    return value.decode("utf-8", "replace")


def _dumped(document: object) -> str:
    return json.dumps(document, indent=4)


def _kind(value: Any) -> str:
    return "False" if value is False else KINDS[type(value)]


def _shown(value: Any) -> str:
    text = json.dumps(value) if not isinstance(value, bytes) else repr(value)
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "..."


def _invalid(text: str) -> Rejection:
    return Rejection(Status.INVALID_ARGUMENT, text)
