"""TensorFlow Serving's messages, written and read."""

import contextlib
import subprocess
import sys
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from eiload.serving import tfserving
from eiload.serving.tfserving import (
    ModelState,
    Tensor,
    TensorInfo,
    decode_metadata,
    decode_response,
    decode_status,
    from_proto,
    inputs_of,
    metadata_request,
    predict_request,
    protos_only,
    status_request,
    to_proto,
)

with protos_only():
    from tensorflow.core.framework import tensor_pb2, types_pb2
    from tensorflow_serving.apis import (
        get_model_metadata_pb2,
        get_model_status_pb2,
        predict_pb2,
    )

NUMBERS = npst.arrays(
    st.sampled_from(
        ["u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8", "?", ">i4", ">f8", ">f2"]
    ),
    npst.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
)
STRINGS = npst.arrays(
    object, npst.array_shapes(min_dims=0, max_dims=2, max_side=3), elements=st.binary(max_size=9)
)


def response(**outputs: tensor_pb2.TensorProto) -> bytes:
    """Return a serialised PredictResponse."""
    message = predict_pb2.PredictResponse()
    for alias, proto in outputs.items():
        message.outputs[alias].CopyFrom(proto)
    return bytes(message.SerializeToString())


def python(code: str) -> str:
    """Return what a fresh interpreter prints."""
    return subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=240
    ).stdout.strip()


def test_import_is_light() -> None:
    """Importing the messages loads neither TensorFlow's runtime nor gRPC, and leaves no trace."""
    code = (
        "import sys, eiload.serving.tfserving; print(*sorted(m.split('.')[0] for m in sys.modules))"
    )
    loaded = set(python(code).split())
    assert not loaded & {"grpc", "keras", "h5py", "gevent", "locust"}
    code = "import sys, eiload.serving.tfserving; print(*sorted(sys.modules))"
    modules = set(python(code).split())
    assert "tensorflow.core.framework.tensor_pb2" in modules
    assert not modules & {"tensorflow", "tensorflow.python", "tensorflow._api"}


def test_protos_only_keeps_a_loaded_tensorflow() -> None:
    """Where TensorFlow is loaded, the block changes nothing."""
    code = (
        "import sys, types; fake = sys.modules['tensorflow'] = types.ModuleType('tensorflow')\n"
        "import importlib.util; import eiload.base.clock\n"
        "from pathlib import Path\n"
        "del sys.modules['tensorflow']\n"
        "fake.__path__ = list(importlib.util.find_spec('tensorflow').submodule_search_locations)\n"
        "sys.modules['tensorflow'] = fake\n"
        "import eiload.serving.tfserving as t\n"
        "with t.protos_only(): pass\n"
        "print(sys.modules['tensorflow'] is fake)"
    )
    assert python(code) == "True"


def test_protos_only_ends_with_the_block() -> None:
    """The stand-in package goes when the block fails, too."""

    def fail() -> None:
        with protos_only():
            assert "tensorflow" in sys.modules
            raise RuntimeError

    before = "tensorflow" in sys.modules
    with pytest.raises(RuntimeError):
        fail()
    assert ("tensorflow" in sys.modules) == before


def test_other_threads_see_the_messages() -> None:
    """Once imported, the messages are there for every thread, without the runtime."""
    found: list[object] = []

    def read() -> None:
        from tensorflow.core.framework import tensor_pb2 as again

        found.append(again.TensorProto)

    thread = threading.Thread(target=read)
    thread.start()
    thread.join()
    assert found == [tensor_pb2.TensorProto]


@given(NUMBERS | STRINGS, st.booleans())
def test_arrays_survive_the_wire(array: Tensor, typed: bool) -> None:
    """An array comes back as it was, from typed fields and from tensor_content alike."""
    back = decode_response(response(y=to_proto(array, typed=typed)))["y"]
    assert back.shape == array.shape
    assert back.dtype == array.dtype.newbyteorder("<")
    np.testing.assert_array_equal(back, array)


