"""Arrays out of files and of values written out."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eiload.base.errors import ScenarioError
from eiload.serving.arrays import Literal, array, cast, named, of_lines, read_as


def test_numpy_files(tmp_path: Path) -> None:
    """A .npy holds one array without a name, a .npz some with names; texts become bytes."""
    np.save(tmp_path / "x.npy", np.arange(3, dtype=np.int16))
    np.savez(tmp_path / "all.npz", a=np.ones(2), t=np.array(["å", "b"]), s=np.array([b"c"]))
    (x,) = named(str(tmp_path / "x.npy"), "array").values()
    assert isinstance(x, np.ndarray)
    assert (x.dtype.name, x.tolist()) == ("int16", [0, 1, 2])
    found: dict[str, Any] = named(str(tmp_path / "all.npz"), "array")
    assert found["t"].tolist() == ["å".encode(), b"b"]
    assert found["s"].tolist() == [b"c"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ({"instances": [{"x": 1.0, "k": "a"}, {"x": 2.0, "k": "b"}]},
         {"x": [1.0, 2.0], "k": ["a", "b"]}),
        ({"instances": [[1, 2], [3, 4]]}, {"": [[1, 2], [3, 4]]}),
        ({"inputs": {"x": [[1.5]]}}, {"x": [[1.5]]}),
        ({"inputs": [1, 2]}, {"": [1, 2]}),
        ({"x": [1], "y": [2]}, {"x": [1], "y": [2]}),
        ([[1, 2]], {"": [[1, 2]]}),
        ({"instances": [{"b64": "aGk="}]}, {"": [b"hi"]}),
        ({"instances": [{"i": {"b64": "aGk="}}]}, {"i": [b"hi"]}),
    ],
    ids=str,
)  # fmt: skip
def test_json(tmp_path: Path, text: object, found: dict[str, object]) -> None:
    """TensorFlow Serving's rows and columns, with base64; and values by themselves."""
    (tmp_path / "x.json").write_text(json.dumps(text))
    read = named(str(tmp_path / "x.json"), "json")
    assert read == {name: Literal(values) for name, values in found.items()}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("x.npy", b"\x93NUMPY", "x.npy: "),
        ("x.npy", b"", "x.npy: "),
        ("x.npz", b"PK\x03\x04", "x.npz: "),
        ("x.json", b"{", "x.json: not JSON"),
        ("x.json", b'{"instances": []}', "expected one row at least"),
        ("x.json", b'{"instances": [{"a": 1}, {"b": 1}]}', "row 2 of 'instances' has not just 'a'"),
        ("x.json", b'{"instances": [1], "inputs": [1]}', "both 'instances' and 'inputs'"),
        ("x.json", b'{"inputs": {"x": [{"y": 1}]}}', "a mapping among values"),
        ("x.json", b'{"inputs": {"x": [{"b64": "%"}]}}', "not base64"),
        ("x.json", b"[null]", "null among values"),
    ],
)
def test_files_that_are_none(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    """They are the user's error, with the path, in one line."""
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ScenarioError) as refused:
        named(str(path), read_as(str(path)))
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_python_objects_are_never_loaded(tmp_path: Path) -> None:
    """A pickle could run anything."""
    np.save(tmp_path / "x.npy", np.array([{}], object), allow_pickle=True)
    with pytest.raises(ScenarioError, match=r"x\.npy: .*Python objects"):
        named(str(tmp_path / "x.npy"), "array")


def test_lines(tmp_path: Path) -> None:
    """One text each; empty ones do not count."""
    (tmp_path / "x.txt").write_bytes(b"good film\r\n\nbad film")
    assert of_lines(str(tmp_path / "x.txt")) == [b"good film", b"bad film"]
    (tmp_path / "x.txt").write_bytes(b"\n")
    with pytest.raises(ScenarioError, match="no lines in it"):
        of_lines(str(tmp_path / "x.txt"))


@pytest.mark.parametrize(
    ("values", "dtype", "shape"),
    [
        ([1, 2], "float32", (2,)),
        ([1.0, 2.0], "int64", (2,)),  # whole numbers, however they are written
        ([[0, 255]], "uint8", (1, 2)),
        ([True], "bool", (1,)),
        ([], "float32", (0,)),
        (3.5, "bfloat16", ()),
        (["a", "b"], "string", (2,)),
        ("a", "string", ()),
    ],
)
def test_values_are_of_the_models_type(values: object, dtype: str, shape: tuple[int, ...]) -> None:
    """They have none of their own."""
    made = array(Literal(values), dtype)
    assert made.shape == shape
    assert ("string" if made.dtype == object else made.dtype.name) == dtype


@pytest.mark.parametrize(
    ("values", "dtype", "said"),
    [
        ([1.5], "int32", "fractions in it, for int32"),
        ([256], "uint8", "out of range for uint8"),
        ([-1], "uint8", "out of range for uint8"),
        (["a"], "float32", "values are texts, the model takes float32"),
        ([1], "string", "1 is no text, the model takes string"),
        ([1], "bool", "values are numbers, the model takes bool"),
        ([True], "float32", "values are true and false, the model takes float32"),
        ([[1], [2, 3]], "float32", "rows differ in length"),
    ],
)
def test_values_that_are_not(values: object, dtype: str, said: str) -> None:
    """Nothing is made of them that was not written."""
    with pytest.raises(ValueError, match=said):
        array(Literal(values), dtype)


def test_cast() -> None:
    """An array becomes another type where the scenario asks for it, and where it can."""
    assert cast(np.array([1.0, 2.0]), "float32").dtype == np.float32
    with pytest.raises(ValueError, match="fractions"):
        cast(np.array([1.5]), "int32")
    with pytest.raises(ValueError, match="cannot be made float32"):
        cast(np.array([b"a"], object), "float32")
