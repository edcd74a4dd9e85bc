"""Arrays to TensorProtos and back.

This file knows one message, ``tensorflow.TensorProto``, and nothing of requests, images or models.

Arrays are numpy's; strings are arrays of ``object`` holding ``bytes`` (numpy's own bytes dtype cuts
trailing NULs, which encoded images may have). What is written is `tensor_content` (little-endian,
C order), what is read is either form, because a server's default is the typed fields (float_val).
Element types are named as numpy names them, and "string"; bfloat16 is ml_dtypes'. Wire layout:
tensorflow/tensorflow, tensorflow/core/framework/tensor.proto.
"""

from dataclasses import dataclass
from math import prod
from typing import Any, NamedTuple

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from eiload.serving.protos import meta_graph_pb2, tensor_pb2, tensor_shape_pb2, types_pb2

__all__ = [
    "Tensor",
    "TensorInfo",
    "UnreadableError",
    "declared",
    "dtype_of",
    "from_proto",
    "info",
    "size_bytes_of",
    "to_proto",
]

MAX_DECODED_BYTES = 2**31 - 1
"""Largest array made from an answer: protobuf's own limit on a message. Without it, one repeated
value and a huge shape would make an array of any size out of twenty bytes."""

Tensor = NDArray[Any]


class _Kind(NamedTuple):
    """One element type: numpy's name of it, and the TensorProto field of its values."""

    dtype: str
    field: str


_KINDS = {
    types_pb2.DT_FLOAT: _Kind("float32", "float_val"),
    types_pb2.DT_DOUBLE: _Kind("float64", "double_val"),
    types_pb2.DT_HALF: _Kind("float16", "half_val"),
    types_pb2.DT_BFLOAT16: _Kind("bfloat16", "half_val"),
    types_pb2.DT_INT8: _Kind("int8", "int_val"),
    types_pb2.DT_INT16: _Kind("int16", "int_val"),
    types_pb2.DT_INT32: _Kind("int32", "int_val"),
    types_pb2.DT_INT64: _Kind("int64", "int64_val"),
    types_pb2.DT_UINT8: _Kind("uint8", "int_val"),
    types_pb2.DT_UINT16: _Kind("uint16", "int_val"),
    types_pb2.DT_UINT32: _Kind("uint32", "uint32_val"),
    types_pb2.DT_UINT64: _Kind("uint64", "uint64_val"),
    types_pb2.DT_BOOL: _Kind("bool", "bool_val"),
    types_pb2.DT_STRING: _Kind("string", "string_val"),
}
_ENUMS = {kind.dtype: enum for enum, kind in _KINDS.items()}


_AS_BITS = {"float16": np.dtype(np.float16), "bfloat16": np.dtype(ml_dtypes.bfloat16)}
"""Types whose typed field holds their bits (tensor.proto, half_val)."""


class UnreadableError(ValueError):
    """An element type that no array can be of here: our limit, and no fault of who sends it."""


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """What a tensor is, or may be."""

    dtype: str
    """numpy's name, or "string"; a type that eiload cannot hold has TensorFlow's name (DT_...)."""
    shape: tuple[int | None, ...] | None
    """Lengths, None where any will do; None altogether where any rank will do."""

    def __str__(self) -> str:
        """Return the type and shape as people write them: ``uint8 [?, ?, ?, 3]``."""
        if self.shape is None:
            return f"{self.dtype} of any shape"
        lengths = ", ".join("?" if length is None else str(length) for length in self.shape)
        return f"{self.dtype} [{lengths}]"


def info(tensor: Tensor) -> TensorInfo:
    """Return the type and shape of an array, in the terms of a signature."""
    return TensorInfo(_dtype_name(tensor), tensor.shape)


def declared(proto: meta_graph_pb2.TensorInfo | tensor_pb2.TensorProto) -> TensorInfo:
    """Return what a signature declares of a tensor, or what a tensor on its way says it is."""
    kind = _KINDS.get(proto.dtype)
    return TensorInfo(kind.dtype if kind else _enum_name(proto.dtype), _shape(proto.tensor_shape))


