"""What `eiload predict` prints."""

import json
from dataclasses import replace

import pytest

from eiload.base.clock import NS_PER_MS
from eiload.base.status import Status
from eiload.report.prediction import (
    Inference,
    Prediction,
    closing,
    document,
    inference_line,
    opening,
)
from eiload.serving.detections import Detection
from tests.report.runs import HOSTILE

DOG = Detection("dog", 18, 0.934, (0.25, 0.1, 0.75, 0.6))


def prediction(count: int = 20, **changes: object) -> Prediction:
    """Return a prediction whose inferences took 1, 2, 3 ... ms."""
    values = {
        "server": "localhost:8500",
        "model": "ssd",
        "picture": "3dogs.jpg",
        "width": 640,
        "height": 400,
        "request": "uint8 [1, 400, 640, 3] in 'inputs'",
        "request_bytes": 768_102,
        "first": Inference(Status.OK, "", 8412 * NS_PER_MS),
        "rest": tuple(Inference(Status.OK, "", ms * NS_PER_MS) for ms in range(1, count + 1)),
        "detections": (DOG,),
    }
    return Prediction(**(values | changes))  # type: ignore[arg-type]


def test_opening_says_what_is_sent_where() -> None:
    """Before anything is sent, server, model, picture and size are named."""
    assert opening(prediction(notes=("2 versions",))) == [
        "localhost:8500 ssd",
        "3dogs.jpg (640 x 400) as uint8 [1, 400, 640, 3] in 'inputs', 768,102 bytes a request",
        "2 versions",
    ]


def test_the_first_inference_is_apart() -> None:
    """The first line says why it takes so long, the others are numbered."""
    first, later = Inference(Status.OK, "", 8412 * NS_PER_MS), Inference(Status.OK, "", 10**8)
    assert inference_line(0, first).startswith("first inference     8,412 ms   (the first loads")
    assert inference_line(7, later) == "inference 7           100 ms"


def test_a_failed_inference_says_why() -> None:
    """A failure has its status and the server's text."""
    failed = Inference(Status.UNAVAILABLE, "Socket\nclosed", NS_PER_MS)
    assert inference_line(3, failed).endswith("failed, UNAVAILABLE: Socket\\nclosed")


def test_times_leave_out_the_first_and_what_is_not_supported() -> None:
    """Of 20 inferences no quantile is a number; the line says what it would take."""
    lines = closing(prediction(20))
    assert lines[1] == "service time of 20 inferences, ms: mean 10.5, min 1.00, max 20.0"
    assert lines[2] == (
        "not shown, for want of inferences (--count): p50 40, p90 200, p95 400, p99 2,000"
    )


def test_supported_quantiles_are_shown() -> None:
    """200 inferences support p50 and p90."""
    assert closing(prediction(200))[1] == (
        "service time of 200 inferences, ms: mean 100, min 1.00, p50 100, p90 180, max 200"
    )


def test_detections_have_names_scores_and_boxes() -> None:
    """A box is shown in the picture's pixels and as shares, left and top first."""
    assert closing(prediction())[-1] == (
        "  dog  0.93     64   100   384   300   0.100 0.250 0.600 0.750"
    )


def test_many_detections_are_shortened() -> None:
    """A model that sees a hundred things does not flood the terminal."""
    lines = closing(prediction(detections=(DOG,) * 25))
    assert sum(line.startswith("  dog") for line in lines) == 20
    assert lines[-1] == "  and 5 more; a higher --min-score shows fewer"


def test_failures_are_counted() -> None:
    """The last line says how many failed, the first inference included."""
    failed = Inference(Status.BAD_ANSWER, "all outputs are empty", NS_PER_MS)
    found = prediction(first=failed, rest=(failed,), detections=None)
    assert closing(found)[-1] == "2 of 2 inferences failed"
    assert "none of 1 inference was answered well" in closing(found)
    assert found.failures == 2


def test_another_model_s_outputs_are_listed() -> None:
    """An answer that is no detector's is described by its arrays."""
    found = prediction(detections=None, outputs={"logits": "float32 [1, 1000]"})
    assert "  logits  float32 [1, 1000]" in closing(found)


def test_the_document_is_plain_json() -> None:
    """The JSON has everything, times in ms, no NaN or infinity."""
    failed = Inference(Status.DEADLINE_EXCEEDED, "late", 10**9)
    found = prediction(400)
    found = replace(found, rest=(*found.rest, failed))
    data = json.loads(json.dumps(document(found), allow_nan=False))
    assert data["first_inference"] == {"status": "OK", "detail": "", "service_ms": 8412.0}
    assert data["service_ms"] == {"p50": 201.0, "p90": 361.0, "p95": 381.0, "p99": None}
    assert data["failures"] == 1
    assert data["detections"][0]["label"] == "dog"
    assert data["detections"][0]["box"] == {"top": 0.25, "left": 0.1, "bottom": 0.75, "right": 0.6}
    assert data["detections"][0]["box_pixels"] == {
        "left": 64, "top": 100, "right": 384, "bottom": 300,
    }  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_harmless(text: str) -> None:
    """Whatever names and messages hold, each stays on its line and steers nothing."""
    found = prediction(
        server=text, model=text, picture=text, detections=None, outputs={text: text}, notes=(text,)
    )
    lines = [
        *opening(found),
        inference_line(1, Inference(Status.UNKNOWN, text, 1)),
        *closing(found),
    ]
    assert all("\n" not in line and "\x1b" not in line and "\u202e" not in line for line in lines)
