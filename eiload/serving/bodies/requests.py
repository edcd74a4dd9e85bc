"""The body of a request, by its content type: inputs by name in, bytes out.

A body of JSON has one of three forms: `instances` (rows: TensorFlow Serving's and its container's),
`inputs` (columns: TensorFlow Serving's other one), and a bare `list`, which is what the PyTorch
containers take. The other content types have no names in them, so they take one input: ``.npy``
whole, csv in rows, and everything else is one file's bytes as they are.
"""

import io
import json
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from eiload.base.errors import ScenarioError
from eiload.serving.bodies.media import JSON, NPY, kind_of
from eiload.serving.bodies.values import plain
from eiload.serving.tensors import Tensor, info
from eiload.serving.tfserving import DEFAULT_SIGNATURE

__all__ = ["Form", "body_of"]

Form = Literal["instances", "inputs", "list"]


def body_of(
    inputs: Mapping[str, Tensor],
    content_type: str = JSON,
    form: Form = "instances",
    *,
    signature: str = "",
) -> bytes:
    """Return the body of a request; the same arguments always give the same bytes.

    Args:
        inputs: the model's inputs by name, each with its batch.
        content_type: what the body is to be.
        form: of a body of JSON.
        signature: which of the model's is meant; said in the forms that have a word for it, where
            it is not the default.

    Raises:
        ScenarioError: these inputs cannot be said in a body of this kind.
    """
    if not inputs:
        raise ScenarioError("a request without inputs has no body; give one input at least")
    match kind_of(content_type):
        case "json":
            return _json(inputs, form, signature)
        case "lines":
            return b"".join(_dumped(row) + b"\n" for row in _rows(inputs))
        case "npy":
            return _npy(_only(inputs, content_type), content_type)
        case "csv":
            return _csv(_only(inputs, content_type), content_type)
        case "bytes":
            return _file(_only(inputs, content_type), content_type)


def _json(inputs: Mapping[str, Tensor], form: Form, signature: str) -> bytes:
    document: Any
    if form == "list":
        return _dumped(plain(_only(inputs, "a bare list"), _text))
    if form == "instances":
        document = {"instances": _rows(inputs)}
    else:
        columns = {name: plain(array) for name, array in inputs.items()}
        document = {"inputs": columns if len(columns) > 1 else next(iter(columns.values()))}
    if signature not in {"", DEFAULT_SIGNATURE}:
        document = {"signature_name": signature, **document}
    return _dumped(document)


def _rows(inputs: Mapping[str, Tensor]) -> list[Any]:
    """Return one value for each example: an object where there are several inputs."""
    lengths = {len(array) if array.ndim else 0 for array in inputs.values()}
    if len(lengths) > 1 or 0 in lengths:
        shapes = ", ".join(f"{name} {info(array)}" for name, array in inputs.items())
        raise ScenarioError(
            f"no rows in {shapes}: they have no first dimension in common; "
            "expected `body: inputs`, which has columns"
        )
    columns = [plain(array) for array in inputs.values()]
    if len(columns) == 1:
        return list(columns[0])
    return [dict(zip(inputs, row, strict=True)) for row in zip(*columns, strict=True)]


def _only(inputs: Mapping[str, Tensor], what: str) -> Tensor:
    if len(inputs) > 1:
        names = ", ".join(map(repr, inputs))
        raise ScenarioError(
            f"{what} has no names for the inputs {names}; expected one input, or "
            f"`content_type: {JSON}` with `body: instances`"
        )
    return next(iter(inputs.values()))


def _npy(array: Tensor, content_type: str) -> bytes:
    if array.dtype == object:
        raise ScenarioError(
            f"{content_type} holds numbers, got {info(array)}; expected `encoding: uint8`, or a "
            "content type of files such as image/jpeg"
        )
    written = io.BytesIO()
    # Readers of every age know version 1.0, and it is the one whose length all arrays here fit.
    whole = np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<"), copy=False))
    np.lib.format.write_array(written, whole.reshape(array.shape), version=(1, 0))
    return written.getvalue()


def _csv(array: Tensor, content_type: str) -> bytes:
    if array.dtype == object or array.ndim not in {1, 2}:
        raise ScenarioError(
            f"{content_type} holds rows of numbers, got {info(array)}; expected such as float32 "
            f"[1, 4], or `content_type: {NPY}`"
        )
    rows = plain(array if array.ndim == 2 else array[:, np.newaxis])
    return "".join(",".join(map(_number, row)) + "\n" for row in rows).encode()


def _number(value: object) -> str:
    return f"{int(value)}" if isinstance(value, bool) else repr(value)


def _file(array: Tensor, content_type: str) -> bytes:
    if array.dtype != object or array.size != 1:
        raise ScenarioError(
            f"{content_type} is one file's bytes as they are, got {info(array)}; expected "
            "`encoding: jpeg` and `batch: 1`, or another `content_type:`"
        )
    data: bytes = array.ravel().tolist()[0]
    return data


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise ScenarioError(
            "bytes that are no text have no form in a bare list; expected `body: instances`, or "
            "`content_type: image/jpeg`"
        ) from None


def _dumped(document: object) -> bytes:
    # Python's own separators have a space each: 4.3 MB instead of 3.5 for the pixels of a photo.
    return json.dumps(document, separators=(",", ":")).encode()
