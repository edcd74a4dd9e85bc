"""A real model behind the service: loaded and run (a quarter of a minute: TensorFlow)."""

import io
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.conducted import conducted
from eiload.base.status import Status
from eiload.observe.foreign import check
from eiload.observe.parts import parts_of
from eiload.scenario import build
from eiload.server.signatures import DETECTION_OUTPUTS, RAW_OUTPUTS
from eiload.serving.protos import predict_pb2
from eiload.serving.tensors import to_proto
from eiload.serving.tfserving import (
    GET_MODEL_METADATA,
    GET_MODEL_STATUS,
    PREDICT,
    decode_metadata,
    decode_response,
    metadata_request,
    predict_request,
    status_request,
)
from tests.server.models import IMAGE, Made
from tests.server.rest_client import fetched, scraped
from tests.server.stand_ins import Client, picture, request, running


@pytest.fixture(scope="module")
def plain(made: Made) -> Iterator[Client]:
    """Serve the model that is no SSD."""
    with running(saved_model=str(made.folder / "other"), cold=True) as client:
        yield client


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


def test_any_saved_model_is_served(plain: Client) -> None:
    """Several signatures, inputs and element types."""
    outputs = decode_response(plain.call(PREDICT, other("", x=ROWS, names=NAMES)))
    assert {alias: each.tolist() for alias, each in outputs.items()} == {
        "sum": [3, 7],
        "half": ROWS.tolist(),
        "greeting": [b"a!", b"b!"],
        "large": [False, True],
    }
    outputs = decode_response(plain.call(PREDICT, other("total", x=ROWS)))
    assert outputs["total"] == 10
    assert plain.told(PREDICT, other("", x=ROWS))[1] == (
        "input size does not match signature: 1!=2 len({x}) != len({names,x}). "
        "Sent extra: {}. Missing but required: {names}."
    )


def test_an_answer_that_cannot_be_written_is_an_error(plain: Client) -> None:
    """And not a client that waits for ever; the server goes on."""
    status, text = plain.told(PREDICT, other("complex", x=ROWS))
    assert status is Status.INTERNAL
    assert "cannot send an array of 'complex64'" in text
    assert plain.told(PREDICT, other("doubled", x=ROWS)) == (Status.OK, "")


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


def test_the_method_name_is_not_looked_at(plain: Client) -> None:
    """Current builds serve a signature with any."""
    assert plain.told(PREDICT, other("mine", x=ROWS)) == (Status.OK, "")


def test_the_method_name_was_checked_once(made: Made) -> None:
    """EI's builds serve no signature with another than the known ones."""
    with running(saved_model=str(made.folder / "other"), api="ei") as client:
        said = f"Expected prediction signature method_name to be {ONE_OF} mine"
        assert client.told(PREDICT, other("mine", x=ROWS)) == (Status.INTERNAL, said)
        assert client.told(PREDICT, other("doubled", x=ROWS)) == (Status.OK, "")


def test_its_page_and_our_numbers_agree_to_the_request(pixels: Client) -> None:
    """Of a load by our own sender: as many, of one status, and its time lies within ours."""
    page = {"metrics": f"http://{pixels.process.rest_address}", "required": True}
    target = {"server": pixels.process.address, "model": "ssd", "deadline": "60 s"}
    plain = {
        "name": "counted",
        "targets": {"cpu": {**target, "observe": page}},
        "payload": {"synthetic": "64x48"},
        "traffic": [
            {"phase": "warm-up", "rate": "10/s", "for": "1 s", "warm_up": True},
            {"phase": "steady", "rate": "10/s", "for": "1 s"},
        ],
    }
    run = conducted(build(plain, "test", Path()))
    found = check(run, 0)
    assert found is not None
    sent = sum(run.statuses(0, run.phases()).values())
    assert found.by_status == found.counted == {"OK": sent}
    assert found.agrees
    parts = parts_of(run, 0, run.phases())
    assert parts is not None
    assert parts.requests == sent
    ours_ns = {part.name: part.mean_ns for part in parts.parts}
    # What comes in one read has no download, so only the server's parts are surely there.
    assert ours_ns["runtime"] > 0
    assert ours_ns["runtime"] + ours_ns["handling"] < parts.response_ns
