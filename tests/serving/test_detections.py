"""What counts as a detector's answer, and what is in it."""

from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.typing import NDArray

from eiload.scenario import Expect
from eiload.serving.detections import Detection, check, detections, remarks

DOG, CAT = 18, 17

Outputs = dict[str, NDArray[Any]]


def floats(values: Any) -> NDArray[np.float32]:
    """Return numbers as a server sends them."""
    return np.array(values, np.float32)


def answer(batch: int = 1) -> Outputs:
    """Return a good answer: a dog, a cat, and places that are not used."""
    boxes = np.zeros((batch, 5, 4), np.float32)
    boxes[:, 0] = 0.25, 0.5, 0.75, 1.0
    return {
        "detection_boxes": boxes,
        "detection_scores": np.tile(floats([0.9, 0.6, 0.3, 0, 0]), (batch, 1)),
        "detection_classes": np.tile(floats([DOG, CAT, 12, 1, 1]), (batch, 1)),
        "num_detections": np.full(batch, 3, np.float32),
    }


def test_detections() -> None:
    """Detections have a name, a score and a box, in the model's order."""
    assert detections(answer(), 0.9) == [
        Detection("dog", DOG, float(floats(0.9)), (0.25, 0.5, 0.75, 1.0))
    ]
    found = detections(answer(2), 0.0, item=1)
    # Places beyond num_detections are padding; 12 is a gap in COCO's ids.
    assert [each.label for each in found] == ["dog", "cat", "class 12"]


def test_good_answers() -> None:
    """An answer as the models give it is good, for any batch, and with what is asked for only."""
    assert check(answer(), None) is None
    assert check(answer(3), Expect(labels=("dog", "cat"))) is None
    some = {"detection_classes": answer()["detection_classes"]}
    assert check(some, None, wanted=["detection_classes"]) is None


def test_other_models() -> None:
    """Models with other outputs are judged by what holds for any of them."""
    assert check({"probabilities": floats([[0.1, 0.9]])}, None) is None
    assert check({"labels": np.array([b"cat"], dtype=object)}, None) is None
    assert check({"probabilities": floats([[np.nan]])}, None) is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, None),
        # Of this form is another model's answer.
        ({"detection_scores": None}, None),
        ({"detection_boxes": np.zeros((1, 5), np.float32)}, None),
        ({"detection_boxes": np.zeros((1, 5, 3), "f4")}, None),
        ({"raw_detection_scores": floats([np.inf])}, None),
        ({"detection_scores": np.full((1, 5), 1.0001, np.float32)}, None),  # rounding
        (
            {"detection_classes": np.full((1, 5), b"dog", dtype=object)},
            "detection_classes holds no numbers",
        ),
        (
            {"num_detections": floats([3, 3])},
            (
                "outputs differ in their batch: detection_boxes [1, 5, 4],"
                " detection_scores [1, 5], detection_classes [1, 5], num_detections [2]"
            ),
        ),
        (
            {"detection_scores": np.zeros((1, 4), np.float32)},
            (
                "outputs differ in their number of detections: detection_boxes [1, 5, 4],"
                " detection_scores [1, 4], detection_classes [1, 5]"
            ),
        ),
        (
            {"num_detections": floats([6])},
            "num_detections is 6, expected a whole number up to 5",
        ),
        (
            {"num_detections": floats([2.5])},
            "num_detections is 2.5, expected a whole number up to 5",
        ),
        (
            {"num_detections": floats([-1])},
            "num_detections is -1, expected a whole number up to 5",
        ),
        ({"num_detections": floats([np.nan])}, "num_detections holds NaN or infinity"),
        (
            {"detection_scores": np.full((1, 5), 7, np.float32)},
            "detection_scores are not all between 0 and 1",
        ),
    ],
)
def test_bad_answers(change: dict[str, NDArray[Any] | None], reason: str | None) -> None:
    """What is wrong with an answer is said in words."""
    outputs = {alias: array for alias, array in (answer() | change).items() if array is not None}
    assert check(outputs, None) == reason


def test_empty_answers() -> None:
    """No outputs and outputs without elements are no answers."""
    assert check({}, None) == "the answer has no outputs"
    assert check({alias: array[:0] for alias, array in answer().items()}, None) == (
        "all outputs are empty"
    )


def test_good_answers_of_other_models() -> None:
    """Nothing seen, impossible classes, boxes without a batch: good, and said where it is odd."""
    nothing: Outputs = {"boxes": np.zeros((0, 4), np.float32), "labels": np.zeros(0, np.int64)}
    impossible: Outputs = {"log_probs": floats([0, -np.inf])}
    unbatched: Outputs = {
        "detection_boxes": np.zeros((100, 4), np.float32),
        "detection_scores": np.full(100, 0.5, np.float32),
        "detection_classes": np.ones(100, np.int64),
        "num_detections": np.array(100),
    }
    bf16: Outputs = {"embedding": np.full((1, 3), np.nan, ml_dtypes.bfloat16)}
    for outputs in (nothing, impossible, unbatched, bf16):
        assert check(outputs, None) is None
    none_seen = {alias: array[:, :0] for alias, array in answer().items() if array.ndim > 1}
    assert check(none_seen | {"num_detections": floats([0])}, None) is None
    assert remarks(unbatched) == remarks(answer()) == []
    assert remarks(nothing) == [
        "all outputs of the first answer are empty; `expect:` can demand a shape"
    ]
    (remark,) = remarks(impossible)
    assert remark.startswith("log_probs of the first answer holds NaN or infinity")
    assert remarks(bf16)[0].startswith("embedding of the first answer holds NaN")


def test_wanted_outputs() -> None:
    """What was asked for has to be there."""
    assert check(answer(), None, wanted=["x", "num_detections", "y"]) == (
        "missing from the answer: x, y"
    )


def test_expected_labels() -> None:
    """Each image of the batch has to show each label with the score that is asked for."""
    assert check(answer(), Expect(labels=("cat",), min_score=0.7)) == (
        "expected 'cat' with a score of 0.7 or more, found dog 0.90, cat 0.60, class 12 0.30"
    )
    outputs = answer(2)
    outputs["num_detections"][1] = 0
    assert check(outputs, Expect(labels=("dog",))) == (
        "expected 'dog' with a score of 0.5 or more, found nothing"
    )


def test_expect_needs_a_detector() -> None:
    """Labels cannot be found in what has none."""
    assert check({"x": np.ones(1)}, Expect(labels=("dog",))) == (
        "`expect` needs detection_boxes, detection_scores, detection_classes, num_detections,"
        " which the answer does not have"
    )


ARRAYS = npst.arrays(
    st.sampled_from(["f4", "i4", "u1", "?"]),
    npst.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
)


@given(
    st.dictionaries(
        st.sampled_from(
            ["detection_boxes", "detection_scores", "detection_classes", "num_detections", "x"]
        ),
        ARRAYS,
    )
)
def test_any_outputs_are_judged(outputs: Outputs) -> None:
    """Whatever comes back is good or bad, and what is good can be read."""
    expect = Expect(labels=("dog",))
    if check(outputs, expect) is None:
        assert detections(outputs, 0.0)
