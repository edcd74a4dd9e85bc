"""A real model behind the service: made, loaded, run, replaced (half a minute: TensorFlow)."""

import io
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from PIL import Image

from eiload.base.status import Status
from eiload.server.make_model import ANCHORS_A_CELL, UNTRAINED, anchors
from eiload.server.signatures import DETECTION_OUTPUTS, RAW_OUTPUTS
from eiload.server.watcher import found_versions
from eiload.serving.protos import predict_pb2, protos_only
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
from tests.server.rest_client import fetched, scraped
from tests.server.stand_ins import Client, picture, request, running

with protos_only():
    from tensorflow.core.protobuf import saved_model_pb2

IMAGE = picture(40, 60)


class Made(NamedTuple):
    """The models, and what TensorFlow says of them."""

    folder: Path
    said: str
    known: dict[str, Any]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Write a model of pixels and one of encoded images."""
    folder = tmp_path_factory.mktemp("models")
    done = subprocess.run(
        [sys.executable, "-m", "tests.server.models_made", str(folder)],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
        check=False,
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert done.returncode == 0, done.stderr
    return Made(folder, done.stdout, json.loads((folder / "known.json").read_text()))


@pytest.fixture(scope="module")
def pixels(made: Made) -> Iterator[Client]:
    """Serve the model of pixels."""
    path = str(made.folder / "pixels")
    with running("--rest-port", "0", saved_model=path, concurrency=2) as client:
        yield client


def test_it_says_plainly_that_it_is_untrained(made: Made) -> None:
    """On the terminal and in a file beside the model."""
    assert "an untrained SSD, random weights (seed 1); its detections mean nothing" in made.said
    assert (made.folder / "pixels" / "UNTRAINED.txt").read_text() == UNTRAINED


def test_the_backbone_is_resnet50(made: Made) -> None:
    """At full width its convolutions have as many weights as those of Keras' ResNet50."""
    assert made.known["ours"] == made.known["theirs"] > 23_000_000


@pytest.mark.parametrize(("size", "cells"), [(640, 8525), (300, 38**2 + 19**2 + 10**2 + 25 + 9)])
def test_anchors_cover_the_pyramid(size: int, cells: int) -> None:
    """Six a cell; at 640 the 51,150 of the published configuration; centres inside the image."""
    boxes = np.array(anchors(size))
    assert len(boxes) == cells * ANCHORS_A_CELL
    assert (boxes[:, :2] > 0).all()
    assert (boxes[:, :2] < 1).all()
    # The smallest is 4 x 8 pixels square: area and aspect ratios are those of the generator.
    assert boxes[0, 2:] * size == pytest.approx([32, 32])
    assert boxes[1, 3] / boxes[1, 2] == pytest.approx(2)
    assert boxes[3, 2] * boxes[3, 3] * size**2 == pytest.approx(32 * 32 * 2)


def test_the_signature_is_the_zoos(pixels: Client) -> None:
    """Read from the model: aliases, element types, ranks."""
    signature = decode_metadata(pixels.call(GET_MODEL_METADATA, metadata_request("ssd")))[
        "serving_default"
    ]
    assert {alias: str(each) for alias, each in signature.inputs.items()} == {
        "inputs": "uint8 [?, ?, ?, 3]"
    }
    dtypes = {alias: each.dtype for alias, each in signature.outputs.items()}
    assert dtypes == dict.fromkeys((*DETECTION_OUTPUTS, *RAW_OUTPUTS), "float32")


def test_answers_are_tensorflows(made: Made, pixels: Client) -> None:
    """The numbers that TensorFlow gives for the same image in another process."""
    outputs = decode_response(pixels.call(PREDICT, request(IMAGE)))
    for alias, expected in made.known["outputs"].items():
        np.testing.assert_allclose(outputs[alias].ravel(), expected, rtol=1e-4, atol=1e-5)


def test_answers_look_like_an_ssds(pixels: Client) -> None:
    """Scores fall, ids are 1 to 90, boxes lie inside; one answer for each image of a batch."""
    outputs = decode_response(
        pixels.call(PREDICT, request(np.concatenate([IMAGE, IMAGE[:, ::-1]])))
    )
    assert outputs["detection_boxes"].shape == (2, 100, 4)
    assert outputs["num_detections"].tolist() == [100, 100]
    assert (np.diff(outputs["detection_scores"]) <= 0).all()
    assert (outputs["detection_classes"] >= 1).all()
    assert (outputs["detection_classes"] <= 90).all()
    assert (outputs["detection_boxes"] >= 0).all()
    assert (outputs["detection_boxes"] <= 1).all()
    assert outputs["raw_detection_scores"].shape[2] == 91


def test_answers_are_not_called_emulated(pixels: Client) -> None:
    """They say which model they are from."""
    got = fetched(pixels.process, "/v1/models/ssd")
    assert got.headers["X-Eiload-Stand-In"].startswith("SavedModel ")