def to_proto(tensor: Tensor, *, typed: bool = False) -> tensor_pb2.TensorProto:
    """Return an array as a TensorProto.

    Args:
        tensor: the array; strings as ``object`` holding ``bytes``.
        typed: write numbers into the typed fields, as a server does by default, and not as
            `tensor_content`. Strings have no other form.

    Raises:
        ValueError: the element type cannot be sent.
    """
    name = _dtype_name(tensor)
    if name not in _ENUMS:
        raise ValueError(
            f"cannot send an array of {name!r}, expected one of {', '.join(_ENUMS)}"
            " (strings: an object array of bytes)"
        )
    shape = tensor_shape_pb2.TensorShapeProto(
        dim=[tensor_shape_pb2.TensorShapeProto.Dim(size=length) for length in tensor.shape]
    )
    proto = tensor_pb2.TensorProto(dtype=_ENUMS[name], tensor_shape=shape)
    if name == "string":
        proto.string_val.extend(tensor.ravel().tolist())
    elif not typed:
        proto.tensor_content = tensor.astype(tensor.dtype.newbyteorder("<"), copy=False).tobytes()
    else:
        half = _AS_BITS.get(name)
        bits = tensor if half is None else tensor.astype(half).view(np.uint16)
        getattr(proto, _KINDS[_ENUMS[name]].field).extend(bits.ravel().tolist())
    return proto


def from_proto(proto: tensor_pb2.TensorProto) -> Tensor:
    """Return the array in a TensorProto, as TensorFlow reads it.

    Fewer typed values than the shape has elements mean that the last one is repeated, none mean
    zeros (tensorflow/core/framework/tensor.cc, FromProtoField). The array may be read-only.

    Raises:
        UnreadableError: an element type that numpy does not have.
        ValueError: a shape that is not known, or values that do not fit it.
    """
    if proto.dtype not in _KINDS:
        raise UnreadableError(f"cannot read element type {_enum_name(proto.dtype)}")
    dtype, field = _KINDS[proto.dtype]
    shape = _shape(proto.tensor_shape)
    if shape is None or None in shape:
        raise ValueError("its shape is not fully known")
    lengths = tuple(length or 0 for length in shape)
    size = prod(lengths)
    item = dtype_of(dtype).newbyteorder("<")
    if size * item.itemsize > MAX_DECODED_BYTES:
        raise ValueError(f"its shape {lengths} is larger than any message can be")
    if proto.tensor_content and dtype != "string":
        if len(proto.tensor_content) != size * item.itemsize:
            raise ValueError(
                f"{len(proto.tensor_content)} bytes of content do not fill {dtype} {lengths}"
            )
        return np.frombuffer(proto.tensor_content, dtype=item).reshape(lengths)
    # int_val and half_val hold smaller types in an int32 each; C++ casts them without a check.
    held = {"int_val": "int32", "half_val": "int32", "string_val": "object"}.get(field, dtype)
    values = np.array(getattr(proto, field), dtype=held)
    if len(values) > size:
        raise ValueError(f"{len(values)} values do not fit shape {lengths}")
    if dtype == "string":
        array = np.full(size, b"", dtype=object)
    else:
        array = np.zeros(size, dtype=np.uint16 if dtype in _AS_BITS else dtype)
    array[: len(values)] = values
    if len(values):
        array[len(values) :] = array[len(values) - 1]
    return (array.view(_AS_BITS[dtype]) if dtype in _AS_BITS else array).reshape(lengths)


def size_bytes_of(tensor: Tensor) -> int:
    """Return how many bytes an array's values take on the wire; of strings their lengths."""
    if tensor.dtype == object:
        return sum(map(len, tensor.ravel().tolist()))
    return tensor.nbytes


def dtype_of(name: str) -> np.dtype[Any]:
    """Return numpy's type of an element type's name; of "string" that of objects."""
    return _AS_BITS[name] if name in _AS_BITS else np.dtype(object if name == "string" else name)


def _dtype_name(tensor: Tensor) -> str:
    return "string" if tensor.dtype == object else tensor.dtype.name


def _enum_name(enum: int) -> str:
    return types_pb2.DataType.Name(enum) if enum in types_pb2.DataType.values() else f"{enum}"


def _shape(proto: tensor_shape_pb2.TensorShapeProto) -> tuple[int | None, ...] | None:
    """Return a shape; -1 is protobuf's word for a length that is not known."""
    if proto.unknown_rank:
        return None
    return tuple(None if dim.size < 0 else int(dim.size) for dim in proto.dim)
