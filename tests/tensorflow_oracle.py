"""TensorFlow's own word on our bytes: run as a program, because TensorFlow takes seconds to load.

``python -m tests.tensorflow_oracle FOLDER`` prints one JSON object: each check's name, and what is
wrong (empty if nothing). eiload is imported first and used before TensorFlow is, as in a process
that loads a real model after all; so every check is one of the mended import, too.
"""

import json
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as PillowImage

from eiload.scenario import Payload, Target
from eiload.serving import images, payload, preflight
from eiload.serving.tfserving import Tensor, decode_response, from_proto, predict_request, to_proto

PIXELS = images.synthetic(64, 48, 1)

NUMBERS = np.arange(6).reshape(2, 3)
UNSIGNED = ["uint8", "uint16", "uint32", "uint64"]
SIGNED = ["int8", "int16", "int32", "int64"]
ARRAYS: list[Tensor] = [
    PIXELS[np.newaxis],
    *(NUMBERS.astype(dtype) for dtype in (*UNSIGNED, *SIGNED, "bool")),
    *(NUMBERS.astype(dtype) for dtype in ("float16", "float32", "float64")),
    np.array([[b"a", b"b\0"], [b"", b"\xff\xd8"]], dtype=object),
]


def check_runtime_was_absent(tf: Any, folder: Path) -> None:
    """Before TensorFlow was asked for, its messages were there and its runtime was not."""
    assert MODULES_BEFORE & {"tensorflow.core.framework.tensor_pb2"}
    assert not MODULES_BEFORE & {"tensorflow", "tensorflow.python", "grpc", "keras"}
    assert preflight


def check_import_afterwards(tf: Any, folder: Path) -> None:
    """TensorFlow imported afterwards works, and its messages are those that eiload has."""
    assert tf.reduce_sum(tf.constant([1.0, 2.0])).numpy() == 3.0
    assert sys.modules["tensorflow"] is tf
    assert isinstance(to_proto(NUMBERS), type(tf.make_tensor_proto(1)))
    from tensorflow_serving.apis import prediction_service_pb2_grpc

    assert prediction_service_pb2_grpc.PredictionServiceStub


def check_same_proto(tf: Any, folder: Path) -> None:
    """We make of an array the very TensorProto that TensorFlow makes of it."""
    same = []
    for array in ARRAYS:
        ours, theirs = to_proto(array), tf.make_tensor_proto(array)
        # Of rarer types they write the typed field; the next checks compare what is read from it.
        if theirs.tensor_content or array.dtype == object:
            assert ours == theirs, array.dtype
            same.append(array.dtype.name)
    assert {"uint8", "float32", "int32", "int64", "object"} <= set(same)


def check_they_read_ours(tf: Any, folder: Path) -> None:
    """TensorFlow, in Python and in C++, reads what we write, in both forms."""
    for array in [*ARRAYS, np.float32(7), np.zeros((0, 3), np.float32)]:
        for typed in (False, True):
            proto = to_proto(np.asarray(array), typed=typed)
            np.testing.assert_array_equal(tf.make_ndarray(proto), array)
            parsed = tf.io.parse_tensor(proto.SerializeToString(), proto.dtype)
            np.testing.assert_array_equal(parsed.numpy(), array)


def check_we_read_theirs(tf: Any, folder: Path) -> None:
    """We read what TensorFlow writes, in Python and in C++."""
    for array in ARRAYS:
        np.testing.assert_array_equal(from_proto(tf.make_tensor_proto(array)), array)
        written = type(to_proto(array)).FromString(tf.io.serialize_tensor(array).numpy())
        np.testing.assert_array_equal(from_proto(written), array)


def check_short_fields(tf: Any, folder: Path) -> None:
    """Fewer values than elements mean to us what they mean to TensorFlow's C++."""
    for array in ARRAYS[1:]:
        proto = to_proto(array, typed=True)
        (field,) = (
            name
            for name in type(proto).DESCRIPTOR.fields_by_name
            if name.endswith("_val") and getattr(proto, name)
        )
        for left in (2, 1, 0):
            del getattr(proto, field)[left:]
            parsed = tf.io.parse_tensor(proto.SerializeToString(), proto.dtype).numpy()
            np.testing.assert_array_equal(from_proto(proto), parsed)