@given(NUMBERS | STRINGS)
def test_request_holds_the_tensor(array: Tensor) -> None:
    """A PredictRequest holds the array under its alias."""
    request = predict_pb2.PredictRequest.FromString(predict_request("ssd", {"inputs": array}))
    assert list(request.inputs) == ["inputs"]
    np.testing.assert_array_equal(from_proto(request.inputs["inputs"]), array)
    names = {"object": "STRING", "float16": "HALF", "float32": "FLOAT", "float64": "DOUBLE"}
    name = names.get(array.dtype.name, array.dtype.name.upper())
    assert request.inputs["inputs"].dtype == types_pb2.DataType.Value(f"DT_{name}")


def test_request_names_the_model() -> None:
    """Model, signature, version and output filter are where the server looks for them."""
    image = np.zeros((1, 2, 2, 3), np.uint8)
    data = predict_request(
        "ssd", {"inputs": image}, signature="serving_default", version=3, outputs=["num_detections"]
    )
    request = predict_pb2.PredictRequest.FromString(data)
    assert request.model_spec.name == "ssd"
    assert request.model_spec.signature_name == "serving_default"
    assert request.model_spec.version.value == 3
    assert list(request.output_filter) == ["num_detections"]
    # A version that is not asked for is absent, and not 0: absent means the latest.
    request = predict_pb2.PredictRequest.FromString(predict_request("ssd", {"inputs": image}))
    assert request.model_spec.WhichOneof("version_choice") is None
    assert request.model_spec.signature_name == ""
    data = predict_request("ssd", {"inputs": image}, version_label="canary")
    assert predict_pb2.PredictRequest.FromString(data).model_spec.version_label == "canary"


def test_request_is_deterministic_and_as_large_as_its_image() -> None:
    """The order of the inputs does not show in the bytes, and their overhead is small."""
    a, b = np.zeros((1, 427, 640, 3), np.uint8), np.ones(4, np.float32)
    data = predict_request("ssd", {"a": a, "b": b})
    assert data == predict_request("ssd", {"b": b, "a": a})
    assert a.nbytes < len(data) < a.nbytes + 200


def test_version_and_label_exclude_each_other() -> None:
    """A request cannot ask for a version by number and by label."""
    with pytest.raises(ValueError, match=r"^give a version or a version label, not both$"):
        metadata_request("ssd", version=1, version_label="canary")


@pytest.mark.parametrize("array", [np.zeros(2, "c8"), np.array(["a"]), np.array([b"a"])])
def test_unsendable_arrays_are_named(array: Tensor) -> None:
    """An array of a type that cannot be sent is refused with the types that can."""
    with pytest.raises(ValueError, match=r"^cannot send an array of '.+', expected one of float32"):
        to_proto(array)


def test_single_typed_value_fills_the_shape() -> None:
    """One typed value stands for all that follow, none stands for zeros, as in TensorFlow."""
    proto = to_proto(np.zeros((2, 3), np.float32), typed=True)
    del proto.float_val[:]
    assert from_proto(proto).tolist() == [[0, 0, 0], [0, 0, 0]]
    proto.float_val.extend([1.0, 2.0])
    assert from_proto(proto).tolist() == [[1, 2, 2], [2, 2, 2]]


@pytest.mark.parametrize(
    ("proto", "message"),
    [
        ({"dtype": types_pb2.DT_FLOAT, "tensor_content": b"123"}, "3 bytes of content"),
        ({"dtype": types_pb2.DT_FLOAT, "float_val": [1.0, 2.0, 3.0]}, "3 values do not fit"),
        ({"dtype": types_pb2.DT_RESOURCE}, "cannot read element type DT_RESOURCE"),
        ({"dtype": 99}, "cannot read element type 99"),
        ({}, "cannot read element type DT_INVALID"),
    ],
)
def test_contradictory_tensors_are_errors(proto: dict[str, object], message: str) -> None:
    """A tensor whose values do not fit its type and shape (2,) is refused, naming the output."""
    tensor = tensor_pb2.TensorProto(**proto)
    tensor.tensor_shape.dim.add(size=2)
    with pytest.raises(ValueError, match=rf"^output 'y': {message}"):
        decode_response(response(y=tensor))


