"""What any model's inputs are given from, as forms; what is wrong with them is in errors.txt."""

import pytest

from eiload.base.errors import ScenarioError
from eiload.scenario import Generate, Input, Payload
from eiload.scenario.inputs import ALL
from eiload.scenario.words import filled


def payload(**given: object) -> Payload:
    """Return a payload that is given as in a file."""
    found, problems = filled(Payload, given, {"base": "/"})
    if found is None:
        raise ScenarioError("\n".join(map(str, problems)))
    return found


def test_short_forms() -> None:
    """A text is a file, a number or a list is values; a file for all inputs is under a star."""
    inputs = payload(inputs={"x": "x.npy", "y": [1.0, 2.0], "z": 3, "w": {"values": ["a"]}}).inputs
    assert inputs["x"] == Input(file=("x.npy",))
    assert (inputs["y"].values, inputs["z"].values) == ([1.0, 2.0], 3)
    assert inputs["w"] == Input(values=["a"])
    assert payload(inputs="all.npz").inputs == {ALL: Input(file=("all.npz",))}
    assert payload(inputs=["a.json", "b.json"]).inputs == {ALL: Input(file=("a.json", "b.json"))}


def test_what_is_generated() -> None:
    """Nothing need be said; lengths, ranges and texts may be."""
    assert payload(generate={}).generate == Generate()
    said = payload(
        generate={
            "batch": 4,
            "shapes": {"x": ["batch", 384]},
            "ranges": {"x": [0, 30521]},
            "text": {"t": ["a", "b"], "u": 3},
        }
    ).generate
    assert said is not None
    assert said.shapes == {"x": ("batch", 384)}
    assert said.ranges == {"x": (0, 30521)}
    assert said.text == {"t": ("a", "b"), "u": 3}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"read": "lines", "values": [1]}, "read: 'read' without a file"),
        ({"file": "x.npy", "values": [1]}, "values: both files and values"),
        ({"values": [None]}, "values: not a value, got nothing"),
        ({"values": [True, 1]}, "values of several kinds: number, true or false"),
    ],
)
def test_what_makes_no_sense(given: dict[str, object], said: str) -> None:
    """It is said with its key."""
    with pytest.raises(ScenarioError) as refused:
        payload(inputs={"x": given})
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("given", "batched"),
    [
        ({"inputs": {"x": "a.npy"}}, False),
        ({"inputs": {"x": {"file": "a.npy", "read": "bytes"}}}, True),
        ({"inputs": {"x": "a.txt", "y": "b.npy"}}, True),
        ({"examples": ["a.tfrecord"]}, True),
        ({"requests": ["a.pb"]}, False),
        ({"users": "Some"}, False),
        ({"generate": {}}, False),
    ],
)
def test_batch_is_for_what_is_cut(given: dict[str, object], batched: bool) -> None:
    """Lines, bytes and records are put into requests; the others have a first dimension."""
    if batched:
        assert payload(**given, batch=2).batch == 2
    else:
        with pytest.raises(ScenarioError, match=r"^batch: "):
            payload(**given, batch=2)


def test_how_many_there_are() -> None:
    """It is known where no file has to be read for it."""
    assert payload(generate={"count": 5}).known_count == 5
    assert payload(synthetic="8x8").known_count == 8
    assert payload(requests=["a.pb"]).known_count is None
