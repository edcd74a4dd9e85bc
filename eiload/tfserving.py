"""TensorFlow Serving's API as bytes: requests out of arrays, arrays and facts out of answers.

This file knows the messages of ``tensorflow_serving.apis`` and nothing of channels, images or
scenarios. Whoever sends the bytes does so with the method names below and no (de)serialiser.

The generated messages live in two packages: ``tensorflow_serving.apis`` and, because a
PredictRequest holds TensorProtos, ``tensorflow.core.framework``. Importing the second the ordinary
way runs ``tensorflow/__init__``, the whole runtime: seconds and 550 MB that no load-generating
process may spend. `protos_only` is the one place that goes around it. gRPC is not imported either.

Arrays are numpy's; strings are arrays of ``object`` holding ``bytes`` (numpy's own bytes dtype cuts
trailing NULs, which encoded images may have). What is written is `tensor_content` (little-endian,
C order), what is read is either form, because a server's default is the typed fields (float_val).
Element types are named as numpy names them, and "string". Wire layout: tensorflow/tensorflow,
tensorflow/core/framework/tensor.proto; tensorflow/serving, tensorflow_serving/apis/*.proto.
"""

import importlib.util
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from google.protobuf.message import DecodeError, Message
from numpy.typing import NDArray

__all__ = [
    "GET_MODEL_METADATA",
    "GET_MODEL_STATUS",
    "PREDICT",
    "ModelState",
    "Signature",
    "Tensor",
    "TensorInfo",
    "decode_metadata",
    "decode_response",
    "decode_status",
    "from_proto",
    "info",
    "metadata_request",
    "predict_request",
    "protos_only",
    "status_request",
    "to_proto",
]

PREDICT = "/tensorflow.serving.PredictionService/Predict"
GET_MODEL_METADATA = "/tensorflow.serving.PredictionService/GetModelMetadata"
GET_MODEL_STATUS = "/tensorflow.serving.ModelService/GetModelStatus"

MAX_DECODED_BYTES = 2**31 - 1
"""Largest array made from an answer: protobuf's own limit on a message. Without it, one repeated
value and a huge shape would make an array of any size out of twenty bytes."""

Tensor = NDArray[Any]


@contextmanager
def protos_only() -> Iterator[None]:
    """Let ``tensorflow.core.*_pb2`` be imported inside the block without TensorFlow's runtime.

    Python imports a package before its modules. While the block runs, the package is an empty
    stand-in that has only the real one's path, so its modules are found and ``__init__`` is not
    run. Afterwards the stand-in is gone and the message modules stay: a later ``import tensorflow``
    is the real one, finds them loaded, and shares their classes. Where TensorFlow is loaded
    already, nothing is to be done.

    To be used at import time only: a thread that imports TensorFlow meanwhile would get the
    stand-in.

    Raises:
        ModuleNotFoundError: TensorFlow is not installed.
    """
    if "tensorflow" in sys.modules:
        yield
        return
    spec = importlib.util.find_spec("tensorflow")
    if spec is None or spec.submodule_search_locations is None:
        raise ModuleNotFoundError(
            "TensorFlow's message definitions are missing: pip install tensorflow-serving-api",
            name="tensorflow",
        )
    stand_in = ModuleType("tensorflow")
    stand_in.__path__ = list(spec.submodule_search_locations)
    sys.modules["tensorflow"] = stand_in
    try:
        yield
    finally:
        del sys.modules["tensorflow"]


with protos_only():
    from tensorflow.core.framework import tensor_pb2, tensor_shape_pb2, types_pb2
    from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2, predict_pb2


class _Kind(NamedTuple):
    """One element type: numpy's name of it, and the TensorProto field of its values."""

    dtype: str
    field: str