def test_hostile_shapes_are_errors() -> None:
    """Twenty bytes cannot ask for a terabyte, and a shape has to be known."""
    tensor = tensor_pb2.TensorProto(dtype=types_pb2.DT_FLOAT, float_val=[1.0])
    tensor.tensor_shape.dim.add(size=10**12)
    with pytest.raises(ValueError, match="larger than any message"):
        from_proto(tensor)
    tensor.tensor_shape.dim[0].size = -1
    with pytest.raises(ValueError, match="not fully known"):
        from_proto(tensor)
    tensor.tensor_shape.unknown_rank = True
    with pytest.raises(ValueError, match="not fully known"):
        from_proto(tensor)


@given(st.binary(max_size=60))
def test_any_answer_is_read_or_refused(data: bytes) -> None:
    """Whatever a server sends is decoded or a ValueError."""
    for decode in (decode_response, decode_metadata, decode_status):
        with contextlib.suppress(ValueError):
            decode(data)


def test_garbage_is_named() -> None:
    """What is no answer is called so, by the answer's name."""
    with pytest.raises(ValueError, match=r"^4 bytes that are not a PredictResponse$"):
        decode_response(b"\xff" * 4)


def test_metadata_request_and_answer() -> None:
    """Signatures come out of the answer with the types and shapes of their tensors."""
    request = get_model_metadata_pb2.GetModelMetadataRequest.FromString(
        metadata_request("ssd", version_label="stable")
    )
    assert list(request.metadata_field) == ["signature_def"]
    assert request.model_spec.version_label == "stable"

    signatures = get_model_metadata_pb2.SignatureDefMap()
    entry = signatures.signature_def["serving_default"]
    entry.inputs["inputs"].dtype = types_pb2.DT_UINT8
    for size in (-1, -1, -1, 3):
        entry.inputs["inputs"].tensor_shape.dim.add(size=size)
    entry.outputs["num_detections"].dtype = types_pb2.DT_FLOAT
    entry.outputs["num_detections"].tensor_shape.unknown_rank = True
    entry.outputs["x"].dtype = types_pb2.DT_VARIANT
    answer = get_model_metadata_pb2.GetModelMetadataResponse()
    answer.metadata["signature_def"].Pack(signatures)

    signature = decode_metadata(answer.SerializeToString())["serving_default"]
    assert signature.name == "serving_default"
    assert signature.inputs == {"inputs": TensorInfo("uint8", (None, None, None, 3))}
    assert str(signature.inputs["inputs"]) == "uint8 [?, ?, ?, 3]"
    assert signature.outputs["num_detections"] == TensorInfo("float32", None)
    assert str(signature.outputs["num_detections"]) == "float32 of any shape"
    assert signature.outputs["x"].dtype == "DT_VARIANT"


def test_status_request_and_answer() -> None:
    """Versions come out of the answer, the newest first, with state and error."""
    request = get_model_status_pb2.GetModelStatusRequest.FromString(status_request("m", version=2))
    assert (request.model_spec.name, request.model_spec.version.value) == ("m", 2)

    answer = get_model_status_pb2.GetModelStatusResponse()
    answer.model_version_status.add(version=1, state=30)
    answer.model_version_status.add(
        version=2, state=50, status={"error_code": 8, "error_message": "out of memory"}
    )
    answer.model_version_status.add(version=3, state=77, status={"error_code": 8})
    assert decode_status(answer.SerializeToString()) == (
        ModelState(3, "state 77", "error code 8"),
        ModelState(2, "END", "out of memory"),
        ModelState(1, "AVAILABLE", ""),
    )


def test_info_describes_arrays() -> None:
    """An array's type and shape are told in a signature's terms."""
    assert str(tfserving.info(np.zeros((1, 4, 5, 3), np.uint8))) == "uint8 [1, 4, 5, 3]"
    assert str(tfserving.info(np.array([b"jpeg"], dtype=object))) == "string [1]"


def test_inputs_of_a_request() -> None:
    """What is in a serialised request can be told again."""
    inputs = {"x": np.ones((2, 3), np.float32), "key": np.array([b"a"], object)}
    assert inputs_of(predict_request("ssd", inputs)) == {
        "key": TensorInfo("string", (1,)),
        "x": TensorInfo("float32", (2, 3)),
    }
    with pytest.raises(ValueError, match="not a PredictRequest"):
        inputs_of(b"\xff")
