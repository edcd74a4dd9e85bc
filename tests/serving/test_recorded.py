"""Serialised requests and examples, in each way in which they lie in files."""

import struct
from pathlib import Path

import numpy as np
import pytest

from eiload.base.errors import ScenarioError
from eiload.scenario import Target
from eiload.serving import recorded
from eiload.serving.protos import predict_pb2, protos_only
from eiload.serving.recorded import addressed, examples, requests
from eiload.serving.tfserving import predict_request

with protos_only():
    from tensorflow.core.example import example_pb2
    from tensorflow_serving.apis import prediction_log_pb2

ONE = predict_request("m", {"x": np.array([1.0], np.float32)}, signature="serving_default")
TWO = predict_request("m", {"x": np.arange(300, dtype=np.float32)})


def record(data: bytes) -> bytes:
    """Return a TFRecord; the checksum of its data is left out, as nothing looks at it."""
    length = struct.pack("<Q", len(data))
    crc = recorded._crc32c(length)
    masked = ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
    return length + struct.pack("<I", masked) + data + bytes(4)


def varint(number: int) -> bytes:
    """Return a length as protobuf writes it."""
    out = b""
    while number >= 0x80:
        out, number = out + bytes([number & 0x7F | 0x80]), number >> 7
    return out + bytes([number])


def log(data: bytes) -> bytes:
    """Return the PredictionLog of a request, as warm-up files have them."""
    entry = prediction_log_pb2.PredictionLog()
    entry.predict_log.request.ParseFromString(data)
    return bytes(entry.SerializeToString())


def example(value: float) -> bytes:
    """Return a tf.Example."""
    made = example_pb2.Example()
    made.features.feature["x"].float_list.value.append(value)
    return bytes(made.SerializeToString())


def test_the_checksum_is_tensorflows() -> None:
    """CRC-32C, RFC 3720, appendix B.4."""
    assert recorded._crc32c(bytes(32)) == 0x8A9136AA
    assert recorded._crc32c(bytes(range(32))) == 0x46DD794E


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (ONE, [ONE]),
        (TWO, [TWO]),
        (varint(len(ONE)) + ONE + varint(len(TWO)) + TWO, [ONE, TWO]),
        (record(ONE) + record(TWO), [ONE, TWO]),
        (record(log(ONE)) + record(log(TWO)), [ONE, TWO]),
    ],
    ids=["one", "large", "delimited", "records", "warm-up"],
)
def test_requests(tmp_path: Path, content: bytes, found: list[bytes]) -> None:
    """Their bytes are as they were."""
    path = tmp_path / "r.pb"
    path.write_bytes(content)
    assert requests(str(path)) == found


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "holds no PredictRequest"),
        (b"hello", "holds no PredictRequest"),
        (ONE[:-1], "holds no PredictRequest"),
        (record(ONE)[:-5], "record 1 is cut short or damaged"),
        (record(ONE) + b"12345678901234567890", "record 2 is cut short or damaged"),
        (record(example(1)), "record 1 is something else; expected PredictRequests"),
    ],
)
def test_files_that_are_none(tmp_path: Path, content: bytes, said: str) -> None:
    """They are named, with what was expected."""
    path = tmp_path / "r.pb"
    path.write_bytes(content)
    with pytest.raises(ScenarioError, match=said):
        requests(str(path))


def test_examples(tmp_path: Path) -> None:
    """Records of tf.Example, or one a file."""
    path = tmp_path / "e.tfrecord"
    path.write_bytes(record(example(1)) + record(example(2)))
    assert examples(str(path)) == [example(1), example(2)]
    path.write_bytes(example(3))
    assert examples(str(path)) == [example(3)]
    path.write_bytes(record(b"hello"))
    with pytest.raises(ScenarioError, match=r"record 1 is no tf\.Example"):
        examples(str(path))


def test_requests_are_addressed_to_their_target() -> None:
    """One that names the target's model keeps its bytes; else the address alone is another."""
    same = Target(server="h:1", model="m")
    assert addressed(ONE, same) == (ONE, "")
    assert addressed(TWO, same) == (TWO, "")
    other = Target(server="h:1", model="n", version=3, outputs=("y",), signature="s")
    data, was = addressed(ONE, other)
    assert was == "m"
    request = predict_pb2.PredictRequest.FromString(data)
    spec = request.model_spec
    assert (spec.name, spec.version.value, spec.signature_name) == ("n", 3, "s")
    assert list(request.output_filter) == ["y"]
    assert request.inputs["x"] == predict_pb2.PredictRequest.FromString(ONE).inputs["x"]
