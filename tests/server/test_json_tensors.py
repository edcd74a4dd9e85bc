"""Predict's JSON: what becomes of rows, columns and nonsense."""

import contextlib
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eiload.server.json_tensors import body, rendered, tensors
from eiload.server.model import Rejection
from eiload.serving.tensors import Tensor, TensorInfo

PIXELS = {"inputs": TensorInfo("uint8", (None, None, None, 3))}
FILES = {"inputs": TensorInfo("string", (None,))}
TWO = {"a": TensorInfo("float32", (None,)), "b_bytes": TensorInfo("string", (None,))}


def read(document: object, inputs: dict[str, TensorInfo]) -> dict[str, Tensor]:
    """Return the tensors in a JSON document."""
    return tensors(body(json.dumps(document).encode()), inputs)


@pytest.mark.parametrize(
    "document",
    [
        {"instances": [[[[1, 2, 3]]]]},
        {"instances": [{"inputs": [[[1, 2, 3]]]}]},
        {"inputs": [[[[1, 2, 3]]]]},
        {"inputs": {"inputs": [[[[1, 2, 3]]]]}},
    ],
)
def test_rows_and_columns_with_and_without_the_name(document: object) -> None:
    """An input that is the only one needs no name."""
    (image,) = read(document, PIXELS).values()
    assert image.dtype == np.uint8
    assert image.tolist() == [[[[1, 2, 3]]]]


@pytest.mark.parametrize(
    "document",
    [
        {"instances": [{"b64": "/9j/"}, {"b64": "iVBO"}]},
        {"instances": [{"inputs": {"b64": "/9j/"}}, {"inputs": {"b64": "iVBO"}}]},
        {"inputs": [{"b64": "/9j/"}, {"b64": "iVBO"}]},
    ],
)
def test_bytes_are_base64(document: object) -> None:
    """In any form."""
    assert read(document, FILES)["inputs"].tolist() == [b"\xff\xd8\xff", b"\x89PN"]


def test_several_inputs_are_named() -> None:
    """Row by row, or column by column."""
    rows = {"instances": [{"a": 1, "b_bytes": "x"}, {"a": 2.5, "b_bytes": "y"}]}
    columns = {"inputs": {"a": [1, 2.5], "b_bytes": ["x", "y"]}}
    for document in (rows, columns):
        read_ = read(document, TWO)
        assert read_["a"].tolist() == [1, 2.5]
        assert read_["b_bytes"].tolist() == [b"x", b"y"]


WRONG: list[tuple[object, dict[str, TensorInfo], str]] = [
    ([1], PIXELS, "is not an Object"),
    ({}, PIXELS, "no 'instances' and 'inputs'"),
    ({"instances": [1], "inputs": [1]}, PIXELS, "both 'instances' and 'inputs'"),
    ({"instances": []}, PIXELS, "at least one element"),
    ({"instances": 5}, PIXELS, "Excepting 'instances' to be an list/array"),
    ({"signature_name": 5, "instances": [1]}, PIXELS, "'signature_name' key must be a string"),
    ({"instances": [[[[1, 2, 3.5]]]]}, PIXELS, "JSON Value: 3.5 Type: Number is not of expected"),
    ({"instances": [[[[1, 2, True]]]]}, PIXELS, "JSON Value: true Type: True is not of expected"),
    ({"instances": [[[[1, 2, 300]]]]}, PIXELS, "not of expected type: uint8"),
    ({"instances": [[[[1, 2, 3], [4, 5]]]]}, PIXELS, "unexpected size: 2 at level: 3 expected"),
    ({"instances": [[[1]], 5]}, PIXELS, "found at incorrect level: 2"),
    ({"instances": [5, [5]]}, PIXELS, "Encountered list at unexpected level: 1"),
    ({"inputs": {"image": [1]}}, PIXELS, "does not have named input: image"),
    ({"instances": [{"inputs": 1}, 5]}, PIXELS, "Expecting object but got Number"),
    ({"instances": [{"a": 1}, {"b_bytes": "x"}]}, TWO, "Failed to process element"),
    ({"instances": [1]}, TWO, "expecting list of objects as there are 2 inputs"),
    ({"inputs": [1]}, TWO, "expecting an object as there are 2 inputs"),
    ({"instances": [{"b64": "!"}]}, FILES, "Unable to base64 decode"),
    ({"instances": [5]}, FILES, "JSON Value: 5 Type: Number is not of expected type: string"),
    ({"instances": [None]}, PIXELS, "JSON Value: null Type: Null"),
    ({"instances": [[["x" * 500]]]}, PIXELS, r"x\.\.\. Type: String"),
]


@pytest.mark.parametrize(("document", "inputs", "said"), WRONG, ids=[row[2] for row in WRONG])
def test_nonsense_is_refused(document: object, inputs: dict[str, TensorInfo], said: str) -> None:
    """INVALID_ARGUMENT, with what was found."""
    with pytest.raises(Rejection, match=said):
        read(document, inputs)


@pytest.mark.parametrize("text", [b"", b"{", b"\xff", b'{"instances": [1,]}', b"[" * 100_000])
def test_what_is_not_json_is_refused(text: bytes) -> None:
    """Also a document without a bottom."""
    with pytest.raises(Rejection, match=r"JSON Parse error|not an Object"):
        tensors(body(text), PIXELS)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["a", "b64", "inputs", "instances"]), inner, max_size=3
            )
        ),
        max_leaves=12,
    )
)
def test_any_document_is_read_or_refused(document: Any) -> None:
    """No other exception comes out."""
    for key in ("instances", "inputs"):
        for inputs in (PIXELS, FILES, TWO):
            with contextlib.suppress(Rejection):
                read({key: document}, inputs)


def test_one_output_is_bare_and_several_are_named() -> None:
    """In the form of the question."""
    one = {"scores": np.array([[0.2], [0.4]], dtype=np.float32)}
    two = {**one, "n_bytes": np.array([b"x", b"\xff"], dtype=object)}
    assert json.loads(rendered(one, "row")) == {"predictions": [[0.2], [0.4]]}
    assert json.loads(rendered(one, "columnar")) == {"outputs": [[0.2], [0.4]]}
    assert json.loads(rendered(two, "row")) == {
        "predictions": [
            {"scores": [0.2], "n_bytes": {"b64": "eA=="}},
            {"scores": [0.4], "n_bytes": {"b64": "/w=="}},
        ]
    }
    assert json.loads(rendered(two, "columnar")) == {
        "outputs": {"scores": [[0.2], [0.4]], "n_bytes": [{"b64": "eA=="}, {"b64": "/w=="}]}
    }


def test_numbers_that_are_none_are_written_as_tokens() -> None:
    """NaN and infinities, as TensorFlow Serving writes them."""
    text = rendered({"x": np.array([np.nan, np.inf, -np.inf], dtype=np.float32)}, "columnar")
    assert "NaN" in text
    assert "-Infinity" in text


def test_rows_need_a_batch() -> None:
    """Outputs of different lengths cannot be dealt out to rows."""
    with pytest.raises(Rejection, match="inconsistent batch sizes"):
        rendered({"a": np.zeros(2), "b": np.zeros(3)}, "row")
    with pytest.raises(Rejection, match="inconsistent batch sizes"):
        rendered({"a": np.array(2.0)}, "row")
