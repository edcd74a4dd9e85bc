"""`eiload predict` on models that take no picture, or answer what no detector does.

The signatures are those of public bug reports: google-research/bert#146, kserve/kserve#3841,
tensorflow/serving#1149, triton-inference-server/openvino_backend#84, PriorLabs/tabpfn-client#369.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import grpc
import ml_dtypes
import numpy as np
import pytest

from eiload.cli.main import main
from eiload.serving.protos import get_model_metadata_pb2, predict_pb2
from eiload.serving.tensors import from_proto, to_proto
from eiload.serving.tfserving import GET_MODEL_METADATA, PREDICT
from tests.grpc_servers import Handler, grpc_server

Answer = Callable[[Mapping[str, Any]], Mapping[str, Any]]
Inputs = Mapping[str, tuple[Any, tuple[int, ...]]]

F32 = np.float32


def handlers(inputs: Inputs, answer: Answer) -> dict[str, Handler]:
    """Serve a model as version 7; what is not of its names and types is refused."""
    types = {name: to_proto(np.zeros(0, dtype)).dtype for name, (dtype, _) in inputs.items()}

    def metadata(_data: bytes, _context: grpc.ServicerContext) -> bytes:
        signatures = get_model_metadata_pb2.SignatureDefMap()
        entry = signatures.signature_def["serving_default"]
        for name, (_, shape) in inputs.items():
            entry.inputs[name].dtype = types[name]
            for size in shape:
                entry.inputs[name].tensor_shape.dim.add(size=size)
        found = get_model_metadata_pb2.GetModelMetadataResponse()
        found.metadata["signature_def"].Pack(signatures)
        return bytes(found.SerializeToString())

    def predict(data: bytes, context: grpc.ServicerContext) -> bytes:
        request = predict_pb2.PredictRequest.FromString(data)
        if {name: each.dtype for name, each in request.inputs.items()} != types:
            context.abort(
                grpc.StatusCode.INVALID_ARGUMENT, "input size does not match signature: .."
            )
        found = predict_pb2.PredictResponse()
        found.model_spec.version.value = 7
        outputs = answer({name: from_proto(each) for name, each in request.inputs.items()})
        for name, each in outputs.items():
            found.outputs[name].CopyFrom(to_proto(each, typed=True))
        return bytes(found.SerializeToString())

    return {GET_MODEL_METADATA: metadata, PREDICT: predict}


BERT: Inputs = dict.fromkeys(("input_ids", "input_mask", "segment_ids"), (np.int64, (-1, 128)))
FLOWERS: Inputs = {"image_bytes": (object, (-1,)), "key": (object, (-1,))}
HALF: Inputs = {"x": (F32, (-1,))}


def asked(model: dict[str, Handler], *argv: str) -> int:
    """Return the exit status of one prediction."""
    with grpc_server(model) as port:
        return main(
            ["predict", "--server", f"127.0.0.1:{port}", "--model", "m", "--count", "1", *argv]
        )


def test_several_inputs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Cases 01: made up by the signature, or from files and values."""
    bert = handlers(BERT, lambda i: {"p": np.full((len(i["input_ids"]), 2), 0.5, F32)})
    assert asked(bert, "--generate", "--batch", "2", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["outputs"] == {"p": "float32 [2, 2]"}
    assert (said["ranges"], said["model_version"]) == ({"p": [0.5, 0.5]}, 7)
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8\0")
    flowers = handlers(FLOWERS, lambda i: {"key": i["key"], "picture": i["image_bytes"]})
    image = f"image_bytes={tmp_path / 'a.jpg'}"
    assert asked(flowers, "--input", image, "--input", 'key=["   1"]') == 0
    out = capsys.readouterr().out
    assert "  key  string [1]" in out
    assert "version 7 of the model answered" in out


def test_one_input_that_is_no_picture(capsys: pytest.CaptureFixture[str]) -> None:
    """Case 02: values get the model's type; a picture is refused, with what to give instead."""
    half = handlers(HALF, lambda i: {"y": i["x"] / 2 + 2})
    assert asked(half, "--input", "x=[1.0,2.0,5.0]") == 0
    assert "  y  float32 [3]  2.5 to 4.5" in capsys.readouterr().out
    assert asked(half, "--input", "x") == 4
    said = capsys.readouterr().err
    assert "input 'x' takes float32 [?], the payload is uint8 [1, 427, 640, 3]" in said
    assert "give arrays by `payload: {inputs: ..}`, `{generate: {}}` or `{users: CLASS}`" in said
    assert asked(half, "--input", "z=[1.0]") == 2
    assert "does not tell its element type" in capsys.readouterr().err


@pytest.mark.parametrize(
    "answer",
    [
        {"boxes": np.zeros((0, 4), F32), "labels": np.zeros(0, np.int64)},
        {"log_probs": np.array([[0, -np.inf, -np.inf]], F32)},
        {"embedding": np.zeros((1, 128), ml_dtypes.bfloat16)},
        {"detection_boxes": np.zeros((9, 4), F32), "detection_scores": np.ones(9, F32),
         "detection_classes": np.ones(9, np.int64), "num_detections": np.array(9)},
    ],
    ids=["nothing seen", "impossible class", "bfloat16", "no batch"],
)  # fmt: skip
def test_good_answers(answer: Mapping[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    """Cases 10: they are good."""
    pictures = handlers({"images": (np.uint8, (-1, -1, -1, 3))}, lambda _: answer)
    assert asked(pictures, "--input", "images") == 0
    assert "failed" not in capsys.readouterr().out
