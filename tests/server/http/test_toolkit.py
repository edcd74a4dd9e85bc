"""The inference toolkit's chain: the user's functions in their order, and what is raised."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from eiload.base.errors import ScenarioError
from eiload.server.http.exchange import Answer
from eiload.server.http.toolkit import Functions, Invocation, functions, loaded, transformed
from tests.server.torch_made import torch_or_skip

JSON = "application/json"
NO_TORCH: Any = None
"""Functions of the user's alone do without."""


def written(folder: Path, text: str) -> Functions:
    """Return the functions of a user's file."""
    path = folder / "inference.py"
    path.write_text(text)
    return functions(loaded(path))


def ask(chain: Functions, body: bytes = b"[1]", kind: str = JSON, accept: str = JSON) -> Answer:
    """Return the answer to a request, with a model that is 3."""
    return transformed(NO_TORCH, 3, chain, Invocation(body, kind, accept))


def test_the_users_functions_are_called_in_their_order(tmp_path: Path) -> None:
    """JSON as text, the model between, a pair at the end is the answer and its type."""
    chain = written(
        tmp_path,
        "def model_fn(model_dir): return model_dir\n"
        "def input_fn(data, content_type): return [data, content_type]\n"
        "def predict_fn(data, model): return data + [model]\n"
        "def output_fn(prediction, accept): return repr(prediction + [accept]), 'text/x'\n",
    )
    assert chain.model_fn is not None
    assert chain.model_fn("/here") == "/here"
    answer = ask(chain)
    assert answer.body.decode() == repr(["[1]", JSON, 3, JSON])
    assert (answer.status, answer.content_type) == (200, "text/x")
    assert ask(chain, b"\xff", "image/jpeg").body.startswith(b"[b'\\xff'")


def test_transform_fn_does_all_and_each_may_take_the_context(tmp_path: Path) -> None:
    """What it answers without a type is what was asked for."""
    chain = written(
        tmp_path,
        "def transform_fn(model, data, content_type, accept, context):\n"
        "    return {'model': model, 'context': context}\n",
    )
    answer = ask(chain, accept="application/x")
    assert json.loads(answer.body) == {"model": 3, "context": None}
    assert answer.content_type == "application/x"


def test_what_is_raised_is_500_with_its_traceback(tmp_path: Path) -> None:
    """One of the toolkit's own errors, by its name, has its own status."""
    chain = written(
        tmp_path,
        "class BaseInferenceToolkitError(Exception): pass\n"
        "class Busy(BaseInferenceToolkitError):\n"
        "    status_code, message = 429, 'come later'\n"
        "def input_fn(data, content_type):\n"
        "    if data == 'busy': raise Busy()\n"
        "    raise ValueError('no such content')\n",
    )
    answer = ask(chain)
    assert (answer.status, answer.content_type) == (500, "text/plain")
    assert answer.body.startswith(b"no such content\nTraceback (most recent call last):")
    assert b"in input_fn" in answer.body
    busy = ask(chain, b"busy")
    assert (busy.status, busy.body.partition(b"\n")[0]) == (429, b"come later")
    assert ask(chain, b"\xff").status == 500


WRONG = [
    ("def transform_fn(a, b, c, d): 0\ndef input_fn(a, b): 0", "transform_fn beside input_fn"),
    ("def input_fn(a): pass", "input_fn: expected a function of 2 arguments, or of 3 with the"),
    ("predict_fn = 5", "predict_fn: expected a function of 2 arguments"),
    ("import absent_module_of_nobody", "cannot be imported: ModuleNotFoundError: No module named"),
    ("def", "cannot be imported: SyntaxError"),
]


@pytest.mark.parametrize(("text", "said"), WRONG, ids=[row[1][:30] for row in WRONG])
def test_what_cannot_be_used_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    """With the file."""
    with pytest.raises(ScenarioError, match=re.escape(said)) as raised:
        written(tmp_path, text)
    assert str(raised.value).startswith(str(tmp_path))
    assert "\n" not in str(raised.value)


def test_the_toolkits_own_functions() -> None:
    """JSON and csv become floats, numpy's file keeps its type, the answer is nested lists."""
    torch = torch_or_skip()

    def asked(body: bytes, kind: str, accept: str) -> Answer:
        doubled = lambda given: given * 2  # noqa: E731
        return transformed(torch, doubled, Functions(), Invocation(body, kind, accept))

    assert json.loads(asked(b"[[1, 2]]", JSON, JSON).body) == [[2.0, 4.0]]
    answer = asked(b"1,2\n3,4\n", "text/csv", "image/png, text/csv;q=0.5")
    assert (answer.body, answer.content_type) == (b"2.0,4.0\n6.0,8.0\n", "text/csv")
    npy = asked(b"[[1, 2]]", JSON, "application/x-npy").body
    assert json.loads(asked(npy, "application/x-npy", JSON).body) == [[4.0, 8.0]]
    assert b"image/png is not supported" in asked(b"[1]", JSON, "image/png").body
