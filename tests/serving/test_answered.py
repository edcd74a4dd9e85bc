"""Which model has answered: read without its tensors, from anything."""

import numpy as np
import pytest

from eiload.serving.answered import version_of
from eiload.serving.protos import predict_pb2
from eiload.serving.tensors import to_proto


def response(version: int | None = 7) -> bytes:
    """Return an answer."""
    message = predict_pb2.PredictResponse()
    message.outputs["boxes"].CopyFrom(to_proto(np.zeros((1, 100, 4), np.float32)))
    message.outputs["number"].CopyFrom(to_proto(np.ones(1, np.float32)))
    message.model_spec.name = "ssd"
    if version is not None:
        message.model_spec.version.value = version
    data: bytes = message.SerializeToString()
    return data


def test_the_version_of_an_answer() -> None:
    """Also where fields come in another order, or twice, or are not known."""
    assert version_of(response()) == 7
    assert version_of(response(0)) == 0
    assert version_of(response(2**40)) == 2**40
    spec = predict_pb2.PredictResponse()
    spec.model_spec.version.value = 9
    first = spec.SerializeToString()
    assert version_of(first + response(None)) == 9
    assert version_of(first + response(8)) == 8
    others = b"\x98\x06\x05" + b"\xa1\x06" + bytes(8) + b"\xad\x06" + bytes(4)
    assert version_of(others + first) == 9


@pytest.mark.parametrize(
    "data", [b"", b"\x12", b"\x12\x05ab", b"\x0b", b"\xff" * 20, b"\x12\x02\x12\x09", b"<html>"]
)
def test_what_does_not_say(data: bytes) -> None:
    """Nothing, damage, a page: no version."""
    assert version_of(data) is None
    assert version_of(response(None)) is None


def test_every_cut_is_survived() -> None:
    """A number or none."""
    whole = response()
    assert {version_of(whole[:end]) for end in range(len(whole))} <= {None, 0, 7}
