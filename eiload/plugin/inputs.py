"""What user classes give as inputs of a model: made into requests, or refused with a remedy.

What it knows: arrays, the usual slips in Python that are none, where in a locustfile one is. What
it must not know: Locust, runs. An input is an array and nothing else: what numpy would make of a
list is seldom of the model's type (float64 of ``[1.0]``), and what it makes of texts is no tensor.
"""

import contextlib
import inspect
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np

from eiload.base.errors import EiloadError, ScenarioError
from eiload.scenario import Target
from eiload.serving.apis.choice import api_of
from eiload.serving.explain import quoted
from eiload.serving.tensors import Tensor

__all__ = ["blamed", "caller", "is_within", "request", "samples", "tensors"]

PACKAGE = str(Path(__file__).parent.parent)

NUMBERS = "fiub"
"""Kinds of numpy's types that are numbers: floats, whole numbers, booleans."""

BYTES = "TensorFlow's strings are bytes: np.array([text.encode() for text in texts], object)"


def samples(cls: Any) -> Iterator[dict[str, Tensor]]:
    """Yield the samples that a user class gives by `sample_inputs`.

    Raises:
        ScenarioError: they are none, or it raises an exception.
    """
    name = f"{cls.__name__}: sample_inputs()"
    static = inspect.getattr_static(cls, "sample_inputs")
    if isinstance(static, FunctionType) and inspect.signature(static).parameters:
        raise ScenarioError(f"{name} is no classmethod; write @classmethod above it")
    if not isinstance(static, FunctionType | classmethod | staticmethod):
        raise ScenarioError(
            f"{cls.__name__}: sample_inputs is {_kind(static)}; expected a classmethod that "
            "returns {'input name': array}"
        )
    with blamed(cls, "sample_inputs()"):
        given = cls.sample_inputs()
        each = [given] if isinstance(given, Mapping) else given
        if isinstance(each, str | bytes | np.ndarray) or not isinstance(each, Iterable):
            raise ScenarioError(
                f"{name} returns {_kind(given)}; expected {{{cls.input!r}: array}}, or a list of "
                "such mappings"
            )
        for index, one in enumerate(each):
            try:
                yield tensors(one)
            except ValueError as error:
                which = "" if each is not given else f" number {index + 1}"
                raise ScenarioError(f"{name}{which}: {error}") from error


def tensors(inputs: object) -> dict[str, Tensor]:
    """Return the inputs of one request, by name.

    Raises:
        ValueError: they are not arrays, or cannot be sent; continues a sentence that names whose.
    """
    if not isinstance(inputs, Mapping):
        raise ValueError(f"inputs are {_kind(inputs)}; expected {{'input name': array}}")  # noqa: TRY004
    if not inputs:
        raise ValueError("no inputs; expected {'input name': array}")
    for name in inputs:
        if not isinstance(name, str):
            raise ValueError(f"an input is named {name!r}; expected a text")  # noqa: TRY004
    return {name: _tensor(name, value) for name, value in inputs.items()}


def request(target: Target, inputs: Mapping[str, Tensor]) -> bytes:
    """Return the bytes of the request that gives a target these inputs.

    Raises:
        ValueError: one cannot be sent; continues a sentence that names whose.
    """
    try:
        return api_of(target).request(inputs)
    except (TypeError, ScenarioError) as error:
        raise ValueError(str(error)) from error


@contextlib.contextmanager
def blamed(cls: type, what: str) -> Iterator[None]:
    """Say of an exception from a user class's code that it is from there, and in which line.

    Raises:
        ScenarioError: there was one.
    """
    try:
        yield
    except EiloadError:
        raise
    except Exception as error:
        ours = getattr(sys.modules.get(cls.__module__), "__file__", None)
        frames = traceback.extract_tb(error.__traceback__)
        frame = [each for each in frames if each.filename == ours][-1:] or frames[-1:]
        said = quoted(f"{type(error).__name__}: {error}").rstrip(": ")
        at = f" ({Path(frame[0].filename).name}:{frame[0].lineno})"
        raise ScenarioError(f"{cls.__name__}: {what} raises {said}{at}") from error


def caller() -> str:
    """Return the line that has called eiload, as ``locustfile.py:12``."""
    frame = inspect.currentframe()
    while frame is not None and frame.f_code.co_filename.startswith(PACKAGE):
        frame = frame.f_back
    return "?" if frame is None else f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"


def is_within(function: str) -> bool:
    """Tell whether eiload was called from a function of that name."""
    frame = inspect.currentframe()
    while frame is not None and frame.f_code.co_name != function:
        frame = frame.f_back
    return frame is not None


def _tensor(name: str, value: object) -> Tensor:
    if isinstance(value, np.ndarray | np.generic) and not isinstance(value, np.ma.MaskedArray):
        array = np.asarray(value)
        wrong = _unfit(array)
    else:
        array, wrong = np.empty(0), _no_array(value)
    if wrong is not None:
        raise ValueError(f"input {name!r} is {wrong}")
    return array


def _unfit(array: Tensor) -> str | None:
    """Return why an array cannot be sent, and what to do; None if it can."""
    match array.dtype.kind:
        case kind if kind in NUMBERS:
            return None
        case "O":
            return next(filter(None, map(_unfit_item, array.ravel().tolist())), None)
        case "U":
            return f"an array of texts ({array.dtype}); {BYTES}"
        case "S":
            return f"an array of type {array.dtype}, which cuts bytes at NULs; expected type object"
    return f"an array of type {array.dtype}; expected numbers, or bytes in type object"


def _unfit_item(item: object) -> str | None:
    """Return why something in an array of objects cannot be sent; None if it can."""
    if isinstance(item, bytes):
        return None
    if isinstance(item, str):
        return f"an array of texts; {BYTES}"
    if isinstance(item, list | tuple | np.ndarray):
        return "an array of lists, for they differ in length; expected rows of one length"
    return f"an array of objects, one of them {_kind(item)}; expected numbers, or bytes"


def _no_array(value: object) -> str:
    """Return what is given instead of an array, and what to do."""
    if isinstance(value, list | tuple):
        return _list(value)
    for kind, text in (
        (Mapping, "a mapping; expected an array (several samples: a list of mappings)"),
        (str, f"a text; expected an array, and {BYTES}"),
        (bytes, "bytes; expected an array: np.array([data], object)"),
        (np.ma.MaskedArray, "a masked array; expected one without mask: .filled(VALUE)"),
    ):
        if isinstance(value, kind):
            return text
    return f"{_kind(value)}; expected an array: np.array(..., np.float32), or the model's type"


def _list(value: list[Any] | tuple[Any, ...]) -> str:
    try:
        kind = np.asarray(value).dtype.kind
    except ValueError:  # numpy's word for it is "inhomogeneous"
        return "a list whose rows differ in length; expected an array with rows of one length"
    if kind in "USO":
        return f"a list; expected an array, and {BYTES}"
    like = {"f": "np.float32", "b": "bool"}.get(kind, "np.int64")
    return f"a list; expected an array of the model's type, such as np.array([...], {like})"


def _kind(value: object) -> str:
    """Return what something is, for a sentence."""
    if value is None:
        return "nothing (None)"
    name = type(value).__name__
    known = {"ndarray": "an array", "dict": "a mapping", "str": "a text", "int": "an int"}
    return known.get(name, f"a {name}")