_KINDS = {
    types_pb2.DT_FLOAT: _Kind("float32", "float_val"),
    types_pb2.DT_DOUBLE: _Kind("float64", "double_val"),
    types_pb2.DT_HALF: _Kind("float16", "half_val"),
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


@dataclass(frozen=True, slots=True)
class Signature:
    """One way to call a model: what goes in and what comes out, by alias."""

    name: str
    inputs: dict[str, TensorInfo]
    outputs: dict[str, TensorInfo]


@dataclass(frozen=True, slots=True)
class ModelState:
    """One version of a model on a server."""

    version: int
    state: str
    """UNKNOWN, START, LOADING, AVAILABLE, UNLOADING or END."""
    error: str
    """Why it is not available, in the server's words; empty where there is no error."""


def info(tensor: Tensor) -> TensorInfo:
    """Return the type and shape of an array, in the terms of a signature."""
    return TensorInfo(_dtype_name(tensor), tensor.shape)


def predict_request(
    model: str,
    tensors: Mapping[str, Tensor],
    *,
    signature: str = "",
    version: int | None = None,
    version_label: str | None = None,
    outputs: Sequence[str] = (),
) -> bytes:
    """Return a serialised PredictRequest; the same arguments always give the same bytes.

    Args:
        model: name of the model on the server.
        tensors: input alias to array, of any shape.
        signature: its name; empty means the server's default, ``serving_default``.
        version: number of the version; None means the latest.
        version_label: a label of a version instead of its number.
        outputs: aliases that are wanted back; none means all.

    Raises:
        ValueError: an array's element type cannot be sent, or version and label are both given.
    """
    request = predict_pb2.PredictRequest(output_filter=outputs)
    _name_model(request.model_spec, model, version, version_label)
    request.model_spec.signature_name = signature
    for alias, tensor in tensors.items():
        request.inputs[alias].CopyFrom(to_proto(tensor))
    return _bytes(request)


def decode_response(data: bytes) -> dict[str, Tensor]:
    """Return the outputs of a serialised PredictResponse by alias, sorted by it.

    Raises:
        ValueError: the bytes are no PredictResponse, or a tensor in it contradicts itself.
    """
    response = _parse(predict_pb2.PredictResponse(), data)
    outputs = {}
    for alias in sorted(response.outputs):
        try:
            outputs[alias] = from_proto(response.outputs[alias])
        except ValueError as error:
            raise ValueError(f"output {alias!r}: {error}") from None
    return outputs


def metadata_request(
    model: str, *, version: int | None = None, version_label: str | None = None
) -> bytes:
    """Return a serialised GetModelMetadataRequest for the model's signatures.

    Raises:
        ValueError: version and label are both given.
    """
    # `signature_def` is the only field that any server knows.
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    _name_model(request.model_spec, model, version, version_label)
    return _bytes(request)


def decode_metadata(data: bytes) -> dict[str, Signature]:
    """Return the signatures of a serialised GetModelMetadataResponse, by name.

    Raises:
        ValueError: the bytes are no such response, or it holds no signatures.
    """
    response = _parse(get_model_metadata_pb2.GetModelMetadataResponse(), data)
    signatures = get_model_metadata_pb2.SignatureDefMap()
    if not response.metadata["signature_def"].Unpack(signatures):
        raise ValueError("not a GetModelMetadataResponse with a signature_def")
    return {
        name: Signature(
            name,
            {alias: _tensor_info(entry.inputs[alias]) for alias in sorted(entry.inputs)},
            {alias: _tensor_info(entry.outputs[alias]) for alias in sorted(entry.outputs)},
        )
        for name, entry in sorted(signatures.signature_def.items())
    }


def status_request(model: str, *, version: int | None = None) -> bytes:
    """Return a serialised GetModelStatusRequest; it knows no labels."""
    request = get_model_status_pb2.GetModelStatusRequest()
    _name_model(request.model_spec, model, version, None)
    return _bytes(request)


def decode_status(data: bytes) -> tuple[ModelState, ...]:
    """Return the versions of a serialised GetModelStatusResponse, the newest first.

    Raises:
        ValueError: the bytes are no such response.
    """
    response = _parse(get_model_status_pb2.GetModelStatusResponse(), data)
    states = get_model_status_pb2.ModelVersionStatus.State
    known = set(states.values())
    return tuple(
        ModelState(
            int(entry.version),
            states.Name(entry.state) if entry.state in known else f"state {entry.state}",
            entry.status.error_message
            or (f"error code {entry.status.error_code}" if entry.status.error_code else ""),
        )
        for entry in sorted(response.model_version_status, key=lambda entry: -entry.version)
    )


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
        # Half precision travels as its bits (tensor.proto, half_val).
        bits = tensor.view(np.uint16) if name == "float16" else tensor
        getattr(proto, _KINDS[_ENUMS[name]].field).extend(bits.ravel().tolist())
    return proto


def from_proto(proto: tensor_pb2.TensorProto) -> Tensor:
    """Return the array in a TensorProto, as TensorFlow reads it.

    Fewer typed values than the shape has elements mean that the last one is repeated, none mean
    zeros (tensorflow/core/framework/tensor.cc, FromProtoField). The array may be read-only.

    Raises:
        ValueError: an element type that numpy does not have, a shape that is not known, or values
            that do not fit it.
    """
    if proto.dtype not in _KINDS:
        raise ValueError(f"cannot read element type {_enum_name(proto.dtype)}")
    dtype, field = _KINDS[proto.dtype]
    shape = _shape(proto.tensor_shape)
    if shape is None or None in shape:
        raise ValueError("its shape is not fully known")
    lengths = tuple(length or 0 for length in shape)
    size = prod(lengths)
    item = np.dtype(object if dtype == "string" else dtype).newbyteorder("<")
    if size * item.itemsize > MAX_DECODED_BYTES:
        raise ValueError(f"its shape {lengths} is larger than any message can be")
    if proto.tensor_content and dtype != "string":
        if len(proto.tensor_content) != size * item.itemsize:
            raise ValueError(
                f"{len(proto.tensor_content)} bytes of content do not fill {dtype} {lengths}"
            )
        return np.frombuffer(proto.tensor_content, dtype=item).reshape(lengths)
    values = getattr(proto, field)
    if len(values) > size:
        raise ValueError(f"{len(values)} values do not fit shape {lengths}")
    if dtype == "string":
        array = np.full(size, b"", dtype=object)
    else:
        array = np.zeros(size, dtype=np.uint16 if dtype == "float16" else dtype)
    try:
        array[: len(values)] = values
    except OverflowError:
        raise ValueError(f"a value does not fit {dtype}") from None
    if len(values):
        array[len(values) :] = values[-1]
    return (array.view(np.float16) if dtype == "float16" else array).reshape(lengths)


def _dtype_name(tensor: Tensor) -> str:
    return "string" if tensor.dtype == object else tensor.dtype.name


def _enum_name(enum: int) -> str:
    return types_pb2.DataType.Name(enum) if enum in types_pb2.DataType.values() else f"{enum}"


def _shape(proto: tensor_shape_pb2.TensorShapeProto) -> tuple[int | None, ...] | None:
    """Return a shape; -1 is protobuf's word for a length that is not known."""
    if proto.unknown_rank:
        return None
    return tuple(None if dim.size < 0 else int(dim.size) for dim in proto.dim)


def _tensor_info(proto: Any) -> TensorInfo:
    kind = _KINDS.get(proto.dtype)
    return TensorInfo(kind.dtype if kind else _enum_name(proto.dtype), _shape(proto.tensor_shape))


def _name_model(spec: Any, model: str, version: int | None, version_label: str | None) -> None:
    if version is not None and version_label is not None:
        raise ValueError("give a version or a version label, not both")
    spec.name = model
    if version is not None:
        spec.version.value = version
    elif version_label is not None:
        spec.version_label = version_label


def _bytes(message: Message) -> bytes:
    # Maps have no order of their own; `deterministic` sorts them.
    data: bytes = message.SerializeToString(deterministic=True)
    return data


def _parse(message: Any, data: bytes) -> Any:
    try:
        message.ParseFromString(data)
    except DecodeError:
        raise ValueError(f"{len(data)} bytes that are not a {message.DESCRIPTOR.name}") from None
    return message