def test_an_output_filter_runs_for_what_is_wanted(pixels: Client) -> None:
    """Only that comes back."""
    outputs = decode_response(pixels.call(PREDICT, request(IMAGE, outputs=["num_detections"])))
    assert list(outputs) == ["num_detections"]


WRONG = [
    ("wrong type", IMAGE.astype(np.float32), "float vs. expect uint8"),
    ("no batch", IMAGE[0], "input must be 4-dimensional[40,60,3]"),
    ("scalar", np.array(3, dtype=np.uint8), "input must be 4-dimensional[]"),
    ("no pixels", IMAGE[:, :0], "input image must be of non-zero size"),
    ("one channel", IMAGE[..., :1], "[1,64,64,1] is not compatible"),
]


@pytest.mark.parametrize(
    ("image", "said"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG]
)
def test_wrong_inputs_get_tensorflows_own_words(
    pixels: Client, image: np.ndarray, said: str
) -> None:
    """INVALID_ARGUMENT from the operation that stumbled; the server goes on."""
    status, text = pixels.told(PREDICT, request(image))
    assert status is Status.INVALID_ARGUMENT
    assert said in text
    assert pixels.told(PREDICT, request(IMAGE))[0] is Status.OK


def test_the_services_own_refusals_come_first(pixels: Client) -> None:
    """An unknown signature, as with the emulated model."""
    assert pixels.told(PREDICT, request(IMAGE, signature="train")) == (
        Status.FAILED_PRECONDITION,
        'Serving signature key "train" not found.',
    )


def test_typed_fields_are_understood(pixels: Client) -> None:
    """Pixels as int_val are the same pixels."""
    message = predict_pb2.PredictRequest.FromString(request(IMAGE))
    message.inputs["inputs"].CopyFrom(to_proto(IMAGE, typed=True))
    answered = decode_response(pixels.call(PREDICT, message.SerializeToString()))
    expected = decode_response(pixels.call(PREDICT, request(IMAGE)))
    np.testing.assert_array_equal(answered["detection_boxes"], expected["detection_boxes"])


def test_the_grpc_loop_is_not_blocked(pixels: Client) -> None:
    """Status is answered while a large batch is computed."""
    with futures.ThreadPoolExecutor(1) as pool:
        batch = pool.submit(pixels.call, PREDICT, request(picture(64, 64, count=64)))
        for _ in range(3):
            pixels.call(GET_MODEL_STATUS, status_request("ssd"))
        assert not batch.done()


def states(client: Client) -> dict[int, tuple[str, str]]:
    """Return the state and error of each version."""
    told = decode_status(client.call(GET_MODEL_STATUS, status_request("ssd")))
    return {each.version: (each.state, each.error) for each in told}


def wait_for(client: Client, version: int, state: str) -> None:
    """Wait until a version is in a state."""
    until = time.monotonic() + 60
    while states(client).get(version, ("", ""))[0] != state:
        assert time.monotonic() < until, states(client)
        time.sleep(0.05)


def test_a_new_version_is_picked_up_while_serving(made: Made, pixels: Client) -> None:
    """It takes over without a failed request; one that cannot be loaded changes nothing."""
    base = made.folder / "pixels"
    shutil.copytree(base / "1", base / "copying")
    (base / "copying").rename(base / "2")
    answered = set()
    until = time.monotonic() + 60
    while 2 not in answered:
        assert time.monotonic() < until
        data = pixels.call(PREDICT, request(IMAGE, outputs=["num_detections"]))
        answered.add(predict_pb2.PredictResponse.FromString(data).model_spec.version.value)
    assert answered <= {1, 2}
    wait_for(pixels, 1, "END")
    assert states(pixels) == {1: ("END", ""), 2: ("AVAILABLE", "")}
    status, text = pixels.told(PREDICT, request(IMAGE, version=1))
    assert (status, text) == (
        Status.NOT_FOUND,
        "Servable not found for request: Specific(ssd, 1)",
    )
    (base / "broken").mkdir()
    (base / "broken" / "saved_model.pb").write_bytes(b"not a model")
    (base / "broken").rename(base / "3")
    wait_for(pixels, 3, "END")
    assert "cannot be loaded" in states(pixels)[3][1]
    assert pixels.told(PREDICT, request(IMAGE))[0] is Status.OK