def check_request(tf: Any, folder: Path) -> None:
    """We send, byte for byte, what AWS's client sends for the same pixels."""
    from tensorflow_serving.apis import predict_pb2

    path = folder / "photo.jpg"
    PillowImage.fromarray(PIXELS).save(path, quality=90)
    theirs = predict_pb2.PredictRequest()
    theirs.model_spec.name = "ssdresnet"
    pixels = np.array(PillowImage.open(path))
    theirs.inputs["inputs"].CopyFrom(tf.make_tensor_proto(pixels, shape=[1, *pixels.shape]))
    ours = predict_request("ssdresnet", {"inputs": pixels[np.newaxis]})
    assert ours == theirs.SerializeToString(deterministic=True)
    # The scenario's request names the signature, too, which the server takes by default anyway.
    theirs.model_spec.signature_name = "serving_default"
    target = Target(server="localhost:8500", model="ssdresnet")
    ((_, tensor),) = payload.tensors(Payload(images=(str(path),)))
    ours = payload.made_of(target, {target.input: tensor}).request
    assert ours == theirs.SerializeToString(deterministic=True)


def check_response(tf: Any, folder: Path) -> None:
    """We decode an answer as TensorFlow does."""
    from tensorflow_serving.apis import predict_pb2

    response = predict_pb2.PredictResponse()
    scores = np.linspace(1, 0, 100, dtype=np.float32)[np.newaxis]
    response.outputs["detection_scores"].CopyFrom(tf.make_tensor_proto(scores))
    response.outputs["num_detections"].CopyFrom(tf.make_tensor_proto([100.0]))
    outputs = decode_response(response.SerializeToString())
    for alias, proto in response.outputs.items():
        np.testing.assert_array_equal(outputs[alias], tf.make_ndarray(proto))


def check_lossless_images(tf: Any, folder: Path) -> None:
    """Grey, palette, alpha, 1 and 16 bits: the pixels are those of TensorFlow's decoder."""
    image = PillowImage.fromarray(PIXELS)
    alpha = PillowImage.fromarray(PIXELS[:, :, 1])
    clear, clear_grey = image.copy(), image.convert("L")
    clear.putalpha(alpha)
    clear_grey.putalpha(alpha)
    files = {
        "colour.png": image,
        "grey.png": image.convert("L"),
        "palette.png": image.quantize(32),
        "alpha.png": clear,
        "grey_alpha.png": clear_grey,
        "deep.png": PillowImage.fromarray(PIXELS[:, :, 0].astype(np.uint16) * 256 + 200),
        "black_white.png": image.convert("1"),
        "colour.bmp": image,
        "palette.gif": image.quantize(32),
    }
    for name, each in files.items():
        path = folder / name
        each.save(path)
        theirs = tf.io.decode_image(path.read_bytes(), channels=3, expand_animations=False)
        np.testing.assert_array_equal(images.load(str(path)), theirs.numpy(), err_msg=name)


def check_jpeg(tf: Any, folder: Path) -> None:
    """We see in a JPEG what TensorFlow's decoder sees with the accurate transform."""
    for name, image in (
        ("colour.jpg", PillowImage.fromarray(PIXELS)),
        ("grey.jpg", PillowImage.fromarray(PIXELS).convert("L")),
    ):
        path = folder / name
        image.save(path, quality=90)
        theirs = tf.io.decode_jpeg(path.read_bytes(), channels=3, dct_method="INTEGER_ACCURATE")
        np.testing.assert_array_equal(images.load(str(path)), theirs.numpy(), err_msg=name)


def check_encoded(tf: Any, folder: Path) -> None:
    """They can decode a file that we send as it is."""
    path = folder / "encoded.jpg"
    PillowImage.fromarray(PIXELS).save(path)
    ((_, tensor),) = payload.tensors(Payload(images=(str(path),), encoding="jpeg", batch=2))
    parsed = tf.io.parse_tensor(to_proto(tensor).SerializeToString(), tf.string)
    assert tf.io.decode_jpeg(parsed[1]).shape == (48, 64, 3)


Check = Callable[[Any, Path], None]
CHECKS: dict[str, Check] = {
    name.removeprefix("check_"): check
    for name, check in list(globals().items())
    if name.startswith("check_")
}
MODULES_BEFORE = frozenset(sys.modules)


def main() -> None:
    """Run all checks."""
    import tensorflow as tf

    outcome = {}
    for name, check in CHECKS.items():
        try:
            check(tf, Path(sys.argv[1]))
            outcome[name] = ""
        except Exception:
            outcome[name] = traceback.format_exc()
    print(json.dumps(outcome))


if __name__ == "__main__":
    main()
