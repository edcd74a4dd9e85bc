"""TensorFlow Serving's semantics over a real channel: what is answered, and told of the model."""

from typing import Any

import numpy as np
import pytest

from eiload.base.status import Status
from eiload.server.service import LONGEST_TEXT
from eiload.serving.protos import get_model_metadata_pb2, get_model_status_pb2, predict_pb2
from eiload.serving.tensors import to_proto
from eiload.serving.tfserving import (
    GET_MODEL_METADATA,
    GET_MODEL_STATUS,
    PREDICT,
    decode_metadata,
    decode_response,
    decode_status,
    metadata_request,
    predict_request,
    status_request,
)
from tests.server.stand_ins import Client, picture, request, running

INVALID = Status.INVALID_ARGUMENT


def test_predict_answers_all_outputs(tfs: Client) -> None:
    """The four outputs have the zoo's shapes, for each image of the batch."""
    outputs = decode_response(tfs.call(PREDICT, request(picture(count=3))))
    assert {alias: (str(each.dtype), each.shape) for alias, each in outputs.items()} == {
        "detection_boxes": ("float32", (3, 100, 4)),
        "detection_classes": ("float32", (3, 100)),
        "detection_scores": ("float32", (3, 100)),
        "num_detections": ("float32", (3,)),
    }


@pytest.mark.parametrize(
    ("named", "signature"),
    [
        ({}, "serving_default"),
        ({"signature": "serving_default"}, "serving_default"),
        ({"version": 1}, "serving_default"),
        ({"version_label": "stable"}, "serving_default"),
    ],
)
def test_predict_echoes_the_model_spec(tfs: Client, named: dict[str, Any], signature: str) -> None:
    """Name as sent, the default signature by name, the version by number, never the label."""
    response = predict_pb2.PredictResponse.FromString(tfs.call(PREDICT, request(**named)))
    spec = response.model_spec
    assert (spec.name, spec.signature_name) == ("ssd", signature)
    assert spec.WhichOneof("version_choice") == "version"
    assert spec.version.value == 1


def test_an_output_filter_leaves_out_the_rest(tfs: Client) -> None:
    """Only what is asked for comes back."""
    outputs = decode_response(tfs.call(PREDICT, request(outputs=["num_detections"])))
    assert list(outputs) == ["num_detections"]


def test_an_empty_batch_has_empty_outputs(tfs: Client) -> None:
    """No image, no detection, no error."""
    outputs = decode_response(tfs.call(PREDICT, request(picture(count=0))))
    assert outputs["detection_boxes"].shape == (0, 100, 4)


def test_typed_fields_are_understood_in_requests(tfs: Client) -> None:
    """Pixels as int_val give the answer that pixels as tensor_content give."""
    message = predict_pb2.PredictRequest.FromString(request())
    message.inputs["inputs"].CopyFrom(to_proto(picture(), typed=True))
    assert tfs.call(PREDICT, message.SerializeToString()) == tfs.call(PREDICT, request())


def test_one_typed_value_fills_the_tensor(tfs: Client) -> None:
    """TensorFlow repeats the last value; a grey picture needs one."""
    grey = np.full((1, 5, 4, 3), 128, dtype=np.uint8)
    message = predict_pb2.PredictRequest.FromString(request())
    message.inputs["inputs"].CopyFrom(to_proto(grey, typed=True))
    del message.inputs["inputs"].int_val[1:]
    assert tfs.call(PREDICT, message.SerializeToString()) == tfs.call(PREDICT, request(grey))


def test_answers_have_typed_fields_unless_the_flag_is_set(tfs: Client) -> None:
    """As with --enable_serialization_as_tensor_content; the values are the same."""
    typed = predict_pb2.PredictResponse.FromString(tfs.call(PREDICT, request()))
    assert len(typed.outputs["detection_boxes"].float_val) == 400
    with running(compute="1 ms", tensor_content=True) as other:
        data = other.call(PREDICT, request())
    content = predict_pb2.PredictResponse.FromString(data)
    assert len(content.outputs["detection_boxes"].tensor_content) == 1600
    for alias, tensor in decode_response(data).items():
        np.testing.assert_array_equal(tensor, decode_response(tfs.call(PREDICT, request()))[alias])


def test_a_long_text_is_cut(tfs: Client) -> None:
    """At 1024 characters, with a mark."""
    _, text = tfs.told(PREDICT, request(signature="s" * 5000))
    assert len(text) == LONGEST_TEXT + len("...TRUNCATED")
    assert text.endswith("s...TRUNCATED")


def test_messages_of_any_size_are_taken_and_given() -> None:
    """19 MB of raw outputs, asked for with 12 MB of pixels."""
    with running(compute="1 ms", raw_outputs=True) as client:
        outputs = decode_response(client.call(PREDICT, request(picture(2000, 2000))))
    assert outputs["raw_detection_boxes"].shape == (1, 51_150, 4)
    assert outputs["raw_detection_scores"].shape == (1, 51_150, 91)


