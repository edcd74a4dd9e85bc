"""What is refused of a request, in which order and in whose words, over a real channel."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

from eiload.base.status import Status
from eiload.serving.protos import predict_pb2, types_pb2
from eiload.serving.tensors import to_proto
from eiload.serving.tfserving import PREDICT
from tests.server.stand_ins import Client, picture, request

INVALID = Status.INVALID_ARGUMENT


def changed(change: Callable[[Any], object]) -> bytes:
    """Return a good PredictRequest after a change to it."""
    message = predict_pb2.PredictRequest.FromString(request())
    change(message)
    data: bytes = message.SerializeToString()
    return data


def set_inputs(message: Any, **tensors: np.ndarray) -> None:
    """Replace the inputs of a PredictRequest."""
    message.inputs.clear()
    for alias, tensor in tensors.items():
        message.inputs[alias].CopyFrom(to_proto(tensor))


class Row(NamedTuple):
    """A request, and what current TensorFlow Serving and EI's builds say to it."""

    case: str
    data: bytes
    status: Status
    text: str
    ei_text: str | None = None
    """None for the same."""


BOXES = "{detection_boxes,detection_classes,detection_scores,num_detections}"

PREDICTS = [
    Row("no model_spec", changed(lambda m: m.ClearField("model_spec")), INVALID,
        "Missing ModelSpec"),
    Row("no name", request(model=""), INVALID, "ModelSpec has no name specified."),
    Row("unknown label", request(version_label="beta"), INVALID,
        "Unrecognized servable version label: beta"),
    Row("unknown model", request(model="other"), Status.NOT_FOUND,
        "Servable not found for request: Latest(other)"),
    Row("label of an unknown model", request(model="other", version_label="stable"), INVALID,
        "Unrecognized servable version label: stable"),
    Row("unknown version", request(version=2), Status.NOT_FOUND,
        "Servable not found for request: Specific(ssd, 2)"),
    Row("version of an unknown model", request(model="other", version=1), Status.NOT_FOUND,
        "Servable not found for request: Specific(other, 1)"),
    Row("unknown signature", request(signature="train"), Status.FAILED_PRECONDITION,
        'Serving signature key "train" not found.'),
    Row("no input", changed(lambda m: m.inputs.clear()), INVALID,
        "input size does not match signature: 0!=1 len({}) != len({inputs}). Sent extra: {}. "
        "Missing but required: {inputs}.",
        "input size does not match signature: 0!=1 len([]) != len([inputs])"),
    Row("an extra input", changed(lambda m: m.inputs["b"].CopyFrom(m.inputs["inputs"])), INVALID,
        "input size does not match signature: 2!=1 len({b,inputs}) != len({inputs}). "
        "Sent extra: {b}. Missing but required: {}.",
        "input size does not match signature: 2!=1 len([b,inputs]) != len([inputs])"),
    Row("a wrong input", changed(lambda m: set_inputs(m, image=picture())), INVALID,
        "Signature input alias: inputs(feed name: image_tensor:0) not found in request and no "
        "default value provided. Inputs expected to be in the request {image}, or default input "
        "alias set: ",
        "input tensor alias not found in signature: image. Inputs expected to be in the set "
        "{inputs}."),
    Row("too few bytes", changed(lambda m: setattr(m.inputs["inputs"], "tensor_content", b"12")),
        INVALID, "tensor parsing error: inputs"),
    Row("no element type", changed(lambda m: setattr(m.inputs["inputs"], "dtype", 0)), INVALID,
        "tensor parsing error: inputs"),
    Row("a negative length",
        changed(lambda m: setattr(m.inputs["inputs"].tensor_shape.dim[0], "size", -1)), INVALID,
        "tensor parsing error: inputs"),
    Row("unknown rank",
        changed(lambda m: setattr(m.inputs["inputs"].tensor_shape, "unknown_rank", True)), INVALID,
        "tensor parsing error: inputs"),
    Row("unknown output", request(outputs=["masks"]), INVALID,
        "output tensor alias not found in signature: masks Outputs expected to be in the set "
        f"{BOXES}."),
    Row("an output twice", request(outputs=["num_detections", "num_detections"]), INVALID,
        "duplicate output tensor alias: num_detections"),
    Row("wrong element type", request(picture().astype(np.float32)), INVALID,
        "Expects arg[0] to be uint8 but float is provided"),
    Row("encoded image to a model of pixels", request(np.array([b"\xff\xd8\xff"], dtype=object)),
        INVALID, "Expects arg[0] to be uint8 but string is provided"),
    Row("scalar", request(np.array(3, dtype=np.uint8)), INVALID,
        "slice index 0 of dimension 0 out of bounds.\n\t [[{{node "
        "Preprocessor/map/strided_slice}}]]"),
    Row("no batch dimension", request(picture()[0]), INVALID,
        "input must be 4-dimensional[1,4,3]\n\t [[{{node "
        "Preprocessor/map/while/ResizeImage/resize/ResizeBilinear}}]]"),
    Row("one channel", request(picture()[..., :1]), INVALID,
        "PartialTensorShape: Incompatible shapes during merge: [5,4,1] vs. [5,4,3]\n\t [[{{node "
        "ToFloat}}]]"),
    Row("no pixels", request(np.zeros((1, 0, 4, 3), np.uint8)), INVALID,
        "input image must be of non-zero size\n\t [[{{node "
        "Preprocessor/map/while/ResizeImage/resize/ResizeBilinear}}]]"),
    Row("not a PredictRequest", b"\xff\xff\xff", Status.INTERNAL, ""),
    Row("a label that no version has yet", request(version_label="canary"), Status.NOT_FOUND,
        "Servable not found for request: Specific(ssd, 7)"),
]  # fmt: skip


