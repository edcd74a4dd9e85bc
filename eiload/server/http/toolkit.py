"""The inference toolkit's chain of functions, the user's where there are any.

``model_fn(model_dir)`` once a worker; then for each request either ``transform_fn(model, data,
content_type, accept)`` or ``input_fn(data, content_type)``, ``predict_fn(data, model)``,
``output_fn(prediction, accept)``. Each may take one argument more, the context. What is not there
is the toolkit's own (aws/sagemaker-pytorch-inference-toolkit, default_pytorch_inference_handler.py;
aws/sagemaker-inference-toolkit, transformer.py). JSON and csv are handed over as text. Whatever is
raised is an answer: 500, with its text and the traceback.
"""

import importlib.util
import inspect
import json
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from eiload.base.errors import ScenarioError
from eiload.server.http.codecs import UTF8, UnsupportedFormatError, decode, encode
from eiload.server.http.exchange import Answer
from eiload.server.http.torch_container import raised

__all__ = ["Functions", "Invocation", "functions", "loaded", "told", "transformed"]

_NAMES = {"model_fn": 1, "input_fn": 2, "predict_fn": 2, "output_fn": 2, "transform_fn": 4}
"""The functions that a user may write, and how many arguments each has without the context."""

NO_CONTEXT = None
"""What is handed over as the context: there is no model server whose it could be."""


@dataclass(frozen=True, slots=True)
class Functions:
    """What is called, each without the context; None for the toolkit's own."""

    model_fn: Callable[..., Any] | None = None
    input_fn: Callable[..., Any] | None = None
    predict_fn: Callable[..., Any] | None = None
    output_fn: Callable[..., Any] | None = None
    transform_fn: Callable[..., Any] | None = None


def loaded(path: Path) -> ModuleType:
    """Return a user's inference.py, its folder in front of the path as the toolkit has it.

    Raises:
        ScenarioError: it cannot be imported.
    """
    spec = importlib.util.spec_from_file_location("inference", path)
    if spec is None or spec.loader is None:
        raise ScenarioError(f"{path}: expected a Python file, such as inference.py")
    folder = str(path.parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever a user's file does
        raise ScenarioError(
            f"{path}: cannot be imported: {type(error).__name__}: {error}".partition("\n")[0]
        ) from error
    return module


def functions(module: ModuleType) -> Functions:
    """Return the functions that a user's module has.

    Raises:
        ScenarioError: they do not go together, or one takes other arguments.
    """
    found = {name: getattr(module, name) for name in _NAMES if hasattr(module, name)}
    where = module.__file__ or module.__name__
    if "transform_fn" in found and found.keys() & {"input_fn", "predict_fn", "output_fn"}:
        raise ScenarioError(
            f"{where}: transform_fn beside input_fn, predict_fn or output_fn; "
            "expected the one or the others"
        )
    return Functions(**{name: _called(each, name, where) for name, each in found.items()})


def _called(function: Any, name: str, where: str) -> Callable[..., Any]:
    """Return a function that is called without the context, which it is given if it takes one."""
    count = _NAMES[name]
    try:
        signature = inspect.signature(function)
        for more in (0, 1):
            try:
                signature.bind(*range(count + more))
            except TypeError:
                continue
            extra = (NO_CONTEXT,) * more
            return lambda *given: function(*given, *extra)
    except (TypeError, ValueError):
        pass
    raise ScenarioError(
        f"{where}: {name}: expected a function of {count} arguments, or of {count + 1} with the "
        "context"
    )


class Invocation(NamedTuple):
    """What is asked of the chain."""

    body: bytes
    content_type: str
    accept: str


def transformed(torch: Any, model: Any, chain: Functions, asked: Invocation) -> Answer:
    """Return the answer to a request.

    Args:
        torch: the module.
        model: what model_fn has returned.
        chain: what is called.
        asked: the request.
    """
    body, content_type, accept = asked
    try:
        data = body.decode() if content_type in UTF8 else body
        if chain.transform_fn is not None:
            result = chain.transform_fn(model, data, content_type, accept)
        else:
            given = (chain.input_fn or _input_fn(torch))(data, content_type)
            prediction = (chain.predict_fn or _predict_fn(torch))(given, model)
            result = (chain.output_fn or _output_fn(torch))(prediction, accept)
        # A pair is the answer and its type.
        said, kind = result if isinstance(result, tuple) else (result, accept)
        return Answer(200, _bytes(said), str(kind))
    except Exception as error:  # an answer, whatever it is
        return told(error)


def told(error: Exception) -> Answer:
    """Return what an exception is to the client.

    One of the toolkit's own, by its name, has a status and a text of its own choosing.
    """
    trace = traceback.format_exc()
    ours = any(each.__name__ == "BaseInferenceToolkitError" for each in type(error).__mro__)
    if ours and isinstance(getattr(error, "status_code", None), int):
        return raised(str(getattr(error, "message", error)), trace, error.status_code)  # type: ignore[attr-defined]
    return raised(str(error), trace)


def _bytes(said: Any) -> bytes:
    if isinstance(said, bytes | bytearray):
        return bytes(said)
    return (said if isinstance(said, str) else json.dumps(said)).encode()


def _input_fn(torch: Any) -> Callable[[Any, str], Any]:
    def input_fn(data: Any, content_type: str) -> Any:
        array = decode(data, content_type)
        return torch.FloatTensor(array) if content_type in UTF8 else torch.from_numpy(array)

    return input_fn


def _predict_fn(torch: Any) -> Callable[[Any, Any], Any]:
    def predict_fn(data: Any, model: Any) -> Any:
        with torch.no_grad():
            return model(data)

    return predict_fn


def _output_fn(torch: Any) -> Callable[[Any, str], Any]:
    def output_fn(prediction: Any, accept: str) -> Any:
        if isinstance(prediction, torch.Tensor):
            prediction = prediction.detach().cpu().numpy().tolist()
        for kind in (each.partition(";")[0].strip() for each in accept.split(",")):
            try:
                return encode(prediction, kind), kind
            except UnsupportedFormatError:
                continue
        raise UnsupportedFormatError(accept)

    return output_fn
