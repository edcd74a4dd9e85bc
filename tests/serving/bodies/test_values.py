"""Arrays as JSON's values: there and back, and what has no array."""

import json

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from eiload.serving.bodies.values import as_base64, from_base64, is_base64, plain, tensor
from eiload.serving.tensors import Tensor, UnreadableError

NUMBERS = st.sampled_from(["float32", "float64", "float16", "int64", "uint8", "int32", "bool"])


@settings(max_examples=40)
@given(NUMBERS.flatmap(lambda dtype: arrays.arrays(dtype, arrays.array_shapes(max_dims=4))))
def test_numbers_come_back_as_they_were(array: Tensor) -> None:
    """Bit for bit where their type is known: the decimals are those of the type itself."""
    through = json.loads(json.dumps(plain(array)))
    back = tensor(through, array.dtype.name)
    assert back.dtype == array.dtype
    np.testing.assert_array_equal(back, array)


@settings(max_examples=40)
@given(st.lists(st.binary(max_size=20), min_size=1))
def test_bytes_come_back_as_they_were(strings: list[bytes]) -> None:
    """NULs at their end included, which numpy's own bytes lose."""
    array = np.empty(len(strings), object)
    array[:] = strings
    assert tensor(json.loads(json.dumps(plain(array)))).tolist() == strings


def test_a_float_is_its_own_shortest_decimal() -> None:
    """Not that of the double which holds it."""
    assert plain(np.array([0.1], np.float32)) == [0.1]
    assert plain(np.array([0.1], np.float16)) == [0.1]
    assert plain(np.array([0.5], ml_dtypes.bfloat16)) == [0.5]


@pytest.mark.parametrize(
    ("values", "dtype", "shape"),
    [
        ([[1, 2], [3, 4]], "int64", (2, 2)),
        ([1, 2.5], "float32", (2,)),
        ([float("nan"), float("inf")], "float32", (2,)),
        (3.0, "float32", ()),
        ([True, False], "bool", (2,)),
        ([], "float32", (0,)),
        ([[], []], "float32", (2, 0)),
        (["a", {"b64": "YQ=="}], "object", (2,)),
    ],
)
def test_what_has_no_type_gets_the_usual_one(
    values: object, dtype: str, shape: tuple[int, ...]
) -> None:
    """TensorFlow's defaults: float32 and int64."""
    made = tensor(values)
    assert (made.dtype.name, made.shape) == (dtype, shape)


@pytest.mark.parametrize(
    ("values", "declared", "got"),
    [
        ([1, 2], "float32", "float32"),
        ([1, 2], "int32", "int32"),
        ([1, 300], "uint8", "int64"),
        ([1.5], "int32", "float32"),
        ([True], "float32", "bool"),
        ([], "string", "object"),
    ],
)
def test_a_declared_type_is_taken_where_it_fits(values: object, declared: str, got: str) -> None:
    """What cannot be of it is shown as it came, and not bent."""
    assert tensor(values, declared).dtype.name == got


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ([1, "a"], "int and text in one array"),
        ([True, 1], "bool and int in one array"),
        ([None], "null among values"),
        ([{"a": 1}], "an object among values"),
        ([{"b64": "!"}], "not base64"),
        ([2**70], "does not fit into 64 bits"),
    ],
)
def test_what_is_no_array(values: object, problem: str) -> None:
    """It is said why."""
    with pytest.raises(ValueError, match=problem):
        tensor(values)


@pytest.mark.parametrize("values", [[[1], [1, 2]], [1, [2]], [[1], 2]])
def test_rows_of_different_lengths(values: object) -> None:
    """They are there, and no array: nobody's error."""
    with pytest.raises(UnreadableError, match="different lengths"):
        tensor(values)


def test_a_thousand_brackets() -> None:
    """Nesting has an end."""
    values: object = 1
    for _ in range(1000):
        values = [values]
    with pytest.raises(UnreadableError, match="32 dimensions"):
        tensor(values)


def test_base64() -> None:
    """As TensorFlow Serving writes it, and nothing that only looks like it."""
    assert as_base64(b"\xff\xd8") == {"b64": "/9g="}
    assert from_base64(as_base64(b"\xff\xd8")) == b"\xff\xd8"
    assert not is_base64({"b64": 5})
    assert not is_base64({"b64": "", "more": 1})
