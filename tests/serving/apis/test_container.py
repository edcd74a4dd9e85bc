"""container: `/invocations` and `/ping`."""

import io
import json

import numpy as np
import pytest

from eiload.base.errors import TargetError
from eiload.serving import payload
from eiload.serving.expectations import Expectations
from eiload.serving.tensors import Tensor
from eiload.serving.trial import FirstInference, first_inference
from tests.serving.apis.servers import Asked, Said, asking, saying

NPY = "application/x-npy"
ONES = np.ones([1, 3, 4, 4], np.float32)


def toolkit(asked: Asked) -> Said:
    """Answer as the PyTorch toolkit's default handlers do: each input's mean."""
    if asked.path == "GET /ping":
        return Said(200)
    if asked.path != "/invocations":
        return Said(404, b'{"error": "Not Found"}')
    kind = asked.fields["Content-Type"]
    if kind == NPY:
        tensor = np.load(io.BytesIO(asked.content))
    elif kind == "application/json":
        tensor = np.array(json.loads(asked.content))
    else:
        return Said(500, f"Unsupported content type {kind}".encode(), "text/plain")
    written = io.BytesIO()
    np.save(written, tensor.mean(axis=(1, 2, 3), keepdims=False)[:, None].astype(np.float32))
    return Said(200, written.getvalue(), NPY)


def inferred(address: str, tensor: Tensor, **settings: object) -> FirstInference:
    """Return the first inference, after a look at the container."""
    with asking(address, api="container", outputs=["score"], **settings) as questions:
        said = questions.check(lambda _: None)
        assert (said.versions, said.signature) == ((), None)
        made = payload.made_of(questions.target, {"inputs": tensor})
        return first_inference(questions, made.request, Expectations(None), said)


@pytest.mark.parametrize("said", [{"content_type": NPY, "accept": NPY}, {"body": "list"}])
def test_an_inference(said: dict[str, object]) -> None:
    """The one output has the name that it is asked for."""
    with saying(toolkit) as address:
        found = inferred(address, ONES, **said)
    assert found.problem is None
    assert found.outputs["score"].tolist() == [[1.0]]


def test_a_content_type_that_it_refuses() -> None:
    """One line, with the remedy; a toolkit's refusal is HTTP 500."""
    with saying(toolkit) as address, pytest.raises(TargetError) as caught:
        inferred(address, np.array([b"\xff\xd8"], object), content_type="image/jpeg")
    said = str(caught.value)
    assert caught.value.exit_status == 4
    assert "Unsupported content type image/jpeg" in said
    assert "correct `content_type:` (image/jpeg)" in said
    assert "\n" not in said


def test_what_is_not_well_is_waited_for() -> None:
    """As long as a model that is loading; then it is said."""

    def loading(asked: Asked) -> Said:
        del asked
        return Said(503, b'{"error": "still loading"}')

    waited: list[str] = []
    with (
        saying(loading) as address,
        asking(address, api="container", ready_within="5 s") as questions,
        pytest.raises(TargetError) as caught,
    ):
        questions.check(waited.append)
    assert "not ready after 5 s" in str(caught.value)
    assert "still loading" in str(caught.value)
    assert waited


def test_what_is_no_container() -> None:
    """Nothing at /invocations."""

    def nothing(asked: Asked) -> Said:
        del asked
        return Said(404, b'{"error": "Not Found"}')

    with saying(nothing) as address, pytest.raises(TargetError, match="no container of SageMaker"):
        inferred(address, ONES)
