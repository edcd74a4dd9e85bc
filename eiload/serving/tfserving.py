"""TensorFlow Serving's API as bytes: requests out of arrays, arrays and facts out of answers.

This file knows the requests and answers of Predict, GetModelMetadata and GetModelStatus, and
nothing of channels, images or scenarios: whoever sends the bytes does so with the method names
below and no (de)serialiser. Amazon EI's server has the same API. How the messages are had without
TensorFlow's runtime is in `protos`, how an array becomes a tensor in `tensors`; their public names
are here, too. Wire layout: tensorflow/serving, tensorflow_serving/apis/*.proto.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import DecodeError, Message

from eiload.serving.protos import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    predict_pb2,
    protos_only,
)
from eiload.serving.tensors import (
    Tensor,
    TensorInfo,
    UnreadableError,
    declared,
    from_proto,
    info,
    to_proto,
)

__all__ = [
    "DEFAULT_SIGNATURE",
    "GET_MODEL_METADATA",
    "GET_MODEL_STATUS",
    "PREDICT",
    "ModelState",
    "Response",
    "Signature",
    "Tensor",
    "TensorInfo",
    "decode_metadata",
    "decode_response",
    "decode_status",
    "from_proto",
    "info",
    "inputs_of",
    "metadata_request",
    "predict_request",
    "protos_only",
    "read_response",
    "signatures_of",
    "status_request",
    "to_proto",
]

PREDICT = "/tensorflow.serving.PredictionService/Predict"
GET_MODEL_METADATA = "/tensorflow.serving.PredictionService/GetModelMetadata"
GET_MODEL_STATUS = "/tensorflow.serving.ModelService/GetModelStatus"

DEFAULT_SIGNATURE = "serving_default"
"""What TensorFlow Serving takes when a request names none."""


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


def inputs_of(data: bytes) -> dict[str, TensorInfo]:
    """Return what the inputs of a serialised PredictRequest are, by alias, sorted by it.

    Raises:
        ValueError: the bytes are no PredictRequest.
    """
    request = _parse(predict_pb2.PredictRequest(), data)
    return {alias: declared(request.inputs[alias]) for alias in sorted(request.inputs)}


@dataclass(frozen=True, slots=True)
class Response:
    """What a server has answered."""

    outputs: dict[str, Tensor]
    """By alias, sorted by it."""
    unread: dict[str, TensorInfo]
    """Outputs of types that no array here can be of."""


def read_response(data: bytes) -> Response:
    """Return what is in a serialised PredictResponse.

    Raises:
        ValueError: the bytes are no PredictResponse, or a tensor in it contradicts itself.
    """
    response = _parse(predict_pb2.PredictResponse(), data)
    outputs, unread = {}, {}
    for alias in sorted(response.outputs):
        proto = response.outputs[alias]
        try:
            outputs[alias] = from_proto(proto)
        except UnreadableError:
            unread[alias] = declared(proto)
        except ValueError as error:
            raise ValueError(f"output {alias!r}: {error}") from None
    return Response(outputs, unread)


def decode_response(data: bytes) -> dict[str, Tensor]:
    """Return the outputs of a serialised PredictResponse by alias, sorted by it.

    Raises:
        ValueError: the bytes are no PredictResponse, a tensor in it contradicts itself, or is of a
            type that no array can be of.
    """
    response = read_response(data)
    for alias, entry in response.unread.items():
        raise ValueError(f"output {alias!r}: cannot read element type {entry.dtype}")
    return response.outputs


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
    return signatures_of(signatures)


def signatures_of(signatures: Any) -> dict[str, Signature]:
    """Return the signatures in a SignatureDefMap, by name."""
    return {
        name: Signature(
            name,
            {alias: declared(entry.inputs[alias]) for alias in sorted(entry.inputs)},
            {alias: declared(entry.outputs[alias]) for alias in sorted(entry.outputs)},
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
