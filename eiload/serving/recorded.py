"""Requests and examples that others have serialised: files in, messages out, as they are.

This file knows three ways in which messages lie in a file: one a file; each after its length (a
varint, as protobuf's ``writeDelimitedTo`` writes); and TFRecords, as TensorFlow writes them: length
(8 bytes), a checksum of the length, the data, a checksum of the data. TensorFlow Serving's warm-up
file is one of the last kind, of PredictionLogs. Of a TFRecord's checksums that of the length is
looked at: it tells whether this is one at all, and where it is cut.

Sources: tensorflow/tensorflow, tensorflow/core/lib/io/record_writer.h and lib/hash/crc32c.h;
tensorflow/serving, tensorflow_serving/apis/prediction_log.proto.
"""

from collections.abc import Iterator
from typing import Any

from google.protobuf.message import DecodeError

from eiload.base.errors import ScenarioError
from eiload.scenario import Target
from eiload.serving.arrays import whole
from eiload.serving.protos import predict_pb2, protos_only
from eiload.serving.tensors import Tensor, from_proto
from eiload.serving.tfserving import DEFAULT_SIGNATURE
from eiload.serving.varint import varint

with protos_only():
    from tensorflow.core.example import example_pb2
    from tensorflow_serving.apis import prediction_log_pb2

__all__ = ["addressed", "examples", "inputs", "requests"]

HEADER_BYTES = 12
FOOTER_BYTES = 4
"""Before and after the data of a TFRecord."""

LENGTH_BYTES = 5
"""At most, of the length before a message: protobuf's messages are below 2 GiB."""


def requests(path: str) -> list[bytes]:
    """Return the serialised PredictRequests in a file.

    Raises:
        ScenarioError: it cannot be read, or holds something else.
    """
    data = whole(path)
    records = _records(path, data)
    if records is not None:
        return [_request_of(path, number, each) for number, each in enumerate(records, 1)]
    delimited = _delimited(data)
    if delimited and all(map(_is_request, delimited)):
        return delimited
    if _is_request(data):
        return [data]
    raise ScenarioError(
        f"{path}: holds no PredictRequest; expected one, or each after its length, or TFRecords"
    )


def examples(path: str) -> list[bytes]:
    """Return the serialised tf.Examples in a file.

    Raises:
        ScenarioError: it cannot be read, or holds something else.
    """
    data = whole(path)
    records = _records(path, data)
    found = [data] if records is None else records
    for number, each in enumerate(found, 1):
        if not _is_example(each):
            which = f"record {number} is" if records is not None else "is"
            raise ScenarioError(f"{path}: {which} no tf.Example; expected TFRecords of them")
    return found


def addressed(data: bytes, target: Target) -> tuple[bytes, str]:
    """Return a request as a target is asked, and whom it was for if that was another model.

    One that names the target's model and says nothing else than the target keeps its very bytes;
    of others only the address is written anew: model, and what the target says of version,
    signature and outputs.
    """
    request = predict_pb2.PredictRequest.FromString(data)
    spec = request.model_spec
    name, before = spec.name, request.SerializeToString(deterministic=True)
    spec.name = target.model
    if target.signature != (spec.signature_name or DEFAULT_SIGNATURE):
        spec.signature_name = target.signature
    if target.version is not None:
        spec.version.value = target.version
    elif target.version_label is not None:
        spec.version_label = target.version_label
    if target.outputs and list(request.output_filter) != list(target.outputs):
        del request.output_filter[:]
        request.output_filter.extend(target.outputs)
    after = request.SerializeToString(deterministic=True)
    other = name if name and name != target.model else ""
    return (data if after == before else after), other


def inputs(data: bytes, target: Target) -> tuple[dict[str, Tensor], str]:
    """Return the inputs of a serialised PredictRequest, and its model if that is not the target's.

    Raises:
        ScenarioError: an input is of a type that no array can be of.
    """
    request = predict_pb2.PredictRequest.FromString(data)
    found: dict[str, Tensor] = {}
    for name in sorted(request.inputs):
        try:
            found[name] = from_proto(request.inputs[name])
        except ValueError as error:
            raise ScenarioError(f"a recorded request's input {name!r}: {error}") from None
    model = request.model_spec.name
    return found, model if model and model != target.model else ""


def _request_of(path: str, number: int, record: bytes) -> bytes:
    """Return the PredictRequest that a record is, or that a PredictionLog holds."""
    log = prediction_log_pb2.PredictionLog()
    try:
        log.ParseFromString(record)
        if log.WhichOneof("log_type") == "predict_log" and log.predict_log.request.inputs:
            return bytes(log.predict_log.request.SerializeToString(deterministic=True))
    except DecodeError:
        pass
    if _is_request(record):
        return record
    kind = log.WhichOneof("log_type") or "something else"
    raise ScenarioError(
        f"{path}: record {number} is {kind}; expected PredictRequests, or PredictionLogs of Predict"
    )


def _is_request(data: bytes) -> bool:
    request = predict_pb2.PredictRequest()
    return _parses(request, data) and bool(request.inputs)


def _is_example(data: bytes) -> bool:
    example = example_pb2.Example()
    return _parses(example, data) and bool(example.features.feature)


def _parses(message: Any, data: bytes) -> bool:
    try:
        message.ParseFromString(data)
    except DecodeError:
        return False
    return True


def _delimited(data: bytes) -> list[bytes]:
    """Return the messages that lie one after the other, each after its length; none if not so."""
    found: list[bytes] = []
    place = 0
    while place < len(data):
        try:
            length, place = varint(data, place, LENGTH_BYTES)
        except ValueError:
            return []
        if place + length > len(data):
            return []
        found.append(data[place : place + length])
        place += length
    return found


def _records(path: str, data: bytes) -> list[bytes] | None:
    """Return the TFRecords in a file's bytes; None if the file is no such file."""
    if not _begins_record(data, 0):
        return None
    found: list[bytes] = []
    place = 0
    while place < len(data):
        length = int.from_bytes(data[place : place + 8], "little")
        end = place + HEADER_BYTES + length + FOOTER_BYTES
        if not _begins_record(data, place) or end > len(data):
            raise ScenarioError(
                f"{path}: record {len(found) + 1} is cut short or damaged; replace the file"
            )
        found.append(data[place + HEADER_BYTES : place + HEADER_BYTES + length])
        place = end
    return found


def _begins_record(data: bytes, place: int) -> bool:
    if place + HEADER_BYTES > len(data):
        return False
    crc = _crc32c(data[place : place + 8])
    masked = ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
    return masked == int.from_bytes(data[place + 8 : place + HEADER_BYTES], "little")


def _table() -> Iterator[int]:
    for value in range(256):
        crc = value
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)  # Castagnoli's polynomial, reversed
        yield crc


_TABLE = tuple(_table())


def _crc32c(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF
