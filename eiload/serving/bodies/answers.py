"""What is in the body of an answer: bytes and their content type in, outputs by name out.

Read are TensorFlow Serving's rows (`predictions`) and columns (`outputs`), bare lists and objects
as the PyTorch containers write them, ``.npy`` and csv. An output without a name is called by the
one that was asked for, else `UNNAMED`. Bytes from the network are hostile: nothing is unpickled,
and nothing larger than the body itself is made of a header that says so.
"""

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from math import prod
from types import MappingProxyType
from typing import Any

import numpy as np

from eiload.serving.bodies.media import Kind, kind_of
from eiload.serving.bodies.values import is_base64, tensor
from eiload.serving.tensors import Tensor, TensorInfo, UnreadableError
from eiload.serving.tfserving import Response

__all__ = ["UNNAMED", "read_body"]

UNNAMED = "output"
"""What an output is called that has no name, as in a bare list."""

SHOWN = 60
"""Characters of a body that is not understood."""

_NPY = b"\x93NUMPY"


def read_body(
    body: bytes,
    content_type: str = "",
    *,
    names: Sequence[str] = (),
    declared: Mapping[str, TensorInfo] = MappingProxyType({}),
) -> Response:
    """Return what is in the body of an answer.

    Args:
        body: the body.
        content_type: what the answer says it is; of "", and of types that are not known, its
            beginning tells.
        names: the outputs that were asked for; the only one names what has no name.
        declared: the model's outputs, where that is known: JSON has no element types.

    Raises:
        ValueError: it is not what its content type says, or nothing that can be read.
    """
    kind = kind_of(content_type)
    if kind == "bytes":
        kind = _looks_like(body, content_type)
    try:
        if kind == "npy":
            found: Mapping[str, Any] = {"": _npy(body)}
        elif kind == "csv":
            found = {"": _csv(body)}
        else:
            found = _named(_parsed(body, kind))
    except RecursionError:
        raise ValueError("JSON that is nested too deeply") from None
    only = names[0] if len(names) == 1 else next(iter(declared)) if len(declared) == 1 else UNNAMED
    outputs: dict[str, Tensor] = {}
    unread: dict[str, TensorInfo] = {}
    for name, value in sorted(found.items()):
        alias = name or only
        entry = declared.get(alias)
        try:
            outputs[alias] = _array(value, entry.dtype if entry is not None else None)
        except UnreadableError as error:
            unread[alias] = TensorInfo(str(error), None)
        except ValueError as error:
            raise ValueError(f"output {alias!r}: {error}") from None
    return Response(outputs, unread)


def _array(value: object, dtype: str | None) -> Tensor:
    return value if isinstance(value, np.ndarray) else tensor(value, dtype)


def _looks_like(body: bytes, content_type: str) -> Kind:
    if body.startswith(_NPY):
        return "npy"
    if body.lstrip()[:1] in {b"{", b"["}:
        return "json"
    said = f"content type {content_type!r}" if content_type else "no content type"
    raise ValueError(f"{said}, and neither JSON nor .npy: {_shown(body)}")


def _shown(body: bytes) -> str:
    text = body[: 4 * SHOWN].decode("utf-8", "replace")
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return repr(line[:SHOWN]) + ("..." if len(line) > SHOWN or len(body) > 4 * SHOWN else "")


# -- JSON ----------------------------------------------------------------------------------------


def _parsed(body: bytes, kind: Kind) -> Any:
    try:
        if kind != "lines":
            return json.loads(body)
        lines = [json.loads(line) for line in body.splitlines() if line.strip()]
    except ValueError as error:
        raise ValueError(f"not JSON: {error}: {_shown(body)}") from None
    # TensorFlow's container gives lines their one document back, newlines stripped.
    return lines[0] if len(lines) == 1 and isinstance(lines[0], dict) else lines


def _named(document: Any) -> Mapping[str, Any]:
    """Return outputs by name; one that has none under ""."""
    if isinstance(document, dict) and not is_base64(document):
        if "predictions" in document:
            return _columns(document["predictions"])
        if "outputs" in document:
            outputs = document["outputs"]
            named = isinstance(outputs, dict) and not is_base64(outputs)
            return outputs if named else {"": outputs}
        if document.keys() == {"error"}:
            raise ValueError(f"it says OK and an error: {_shown(str(document['error']).encode())}")
        return document
    return _columns(document)


def _columns(rows: Any) -> Mapping[str, Any]:
    """Return rows as columns: the values of each output, one after the other."""
    if not isinstance(rows, list) or not any(map(_is_row, rows)):
        return {"": rows}
    names = rows[0].keys() if _is_row(rows[0]) else {}
    for number, row in enumerate(rows, 1):
        if not _is_row(row) or row.keys() != names:
            raise ValueError(f"row {number} has not the outputs of the first")
    return {name: [row[name] for row in rows] for name in names}


def _is_row(value: object) -> bool:
    return isinstance(value, dict) and not is_base64(value)


# -- arrays --------------------------------------------------------------------------------------


def _npy(body: bytes) -> Tensor:
    """Return the array in a .npy (numpy's `lib.format`), which shares the body's memory.

    numpy's own reader believes the header, and makes an array of the size that it says.
    """
    reader = io.BytesIO(body)
    try:
        version = np.lib.format.read_magic(reader)
        if version == (1, 0):
            header = np.lib.format.read_array_header_1_0(reader)
        else:
            header = np.lib.format.read_array_header_2_0(reader)
    except (ValueError, SyntaxError, OverflowError, EOFError) as error:
        raise ValueError(f"not a .npy: {' '.join(str(error).split())[:200]}") from None
    shape, fortran, dtype = header
    if dtype.kind not in "fiub":
        raise ValueError(f"a .npy of {dtype}; expected numbers")
    left = len(body) - reader.tell()
    if any(length < 0 for length in shape) or prod(shape) * dtype.itemsize != left:
        raise ValueError(f"a .npy whose {left} bytes do not fill {dtype} {list(shape)}")
    array: Tensor = np.frombuffer(body, dtype, offset=reader.tell())
    return array.reshape(shape, order="F" if fortran else "C")


def _csv(body: bytes) -> Tensor:
    """Return rows of numbers, [rows, columns]; whole numbers as such."""
    try:
        text = body.decode()
        rows = [*_csv_rows(text)]
    except ValueError as error:
        raise ValueError(f"not rows of numbers: {error}: {_shown(body)}") from None
    if not rows:
        raise ValueError("no rows of numbers in it")
    return tensor(rows)


def _csv_rows(text: str) -> Iterator[list[int | float]]:
    for line in text.splitlines():
        if line.strip():
            yield [_number(cell.strip()) for cell in line.split(",")]


def _number(cell: str) -> int | float:
    try:
        return int(cell)
    except ValueError:
        return float(cell)