def test_an_encoded_model_takes_files() -> None:
    """JPEG and PNG by the way they begin; anything else fails as decoding would."""
    with running(compute="1 ms", encoded=True) as client:
        files = np.array([b"\xff\xd8\xff\xe0jpeg", b"\x89PNG\r\n\x1a\npng"], dtype=object)
        outputs = decode_response(client.call(PREDICT, request(files)))
        assert outputs["detection_boxes"].shape == (2, 100, 4)
        status, text = client.told(PREDICT, request(np.array([b"text"], dtype=object)))
        assert status is INVALID
        assert "Unable to decode bytes as JPEG, PNG, GIF, or BMP" in text
        status, text = client.told(PREDICT, request())
        assert (status, text) == (INVALID, "Expects arg[0] to be string but uint8 is provided")
        signature = decode_metadata(client.call(GET_MODEL_METADATA, metadata_request("ssd")))
        assert str(signature["serving_default"].inputs["inputs"]) == "string [?]"


# -- metadata and status --------------------------------------------------------------------------


def metadata(**fields: Any) -> bytes:
    """Return a GetModelMetadataRequest for the SSD."""
    message = get_model_metadata_pb2.GetModelMetadataRequest(**fields)
    message.model_spec.name = "ssd"
    data: bytes = message.SerializeToString()
    return data


METADATA = [
    ("no model_spec", b"", INVALID, "Missing ModelSpec"),
    ("no field", metadata(), INVALID,
     "GetModelMetadataRequest must specify at least one metadata_field"),
    ("unknown field", metadata(metadata_field=["signature_def", "graph"]), INVALID,
     "Metadata field graph is not supported"),
    ("unknown model", metadata_request("other"), Status.NOT_FOUND,
     "Servable not found for request: Latest(other)"),
    ("not a request", b"\xff", Status.INTERNAL, ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "status", "text"), [row[1:] for row in METADATA], ids=[row[0] for row in METADATA]
)
def test_a_refused_metadata_request(tfs: Client, data: bytes, status: Status, text: str) -> None:
    """Code and text are TensorFlow Serving's."""
    assert tfs.told(GET_MODEL_METADATA, data) == (status, text)


def test_metadata_is_the_signature(tfs: Client) -> None:
    """The zoo's input and outputs; name and version in the model_spec, no signature."""
    data = tfs.call(GET_MODEL_METADATA, metadata_request("ssd"))
    (signature,) = decode_metadata(data).values()
    assert {alias: str(each) for alias, each in signature.inputs.items()} == {
        "inputs": "uint8 [?, ?, ?, 3]"
    }
    assert {alias: str(each) for alias, each in signature.outputs.items()} == {
        "detection_boxes": "float32 [?, 100, 4]",
        "detection_classes": "float32 [?, 100]",
        "detection_scores": "float32 [?, 100]",
        "num_detections": "float32 [?]",
    }
    spec = get_model_metadata_pb2.GetModelMetadataResponse.FromString(data).model_spec
    assert (spec.name, spec.version.value, spec.signature_name) == ("ssd", 1, "")


STATUSES = [
    ("no model_spec", b"", INVALID, "Missing ModelSpec"),
    ("unknown model", status_request("other"), Status.NOT_FOUND,
     "Could not find any versions of model other"),
    ("unknown version", status_request("ssd", version=5), Status.NOT_FOUND,
     "Could not find version 5 of model ssd"),
    ("not a request", b"\xff", Status.INTERNAL, ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "status", "text"), [row[1:] for row in STATUSES], ids=[row[0] for row in STATUSES]
)
def test_a_refused_status_request(tfs: Client, data: bytes, status: Status, text: str) -> None:
    """Code and text are TensorFlow Serving's."""
    assert tfs.told(GET_MODEL_STATUS, data) == (status, text)


@pytest.mark.parametrize("version", [None, 1])
def test_status_is_available(tfs: Client, version: int | None) -> None:
    """Version 1, without an error."""
    (state,) = decode_status(tfs.call(GET_MODEL_STATUS, status_request("ssd", version=version)))
    assert (state.version, state.state, state.error) == (1, "AVAILABLE", "")


def test_status_ignores_labels(tfs: Client) -> None:
    """A label that does not exist gives all versions."""
    message = get_model_status_pb2.GetModelStatusRequest()
    message.model_spec.name = "ssd"
    message.model_spec.version_label = "beta"
    assert len(decode_status(tfs.call(GET_MODEL_STATUS, message.SerializeToString()))) == 1


@pytest.mark.parametrize(
    "method",
    [
        "/tensorflow.serving.PredictionService/Classify",
        "/tensorflow.serving.PredictionService/Regress",
        "/tensorflow.serving.PredictionService/MultiInference",
        "/tensorflow.serving.ModelService/HandleReloadConfigRequest",
        "/tensorflow.serving.SessionService/SessionRun",
        "/grpc.health.v1.Health/Check",
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
    ],
)
def test_the_rest_is_unimplemented(tfs: Client, method: str) -> None:
    """Also health checks and reflection, unless they are asked for."""
    assert tfs.told(method, b"") == (Status.UNIMPLEMENTED, "Method not found!")


def test_another_name_is_served() -> None:
    """The model is called as the command line says."""
    with running("--model", "ssdresnet", compute="1 ms") as client:
        outputs = decode_response(
            client.call(PREDICT, predict_request("ssdresnet", {"inputs": picture()}))
        )
        assert len(outputs) == 4
        assert client.told(PREDICT, request())[0] is Status.NOT_FOUND