@pytest.mark.parametrize("row", PREDICTS, ids=[row.case for row in PREDICTS])
def test_a_refused_predict_is_refused_in_tensorflow_servings_words(tfs: Client, row: Row) -> None:
    """Code and text are those of the table in docs/stand-in.md."""
    assert tfs.told(PREDICT, row.data) == (row.status, row.text)


@pytest.mark.parametrize("row", PREDICTS, ids=[row.case for row in PREDICTS])
def test_an_ei_build_refuses_in_its_own_words(ei: Client, row: Row) -> None:
    """EI's builds have the texts of TensorFlow Serving 1.12."""
    text = row.text if row.ei_text is None else row.ei_text
    assert ei.told(PREDICT, row.data) == (row.status, text)


def spoilt(*spoils: Callable[[Any], object]) -> bytes:
    """Return a PredictRequest with several things wrong; what is checked first is spoilt last."""
    return changed(lambda message: [spoil(message) for spoil in reversed(spoils)])


SPOILS: list[tuple[str, Callable[[Any], object]]] = [
    ("Missing ModelSpec", lambda m: m.ClearField("model_spec")),
    ("name specified", lambda m: setattr(m.model_spec, "name", "")),
    ("version label", lambda m: setattr(m.model_spec, "version_label", "beta")),
    ("Servable not found", lambda m: setattr(m.model_spec.version, "value", 2)),
    ("Serving signature key", lambda m: setattr(m.model_spec, "signature_name", "train")),
    ("input size", lambda m: m.inputs["extra"].CopyFrom(m.inputs["inputs"])),
    ("tensor parsing", lambda m: setattr(m.inputs["inputs"], "tensor_content", b"12")),
    ("alias not found", lambda m: m.output_filter.insert(0, "masks")),
    ("duplicate output", lambda m: m.output_filter.extend(["num_detections"] * 2)),
    ("Expects arg", lambda m: setattr(m.inputs["inputs"], "dtype", types_pb2.DT_INT8)),
]


@pytest.mark.parametrize("api", ["tfs", "ei"])
@pytest.mark.parametrize("first", range(len(SPOILS)), ids=[said for said, _ in SPOILS])
def test_checks_are_made_in_order(request: pytest.FixtureRequest, first: int, api: str) -> None:
    """Of several things that are wrong, the one that is checked first is said."""
    client: Client = request.getfixturevalue(api)
    _, text = client.told(PREDICT, spoilt(*(spoil for _, spoil in SPOILS[first:])))
    assert SPOILS[first][0] in text
