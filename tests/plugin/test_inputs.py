"""What user classes give as inputs: arrays, or one line with a remedy."""

import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest

from eiload.base.errors import ScenarioError, TargetError
from eiload.plugin import inputs
from eiload.scenario import Target
from eiload.serving.protos import predict_pb2

X = np.array([1.0, 2.0], np.float32)
RAGGED = np.empty(2, object)
RAGGED[:] = [[1], [1, 2]]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([1.0, 2.0], "a list; expected an array of the model's type, such as np.array([...], np.f"),
        (
            (1, 2),
            "a list; expected an array of the model's type, such as np.array([...], np.int64)",
        ),
        ([True], "a list; expected an array of the model's type, such as np.array([...], bool)"),
        ([[1.0], [1.0, 2.0]], "a list whose rows differ in length; expected an array with rows of"),
        (["film"], "a list; expected an array, and TensorFlow's strings are bytes: np.array([text"),
        ([b"\xff"], "a list; expected an array, and TensorFlow's strings are bytes: np.array([te"),
        (1.0, "a float; expected an array: np.array(..., np.float32), or the model's type"),
        (None, "nothing (None); expected an array"),
        ("film", "a text; expected an array, and TensorFlow's strings are bytes"),
        (b"film", "bytes; expected an array: np.array([data], object)"),
        ({"x": X}, "a mapping; expected an array (several samples: a list of mappings)"),
        (np.array(["film"]), "an array of texts (<U4); TensorFlow's strings are bytes: np.array(["),
        (np.array(["film"], object), "an array of texts; TensorFlow's strings are bytes: np.arr"),
        (np.array([b"film"]), "an array of type |S4, which cuts bytes at NULs; expected type obj"),
        (np.array([1j]), "an array of type complex128; expected numbers, or bytes in type object"),
        (np.array(["2026"], "datetime64"), "an array of type datetime64[Y]; expected numbers"),
        (RAGGED, "an array of lists, for they differ in length; expected rows of one length"),
        (np.array([None]), "an array of objects, one of them nothing (None); expected numbers"),
        (np.ma.masked_array([1.0], [True]), "a masked array; expected one without mask: .filled("),
    ],
    ids=str,
)
def test_what_is_no_input(value: object, said: str) -> None:
    """Each usual slip is named with its input and what to write instead."""
    with pytest.raises(ValueError, match=re.escape(f"input 'x' is {said}")) as caught:
        inputs.tensors({"x": value})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (None, "inputs are nothing (None); expected {'input name': array}"),
        (X, "inputs are an array; expected {'input name': array}"),
        ([X], "inputs are a list; expected"),
        ("x", "inputs are a text; expected"),
        ({}, "no inputs; expected {'input name': array}"),
        ({1: X}, "an input is named 1; expected a text"),
    ],
    ids=str,
)
def test_what_is_no_mapping(given: object, said: str) -> None:
    """So is what has no inputs in it by name."""
    with pytest.raises(ValueError, match=f"^{re.escape(said)}"):
        inputs.tensors(given)


@pytest.mark.parametrize(
    "array",
    [X, X.reshape(1, 2), np.float32(1), np.array(True), np.array([b"\xff\0"], object), X[:0]],
    ids=str,
)
def test_what_is_an_input(array: Any) -> None:
    """Arrays of numbers or bytes, of any shape, single numbers too, are sent as they are."""
    found = inputs.tensors({"x": array})["x"]
    assert found.dtype == np.asarray(array).dtype
    assert found.tolist() == np.asarray(array).tolist()


def test_request() -> None:
    """A request names the model as the target does, and asks for its outputs."""
    target = Target(server="h:1", model="half", signature="s", version=3, input="x", outputs=("y",))
    made = predict_pb2.PredictRequest.FromString(inputs.request(target, {"x": X}))
    assert (made.model_spec.name, made.model_spec.signature_name) == ("half", "s")
    assert made.model_spec.version.value == 3
    assert list(made.output_filter) == ["y"]
    assert list(made.inputs) == ["x"]
    with pytest.raises(
        ValueError, match=r"cannot send an array of '(float128|float96|longdouble)'"
    ):
        inputs.request(target, {"x": X.astype(np.longdouble)})


