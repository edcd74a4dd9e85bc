"""Which model has answered, read from a PredictResponse without touching its tensors.

An answer may be 19 MB of detections, and what is asked is a number of a few bytes at its end; so
the fields are stepped over by their lengths. Wire format: protobuf.dev/programming-guides/encoding;
messages: tensorflow/serving, tensorflow_serving/apis/predict.proto (PredictResponse.model_spec = 2)
and model.proto (ModelSpec).
"""

from collections.abc import Iterator

from google.protobuf.message import DecodeError

from eiload.serving.protos import model_pb2
from eiload.serving.varint import varint

__all__ = ["version_of"]

MODEL_SPEC = 2
"""Number of the field in a PredictResponse."""

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def version_of(response: bytes) -> int | None:
    """Return the version of the model that gave an answer; None if it does not say.

    Args:
        response: a serialised PredictResponse, or anything.
    """
    spec = model_pb2.ModelSpec()
    try:
        for number, value in _fields(memoryview(response)):
            if number == MODEL_SPEC:
                spec.MergeFromString(bytes(value))
    except (ValueError, DecodeError):
        return None
    if not spec.HasField("version") or spec.version.value < 0:
        return None
    return int(spec.version.value)


def _fields(data: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Yield the numbers of a message's fields that have a length, and their bytes.

    Raises:
        ValueError: it is no message.
    """
    at, end = 0, len(data)
    while at < end:
        tag, at = varint(data, at)
        kind = tag & 7
        if kind == _BYTES:
            length, at = varint(data, at)
            if length > end - at:
                raise ValueError("cut off")
            yield tag >> 3, data[at : at + length]
            at += length
        elif kind == _VARINT:
            _, at = varint(data, at)
        elif kind in {_FIXED64, _FIXED32}:
            at += 8 if kind == _FIXED64 else 4
        else:
            raise ValueError("no wire type of protobuf")