def test_encoded_images_in_batches(made: Made) -> None:
    """JPEG and PNG files are decoded in the graph; requests that come together run together."""
    files = []
    for kind, size in (("PNG", (60, 40)), ("PNG", (30, 50)), ("JPEG", (60, 40))):
        buffer = io.BytesIO()
        Image.fromarray(picture(size[1], size[0])[0]).save(buffer, kind)
        files.append(buffer.getvalue())
    batching = {"max_batch_size": 8, "batch_timeout": "300 ms"}
    with running(
        *("--rest-port", "0"), saved_model=str(made.folder / "encoded"), batching=batching
    ) as client:

        def detected(file: bytes) -> dict[str, np.ndarray]:
            return decode_response(client.call(PREDICT, request(np.array([file], dtype=object))))

        alone = [detected(file) for file in files]
        with futures.ThreadPoolExecutor(3) as pool:
            together = list(pool.map(detected, files))
        for one, same in zip(alone, together, strict=True):
            assert one["detection_boxes"].shape == (1, 100, 4)
            np.testing.assert_allclose(one["detection_scores"], same["detection_scores"], rtol=1e-4)
        counts = scraped(client.process)
        name = ":tensorflow:serving:batching_session:processed_batch_size"
        labels = '{thread_pool_name="model_server_batch_threads"}'
        assert counts[f"{name}_sum{labels}"] == 6
        assert counts[f"{name}_count{labels}"] < 6
        status, text = client.told(PREDICT, request(np.array([b"text"], dtype=object)))
        assert status is Status.INVALID_ARGUMENT
        assert "Unknown image file format" in text


def other(signature: str, **inputs: np.ndarray) -> bytes:
    """Return a PredictRequest for the model that is no SSD."""
    return predict_request("ssd", inputs, signature=signature)


ROWS = np.array([[1, 2], [3, 4]], dtype=np.float32)
NAMES = np.array([b"a", b"b"], dtype=object)


def test_any_saved_model_is_served(made: Made) -> None:
    """Several signatures, inputs and element types."""
    with running(saved_model=str(made.folder / "other")) as client:
        outputs = decode_response(client.call(PREDICT, other("", x=ROWS, names=NAMES)))
        assert {alias: each.tolist() for alias, each in outputs.items()} == {
            "sum": [3, 7],
            "half": ROWS.tolist(),
            "greeting": [b"a!", b"b!"],
            "large": [False, True],
        }
        outputs = decode_response(client.call(PREDICT, other("total", x=ROWS)))
        assert outputs["total"] == 10
        assert client.told(PREDICT, other("", x=ROWS))[1] == (
            "input size does not match signature: 1!=2 len({x}) != len({names,x}). "
            "Sent extra: {}. Missing but required: {names}."
        )


def test_an_answer_that_cannot_be_written_is_an_error(made: Made) -> None:
    """And not a client that waits for ever; the server goes on."""
    with running(saved_model=str(made.folder / "other")) as client:
        status, text = client.told(PREDICT, other("brain", x=ROWS))
        assert status is Status.INTERNAL
        assert "cannot send an array of 'bfloat16'" in text
        assert client.told(PREDICT, other("doubled", x=ROWS)) == (Status.OK, "")


def test_each_signature_has_batches_of_its_own(made: Made) -> None:
    """What comes together is run together if it asks for the same; a sum cannot be divided."""
    batching = {"max_batch_size": 8, "batch_timeout": "300 ms"}
    with running(saved_model=str(made.folder / "other"), batching=batching) as client:
        asked = [other("doubled", x=ROWS), other("total", x=ROWS)]
        with futures.ThreadPoolExecutor(4) as pool:
            told = list(pool.map(lambda data: client.told(PREDICT, data), asked * 2))
        undivided = (Status.FAILED_PRECONDITION, "Batched output tensor has 0 dimensions")
        assert told == [(Status.OK, ""), undivided] * 2
        assert client.told(PREDICT, other("total", x=ROWS)) == (Status.OK, "")


ONE_OF = (
    "one of {tensorflow/serving/predict, tensorflow/serving/classify, tensorflow/serving/regress}. "
    "Was:"
)


@pytest.mark.parametrize(
    ("api", "said"),
    [
        ("tfs", (Status.OK, "")),
        (
            "ei",
            (Status.INTERNAL, f"Expected prediction signature method_name to be {ONE_OF} mine"),
        ),
    ],
)
def test_the_method_name_was_checked_once(
    made: Made, tmp_path: Path, api: str, said: tuple[Status, str]
) -> None:
    """EI's builds serve no signature with another; current ones do not look."""
    shutil.copytree(made.folder / "other" / "1", tmp_path / "1")
    file = tmp_path / "1" / "saved_model.pb"
    model = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    model.meta_graphs[0].signature_def["doubled"].method_name = "mine"
    file.write_bytes(model.SerializeToString())
    with running(saved_model=str(tmp_path), api=api) as client:
        assert client.told(PREDICT, other("doubled", x=ROWS)) == said


def test_versions_are_numbered_directories(tmp_path: Path) -> None:
    """Others are passed over; a model by itself has the number that is its name, or 1."""
    assert found_versions(tmp_path / "absent") == {}
    for name in ("1", "12", "3.making", "copy", "7"):
        (tmp_path / name).mkdir()
        if name != "7":
            (tmp_path / name / "saved_model.pb").touch()
    assert found_versions(tmp_path) == {1: tmp_path / "1", 12: tmp_path / "12"}
    assert found_versions(tmp_path / "12") == {12: tmp_path / "12"}
    assert found_versions(tmp_path / "copy") == {1: tmp_path / "copy"}
