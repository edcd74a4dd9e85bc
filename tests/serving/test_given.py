"""Inputs that a scenario gives by name, from files and values to each request's tensors."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eiload.base.errors import ScenarioError
from eiload.scenario import Input, Target
from eiload.scenario.inputs import ALL
from eiload.serving.given import grouped, input_of, rows
from eiload.serving.tensors import TensorInfo
from eiload.serving.tfserving import Signature

TARGET = Target(server="h:1", model="m")
XY = Signature(
    "serving_default",
    {"x": TensorInfo("float32", (None,)), "y": TensorInfo("string", (None,))},
    {},
)
X = Signature("serving_default", {"x": TensorInfo("float32", (None,))}, {})


def made(
    inputs: dict[str, Input], signature: Signature | None = XY, batch: int = 1
) -> list[dict[str, Any]]:
    """Return the tensors of each request, as lists, and check that they have types."""
    found = [row.tensors(TARGET, signature) for row in rows(inputs, batch)]
    assert all(isinstance(each, np.ndarray) for one in found for each in one.values())
    return [{name: each.tolist() for name, each in one.items()} for one in found]


def test_values_for_all_requests(tmp_path: Path) -> None:
    """What is said once goes with each of the files' requests."""
    for number in (1, 2):
        np.save(tmp_path / f"{number}.npy", np.full(2, number, np.float32))
    files = tuple(str(tmp_path / f"{number}.npy") for number in (1, 2))
    assert made({"x": Input(file=files), "y": Input(values=["a"])}) == [
        {"x": [1.0, 1.0], "y": [b"a"]},
        {"x": [2.0, 2.0], "y": [b"a"]},
    ]


def test_lines_and_bytes(tmp_path: Path) -> None:
    """Lines fill requests of `batch`, the last one from the beginning; bytes are repeated."""
    (tmp_path / "t.txt").write_text("a\nb\nc\n")
    (tmp_path / "p.jpg").write_bytes(b"\xff\xd8\0")
    lines, jpeg = Input(file=(str(tmp_path / "t.txt"),)), Input(file=(str(tmp_path / "p.jpg"),))
    assert made({"y": lines}, batch=2) == [{"y": [b"a", b"b"]}, {"y": [b"c", b"a"]}]
    assert made({"y": jpeg}, batch=2) == [{"y": [b"\xff\xd8\0"] * 2}]
    raw = lines.model_copy(update={"read_as": "bytes"})
    assert made({"y": raw}) == [{"y": [b"a\nb\nc\n"]}]
    assert [row.name for row in rows({"y": lines}, 1)] == ["t.txt#1", "t.txt#2", "t.txt#3"]


def test_all_inputs_of_one_file(tmp_path: Path) -> None:
    """By the names in it; what has none is the model's only input, or the target's."""
    (tmp_path / "xy.json").write_text(json.dumps({"instances": [{"x": 1, "y": "a"}]}))
    (tmp_path / "x.json").write_text(json.dumps({"instances": [1, 2]}))
    assert made({ALL: Input(file=(str(tmp_path / "xy.json"),))}) == [{"x": [1.0], "y": [b"a"]}]
    one = {ALL: Input(file=(str(tmp_path / "x.json"),))}
    assert made(one, X) == [{"x": [1.0, 2.0]}]
    assert input_of(TARGET, X) == "x"
    assert input_of(TARGET, XY) == input_of(TARGET, None) == "inputs"
    # A file with more than is asked for is looked into by name.
    assert made({"x": Input(file=(str(tmp_path / "xy.json"),))}, X) == [{"x": [1.0]}]


def test_element_types() -> None:
    """Arrays keep theirs unless the scenario says one; values need one from somewhere."""
    ints = {"x": Input(values=[1, 2], dtype="int32")}
    (row,) = rows(ints, 1)
    assert row.tensors(TARGET, None)["x"].dtype == np.int32
    with pytest.raises(ScenarioError) as refused:
        made({"x": Input(values=[1]), "y": Input(values=["a"])}, None)
    assert [line.split(": ")[0] for line in str(refused.value).split("\n")] == [
        "payload.inputs.x",
        "payload.inputs.y",
    ]
    assert "write 'dtype:' beside it" in str(refused.value)
    with pytest.raises(ScenarioError, match=r"^payload\.inputs\.x: values: values are texts"):
        made({"x": Input(values=["a"])})


def test_what_does_not_go_together(tmp_path: Path) -> None:
    """Inputs with other numbers of requests, and a file without the input."""
    (tmp_path / "t.txt").write_text("a\nb\nc\n")
    (tmp_path / "u.txt").write_text("a\nb\n")
    three, two = (Input(file=(str(tmp_path / name),)) for name in ("t.txt", "u.txt"))
    with pytest.raises(ScenarioError, match="'x' gives 3 requests, 'y' 2; expected the same"):
        made({"x": three, "y": two})
    np.savez(tmp_path / "all.npz", a=np.ones(1), b=np.ones(1))
    with pytest.raises(ScenarioError, match="its file holds 'a', 'b', and none of that name"):
        made({"x": Input(file=(str(tmp_path / "all.npz"),))})


def test_grouped() -> None:
    """All items are in it, in order."""
    assert [each.tolist() for each in grouped([b"a", b"b"], 3)] == [[b"a", b"b", b"a"]]
