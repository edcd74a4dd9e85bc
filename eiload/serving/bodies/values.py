"""Arrays as nested values that JSON can say, and back.

JSON has no element types: of what comes in one, numbers with a fraction or an exponent are float32,
whole ones int64, which are TensorFlow's defaults, unless it is known what they have to be. Bytes
are ``{"b64": "..."}``, as TensorFlow Serving writes them (g3doc/api_rest.md, "Encoding binary
values").
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from eiload.serving.tensors import Tensor, UnreadableError, dtype_of

__all__ = ["as_base64", "from_base64", "is_base64", "plain", "tensor"]

FLOAT = "float32"
WHOLE = "int64"

FLOATS = ("float16", "bfloat16", "float32", "float64")

_BY_TYPE = {bool: "bool", int: "int", float: "float", str: "text"}

DEEPEST = 32
"""Dimensions of an array; numpy's own limit was that for long."""


def is_base64(value: object) -> bool:
    """Tell whether a value stands for bytes."""
    return isinstance(value, Mapping) and value.keys() == {"b64"} and isinstance(value["b64"], str)


def as_base64(data: bytes) -> dict[str, str]:
    """Return what stands for bytes."""
    return {"b64": base64.b64encode(data).decode()}


def from_base64(value: Mapping[str, str]) -> bytes:
    """Return the bytes that a value stands for.

    Raises:
        ValueError: it is not base64.
    """
    try:
        return base64.b64decode(value["b64"], validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"not base64: {error}") from None


def plain(array: Tensor, string: Callable[[bytes], object] = as_base64) -> Any:
    """Return an array as nested lists of what JSON can say.

    Args:
        array: numbers, or strings as ``object`` holding ``bytes``.
        string: what a string becomes.
    """
    if array.dtype == object:
        flat: list[Any] = [string(each) for each in array.ravel().tolist()]
    elif array.dtype.kind == "f" and array.dtype.itemsize < 8:
        # The shortest decimal of the float itself, not of the double that Python makes of it.
        flat = [float(str(each)) for each in array.ravel()]
    else:
        return array.tolist()
    nested = np.empty(len(flat), dtype=object)
    nested[:] = flat
    return nested.reshape(array.shape).tolist()


def tensor(values: object, dtype: str | None = None) -> Tensor:
    """Return nested lists as an array.

    Args:
        values: numbers, texts, what stands for bytes, or lists of these.
        dtype: the element type that they have to be, if that is known.

    Raises:
        UnreadableError: rows differ in length, so that no array can hold them.
        ValueError: they are of no type, or of several.
    """
    shape, flat = _flattened(values)
    kinds = _kinds(flat)
    if kinds in ({"text"}, {"bytes"}, {"bytes", "text"}) or (not kinds and dtype == "string"):
        made = np.empty(len(flat), object)
        made[:] = [each.encode() if isinstance(each, str) else from_base64(each) for each in flat]
        return made.reshape(shape)
    if len(kinds) > 1 and kinds != {"float", "int"}:
        raise ValueError(f"{' and '.join(sorted(kinds))} in one array")
    natural = {"int": WHOLE, "bool": "bool"}.get(next(iter(kinds)) if len(kinds) == 1 else "")
    try:
        made = np.array(flat, natural or "float64").reshape(shape)
    except OverflowError:
        raise ValueError("a whole number that does not fit into 64 bits") from None
    wanted = dtype_of(dtype) if dtype is not None and _holds(dtype, made) else None
    with np.errstate(over="ignore"):
        return made.astype(wanted or dtype_of(natural or FLOAT))


def _holds(dtype: str, array: Tensor) -> bool:
    """Tell whether an element type can hold what came; what cannot be so is told as it came."""
    if dtype in FLOATS:
        return array.dtype.kind in "fi"
    if dtype == "bool" or array.dtype.kind != "i" or not dtype.startswith(("int", "uint")):
        return False
    limits = np.iinfo(dtype)
    return not array.size or bool(array.min() >= limits.min and array.max() <= limits.max)


def _flattened(values: object) -> tuple[tuple[int, ...], list[Any]]:
    """Return the shape of nested lists, and their elements in order."""
    shape: list[int] = []
    level: list[Any] = [values]
    while level and isinstance(level[0], list):
        length = len(level[0])
        if not all(isinstance(each, list) and len(each) == length for each in level):
            raise UnreadableError("rows of different lengths")
        if len(shape) == DEEPEST:
            raise UnreadableError(f"more than {DEEPEST} dimensions")
        shape.append(length)
        level = [item for each in level for item in each]
    return tuple(shape), level


def _kinds(flat: list[Any]) -> set[str]:
    """Return which kinds of elements there are."""
    types = set(map(type, flat))
    if types <= _BY_TYPE.keys():
        return {_BY_TYPE[each] for each in types}
    for value in flat:
        if isinstance(value, list):
            raise UnreadableError("rows of different lengths")
        if value is None:
            raise ValueError("null among values")
        if type(value) not in _BY_TYPE and not is_base64(value):
            raise ValueError("an object among values")
    return {_BY_TYPE.get(each, "bytes") for each in types}