class Half:
    """A user class, as far as its samples go."""

    input = "x"


def samples(sample_inputs: object) -> list[dict[str, Any]]:
    """Return the samples of a class with this attribute."""
    return list(inputs.samples(type("Half", (Half,), {"sample_inputs": sample_inputs})))


class Several:
    """Ways to give several samples."""

    GIVEN: ClassVar[list[dict[str, Any]]] = [{"x": X}, {"x": X * 2}]

    @staticmethod
    def generated() -> Iterator[dict[str, Any]]:
        """Yield them."""
        yield from Several.GIVEN


@pytest.mark.parametrize(
    "several", [lambda: Several.GIVEN, lambda: tuple(Several.GIVEN), Several.generated]
)
def test_several_samples(several: Any) -> None:
    """A list will do, and whatever else gives one after the other; or a single one."""
    assert [one["x"].tolist() for one in samples(staticmethod(several))] == [[1, 2], [2, 4]]
    assert len(samples(classmethod(lambda cls: {"x": X}))) == 1
    assert len(samples(lambda: {"x": X})) == 1
    assert samples(classmethod(lambda cls: [])) == []  # whoever wants one says so


@pytest.mark.parametrize(
    ("sample_inputs", "said"),
    [
        (lambda self: {"x": X}, "Half: sample_inputs() is no classmethod; write @classmethod ab"),
        ({"x": X}, "Half: sample_inputs is a mapping; expected a classmethod that returns {'inpu"),
        (property(lambda self: X), "Half: sample_inputs is a property; expected a classmethod"),
        (lambda: None, "Half: sample_inputs() returns nothing (None); expected {'x': array}, or a"),
        (lambda: X, "Half: sample_inputs() returns an array; expected {'x': array}, or a list of"),
        (lambda: 5, "Half: sample_inputs() returns an int; expected {'x': array}, or a list"),
        (lambda: "x", "Half: sample_inputs() returns a text; expected {'x': array}, or a list"),
        (lambda: {"x": [1.0]}, "Half: sample_inputs(): input 'x' is a list; expected an array"),
        (lambda: {"a": {"x": X}}, "Half: sample_inputs(): input 'a' is a mapping; expected an ar"),
        (lambda: [{"x": X}, {"x": 1}], "Half: sample_inputs() number 2: input 'x' is an int; exp"),
        (lambda: [X], "Half: sample_inputs() number 1: inputs are an array; expected"),
    ],
    ids=lambda given: given[:50] if isinstance(given, str) else "",
)
def test_what_are_no_samples(sample_inputs: object, said: str) -> None:
    """What is not to be used is said in one line that names the class, with what to write."""
    with pytest.raises(ScenarioError, match=f"^{re.escape(said)}") as caught:
        samples(sample_inputs)
    assert "\n" not in str(caught.value)


def test_an_exception_of_the_users() -> None:
    """It is told with the line that raises it; ours go on as they are."""

    def fails() -> Any:
        return np.zeros(2)[5]

    with pytest.raises(ScenarioError) as caught:
        samples(staticmethod(fails))
    assert re.fullmatch(
        r"Half: sample_inputs\(\) raises IndexError: index 5 is out of bounds for axis 0 with size "
        r"2 \(test_inputs\.py:\d+\)",
        str(caught.value),
    )
    with pytest.raises(TargetError, match=r"^ours$"), inputs.blamed(Half, "anything"):
        raise TargetError("ours")
    outside = SimpleNamespace(__module__="no such module", __name__="Half")
    with pytest.raises(ScenarioError, match=r"raises KeyError \(test_inputs\.py:\d+\)$"):  # noqa: SIM117
        with inputs.blamed(outside, "it"):  # type: ignore[arg-type]
            raise KeyError


def test_caller() -> None:
    """The line that has called eiload is found by its file's name."""
    assert re.fullmatch(r"test_inputs\.py:\d+", inputs.caller())
