"""Answers over HTTP, as each kind of server writes them, and what is none."""

import contextlib
import io
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eiload.scenario import Expect
from eiload.server import json_tensors
from eiload.serving.agree import agree
from eiload.serving.bodies.answers import UNNAMED, read_body
from eiload.serving.detections import SSD_OUTPUTS, check, detections
from eiload.serving.tensors import Tensor, TensorInfo

JSON, NPY, CSV = "application/json", "application/x-npy", "text/csv"
DOG = {
    "detection_boxes": np.array([[[0.1, 0.2, 0.9, 0.7], [0, 0, 1, 1]]], np.float32),
    "detection_scores": np.array([[0.93, 0.4]], np.float32),
    "detection_classes": np.array([[18.0, 1.0]], np.float32),
    "num_detections": np.array([2.0], np.float32),
}


def npy(array: Tensor) -> bytes:
    """Return numpy's own .npy."""
    written = io.BytesIO()
    np.save(written, array)
    return written.getvalue()


@pytest.mark.parametrize("form", ["row", "columnar"])
def test_detections_are_those_of_grpc(form: Any) -> None:
    """Rows or columns: the same outputs, so that they agree with the other API's."""
    found = read_body(json_tensors.rendered(DOG, form).encode(), JSON)
    assert not found.unread
    assert agree(found.outputs, DOG)
    for name in SSD_OUTPUTS:
        assert found.outputs[name].dtype == np.float32
        np.testing.assert_array_equal(found.outputs[name], DOG[name])
    assert check(found.outputs, Expect(labels=("dog",), min_score=0.5)) is None
    assert [each.label for each in detections(found.outputs, 0.5)] == ["dog"]


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b'{"predictions": [[0.5, 0.25]]}', JSON),
        (b'{"outputs": [[0.5, 0.25]]}', JSON),
        (b"[[0.5, 0.25]]", "application/json; charset=utf-8"),
        (b"[[0.5, 0.25]]", ""),
        (b"[0.5, 0.25]\n[0.5, 0.25]\n", "application/jsonlines"),
        (b"0.5,0.25\n", CSV),
        (npy(np.array([[0.5, 0.25]], np.float32)), NPY),
        (npy(np.array([[0.5, 0.25]], np.float32)), "application/octet-stream"),
    ],
)
def test_one_output_without_a_name(body: bytes, content_type: str) -> None:
    """It is called by the one that was asked for, or the only one that there is."""
    (name,) = read_body(body, content_type).outputs
    assert name == UNNAMED
    (asked,) = read_body(body, content_type, names=["scores"]).outputs
    assert asked == "scores"
    declared = {"probabilities": TensorInfo("float64", None)}
    (only,) = read_body(body, content_type, declared=declared).outputs
    assert only == "probabilities"
    (array,) = read_body(body, content_type).outputs.values()
    assert array.dtype == np.float32
    assert array[0].tolist() == [0.5, 0.25]


def test_an_object_holds_outputs_by_name() -> None:
    """As a toolkit's own output_fn may write them."""
    found = read_body(b'{"labels": ["dog"], "scores": [0.5], "masks": [[1], [1, 2]]}', JSON)
    assert found.outputs["labels"].tolist() == [b"dog"]
    assert found.outputs["scores"].tolist() == [0.5]
    assert found.unread == {"masks": TensorInfo("rows of different lengths", None)}


def test_npy_of_any_order_and_type() -> None:
    """As numpy writes it."""
    for array in (
        np.arange(6, dtype=">i2").reshape(2, 3),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.zeros((0, 4), np.uint8),
    ):
        (read,) = read_body(npy(array), NPY).outputs.values()
        assert read.dtype == array.dtype
        np.testing.assert_array_equal(read, array)


def huge() -> bytes:
    """Return a .npy whose header says that it holds 2**60 floats."""
    body = npy(np.zeros((1, 1), np.float32))
    return body.replace(b"(1, 1), }" + b" " * 20, b"(1152921504606846976, 1), }  ")


@pytest.mark.parametrize(
    ("body", "content_type", "problem"),
    [
        (b"<html>Bad Gateway</html>", "text/html", "content type 'text/html', and neither JSON"),
        (b"", "", "no content type"),
        (b"{", JSON, "not JSON"),
        (b"", JSON, "not JSON"),
        (b'{"error": "no"}', JSON, "it says OK and an error: 'no'"),
        (b'{"predictions": [{"a": 1}, {"b": 2}]}', JSON, "row 2 has not the outputs"),
        (b'{"predictions": [1, {"b": 2}]}', JSON, "row 1 has not the outputs"),
        (b'{"predictions": [1, null]}', JSON, "output 'output': null among values"),
        (b"[" * 100_000, JSON, "JSON that is nested too deeply|not JSON"),
        (b"\x93NUMPY", NPY, "not a .npy"),
        (b"junk", NPY, "not a .npy"),
        (npy(np.zeros(3))[:-1], NPY, "do not fill float64"),
        (huge(), NPY, "a .npy whose 4 bytes do not fill float32"),
        (npy(np.array(["a"])), NPY, "expected numbers"),
        (b"a,b\n1,2\n", CSV, "not rows of numbers"),
        (b"\n", CSV, "no rows"),
        (b"99999999999999999999\n", CSV, "64 bits"),
    ],
)
def test_what_is_no_answer(body: bytes, content_type: str, problem: str) -> None:
    """One line that says why."""
    with pytest.raises(ValueError, match=problem) as raised:
        read_body(body, content_type)
    assert "\n" not in str(raised.value)


def test_pickles_are_not_run() -> None:
    """An array of objects is a program."""
    body = io.BytesIO()
    np.save(body, np.array([{}], object), allow_pickle=True)
    with pytest.raises(ValueError, match="expected numbers"):
        read_body(body.getvalue(), NPY)


@settings(max_examples=40)
@given(st.binary(max_size=300), st.sampled_from([JSON, NPY, CSV, "application/jsonlines", ""]))
def test_any_bytes_are_read_or_refused(body: bytes, content_type: str) -> None:
    """With nothing but a ValueError."""
    for data in (body, b"\x93NUMPY\x01\x00" + body, b'{"predictions": ' + body + b"}"):
        with contextlib.suppress(ValueError):
            read_body(data, content_type)


@settings(max_examples=40)
@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(max_size=3), st.lists))
def test_any_json_is_read_or_refused(document: object) -> None:
    """Whatever is in it."""
    with contextlib.suppress(ValueError):
        read_body(json.dumps({"predictions": document}).encode(), JSON)
