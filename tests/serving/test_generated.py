"""Inputs made up by a model's own signature."""

from typing import Any

import numpy as np
import pytest

from eiload.base.errors import ScenarioError
from eiload.scenario import Generate
from eiload.serving.generated import generated, known, notes
from eiload.serving.tensors import TensorInfo
from eiload.serving.tfserving import Signature

BERT = Signature(
    "serving_default",
    {
        "ids": TensorInfo("int64", (None, 128)),
        "mask": TensorInfo("int32", (None, 128)),
        "pixels": TensorInfo("uint8", (2, 3)),
        "score": TensorInfo("float32", (None,)),
        "half": TensorInfo("bfloat16", ()),
        "flag": TensorInfo("bool", (None,)),
        "text": TensorInfo("string", (None,)),
    },
    {},
)
OPEN = Signature(
    "serving_default",
    {"a": TensorInfo("float32", (None, None, 3)), "b": TensorInfo("int32", None)},
    {},
)


def made(signature: Signature | None, index: int = 0, **said: Any) -> dict[str, Any]:
    """Return what is generated for a signature."""
    generate = Generate(**said)
    return generated(known(signature, generate), generate, index)


def test_each_by_type_and_shape() -> None:
    """Open first dimensions get the batch; values are small, so that any vocabulary has them."""
    found = made(BERT, batch=4)
    assert {name: (each.dtype.name, each.shape) for name, each in found.items()} == {
        "ids": ("int64", (4, 128)),
        "mask": ("int32", (4, 128)),
        "pixels": ("uint8", (2, 3)),
        "score": ("float32", (4,)),
        "half": ("bfloat16", ()),
        "flag": ("bool", (4,)),
        "text": ("object", (4,)),
    }
    assert set(found["ids"].ravel().tolist()) == {0, 1}
    assert ((found["score"] >= 0) & (found["score"] < 1)).all()
    assert len(found["text"][0].split()) == 8


def test_ranges_and_texts() -> None:
    """What is said is obeyed, at both ends."""
    found = made(
        BERT, ranges={"ids": (5, 7), "score": (-3.0, -2.0)}, text={"text": ("a", "b")}, batch=50
    )
    assert set(found["ids"].ravel().tolist()) == {5, 6, 7}
    assert (found["score"] < -2).all()
    assert set(found["text"].tolist()) == {b"a", b"b"}


def test_the_same_seed_the_same_inputs() -> None:
    """Others for other requests and seeds; an input does not depend on its neighbours."""
    first = made(BERT)["ids"]
    assert np.array_equal(first, made(BERT)["ids"])
    assert not np.array_equal(first, made(BERT, 1)["ids"])
    assert not np.array_equal(first, made(BERT, seed=2)["ids"])
    alone = Signature("s", {"ids": BERT.inputs["ids"]}, {})
    assert np.array_equal(first, made(alone)["ids"])


def test_open_dimensions_are_asked_for_in_one_error() -> None:
    """All of them, with what to write."""
    with pytest.raises(ScenarioError) as refused:
        made(OPEN)
    assert str(refused.value) == (
        "payload.generate: open dimensions: 'a' (float32 [?, ?, 3]), 'b' (int32 of any shape);"
        " write 'shapes: {a: [batch, N, 3], b: [N, ..]}' with a number for each N"
    )
    found = made(OPEN, shapes={"a": ("batch", 5, 3), "b": (7,)}, batch=2)
    assert (found["a"].shape, found["b"].shape) == ((2, 5, 3), (7,))


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ({"shapes": {"idz": (1,)}}, "shapes.idz: no such input; the model takes 'ids', "),
        ({"shapes": {"ids": (1, 64)}}, "shapes.ids: [1, 64], the model takes int64 [?, 128]"),
        ({"shapes": {"ids": (1,)}}, "shapes.ids: [1], the model takes int64 [?, 128]; write 2 le"),
        ({"dtypes": {"ids": "int32"}}, "dtypes.ids: int32, the model takes int64 [?, 128]"),
        ({"ranges": {"text": (0, 1)}}, "ranges.text: the model takes string [?] there"),
        ({"text": {"ids": 3}}, "text.ids: the model takes int64 [?, 128] there"),
        ({"ranges": {"pixels": (0, 256)}}, "ranges.pixels: [0, 256], the model takes uint8"),
        ({"ranges": {"ids": (0, 0.5)}}, "ranges.ids: [0, 0.5], the model takes int64"),
    ],
)
def test_what_does_not_fit(said: dict[str, Any], line: str) -> None:
    """It is told with what the model takes."""
    with pytest.raises(ScenarioError) as refused:
        made(BERT, **said)
    assert f"payload.generate: {line}" in str(refused.value).replace(
        "payload.generate.ranges", "payload.generate: ranges"
    )


def test_servers_that_do_not_tell() -> None:
    """Then the scenario has to say types and shapes, all of them."""
    said: dict[str, Any] = {"dtypes": {"x": "float32"}, "shapes": {"x": ("batch", 2)}}
    assert made(None, **said, batch=3)["x"].shape == (3, 2)
    with pytest.raises(ScenarioError, match="does not tell the model's signature; write 'shapes:'"):
        made(None)


def test_a_batch_without_effect_is_said() -> None:
    """Nothing is silent; `batch: 4` beside a shape of its own is not an error."""
    one = Signature("s", {"input": TensorInfo("int32", (None, 384))}, {})
    generate = Generate(batch=4, shapes={"input": (1, 384)})
    assert notes(known(one, generate), generate)[0].startswith("generate: batch 4 has no effect")
    generate = Generate(batch=4)
    assert notes(known(one, generate), generate) == []
