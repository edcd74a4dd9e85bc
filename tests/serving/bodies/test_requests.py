"""Bodies of requests, read back by others: json, numpy, and the stand-in's own REST port."""

import io
import json

import numpy as np
import pytest

from eiload.base.errors import ScenarioError
from eiload.server import json_tensors
from eiload.serving.bodies.requests import Form, body_of
from eiload.serving.tensors import Tensor, TensorInfo

JPEG = b"\xff\xd8\xff\x00"
PIXELS = np.arange(12, dtype=np.uint8).reshape(1, 2, 2, 3)


def strings(*items: bytes) -> Tensor:
    """Return strings [n]."""
    made = np.empty(len(items), object)
    made[:] = items
    return made


@pytest.mark.parametrize("form", ["instances", "inputs"])
@pytest.mark.parametrize(
    "inputs",
    [
        {"inputs": PIXELS},
        {"inputs": strings(JPEG, b"")},
        {"ids": np.array([[1, 2], [3, 4]]), "mask": np.array([[0.5], [1e-7]], np.float32)},
        {"text": strings(b"a", b"b"), "x": np.zeros((2, 0, 3), np.float32)},
    ],
)
def test_tensorflow_servings_json_comes_back_as_it_was(
    inputs: dict[str, Tensor], form: Form
) -> None:
    """By the reader of the stand-in's REST port, which is held to TensorFlow Serving's."""
    given = json_tensors.body(body_of(inputs, form=form, signature="other"))
    declared = {
        name: TensorInfo("string" if array.dtype == object else array.dtype.name, None)
        for name, array in inputs.items()
    }
    read = json_tensors.tensors(given, declared)
    assert given.signature == "other"
    assert read.keys() == inputs.keys()
    for name, array in inputs.items():
        assert read[name].dtype == array.dtype
        if array.size:  # a list without elements has lost its last dimensions
            assert read[name].tolist() == array.tolist()


def test_the_default_signature_needs_no_word() -> None:
    """The shortest body that says it."""
    body = body_of({"x": np.array([1.5], np.float32)}, signature="serving_default")
    assert body == b'{"instances":[1.5]}'


def test_a_bare_list_is_what_pytorch_containers_take() -> None:
    """Their decoder makes an array of it."""
    body = body_of({"x": PIXELS}, form="list")
    assert np.array(json.loads(body)).tolist() == PIXELS.tolist()
    assert body_of({"x": strings(b"a dog")}, form="list") == b'["a dog"]'


def test_lines_hold_an_example_each() -> None:
    """Named where there are several inputs."""
    two = {"a": np.array([1, 2]), "b": np.array([3, 4])}
    assert body_of({"a": np.array([[1], [2]])}, "application/jsonlines") == b"[1]\n[2]\n"
    assert body_of(two, "application/jsonlines") == b'{"a":1,"b":3}\n{"a":2,"b":4}\n'


@pytest.mark.parametrize("dtype", ["float32", "uint8", ">f8"])
def test_npy_is_numpys(dtype: str) -> None:
    """An array as it is, whatever its order in memory."""
    array = np.arange(24).astype(dtype).reshape(4, 3, 2).T[np.newaxis]
    read = np.load(io.BytesIO(body_of({"x": array}, "application/x-npy")), allow_pickle=False)
    assert read.dtype == array.dtype.newbyteorder("<")
    assert read.tolist() == array.tolist()


def test_a_classifiers_picture_is_602_kilobytes() -> None:
    """As measured of the PyTorch containers' clients: 128 bytes of header and the floats."""
    picture = np.zeros((1, 3, 224, 224), np.float32)
    assert len(body_of({"x": picture}, "application/x-npy")) == 602_240


def test_csv_has_rows() -> None:
    """Whole numbers are whole; the decimals are the floats' own."""
    floats = np.array([[0.1, 2.0], [3.5, -1.0]], np.float32)
    assert body_of({"x": floats}, "text/csv") == b"0.1,2.0\n3.5,-1.0\n"
    assert body_of({"x": np.array([1, 2])}, "text/csv") == b"1\n2\n"
    assert body_of({"x": np.array([[True, False]])}, "text/csv") == b"1,0\n"


@pytest.mark.parametrize("content_type", ["image/jpeg", "application/x-image", "image/png"])
def test_a_file_goes_as_it_is(content_type: str) -> None:
    """Byte for byte."""
    assert body_of({"x": strings(JPEG)}, content_type) == JPEG


ONE, TWO = {"x": PIXELS}, {"a": PIXELS, "b": PIXELS}
SCALARS = {"a": np.array(1.0), "b": np.array([1.0])}


@pytest.mark.parametrize(
    ("inputs", "content_type", "form", "problem"),
    [
        ({}, "application/json", "instances", "give one input at least"),
        (SCALARS, "application/json", "instances", "expected `body: inputs`"),
        (TWO, "application/json", "list", "no names for the inputs 'a', 'b'"),
        (TWO, "application/x-npy", "instances", "no names for the inputs 'a', 'b'"),
        ({"x": strings(JPEG)}, "application/json", "list", "bytes that are no text"),
        ({"x": strings(JPEG)}, "application/x-npy", "instances", "holds numbers, got string"),
        (ONE, "text/csv", "instances", r"rows of numbers, got uint8 \[1, 2, 2, 3\]"),
        (ONE, "image/jpeg", "instances", "expected `encoding: jpeg` and `batch: 1`"),
        ({"x": strings(JPEG, JPEG)}, "image/jpeg", "instances", r"got string \[2\]"),
    ],
)
def test_what_has_no_body_of_its_kind(
    inputs: dict[str, Tensor], content_type: str, form: Form, problem: str
) -> None:
    """One line with what to say instead."""
    with pytest.raises(ScenarioError, match=problem) as raised:
        body_of(inputs, content_type, form)
    assert "\n" not in str(raised.value)
