"""What answers have to be, as forms; what is wrong with them is in errors.txt."""

from eiload.scenario import AnyOutput, Expect
from eiload.scenario.words import filled


def test_rules_of_any_output() -> None:
    """Each may be alone; lengths that do not matter are '?'."""
    given = {
        "outputs": {
            "y": {"shape": ["?", 2], "range": [0, 1]},
            "z": {"equals": "baseline", "tolerance": 0.1},
        }
    }
    found, problems = filled(Expect, given, {"base": "/"})
    assert problems == []
    assert found is not None
    assert found.outputs["y"] == AnyOutput(shape=("?", 2), range=(0.0, 1.0))
    assert found.outputs["z"].equals == ("baseline",)
    assert (found.labels, found.min_score) == ((), 0.5)


def test_labels_alone() -> None:
    """As ever, for detectors."""
    assert Expect(labels=("dog",)).outputs == {}
