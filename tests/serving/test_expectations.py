"""What a scenario expects of answers, held against them."""

import json
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from eiload.base.errors import ScenarioError
from eiload.scenario import AnyOutput, Expect
from eiload.serving.expectations import Expectations
from eiload.serving.tensors import Tensor, TensorInfo


def check(y: Any, rule: dict[str, Any], **more: Any) -> str | None:
    """Return what is wrong with an output by a rule."""
    rules = Expectations(Expect(outputs={"y": AnyOutput(**rule)}))
    return rules.check({"y": np.asarray(y)}, **more)


ROWS = np.array([[0.25, 0.75]], np.float32)


@pytest.mark.parametrize(
    ("y", "rule", "problem"),
    [
        (ROWS, {"shape": ("?", 2), "dtype": "float32", "finite": True, "range": (0, 1)}, None),
        (ROWS, {"shape": (1, 3)}, "y has shape [1, 2], expected [1, 3]"),
        (ROWS, {"shape": ("?",)}, "y has shape [1, 2], expected [?]"),
        (ROWS, {"dtype": "int64"}, "y is float32, expected int64"),
        (ROWS, {"range": (0.5, 1)}, "y lies in 0.25 to 0.75, expected 0.5 to 1"),
        ([np.nan], {"range": (0, 1)}, "y lies in nan to nan, expected 0 to 1"),
        ([-np.inf], {"finite": True}, "y holds NaN or infinity, expected finite numbers"),
        ([-np.inf], {"range": (-1e9, 0)}, "y lies in -inf to 0, expected -1e+09 to 0"),
        (np.zeros((0, 4)), {"range": (0, 1), "finite": True}, None),
        (np.array([b"a"], object), {"finite": True}, "y holds string, expected numbers"),
        (np.ones(2, ml_dtypes.bfloat16), {"dtype": "bfloat16", "range": (0, 1)}, None),
    ],
)
def test_rules(y: Tensor, rule: dict[str, Any], problem: str | None) -> None:
    """Each is said with what is there and what was expected."""
    found = check(y, rule)
    assert found == (problem.replace("-inf to 0", "-inf to -inf") if problem else None)


def test_references(tmp_path: Path) -> None:
    """One file for all requests, or one for each, within a tolerance; JSON has no types."""
    np.save(tmp_path / "a.npy", ROWS)
    np.savez(tmp_path / "b.npz", y=ROWS * 2, z=ROWS)
    (tmp_path / "c.json").write_text(json.dumps({"outputs": [[1.0]], "inputs": {"y": [[1, 2]]}}))
    a, b, c = (str(tmp_path / name) for name in ("a.npy", "b.npz", "c.json"))
    near = ROWS * np.float32(1.01)
    assert check(ROWS, {"equals": (a,)}, request=5) is None
    assert check(near, {"equals": (a,), "tolerance": 0.02}) is None
    assert check(near, {"equals": (a,)}) == "y differs from its reference by up to 0.0075"
    both = {"equals": (a, b)}
    assert check(ROWS, both, request=0) is None
    assert check(ROWS, both, request=1) is not None
    assert check(ROWS * 2, both, request=1) is None
    assert check(np.array([[1, 2]]), {"equals": (c,)}) is None
    assert check(ROWS[0], {"equals": (a,)}) == "y has shape [2], its reference [1, 2]"


def test_references_that_cannot_be_used(tmp_path: Path) -> None:
    """They are found before the load."""
    np.savez(tmp_path / "b.npz", a=ROWS, b=ROWS)
    (tmp_path / "x.jpg").touch()
    for name, said in (("b.npz", "holds 'a', 'b', and no 'y'"), ("x.jpg", "is no array")):
        with pytest.raises(ScenarioError, match=said):
            check(ROWS, {"equals": (str(tmp_path / name),)})
    np.save(tmp_path / "a.npy", ROWS)
    two = AnyOutput(equals=(str(tmp_path / "a.npy"),) * 2)
    rules = Expectations(Expect(outputs={"y": two}))
    rules.for_requests(2)
    with pytest.raises(ScenarioError, match="2 files for 8 different requests; expected one for"):
        rules.for_requests(8)


def test_the_baselines_answer() -> None:
    """It is held against the candidate's where it is known."""
    rule = {"equals": ("baseline",)}
    assert Expectations(Expect(outputs={"y": AnyOutput(equals=("baseline",))})).of_baseline == (
        "y",
    )
    assert check(ROWS, rule) is None
    assert check(ROWS, rule, baseline={"y": ROWS}) is None
    assert check(ROWS, rule, baseline={"y": ROWS * 2}) == (
        "y differs from its reference by up to 0.75"
    )


def test_what_is_not_there_or_cannot_be_read() -> None:
    """What cannot be read is not checked, unless the scenario demands something of it."""
    variant = {"y": TensorInfo("DT_VARIANT", (1,))}
    plain, strict = Expectations(None), Expectations(Expect(outputs={"y": AnyOutput(finite=True)}))
    assert plain.check({}, unread=variant) is None
    assert plain.check({"z": ROWS}, unread=variant, wanted=("y", "z")) is None
    assert strict.check({}, unread=variant) == (
        "`expect` is of y, whose type DT_VARIANT cannot be read"
    )
    assert strict.check({"z": ROWS}) == "`expect` needs y, which the answer does not have"
    assert plain.check({}) == "the answer has no outputs"
